package events

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"convoke/internal/fault"
)

func plainRender(s string) (string, error) { return s, nil }

// dayIn is an event of n days in Leipzig's time, from ten o'clock on.
func dayIn(n int) *Event {
	start := time.Date(2026, 5, 9, 8, 0, 0, 0, time.UTC)
	return &Event{Start: start, End: start.AddDate(0, 0, n-1).Add(3 * time.Hour), Zone: "Europe/Berlin", State: Confirmed}
}

// wrong are the fields that a fault names, each with its code.
func wrong(err error) map[string]string {
	out := map[string]string{}
	if f := fault.Of(err); f != nil {
		for _, x := range f.Fields {
			out[x.Name] = x.Code
		}
	}
	return out
}

// TestContingentsKeepTheirOrder: those with a number go first, by it; where
// numbers are the same or absent, the order of the rows decides. Nothing is
// lost, and what was saved and is saved again stays as it is.
func TestContingentsKeepTheirOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		n := rapid.IntRange(0, maxContingents).Draw(r, "rows")
		var in ProgrammeInput
		var names []string
		order := map[string]int{}
		for i := range n {
			name := fmt.Sprint("c", i)
			names = append(names, name)
			c := ContingentInput{Row: contingentName(i + 1), Name: name}
			order[name] = maxOrder + 1
			if rapid.Bool().Draw(r, "numbered") {
				order[name] = rapid.IntRange(1, 5).Draw(r, "order")
				c.Order = strconv.Itoa(order[name])
			}
			in.Contingents = append(in.Contingents, c)
		}
		slices.SortStableFunc(names, func(a, b string) int { return order[a] - order[b] })
		p, err := in.parse(dayIn(1), plainRender)
		if err != nil {
			r.Fatal(err)
		}
		again := ProgrammeInput{}
		for i, c := range p.Contingents {
			if c.Name != names[i] {
				r.Fatalf("place %d has %s, want %v", i+1, c.Name, names)
			}
			again.Contingents = append(again.Contingents, ContingentInput{Row: contingentName(i + 1), Name: c.Name, Order: strconv.Itoa(i + 1)})
		}
		if len(p.Contingents) != n {
			r.Fatalf("%d of %d are left", len(p.Contingents), n)
		}
		q, err := again.parse(dayIn(1), plainRender)
		if err != nil || !slices.Equal(p.Contingents, q.Contingents) {
			r.Fatalf("%v, %v became %v", err, p.Contingents, q.Contingents)
		}
	})
}

// TestMeetingIsWithinTheDaysOfTheEvent: any day and minute of the event are
// taken and found again, and no other day.
func TestMeetingIsWithinTheDaysOfTheEvent(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		n := rapid.IntRange(1, 10).Draw(r, "days")
		day := rapid.IntRange(-3, 13).Draw(r, "day")
		minute := rapid.IntRange(0, 24*60-1).Draw(r, "minute")
		e := dayIn(n)
		first, _ := e.days()
		in := ContingentInput{
			Row: "contingent_1", Name: "Families",
			Date: first.AddDate(0, 0, day).Format(time.DateOnly), Time: fmt.Sprintf("%02d:%02d", minute/60, minute%60),
		}
		p, err := ProgrammeInput{Contingents: []ContingentInput{in}}.parse(e, plainRender)
		if day < 0 || day >= n {
			if wrong(err)["contingent_1_date"] != "programme.day" {
				r.Fatalf("day %d of %d: %v", day, n, err)
			}
			return
		}
		if err != nil {
			r.Fatal(err)
		}
		at, ok := p.meets(e, p.Contingents[0])
		if !ok || at.Format("2006-01-02 15:04") != in.Date+" "+in.Time || at.Location().String() != "Europe/Berlin" {
			r.Fatalf("%v %v, want %s %s", at, ok, in.Date, in.Time)
		}
	})
}

