package app_test

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"math"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"convoke/internal/app"
	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/db/dbtest"
	"convoke/internal/record/box"
	"convoke/internal/record/leaf"
	"convoke/internal/record/wallet"
	"convoke/internal/web/webtest"
)

// canaries are what must be nowhere: finds tells which of them data holds, written
// in any of the usual ways.
type canaries struct {
	needles map[uint64][]needle // by their first eight bytes
}

type needle struct {
	what string
	b    []byte
}

func (c *canaries) bytes(what string, b []byte) {
	if len(b) < 8 {
		panic(what + " is too short to be looked for")
	}
	if c.needles == nil {
		c.needles = map[uint64][]needle{}
	}
	k := binary.BigEndian.Uint64(b)
	c.needles[k] = append(c.needles[k], needle{what, bytes.Clone(b)})
}

// text adds a secret text and what is as good as it: other cases, hexadecimal,
// base64 wherever it begins, and an unkeyed hash, which anybody can try texts on.
func (c *canaries) text(what, s string) {
	for _, v := range []string{s, strings.ToLower(s), strings.ToUpper(s)} {
		c.bytes(what, []byte(v))
		c.bytes(what+" in hexadecimal", []byte(hex.EncodeToString([]byte(v))))
		for skip := range 3 {
			if n := (len(v) - skip) / 3 * 3; n >= 9 {
				c.bytes(what+" in base64", []byte(base64.StdEncoding.EncodeToString([]byte(v[skip:skip+n]))))
				c.bytes(what+" in base64", []byte(base64.URLEncoding.EncodeToString([]byte(v[skip:skip+n]))))
			}
		}
		c.raw(what+" hashed", sum(v))
	}
}

// raw adds bytes, and how they are written.
func (c *canaries) raw(what string, b []byte) {
	c.bytes(what, b)
	c.bytes(what+" in hexadecimal", []byte(hex.EncodeToString(b)))
	c.bytes(what+" in base64", []byte(base64.RawStdEncoding.EncodeToString(b)))
	c.bytes(what+" in base64", []byte(base64.RawURLEncoding.EncodeToString(b)))
}

func sum(s string) []byte {
	h := sha256.Sum256([]byte(s))
	return h[:]
}

// code adds a wallet's code: with and without dashes, and any two of its groups.
func (c *canaries) code(w wallet.Code) {
	c.text("a code", w.String())
	c.text("a code", strings.ReplaceAll(w.String(), "-", ""))
	groups := strings.Split(w.String(), "-")
	for i := range len(groups) - 1 {
		for _, sep := range []string{"", "-", " "} {
			c.bytes("letters of a code", []byte(groups[i]+sep+groups[i+1]))
			c.bytes("letters of a code", []byte(strings.ToUpper(groups[i]+sep+groups[i+1])))
		}
	}
}

