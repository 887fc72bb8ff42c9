package app_test

import (
	"errors"
	"strings"

	"convoke/internal/authz"
	"convoke/internal/feature/petitions"
	"convoke/internal/feature/pledges"
	"convoke/internal/id"
	"convoke/internal/record/box"
	"convoke/internal/record/leaf"
)

// asked adds petitions: a draft, one that was signed and ended, and one that was
// handed over and waits.
func (s *stand) asked(steward authz.Actor) {
	t, ctx := s.t, s.t.Context()
	t.Helper()
	in := petitions.Input{
		Title: "A crossing", Addressee: "The town council", Markdown: "Cars are **fast** here.", Lang: "en", Stages: "2, 100", Gate: box.GateBrowser,
		Campaign: "open-doors",
	}
	say := petitions.SayInput{Markdown: "And a *light*.", ReplyBy: "2026-06-30"}
	for _, title := range []string{"Not yet asked", "A bench", "A crossing"} {
		in.Title = title
		slug, err := s.Petitions.Create(ctx, steward, "riverside", s.IDs.Secret(), in)
		if title == "Not yet asked" {
			continue
		}
		err = errors.Join(err, s.Petitions.OpenUp(ctx, steward, slug, 0, ""))
		if err != nil {
			t.Fatal(err)
		}
		b, err := leaf.ParseID(s.column("select box_id from petition where slug = $1", slug)[0])
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			p := s.pledger(b)
			if _, err := s.Boxes.Cast(ctx, b, p.Signs()); err != nil {
				t.Fatal(err)
			}
		}
		if title == "A bench" {
			err = s.Petitions.CloseNow(ctx, steward, slug)
		} else {
			es := petitions.VersionInput{Lang: "es", Addressee: "El ayuntamiento", Title: "Un paso de peatones", Markdown: "Los coches van rápido.", Credit: "Ana"}
			if err := s.Petitions.Translate(ctx, steward, slug, 1, es); err != nil {
				t.Fatal(err)
			}
			amend, deliver := say, say
			amend.Key, deliver.Key = s.IDs.Secret(), s.IDs.Secret()
			err = errors.Join(s.Petitions.Amend(ctx, steward, slug, amend), s.Petitions.Deliver(ctx, steward, slug, deliver))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// pledged adds pledges: a draft, one that was reached, of a campaign and an event,
// and one that counts places apart, in which each says their own number.
func (s *stand) pledged(steward authz.Actor, ids map[string]id.Event) {
	s.t.Helper()
	in := toolDay()
	in.Title = "Not yet pledged"
	if _, err := s.Pledges.Create(s.t.Context(), steward, "riverside", s.IDs.Secret(), in); err != nil {
		s.t.Fatal(err)
	}
	in.Title, in.Campaign, in.Event = "A tool", "open-doors", string(ids["far"])
	_, b := s.pledge(steward, "riverside", in)
	for range 3 {
		s.pledger(b).pledge(3, 0)
	}
	in.Title, in.Campaign, in.Event, in.Rule, in.Split, in.Parts = "A seat", "", "", "own", pledges.ByPlace, "Leipzig\nHamburg"
	_, b = s.pledge(steward, "riverside", in)
	for range 3 {
		s.pledger(b).pledge(2, 0)
	}
	s.pledger(b).pledge(2_000_000, 1)
}

// askedToo says whether petitions came along: with their numbers and where those
// can be counted again, and still the group's to follow.
func (s *stand) askedToo() {
	t := s.t
	t.Helper()
	page := s.visitor().Get("/petitions/a-crossing").Want(t, 200, "")
	for _, want := range []string{"3 signatures", "People signed this on", "reached on", "convoke verify http://", "And a light", "Waiting for a reply"} {
		if !strings.Contains(page.Text("main"), want) {
			t.Errorf("the petition does not say %q: %s", want, page.Text("main"))
		}
	}
	wants(t, s.visitor().Get("/petitions/a-crossing?lang=es"), "Los coches van rápido.", "Ana")
	for _, part := range []string{"/comments", ".json"} {
		s.visitor().Get("/petitions/a-crossing"+part).Want(t, 200, "")
	}
	if a := s.visitor().Get("/petitions/a-crossing/comment"); a.Status == 200 {
		t.Errorf("it can be commented on: %s", a.Text("main"))
	}
	if a := s.visitor().Get("/petitions/not-yet-asked"); a.Status != 404 {
		t.Error("everybody sees the draft")
	}
}

// pledgedToo says the same of pledges.
func (s *stand) pledgedToo() {
	t := s.t
	t.Helper()
	wants(t, s.visitor().Get("/pledges/a-tool"), "It happens", "People pledged this on", "Reached on", "Open doors", "Open assembly", "Riverside Neighbours")
	wants(t, s.visitor().Get("/pledges/a-seat"), "Leipzig", "Hamburg", "Reached on", "0 of 3")
	if a := s.visitor().Get("/pledges/a-tool"); strings.Contains(a.Body, "/take\"") {
		t.Error("it seems that one can pledge here")
	}
	wants(t, s.visitor().Get("/pledges"), "A tool", "A seat")
	s.visitor().Get("/pledges/a-seat.json").Want(t, 200, "")
	if a := s.visitor().Get("/pledges/not-yet-pledged"); a.Status != 404 {
		t.Error("everybody sees the draft of a pledge")
	}
}
