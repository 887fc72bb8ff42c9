package app_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"convoke/internal/authz"
	"convoke/internal/fault"
	"convoke/internal/feature/events"
)

// Who was made manager of one date changes that one, and no other of its series:
// neither by a form, nor by a service, nor does a draft among them show.
func TestManagerOfOneDate(t *testing.T) {
	t.Parallel()
	eachHelpers(t, func(t *testing.T, h *helpers) {
		weekly := events.RepeatInput{Every: "1", Unit: events.Weeks, End: "times", Times: "3"}
		if err := h.Events.Repeat(t.Context(), h.by["robin"], h.event, h.IDs.Secret(), "", weekly); err != nil {
			t.Fatal(err)
		}
		if err := h.Events.Repeat(t.Context(), h.by["robin"], h.draft, h.IDs.Secret(), "", weekly); err != nil {
			t.Fatal(err)
		}
		h.manages(h.event)
		h.manages(h.draft)
		if len(h.robin.Get(page(h.event)).All("a[href="+page(h.event)+"/repeat]")) == 0 {
			t.Error("an organizer finds no way to repeat")
		}
		for _, path := range []string{page(h.event), page(h.event) + "/dates"} {
			if n := len(h.ana.Get(path).Want(t, 200, "").All("a[href=" + page(h.event) + "/repeat]")); n > 0 {
				t.Errorf("%s leads a manager to the series", path)
			}
		}
		if n := len(h.ana.Get(page(h.event)+"/edit").Want(t, 200, "").All("input[name=scope]")); n > 0 {
			t.Error("a manager is asked which dates a change is for")
		}
		if n := len(h.robin.Get(page(h.event)+"/edit").Want(t, 200, "").All("input[name=scope]")); n != 3 {
			t.Errorf("an organizer chooses among %d", n)
		}
		h.ana.Get(page(h.event)+"/repeat").Want(t, 403, "")
		h.ana.Post(page(h.event)+"/repeat", "key", h.IDs.Secret(), "unit", "week", "end", "never").Want(t, 403, "")
		h.ana.Post(page(h.event)+"/repeat/end", "end_scope", "all", "version", "1").Want(t, 403, "")
		in := meeting("All mine", "2026-06-06")
		for _, scope := range []events.Scope{events.Later, events.All} {
			h.ana.Post(page(h.event)+"/edit", asForm(in, "sequence", "0", "series_version", "1", "scope", string(scope))...).Want(t, 403, "")
			if err := h.Events.SetSeriesPicture(t.Context(), h.by["ana"], h.event, scope, ""); !fault.HasCode(err, "authz.forbidden") {
				t.Errorf("a picture for %s: %v", scope, err)
			}
		}
		h.ana.Post(page(h.event)+"/edit", asForm(in, "sequence", "0", "scope", "only")...).Want(t, 303, page(h.event)+"?saved=1")
		if got := strings.Join(h.column("select title from event where title in ('All mine', 'Open assembly') order by starts_at"), ", "); got != "All mine, Open assembly, Open assembly" {
			t.Errorf("the dates are %s", got)
		}
		if n := len(h.robin.Get(page(h.draft)+"/dates").Want(t, 200, "").All("article.event")); n != 3 {
			t.Errorf("an organizer sees %d drafts", n)
		}
		if n := len(h.ana.Get(page(h.draft)+"/dates").Want(t, 200, "").All("article.event")); n != 1 {
			t.Errorf("a manager of one draft sees %d", n)
		}
	})
}

