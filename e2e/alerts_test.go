package e2e

import (
	"image"
	"image/color"
	"image/jpeg"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/css"
	"github.com/chromedp/cdproto/dom"
)

// TestAlerts is what a neighbourhood lives through that warns itself: two groups start a
// network, two people report smoke, verifiers check it and work their queue by keyboard on
// a phone, who subscribed hears of it, of what was wrong with it and of its end, then of a
// drill that looks unlike all that, and leaves with one click.
func TestAlerts(t *testing.T) {
	t.Parallel()
	run := func(name string, noScript bool, o ServerOptions) {
		t.Run(name, func(t *testing.T) {
			x := newWarned(t, noScript, o)
			x.meets()
			x.startsNetwork()
			x.draws()
			x.onCall()
			x.subscribes()
			x.reports()
			x.proposes()
			x.confirms()
			x.corrects()
			x.clears()
			x.drills()
			x.looksUp()
			x.leaves()
		})
	}
	run("noscript", true, ServerOptions{})
	run("script", false, ServerOptions{})
	run("postgres", true, ServerOptions{Postgres: true})
}

const (
	firePlace = "Fire and smoke, Leipzig, Germany"
	oneSaw    = "I have seen it with my own eyes"
)

// meets makes two groups: robin let noor into the one, kim let ana into the other.
func (x *warned) meets() {
	x.robin = Browser(x.T, x.o)
	x.robin.Goto(x.setUp)
	x.robin.answerSetUp(x.T)
	x.follow(x.robin, "I have written them down")
	x.startsGroup(x.robin, "Canal Street Garden", "canal-street")
	x.noor = x.letsIn(x.robin, "noor")
	x.kim = x.joins("kim")
	x.follow(x.kim, "I have written them down")
	x.startsGroup(x.kim, "Hill Gardeners", "hill")
	x.ana = x.letsIn(x.kim, "ana")
	x.visitor = Browser(x.T, x.o)
	x.visitor.Goto("/")
}

// letsIn invites somebody into the group on show, who makes an account and comes in.
func (x *warned) letsIn(p *Page, handle string) *Page {
	x.Helper()
	x.follow(p, "Invite")
	p.Check("Member Sees drafts.", true)
	x.press(p, "Make a link")
	link := p.Text("#link")
	q := x.joins(handle)
	q.Goto(link)
	x.press(q, "Join as "+handle)
	return q
}

// startsNetwork: one group starts a network, and the other one runs it, too.
func (x *warned) startsNetwork() {
	p := x.robin
	x.follow(p, "Alerts", "Networks", "Start a network")
	p.Select("Your group", "Canal Street Garden")
	p.Fill("Handle", "valley-alerts")
	p.Fill("Name", "Valley alerts")
	p.Fill("Which area does it watch?", "Nowhere at all; 6")
	p.Fill("Rules (optional)", "- One of us goes there and looks, if it is **safe**.\n- Nobody is named or described.")
	p.ClickRole("button", "Start the network")
	p.hasStatus(x.T, 422)
	p.sound(x.T)
	p.Fill("Which area does it watch?", "Leipzig, Germany; 6")
	x.shot(p, "network-new")
	x.press(p, "Start the network")
	p.ClickRole("DisclosureTriangle", "Groups that run it")
	p.Fill("Handle of a group to ask", "hill")
	x.press(p, "Ask it")
	x.follow(x.kim, "Alerts", "Networks", "Valley alerts")
	x.press(x.kim, "Yes, we run it, too")
	x.kim.HasText("Canal Street Garden, Hill Gardeners")
	x.shot(x.kim, "network")
}

// draws: a press on a square of the map leaves it out of the area, another one takes it in.
func (x *warned) draws() {
	p, squares := x.robin, regexp.MustCompile(`(\d+) in all`)
	x.follow(p, "Draw the area")
	x.shot(p, "area")
	all := func() (n int) {
		x.Helper()
		m := squares.FindStringSubmatch(p.Text(".lede"))
		if m == nil {
			x.Fatalf("no number of squares in %q", p.Text(".lede"))
		}
		n, _ = strconv.Atoi(m[1])
		return n
	}
	whole := all()
	for _, want := range []int{whole - 1, whole} {
		x.press(p, "Map of squares. With a keyboard, use the list below.")
		if got := all(); got != want {
			x.Errorf("%d squares after a press, want %d", got, want)
		}
	}
	x.follow(p, "West")
	x.follow(p, "Done")
}

