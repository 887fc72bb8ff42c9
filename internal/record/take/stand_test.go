package take_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html/template"
	"regexp"
	"strings"
	"testing"
	"time"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/db/dbtest"
	"convoke/internal/fault"
	"convoke/internal/id"
	"convoke/internal/notify"
	"convoke/internal/record/box"
	"convoke/internal/record/keyset"
	"convoke/internal/record/leaf"
	"convoke/internal/record/recordtest"
	"convoke/internal/record/serve"
	"convoke/internal/record/take"
	"convoke/internal/record/tally"
	"convoke/internal/record/verify"
	"convoke/internal/record/wallet"
	"convoke/internal/web"
	"convoke/internal/web/webtest"
)

var ctx = context.Background()

// stand is a node with boxes, the pages where one takes part, and the record's own
// endpoints.
type stand struct {
	*recordtest.Stand
	*box.Boxes
	t    *testing.T
	ids  *id.Source
	site *web.Site
	take *take.Web

	kind   string // "petition", or "pledge"
	hidden bool
	ask    *take.PledgeAsk
	ballot *take.BallotAsk
	mails  []notify.Message
	refuse error
	slow   string // a bucket that is empty
	asked  []string
	n      int
}

// Session signs in whoever has a handle for a secret.
func (s *stand) Session(_ context.Context, secret string) (web.Session, bool, error) {
	return web.Session{ID: secret, Actor: authz.Actor{Person: id.Person(secret), Handle: secret}}, true, nil
}

// Subject implements take.Subjects.
func (s *stand) Subject(_ *web.Call, b leaf.ID) (take.Subject, error) {
	if s.hidden {
		return take.Subject{}, fault.NotFound("petition.not_found", "There is no such petition, or it is not public.")
	}
	return take.Subject{
		Title: "Keep the library open on Sundays", Lang: "en", URL: "/petitions/library", Kind: s.kind, Verb: "Sign", Pledge: s.ask, Ballot: s.ballot,
	}, nil
}

// Reference implements take.Subjects.
func (s *stand) Reference(c *web.Call, _ leaf.ID) (string, bool, error) {
	return c.Actor().Handle, !c.Actor().Visitor(), nil
}

// After implements take.Subjects.
func (s *stand) After(*web.Call, leaf.ID) (template.HTML, error) {
	return `<p id="after">Say who you are, if you like.</p>`, nil
}

// Send implements notify.Sender.
func (s *stand) Send(_ context.Context, m notify.Message) error {
	s.mails = append(s.mails, m)
	return s.refuse
}

// Allow implements take.Limiter.
func (s *stand) Allow(bucket, who string) (bool, time.Duration) {
	s.asked = append(s.asked, bucket+" "+who)
	return bucket != s.slow, time.Minute
}

func newStand(t *testing.T, r *recordtest.Stand) *stand {
	t.Helper()
	s := &stand{Stand: r, t: t, ids: id.NewSource(r.Clock, nil), kind: leaf.Petition}
	sets := keyset.New(r.DB, s.ids.New)
	s.Boxes = box.New(box.Deps{DB: r.DB, Vault: r.Vault, Record: r.Record, Sets: sets, Clock: r.Clock})
	t.Cleanup(s.Stop)
	s.site = webtest.New(t, r.Clock, s)
	client := func(*web.Call) string { return "corner" }
	(&serve.Web{DB: r.DB, Record: r.Record, Boxes: s.Boxes, Sets: sets, Limiter: s, Client: client}).Mount(s.site)
	s.take = &take.Web{Boxes: s.Boxes, Subjects: s, Sender: s, Limiter: s, Client: client, SiteName: func() string { return "Test node" }}
	s.take.Mount(s.site)
	return s
}

func each(t *testing.T, f func(t *testing.T, s *stand)) {
	t.Helper()
	recordtest.Each(t, func(t *testing.T, r *recordtest.Stand) { f(t, newStand(t, r)) })
}

func one(t *testing.T) *stand {
	t.Helper()
	dir := t.TempDir()
	return newStand(t, recordtest.Open(t, dbtest.SQLite(t), dir+"/keys.db", dir+"/head.json"))
}

