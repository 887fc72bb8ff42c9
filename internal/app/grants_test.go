package app_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"convoke/internal/api/apitest"
	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/feature/events"
	"convoke/internal/feature/groups"
	"convoke/internal/id"
	"convoke/internal/web/webtest"
)

// helpers is a node with a group, people of every role, and three of its events.
type helpers struct {
	*mailStand
	sam, robin, mia, ana *webtest.Browser // steward, organizer, member, nobody of the group
	by                   map[string]authz.Actor
	group                id.Group
	event, other, draft  id.Event
}

func eachHelpers(t *testing.T, f func(t *testing.T, h *helpers)) {
	t.Helper()
	eachWithMail(t, func(t *testing.T, s *mailStand) {
		h := &helpers{mailStand: s, by: map[string]authz.Actor{}}
		h.sam, h.by["sam"] = s.signIn("sam")
		h.robin, h.by["robin"] = s.signIn("robin")
		h.mia, h.by["mia"] = s.signIn("mia")
		h.ana, h.by["ana"] = s.signIn("ana")
		h.group = s.group(h.by["sam"], "riverside", "Riverside Neighbours")
		h.join("robin", authz.Organizer)
		h.join("mia", authz.Member)
		h.event = s.event(h.by["sam"], h.group, meeting("Open assembly", "2026-06-06"))
		h.other = s.event(h.by["sam"], h.group, meeting("Another day", "2026-06-07"))
		in := meeting("Not yet", "2026-06-06")
		in.State = events.Draft
		h.draft = s.event(h.by["sam"], h.group, in)
		f(t, h)
	})
}

func (h *helpers) join(who string, role authz.Role) {
	h.t.Helper()
	err := h.DB.Write(h.t.Context(), func(tx *db.Tx) error {
		return h.Groups.Join(h.t.Context(), tx, h.group, h.by[who].Person, groups.Admission{Role: string(role)})
	})
	if err != nil {
		h.t.Fatal(err)
	}
}

func page(e id.Event) string { return "/events/" + string(e) }

var helpLink = regexp.MustCompile(`/invitations/[0-9a-z]{26}\b`)

// link asks for one, for a handle or "", and returns its path.
func (h *helpers) link(e id.Event, handle string) string {
	h.t.Helper()
	a := h.robin.Post(page(e)+"/people/invite", "handle", handle).Want(h.t, 200, "")
	found := helpLink.FindString(a.Text("#link"))
	if found == "" {
		h.t.Fatalf("no link: %s", a.Text("main"))
	}
	return found
}

// until lets time pass for people who stay signed in.
func (h *helpers) until(at time.Time) {
	h.t.Helper()
	h.clock.Set(at)
	h.DBExec("update session set expires_at = $1, proved_at = $2", at.AddDate(0, 1, 0).UnixMicro(), at.UnixMicro())
}

// manages makes ana a manager.
func (h *helpers) manages(e id.Event) {
	h.t.Helper()
	h.ana.Post(h.link(e, ""), "key", h.IDs.Secret()).Want(h.t, 303, page(e))
}

func (h *helpers) count(q string, args ...any) (n int) {
	h.t.Helper()
	err := h.DB.Read(h.t.Context(), func(tx *db.Tx) error { return tx.Get(h.t.Context(), q, args, &n) })
	if err != nil {
		h.t.Fatal(err)
	}
	return n
}

func (h *helpers) grants() int { h.t.Helper(); return h.count("select count(*) from event_grant") }

func (h *helpers) title(e id.Event) string {
	h.t.Helper()
	return h.column("select title from event where id = $1", string(e))[0]
}