func (c *canaries) finds(data []byte) []string {
	out := map[string]bool{}
	for at := 0; at+8 <= len(data); at++ {
		for _, n := range c.needles[binary.BigEndian.Uint64(data[at:])] {
			if bytes.HasPrefix(data[at:], n.b) {
				out[n.what] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(out))
}

// crowd is a node on which many people took part, by e-mail and by the server's
// own hand.
type crowd struct {
	*saved
	canaries
	log   *lockedBuffer
	sign  *box.Info
	say   *box.Info
	ranks map[leaf.Key]int // by key, in the order of arrival
	tags  map[string]int   // of those who took part by the server's hand
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) all() []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	return bytes.Clone(l.b.Bytes())
}

// nobody is a node on which nobody took part yet.
func nobody(t *testing.T, url string) *crowd {
	c := &crowd{log: &lockedBuffer{}, ranks: map[leaf.Key]int{}, tags: map[string]int{}}
	cfg := settings(t, url)
	cfg.BaseURL = "https://example.org"
	k := clock.NewManual(dbtest.Now)
	log := slog.New(slog.NewTextHandler(c.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	node, err := app.Open(t.Context(), cfg, log, app.Options{Clock: k, Create: true, Migrate: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := node.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	c.saved = &saved{stand: &stand{node, t, k}}
	return c
}

// gather lets n people sign by e-mail and n pledge by the server's hand. All
// statements of a box go into it in one batch, which ordered leaves in the order of
// their arrival.
func gather(t *testing.T, url string, n int, ordered bool) *crowd {
	c := nobody(t, url)
	if ordered {
		c.Boxes.Shuffle = func(int, func(i, j int)) {}
	}
	c.Boxes.NoMail = false // codes are given out here without a mail server
	c.sign = c.box(box.GateEmail, leaf.Box{Type: leaf.Petition, Takes: leaf.TakesSign, MinBatch: n})
	c.say = c.box(box.GateBrowser, leaf.Box{Type: leaf.PledgeTo, Takes: leaf.TakesSay, MinBatch: n})
	for i := range n {
		c.byMail(i)
		c.assisted(i)
	}
	c.Boxes.Stop() // all that waits is in
	return c
}

func (c *crowd) ok(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
}

func (c *crowd) box(gate string, m leaf.Box) *box.Info {
	ctx := c.t.Context()
	d, err := c.Boxes.Prepare(ctx, box.RollInput{Gate: gate})
	c.ok(err)
	m.Opens, m.Closes, m.Text = dbtest.Now.Unix(), dbtest.Now.Add(24*time.Hour).Unix(), strings.Repeat("0", 64)
	var b leaf.ID
	c.ok(c.DB.Write(ctx, func(tx *db.Tx) (err error) {
		if err := c.Boxes.StoreRoll(ctx, tx, d); err != nil {
			return err
		}
		b, err = c.Boxes.Open(ctx, tx, d.ID, 0, m)
		return err
	}))
	i, err := c.Boxes.Info(ctx, b)
	c.ok(err)
	return i
}

// byMail signs as a browser with script does: over HTTP at first, straight for most.
func (c *crowd) byMail(n int) {
	ctx, roll := c.t.Context(), c.sign.Roll
	address := fmt.Sprintf("Canary%04d.%s@Mail-%04d.example", n, c.IDs.Secret()[:6], n)
	mailed := box.FormatCode(c.IDs.Bytes(12))
	pending, err := c.Boxes.AskAddress(ctx, roll, address, mailed)
	c.ok(err)
	grant, err := c.Boxes.ConfirmAddress(ctx, roll, pending, mailed)
	c.ok(err)
	local, host, _ := strings.Cut(address, "@")
	for _, s := range []string{local, host, address} {
		c.text("an address", s)
	}
	c.text("a mailed code", mailed)
	c.grant(pending)
	c.grant(grant)
	p, b := c.wallet(c.sign)
	var signed [][]byte
	if n < 3 {
		signed = c.ask(grant, b.Message)
	} else {
		signed, err = c.Boxes.Issue(ctx, roll, box.IssueInput{Grant: grant, Slots: 1, Blinded: [][]byte{b.Message}})
		c.ok(err)
	}
	auth, err := b.Finalize(signed[0])
	c.ok(err)
	c.ranks[p.Public()] = n
	if n < 3 {
		c.post("/b/"+c.sign.ID.String()+"/cast", "application/octet-stream", p.Sign(auth), 202)
		return
	}
	_, err = c.Boxes.Cast(ctx, c.sign.ID, p.Sign(auth))
	c.ok(err)
}

// assisted pledges by the server's own hand, as a form does.
func (c *crowd) assisted(n int) {
	ctx, roll := c.t.Context(), c.say.Roll
	form := c.IDs.Secret()
	c.text("a form's key", form)
	grant, err := c.Boxes.AdmitAnybody(ctx, roll, form)
	c.ok(err)
	c.grant(grant)
	p, b := c.wallet(c.say)
	signed, err := c.Boxes.Issue(ctx, roll, box.IssueInput{Grant: grant, Slots: 1, Blinded: [][]byte{b.Message}, Mode: leaf.Assisted})
	c.ok(err)
	auth, err := b.Finalize(signed[0])
	c.ok(err)
	_, err = c.Boxes.Cast(ctx, c.say.ID, p.Say(c.say.Origin, auth, 1, leaf.Pledge{Threshold: 2}.Encode()))
	c.ok(err)
	c.ranks[p.Public()] = n
	k, err := c.Vault.Existing(ctx, box.RollScope(roll))
	c.ok(err)
	c.tags[string(k.Tag("form", form))] = n
}

func (c *crowd) grant(s string) {
	c.text("a grant", s)
	b, err := base64.RawURLEncoding.DecodeString(s)
	c.ok(err)
	c.raw("a grant", b)
}

// wallet makes a code and asks for a credential with it.
func (c *crowd) wallet(i *box.Info) (*wallet.Part, blinded) {
	w, err := wallet.New(rand.Reader)
	c.ok(err)
	c.code(w)
	p := w.Part(leaf.RollOrigin(c.Record.Node, i.Roll), 0)
	c.raw("a seed", p.Key.Seed())
	b, err := p.Request(i.Key, c.Record.Node, i.Roll, 0)
	c.ok(err)
	return p, blinded{b.Message, b.Finalize}
}

type blinded struct {
	Message  []byte
	Finalize func(answer []byte) ([]byte, error)
}

func (c *crowd) post(path, kind string, body []byte, want int) []byte {
	c.t.Helper()
	r := httptest.NewRequestWithContext(c.t.Context(), "POST", "https://example.org"+path, bytes.NewReader(body))
	r.Header.Set("Content-Type", kind)
	a := httptest.NewRecorder()
	c.Site.ServeHTTP(a, r)
	if a.Code != want {
		c.t.Fatalf("%s: %d %s", path, a.Code, a.Body)
	}
	return a.Body.Bytes()
}

// ask takes a credential over HTTP, once wrongly.
func (c *crowd) ask(grant string, message []byte) [][]byte {
	in := map[string]any{"grant": grant + "x", "slots": 1, "blinded": [][]byte{message}}
	send := func(want int) []byte {
		b, err := json.Marshal(in)
		c.ok(err)
		return c.post("/r/"+c.sign.Roll.String()+"/issue", "application/json", b, want)
	}
	send(409)
	in["grant"] = grant
	var out struct{ Signed [][]byte }
	c.ok(json.Unmarshal(send(200), &out))
	return out.Signed
}

// where lists what of a canary is found in which place.
func (c *crowd) where() (out []string) {
	add := func(place string, b []byte) {
		for _, what := range c.finds(b) {
			out = append(out, place+": "+what)
		}
	}
	files := 0
	folder := func(place, dir string) {
		c.ok(filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
			if err != nil || e.IsDir() {
				return err
			}
			files++
			b, err := os.ReadFile(path)
			add(place+e.Name(), b)
			return err
		}))
	}
	folder("", c.Config.Data)
	add("tables", c.rows())
	add("log", c.log.all())
	file := c.save()
	folder("backup ", filepath.Dir(file))
	cfg, o := c.empty("", file)
	if _, err := app.Restore(c.t.Context(), cfg, webtest.Log(c.t), file, o); err != nil {
		c.t.Fatal(err)
	}
	folder("restored ", cfg.Data)
	if files < 8 || len(c.log.all()) == 0 {
		c.t.Errorf("only %d files and %d bytes of log were looked at", files, len(c.log.all()))
	}
	return out
}

var asBytea = regexp.MustCompile(`\\x([0-9a-f]+)`)

// rows is everything in all tables, as text and with bytes as they are.
func (c *crowd) rows() []byte {
	ctx := c.t.Context()
	var out bytes.Buffer
	c.ok(c.DB.Read(ctx, func(tx *db.Tx) error {
		if c.DB.Engine() == db.SQLite {
			return nil // its file was looked at
		}
		tables, err := db.Column[string](ctx, tx, "select tablename from pg_tables where schemaname = current_schema()")
		if err != nil {
			return err
		}
		for _, name := range tables {
			rows, err := db.Column[string](ctx, tx, fmt.Sprintf("select t::text from %q t", name))
			if err != nil {
				return err
			}
			for _, r := range rows {
				out.WriteString(r + "\n")
				for _, m := range asBytea.FindAllStringSubmatch(r, -1) {
					if b, err := hex.DecodeString(m[1]); err == nil {
						out.Write(b)
					}
				}
			}
		}
		return nil
	}))
	if c.DB.Engine() == db.Postgres && out.Len() < 100_000 {
		c.t.Errorf("only %d bytes of tables were looked at", out.Len())
	}
	return out.Bytes()
}

// places runs f on both engines.
func places(t *testing.T, f func(t *testing.T, url string)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { t.Parallel(); f(t, "") })
	t.Run("postgres", func(t *testing.T) { t.Parallel(); f(t, dbtest.Postgres(t)) })
}

// TestNothingStoredSaysWho looks for addresses, codes, grants, seeds and form keys
// of many people in the databases, their logs of writes, the keys, what was logged,
// and backups: nothing of them is anywhere. Then it plants one in each place, to
// show that it would be found there.
func TestNothingStoredSaysWho(t *testing.T) {
	t.Parallel()
	places(t, func(t *testing.T, url string) {
		c := gather(t, url, 40, false)
		if found := c.where(); len(found) > 0 {
			t.Fatalf("found:\n%s", strings.Join(found, "\n"))
		}
		const planted = "planted.canary@example.org"
		c.text("planted", planted)
		ctx := t.Context()
		c.ok(c.DB.Write(ctx, func(tx *db.Tx) error {
			_, err := tx.Exec(ctx, "insert into setting (name, value) values ('planted', $1)", planted)
			return err
		}))
		c.ok(c.Keys.Write(ctx, func(tx *db.Tx) error {
			_, err := tx.Exec(ctx, "insert into tombstone (scope, day) values ($1, 1)", planted)
			return err
		}))
		c.Log.Debug("planted", "by", planted)
		found := strings.Join(c.where(), "\n")
		want := []string{"keys.db", "log: planted", "restored "}
		if url == "" {
			want = append(want, "convoke.db")
		} else {
			want = append(want, "tables: planted")
		}
		for _, w := range want {
			if !strings.Contains(found, w) {
				t.Errorf("what was planted is not found in %s:\n%s", w, found)
			}
		}
		// Also as bytes, as a hash that has no key, and in another case.
		for what, b := range map[string][]byte{
			"planted hashed": sum(planted), "planted in hexadecimal": []byte("\x00" + hex.EncodeToString([]byte(planted))),
			"planted in base64": []byte(base64.StdEncoding.EncodeToString([]byte("ab" + planted))), "planted": []byte(strings.ToUpper(planted)),
		} {
			if !slices.Contains(c.finds(b), what) {
				t.Errorf("%s is not found", what)
			}
		}
	})
}

// physical are the rows of a query in the order in which the database keeps them.
func (c *crowd) physical(q string, args ...any) (out [][]byte) {
	if c.DB.Engine() == db.Postgres {
		q += " order by ctid"
	}
	c.ok(c.DB.Read(c.t.Context(), func(tx *db.Tx) (err error) {
		out, err = db.Query(c.t.Context(), tx, q, args, func(scan func(...any) error) (b []byte, err error) { return b, scan(&b) })
		return err
	}))
	return out
}

// order is how much the rows of a query lie in the order of arrival: 1 is exactly
// so, 0 not at all (Spearman's rank correlation).
func (c *crowd) order(rank func(b []byte) (int, bool), rows [][]byte) float64 {
	c.t.Helper()
	n, sum := len(rows), 0.0
	for at, b := range rows {
		r, ok := rank(b)
		if !ok {
			c.t.Fatalf("row %x is of nobody", b)
		}
		sum += math.Pow(float64(at-r), 2)
	}
	if n < 30 {
		c.t.Fatalf("%d rows", n)
	}
	return 1 - 6*sum/float64(n*(n*n-1))
}

// orders are those of each place that could tell in which order people came.
func (c *crowd) orders() map[string]float64 {
	short := map[string]int{}
	for k, n := range c.ranks {
		short[string(k[:16])] = n
		short[string(k[:])] = n
	}
	byKey := func(b []byte) (int, bool) { n, ok := short[string(b)]; return n, ok }
	byTag := func(b []byte) (int, bool) { n, ok := c.tags[string(b)]; return n, ok }
	out := map[string]float64{
		"issued":                 c.order(byTag, c.physical("select tag from issued where roll_id = $1", c.say.Roll.String())),
		"box_say":                c.order(byKey, c.physical("select k from box_say where box_id = $1", c.say.ID.String())),
		"record_fresh, sign":     c.order(byKey, c.physical("select k from record_fresh where set_id = $1", c.sign.Log())),
		"record_fresh, say":      c.order(byKey, c.physical("select k from record_fresh where set_id = $1", c.say.Log())),
		"lines of a box, sign":   c.order(byKey, c.lines(c.sign)),
		"lines of a box, pledge": c.order(byKey, c.lines(c.say)),
	}
	return out
}

// lines are the keys of a box's leaves in the order of its log.
func (c *crowd) lines(i *box.Info) (out [][]byte) {
	c.ok(c.DB.Read(c.t.Context(), func(tx *db.Tx) (err error) {
		all, err := db.Query(c.t.Context(), tx, "select leaf from record_tail where log_id = $1 order by idx", []any{i.Log()},
			func(scan func(...any) error) (b []byte, err error) { return b, scan(&b) })
		for _, b := range all {
			out = append(out, b[2:34])
		}
		return err
	}))
	return out
}

// TestNoOrderIsStored proves that the places of rows and lines say nothing of when
// somebody came, where statements wait for each other: everybody here takes their
// credential and says something in the same order, so any order that is kept would
// lead from one to the other.
func TestNoOrderIsStored(t *testing.T) {
	t.Parallel()
	// Of 200 in random order one run in two million is beyond this: five times the
	// deviation, 1/√199.
	const most = 0.355
	places(t, func(t *testing.T, url string) {
		for place, r := range gather(t, url, 200, false).orders() {
			if place == "issued" && url != "" {
				// PostgreSQL keeps rows as they come, and so does the roll's log for everybody
				// to see: who took a credential when is no secret to the server. That it leads to no
				// statement is what the others show.
				continue
			}
			if math.Abs(r) > most {
				t.Errorf("%s lies in the order of arrival: %.2f", place, r)
			}
		}
	})
	// It would see an order: of lines that nobody shuffled.
	r := gather(t, "", 40, true).orders()
	if r["lines of a box, sign"] != 1 || r["lines of a box, pledge"] != 1 {
		t.Errorf("lines in the order of arrival are not found to be: %v", r)
	}
}
