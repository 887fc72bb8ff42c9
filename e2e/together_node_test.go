package e2e

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"convoke/internal/app"
	"convoke/internal/clock"
	"convoke/internal/config"
	"convoke/internal/notify/notifytest"
)

// jumping is the machine's clock, set back at first and put forward by the test: time
// passes as it does for people, and weeks pass at once.
type jumping struct{ ahead atomic.Int64 }

// Now implements [clock.Clock].
func (j *jumping) Now() time.Time {
	return clock.System{}.Now().Add(time.Duration(j.ahead.Load()))
}

func (j *jumping) jump(d time.Duration) { j.ahead.Add(int64(d)) }

// together is a node with a clock that jumps, which serves and does its jobs as
// convoke serve does, and those who act together on it.
type together struct {
	*testing.T
	o        PageOptions
	clock    *jumping
	mail     *notifytest.Server
	setUp    string
	robin    *Page // of the garden, and the operator
	kim      *Page // of the hill
	ana      *Page // of the hill, its first delegate
	noor     *Page // of the harbour
	visitor  *Page
	petition string
}

// newTogether starts the node, three weeks ago.
func newTogether(t *testing.T, noScript bool, width int64, o ServerOptions) *together {
	t.Helper()
	addr, err := freeAddress()
	if err != nil {
		t.Fatal(err)
	}
	return newTogetherAt(t, addr, PageOptions{Base: "http://" + addr, NoScript: noScript, Width: width, Height: 700}, o, func(*app.Node) {})
}

// newTogetherAt starts the node at an address of this machine for people who find it at
// another one; ready is called before it serves.
func newTogetherAt(t *testing.T, addr string, people PageOptions, o ServerOptions, ready func(*app.Node)) *together {
	t.Helper()
	x := &together{T: t, o: people, clock: &jumping{}, mail: notifytest.Sink(t)}
	x.clock.jump(-21 * 24 * time.Hour)
	o = o.withDatabases(t)
	o.Data = t.TempDir()
	o.Env = append(slices.Clone(o.Env), "CONVOKE_SMTP_URL="+x.mail.URL(), "CONVOKE_MAIL_FROM=node@example.org", "CONVOKE_REGISTRATION=email")
	cfg, err := config.Load(config.Source{Flags: map[string]string{"data": o.Data, "listen": addr, "base-url": x.o.Base}, Environ: o.Env})
	if err != nil {
		t.Fatal(err)
	}
	log := newLines()
	n, err := app.Open(t.Context(), cfg, slog.New(slog.NewTextHandler(writer{log}, nil)), app.Options{Clock: x.clock, Create: true, Migrate: true})
	if err != nil {
		t.Fatal(err)
	}
	ready(n)
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan struct{})
	var ended error
	go func() {
		defer close(done)
		ended = n.Serve(ctx, writer{log}, writer{log})
	}()
	t.Cleanup(func() {
		stop()
		<-done
		if err := errors.Join(ended, n.Close()); err != nil {
			t.Errorf("convoke ended badly: %v", err)
		}
		if t.Failed() {
			t.Log(log.String())
		}
	})
	line, ok := log.wait(setup, done, time.After(Patience))
	if !ok {
		t.Fatalf("convoke wrote no set-up link\n%s", log.String())
	}
	if _, ok = log.wait(regexp.MustCompile("Convoke answers at"), done, time.After(Patience)); !ok {
		t.Fatalf("convoke does not answer\n%s", log.String())
	}
	x.setUp = setup.FindString(line)
	return x
}

// writer adds what is written to it, line by line.
type writer struct{ to *lines }

func (w writer) Write(b []byte) (int, error) {
	for line := range strings.Lines(string(b)) {
		w.to.add(strings.TrimRight(line, "\n"))
	}
	return len(b), nil
}

var _ io.Writer = writer{}

// day is a day so many days from now, as forms take it.
func (x *together) day(ahead int) string {
	return x.clock.Now().AddDate(0, 0, ahead).Format(time.DateOnly)
}

// follow presses one link after the other, and looks at each page that it leads to.
func (x *together) follow(p *Page, links ...string) {
	x.Helper()
	for _, name := range links {
		p.ClickRole("link", name)
		p.hasStatus(x.T, 200)
		p.sound(x.T)
	}
}

// press presses a button, which is taken, and looks at the page that it leads to.
func (x *together) press(p *Page, button string) {
	x.Helper()
	p.ClickRole("button", button)
	p.hasStatus(x.T, 200)
	p.sound(x.T)
}