func TestDaysOfAnEvent(t *testing.T) {
	t.Parallel()
	night := dayIn(1)
	night.Start, night.End = time.Date(2026, 5, 9, 20, 0, 0, 0, time.UTC), time.Date(2026, 5, 10, 1, 0, 0, 0, time.UTC)
	whole := dayIn(1)
	whole.Start, whole.End = time.Date(2026, 5, 8, 22, 0, 0, 0, time.UTC), time.Date(2026, 5, 10, 22, 0, 0, 0, time.UTC)
	clocks := dayIn(1) // the night has 23 hours
	clocks.Start, clocks.End = time.Date(2026, 3, 28, 20, 0, 0, 0, time.UTC), time.Date(2026, 3, 29, 21, 59, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		e    *Event
		want int
	}{"hours": {dayIn(1), 1}, "three": {dayIn(3), 3}, "over midnight": {night, 2}, "two whole days": {whole, 2}, "clocks go forward": {clocks, 2}} {
		if _, n := c.e.days(); n != c.want {
			t.Errorf("%s: %d days, want %d", name, n, c.want)
		}
	}
}

func TestProgrammeSaysWhatIsWrongBesideEachField(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("é", maxLine+1)
	skipped := dayIn(1)
	skipped.Start, skipped.End = time.Date(2026, 3, 28, 23, 30, 0, 0, time.UTC), time.Date(2026, 3, 29, 10, 0, 0, 0, time.UTC)
	one := func(c ContingentInput) ProgrammeInput {
		c.Row = "contingent_1"
		return ProgrammeInput{Contingents: []ContingentInput{c}}
	}
	role := func(r RoleInput) ProgrammeInput { return ProgrammeInput{Roles: []RoleInput{r}} }
	var many, roles ProgrammeInput
	for i := range maxContingents + 1 {
		many.Contingents = append(many.Contingents, ContingentInput{Row: contingentName(i + 1), Name: "x"})
	}
	for i := range maxOwnRoles + 1 {
		roles.Roles = append(roles.Roles, RoleInput{Row: roleName(i + 1), Name: "Tea", People: "1"})
	}
	for name, c := range map[string]struct {
		in          ProgrammeInput
		e           *Event
		field, code string
	}{
		"nothing":           {ProgrammeInput{}, dayIn(1), "", ""},
		"as long as may be": {ProgrammeInput{Bring: strings.Repeat("é", maxBring), LegalHelp: long[2:], Offer: long[2:]}, dayIn(1), "", ""},
		"much to bring":     {ProgrammeInput{Bring: strings.Repeat("é", maxBring+1)}, dayIn(1), "bring", "form.long"},
		"long numbers":      {ProgrammeInput{LegalHelp: long}, dayIn(1), "legal_help", "form.long"},
		"long offer":        {ProgrammeInput{Offer: long}, dayIn(1), "offer", "form.long"},
		"note, no answer":   {ProgrammeInput{Safety: []SafetyAnswer{{"water", "", "two taps"}}}, dayIn(1), "safety_water", "programme.answer"},
		"no such answer":    {ProgrammeInput{Safety: []SafetyAnswer{{"water", "maybe", ""}}}, dayIn(1), "safety_water", "programme.answer"},
		"long note":         {ProgrammeInput{Safety: []SafetyAnswer{{"water", "yes", long}}}, dayIn(1), "note_water", "form.long"},
		"no name":           {one(ContingentInput{Place: "Gate"}), dayIn(1), "contingent_1_name", "programme.contingent_name"},
		"long name":         {one(ContingentInput{Name: long}), dayIn(1), "contingent_1_name", "form.long"},
		"long place":        {one(ContingentInput{Name: "x", Place: long}), dayIn(1), "contingent_1_place", "form.long"},
		"order of words":    {one(ContingentInput{Name: "x", Order: "first"}), dayIn(1), "contingent_1_order", "programme.order"},
		"order zero":        {one(ContingentInput{Name: "x", Order: "0"}), dayIn(1), "contingent_1_order", "programme.order"},
		"large order":       {one(ContingentInput{Name: "x", Order: "1000"}), dayIn(1), "contingent_1_order", "programme.order"},
		"no such time":      {one(ContingentInput{Name: "x", Time: "noon"}), dayIn(1), "contingent_1_time", "event.time"},
		"a skipped time":    {one(ContingentInput{Name: "x", Time: "02:30"}), skipped, "contingent_1_time", "event.time_skipped"},
		"no such date":      {one(ContingentInput{Name: "x", Date: "9 May"}), dayIn(2), "contingent_1_date", "event.date"},
		"day, no time":      {one(ContingentInput{Name: "x", Date: "2026-05-10"}), dayIn(2), "", ""},
		"many contingents":  {many, dayIn(1), "contingent_31_name", "programme.contingents"},
		"none needed":       {role(RoleInput{Row: "role_medic", Code: "medic", People: "0"}), dayIn(1), "", ""},
		"some":              {role(RoleInput{Row: "role_medic", Code: "medic", People: "some"}), dayIn(1), "role_medic_people", "programme.people"},
		"fewer than none":   {role(RoleInput{Row: "role_medic", Code: "medic", People: "-1"}), dayIn(1), "role_medic_people", "programme.people"},
		"very many":         {role(RoleInput{Row: "role_medic", Code: "medic", People: "10001"}), dayIn(1), "role_medic_people", "programme.people"},
		"a role, no number": {role(RoleInput{Row: "role_1", Name: "Tea"}), dayIn(1), "role_1_people", "programme.people"},
		"a number, no role": {role(RoleInput{Row: "role_1", People: "2"}), dayIn(1), "role_1_name", "programme.role_name"},
		"many roles":        {roles, dayIn(1), "role_11_name", "programme.roles"},
		"a long role":       {role(RoleInput{Row: "role_1", Name: long, People: "2"}), dayIn(1), "role_1_name", "form.long"},
	} {
		_, err := c.in.parse(c.e, plainRender)
		got := wrong(err)
		if c.field == "" && err != nil || c.field != "" && (len(got) != 1 || got[c.field] != c.code) {
			t.Errorf("%s: %v, want %s at %q", name, got, c.code, c.field)
		}
	}
	_, err := ProgrammeInput{Bring: "x"}.parse(dayIn(1), func(string) (string, error) { return "", errors.New("no") })
	if got := wrong(err)["bring"]; got != "event.description_unreadable" {
		t.Errorf("unreadable: %q", got)
	}
}

