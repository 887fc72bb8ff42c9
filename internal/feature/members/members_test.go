package members

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"convoke/internal/authz"
	"convoke/internal/day"
	"convoke/internal/db"
	"convoke/internal/db/dbtest"
	"convoke/internal/fact"
	"convoke/internal/fault"
	"convoke/internal/i18n"
	"convoke/internal/id"
	"convoke/internal/web/webtest"
)

func TestPagesFitTheirTypes(t *testing.T) {
	t.Parallel()
	webtest.Pages(t, pages, map[string]webtest.Check{
		"start": startPage.Check, "start_edit": editStartPage.Check, "skills": skillsPage.Check, "digest": digestPage.Check,
		"digest_link": linkPage.Check, "quiet": quietPage.Check, "group": groupPanel.Check, "mine": minePanel.Check,
	})
}

// Organizers are told the handles of those who want that; other members sums, and of a
// few not even those; nobody outside anything.
func TestSkills(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, x *fixture) {
		ctx := t.Context()
		offer := func(who string, shared bool, line string, codes ...string) {
			t.Helper()
			x.must(x.OfferSkills(ctx, as(who), "riverside", SkillInput{Codes: codes, Line: line, Shared: shared}, x.clock.Now()))
		}
		offer("mia", true, "Arabic and French", "cooking", "translating")
		offer("ned", false, "my van", "cooking", "driving")
		offer("olga", false, "", "cooking")
		see := func(who string) string {
			t.Helper()
			s, err := x.Skills(ctx, as(who), "riverside")
			x.must(err)
			var out []string
			for _, k := range s.List {
				out = append(out, fmt.Sprintf("%s %d %s", k.Code, k.People, k.Handles))
			}
			for _, o := range s.Named {
				out = append(out, o.Handle+": "+o.Line)
			}
			return strings.Join(out, ", ")
		}
		if got, want := see("olga"), "cooking 3 [mia], driving 1 [], translating 1 [mia], mia: Arabic and French"; got != want {
			t.Errorf("an organizer sees %q, want %q", got, want)
		}
		if got, want := see("ned"), "cooking 3 [], driving 1 [], translating 1 []"; got != want {
			t.Errorf("a member sees %q, want %q", got, want)
		}
		if s, err := x.Skills(ctx, as("ned"), "riverside"); err != nil || s.Mine.Line != "my van" {
			t.Errorf("ned's own: %+v, %v", s.Mine, err)
		}
		for _, who := range []authz.Actor{as("eve"), {}} {
			if _, err := x.Skills(ctx, who, "riverside"); !fault.Is(err, fault.KindNotFound) && !fault.Is(err, fault.KindUnauthenticated) {
				t.Errorf("%q: %v", who.Handle, err)
			}
		}
		if err := x.OfferSkills(ctx, as("eve"), "riverside", SkillInput{Codes: []string{"cooking"}}, x.clock.Now()); !fault.Is(err, fault.KindNotFound) {
			t.Errorf("a stranger offers: %v", err)
		}
		// Words are sealed, and go with the key of their month.
		if n := x.count("select count(*) from skill where sealed is not null"); n != 2 {
			t.Errorf("%d lines", n)
		}
		x.write(func(tx *db.Tx) error {
			_, of, err := x.HeldSkills(ctx, tx, "mia")
			if len(of) != 1 || of[0].Handle != "riverside" {
				t.Errorf("held about mia: %v", of)
			}
			return err
		})
		// Membership takes them along; what nobody confirms ends.
		x.exec("delete from member where person_id = 'mia'")
		if got := see("olga"); strings.Contains(got, "mia") {
			t.Errorf("mia left, and organizers see %q", got)
		}
		x.must(x.DropSkills(ctx, as("olga"), "riverside"))
		x.days(skillDays - 10)
		offer("olga", true, "", "legal")
		x.days(10)
		if got, want := see("sam"), "legal 1 [olga], olga: "; got != want {
			t.Errorf("after half a year: %q", got)
		}
		if n := x.count("select count(*) from skill"); n != 1 {
			t.Errorf("%d rows", n)
		}
		x.write(func(tx *db.Tx) error { return x.GroupCleared(ctx, tx, fact.GroupCleared{Group: "riverside"}) })
		if n := x.count("select count(*) from skill"); n != 0 {
			t.Errorf("%d rows of a group that ended", n)
		}
	})
}