// onCall: each group names verifiers, one of whom is on call now.
func (x *warned) onCall() {
	names := func(p *Page, handle string) {
		x.Helper()
		p.Fill("Handle", handle)
		x.press(p, "Make them a verifier")
	}
	x.follow(x.kim, "Verifiers and shifts")
	names(x.kim, "kim")
	names(x.kim, "ana")
	p := x.robin
	x.follow(p, "Verifiers and shifts")
	names(p, "noor")
	begins := x.local().Add(-time.Hour)
	p.Select("Who", "noor")
	p.Fill("Day", begins.Format(time.DateOnly))
	p.Fill("From", begins.Format("15:04"))
	p.Fill("Hours", "9")
	x.press(p, "Add the shift")
	p.HasText("noor " + begins.Format("Jan 2, 2006"))
	x.shot(p, "people")
	x.follow(x.visitor, "Alerts", "Networks", "Valley alerts")
	x.says(x.visitor, "somebody is on call")
	x.visitor.HasNoText("noor")
}

// subscribes: a visitor wants to hear by e-mail, confirms, and asks for quiet nights.
func (x *warned) subscribes() {
	v := x.visitor
	x.follow(v, "Be warned")
	v.HasRole("textbox", "Place") // which is what one chooses here
	v.ClickRole("button", "Send me the message to confirm")
	v.hasStatus(x.T, 422)
	v.sound(x.T)
	v.Fill("Place", "Leipzig, Germany")
	v.Check("Also drills: exercises that say that they are one", true)
	v.Fill("E-mail address", "mira@example.org")
	x.shot(v, "subscribe")
	x.press(v, "Send me the message to confirm")
	v.HasText("A message is on its way.")
	x.mine = x.mailed("mira", regexp.MustCompile(`https?://\S+/subscriptions/\S+`))
	v.Goto(x.mine)
	v.HasText("Shall this address get alerts near Leipzig, Germany?")
	x.press(v, "Yes, send me alerts")
	v.Fill("Quiet from (optional)", x.local().Add(-time.Hour).Format("15:04"))
	v.Fill("Quiet until (optional)", x.local().Add(90*time.Minute).Format("15:04"))
	x.press(v, "Save")
	v.HasText("This is what you hear of now.")
	x.shot(v, "subscription")
}

// reports: two people who have no account report the same; a number is refused, and of a
// picture the verifiers see a small one.
func (x *warned) reports() {
	v := x.visitor
	v.Goto("/alerts")
	v.HasText("No alert holds now.")
	x.follow(v, "Report something")
	v.Check("Fire and smoke", true)
	v.Fill("Where?", "51.3400, 12.3700")
	v.Select("When?", "15 minutes ago")
	v.Check("I saw it myself", true)
	v.Fill("What should verifiers know? (optional)", "Smoke in the stairwell, call 0341 123456")
	v.ClickRole("button", "Report it")
	v.hasStatus(x.T, 422)
	v.sound(x.T)
	v.Fill("What should verifiers know? (optional)", "Smoke in the stairwell on the north side.")
	v.choosePicture(x.T, "A picture (optional)")
	x.shot(v, "report")
	x.press(v, "Report it")
	v.HasText("It is with the verifiers of Valley alerts.")
	v.Fill("What is new?", "The fire brigade is there.")
	x.press(v, "Add this")
	x.shot(v, "held")
	q := Browser(x.T, x.o)
	q.Goto("/alerts/report")
	q.sound(x.T)
	q.Check("Fire and smoke", true)
	q.Fill("Where?", "51.3402, 12.3703")
	q.Check("I heard of it", true)
	x.press(q, "Report it")
	x.visitor.Goto("/alerts")
	x.visitor.HasText("No alert holds now.")
}

