package app_test

import (
	"fmt"
	"strings"
	"testing"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/web/webtest"
)

// TestPledgeFromCache: visitors are answered from the cache without a question to the
// database, programs too, until something is touched. What is no pledge is not kept.
func TestPledgeFromCache(t *testing.T) {
	t.Parallel()
	s := start(t, settings(t, ""))
	sam, actor := s.signIn("sam")
	s.group(actor, "riverside", "Riverside Neighbours")
	const slug = "a-tool-for-the-garden-day"
	paths := []string{"/pledges/" + slug, "/pledges/" + slug + ".json", "/api/v1/pledges/" + slug}
	all := func(b *webtest.Browser, status int) {
		t.Helper()
		for _, p := range paths {
			if got := b.Get(p).Status; got != status {
				t.Errorf("%s: %d, want %d", p, got, status)
			}
		}
	}
	set := func(state string) { // by nobody: nothing is touched
		err := s.DB.Write(t.Context(), func(tx *db.Tx) error {
			_, err := tx.Exec(t.Context(), "update pledge set state = $1", state)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	v := s.visitor()
	all(v, 404)
	draft, err := s.Pledges.Create(t.Context(), actor, "riverside", s.IDs.Secret(), toolDay())
	if err != nil || draft != slug {
		t.Fatal(draft, err)
	}
	all(v, 404)
	if err := s.Pledges.Open(t.Context(), actor, slug, 0, ""); err != nil {
		t.Fatal(err)
	}
	all(v, 200)
	set("draft")
	all(v, 200)
	sam.Get(paths[0]).Want(t, 200, "")
	set("open")
	s.pledger(s.boxOf(actor, slug)).pledge(3, 0)
	s.later()
	wants(t, v.Get(paths[0]), "1 of 3; 2 more and it happens.")
	if err := s.Groups.Suspend(t.Context(), authz.Actor{Person: actor.Person, Operator: true}, "riverside", true); err != nil {
		t.Fatal(err)
	}
	all(v, 404)
}

// TestPledgesBehindDrafts: drafts take no place on a group's page from what everybody
// can see.
func TestPledgesBehindDrafts(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		sam, actor := s.signIn("sam")
		s.group(actor, "riverside", "Riverside Neighbours")
		s.pledge(actor, "riverside", toolDay())
		for i := range 6 {
			in := toolDay()
			in.Title, in.Day = fmt.Sprint("Not yet ", i), "2026-06-10"
			if _, err := s.Pledges.Create(t.Context(), actor, "riverside", s.IDs.Secret(), in); err != nil {
				t.Fatal(err)
			}
		}
		wants(t, s.visitor().Get("/groups/riverside"), "A tool for the garden day")
		if page := s.visitor().Get("/groups/riverside").Text("main"); strings.Contains(page, "Not yet") {
			t.Errorf("everybody sees a draft: %s", page)
		}
		if page := sam.Get("/groups/riverside").Want(t, 200, "").Text("main"); strings.Count(page, "Not yet ") != 5 { // as many as there is room for
			t.Errorf("the organizer sees %s", page)
		}
	})
}

// The list of pledges is there for programs, too.
func TestPledgesAsJSON(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		_, sam := s.signIn("sam")
		s.group(sam, "riverside", "Riverside Neighbours")
		slug, _ := s.pledge(sam, "riverside", toolDay())
		if a := s.visitor().Get("/pledges.json").Want(t, 200, ""); !strings.Contains(a.Body, slug) {
			t.Errorf("the list is %s", a.Body)
		}
		wants(t, s.visitor().Get("/pledges/"+slug), "Witnessed by other servers", "Not yet")
	})
}
