package e2e

import (
	"context"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"convoke/internal/notify/notifytest"
)

// TestFirstEvent is journey 3 for somebody who begins with nothing but an address
// of e-mail: an account by mail, a group, and its first event from a template,
// looked at before it is public.
func TestFirstEvent(t *testing.T) {
	t.Parallel()
	for _, way := range []struct {
		name     string
		noScript bool
		width    int64
		postgres bool
	}{{"noscript", true, 320, false}, {"script", false, 390, false}, {"postgres", false, 1280, true}} {
		t.Run(way.name, func(t *testing.T) {
			t.Parallel()
			mail := notifytest.Sink(t)
			s := Server(t, ServerOptions{Postgres: way.postgres, Env: []string{
				"CONVOKE_SMTP_URL=" + mail.URL(), "CONVOKE_MAIL_FROM=node@example.org", "CONVOKE_REGISTRATION=email",
			}})
			setUp(t, s)
			p := Browser(t, PageOptions{Base: s.URL, NoScript: way.noScript, Width: way.width, Height: 700})
			joinByMail(t, p, mail)
			event := firstEvent(t, p, way.name)
			prepare(t, p, event)
			previewChange(t, p, event)
			p.NoErrors(t)
			p.NoThirdParty(t)
			signInByMail(t, s, mail, way.noScript)
		})
	}
}

const sashasAddress = "sasha@example.org"

// joinByMail asks for an account, opens the mailed link, and chooses a handle.
func joinByMail(t *testing.T, p *Page, mail *notifytest.Server) {
	t.Helper()
	p.Goto("/groups/new") // which needs an account
	p.ClickRole("link", "Sign in or make an account by e-mail")
	p.sound(t)
	p.Fill("E-mail address", sashasAddress)
	p.ClickRole("button", "Send me a link")
	p.HasRole("heading", "Look into your mailbox")
	p.sound(t)
	link, _ := lastMail(t, mail, 1)
	p.Goto(link)
	p.sound(t)
	p.Fill("Choose a handle", "sasha")
	p.ClickRole("button", "Make an account")
	p.hasStatus(t, 200)
	p.writeDown(t)
	p.sound(t)
}

var (
	mailedLink = regexp.MustCompile(`https?://\S+/mail/\S+`)
	mailedCode = regexp.MustCompile(`\b\d{4} \d{4}\b`)
)

// lastMail waits for the n-th message and gives its link and its code.
func lastMail(t *testing.T, mail *notifytest.Server, n int) (link, code string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), Patience)
	defer cancel()
	all, err := mail.Wait(ctx, n)
	if err != nil {
		t.Fatalf("%d messages came, want %d: %v", len(all), n, err)
	}
	text := all[n-1].Text
	link, code = mailedLink.FindString(text), mailedCode.FindString(text)
	if link == "" || code == "" || !strings.Contains(strings.Join(all[n-1].To, " "), sashasAddress) {
		t.Fatalf("to %v came\n%s", all[n-1].To, text)
	}
	return link, code
}

// firstEvent goes from "start a group" to a public event, and gives its path. At
// most four screens want something, and it is a matter of minutes.
func firstEvent(t *testing.T, p *Page, name string) string {
	t.Helper()
	began := time.Now()
	screens := 0
	screen := func() {
		t.Helper()
		p.hasStatus(t, 200)
		screens++
	}
	p.Goto("/groups/new")
	screen()
	p.Fill("Name", "Canal Street Garden")
	p.Fill("Handle", "canal-street")
	p.Fill("Town (optional)", "Leipzig")
	p.ClickRole("button", "Start the group")
	screen()
	p.Screenshot("templates-group-" + name)
	p.sound(t)
	p.ClickRole("link", "March")
	screen()
	p.Screenshot("templates-form-" + name)
	p.sound(t)
	p.fillMarch(t)
	p.ClickRole("button", "Preview")
	screen()
	if screens > 4 {
		t.Errorf("one sees %d screens before the event is public", screens)
	}
	p.Screenshot("templates-preview-" + name)
	p.looksLikePreview(t)
	p.editFurther(t)
	p.ClickRole("button", "Publish")
	p.hasStatus(t, 200)
	p.HasRole("heading", "Walk for the canal")
	for _, want := range []string{"Bridge of the canal", "2:00 PM", "Where we gather: At the fountain", "Steps and slopes on the route: None", "40 places are left.", "March"} {
		p.HasText(want)
	}
	p.HasNoText("Nothing is saved yet")
	p.sound(t)
	if took := time.Since(began); took > 5*time.Minute {
		t.Errorf("from a group to an event it takes %v", took)
	}
	event := p.place()
	q := Browser(t, PageOptions{Base: p.o.Base, NoScript: true})
	q.comesBack(t, "/events", "Walk for the canal")
	if !p.o.NoScript {
		p.Goto("/groups/canal-street/events/new?template=march")
		if got := p.Value("Title"); got != "" {
			t.Errorf("the draft of a published event is still there: %q", got)
		}
	}
	return event
}

