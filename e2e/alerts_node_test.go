package e2e

import (
	"context"
	"image"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"

	"convoke/internal/notify/notifytest"
)

// warned is a node with a network of alerts, and those who live there. Robin and kim are
// stewards of two groups; kim, ana and noor verify.
type warned struct {
	*together
	name  string // of the run, for pictures
	mine  string // address of a subscription
	alert string // address of the alert
}

func newWarned(t *testing.T, noScript bool, o ServerOptions) *warned {
	t.Helper()
	return &warned{together: newTogether(t, noScript, 320, o), name: t.Name()[strings.LastIndexByte(t.Name(), '/')+1:]}
}

// shot saves a picture of a page.
func (x *warned) shot(p *Page, name string) {
	x.Helper()
	p.Screenshot("alerts-" + x.name + "-" + name)
}

// local is the time on the clocks of the network.
func (x *warned) local() time.Time {
	x.Helper()
	z, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		x.Fatal(err)
	}
	return x.clock.Now().In(z)
}

// walks goes to a link or a button by Tab, presses Enter, and looks at the page to which
// that leads.
func (x *warned) walks(p *Page, role, name string) {
	x.Helper()
	want := p.role(role, name)
	for range 200 {
		p.Press("Tab")
		if c, ok := p.Focused(); ok && c.Node == want.Node {
			p.Press("Enter")
			p.hasStatus(x.T, 200)
			p.sound(x.T)
			return
		}
	}
	x.Fatalf("the keyboard does not reach %v on %s", want, p.URL())
}

// madeSure ticks, by keyboard, what a verifier has to have made sure of.
func (x *warned) madeSure(p *Page, firstHand bool) {
	x.Helper()
	for _, s := range []string{
		"I did not report it myself, nor did somebody for me.", "I know where it is, and since when.", "The fire brigade knows of it.",
	} {
		p.Check(s, true)
	}
	p.Check(oneSaw, firstHand)
}

// isSmall fails the test unless the picture on the page is no larger than it is shown.
func (x *warned) isSmall(p *Page) {
	x.Helper()
	all, err := ask(p, network.GetCookies, network.GetCookiesParams{URLs: []string{p.o.Base}})
	if err != nil || len(all.Cookies) != 1 {
		x.Fatalf("%v %v", all.Cookies, err)
	}
	a := fetch(x.T, p.absolute(p.Attr("main img", "src")), func(r *http.Request) {
		r.AddCookie(&http.Cookie{Name: all.Cookies[0].Name, Value: all.Cookies[0].Value})
	})
	m, _, err := image.DecodeConfig(strings.NewReader(a.body))
	if err != nil || m.Width != 640 {
		x.Errorf("%d: the picture is %d pixels wide (%v)", a.status, m.Width, err)
	}
}

// cell is the label of the first cell of the grid that a form offers.
func (p *Page) cell(t *testing.T) string {
	t.Helper()
	for _, c := range p.Controls("checkbox") {
		if strings.HasPrefix(c.Name, "The middle cell") {
			return c.Name
		}
	}
	t.Fatalf("%s offers no cell", p.URL())
	return ""
}

// told waits for a message to mira with that subject, which says this and how to leave.
func (x *warned) told(subject, says string) notifytest.Mail {
	x.Helper()
	ctx, cancel := context.WithTimeout(x.Context(), 2*Patience)
	defer cancel()
	for n := 0; ; n++ {
		all, err := x.mail.Wait(ctx, n)
		i := slices.IndexFunc(all, func(m notifytest.Mail) bool { return m.Subject == subject && slices.Contains(m.To, "mira@example.org") })
		if i >= 0 {
			if m := all[i]; !strings.Contains(fold(m.Text), says) || !strings.Contains(m.Text, x.mine) || !strings.HasPrefix(m.Header.Get("List-Unsubscribe"), "<"+x.mine) {
				x.Errorf("%s: %s", m.Header.Get("List-Unsubscribe"), m.Text)
			}
			return all[i]
		}
		if err != nil {
			x.Fatalf("%q did not come, but %+v", subject, all)
		}
		n = max(n, len(all))
	}
}
