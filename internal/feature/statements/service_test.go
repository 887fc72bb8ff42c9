package statements

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/fault"
)

func TestPublish(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		ctx := t.Context()
		in := some("Open the bridge")
		in.Tags, in.Byline = " traffic,  bridge , traffic", "The committee"
		key := s.IDs.Secret()
		for _, by := range []authz.Actor{{}, otto, mia} {
			if _, err := s.Create(ctx, by, "riverside", key, in); !fault.Is(err, fault.KindForbidden) && !fault.Is(err, fault.KindUnauthenticated) {
				t.Errorf("%q: %v", by.Handle, err)
			}
		}
		first, err := s.Create(ctx, olga, "riverside", key, in)
		if err != nil {
			t.Fatal(err)
		}
		again, err := s.Create(ctx, olga, "riverside", key, in)
		if err != nil || again != first {
			t.Errorf("the same form made %q and %q, %v", first, again, err)
		}
		other := s.publish("riverside", in)
		a, err := s.get(authz.Actor{}, first)
		if err != nil {
			t.Fatal(err)
		}
		b, _ := s.get(authz.Actor{}, other)
		if a.Slug != "open-the-bridge" || b.Slug != "open-the-bridge-2" {
			t.Errorf("slugs: %q, %q", a.Slug, b.Slug)
		}
		if !slices.Equal(a.Tags, []string{"traffic", "bridge"}) || a.Byline != "The committee" || a.Day != 20260501 ||
			a.Original().Markdown != in.Markdown || !strings.Contains(string(a.Original().HTML), "<strong>say</strong>") {
			t.Errorf("stored: %+v", a)
		}
		if _, err := s.Create(ctx, olga, "riverside", "short", in); !fault.Is(err, fault.KindMalformed) {
			t.Errorf("a broken key: %v", err)
		}
		if got := s.titles(Query{Limit: 10}); len(got) != 2 {
			t.Errorf("listed: %q", got)
		}
	})
}

// The day is that at the group's place, where it may be tomorrow already.
func TestNothingIsPublishedAhead(t *testing.T) {
	t.Parallel()
	s := onSQLite(t)
	s.clock.Set(time.Date(2026, 5, 2, 22, 30, 0, 0, time.UTC)) // 3 May in Berlin
	in := some("Tomorrow")
	in.Day = "2026-05-03"
	s.publish("riverside", in)
	in.Day = "2026-05-04"
	if _, err := s.Create(t.Context(), olga, "riverside", s.IDs.Secret(), in); !slices.Equal(fieldNames(err), []string{"day"}) {
		t.Errorf("the day after: %v", err)
	}
	in.State = Draft
	sid := s.publish("riverside", in)
	in.State = Published
	if err := s.Update(t.Context(), olga, sid, 0, in); !slices.Equal(fieldNames(err), []string{"day"}) {
		t.Errorf("published ahead: %v", err)
	}
}

func TestChangesOfWhatIsPublic(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		ctx := t.Context()
		in := some("Open the bridge")
		sid := s.publish("riverside", in)
		seq := 0
		save := func(wantFields ...string) Statement {
			t.Helper()
			err := s.Update(ctx, olga, sid, seq, in)
			if !slices.Equal(fieldNames(err), wantFields) {
				t.Errorf("fields %q, want %q: %v", fieldNames(err), wantFields, err)
			}
			st, err := s.get(authz.Actor{}, sid)
			if err != nil {
				t.Fatal(err)
			}
			seq = st.Sequence
			return st
		}
		save() // nothing changed: nothing to say
		in.Markdown = "We say something else."
		if st := save("note"); st.Original().Markdown != "We **say** so." {
			t.Error("a refused change was stored")
		}
		in.Change = Change{Note: "The second word was wrong."}
		if st := save(); len(st.Corrections) != 1 || st.Corrections[0] != (Correction{20260502, "en", "The second word was wrong."}) || st.Revised != 0 {
			t.Errorf("corrected: %+v", st)
		}
		in.Title, in.Change = "Open the bridges", Change{Spelling: true}
		if st := save(); len(st.Corrections) != 1 || st.Revised != 20260502 {
			t.Errorf("spelling: %+v", st)
		}
		in.Change, in.Day = Change{}, "2026-04-30"
		save("note")
		in.Day, in.Byline = "2026-05-01", "Somebody else"
		save("note")
		in.Byline, in.Tags, in.PictureAlt = "", "new", "A bridge" // these are not the words
		save()
		in.State = Draft
		save("state")
		in.State = Published
		if err := s.Update(ctx, olga, sid, seq-1, in); !fault.HasCode(err, "statement.changed_meanwhile") {
			t.Errorf("an old form: %v", err)
		}
		for _, by := range []authz.Actor{otto, mia} {
			if err := s.Update(ctx, by, sid, seq, in); !fault.Is(err, fault.KindForbidden) {
				t.Errorf("%s: %v", by.Handle, err)
			}
		}
		in.Lang = "de"
		if st := save(); st.Lang != "de" || len(st.Texts) != 1 || st.Texts[0].Lang != "de" || st.Corrections[0].Lang != "de" {
			t.Errorf("in another language: %+v", st)
		}
	})
}