func (p *Page) fillMarch(t *testing.T) {
	t.Helper()
	about := p.Text("#description")
	if p.Value("Kind") != "March" || !strings.Contains(about, "**Where we gather:** …") {
		t.Errorf("the template says %q and %q", p.Value("Kind"), about)
	}
	p.Fill("Title", "Walk for the canal")
	p.Fill("What it is about (optional)", "We walk **slowly**.\n\n- **Where we gather:** At the fountain\n- **Route and length:** …")
	p.Fill("Day", time.Now().AddDate(0, 1, 0).Format(time.DateOnly))
	p.Fill("Starts (optional)", "14:00")
	p.Fill("Place (optional)", "Bridge of the canal")
	p.Fill("More about access (optional)", "Steps and slopes on the route: None")
	p.Check("Step-free", true)
	p.Fill("How many people fit (optional)", "many")
	p.ClickRole("button", "Preview")
	p.hasStatus(t, 422) // what is wrong comes before a preview
	p.refused(t, "How many people fit (optional)")
	p.Fill("How many people fit (optional)", "40")
}

func (p *Page) looksLikePreview(t *testing.T) {
	t.Helper()
	p.HasRole("heading", "Walk for the canal")
	for _, want := range []string{
		"Nothing is saved yet.", "Lines that still end with … in “What it is about”", "Where we gather: At the fountain",
		"2:00 PM–4:00 PM", "Bridge of the canal", "Step-free", "40 places are left.", "Organized by Canal Street Garden",
	} {
		p.HasText(want)
	}
	p.has(t, 1, "main img") // the map
	p.sound(t)
	q := Browser(t, PageOptions{Base: p.o.Base, NoScript: true})
	q.Goto("/events")
	q.HasNoText("Walk for the canal")
}

// editFurther goes back to the form, where everything is as it was typed, and to
// the preview again.
func (p *Page) editFurther(t *testing.T) {
	t.Helper()
	p.ClickRole("button", "Go on editing")
	p.hasStatus(t, 200)
	p.sound(t)
	for label, want := range map[string]string{
		"Title": "Walk for the canal", "Place (optional)": "Bridge of the canal", "How many people fit (optional)": "40",
		"More about access (optional)": "Steps and slopes on the route: None", "Kind": "March",
	} {
		if got := p.Value(label); got != want {
			t.Errorf("%s holds %q, want %q", label, got, want)
		}
	}
	if got := p.Text("#description"); !strings.HasSuffix(got, "Route and length:** …") || !p.Checked("Step-free") {
		t.Errorf("the description is %q", got)
	}
	p.ClickRole("button", "Preview")
	p.hasStatus(t, 200)
	p.HasText("Nothing is saved yet.")
}

// prepare fills in how to prepare from the same template.
func prepare(t *testing.T, p *Page, event string) {
	t.Helper()
	p.Goto(event + "/programme")
	p.ClickRole("link", "March")
	p.hasStatus(t, 200)
	p.sound(t)
	if got := p.Value("Marshals"); got != "6" {
		t.Errorf("%q marshals", got)
	}
	p.Fill("Marshals", "4")
	p.ClickRole("button", "Save")
	p.HasText("Saved.")
	p.HasNoText("Begin with a template")
	p.Goto(event)
	p.HasText("Comfortable shoes")
	p.HasText("Marshals: 4 needed")
	p.sound(t)
}

// previewChange looks at another time before it is saved.
func previewChange(t *testing.T, p *Page, event string) {
	t.Helper()
	p.Goto(event + "/edit")
	p.Fill("Starts (optional)", "15:00")
	p.Fill("Ends (optional)", "17:00")
	p.ClickRole("button", "Preview")
	p.hasStatus(t, 200)
	for _, want := range []string{"This event was moved.", "3:00 PM–5:00 PM", "Comfortable shoes"} {
		p.HasText(want)
	}
	p.sound(t)
	q := Browser(t, PageOptions{Base: p.o.Base, NoScript: true})
	q.Goto(event)
	q.HasNoText("This event was moved.")
	p.ClickRole("button", "Save")
	p.hasStatus(t, 200)
	if p.place() != event {
		t.Errorf("saving leads to %s", p.Path())
	}
	p.HasText("This event was moved.")
}

// signInByMail signs in in another browser with the code; opening the link alone
// signs nobody in, and after one use both are over.
func signInByMail(t *testing.T, s *Instance, mail *notifytest.Server, noScript bool) {
	t.Helper()
	p := Browser(t, PageOptions{Base: s.URL, NoScript: noScript, Width: 320, Height: 640})
	p.Goto("/sign-in/mail?next=" + url.QueryEscape("/groups/canal-street"))
	p.Fill("E-mail address", sashasAddress)
	p.ClickRole("button", "Send me a link")
	p.HasRole("heading", "Look into your mailbox")
	link, code := lastMail(t, mail, 2)

	q := Browser(t, PageOptions{Base: s.URL, NoScript: noScript})
	q.Goto(link)
	q.HasRole("heading", "Sign in as sasha")
	q.sound(t)
	q.Goto("/")
	q.HasRole("link", "Sign in") // a look is no sign-in

	p.Fill("Code", "0000 0000")
	p.ClickRole("button", "Go on")
	p.hasStatus(t, 422)
	p.refused(t, "Code")
	p.sound(t)
	p.Fill("Code", code)
	p.ClickRole("button", "Go on")
	p.HasRole("heading", "Sign in as sasha")
	p.sound(t)
	p.ClickRole("button", "Sign in")
	p.hasStatus(t, 200)
	p.HasText("Your role here: Steward")
	if p.Path() != "/groups/canal-street" {
		t.Errorf("signing in leads to %s", p.Path())
	}
	q.Goto(link)
	q.hasStatus(t, 410)
	q.HasRole("heading", "This link does not work any more")
	p.NoErrors(t)
}
