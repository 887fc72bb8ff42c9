package events_test

import (
	"net/url"
	"regexp"
	"strings"
	"testing"

	"convoke/internal/feature/events"
	"convoke/internal/web/webtest"
)

func (p *pagesOf) olga() *webtest.Browser { return webtest.NewBrowser(p.t, p.site).WithSession("olga") }

// hidden are the fields of a page's first form that nobody types.
func hidden(a webtest.Answer, more ...string) []string {
	for _, n := range a.All("main form input[type=hidden]") {
		more = append(more, webtest.Attr(n, "name"), webtest.Attr(n, "value"))
	}
	return more
}

// ticked are the days that a page offers and has ticked.
func ticked(a webtest.Answer) (out []string) {
	for _, n := range a.All("#date input") {
		if strings.Contains(webtest.Attr(n, "type"), "checkbox") {
			out = append(out, webtest.Attr(n, "value"))
		}
	}
	return out
}

func TestRepeatWithPreview(t *testing.T) {
	t.Parallel()
	p := newPages(t)
	in := tuesday()
	in.StartDate, in.StartTime, in.EndTime = "2026-10-11", "02:30", "04:00" // a Sunday night; the clocks go back on the 25th
	e := string(p.make(t, in))
	b, path := p.olga(), "/events/"+e+"/repeat"
	a := b.Get(path).Want(t, 200, "")
	if a.Attr("#weekday input[value=SU]", "checked") != "" || len(a.All("#date")) != 0 || !strings.Contains(a.Text("main"), "Berlin") {
		t.Errorf("the form: %s", a.Text("main"))
	}
	rule := []string{"every", "1", "unit", "week", "weekday", "SU", "monthly", "day", "end", "times", "times", "4", "until", ""}
	shown := b.Post(path, hidden(a, append(rule, "step", "show")...)...).Want(t, 200, "")
	if got := strings.Join(ticked(shown), " "); got != "2026-10-18 2026-10-25 2026-11-01" {
		t.Fatalf("the dates: %s", got)
	}
	for _, want := range []string{"Every Sunday, 4 times", "Sunday, October 18, 2026, 2:30 AM–4:00 AM", "The clocks go back: 2:30 AM comes twice on that day; the first is meant."} {
		if !strings.Contains(shown.Text("main"), want) {
			t.Errorf("the preview does not say %q: %s", want, shown.Text("main"))
		}
	}
	if n := len(p.all(t)); n != 1 {
		t.Fatalf("looking made %d events", n)
	}
	keep := append(hidden(shown, rule...), "date", "2026-10-25", "step", "save")
	other := append([]string{}, keep...)
	other[11] = "5" // another rule than that of the preview
	again := b.Post(path, other...).Want(t, 422, "")
	if got := strings.Join(ticked(again), " "); got != "2026-10-18 2026-10-25 2026-11-01 2026-11-08" || !strings.Contains(again.Text(".error-summary"), "changed since you saw them") {
		t.Errorf("another rule: %s, %s", got, again.Text(".error-summary"))
	}
	if a := b.Post(path, append(hidden(shown, rule...), "step", "save")...).Want(t, 422, ""); !strings.Contains(a.Text("#date-error"), "at least one") {
		t.Errorf("all unticked: %s", a.Text("main"))
	}
	for range 2 { // and sent again
		b.Post(path, keep...).Want(t, 303, "/events/"+e+"/dates?saved=repeat")
	}
	p.want(t, none, "1011 02:30, 1025 02:30")
	page := p.get("/events/" + e).Body.String()
	if !regexp.MustCompile(`Every Sunday.*Oct 25, 2026`).MatchString(strings.ReplaceAll(page, "\n", " ")) || !strings.Contains(page, "/events/"+e+"/dates") {
		t.Error("the event's page does not tell of its series")
	}
	all := webtest.NewBrowser(t, p.site).Get("/events/"+e+"/dates").Want(t, 200, "")
	if len(all.All("article.event")) != 2 || !strings.Contains(all.Text("main"), "Every Sunday, 4 times") {
		t.Errorf("all dates: %s", all.Text("main"))
	}
}

func TestRepeatWithoutPreview(t *testing.T) {
	t.Parallel()
	p := newPages(t)
	e := string(p.make(t, tuesday()))
	b, path := p.olga(), "/events/"+e+"/repeat"
	a := b.Get(path).Want(t, 200, "")
	b.Post(path, hidden(a, "every", "2", "unit", "week", "end", "until", "until", "2026-06-30", "step", "save")...).Want(t, 303, "/events/"+e+"/dates?saved=repeat")
	p.want(t, none, "0505 18:00, 0519 18:00, 0602 18:00, 0616 18:00, 0630 18:00")
	// The form of an event that repeats shows how, and what a new rule would call off.
	a = b.Get(path).Want(t, 200, "")
	if a.Attr("#every", "value") != "2" || a.Attr("#until", "value") != "2026-06-30" || !strings.Contains(a.Text("main"), "Every 2 weeks: Tuesday, until Jun 30, 2026") {
		t.Errorf("the form: %s", a.Text("main"))
	}
	a = b.Post(path, hidden(a, "every", "4", "unit", "week", "end", "never", "step", "show")...).Want(t, 200, "")
	if !strings.Contains(a.Text("main .warn"), "Tuesday, May 19, 2026") || !strings.Contains(a.Text("#date"), "There already.") {
		t.Errorf("the preview: %s", a.Text("main"))
	}
}

