package app_test

import (
	"slices"
	"strings"
	"testing"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/web/webtest"
)

// callDay starts the campaign "day-of-care" of riverside in the browser.
func callDay(t *testing.T, s *stand) (b *webtest.Browser) {
	t.Helper()
	b, sam := s.signIn("sam")
	s.group(sam, "riverside", "Riverside Neighbours")
	b.Get("/campaigns/new?group=riverside").Want(t, 200, "")
	b.Post("/campaigns/new", "key", s.IDs.Secret(), "group", "riverside", "handle", "day-of-care", "title", "Day of care", "statement", "We **care**.",
		"lang", "en", "dates", "2026-06-06", "state", "open").Want(t, 303, "/campaigns/day-of-care")
	return b
}

func TestCampaignFromCallToEvents(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		sam := callDay(t, s)
		const url = "/campaigns/day-of-care"
		sam.Post(url+"/template", "version", "0", "title", "Day of care", "kind", "mutual_aid", "description", "Bring gloves.").Want(t, 303, url)
		sam.Post(url+"/demands", "after", "0", "body", "Benches at each stop", "addressee", "The town council").Want(t, 303, url+"/demands")
		sam.Post(url+"/points", "version", "0", "body", "Nobody is hurt.").Want(t, 303, url+"#points")
		visitor := s.visitor()
		page := visitor.Get(url).Want(t, 200, "").Text("main")
		for _, want := range []string{"Day of care", "We care .", "Benches at each stop", "The town council", "Nobody is hurt.", "Riverside Neighbours", "Nothing is planned yet."} {
			if !strings.Contains(page, want) {
				t.Errorf("the page does not say %q: %s", want, page)
			}
		}
		// An event of an owner is part of it at once, filled from the template.
		form := sam.Get("/groups/riverside/events/new?campaign=day-of-care").Want(t, 200, "")
		if v := form.Attr("#title", "value"); v != "Day of care" || form.Attr("#start_date", "value") != "2026-06-06" {
			t.Errorf("the form begins with %q", v)
		}
		in := meeting("", "2026-06-06")
		in.Title, in.Description = "", "Bring gloves."
		a := sam.Post("/groups/riverside/events/new", asForm(in, "key", s.IDs.Secret(), "campaign", "day-of-care", "template", "1")...)
		event, _, ok := strings.Cut(a.Location, "?")
		if !ok || a.Status != 303 {
			t.Fatalf("%d %s", a.Status, a.Text(".error-summary"))
		}
		if text := visitor.Get(event).Text("main"); !strings.Contains(text, "Part of Day of care") || !strings.Contains(text, "Bring gloves.") {
			t.Errorf("the event says %s", text)
		}
		for _, path := range []string{url, url + "/embed", "/events?campaign=day-of-care", "/calendar?month=2026-06&campaign=day-of-care"} {
			if text := visitor.Get(path).Want(t, 200, "").Text("main"); !strings.Contains(text, "Leipzig") && !strings.Contains(text, "Day of care") {
				t.Errorf("%s does not show the event: %s", path, text)
			}
		}
		if got := titles(visitor.Get("/events?campaign=another")); len(got) != 0 {
			t.Errorf("a campaign that is not there has %q", got)
		}
		// The template changes: the event follows, and so does what was rendered.
		sam.Post(url+"/template", "version", "1", "title", "Day of care", "kind", "mutual_aid", "description", "Bring gloves and tea.").Want(t, 303, url)
		if text := visitor.Get(event).Text("main"); !strings.Contains(text, "gloves and tea") {
			t.Errorf("the event does not follow: %s", text)
		}
		// A form that was opened before keeps what was typed and takes the rest.
		in.Title, in.Description = "Care by the river", "Bring gloves."
		sam.Post(event+"/edit", asForm(in, "sequence", "0", "template", "1")...).Want(t, 303, event+"?saved=1")
		if text := visitor.Get(event).Text("main"); !strings.Contains(text, "Care by the river") || !strings.Contains(text, "gloves and tea") {
			t.Errorf("form and template met badly: %s", text)
		}
		sam.Post(url+"/events/"+strings.TrimPrefix(event, "/events/")+"/remove").Want(t, 303, event)
		if text := visitor.Get(event).Text("main"); strings.Contains(text, "Part of") {
			t.Error("the event is still part of the campaign")
		}
	})
}