func TestMovedEventHasNoOldMeetingTimes(t *testing.T) {
	t.Parallel()
	e := dayIn(2)
	p := Programme{Start: e.Start, Contingents: []Contingent{{Name: "Families", Day: 1, Minute: 570}}}
	if _, ok := p.meets(e, p.Contingents[0]); !ok || p.open(e) {
		t.Error("the time is not known")
	}
	short := dayIn(1)
	if _, ok := p.meets(short, p.Contingents[0]); ok {
		t.Error("a day that the event has no more")
	}
	e.Start = e.Start.Add(time.Hour)
	if _, ok := p.meets(e, p.Contingents[0]); ok || !p.open(e) {
		t.Error("the time from before the move is still told")
	}
	p.Contingents[0].Minute = -1
	if p.open(e) {
		t.Error("no time was told, and one is missed")
	}
}

func TestGapsAreWhatNobodyHasSaid(t *testing.T) {
	t.Parallel()
	now := dayIn(1).Start.AddDate(0, 0, -7)
	whole := Programme{Bring: "Water.", Start: dayIn(1).Start}
	for _, x := range checklist {
		whole.Safety = append(whole.Safety, SafetyAnswer{x.Code, "not_yet", ""})
	}
	half := whole
	half.Safety = whole.Safety[:5]
	said := func(change func(*Event)) *Event {
		e := dayIn(1)
		e.Lang, e.Access.Yes, e.Where.Place = "de", 1, "North gate"
		if change != nil {
			change(e)
		}
		return e
	}
	for name, c := range map[string]struct {
		e    *Event
		p    Programme
		now  time.Time
		want []string
	}{
		"all said":     {said(nil), whole, now, nil},
		"nothing said": {said(func(e *Event) { e.Lang, e.Access.Yes = "", 0 }), Programme{}, now, []string{"/edit#access_yes", "/edit#lang", "/programme#bring", "/programme#safety"}},
		"half":         {said(nil), half, now, []string{"/programme#safety"}},
		"online":       {said(func(e *Event) { e.Where.Place = "" }), Programme{Bring: "x"}, now, nil},
		"cancelled":    {said(func(e *Event) { e.State = Cancelled }), Programme{}, now, nil},
		"over":         {said(nil), Programme{}, now.AddDate(0, 1, 0), nil},
		"a draft":      {said(func(e *Event) { e.State = Draft }), half, now, []string{"/programme#safety"}},
	} {
		var got []string
		for _, g := range gaps(c.e, &c.p, c.now) {
			got = append(got, g.Path)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
	if got := half.unanswered(); !slices.Equal(got, []string{"Plan for the weather", "Legal information"}) {
		t.Error(got)
	}
}