// proposes: a verifier finds both reports in one case, by keyboard alone, and writes the
// alert. It goes out neither by that nor by the word of who let her in.
func (x *warned) proposes() {
	p := x.ana
	x.follow(p, "Alerts")
	x.walks(p, "link", "To verify")
	p.HasText("2 reports")
	p.HasText("On call now: noor")
	x.shot(p, "queue")
	x.walks(p, "link", "Fire and smoke")
	for _, s := range []string{"Smoke in the stairwell on the north side.", "The fire brigade is there.", "51.3400, 12.3700", "Heard of"} {
		p.HasText(s)
	}
	x.isSmall(p)
	x.walks(p, "button", "I check this")
	p.HasText("Checked by ana")
	x.shot(p, "case")
	x.walks(p, "link", "It is so: prepare the alert")
	x.madeSure(p, true)
	x.shot(p, "send")
	x.walks(p, "button", "Propose it to a second verifier")
	p.HasText("Another verifier has to confirm it")
	x.follow(x.kim, "Alerts", "To verify", firePlace)
	x.madeSure(x.kim, true)
	x.kim.ClickRole("button", "Confirm, and send it now")
	x.kim.hasStatus(x.T, 422)
	x.kim.HasText("Somebody who came another way has to confirm it.")
	x.kim.sound(x.T)
}

// confirms: a verifier of another lineage reads it and confirms; everybody can read it, and
// it is urgent enough for quiet hours.
func (x *warned) confirms() {
	p := x.noor
	x.follow(p, "Alerts", "To verify")
	x.walks(p, "link", firePlace)
	p.HasText("At most so many people get it: fewer than ten")
	x.madeSure(p, false)
	x.shot(p, "confirm")
	x.walks(p, "button", "Confirm, and send it now")
	p.HasRole("heading", firePlace)
	x.alert = p.place()
	v := x.visitor
	x.follow(v, "Alerts")
	x.says(v, firePlace, "Stay away from there. Close windows and doors.")
	x.shot(v, "list")
	x.follow(v, firePlace)
	for _, s := range []string{"Source Two verifiers of the network Valley alerts confirm it; at least one saw it.", "What to do Stay away from there.", "valid until"} {
		v.HasText(s)
	}
	v.HasNoText("stairwell")
	x.shot(v, "alert")
	x.told(firePlace, "Stay away from there.")
}

// changes lets one verifier propose what follows an alert, and the other one confirm it.
func (x *warned) changes(kind, then string) {
	x.Helper()
	p := x.noor
	p.Goto(x.alert)
	x.walks(p, "link", "Update, correct or withdraw")
	p.HasText("How it went")
	p.HasText("Taken by the service")
	x.shot(p, "went-"+kind)
	p.Check(kind, true)
	x.madeSure(p, false)
	x.walks(p, "button", "Propose it to a second verifier")
	x.follow(x.ana, "Alerts", "To verify", then)
	x.madeSure(x.ana, false)
	x.press(x.ana, "Confirm, and send it now")
	x.ana.HasRole("heading", then)
}

// corrects: what was wrong is corrected as prominently as it was said, on the same pages
// and to the same person.
func (x *warned) corrects() {
	const title = "Correction: " + firePlace
	v := x.visitor
	x.follow(v, "Alerts")
	before := v.lettering(x.T, "article h3")
	x.clock.jump(20 * time.Minute)
	x.changes("Correction", title)
	x.follow(v, "Alerts")
	x.says(v, title)
	if after := v.lettering(x.T, "article h3"); after != before {
		x.Errorf("a correction is set in %s, and what it corrects was in %s", after, before)
	}
	x.shot(v, "list-corrected")
	x.follow(v, title)
	v.HasText("What we told you before was not right. This is what holds.")
	v.HasText("What was said before")
	x.shot(v, "alert-corrected")
	x.told(title, "What we told you before was not right.")
}

// clears: it is over, and who heard of it hears that.
func (x *warned) clears() {
	const title = "All clear: " + firePlace
	x.clock.jump(20 * time.Minute)
	x.changes("All clear", title)
	v := x.visitor
	x.follow(v, "Alerts")
	x.says(v, "No alert holds now.", title)
	x.shot(v, "list-clear")
	x.follow(v, title)
	v.HasText("It is over. There is nothing more to do.")
	x.shot(v, "alert-clear")
	x.told(title, "It is over.")
}

