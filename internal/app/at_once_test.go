package app_test

import (
	"strings"
	"testing"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/feature/groups"
	"convoke/internal/feature/statements"
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
		in := meeting("", "2026-06-06")
		for at, x := range map[string]struct {
			hidden string // the field that tells what the form was filled from
			text   string // the field that both change
			fields func(text string) []string
		}{
			event: {"sequence", "description", func(text string) []string {
				in := in
				in.Title, in.Description = "Open assembly", text
				return asForm(in)
			}},
			"/campaigns/day-of-care": {"sequence", "statement", func(text string) []string {
				return []string{"title", "Day of care", "statement", text, "lang", "en", "state", "open"}
			}},
			"/groups/riverside": {"version", "about", func(text string) []string {
				return []string{"name", "Riverside Neighbours", "about", text}
			}},
			statement: {"sequence", "markdown", func(text string) []string {
				return []string{"title", "We say so", "markdown", text, "lang", "en", "day", "2026-05-01", "state", "published", "note", "Better words."}
			}},
		} {
			opened := kim.Get(at+"/edit").Want(t, 200, "").Attr("input[name="+x.hidden+"]", "value")
			again := sam.Get(at+"/edit").Want(t, 200, "").Attr("input[name="+x.hidden+"]", "value")
			if opened == "" || opened != again {
				t.Fatalf("%s: the form is filled from %q and %q", at, opened, again)
			}
			sam.Post(at+"/edit", append(x.fields("What Sam wrote."), x.hidden, again)...).Want(t, 303, at)
			late := kim.Post(at+"/edit", append(x.fields("What Kim wrote."), x.hidden, opened)...).Want(t, 422, "")
			if !strings.Contains(late.Text(".error-summary"), "Somebody else") || late.Text("#"+x.text) != "What Kim wrote." {
				t.Errorf("%s: Kim is told %q, and finds %q", at, late.Text(".error-summary"), late.Text("#"+x.text))
			}
			if got := s.visitor().Get(at).Text("main"); !strings.Contains(got, "What Sam wrote.") || strings.Contains(got, "What Kim wrote.") {
				t.Errorf("%s says %s", at, got)
			}
			if at == "/campaigns/day-of-care" {
				languagesAtOnce(t, sam, kim)
			}
			// Opened again, Kim's words go in.
			fresh := kim.Get(at+"/edit").Want(t, 200, "").Attr("input[name="+x.hidden+"]", "value")
			kim.Post(at+"/edit", append(x.fields("What both wrote."), x.hidden, fresh)...).Want(t, 303, at)
		}
	})
}

// languagesAtOnce is the same for a further language of a campaign.
func languagesAtOnce(t *testing.T, sam, kim *webtest.Browser) {
	t.Helper()
	const at = "/campaigns/day-of-care/languages"
	opened := kim.Get(at).Want(t, 200, "").Attr("input[name=sequence]", "value")
	sam.Post(at, "sequence", opened, "lang", "es", "title", "Día", "statement", "Lo que Sam escribió.").Want(t, 303, "/campaigns/day-of-care?lang=es")
	late := kim.Post(at, "sequence", opened, "lang", "es", "title", "Día", "statement", "Lo que Kim escribió.").Want(t, 422, "")
	if late.Text("#statement") != "Lo que Kim escribió." || !strings.Contains(sam.Get(at+"?lang=es").Text("#statement"), "Sam") {
		t.Errorf("Kim finds %q", late.Text("#statement"))
	}
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
