package app_test

import (
	"strings"
	"testing"

	"convoke/internal/feature/events"
)

// Whoever signed up sees on their private page what was moved or postponed, from
// when to when and from where to where, and who helps when somebody is arrested.
func TestPrivatePageTellsMovesAndLegalHelp(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		b, sam := s.signIn("sam")
		g := s.group(sam, "riverside", "Riverside Neighbours")
		in := meeting("Open assembly", "2026-05-10")
		e := s.event(sam, g, in)
		path := "/events/" + string(e)
		v := s.visitor()
		form := v.Get(path + "/attend")
		key := form.Attr("input[name=key]", "value")
		private := path + "/attend/" + key
		v.Post(path+"/attend", "key", key, "party", "2").Want(t, 303, private+"?new=1")
		says := func(texts ...string) {
			t.Helper()
			page := v.Get(private).Want(t, 200, "")
			for _, want := range texts {
				if !strings.Contains(page.Text("main"), want) {
					t.Errorf("the private page does not say %q: %s", want, page.Text("main"))
				}
			}
		}
		says("Legal help: write the number here ____________")
		if got := v.Get(private).Text("main"); strings.Contains(got, "Old time") || strings.Contains(got, "was moved") {
			t.Errorf("nothing was moved: %s", got)
		}
		save := func(change func(*events.Input)) {
			t.Helper()
			change(&in)
			seq := b.Get(path+"/edit").Want(t, 200, "").Attr("main input[name=sequence]", "value")
			b.Post(path+"/edit", asForm(in, "sequence", seq)...).Want(t, 303, path+"?saved=1")
		}
		save(func(in *events.Input) { in.State, in.StartTime, in.Place = events.Moved, "19:30", "Town hall" })
		says("This event was moved.", "Old time: ", "7:30", "Old place: Leipzig. New place: Town hall, Leipzig.")
		save(func(in *events.Input) { in.State, in.StartDate = events.Postponed, "2026-05-17" })
		says("This event is postponed.", "Old time: ", "7:30")
		seq := b.Get(path+"/programme").Want(t, 200, "").Attr("main input[name=sequence]", "value")
		b.Post(path+"/programme", "sequence", seq, "legal_help", "Office 555 0100 <b>").Want(t, 303, path+"/programme?saved=1")
		says("Legal help: Office 555 0100 <b>")
		page := v.Get(private)
		if strings.Contains(page.Text(".pocket-card"), "____") || !strings.Contains(page.Text(".pocket-card"), "Town hall") {
			t.Errorf("the card says %q", page.Text(".pocket-card"))
		}
		save(func(in *events.Input) { in.State = events.Cancelled })
		if got := v.Get(private).Text("main"); !strings.Contains(got, "This event is cancelled.") || strings.Contains(got, "Old time") {
			t.Errorf("of a cancelled event it says %s", got)
		}
	})
}

// The calendar of the times that somebody chose tells it, too.
func TestCalendarOfTimesTellsMoves(t *testing.T) {
	t.Parallel()
	s := start(t, settings(t, ""))
	sam, _, ids := s.riverside()
	v, page := s.visitor(), "/events/"+string(ids["far"])+"/attend"
	form := v.Get(page)
	key := form.Attr("input[name=key]", "value")
	v.Post(page, "key", key, "party", "1", "slot", form.Attr("input[name=slot]", "value")).Want(t, 303, page+"/"+key+"?new=1")
	calendar := page + "/" + key + "/times.ics"
	if got := v.Get(calendar).Want(t, 200, "").Body; strings.Contains(got, "Old place") {
		t.Errorf("nothing was moved: %s", got)
	}
	in := meeting("Open assembly", "2026-06-06")
	in.State, in.Place, in.Capacity = events.Moved, "Town hall", "80"
	if err := s.Events.Update(t.Context(), sam, ids["far"], s.count("select sequence from event where id = $1", string(ids["far"])), in); err != nil {
		t.Fatal(err)
	}
	got := strings.ReplaceAll(v.Get(calendar).Want(t, 200, "").Body, "\r\n ", "")
	if !strings.Contains(got, "Old place: Leipzig. New place: Town hall\\, Leipzig.") {
		t.Errorf("the calendar does not tell the move: %s", got)
	}
}

// A list that other pages show in a frame, and the page of a campaign, tell what
// was moved.
func TestCampaignListsTellMoves(t *testing.T) {
	t.Parallel()
	s := start(t, settings(t, ""))
	sam, _, ids := s.riverside()
	in := meeting("", "2026-06-05")
	in.Campaign, in.State, in.StartTime = "open-doors", events.Moved, "17:15"
	seq := s.count("select sequence from event where id = $1", string(ids["under"]))
	if err := s.Events.Update(t.Context(), sam, ids["under"], seq, in); err != nil {
		t.Fatal(err)
	}
	for _, from := range []string{"/campaigns/open-doors", "/campaigns/open-doors/embed"} {
		if got := s.visitor().Get(from).Want(t, 200, "").Text("main"); !strings.Contains(got, "Old time: ") || !strings.Contains(got, "5:15") {
			t.Errorf("%s does not tell the move: %s", from, got)
		}
	}
}
