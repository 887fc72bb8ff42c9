package app_test

import (
	"strings"
	"testing"
)

// TestWhatToBringIsSaidOnce: what a campaign says to bring reaches each of its
// events that says nothing of its own, also when it changes while somebody has
// the form of an event open; and nothing that somebody typed is lost.
func TestWhatToBringIsSaidOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		b := callDay(t, s)
		const url = "/campaigns/day-of-care"
		template := func(version, bring string) {
			t.Helper()
			b.Post(url+"/template", "version", version, "title", "Day of care", "bring", bring).Want(t, 303, url)
		}
		template("0", "Gloves and water")
		robin, by := s.signIn("robin")
		g := s.group(by, "hill", "Hill Neighbours")
		var pages []string
		for range 3 {
			in := meeting("", "2026-06-06")
			in.Campaign = "day-of-care"
			pages = append(pages, "/events/"+string(s.event(by, g, in)))
		}
		queue := b.Get(url+"/proposals").Want(t, 200, "")
		for _, n := range queue.All("input[name=event]") {
			for _, a := range n.Attr {
				if a.Key == "value" {
					b.Post(url+"/proposals", "event", a.Val, "do", "accept").Want(t, 303, url+"/proposals")
				}
			}
		}
		visitor := s.visitor()
		says := func(page, want string) {
			t.Helper()
			if got := strings.TrimSpace(strings.TrimPrefix(visitor.Get(page).Want(t, 200, "").Text("#bring"), "What to bring")); got != want {
				t.Errorf("%s says to bring %q, want %q", page, got, want)
			}
		}
		for _, p := range pages {
			says(p, "Gloves and water")
		}
		follows, own, opened := pages[0], pages[1], pages[2]

		// One says it in its own words, and something else besides.
		form := robin.Get(own+"/programme").Want(t, 200, "")
		if !strings.Contains(form.Text("#shared"), "Day of care") || form.Attr("input[name=template]", "value") != "1" {
			t.Errorf("the form does not say whose words these are: %s", form.Text("#shared"))
		}
		robin.Post(own+"/programme", "sequence", form.Attr("input[name=sequence]", "value"), "template", "1", "bring", "Nothing but yourselves").
			Want(t, 303, own+"/programme?saved=1")
		// Of another, the form is open while the campaign changes its mind.
		form = robin.Get(opened+"/programme").Want(t, 200, "")
		template("1", "Gloves, water and tea")
		says(follows, "Gloves, water and tea")
		says(own, "Nothing but yourselves")
		says(opened, "Gloves, water and tea")
		robin.Post(opened+"/programme", "sequence", form.Attr("input[name=sequence]", "value"), "template", "1", "bring", form.Text("#bring"),
			"legal_help", "Office on Canal Street").Want(t, 303, opened+"/programme?saved=1")
		says(opened, "Gloves, water and tea") // it was left alone, and follows still
		if !strings.Contains(visitor.Get(opened).Text("#safety"), "Canal Street") {
			t.Error("what was typed is lost")
		}
		// The form of time and place knows nothing of it, and changes nothing.
		in := meeting("Care on the hill", "2026-06-06")
		robin.Post(opened+"/edit", asForm(in, "sequence", robin.Get(opened+"/edit").Attr("input[name=sequence]", "value"), "template", "2")...).
			Want(t, 303, opened+"?saved=1")
		template("2", "Tea")
		for page, want := range map[string]string{follows: "Tea", own: "Nothing but yourselves", opened: "Tea"} {
			says(page, want)
		}
		// Emptied, an event takes the campaign's words again.
		form = robin.Get(own+"/programme").Want(t, 200, "")
		robin.Post(own+"/programme", "sequence", form.Attr("input[name=sequence]", "value"), "template", "3", "bring", "").Want(t, 303, own+"/programme?saved=1")
		says(own, "Tea")
		template("3", "")
		for _, page := range pages {
			says(page, "")
		}
		// Out of the campaign, an event keeps what it said.
		template("4", "Cups")
		robin.Post(url+"/events/"+strings.TrimPrefix(follows, "/events/")+"/remove").Want(t, 303, follows)
		template("5", "Plates")
		says(follows, "Cups")
		says(opened, "Plates")
	})
}