func TestVersionsInLanguages(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		ctx := t.Context()
		sid := s.publish("riverside", some("Open the bridge"))
		s.publish("riverside", some("English only"))
		es := TextInput{Lang: "es", Title: "Abrid el puente", Markdown: "Lo decimos.", Credit: "Ana"}
		if err := s.Translate(ctx, olga, sid, 0, es); err != nil {
			t.Fatal(err)
		}
		if got := s.titles(Query{Lang: "es", Limit: 10}); !slices.Equal(got, []string{"Abrid el puente"}) {
			t.Errorf("in Spanish: %q", got)
		}
		if got := s.titles(Query{Lang: "es", Handle: "riverside", Limit: 10}); !slices.Equal(got, []string{"Abrid el puente"}) {
			t.Errorf("of the group, in Spanish: %q", got)
		}
		if got := s.titles(Query{Lang: "es", Handle: "harbour", Limit: 10}); got != nil {
			t.Errorf("of another group: %q", got)
		}
		es.Markdown = "Lo decimos otra vez."
		if err := s.Translate(ctx, olga, sid, 1, es); !slices.Equal(fieldNames(err), []string{"note"}) {
			t.Errorf("changed without a word: %v", err)
		}
		es.Change.Note = "Faltaba algo."
		if err := s.Translate(ctx, olga, sid, 1, es); err != nil {
			t.Error(err)
		}
		st, err := s.get(authz.Actor{}, sid)
		if err != nil || len(st.Corrections) != 1 || st.Corrections[0].Lang != "es" || st.In("es").Markdown != "Lo decimos otra vez." || st.In("fr").Lang != "en" {
			t.Errorf("%+v, %v", st, err)
		}
		if t2 := st.In("es"); t2.Credit != "Ana" || st.older(t2) || st.older(st.Original()) {
			t.Errorf("the version is %+v", t2)
		}
		es.Lang = "en"
		if err := s.Translate(ctx, olga, sid, 2, es); !slices.Equal(fieldNames(err), []string{"lang"}) {
			t.Errorf("into its own language: %v", err)
		}
		in := some("Open the bridge")
		in.Lang = "es"
		if err := s.Update(ctx, olga, sid, 2, in); !slices.Equal(fieldNames(err), []string{"lang"}) {
			t.Errorf("the original into a language that is taken: %v", err)
		}
		in.Lang, in.Markdown, in.Change.Spelling = "en", "We say so, all of us.", true
		if err := s.Update(ctx, olga, sid, 2, in); err != nil {
			t.Error(err)
		}
		if st, err = s.get(authz.Actor{}, sid); err != nil || !st.older(st.In("es")) {
			t.Errorf("the version of what was changed is not older: %+v, %v", st, err)
		}
	})
}

func TestWithdrawn(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		ctx := t.Context()
		in := some("Open the bridge")
		in.State = Draft
		draft := s.publish("riverside", in)
		if err := s.Withdraw(ctx, olga, draft, 0, "x"); !fault.Is(err, fault.KindConflict) {
			t.Errorf("a draft: %v", err)
		}
		sid := s.publish("riverside", some("Close the bridge"))
		if err := s.Withdraw(ctx, olga, sid, 0, " "); !slices.Equal(fieldNames(err), []string{"why"}) {
			t.Errorf("without a reason: %v", err)
		}
		if err := s.Withdraw(ctx, mia, sid, 0, "x"); !fault.Is(err, fault.KindForbidden) {
			t.Errorf("by a member: %v", err)
		}
		if err := s.Withdraw(ctx, olga, sid, 0, "We were told wrong."); err != nil {
			t.Fatal(err)
		}
		st, err := s.get(authz.Actor{}, sid)
		if err != nil || st.State != Withdrawn || st.Withdrawn != 20260502 || st.Why != "We were told wrong." {
			t.Errorf("%+v, %v", st, err)
		}
		for _, err := range []error{
			s.Update(ctx, olga, sid, 1, some("Back")), s.Withdraw(ctx, olga, sid, 1, "again"),
			s.Translate(ctx, olga, sid, 1, TextInput{Lang: "de", Title: "x", Markdown: "y"}), s.SetPicture(ctx, olga, sid, "k"),
		} {
			if !fault.HasCode(err, "statement.withdrawn") {
				t.Errorf("changed afterwards: %v", err)
			}
		}
		r, err := s.Find(ctx, Query{Limit: 10})
		if err != nil || len(r.Statements) != 1 || r.Statements[0].Original().Markdown != "" || r.Statements[0].Original().HTML != "" {
			t.Errorf("lists show its text: %+v, %v", r.Statements, err)
		}
	})
}