// open opens a box with a roll of its own, from now for a day unless m says else.
func (s *stand) open(gate string, m leaf.Box, refs ...string) *box.Info {
	s.t.Helper()
	d, err := s.Prepare(ctx, box.RollInput{Gate: gate, References: refs})
	if err != nil {
		s.t.Fatal(err)
	}
	if m.Opens == 0 {
		m.Opens = dbtest.Now.Unix()
	}
	if m.Closes == 0 {
		m.Closes = dbtest.Now.Add(24 * time.Hour).Unix()
	}
	if m.Type == "" {
		m.Type, m.Takes = leaf.Petition, leaf.TakesSign
	}
	s.n++
	m.Text = fmt.Sprintf("%064d", s.n)
	var b leaf.ID
	err = s.DB.Write(ctx, func(tx *db.Tx) (err error) {
		if err := s.StoreRoll(ctx, tx, d); err != nil {
			return err
		}
		b, err = s.Open(ctx, tx, d.ID, 0, m)
		return err
	})
	if err != nil {
		s.t.Fatal(err)
	}
	i, err := s.Info(ctx, b)
	if err != nil {
		s.t.Fatal(err)
	}
	return i
}

// pledge opens a box of pledges with two places, each choosing a threshold.
func (s *stand) pledge() *box.Info {
	s.t.Helper()
	s.kind, s.ask = leaf.PledgeTo, &take.PledgeAsk{Do: "Bring a bench", Parts: []string{"North gate", "South gate"}, Suggested: []uint32{10, 50}}
	return s.open(box.GateBrowser, leaf.Box{Type: leaf.PledgeTo, Takes: leaf.TakesSay, Parts: 2})
}

// poll opens a secret poll on three options, or on none where the method has none.
func (s *stand) poll(gate string, r tally.Rules, m leaf.Box, refs ...string) *box.Info {
	s.t.Helper()
	s.kind = leaf.Poll
	s.ballot = &take.BallotAsk{Question: "When do we meet?", Method: r.Method, Max: r.Max, Lang: "en", Hint: "At least 3 of 5 must take part, until Sunday."}
	r.Options = 1
	if r.Method != tally.YesNo && r.Method != tally.Consent && r.Method != tally.Check {
		s.ballot.Options = []string{"Friday", "Saturday", "Sunday"}
		r.Options, r.Lots = 3, []int{2, 0, 1}
	}
	m.Type, m.Takes, m.Poll = leaf.Poll, leaf.TakesSay, &r
	return s.open(gate, m, refs...)
}

func (s *stand) visitor() *webtest.Browser { return webtest.NewBrowser(s.t, s.site) }

func path(i *box.Info, page string) string { return "/b/" + i.ID.String() + "/" + page }

// hidden is the value of a hidden input of a page.
func hidden(t *testing.T, a webtest.Answer, name string) string {
	t.Helper()
	all := a.All("input[name=" + name + "]")
	if len(all) == 0 {
		t.Fatalf("no input %s in\n%s", name, a.Text("main"))
	}
	return webtest.Attr(all[0], "value")
}

// filled is the page's hidden fields, and more pairs behind them.
func filled(t *testing.T, a webtest.Answer, pairs ...string) []string {
	t.Helper()
	out := []string{"step", "assist"}
	for _, name := range []string{"key", "grant"} {
		out = append(out, name, hidden(t, a, name))
	}
	return append(out, pairs...)
}

var shown = regexp.MustCompile(`[0-9a-hjkmnp-z]{5}(-[0-9a-hjkmnp-z]{5}){3}-[0-9a-hjkmnp-z]{6}`)

// code is the code that a page shows.
func code(t *testing.T, a webtest.Answer) string {
	t.Helper()
	text := a.Text("#code")
	if !shown.MatchString(text) {
		t.Fatalf("status %d, no code in\n%s", a.Status, a.Text("main"))
	}
	return text
}

// receipt is what a page shows as the receipt. It must not lead to it: a browser
// would send its cookies along.
func receipt(t *testing.T, a webtest.Answer) string {
	t.Helper()
	if strings.Contains(a.Body, "/proof/") || len(a.All("#receipt")) != 1 {
		t.Fatalf("no receipt in, or a way to it from\n%s", a.Body)
	}
	return a.Text("#receipt")
}

