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
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"

	"convoke/internal/app"
	"convoke/internal/clock"
	"convoke/internal/config"
	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/feature/identity"
	"convoke/internal/record/box"
	"convoke/internal/record/box/boxtest"
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
	return newBoxesAt(t, nil)
}

// newBoxesAt is [newBoxes] at the time of a clock; nil is that of the machine.
func newBoxesAt(t *testing.T, k clock.Clock) *boxes {
	t.Helper()
	cfg, err := config.Load(config.Source{Flags: map[string]string{"data": t.TempDir(), "listen": "127.0.0.1:0"}})
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.NewTextHandler(t.Output(), nil))
	n, err := app.Open(t.Context(), cfg, log, app.Options{Clock: k, Create: true, Migrate: true})
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

// signs lets one more person sign.
func (b *boxes) signs(path string) {
	b.t.Helper()
	ctx := b.t.Context()
	id, err := leaf.ParseID(strings.TrimPrefix(path, "/b/"))
	if err != nil {
		b.t.Fatal(err)
	}
	i, err := b.Boxes.Info(ctx, id)
	if err != nil {
		b.t.Fatal(err)
	}
	v, err := boxtest.Anybody(ctx, b.Boxes, i, b.IDs.Secret())
	if err != nil {
		b.t.Fatal(err)
	}
	if _, err := b.Boxes.Cast(ctx, id, v.Signs()); err != nil {
		b.t.Fatal(err)
	}
}

// signIn gives a visitor the session of a new account.
func (b *boxes) signIn(p *Page) {
	b.t.Helper()
	path, _, err := b.Identity.SetupLink(b.t.Context())
	if err != nil {
		b.t.Fatal(err)
	}
	j, err := b.Identity.SetUp(b.t.Context(), strings.TrimPrefix(path, "/setup/"), "", identity.SetupInput{Name: "Test node", Language: "en", Handle: "sam"})
	if err != nil {
		b.t.Fatal(err)
	}
	if _, err := ask(p, network.SetCookie, network.SetCookieParams{Name: "convoke", Value: j.Session, URL: b.url}); err != nil {
		b.t.Fatal(err)
	}
}

// receipt looks for the receipt: with script a file that was fetched without
// cookies, without it the text itself. No page leads to it.
func (p *Page) receipt(t *testing.T, within string) {
	t.Helper()
	if strings.Contains(p.HTML(), "/proof/") {
		t.Errorf("%s leads to the receipt: who asks for it would be known", p.URL())
	}
	if p.o.NoScript {
		if r := p.Text("#receipt"); !strings.HasPrefix(r, "c2sp.org/tlog-proof") {
			t.Errorf("the receipt is %q", r)
		}
		return
	}
	link := within + " [data-receipt]"
	if !until(func() bool { return strings.HasPrefix(p.Attr(link, "href"), "blob:") }) || !strings.HasPrefix(p.Attr(link, "download"), "receipt-") {
		t.Errorf("the receipt is at %q, as %q", p.Attr(link, "href"), p.Attr(link, "download"))
	}
}

// TestTakingPart takes part with script, where the code stays in the browser, also
// for somebody who is signed in, and without, where the server makes it; the box is
// then counted again from its files.
func TestTakingPart(t *testing.T) {
	t.Parallel()
	b := newBoxes(t)
	petition := b.open(leaf.Box{Type: leaf.Petition, Takes: leaf.TakesSign})
	pledge := b.open(leaf.Box{Type: leaf.PledgeTo, Takes: leaf.TakesSay, Parts: 2})
	for n, who := range []string{"noscript", "script", "signed in"} {
		t.Run(who, func(t *testing.T) {
			noScript := who == "noscript"
			p := Browser(t, PageOptions{Base: b.url, NoScript: noScript, Width: 320, Height: 640})
			if who == "signed in" {
				b.signIn(p)
			}
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
			p.receipt(t, "#own-done")
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
			p.receipt(t, "#mine-said")
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
			if !noScript { // one code serves everywhere
				p.ClickRole("DisclosureTriangle", "I have a code already")
				p.Fill("Your code (optional)", code)
			}
			p.ClickRole("button", button)
			p.HasText("Thank you. It is in the record.")
			if again := p.Text(shown); noScript == (again == code) {
				t.Errorf("the code was %q and is %q", code, again)
			}
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
			if who == "signed in" && !slices.Contains(p.cookies(t), "convoke") {
				t.Error("nobody is signed in")
			}
		})
	}
	if x := b.counted(pledge); len(x.Standing) != 2 || x.Standing[1] != 3 {
		t.Errorf("counted again, %v stand", x.Standing)
	}
}

// TestWaiting takes part where statements wait for each other: the page says so, and
// has no receipt, until enough have come.
func TestWaiting(t *testing.T) {
	t.Parallel()
	b := newBoxes(t)
	petition := b.open(leaf.Box{Type: leaf.Petition, Takes: leaf.TakesSign, MinBatch: 3})
	sign := func(p *Page, button, shown string) string {
		p.Goto(petition + "/take")
		p.HasText("Here statements wait until 3 people have come")
		p.ClickRole("button", button)
		p.HasText("Thank you. It is not in the record yet.")
		p.HasText("It is counted within a quarter of an hour.")
		p.HasNoText("Thank you. It is in the record.")
		p.HasNoText("receipt")
		p.sound(t)
		return p.Text(shown)
	}
	p := Browser(t, PageOptions{Base: b.url, Width: 320, Height: 640})
	code := sign(p, "Sign", "#done-code")
	p.Goto(petition + "/mine")
	p.Fill("Your code", code)
	p.ClickRole("button", "Go on")
	p.HasText("it may wait for others: look again in a quarter of an hour")
	sign(Browser(t, PageOptions{Base: b.url, NoScript: true, Width: 320, Height: 640}), "Sign: let this server do it", "#code")
	if x := b.counted(petition); x.Counted != 0 || x.Issued != 2 {
		t.Errorf("counted again: %+v", x)
	}
	b.signs(petition)
	if !until(func() bool { return b.counted(petition).Counted == 3 }) {
		t.Errorf("counted again: %+v", b.counted(petition))
	}
	p.ClickRole("button", "Go on")
	p.HasText("It is counted.")
	p.receipt(t, "#mine-said")
	p.Check("Take it back", true)
	p.Fill("Your code", code)
	p.ClickRole("button", "Go on")
	p.HasText("It waits for others")
	p.HasNoText("Save the receipt")
	p.NoErrors(t)
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