// A manager can do what their event needs, and nothing else of its group.
func TestManagerOfOneEvent(t *testing.T) {
	t.Parallel()
	eachHelpers(t, func(t *testing.T, h *helpers) {
		for _, e := range []id.Event{h.event, h.draft} {
			h.ana.Get(page(e)+"/edit").Want(t, map[id.Event]int{h.event: 403, h.draft: 404}[e], "")
			h.manages(e)
			a := h.ana.Get(page(e)).Want(t, 200, "")
			for _, tool := range []string{"/edit", "/programme", "/timeslots"} {
				h.ana.Get(page(e)+tool).Want(t, 200, "")
				if len(a.All("a[href="+page(e)+tool+"]")) != 1 {
					t.Errorf("no link to %s", tool)
				}
			}
			if text := a.Text("main"); strings.Contains(text, "Who helps") {
				t.Errorf("managers are offered to let others help: %s", text)
			}
			in := meeting("Better title", "2026-06-06")
			if e == h.draft {
				in.State = events.Draft
			}
			h.ana.Post(page(e)+"/edit", asForm(in, "sequence", "0")...).Want(t, 303, page(e)+"?saved=1")
			if got := h.title(e); got != "Better title" {
				t.Errorf("the title is %q", got)
			}
			h.ana.Get(page(e)+"/people").Want(t, 403, "")
			h.ana.Post(page(e)+"/people/invite").Want(t, 403, "")
			h.ana.Post(page(e)+"/people/name", "member", "mia").Want(t, 403, "")
			h.ana.Get(page(e)+"/roster").Want(t, 404, "")
		}
		h.ana.Get(page(h.event)+"/messages").Want(t, 200, "")
		h.ana.Get(page(h.other)+"/edit").Want(t, 403, "")
		h.ana.Get(page(h.other)+"/timeslots").Want(t, 403, "")
		for path, want := range map[string]int{
			"/groups/riverside/events/new": 403, "/groups/riverside/members": 403, "/groups/riverside/edit": 403,
			"/groups/riverside/invitations": 403, "/groups/riverside/announcements": 404,
		} {
			if got := h.ana.Get(path).Status; got != want && got != 403 && got != 404 {
				t.Errorf("a manager gets %d at %s", got, path)
			}
		}
		if text := h.ana.Get("/me").Text("#helping"); text == "" {
			t.Error("one's own page lists no events")
		}
		a := h.ana.Get("/me")
		if n := len(a.All("a[href=" + page(h.event) + "]")); n != 1 {
			t.Errorf("the event is listed %d times", n)
		}
		h.until(time.Date(2026, 6, 6, 17, 0, 0, 0, time.UTC))
		h.ana.Get(page(h.event)+"/turnout/new").Want(t, 200, "")
		h.ana.Get(page(h.other)+"/turnout/new").Want(t, 403, "")
	})
}

// A link works once, for seven days, from its own event's page, and looking at it
// changes nothing.
func TestLinksToHelp(t *testing.T) {
	t.Parallel()
	eachHelpers(t, func(t *testing.T, h *helpers) {
		link := h.link(h.event, "")
		if a := h.visitor().Get(link).Want(t, 200, ""); !strings.Contains(a.Text("main"), "Open assembly") {
			t.Errorf("the link does not say for what: %s", a.Text("main"))
		}
		key := h.IDs.Secret()
		h.ana.Post(link, "key", key).Want(t, 303, page(h.event))
		h.ana.Post(link, "key", key).Want(t, 303, page(h.event)) // the answer was lost
		h.mia.Post(link, "key", h.IDs.Secret()).Want(t, 410, "")
		h.mia.Get(link).Want(t, 410, "")
		if n := h.grants(); n != 1 {
			t.Errorf("%d grants", n)
		}
		// Somebody without an account gets one.
		b := h.visitor()
		b.Post(h.link(h.event, ""), "key", h.IDs.Secret(), "handle", "newcomer").Want(t, 200, "")
		b.Get(page(h.event)+"/edit").Want(t, 200, "")
		b.Get(page(h.other)+"/edit").Want(t, 403, "")
		if n := h.grants(); n != 2 {
			t.Errorf("%d grants", n)
		}
		// A link is revoked on its own event's page only, and not as one of the group.
		link = h.link(h.event, "")
		lid := h.column("select id from invitation where event_id = $1 and used_day = 0", string(h.event))[0]
		h.robin.Post(page(h.other)+"/people/links/"+lid+"/revoke").Want(t, 404, "")
		h.sam.Post("/groups/riverside/invitations/"+lid+"/revoke").Want(t, 404, "")
		h.ana.Post(page(h.event)+"/people/links/"+lid+"/revoke").Want(t, 403, "")
		h.visitor().Get(link).Want(t, 200, "")
		if a := h.sam.Get("/groups/riverside/invitations"); len(a.All("section table")) != 0 {
			t.Errorf("the group's page lists links of events: %s", a.Text("main"))
		}
		h.robin.Post(page(h.event)+"/people/links/"+lid+"/revoke").Want(t, 303, page(h.event)+"/people")
		h.robin.Post(page(h.event)+"/people/links/"+lid+"/revoke").Want(t, 404, "")
		h.mia.Post(link, "key", h.IDs.Secret()).Want(t, 410, "")
		// Whoever may not make links any more loses those that they made.
		link = h.link(h.event, "")
		if err := h.Groups.SetRole(t.Context(), h.by["sam"], "riverside", "robin", authz.Member); err != nil {
			t.Fatal(err)
		}
		h.visitor().Get(link).Want(t, 410, "")
		h.join("robin", authz.Organizer)
		link = h.link(h.event, "")
		h.clock.Add(7 * 24 * time.Hour)
		h.mia.Post(link, "key", h.IDs.Secret()).Want(t, 410, "")
		if n := h.grants(); n != 2 {
			t.Errorf("%d grants", n)
		}
	})
}

