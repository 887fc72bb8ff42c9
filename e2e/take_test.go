package e2e

import (
	"context"
	"fmt"
	"html/template"
	"io"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"convoke/internal/app"
	"convoke/internal/config"
	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/record/box"
	"convoke/internal/record/leaf"
	"convoke/internal/record/take"
	"convoke/internal/record/verify"
	"convoke/internal/web"
)

// library is a petition and a pledge that no feature made.
type library struct{ pledge *take.PledgeAsk }

func (l library) Subject(_ *web.Call, _ leaf.ID) (take.Subject, error) {
	return take.Subject{
		Title: "Keep the library open on Sundays", Lang: "en", URL: "/about", Kind: leaf.Petition, Verb: "Sign", Pledge: l.pledge,
	}, nil
}

func (library) Reference(*web.Call, leaf.ID) (string, bool, error) { return "", false, nil }
func (library) After(*web.Call, leaf.ID) (template.HTML, error)    { return "<p>Thanks.</p>", nil }

// boxes is a node in this process, with boxes to take part in.
type boxes struct {
	*app.Node
	t   *testing.T
	url string
}

func newBoxes(t *testing.T) *boxes {
	t.Helper()
	cfg, err := config.Load(config.Source{Flags: map[string]string{"data": t.TempDir(), "listen": "127.0.0.1:0"}})
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.NewTextHandler(t.Output(), nil))
	n, err := app.Open(t.Context(), cfg, log, app.Options{Create: true, Migrate: true})
	if err != nil {
		t.Fatal(err)
	}
	n.Describe(leaf.Petition, library{})
	n.Describe(leaf.PledgeTo, library{&take.PledgeAsk{Do: "Bring a bench", Parts: []string{"North gate", "South gate"}, Suggested: []uint32{10, 50}}})
	s := httptest.NewServer(n.Site)
	t.Cleanup(func() {
		s.Close()
		if err := n.Close(); err != nil {
			t.Error(err)
		}
	})
	return &boxes{n, t, s.URL}
}