func TestTheKeyOfAMonthIsDestroyed(t *testing.T) {
	t.Parallel()
	x := newFixture(t, dbtest.SQLite(t))
	ctx := t.Context()
	x.must(x.OfferSkills(ctx, as("mia"), "riverside", SkillInput{Line: "my van", Shared: true}, x.clock.Now()))
	x.exec("update skill set ends_day = 20990101") // as if it were forgotten
	line := func() string {
		s, err := x.Skills(ctx, as("olga"), "riverside")
		x.must(err)
		return s.Named[0].Line
	}
	x.days(skillDays)
	if got := line(); got != "my van" {
		t.Errorf("after half a year it reads %q", got)
	}
	x.days(90)
	if got := line(); got != "" {
		t.Errorf("after nine months it reads %q", got)
	}
	if _, err := x.vault.Existing(ctx, ScopePrefix+"2026-05"); err == nil {
		t.Error("the key is there")
	}
}

func TestSkillInput(t *testing.T) {
	t.Parallel()
	for name, x := range map[string]struct {
		in   SkillInput
		want string
	}{
		"nothing":       {SkillInput{}, "skill.none"},
		"only blanks":   {SkillInput{Line: "  "}, "skill.none"},
		"unknown":       {SkillInput{Codes: []string{"cooking", "spying"}}, "skill.unknown"},
		"a long line":   {SkillInput{Line: strings.Repeat("ü", maxLine+1)}, "skill.line_long"},
		"a line":        {SkillInput{Line: "x"}, ""},
		"one, twice":    {SkillInput{Codes: []string{"cooking", "cooking"}}, ""},
		"all of them":   {SkillInput{Codes: allCodes()}, ""},
		"a line of 120": {SkillInput{Line: strings.Repeat("ü", maxLine)}, ""},
	} {
		_, err := x.in.parse()
		got := ""
		if f := fault.Of(err); f != nil {
			got = f.Fields[0].Code
		}
		if got != x.want {
			t.Errorf("%s: %q, want %q", name, got, x.want)
		}
	}
}

func allCodes() (out []string) {
	for _, x := range skills {
		out = append(out, x.code)
	}
	return out
}