var formKey = regexp.MustCompile(`name="key" value="[0-9a-z]{26}"`)

// keyless is a page without the key of its form, which is another one each time.
func keyless(body string) string { return formKey.ReplaceAllString(body, "") }

// Nobody learns from a link which handles exist.
func TestHandlesCannotBeProbed(t *testing.T) {
	t.Parallel()
	eachHelpers(t, func(t *testing.T, h *helpers) {
		ask := func(handle string) string {
			a := h.robin.Post(page(h.event)+"/people/invite", "handle", handle).Want(t, 200, "")
			body := helpLink.ReplaceAllString(keyless(a.Body), "")
			body = regexp.MustCompile(`[0-9a-z]{26}/revoke`).ReplaceAllString(body, "")
			return strings.ReplaceAll(body, handle, "")
		}
		known := ask("mia")
		h.DBExec("delete from invitation where event_id is not null")
		if unknown := ask("zoe"); unknown != known {
			t.Error("a known and an unknown handle are answered differently")
		}
		h.robin.Post(page(h.event)+"/people/invite", "handle", "no handle!").Want(t, 422, "")
		link := h.link(h.event, "@Ana")
		a := h.mia.Post(link, "key", h.IDs.Secret()).Want(t, 422, "")
		if !strings.Contains(a.Text(".error-summary"), "another handle") {
			t.Errorf("whom it is not for is told %s", a.Text("main"))
		}
		h.visitor().Post(link, "key", h.IDs.Secret(), "handle", "somebody").Want(t, 422, "")
		if n := h.grants(); n != 0 {
			t.Errorf("%d grants by a link for somebody else", n)
		}
		h.ana.Post(link, "key", h.IDs.Secret()).Want(t, 303, page(h.event))
	})
}

func (h *helpers) DBExec(q string, args ...any) {
	h.t.Helper()
	err := h.DB.Write(h.t.Context(), func(tx *db.Tx) error { _, err := tx.Exec(h.t.Context(), q, args...); return err })
	if err != nil {
		h.t.Fatal(err)
	}
}