func (s *stand) numbers(i *box.Info) box.Numbers {
	s.t.Helper()
	var n box.Numbers
	err := s.DB.Read(ctx, func(tx *db.Tx) (err error) {
		n, err = s.Numbers(ctx, tx, i.ID)
		return err
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return n
}

// counts checks how many statements count, and how many credentials were given out.
func (s *stand) counts(i *box.Info, counted, issued int64) {
	s.t.Helper()
	if n := s.numbers(i); n.Counted != counted || n.Issued != issued {
		s.t.Errorf("%d count of %d credentials; want %d of %d", n.Counted, n.Issued, counted, issued)
	}
}

// site is the record as a stranger gets it over HTTP.
type overHTTP struct{ b *webtest.Browser }

func (o overHTTP) Get(_ context.Context, path string) ([]byte, error) {
	a := o.b.Get("/" + path)
	if a.Status == 404 {
		return nil, verify.ErrAbsent
	}
	if a.Status != 200 {
		return nil, fmt.Errorf("%s: status %d", path, a.Status)
	}
	return []byte(a.Body), nil
}

// verified counts the box again from what the node serves.
func (s *stand) verified(i *box.Info, counted int64) {
	s.t.Helper()
	if err := s.Anchor(ctx); err != nil {
		s.t.Fatal(err)
	}
	r, err := verify.Verify(ctx, overHTTP{s.visitor()}, verify.Options{Box: i.ID.String()})
	if err != nil {
		s.t.Fatal(err)
	}
	if !r.Right() || len(r.Boxes) != 1 || int64(r.Boxes[0].Counted) != counted {
		s.t.Errorf("the verifier says %+v, want %d", r, counted)
	}
}

// client is somebody who makes everything on their own device.
type client struct {
	*wallet.Part
	t *testing.T
	s *stand
	i *box.Info
}

func (s *stand) client(i *box.Info) *client {
	s.t.Helper()
	c, err := wallet.New(s.random())
	if err != nil {
		s.t.Fatal(err)
	}
	return &client{c.Part(leaf.RollOrigin(s.Node, i.Roll), i.Manifest.Slot), s.t, s, i}
}

// holder is somebody with that code.
func (s *stand) holder(i *box.Info, code string) *client {
	s.t.Helper()
	c, err := wallet.Parse(code)
	if err != nil {
		s.t.Fatal(err)
	}
	return &client{c.Part(leaf.RollOrigin(s.Node, i.Roll), i.Manifest.Slot), s.t, s, i}
}

// unknown is a code that nobody has.
func (s *stand) unknown() string {
	s.t.Helper()
	c, err := wallet.New(s.random())
	if err != nil {
		s.t.Fatal(err)
	}
	return c.String()
}

// named opens a poll by name.
func (s *stand) named() *box.Info {
	s.t.Helper()
	var b leaf.ID
	err := s.DB.Write(ctx, func(tx *db.Tx) (err error) {
		b, err = s.OpenNamed(ctx, tx, leaf.Box{
			Type: leaf.Poll, Text: strings.Repeat("0", 64), Opens: dbtest.Now.Unix(), Poll: &tally.Rules{Method: tally.YesNo, Options: 1},
		}, []box.NamedSeat{{Name: "North", Weight: 1}})
		return err
	})
	if err != nil {
		s.t.Fatal(err)
	}
	i, err := s.Info(ctx, b)
	if err != nil {
		s.t.Fatal(err)
	}
	return i
}

type source struct{ ids *id.Source }

func (r source) Read(p []byte) (int, error) { return copy(p, r.ids.Bytes(len(p))), nil }

func (s *stand) random() source { return source{s.ids} }

func (c *client) request() string {
	c.t.Helper()
	b, err := c.Request(c.i.Key, c.s.Node, c.i.Roll, c.i.Manifest.Slot)
	if err != nil {
		c.t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(b.Message)
}

func (c *client) auth(answer string) []byte {
	c.t.Helper()
	b, err := c.Request(c.i.Key, c.s.Node, c.i.Roll, c.i.Manifest.Slot)
	if err != nil {
		c.t.Fatal(err)
	}
	signed, err := base64.StdEncoding.DecodeString(strings.TrimSpace(answer))
	if err != nil {
		c.t.Fatal(err)
	}
	auth, err := b.Finalize(signed)
	if err != nil {
		c.t.Fatal(err)
	}
	return auth
}

// issue is what the page's script does with its grant.
func (c *client) issue(b *webtest.Browser, grant string) []byte {
	c.t.Helper()
	body := fmt.Sprintf(`{"grant":%q,"slots":1,"blinded":[%q]}`, grant, c.request())
	a := b.Do("POST", "/r/"+c.i.Roll.String()+"/issue", strings.NewReader(body), "Content-Type", "application/json", "Accept", "application/json")
	var out struct {
		Signed []string `json:"signed"`
	}
	if err := json.Unmarshal([]byte(a.Body), &out); err != nil || len(out.Signed) != 1 {
		c.t.Fatalf("status %d: %s", a.Status, a.Body)
	}
	return c.auth(out.Signed[0])
}

// print adds codes that were printed here.
func (s *stand) print(i *box.Info, codes ...string) {
	s.t.Helper()
	if err := s.DB.Write(ctx, func(tx *db.Tx) error { _, err := s.PrintCodes(ctx, tx, i.Roll, codes); return err }); err != nil {
		s.t.Fatal(err)
	}
}