// A mail comes once a week, to whoever asked, and only with news.
func TestDigest(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, x *fixture) {
		ctx := t.Context()
		today := day.Of(dbtest.Now)
		x.News = []News{told("riverside", day.After(today, 3), "Open <assembly>"), told("hill", day.After(today, 3), "Not yours"), told("riverside", day.After(today, 7), "Later")}
		for range 2 {
			x.must(x.Subscribe(ctx, as("mia"), "riverside"))
		}
		if err := x.Subscribe(ctx, as("ned"), "riverside"); !fault.HasCode(err, "digest.no_address") {
			t.Errorf("ned has no address: %v", err)
		}
		if err := x.Subscribe(ctx, as("eve"), "riverside"); !fault.Is(err, fault.KindNotFound) {
			t.Errorf("a stranger: %v", err)
		}
		x.days(6)
		if mails := x.sent.take(); len(mails) != 0 {
			t.Errorf("too early: %v", mails)
		}
		x.days(1)
		mails := x.sent.take()
		m := mails["mia@example.org"]
		if len(mails) != 1 || !strings.Contains(m.Text, "Open <assembly>\nhttps://example.org/events/1") || strings.Contains(m.Text, "Not yours") || strings.Contains(m.Text, "Later") {
			t.Fatalf("%v", mails)
		}
		x.days(7)
		if m := x.sent.take()["mia@example.org"]; !strings.Contains(m.Text, "Later") || strings.Contains(m.Text, "assembly") {
			t.Errorf("the second week: %v", m.Text)
		}
		x.days(7)
		if mails := x.sent.take(); len(mails) != 0 {
			t.Errorf("a week without news: %v", mails)
		}
		// Its link ends it, whoever has it; a wrong one does nothing.
		secret := m.Text[strings.Index(m.Text, "/digest/")+len("/digest/"):]
		for _, bad := range []string{"x", x.IDs.Secret()} {
			if err := x.UnsubscribeByLink(ctx, bad); !fault.HasCode(err, "digest.no_link") {
				t.Errorf("%q: %v", bad, err)
			}
		}
		x.must(x.UnsubscribeByLink(ctx, secret))
		if n := x.count("select count(*) from digest"); n != 0 {
			t.Error("it goes on")
		}
		// It goes with the membership, also from a mail that waits to be sent.
		x.must(x.Subscribe(ctx, as("mia"), "riverside"))
		x.News = []News{told("riverside", day.Of(x.clock.Now()), "New")}
		x.clock.Add(8 * 24 * time.Hour)
		x.must(x.SendDigests(ctx))
		x.exec("delete from member where person_id = 'mia'")
		x.jobs()
		if mails := x.sent.take(); len(mails) != 0 || x.count("select count(*) from digest") != 0 {
			t.Errorf("after leaving: %v", mails)
		}
	})
}

// What is new in a group is looked up once for all who are told on one day, and again
// for those of another.
func TestNewsAreFoundOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, x *fixture) {
		ctx := t.Context()
		asked := 0
		x.News = []News{func(context.Context, id.Group, time.Time, time.Time, *i18n.Locale) ([]Item, error) {
			asked++
			return []Item{{Kind: "New", Title: "Open assembly", URL: "/events/1"}}, nil
		}}
		for _, p := range []string{"mia", "olga", "sam"} {
			x.must(x.Subscribe(ctx, as(p), "riverside"))
		}
		x.days(7)
		if mails := x.sent.take(); len(mails) != 3 || asked != 1 {
			t.Errorf("%d mails, looked up %d times", len(mails), asked)
		}
		x.days(7)
		if mails := x.sent.take(); len(mails) != 3 || asked != 2 {
			t.Errorf("the second week: %d mails, looked up %d times", len(mails), asked)
		}
	})
}

// A short while is not for ever, and what went wrong is not remembered.
func TestWeeks(t *testing.T) {
	t.Parallel()
	var w weeks
	now := dbtest.Now
	asked := 0
	find := func() ([]Item, error) { asked++; return nil, nil }
	for i, x := range []struct {
		k    week
		at   time.Duration
		want int
	}{{week{group: "a"}, 0, 1}, {week{group: "a"}, weekTTL - 1, 1}, {week{group: "a", lang: "es"}, 0, 2}, {week{group: "a"}, weekTTL, 3}} {
		if _, err := w.news(x.k, now.Add(x.at), find); err != nil || asked != x.want {
			t.Errorf("%d: asked %d times, %v", i, asked, err)
		}
	}
	for i := range 2 * maxWeeks {
		if _, err := w.news(week{from: i}, now, find); err != nil || len(w.all) > maxWeeks {
			t.Fatalf("%d are remembered, %v", len(w.all), err)
		}
	}
	if _, err := w.news(week{group: "b"}, now, func() ([]Item, error) { return nil, context.Canceled }); err == nil {
		t.Error("an error is lost")
	}
	if _, ok := w.all[week{group: "b"}]; ok {
		t.Error("an error is remembered")
	}
}