// What is taken back ends at once, also under a form that is open.
func TestGrantsEnd(t *testing.T) {
	t.Parallel()
	eachHelpers(t, func(t *testing.T, h *helpers) {
		ctx := t.Context()
		end := func(e id.Event) string {
			return page(e) + "/people/" + h.column("select id from event_grant where event_id = $1", string(e))[0] + "/end"
		}
		h.manages(h.event)
		h.ana.Get(page(h.event)+"/edit").Want(t, 200, "")
		h.ana.Post(end(h.event)).Want(t, 403, "")
		h.mia.Post(end(h.event)).Want(t, 403, "")
		h.robin.Post(strings.Replace(end(h.event), string(h.event), string(h.other), 1)).Want(t, 404, "")
		h.robin.Post(end(h.event)).Want(t, 303, page(h.event)+"/people")
		h.ana.Post(page(h.event)+"/edit", asForm(meeting("Taken over", "2026-06-06"), "sequence", "0")...).Want(t, 403, "")
		if got := h.title(h.event); got != "Open assembly" {
			t.Errorf("the title is %q", got)
		}
		h.manages(h.draft)
		h.robin.Post(end(h.draft)).Want(t, 303, page(h.draft)+"/people")
		h.ana.Post(page(h.draft)+"/edit", asForm(meeting("Taken over", "2026-06-06"), "sequence", "0")...).Want(t, 404, "")

		// In a suspended group it rests.
		h.manages(h.event)
		link := h.link(h.event, "")
		if err := h.Groups.Suspend(ctx, h.by["sam"], "riverside", true); err != nil {
			t.Fatal(err)
		}
		h.ana.Get(page(h.event)+"/edit").Want(t, 404, "")
		h.mia.Get(link).Want(t, 410, "")
		if err := h.Groups.Suspend(ctx, h.by["sam"], "riverside", false); err != nil {
			t.Fatal(err)
		}
		h.ana.Get(page(h.event)+"/edit").Want(t, 200, "")

		// One's own can be given up, and nobody else's.
		own := "/me/helping/" + h.column("select id from event_grant")[0] + "/end"
		h.mia.Post(own).Want(t, 404, "")
		h.visitor().Post(own).Want(t, 401, "")
		h.ana.Post(own).Want(t, 303, "/me")
		h.ana.Get(page(h.event)+"/edit").Want(t, 403, "")

		// It ends a week after the event, wherever that is moved.
		h.manages(h.event)
		if err := h.Events.Update(ctx, h.by["sam"], h.event, 0, meeting("Open assembly", "2026-06-08")); err != nil {
			t.Fatal(err)
		}
		expire := func(at time.Time) int {
			h.until(at)
			if err := h.Grants.Expire(ctx); err != nil {
				t.Fatal(err)
			}
			return h.grants()
		}
		last := time.Date(2026, 6, 15, 18, 0, 0, 0, time.UTC) // 20:00 in Leipzig
		if n := expire(last.Add(-time.Second)); n != 1 {
			t.Errorf("%d grants before the end", n)
		}
		h.ana.Get(page(h.event)+"/edit").Want(t, 200, "")
		h.until(last)
		h.ana.Get(page(h.event)+"/edit").Want(t, 403, "")
		if n := expire(last); n != 0 {
			t.Errorf("%d grants after the end", n)
		}
		h.robin.Post(page(h.event)+"/people/invite").Want(t, 422, "")
	})
}

// Whoever leaves a group takes nothing of its events along, and leaves nobody behind
// whom they let in; nor does whoever is removed with those they vouched for.
func TestGrantsEndWithMembership(t *testing.T) {
	t.Parallel()
	leave := func(h *helpers, who string) error { return h.Groups.Leave(h.t.Context(), h.by[who], "riverside") }
	cut := func(h *helpers, who string) error {
		return h.Groups.RemoveLineage(h.t.Context(), h.by["sam"], "riverside", who, 1)
	}
	for name, part := range map[string]func(h *helpers, who string) error{"leave": leave, "cut": cut} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			eachHelpers(t, func(t *testing.T, h *helpers) {
				h.manages(h.event) // by robin
				h.mia.Post(h.link(h.event, ""), "key", h.IDs.Secret()).Want(t, 303, page(h.event))
				a := h.sam.Post(page(h.other)+"/people/invite", "handle", "").Want(t, 200, "")
				h.ana.Post(helpLink.FindString(a.Text("#link")), "key", h.IDs.Secret()).Want(t, 303, page(h.other))
				h.robin.Post(h.link(h.draft, ""), "key", h.IDs.Secret()).Want(t, 303, page(h.draft))
				if n := h.grants(); n != 4 {
					t.Fatalf("%d grants", n)
				}
				if err := part(h, "mia"); err != nil {
					t.Fatal(err)
				}
				h.mia.Get(page(h.event)+"/edit").Want(t, 403, "")
				h.ana.Get(page(h.event)+"/edit").Want(t, 200, "")
				if err := part(h, "robin"); err != nil {
					t.Fatal(err)
				}
				h.robin.Get(page(h.draft)+"/edit").Want(t, 404, "")
				h.ana.Get(page(h.event)+"/edit").Want(t, 403, "")
				h.ana.Get(page(h.other)+"/edit").Want(t, 200, "") // by sam
				if n := h.grants(); n != 1 {
					t.Errorf("%d grants are left", n)
				}
			})
		})
	}
}

