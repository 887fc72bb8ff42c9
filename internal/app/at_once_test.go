package app_test

import (
	"strings"
	"testing"

	"convoke/internal/api/apitest"
	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/feature/groups"
	"convoke/internal/feature/petitions"
	"convoke/internal/feature/statements"
	"convoke/internal/record/box"
	"convoke/internal/web/webtest"
)

// TestTwoAtOnce: of two people who have the same form open, the second is told,
// with everything that they typed still there, and what the first saved stays.
func TestTwoAtOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		sam := callDay(t, s)
		kim, kims := s.signIn("kim")
		err := s.DB.Write(t.Context(), func(tx *db.Tx) error {
			return s.Groups.Join(t.Context(), tx, s.groupID("riverside"), kims.Person, groups.Admission{Role: string(authz.Steward)})
		})
		if err != nil {
			t.Fatal(err)
		}
		event := "/events/" + string(s.event(kims, s.groupID("riverside"), meeting("Open assembly", "2026-06-06")))
		statement := s.publish(kims, "riverside", statements.Input{Title: "We say so", Markdown: "So it is.", Lang: "en", Day: "2026-05-01", State: statements.Published})
		petition := petitions.Input{
			Title: "A bench", Slug: "bench", Addressee: "The town council", Markdown: "Please.", Lang: "en", Stages: "100", Gate: box.GateBrowser,
		}
		if _, err := s.Petitions.Create(t.Context(), kims, "riverside", s.IDs.Secret(), petition); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Pledges.Create(t.Context(), kims, "riverside", s.IDs.Secret(), toolDay()); err != nil {
			t.Fatal(err)
		}
		for _, x := range formsAtOnce(event, statement) {
			atOnce(t, s, sam, kim, x)
		}
		const scopes = "read events:write groups:write campaigns:write statements:write petitions:write"
		c := apitest.New(t, s.Site)
		sams, kimsToo := c.As(token(t, sam, strings.Fields(scopes)...)), c.As(token(t, kim, strings.Fields(scopes)...))
		for _, x := range callsAtOnce(event, statement) {
			callAtOnce(t, sams, kimsToo, x)
		}
	})
}

// formAtOnce is a form that two people fill in.
type formAtOnce struct {
	at     string // of the form
	saved  string // where one is when it is saved
	page   string // what visitors read, "" for a form whose text only some see
	hidden string // the field that tells what the form was filled from
	text   string // the field that both change
	fields func(text string) []string
}

func formsAtOnce(event, statement string) []formAtOnce {
	in := meeting("Open assembly", "2026-06-06")
	const campaign, group, petition, pledge = "/campaigns/day-of-care", "/groups/riverside", "/petitions/bench", "/pledges/a-tool-for-the-garden-day"
	only := func(name string, more ...string) func(string) []string {
		return func(text string) []string { return append([]string{name, text}, more...) }
	}
	return []formAtOnce{
		{event + "/edit", event, event, "sequence", "description", func(text string) []string {
			in.Description = text
			return asForm(in)
		}},
		{event + "/programme", event + "/programme?saved=1", event, "sequence", "bring", only("bring")},
		{event + "/place", event + "/place?saved=1", "", "version", "directions", only("directions", "address", "Gate 4", "early", "1")},
		{event + "/translate?lang=es", event + "?saved=1&lang=es", event + "?lang=es", "sequence", "description", only("description", "lang", "es", "title", "Asamblea")},
		{campaign + "/edit", campaign, campaign, "sequence", "statement", only("statement", "title", "Day of care", "lang", "en", "state", "open")},
		{campaign + "/languages?lang=es", campaign + "?lang=es", campaign + "?lang=es", "sequence", "statement", only("statement", "lang", "es", "title", "Día")},
		{campaign + "/template", campaign, "", "version", "description", only("description", "title", "Day of care", "kind", "mutual_aid")},
		{campaign + "/points", campaign + "#points", campaign, "version", "body", only("body")},
		{group + "/edit", group, group, "version", "about", only("about", "name", "Riverside Neighbours")},
		{group + "/newcomers", group, "", "version", "welcome", only("welcome", "joining", "request")},
		{group + "/start/edit", group + "/start", group + "/start", "version", "does", only("does", "shown", "1")},
		{group + "/conduct/edit", group, group + "/conduct", "version", "body", only("body")},
		{statement + "/edit", statement, statement, "sequence", "markdown", only("markdown", "title", "We say so", "lang", "en", "day", "2026-05-01", "state", "published", "note", "Better words.")},
		{statement + "/translate?lang=es", statement + "?lang=es", statement + "?lang=es", "sequence", "markdown", only("markdown", "lang", "es", "title", "Decimos", "note", "Mejor.")},
		{pledge + "/edit", pledge, "", "sequence", "body", func(text string) []string {
			tools := toolDay()
			tools.Body = text
			return pledgeForm(tools)
		}},
		{petition + "/edit", petition, "", "sequence", "markdown", only("markdown", "title", "A bench", "addressee", "The town council", "lang", "en", "stages", "100", "gate", "browser")},
		{petition + "/translate?lang=es", petition + "?lang=es", "", "sequence", "markdown", only("markdown", "lang", "es", "title", "Un banco", "addressee", "El ayuntamiento")},
	}
}