// The newcomers' page is for members until organizers show it to everybody.
func TestStart(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, x *fixture) {
		ctx := t.Context()
		in := StartInput{Does: "We **dig**.", First: "Come along.", Ask: "Whoever wears green", Version: "0"}
		if err := x.SetStart(ctx, as("mia"), "riverside", in); !fault.HasCode(err, "authz.forbidden") {
			t.Errorf("a member writes it: %v", err)
		}
		x.must(x.SetStart(ctx, as("olga"), "riverside", in))
		for _, who := range []authz.Actor{as("eve"), {}} {
			if _, err := x.Start(ctx, who, "riverside"); !fault.Is(err, fault.KindNotFound) {
				t.Errorf("%q reads what is not shown: %v", who.Handle, err)
			}
		}
		in.Shown, in.Version = true, "1"
		x.must(x.SetStart(ctx, as("olga"), "riverside", in))
		x.must(x.SetStart(ctx, as("olga"), "riverside", in)) // the answer was lost
		other := in
		other.Ask = "Somebody else"
		if err := x.SetStart(ctx, as("sam"), "riverside", other); !fault.HasCode(err, "start.changed_meanwhile") {
			t.Errorf("two at once: %v", err)
		}
		s, err := x.Start(ctx, authz.Actor{}, "riverside")
		if err != nil || string(s.DoesHTML) != "<p>We <strong>dig</strong>.</p>\n" || s.Version != 2 || s.Member || s.Edit || len(s.Tasks) != 1 {
			t.Errorf("%+v, %v", s, err)
		}
		x.groups.all["riverside"].Suspended = true
		if _, err := x.Start(ctx, authz.Actor{}, "riverside"); !fault.Is(err, fault.KindNotFound) {
			t.Errorf("of a suspended group: %v", err)
		}
	})
	if _, err := (StartInput{Does: strings.Repeat("x", 20<<10), First: strings.Repeat("x", 20<<10), Ask: strings.Repeat("x", maxAsk+1)}).parse(); len(fault.Of(err).Fields) != 3 {
		t.Errorf("%v", err)
	}
}

func FuzzInputs(f *testing.F) {
	f.Add("cooking", "my van", "We **dig**.", "Whoever wears green")
	f.Add("spying", strings.Repeat("x", 130), "[x](javascript:x)", "")
	f.Fuzz(func(t *testing.T, code, line, text, ask string) {
		if codes, err := (SkillInput{Codes: []string{code, code}, Line: line}).parse(); err == nil && (len(codes) > 1 || len([]rune(line)) > maxLine || len(codes) == 0 && code != "" && skillName(code) == "") {
			t.Errorf("%q and %q were taken as %q", code, line, codes)
		}
		if s, err := (StartInput{Does: text, First: text, Ask: ask}).parse(); err == nil && (len([]rune(s.Ask)) > maxAsk || strings.Contains(string(s.DoesHTML), "<script")) {
			t.Errorf("%q and %q were taken", text, ask)
		}
	})
}

// Groups that are there when this comes are looked at once, and none of the sample's or
// of those that have ended.
func TestGroupsOfBeforeAreLookedAt(t *testing.T) {
	t.Parallel()
	dbtest.Upgrade(t, "202611290830_members", func(t *testing.T, d *db.DB) {
		for _, g := range []struct {
			handle string
			sample bool
			ended  int
		}{{"riverside", false, 0}, {"sample", true, 0}, {"over", false, 1}} {
			err := d.Write(t.Context(), func(tx *db.Tx) error {
				_, err := tx.Exec(t.Context(), `insert into groups (id, handle, name, name_folded, about, about_html, place, zone, langs, suspended, sample, created_at, ended_at)
					values ($1, $1, $1, $1, '', '', '', 'UTC', '', $2, $3, 0, $4)`, g.handle, false, g.sample, g.ended)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	}, func(t *testing.T, d *db.DB) {
		var due []id.Group
		err := d.Read(t.Context(), func(tx *db.Tx) (err error) {
			due, err = dueGroups(t.Context(), tx, 20260101, 10)
			return err
		})
		if err != nil || len(due) != 1 || due[0] != "riverside" {
			t.Errorf("%v, %v", due, err)
		}
	})
}