// drills: a drill has an address, a border and words of its own, stands in no list, and
// reaches who asked for drills.
func (x *warned) drills() {
	const title = "DRILL. " + firePlace
	x.clock.jump(2 * time.Hour) // out of the quiet hours, in which a drill waits
	p := x.ana
	x.follow(p, "Alerts", "To verify", "Hold a drill")
	p.HasText("This is a drill.")
	p.Select("What is tried out", "Fire and smoke")
	p.Check(p.cell(x.T), true)
	x.shot(p, "drill-new")
	x.press(p, "Propose it to a second verifier")
	x.follow(x.noor, "Alerts", "To verify", title)
	x.press(x.noor, "Confirm, and send it now")
	v := x.visitor
	v.Goto(strings.TrimPrefix(x.noor.URL(), x.o.Base))
	v.sound(x.T)
	v.HasRole("heading", title)
	if !strings.HasPrefix(v.place(), "/alerts/drills/") || v.Count("main .drill") == 0 {
		x.Errorf("%s looks like an alert", v.URL())
	}
	v.HasText("Nothing has happened, and there is nothing to do.")
	x.shot(v, "drill")
	x.follow(v, "Alerts")
	v.HasNoText("DRILL")
	x.told(title, "This is a drill.")
}

// looksUp: by a link that comes to their address somebody sees all that is sent there.
func (x *warned) looksUp() {
	v := x.visitor
	v.Goto("/about")
	x.follow(v, "All that we send you")
	v.Fill("E-mail address", "mira")
	v.ClickRole("button", "Send me the link")
	v.hasStatus(x.T, 422)
	v.sound(x.T)
	x.shot(v, "mailings-ask")
	v.Fill("E-mail address", "mira@example.org")
	x.press(v, "Send me the link")
	v.HasText("If this server sends anything to that address, a message with a link is on its way.")
	v.Goto(x.mailed("mira", regexp.MustCompile(`https?://\S+/mailings/\S+`)))
	v.HasText("To mira@example.org.")
	v.HasRole("button", "End it Leipzig, Germany")
	v.sound(x.T)
	x.shot(v, "mailings")
}

// leaves: a mail program leaves with one click, and the page says that nothing is left.
func (x *warned) leaves() {
	leave := strings.Trim(x.told("DRILL. "+firePlace, "").Header.Get("List-Unsubscribe"), "<>")
	v := x.visitor
	v.Goto(x.mine)
	v.HasRole("button", "Leave, and delete my address")
	if a := post(x.T, leave, url.Values{"List-Unsubscribe": {"One-Click"}}); a.status != 200 {
		x.Errorf("%s answers %d", leave, a.status)
	}
	v.Goto(x.mine)
	v.hasStatus(x.T, 404)
	v.sound(x.T)
}

// choosePicture gives a form a large photograph.
func (p *Page) choosePicture(t *testing.T, label string) {
	t.Helper()
	m := image.NewRGBA(image.Rect(0, 0, 1600, 1200))
	for y := range 1200 {
		for x := range 1600 {
			m.SetRGBA(x, y, color.RGBA{uint8(x / 8), uint8(y / 6), uint8(120 + (x*y)%60), 255})
		}
	}
	name := filepath.Join(t.TempDir(), "photo.jpg")
	f, err := os.Create(name)
	if err == nil {
		err = jpeg.Encode(f, m, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	c, _, _ := p.field(label, "INPUT")
	if _, err := ask(p, dom.SetFileInputFiles, dom.SetFileInputFilesParams{Files: []string{name}, BackendNodeID: c.Node}); err != nil {
		t.Fatal(err)
	}
}

// lettering is how an element is set: what makes it prominent.
func (p *Page) lettering(t *testing.T, selector string) string {
	t.Helper()
	id, ok := p.query(selector)
	if !ok {
		t.Fatalf("%s has no %s", p.URL(), selector)
	}
	if err := p.do(command(dom.Enable, dom.EnableParams{}), command(css.Enable, cdp.Empty{})); err != nil {
		t.Fatal(err)
	}
	all, err := ask(p, css.GetComputedStyleForNode, css.GetComputedStyleForNodeParams{NodeID: id})
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, x := range all.ComputedStyle {
		if slices.Contains([]string{"color", "font-size", "font-weight", "opacity"}, x.Name) {
			out = append(out, x.Name+" "+x.Value)
		}
	}
	return strings.Join(out, ", ")
}