// A manager is no organizer who confirms roles: else one organizer would make
// their own second one.
func TestManagersConfirmNoRoles(t *testing.T) {
	t.Parallel()
	eachHelpers(t, func(t *testing.T, h *helpers) {
		err := h.Events.SetProgramme(t.Context(), h.by["robin"], h.event, 0, events.ProgrammeInput{Roles: []events.RoleInput{{Row: "r1", Code: "marshal", People: "1"}}})
		if err != nil {
			t.Fatal(err)
		}
		h.manages(h.event)
		if n := len(h.ana.Get(page(h.event)).All("a[href=" + page(h.event) + "/roles]")); n > 0 {
			t.Error("a manager is led to the roles")
		}
		h.ana.Get(page(h.event)+"/roles").Want(t, 403, "")
		h.ana.Post(page(h.event)+"/roles", "confirmers", "1").Want(t, 403, "")
		h.robin.Get(page(h.event)+"/roles").Want(t, 200, "")
		// What robin confirmed as an organizer no longer counts once they only manage.
		h.robin.Post(page(h.event)+"/roles", "confirmers", "2").Want(t, 303, page(h.event)+"/roles?saved=1")
		key := h.visitor().Get(page(h.event)+"/attend").Want(t, 200, "").Attr("input[name=key]", "value")
		h.visitor().Post(page(h.event)+"/attend", "key", key, "party", "1").Want(t, 303, page(h.event)+"/attend/"+key+"?new=1")
		h.visitor().Post(page(h.event)+"/attend/"+key+"/roles", "role", "marshal").Want(t, 303, page(h.event)+"/attend/"+key+"?saved=1")
		code := h.column("select code from role_offer")[0]
		confirm := func(who string) error {
			return h.confirmRole(h.by[who], code)
		}
		if err := confirm("robin"); err != nil {
			t.Fatal(err)
		}
		h.DBExec("insert into event_grant (event_id, person_id, kind, id, group_id, day, ends_at) values ($1, $2, 'manager', 'x', $3, 0, $4)",
			string(h.event), string(h.by["robin"].Person), string(h.group), h.clock.Now().AddDate(1, 0, 0).UnixMicro())
		if err := h.Groups.SetRole(t.Context(), h.by["sam"], "riverside", "robin", authz.Member); err != nil {
			t.Fatal(err)
		}
		if err := confirm("sam"); err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(h.column("select state from role_offer")); got != "[offered]" {
			t.Errorf("the offer is %s by one organizer and one manager", got)
		}
	})
}

// A door link rests while its event is hidden, and works when it is back; a
// made-up one is never worth counting.
func TestDoorsRestWithTheirGroup(t *testing.T) {
	t.Parallel()
	p := newPorch(t, "")
	p.begin()
	code := p.code(p.signUp("1"))
	keeper := p.visitor()
	keeper.Get(p.door).Want(t, 200, "")
	if err := p.Groups.Suspend(t.Context(), authz.Actor{Person: p.by.Person, Operator: true}, "riverside", true); err != nil {
		t.Fatal(err)
	}
	keeper.Get(p.door).Want(t, 404, "")
	keeper.Get("/api/v1"+p.door).Want(t, 404, "")
	keeper.Post(p.door, "action", "check", "key", p.IDs.Secret(), "code", code).Want(t, 404, "")
	if err := p.Groups.Suspend(t.Context(), authz.Actor{Person: p.by.Person, Operator: true}, "riverside", false); err != nil {
		t.Fatal(err)
	}
	keeper.Get(p.door).Want(t, 200, "")
	made := "/door/" + p.IDs.Secret()
	for range 1300 {
		if got := keeper.Post(made, "action", "undo", "key", p.IDs.Secret(), "tap", "x").Status; got != 404 {
			t.Fatalf("a door that is none answers %d", got)
		}
	}
}

// What a shift needs goes with it: to a further date, and to another server.
func TestNeedOfAShiftGoesWithIt(t *testing.T) {
	t.Parallel()
	h := newHosts(t, "")
	start := h.clock.Now().AddDate(0, 0, 7).Format(time.DateOnly)
	h.steward.Post(h.page()+"/timeslots", "key", h.IDs.Secret(), "title", "Tea shift", "start_date", start, "start_time", "18:30",
		"end_time", "19:00", "capacity", "9", "least", "4").Want(t, 303, h.page()+"/timeslots?saved=1&day=2026-05-09")
	if err := h.Events.Repeat(t.Context(), h.by, h.event, h.IDs.Secret(), "", events.RepeatInput{Every: "1", Unit: events.Weeks, End: "times", Times: "2"}); err != nil {
		t.Fatal(err)
	}
	if n := h.stand.count("select count(*) from slot where least = 4"); n != 2 {
		t.Errorf("%d of two dates need four", n)
	}
	b := newStand(t)
	b.takeIn(h.archived(h.group), importAll())
	if n := b.count("select count(*) from slot where least = 4"); n != 2 {
		t.Errorf("%d of two dates need four on another server", n)
	}
}
