package take_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"convoke/internal/db"
	"convoke/internal/record"
	"convoke/internal/record/box"
	"convoke/internal/record/leaf"
	"convoke/internal/record/tally"
	"convoke/internal/record/verify"
	"convoke/internal/web/webtest"
)

// TestCountAgain: the page of a box offers its record, which counts right with
// nothing else at hand; it cannot send anything; and it says when there is no file.
func TestCountAgain(t *testing.T) {
	t.Parallel()
	s := one(t)
	i := s.open(box.GateBrowser, leaf.Box{Type: leaf.Petition, Takes: leaf.TakesSign})
	s.open(box.GateBrowser, leaf.Box{Type: leaf.Petition, Takes: leaf.TakesSign})
	path := "/b/" + i.ID.String()
	a := s.visitor().Get(path)
	policy := a.Header.Get("Content-Security-Policy")
	for _, part := range []string{"connect-src 'none'", "worker-src 'self'", "trusted-types recount", "require-trusted-types-for 'script'"} {
		if !strings.Contains(policy, part) {
			t.Errorf("the page's policy lacks %s: %s", part, policy)
		}
	}
	if a.Status != 200 || !strings.Contains(a.Body, "<fieldset disabled") || len(a.All("form#recount input[type=file]")) != 1 || len(a.All("a[href="+path+"/record.zip]")) != 1 ||
		!strings.Contains(a.Body, "convoke verify "+i.ID.String()+".zip") {
		t.Errorf("the page of a box: %d\n%s", a.Status, a.Body)
	}
	worker := strings.Split(a.Body, `data-worker="`)[1]
	w := s.visitor().Get(worker[:strings.Index(worker, `"`)])
	if got := w.Header.Get("Content-Security-Policy"); w.Status != 200 || got != policy {
		t.Errorf("the worker comes with status %d and %s", w.Status, got)
	}
	if a := s.visitor().Get("/record/recount"); a.Status != 200 || len(a.All("form#recount")) != 1 || strings.Contains(a.Body, "record.zip") {
		t.Errorf("the page without a box: %d", a.Status)
	}

	s.zipped(i)

	s.slow = "copy"
	if a := s.visitor().Get(path + "/record.zip"); a.Status != 429 {
		t.Errorf("often: %d", a.Status)
	}
	s.slow = ""
	err := s.DB.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, "update record_log set size = 300000 where id = $1", record.BoxLog(i.ID))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if a := s.visitor().Get(path + "/record.zip"); a.Status != 409 || !strings.Contains(a.Body, "too large for one file") {
		t.Errorf("too large: %d", a.Status)
	}
	for _, path := range []string{"/b/mzxw6", "/b/mzxw6/record.zip", "/b/aaaaaaaaaaaaaaaaaaaaaaaaaa", "/b/aaaaaaaaaaaaaaaaaaaaaaaaaa/record.zip"} {
		if a := s.visitor().Get(path); a.Status != 404 {
			t.Errorf("%s answers %d", path, a.Status)
		}
	}
}

// zipped downloads the record of a box, which counts right.
func (s *stand) zipped(i *box.Info) {
	s.t.Helper()
	z := s.visitor().Get(path(i, "record.zip"))
	if z.Status != 200 || z.Header.Get("Content-Type") != "application/zip" || !strings.Contains(z.Header.Get("Content-Disposition"), i.ID.String()+".zip") {
		s.t.Fatalf("the file: %d %v", z.Status, z.Header)
	}
	file := filepath.Join(s.t.TempDir(), "box.zip")
	if err := os.WriteFile(file, []byte(z.Body), 0o600); err != nil {
		s.t.Fatal(err)
	}
	src, only, closer, err := verify.Open(file)
	if err != nil {
		s.t.Fatal(err)
	}
	defer closer.Close()
	if r, err := verify.Verify(ctx, src, verify.Options{Box: only}); err != nil || !r.Right() || len(r.Boxes) != 1 || r.Boxes[0].ID != i.ID.String() {
		s.t.Errorf("the file counts as %+v, %v", r, err)
	}
}

// TestZipOfABusyNode: however long the log of the node has become, the record of a
// small box is offered as one file.
func TestZipOfABusyNode(t *testing.T) {
	t.Parallel()
	s := one(t)
	i := s.open(box.GateBrowser, leaf.Box{Type: leaf.Petition, Takes: leaf.TakesSign})
	for size := uint64(0); size < 300_000; {
		var anchors [][]byte
		for range 30_000 {
			size++
			anchors = append(anchors, leaf.Anchor{Log: [32]byte{1}, Size: size}.Encode())
		}
		err := s.DB.Write(ctx, func(tx *db.Tx) error {
			_, err := s.Record.Append(ctx, tx, record.NodeLog, anchors...)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	s.zipped(i)
}

// TestZipThatEndsEarly: a record that cannot be read to its end does not look whole.
// When nothing has been sent it is an error like any other; later the connection is
// cut, so that browsers and programs say that the download failed.
func TestZipThatEndsEarly(t *testing.T) {
	t.Parallel()
	s := one(t)
	i := s.open(box.GateBrowser, leaf.Box{Type: leaf.Petition, Takes: leaf.TakesSign})
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Host = webtest.Host
		s.site.ServeHTTP(struct{ http.ResponseWriter }{w}, r) // without its deadlines: the clock of the stand is another
	}))
	defer site.Close()
	get := func() (status int, h http.Header, err error) {
		r, err := http.NewRequestWithContext(ctx, "GET", site.URL+path(i, "record.zip"), nil)
		if err != nil {
			t.Fatal(err)
		}
		a, err := http.DefaultClient.Do(r)
		if err != nil {
			return 0, nil, err
		}
		defer a.Body.Close()
		_, err = io.Copy(io.Discard, a.Body)
		return a.StatusCode, a.Header, err
	}
	if status, _, err := get(); err != nil || status != 200 {
		t.Fatalf("status %d, %v", status, err)
	}
	for range 20 { // more than is held back
		c := s.client(i)
		if _, err := s.Cast(ctx, i.ID, c.Sign(s.admitted(c))); err != nil {
			t.Fatal(err)
		}
	}
	lose := func(log string) {
		err := s.DB.Write(ctx, func(tx *db.Tx) error {
			_, err := tx.Exec(ctx, "delete from record_tail where log_id = $1", log)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	lose(record.RollLog(i.Roll))
	if status, _, err := get(); err == nil {
		t.Errorf("in the middle: it looks whole, with status %d", status)
	}
	lose(record.NodeLog)
	if status, h, err := get(); err != nil || status != 500 || h.Get("Content-Disposition") != "" {
		t.Errorf("at the beginning: status %d, %v, %v", status, h, err)
	}
}

// TestCountPollAgain: of an open poll there is no file yet, and its page says so.
func TestCountPollAgain(t *testing.T) {
	t.Parallel()
	s := one(t)
	i := s.open(box.GateBrowser, leaf.Box{Type: leaf.Poll, Takes: leaf.TakesSay, Poll: &tally.Rules{Method: tally.YesNo, Options: 1}})
	links := func() int {
		return len(s.visitor().Get("/b/" + i.ID.String()).All("a[href=/b/" + i.ID.String() + "/record.zip]"))
	}
	if n := links(); n != 0 {
		t.Errorf("%d links to what is not there", n)
	}
	if err := s.Boxes.Close(ctx, i.ID); err != nil {
		t.Fatal(err)
	}
	if n := links(); n != 1 {
		t.Errorf("%d links when it has closed", n)
	}
}