// says waits until the page says all of this, asked for again and again: pages are
// rendered ahead, and jobs take their time.
func (x *together) says(p *Page, texts ...string) {
	x.Helper()
	body, missing, asked := "", 0, false
	all := func() bool {
		if asked {
			p.Reload()
		}
		body, asked = p.body(), true
		missing = slices.IndexFunc(texts, func(s string) bool { return !strings.Contains(body, fold(s)) })
		return missing < 0
	}
	if !until(all) && !until(all) { // a jobs' queue has more patience than a page
		x.Fatalf("%s does not say %q; it says:\n%s", p.URL(), texts[missing], body)
	}
	p.sound(x.T)
}

// shot saves a picture of a page.
func (x *together) shot(p *Page, name string) {
	x.Helper()
	p.Screenshot("together-" + name)
}

// fillAt fills the n-th field with a label, of those that are named alike in several
// groups of a form.
func (p *Page) fillAt(label string, n int, value string) {
	p.t.Helper()
	c := p.at(label, n)
	tag, attrs := p.element(c.Node)
	var err error
	if tag == "INPUT" && attribute(attrs, "type") == "date" {
		if err = p.focus(c.Node); err == nil {
			err = p.setAttribute(c.Node, "value", value)
		}
	} else {
		err = p.retype(c.Node, value)
	}
	if err != nil {
		p.t.Fatalf("fill %v on %s: %v", c, p.URL(), err)
	}
}

// openAt opens one of several parts of a form that are named alike.
func (p *Page) openAt(label string, n int) {
	p.t.Helper()
	c := p.at(label, n)
	if err := p.click(c.Node); err != nil {
		p.t.Fatalf("open %v on %s: %v", c, p.URL(), err)
	}
}

// at is the n-th control with a label, counted from 0; -1 is the last.
func (p *Page) at(label string, n int) Control {
	p.t.Helper()
	var all []Control
	ok := until(func() bool {
		all = slices.DeleteFunc(p.Controls(), func(c Control) bool {
			return c.Name != fold(label) || slices.Contains([]string{"StaticText", "LabelText", "InlineTextBox"}, c.Role)
		})
		return len(all) > max(n, 0)
	})
	if !ok {
		p.t.Fatalf("%s has %d fields %q; it has %v", p.URL(), len(all), label, p.Controls())
	}
	if n < 0 {
		n += len(all)
	}
	return all[n]
}

// joins makes an account by mail.
func (x *together) joins(handle string) *Page {
	x.Helper()
	p := Browser(x.T, x.o)
	p.Goto("/")
	x.follow(p, "Sign in", "Sign in or make an account by e-mail")
	p.Fill("E-mail address", handle+"@example.org")
	x.press(p, "Send me a link")
	p.Goto(x.mailed(handle, mailedLink))
	p.Fill("Choose a handle", handle)
	x.press(p, "Make an account")
	p.writeDown(x.T)
	return p
}

// mailed waits for a message to somebody with a text like that, and gives the text.
func (x *together) mailed(handle string, like *regexp.Regexp) string {
	x.Helper()
	ctx, cancel := context.WithTimeout(x.Context(), 2*Patience)
	defer cancel()
	for n := 0; ; n++ {
		all, err := x.mail.Wait(ctx, n)
		for _, m := range all {
			if found := like.FindString(m.Subject + "\n" + m.Text); found != "" && slices.Contains(m.To, handle+"@example.org") {
				return found
			}
		}
		if err != nil {
			x.Fatalf("nothing like %v came for %s, but %+v", like, handle, all)
		}
		n = max(n, len(all))
	}
}

// recounted counts the record of the node again, with both programs, which say what the
// pages said.
func (x *together) recounted() {
	x.Helper()
	bin, err := binary()
	if err != nil {
		x.Fatal(err)
	}
	for _, tool := range [][]string{{bin, "verify", x.o.Base}, {"python3", "-I", "../contrib/verify/verify.py", x.o.Base}} {
		out, err := exec.CommandContext(x.Context(), tool[0], tool[1:]...).CombinedOutput()
		if err != nil {
			x.Errorf("%v: %v\n%s", tool, err, out)
		}
		for _, want := range []string{`method +schulze`, `option 5 +2\n`, `option 6 +1\n`, `order +option 5, option 6, `, `adopted +option 5\n`, `method +yesno`, `adopted +option 1\n`} {
			if !regexp.MustCompile(want).Match(out) {
				x.Errorf("%v does not say %s:\n%s", tool, want, out)
			}
		}
	}
}