// TestUpdatesOfACoalition: each owner speaks for itself on the campaign's page; who
// leaves adds nothing, and who is suspended is silent.
func TestUpdatesOfACoalition(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		sam := callDay(t, s)
		const url = "/campaigns/day-of-care"
		robin, by := s.signIn("robin")
		s.group(by, "hill", "Hill Neighbours")
		sam.Post(url+"/groups", "do", "ask", "group", "hill").Want(t, 303, url+"/groups")
		publish := func(b *webtest.Browser, group, title string, status int) string {
			t.Helper()
			path := "/groups/" + group + "/statements/new"
			a := b.Post(path, "key", s.IDs.Secret(), "title", title, "markdown", "So it is.", "lang", "en", "day", "2026-05-01", "state", "published",
				"campaign", "day-of-care")
			if a.Status != status {
				t.Fatalf("%s: %d %s", title, a.Status, a.Text(".error-summary"))
			}
			return a.Location
		}
		publish(robin, "hill", "Too early", 422)
		robin.Post(url+"/groups", "do", "join", "group", "hill").Want(t, 303, url+"/groups")
		if len(robin.Get(url).All("a[href=/groups/hill/statements/new?campaign=day-of-care]")) != 1 {
			t.Error("an owner finds no way to publish an update")
		}
		visitor := s.visitor()
		visitor.Get(url).Want(t, 200, "")
		publish(sam, "riverside", "From the river", 303)
		theirs := publish(robin, "hill", "From the hill", 303)
		shown := func(want ...string) {
			t.Helper()
			page := visitor.Get(url).Want(t, 200, "").Text("main")
			list := visitor.Get("/statements?campaign=day-of-care").Want(t, 200, "").Text("main")
			for _, title := range []string{"From the river", "From the hill"} {
				on := slices.Contains(want, title)
				if strings.Contains(page, title) != on || strings.Contains(list, title) != on {
					t.Errorf("%q is to be shown: %v; %s", title, on, list)
				}
			}
		}
		shown("From the river", "From the hill")
		robin.Post(url+"/groups", "do", "leave", "group", "hill").Want(t, 303, url+"/groups")
		publish(robin, "hill", "Too late", 422)
		shown("From the river", "From the hill")
		if len(robin.Get(url).All("a[href=/groups/hill/statements/new?campaign=day-of-care]")) != 0 {
			t.Error("who has left is asked for an update")
		}
		suspend := func(group string, yes bool) {
			t.Helper()
			if err := s.Groups.Suspend(t.Context(), authz.Actor{Person: by.Person, Operator: true}, group, yes); err != nil {
				t.Fatal(err)
			}
		}
		suspend("hill", true)
		shown("From the river")
		suspend("hill", false)
		// The only owner is suspended: the campaign is gone, and so is what others said
		// under it.
		suspend("riverside", true)
		visitor.Get(url).Want(t, 404, "")
		visitor.Get(theirs).Want(t, 404, "")
		robin.Get(theirs).Want(t, 200, "")
		if text := visitor.Get("/groups/hill").Want(t, 200, "").Text("main"); strings.Contains(text, "From the hill") {
			t.Error("the group's page shows an update of a campaign that is hidden")
		}
		suspend("riverside", false)
		shown("From the river", "From the hill")
		visitor.Get(theirs).Want(t, 200, "")
	})
}