func TestRepeatFormRefuses(t *testing.T) {
	t.Parallel()
	p := newPages(t)
	e := string(p.make(t, tuesday()))
	b, path := p.olga(), "/events/"+e+"/repeat"
	form := hidden(b.Get(path))
	for _, step := range []string{"show", "save"} {
		a := b.Post(path, append([]string{"every", "many", "unit", "week", "end", "times", "times", "<b>", "step", step}, form...)...).Want(t, 422, "")
		if a.Attr("#every", "value") != "many" || a.Attr("#times", "value") != "<b>" || a.Text("#every-error") == "" || a.Text("#times-error") == "" {
			t.Errorf("%s: what was typed, or what is wrong with it, is not there: %s", step, a.Text("main"))
		}
		if n := len(a.All(".error-summary li")); n != 2 {
			t.Errorf("%s: %d messages", step, n)
		}
	}
	b.Post(path, "every", "1", "unit", "week", "step", "save").Want(t, 400, "")
	b.Post(path, "key", "../../etc", "unit", "week", "step", "save").Want(t, 400, "")
	b.Get("/events/"+e+"/dates").Want(t, 404, "")
	b.Post(path+"/end", "end_scope", "all").Want(t, 400, "")
	b.Post(path+"/end", "end_scope", "all", "version", "1").Want(t, 404, "")
	webtest.NewBrowser(t, p.site).WithSession("otto").Get(path).Want(t, 403, "")
	if n := len(p.all(t)); n != 1 {
		t.Errorf("%d events", n)
	}
}

// The edit page of a date asks which dates the change is for.
func TestEditSeveralDates(t *testing.T) {
	t.Parallel()
	p := newPages(t)
	first := p.make(t, tuesday())
	b := p.olga()
	edit := "/events/" + string(first) + "/edit"
	if len(b.Get(edit).All("#scope")) != 0 {
		t.Error("an event that does not repeat asks for dates")
	}
	p.repeat(t, first, "k1", everyWeek(3))
	a := b.Get(edit).Want(t, 200, "")
	post := func(status int, location, title, scope string) webtest.Answer {
		t.Helper()
		in := tuesday()
		in.Title = title
		v := url.Values{
			"title": {in.Title}, "description": {in.Description}, "kind": {string(in.Kind)}, "state": {"confirmed"}, "start_date": {in.StartDate},
			"start_time": {in.StartTime}, "end_time": {in.EndTime}, "near": {in.Near}, "place": {in.Place}, "capacity": {in.Capacity}, "scope": {scope},
		}
		pairs := hidden(a)
		for k, vs := range v {
			pairs = append(pairs, k, vs[0])
		}
		return b.Post(edit, pairs...).Want(t, status, location)
	}
	post(422, "", "Open circle", "everything")
	p.want(t, title, "0505 18:00 assembly, 0512 18:00 assembly, 0519 18:00 assembly")
	post(303, "/events/"+string(first)+"/dates?saved=1&n=3&kept=0", "Open circle", "all")
	p.want(t, title, "0505 18:00 circle, 0512 18:00 circle, 0519 18:00 circle")
	done := b.Get("/events/"+string(first)+"/dates?saved=1&n=3&kept=1").Want(t, 200, "")
	if !strings.Contains(done.Text(".flash"), "3 dates were changed. 1 date was changed on its own before") {
		t.Errorf("what was done: %s", done.Text(".flash"))
	}
	if a := post(422, "", "Open table", "all"); a.Attr("#title", "value") != "Open table" {
		t.Error("what was typed is lost when somebody else has saved")
	}
	a = b.Get(edit)
	post(303, "/events/"+string(first)+"?saved=1", "Open table", "only")
	p.want(t, title, "0505 18:00 table, 0512 18:00 circle, 0519 18:00 circle")
}

// Whoever may not see drafts does not see them among the dates, and a change of
// one date shows on the pages of the others at once.
func TestDatesOnPages(t *testing.T) {
	t.Parallel()
	p := newPages(t)
	in := tuesday()
	in.State = events.Draft
	first := p.make(t, in)
	p.repeat(t, first, "k1", everyWeek(3))
	all := p.all(t)
	if err := p.Update(t.Context(), olga, first, 0, tuesday()); err != nil {
		t.Fatal(err)
	}
	visitor := webtest.NewBrowser(t, p.site)
	path := "/events/" + string(first)
	if a := visitor.Get(path).Want(t, 200, ""); strings.Contains(a.Text("dl.facts"), "May 12") {
		t.Error("a visitor sees a draft's date")
	}
	if n := len(visitor.Get(path + "/dates").All("article.event")); n != 1 {
		t.Errorf("a visitor sees %d dates", n)
	}
	if n := len(p.olga().Get(path + "/dates").All("article.event")); n != 3 {
		t.Errorf("an organizer sees %d dates", n)
	}
	visitor.Get("/events/"+string(all[1].ID)+"/dates").Want(t, 404, "")
	in.State, in.StartDate = events.Confirmed, "2026-05-13"
	if err := p.Update(t.Context(), olga, all[1].ID, 0, in); err != nil {
		t.Fatal(err)
	}
	if a := visitor.Get(path).Want(t, 200, ""); !strings.Contains(a.Text("dl.facts"), "May 13, 2026") {
		t.Errorf("the page of another date is out of date: %s", a.Text("dl.facts"))
	}
	form := p.olga().Get(path+"/repeat").Want(t, 200, "")
	version := form.Attr("input[name=version]", "value")
	p.olga().Post(path+"/repeat/end", "version", version).Want(t, 422, "")
	p.olga().Post(path+"/repeat/end", "version", version, "end_scope", "later").Want(t, 303, path+"/dates?saved=end&n=3")
	p.want(t, state, "0505 18:00 cancelled, 0513 18:00 cancelled")
}