func atOnce(t *testing.T, s *stand, sam, kim *webtest.Browser, x formAtOnce) {
	t.Helper()
	to, _, _ := strings.Cut(x.at, "?")
	opened := kim.Get(x.at).Want(t, 200, "").Attr("input[name="+x.hidden+"]", "value")
	again := sam.Get(x.at).Want(t, 200, "").Attr("input[name="+x.hidden+"]", "value")
	if opened == "" || opened != again {
		t.Fatalf("%s: the form is filled from %q and %q", x.at, opened, again)
	}
	sam.Post(to, append(x.fields("What Sam wrote."), x.hidden, again)...).Want(t, 303, x.saved)
	late := kim.Post(to, append(x.fields("What Kim wrote."), x.hidden, opened)...).Want(t, 422, "")
	if !strings.Contains(late.Text(".error-summary"), "Somebody else") || late.Text("#"+x.text) != "What Kim wrote." {
		t.Errorf("%s: Kim is told %q, and finds %q", x.at, late.Text(".error-summary"), late.Text("#"+x.text))
	}
	if got := sam.Get(x.at).Want(t, 200, "").Text("#" + x.text); got != "What Sam wrote." {
		t.Errorf("%s: Sam finds %q", x.at, got)
	}
	if x.page != "" {
		if got := s.visitor().Get(x.page).Text("main"); !strings.Contains(got, "What Sam wrote.") || strings.Contains(got, "What Kim wrote.") {
			t.Errorf("%s says %s", x.page, got)
		}
	}
	// Opened again, Kim's words go in.
	fresh := kim.Get(x.at).Want(t, 200, "").Attr("input[name="+x.hidden+"]", "value")
	kim.Post(to, append(x.fields("What both wrote."), x.hidden, fresh)...).Want(t, 303, x.saved)
}

// TestAnOwnerLeavesInMidCampaign: the campaign goes on with the others, the events
// of the group that left stay part of it until somebody takes them out, and its
// next ones wait for an answer like those of any group.
func TestAnOwnerLeavesInMidCampaign(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		sam := callDay(t, s)
		const url = "/campaigns/day-of-care"
		robin, robins := s.signIn("robin")
		hill := s.group(robins, "hill", "Hill Neighbours")
		sam.Post(url+"/groups", "do", "ask", "group", "hill").Want(t, 303, url+"/groups")
		robin.Post(url+"/groups", "do", "join", "group", "hill").Want(t, 303, url+"/groups")
		in := meeting("Care on the hill", "2026-06-06")
		in.Campaign = "day-of-care"
		event := "/events/" + string(s.event(robins, hill, in))
		if got := titles(s.visitor().Get("/events?campaign=day-of-care")); len(got) != 1 {
			t.Fatalf("under the campaign are %q", got)
		}
		robin.Post(url+"/groups", "do", "leave", "group", "hill").Want(t, 303, url+"/groups")
		robin.Post(url+"/groups", "do", "leave", "group", "hill").Want(t, 303, url+"/groups") // once more is nothing more
		visitor := s.visitor()
		if page := visitor.Get(url).Text("aside"); strings.Contains(page, "Hill Neighbours") || !strings.Contains(page, "Riverside Neighbours") {
			t.Errorf("it is owned by %s", page)
		}
		if page := visitor.Get(event).Text("main"); !strings.Contains(page, "Part of Day of care") {
			t.Errorf("the event left with its group: %s", page)
		}
		robin.Get(url+"/edit").Want(t, 403, "")
		robin.Get(url+"/proposals").Want(t, 403, "")
		in.Title = "Care once more"
		s.event(robins, hill, in)
		if got := titles(visitor.Get("/events?campaign=day-of-care")); len(got) != 1 {
			t.Errorf("an event of a group that left needed no answer: %q", got)
		}
		if n := len(sam.Get(url+"/proposals").Want(t, 200, "").All("input[name=event]")); n != 1 {
			t.Errorf("%d events wait for an answer", n)
		}
		robin.Post(url+"/events/"+strings.TrimPrefix(event, "/events/")+"/remove").Want(t, 303, event)
		if got := titles(visitor.Get("/events?campaign=day-of-care")); len(got) != 0 {
			t.Errorf("taken out, and still there: %q", got)
		}
		sam.Post(url+"/groups", "do", "leave", "group", "riverside").Want(t, 422, "") // the last one stays
		sam.Get(url+"/edit").Want(t, 200, "")
	})
}