func TestHostWithoutAGroupIsAnswered(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		sam := callDay(t, s)
		const url = "/campaigns/day-of-care"
		visitor := s.visitor()
		if a := visitor.Get(url+"/host?near=Leipzig").Want(t, 200, ""); a.Attr("#near", "value") != "Leipzig" || a.Attr("#day", "value") != "2026-06-06" {
			t.Errorf("the form does not begin with what is known")
		}
		bad := visitor.Post(url+"/host", "key", s.IDs.Secret(), "near", "Nowhereville", "day", "soon", "start", "10:00", "note", "We are four.").Want(t, 422, "")
		if bad.Text("#near-error") == "" || !strings.Contains(bad.Text("#note"), "We are four.") {
			t.Errorf("what was wrong is not said, or what was typed is lost: %s", bad.Text("main"))
		}
		key := s.IDs.Secret()
		send := func() {
			visitor.Post(url+"/host", "key", key, "near", "Leipzig", "place", "Old pier", "day", "2026-06-06", "start", "10:00", "contact", "canary@example.org").
				Want(t, 303, url+"/proposals/"+key)
		}
		send()
		send()
		if text := visitor.Get(url + "/proposals/" + key).Text("main"); !strings.Contains(text, "waits") {
			t.Error(text)
		}
		visitor.Get(url+"/proposals").Want(t, 303, "/sign-in?next=%2Fcampaigns%2Fday-of-care%2Fproposals")
		queue := sam.Get(url+"/proposals").Want(t, 200, "")
		if n := len(queue.All("input[name=proposal]")); n != 1 || !strings.Contains(queue.Text("main"), "canary@example.org") {
			t.Errorf("%d proposals wait", n)
		}
		sam.Post(url+"/proposals", "proposal", queue.Attr("input[name=proposal]", "value"), "group", "riverside", "do", "refuse").Want(t, 422, "")
		sam.Post(url+"/proposals", "proposal", queue.Attr("input[name=proposal]", "value"), "group", "riverside", "do", "accept").Want(t, 303, url+"/proposals")
		if a := visitor.Get(url + "/proposals/" + key); !strings.Contains(a.Text("main"), "part of the campaign") {
			t.Error(a.Text("main"))
		}
		if got := titles(visitor.Get("/events?campaign=day-of-care")); len(got) != 1 {
			t.Errorf("on the list are %q", got)
		}
		err := s.DB.Read(t.Context(), func(tx *db.Tx) error {
			rows, err := db.Column[string](t.Context(), tx, "select description || place || address || organizer from event")
			if strings.Contains(strings.Join(rows, " "), "canary") {
				t.Error("the contact went into the event")
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

// TestTemplateReachesEventsThatFollow: one change reaches them all, and leaves
// the page of one that says everything itself in the cache.
func TestTemplateReachesEventsThatFollow(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		b := callDay(t, s)
		const url = "/campaigns/day-of-care"
		b.Post(url+"/template", "version", "0", "title", "Day of care", "kind", "rally", "description", "Old words.").Want(t, 303, url)
		_, by := s.signIn("robin")
		g := s.group(by, "hill", "Hill Neighbours")
		own := meeting("Ours alone", "2026-06-07")
		own.Description, own.AccessNote, own.Campaign = "Our words.", "Stairs.", "day-of-care"
		page := "/events/" + string(s.event(by, g, own))
		for range 30 {
			in := meeting("", "2026-06-06")
			in.Kind, in.Campaign = "rally", "day-of-care"
			s.event(by, g, in)
		}
		// The group is no owner: its events wait for an answer, and trust ends that.
		queue := b.Get(url+"/proposals").Want(t, 200, "")
		for i, n := range queue.All("input[name=event]") {
			do := "accept"
			if i == 0 {
				do = "trust"
			}
			for _, a := range n.Attr {
				if a.Key == "value" {
					b.Post(url+"/proposals", "event", a.Val, "do", do).Want(t, 303, url+"/proposals")
				}
			}
		}
		late := meeting("", "2026-06-06")
		late.Campaign = "day-of-care"
		s.event(by, g, late)
		visitor := s.visitor()
		visitor.Get(page)
		b.Post(url+"/template", "version", "1", "title", "Day of care", "kind", "rally", "description", "New words.").Want(t, 303, url)
		before, _ := s.Site.Cache().Counts()
		visitor.Get(page)
		if after, _ := s.Site.Cache().Counts(); after != before+1 {
			t.Error("a page that did not change was rendered again")
		}
		var n int
		err := s.DB.Read(t.Context(), func(tx *db.Tx) error {
			return tx.Get(t.Context(), "select count(*) from event where description = 'New words.'", nil, &n)
		})
		if err != nil || n != 31 {
			t.Errorf("%d of 31 events have the new words, %v", n, err)
		}
		if got := titles(visitor.Get("/events?campaign=day-of-care&q=new+words")); len(got) == 0 {
			t.Error("the new words are not found")
		}
	})
}