func (b *boxes) open(m leaf.Box) string {
	b.t.Helper()
	ctx := b.t.Context()
	client, err := web.ClientHash()
	if err != nil {
		b.t.Fatal(err)
	}
	d, err := b.Boxes.Prepare(ctx, box.RollInput{Gate: box.GateBrowser})
	if err != nil {
		b.t.Fatal(err)
	}
	m.Text, m.Client, m.Opens = fmt.Sprintf("%064d", 1), client, time.Now().Add(-time.Minute).Unix()
	var id leaf.ID
	err = b.DB.Write(ctx, func(tx *db.Tx) (err error) {
		if err := b.Boxes.StoreRoll(ctx, tx, d); err != nil {
			return err
		}
		id, err = b.Boxes.Open(ctx, tx, d.ID, 0, m)
		return err
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return "/b/" + id.String()
}

// counted counts a box again, from its public files.
func (b *boxes) counted(path string) verify.Box {
	b.t.Helper()
	ctx := context.Background()
	if err := b.Record.Anchor(ctx); err != nil && fault.Of(err) == nil {
		b.t.Fatal(err)
	}
	src, id, closer, err := verify.Open(b.url + path)
	if err != nil {
		b.t.Fatal(err)
	}
	defer closer.Close()
	r, err := verify.Verify(ctx, src, verify.Options{Box: id})
	if err != nil {
		b.t.Fatal(err)
	}
	if !r.Right() || len(r.Boxes) != 1 {
		b.t.Fatalf("the verifier says %+v", r)
	}
	return r.Boxes[0]
}

var walletCode = regexp.MustCompile(`^[0-9a-z]{5}(-[0-9a-z]{5}){3}-[0-9a-z]{6}$`)

// TestTakingPart takes part with script, where the code stays in the browser, and
// without, where the server makes it; the box is then counted again from its files.
func TestTakingPart(t *testing.T) {
	t.Parallel()
	b := newBoxes(t)
	petition := b.open(leaf.Box{Type: leaf.Petition, Takes: leaf.TakesSign})
	pledge := b.open(leaf.Box{Type: leaf.PledgeTo, Takes: leaf.TakesSay, Parts: 2})
	for n, noScript := range []bool{true, false} {
		t.Run(fmt.Sprintf("noscript=%v", noScript), func(t *testing.T) {
			p := Browser(t, PageOptions{Base: b.url, NoScript: noScript, Width: 320, Height: 640})
			button, shown := "Sign", "#done-code"
			if noScript {
				button, shown = "Sign: let this server do it", "#code"
			}
			p.Goto(petition + "/take")
			p.NoErrors(t)
			p.HasRole("button", button)
			p.sound(t)
			p.ClickRole("button", button)
			p.HasText("Thank you. It is in the record.")
			p.HasText("Thanks.")
			p.Axe(t)
			code := p.Text(shown)
			if !walletCode.MatchString(code) {
				t.Fatalf("the code is %q", code)
			}
			if x := b.counted(petition); x.Counted != 1 || x.Issued != int64(n+1) || x.Assisted != 1 {
				t.Errorf("counted again: %+v", x)
			}
			p.Goto(petition + "/mine")
			p.sound(t)
			p.Fill("Your code", strings.ToUpper(code))
			p.Check("Take it back", true)
			p.ClickRole("button", "Go on")
			p.HasText("It was taken back, and does not count.")
			p.Axe(t)
			if x := b.counted(petition); x.Counted != 0 || x.Withdrawn != int64(n+1) {
				t.Errorf("counted again: %+v", x)
			}

			p.Goto(pledge + "/take")
			p.sound(t)
			p.ClickRole("button", button)
			p.HasText("how many people it takes")
			p.Fill("If so many people do it, with you", "2")
			p.Select("Place or group", "South gate")
			p.ClickRole("button", button)
			p.HasText("Thank you. It is in the record.")
			code = p.Text(shown)
			p.Goto(pledge + "/mine")
			p.Fill("Your code", code)
			p.Check("I did it", true)
			p.ClickRole("button", "Go on")
			p.HasText("You have said that you did it.")
			p.HasText("South gate")
			p.Goto(pledge + "/mine")
			p.Fill("Your code", code[:len(code)-1]+"!")
			p.ClickRole("button", "Go on")
			p.HasText("This is no code of 26 letters")
			if x := b.counted(pledge); x.Counted != int64(n+1) || x.Done != int64(n+1) {
				t.Errorf("counted again: %+v", x)
			}
			if !noScript {
				p.NoErrors(t)
			}
		})
	}
	if x := b.counted(pledge); len(x.Standing) != 2 || x.Standing[1] != 2 {
		t.Errorf("counted again, %v stand", x.Standing)
	}
}

// TestSavedPage takes part with the page that is opened from a file and has no
// connection.
func TestSavedPage(t *testing.T) {
	t.Parallel()
	b := newBoxes(t)
	petition := b.open(leaf.Box{Type: leaf.Petition, Takes: leaf.TakesSign})
	file := filepath.Join(t.TempDir(), "saved.html")
	resp, err := httpGet(t, b.url+petition+"/offline.html")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, resp, 0o600); err != nil {
		t.Fatal(err)
	}
	saved := Browser(t, PageOptions{Base: b.url, Width: 320, Height: 640})
	saved.Goto("file://" + file)
	saved.ClickRole("button", "Make a code")
	saved.ClickRole("button", "Make the request")
	request := untilValue(t, saved, "The request: paste it into the page where you take part.")

	p := Browser(t, PageOptions{Base: b.url, NoScript: true, Width: 320, Height: 640})
	p.Goto(petition + "/take")
	p.ClickRole("DisclosureTriangle", "With a page that you save, or with the command line")
	p.Fill("The request", request)
	p.ClickRole("button", "Get the answer")
	answer := p.Text("#answer")
	p.sound(t)

	saved.Fill("The answer that the page gave", answer)
	saved.ClickRole("button", "Make the statement")
	statement := untilValue(t, saved, "Paste it, best later and over another connection, into the page without cookies: in a private window.")
	saved.Axe(t)
	p.Fill("The statement", statement)
	p.ClickRole("button", "Put it into the record")
	p.HasText("c2sp.org/tlog-proof")
	if x := b.counted(petition); x.Counted != 1 || x.Issued != 1 || x.Assisted != 0 {
		t.Errorf("counted again: %+v", x)
	}
}

// untilValue waits until a field holds something.
func untilValue(t *testing.T, p *Page, label string) string {
	t.Helper()
	got := ""
	if !until(func() bool { got = p.Value(label); return got != "" }) {
		t.Fatalf("nothing stands in %q", label)
	}
	return got
}

func httpGet(t *testing.T, url string) ([]byte, error) {
	t.Helper()
	src, path, _ := strings.Cut(url, "/b/")
	s, _, closer, err := verify.Open(src)
	if err != nil {
		return nil, err
	}
	defer closer.Close()
	b, err := s.Get(t.Context(), "b/"+path)
	if err == nil && len(b) == 0 {
		err = io.ErrUnexpectedEOF
	}
	return b, err
}
