package take_test

import (
	"encoding/json"
	"io"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"convoke/internal/db"
	"convoke/internal/db/dbtest"
	"convoke/internal/record/box"
	"convoke/internal/record/box/boxtest"
	"convoke/internal/record/leaf"
	"convoke/internal/web/webtest"
)

// documented are the codes of docs/errors.md that the record answers with.
type documented struct {
	status int // of a field, 422
	text   *regexp.Regexp
}

var (
	codeRow = regexp.MustCompile("(?m)^\\| `((?:box|record|take)\\.[a-z0-9_]+)` \\|(?: (\\d{3}) \\|)? (.+) \\|$")
	braces  = regexp.MustCompile(`\\\{[a-z]+\\\}`)
)

func documentedCodes(t *testing.T) map[string]documented {
	t.Helper()
	text, err := os.ReadFile("../../../docs/errors.md")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]documented{}
	for _, m := range codeRow.FindAllStringSubmatch(string(text), -1) {
		d := documented{422, regexp.MustCompile(braces.ReplaceAllString(regexp.QuoteMeta(m[3]), ".+"))}
		if m[2] != "" {
			if d.status, err = strconv.Atoi(m[2]); err != nil {
				t.Fatal(err)
			}
		}
		out[m[1]] = d
	}
	if len(out) < 40 {
		t.Fatalf("%d codes in docs/errors.md", len(out))
	}
	return out
}

// refusals are what a node was asked for and refused, by the kinds of bad input that
// docs/record.md promises to refuse.
type refusals struct {
	*stand
	codes map[string]documented
	seen  map[string]bool
	kinds map[string]bool
}

var kinds = []string{"malformed", "replayed", "double", "foreign", "late", "early", "over-issued", "wrong slot", "wrong length", "not canonical", "named", "too much", "not now"}

// ask sends a request as a program does.
func (r *refusals) ask(method, path, kind, body string, header ...string) *httptest.ResponseRecorder {
	r.t.Helper()
	q := httptest.NewRequestWithContext(r.t.Context(), method, "http://"+webtest.Host+path, strings.NewReader(body))
	q.Header.Set("Accept", "application/json")
	if kind != "" {
		q.Header.Set("Content-Type", kind)
	}
	for n := 0; n+1 < len(header); n += 2 {
		q.Header.Set(header[n], header[n+1])
	}
	w := httptest.NewRecorder()
	r.site.ServeHTTP(w, q)
	return w
}

// refused checks the answer of a program's request: status and code, in
// problem+json.
func (r *refusals) refused(kind, name, code string, status int, w *httptest.ResponseRecorder) {
	r.t.Helper()
	var p struct {
		Code   string
		Status int
	}
	b, err := io.ReadAll(w.Body)
	if err == nil {
		err = json.Unmarshal(b, &p)
	}
	if err != nil || w.Code != status || p.Status != status || p.Code != code || w.Header().Get("Content-Type") != "application/problem+json" {
		r.t.Errorf("%s, %s: %d %.300s (%v), want %d %s", kind, name, w.Code, b, err, status, code)
	}
	r.note(kind, code)
}

// want is [refusals.refused] with the status that docs/errors.md has.
func (r *refusals) want(kind, name, code string, w *httptest.ResponseRecorder) {
	r.t.Helper()
	d, ok := r.codes[code]
	if !ok {
		r.t.Errorf("docs/errors.md has no %s", code)
	}
	r.refused(kind, name, code, d.status, w)
}

func (r *refusals) note(kind, code string) {
	if !slices.Contains(kinds, kind) {
		r.t.Errorf("there is no kind %q", kind)
	}
	r.seen[code], r.kinds[kind] = true, true
}

// page checks the answer of a form: it is shown again with the text of the code.
func (r *refusals) page(kind, name, code string, a webtest.Answer) {
	r.t.Helper()
	d := r.codes[code]
	if d.text == nil || a.Status != 422 || !d.text.MatchString(strings.Join(strings.Fields(a.Text("main")), " ")) {
		r.t.Errorf("%s, %s: status %d, %s is not on the page: %s", kind, name, a.Status, code, a.Text("main"))
	}
	r.note(kind, code)
}

const octets = "application/octet-stream"

func (r *refusals) cast(i *box.Info, b []byte, header ...string) *httptest.ResponseRecorder {
	r.t.Helper()
	return r.ask("POST", path(i, "cast"), octets, string(b), header...)
}

func (r *refusals) activate(roll leaf.ID, b []byte, header ...string) *httptest.ResponseRecorder {
	r.t.Helper()
	return r.ask("POST", "/r/"+roll.String()+"/activate", octets, string(b), header...)
}

func (r *refusals) issue(roll leaf.ID, grant string, slots uint32, blinded ...[]byte) *httptest.ResponseRecorder {
	r.t.Helper()
	b, err := json.Marshal(map[string]any{"grant": grant, "slots": slots, "blinded": blinded})
	if err != nil {
		r.t.Fatal(err)
	}
	return r.ask("POST", "/r/"+roll.String()+"/issue", "application/json", string(b))
}

// taken fails the test when something that is right was refused.
func (r *refusals) taken(w *httptest.ResponseRecorder) {
	r.t.Helper()
	if w.Code >= 300 {
		r.t.Errorf("status %d: %s", w.Code, w.Body)
	}
}

func (r *refusals) grant(roll leaf.ID) string {
	r.t.Helper()
	g, err := r.AdmitAnybody(ctx, roll, r.ids.Secret())
	if err != nil {
		r.t.Fatal(err)
	}
	return g
}

func (r *refusals) anybody(i *box.Info) *boxtest.Voter {
	r.t.Helper()
	v, err := boxtest.Anybody(ctx, r.Boxes, i, r.ids.Secret())
	if err != nil {
		r.t.Fatal(err)
	}
	return v
}

// onRoll opens boxes on the slots of one roll.
func (r *refusals) onRoll(ms ...leaf.Box) (out []*box.Info) {
	r.t.Helper()
	d, err := r.Prepare(ctx, box.RollInput{Gate: box.GateBrowser, Slots: len(ms)})
	if err != nil {
		r.t.Fatal(err)
	}
	ids := make([]leaf.ID, len(ms))
	err = r.DB.Write(ctx, func(tx *db.Tx) error {
		if err := r.StoreRoll(ctx, tx, d); err != nil {
			return err
		}
		for n, m := range ms {
			m.Text = strings.Repeat("0", 64)
			if m.Opens == 0 {
				m.Opens = dbtest.Now.Unix()
			}
			m.Closes = dbtest.Now.Add(24 * time.Hour).Unix()
			if ids[n], err = r.Open(ctx, tx, d.ID, uint8(n), m); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		r.t.Fatal(err)
	}
	for _, b := range ids {
		i, err := r.Info(ctx, b)
		if err != nil {
			r.t.Fatal(err)
		}
		out = append(out, i)
	}
	return out
}