func TestDraftsAreAbsentForOthers(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		in := some("Secret")
		in.State = Draft
		sid := s.publish("riverside", in)
		for _, by := range []authz.Actor{{}, otto} {
			if _, err := s.get(by, sid); !fault.HasCode(err, "statement.not_found") {
				t.Errorf("%q: %v", by.Handle, err)
			}
		}
		if _, err := s.get(mia, sid); err != nil {
			t.Errorf("a member: %v", err)
		}
		if got := s.titles(Query{Limit: 10}); got != nil {
			t.Errorf("listed: %q", got)
		}
		in.Markdown = "Other words, about which there is nothing to say."
		if err := s.Update(t.Context(), olga, sid, 0, in); err != nil {
			t.Errorf("a draft changes: %v", err)
		}
		in.State, in.Day = Published, "2026-05-02"
		if err := s.Update(t.Context(), olga, sid, 1, in); err != nil {
			t.Fatal(err)
		}
		for _, q := range []Query{{Limit: 10}, {Limit: 10, Lang: "en"}, {Limit: 10, Handle: "riverside"}} {
			if got := s.titles(q); len(got) != 1 {
				t.Errorf("published, %+v: %q", q, got)
			}
		}
	})
}

func TestSuspensionHidesEverything(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		sid := s.publish("riverside", some("Of the suspended"))
		in := some("A draft")
		in.State = Draft
		s.publish("riverside", in)
		s.publish("harbour", some("Of the other"))
		all := []Query{{Limit: 10}, {Limit: 10, Lang: "en"}, {Limit: 10, Handle: "riverside"}, {Limit: 10, Handle: "riverside", Lang: "en"}}
		s.suspend("g1", true)
		for i, want := range []int{1, 1, 0, 0} {
			if got := s.titles(all[i]); len(got) != want {
				t.Errorf("suspended, %+v: %q", all[i], got)
			}
		}
		if _, err := s.get(authz.Actor{}, sid); !fault.Is(err, fault.KindNotFound) {
			t.Errorf("its page: %v", err)
		}
		if err := s.Withdraw(t.Context(), olga, sid, 0, "x"); !fault.HasCode(err, "authz.suspended") {
			t.Errorf("it acts: %v", err)
		}
		s.suspend("g1", false)
		for i, want := range []int{2, 2, 1, 1} {
			if got := s.titles(all[i]); len(got) != want {
				t.Errorf("back again, %+v: %q", all[i], got)
			}
		}
	})
}

// Pages put together are the whole list, each statement once, latest first.
func TestPaging(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		want := map[string]bool{}
		for i := range 23 {
			in := some(fmt.Sprintf("Number %d", i))
			in.Day, in.Lang = fmt.Sprintf("2026-04-%02d", 1+i/3), []string{"en", "de"}[i%2]
			s.publish([]string{"riverside", "harbour"}[i%3%2], in)
			want[in.Title] = true
			s.clock.Add(time.Millisecond)
		}
		for _, base := range []Query{{}, {Lang: "de"}, {Handle: "harbour"}, {Handle: "riverside", Lang: "en"}} {
			whole := base
			whole.Limit = 100
			all := s.titles(whole)
			if base.Lang == "" && base.Handle == "" && len(all) != len(want) {
				t.Errorf("%d of %d", len(all), len(want))
			}
			var got []string
			q := base
			q.Limit = 4
			for {
				r, err := s.Find(t.Context(), q)
				if err != nil {
					t.Fatal(err)
				}
				for i := range r.Statements {
					got = append(got, r.Statements[i].Original().Title)
					if i > 0 && r.Statements[i].Day > r.Statements[i-1].Day {
						t.Error("not latest first")
					}
				}
				if !r.More {
					break
				}
				next, err := ParseQuery(r.next(""))
				if err != nil {
					t.Fatal(err)
				}
				q.After = next.After
			}
			if !slices.Equal(got, all) || len(all) == 0 {
				t.Errorf("%+v: pages give %q, at once %q", base, got, all)
			}
		}
	})
}

// What the texts repeat of their statement is always the same.
func TestTextsFollowTheirStatement(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		sid := s.publish("riverside", some("One"))
		if err := s.Translate(t.Context(), olga, sid, 0, TextInput{Lang: "de", Title: "Eins", Markdown: "x"}); err != nil {
			t.Fatal(err)
		}
		in := some("One")
		in.Day, in.Change.Spelling = "2026-01-01", true
		if err := s.Update(t.Context(), olga, sid, 1, in); err != nil {
			t.Fatal(err)
		}
		s.suspend("g1", true)
		var off int
		err := s.db.Read(t.Context(), func(tx *db.Tx) error {
			return tx.Get(t.Context(), `select count(*) from statement_text t join statement s on s.id = t.statement_id
				where t.day <> s.day or t.listed <> s.listed or s.listed`, nil, &off)
		})
		if err != nil || off != 0 {
			t.Errorf("%d differ, %v", off, err)
		}
	})
}