// Only so many can help.
func TestNotTooManyHelp(t *testing.T) {
	t.Parallel()
	eachHelpers(t, func(t *testing.T, h *helpers) {
		for i := range 20 {
			h.DBExec(`insert into invitation (hash, id, group_id, role, expires_at, used_day, event_id) values ($1, $2, $3, 'manager', $4, 0, $5)`,
				[]byte{byte(i)}, fmt.Sprint(i), string(h.group), h.clock.Now().Add(time.Hour).UnixMicro(), string(h.event))
		}
		a := h.robin.Post(page(h.event)+"/people/invite").Want(t, 422, "")
		if !strings.Contains(a.Text(".error-summary"), "20") {
			t.Error(a.Text("main"))
		}
		h.link(h.other, "")
	})
}

// The host of an accepted proposal gets a link, once, and nothing notes who they are.
func TestHostManagesTheirEvent(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		sam := callDay(t, s)
		const url = "/campaigns/day-of-care"
		ana, _ := s.signIn("ana")
		key := s.IDs.Secret()
		ana.Post(url+"/host", "key", key, "near", "Leipzig", "place", "Old pier", "day", "2026-06-06", "start", "10:00").Want(t, 303, url+"/proposals/"+key)
		ana.Post(url+"/proposals/"+key+"/help").Want(t, 404, "")
		program := apitest.New(t, s.Site) // needs no token: the key says enough
		program.Do("POST", url+"/proposals/"+key+"/help", nil).Refused(404, "campaign.no_proposal")
		proposal := sam.Get(url+"/proposals").Attr("input[name=proposal]", "value")
		sam.Post(url+"/proposals", "proposal", proposal, "group", "riverside", "do", "accept").Want(t, 303, url+"/proposals")
		a := ana.Get(url+"/proposals/"+key).Want(t, 200, "")
		if len(a.All("form[action="+url+"/proposals/"+key+"/help]")) != 1 {
			t.Fatalf("the host is offered nothing: %s", a.Text("main"))
		}
		link := ana.Post(url + "/proposals/" + key + "/help").Location
		if again := ana.Post(url + "/proposals/" + key + "/help").Location; again != link || !helpLink.MatchString(link) {
			t.Fatalf("%q, then %q", link, again)
		}
		var same struct{ URL string }
		if b := program.Do("POST", url+"/proposals/"+key+"/help", nil).Want(200, &same); pathOf(same.URL) != link || b.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("a program gets %s, %v", b.Body, b.Header)
		}
		event := s.column("select event_id from proposal where event_id is not null")[0]
		ana.Get("/events/"+event+"/edit").Want(t, 403, "")
		ana.Post(link, "key", s.IDs.Secret()).Want(t, 303, "/events/"+event)
		ana.Get("/events/"+event+"/edit").Want(t, 200, "")
		if a := ana.Get("/events/" + event); len(a.All("form[action="+url+"/events/"+event+"/remove]")) != 0 {
			t.Error("a manager is offered to take the event out of its campaign")
		}
		ana.Post(url+"/events/"+event+"/remove").Want(t, 403, "")
		// Used up, it does not come again: not when the link's row is gone either.
		for range 2 {
			other, _ := s.signIn(fmt.Sprintf("other%d", len(s.column("select id from person"))))
			other.Post(url+"/proposals/"+key+"/help").Want(t, 303, link)
			other.Post(link, "key", s.IDs.Secret()).Want(t, 410, "")
			s.clock.Add(8 * 24 * time.Hour)
			if err := s.Identity.Expire(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	})
}
