package petitions

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/fact"
	"convoke/internal/fault"
	"convoke/internal/record/box"
)

// TestLife goes from the draft to the reply: each step is in the record, and told.
func TestLife(t *testing.T) {
	each(t, func(t *testing.T, s *stand) {
		ctx := t.Context()
		key := s.ids.Secret()
		in := some("Open on Sundays")
		slug, err := s.Create(ctx, olga, "riverside", key, in)
		s.must(err)
		if again, err := s.Create(ctx, olga, "riverside", key, in); err != nil || again != slug || slug != "open-on-sundays" {
			t.Errorf("the same form made %q and %q, %v", slug, again, err)
		}
		if other := s.draft(in); other != "open-on-sundays-2" {
			t.Errorf("a second one is at %q", other)
		}
		for _, by := range []authz.Actor{{}, otto, mia} {
			if err := s.OpenUp(ctx, by, slug, 0, ""); err == nil {
				t.Errorf("%q opened it", by.Handle)
			}
		}
		s.want(s.OpenUp(ctx, olga, slug, 7, ""), "petition.changed_meanwhile")
		s.must(s.OpenUp(ctx, olga, slug, 0, ""))
		s.want(s.OpenUp(ctx, olga, slug, 1, ""), "petition.state")
		p := s.get(slug)
		i, err := s.boxes.Info(ctx, p.Box)
		s.must(err)
		if h, _ := p.hash(); h != i.Manifest.Text || !slices.Equal(i.Manifest.Goals, []uint64{2, 3}) || i.Manifest.Takes != "sign" {
			t.Errorf("the box says %+v, the text has %s", i.Manifest, h)
		}
		if want := time.Date(2026, 6, 1, 22, 0, 0, 0, time.UTC).Unix(); i.Manifest.Closes != want {
			t.Errorf("it closes at %d, want %d", i.Manifest.Closes, want)
		}
		s.signed(slug, 3)
		if n := s.numbers(slug); n.Counted != 3 || len(n.Reached) != 2 {
			t.Errorf("numbers %+v", n)
		}
		amend := s.say("The street is the **High** Street.")
		s.must(s.Amend(ctx, olga, slug, amend))
		s.must(s.Amend(ctx, olga, slug, amend)) // the same form once more
		s.want(s.Reply(ctx, olga, slug, s.say("Yes.")), "petition.state")
		deliver := s.say("In a box.")
		deliver.ReplyBy = "2026-05-20"
		s.must(s.Deliver(ctx, olga, slug, deliver))
		s.must(s.Deliver(ctx, olga, slug, deliver))
		s.want(s.Deliver(ctx, olga, slug, s.say("Again.")), "petition.state")
		if p := s.get(slug); p.State != Delivered || !s.numbers(slug).Closed || p.Text.Markdown != in.Markdown {
			t.Errorf("delivered: %+v", p)
		}
		s.must(s.FallSilent(ctx))
		s.Clock.Add(30 * 24 * time.Hour)
		s.must(s.FallSilent(ctx))
		s.must(s.FallSilent(ctx))
		reply := s.say("We will not.")
		reply.Refused, reply.URL = true, "https://example.org/reply"
		s.must(s.Reply(ctx, olga, slug, reply))
		s.must(s.Reply(ctx, olga, slug, reply))
		if p := s.get(slug); p.State != Answered || !p.Refused || !p.Silent {
			t.Errorf("answered: %+v", p)
		}
		var told []string
		for _, f := range s.heard.facts {
			told = append(told, strings.TrimPrefix(fmt.Sprintf("%T", f), "fact.Petition"))
		}
		if want := []string{"Reached", "Reached", "Delivered", "Silent", "Answered"}; !slices.Equal(told, want) {
			t.Errorf("told %q, want %q", told, want)
		}
		var entries []Entry
		s.must(s.read(func(tx *db.Tx) (err error) {
			entries, err = entriesOf(ctx, tx, p.ID)
			return err
		}))
		notes := s.notes(p.Box)
		if len(entries) != 3 || len(notes) != 3 {
			t.Fatalf("%d entries, notes %q", len(entries), notes)
		}
		for n, e := range entries {
			text, _ := e.Canonical()
			if h, _ := hashOf(e.Salt, text); !strings.Contains(notes[n], h) || !strings.Contains(notes[n], e.Kind) {
				t.Errorf("the record says %s of %s %s", notes[n], e.Kind, h)
			}
		}
	})
}

// TestFreeze corrects a text as long as it can be, while somebody takes the first
// credential: what they saw when they had it is what stays.
func TestFreeze(t *testing.T) {
	each(t, func(t *testing.T, s *stand) {
		slug := s.opened(some("Race"))
		first := s.get(slug)
		stop := make(chan struct{})
		var work sync.WaitGroup
		work.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				case <-time.After(5 * time.Millisecond): // a steady flow, not a flood that PostgreSQL must refuse
				}
				in := some("Race")
				in.Markdown = fmt.Sprint("Version ", n)
				_, err := s.Update(t.Context(), olga, slug, anySequence, in)
				if fault.HasCode(err, "petition.frozen") {
					return
				}
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
		in := some("Race")
		in.Markdown = "Certainly corrected."
		_, err := s.Update(t.Context(), olga, slug, anySequence, in)
		s.must(err)
		k := s.credential(slug)
		frozen := s.get(slug)
		s.cast(k)
		_, err = s.Update(t.Context(), olga, slug, anySequence, some("Race"))
		s.want(err, "petition.frozen")
		close(stop)
		work.Wait()
		last := s.get(slug)
		if last.Text.Markdown != frozen.Text.Markdown || last.Salt != frozen.Salt {
			t.Errorf("the text went from %q to %q after the first credential", frozen.Text.Markdown, last.Text.Markdown)
		}
		if first.Salt == last.Salt {
			t.Error("a corrected text has the old salt")
		}
		h, _ := last.hash()
		if notes := s.notes(last.Box); len(notes) == 0 || !strings.Contains(notes[len(notes)-1], h) {
			t.Errorf("the record's last word on the text is %q, want %s", notes, h)
		}
	})
}

// TestTwoEditors: who saves second is told, and overwrites nothing.
func TestTwoEditors(t *testing.T) {
	each(t, func(t *testing.T, s *stand) {
		slug := s.draft(some("First"))
		var work sync.WaitGroup
		var mu sync.Mutex
		ok, refused := 0, 0
		for n := range 6 {
			work.Go(func() {
				in := some("First")
				in.Markdown = fmt.Sprint("Version ", n)
				_, err := s.Update(t.Context(), []authz.Actor{olga, olaf}[n%2], slug, 0, in)
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err == nil:
					ok++
				case fault.HasCode(err, "petition.changed_meanwhile") || fault.Of(err) != nil && fault.Of(err).Code == "petition.changed_meanwhile":
					refused++
				default:
					t.Error(err)
				}
			})
		}
		work.Wait()
		if ok != 1 || refused != 5 || s.get(slug).Sequence != 1 {
			t.Errorf("%d saved, %d refused, sequence %d", ok, refused, s.get(slug).Sequence)
		}
	})
}

// TestPaper: what one organizer counts, another confirms; then it is in the record
// and stays.
func TestPaper(t *testing.T) {
	each(t, func(t *testing.T, s *stand) {
		ctx := t.Context()
		slug := s.opened(some("On paper"))
		a, b := SheetCode(s.ids.Bytes(7)), SheetCode(s.ids.Bytes(7))
		in := BatchInput{Key: s.ids.Secret(), Codes: showSheetCode(a) + ", " + strings.ToUpper(b), Signatures: "31"}
		s.must(s.CountBatch(ctx, olga, slug, in))
		s.must(s.CountBatch(ctx, olga, slug, in))
		again := in
		again.Key = s.ids.Secret()
		if err := s.CountBatch(ctx, olaf, slug, again); !slices.Equal(fieldNames(err), []string{"codes"}) {
			t.Errorf("a sheet twice: %v", err)
		}
		s.want(s.ConfirmBatch(ctx, olga, slug, 1, 31), "petition.same_counter")
		s.want(s.ConfirmBatch(ctx, olaf, slug, 1, 30), "petition.other_count")
		if err := s.ConfirmBatch(ctx, mia, slug, 1, 31); !fault.Is(err, fault.KindForbidden) {
			t.Errorf("a member confirms: %v", err)
		}
		if n := s.numbers(slug); n.Declared != 0 {
			t.Errorf("declared before it was confirmed: %+v", n)
		}
		s.must(s.ConfirmBatch(ctx, olaf, slug, 1, 31))
		s.must(s.ConfirmBatch(ctx, olaf, slug, 1, 31))
		if n := s.numbers(slug); n.Declared != 31 || n.Counted != 0 || len(n.Reached) != 0 {
			t.Errorf("declared: %+v", n)
		}
		s.want(s.DiscardBatch(ctx, olga, slug, 1), "petition.declared")
		s.must(s.NoteBatch(ctx, olga, slug, 1, s.say("One line was empty.")))
		s.want(s.NoteBatch(ctx, olga, slug, 9, s.say("No such batch.")), "petition.state")
		c := SheetCode(s.ids.Bytes(7))
		s.must(s.CountBatch(ctx, olga, slug, BatchInput{Key: s.ids.Secret(), Codes: c, Signatures: "5"}))
		s.must(s.DiscardBatch(ctx, olaf, slug, 2))
		s.must(s.CountBatch(ctx, olaf, slug, BatchInput{Key: s.ids.Secret(), Codes: c, Signatures: "6"}))
		s.must(s.CloseNow(ctx, olga, slug))
		s.want(s.ConfirmBatch(ctx, olga, slug, 3, 6), "petition.paper_closed")
		for name, in := range map[string]BatchInput{
			"no code":  {Codes: "", Signatures: "1"},
			"a slip":   {Codes: a[:7] + "!", Signatures: "1"},
			"twice":    {Codes: a + " " + a, Signatures: "1"},
			"no count": {Codes: a, Signatures: "some"},
			"none":     {Codes: a, Signatures: "0"},
			"too many": {Codes: a, Signatures: "61"},
		} {
			in.Key = s.ids.Secret()
			if err := s.CountBatch(ctx, olga, slug, in); !fault.Is(err, fault.KindInvalid) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

// TestExpiry: thirty days after the delivery nothing personal is left, nor a key.
func TestExpiry(t *testing.T) {
	each(t, func(t *testing.T, s *stand) {
		ctx := t.Context()
		slug, other := s.opened(some("Expires")), s.opened(some("Stays"))
		for _, x := range []string{slug, other} {
			s.must(s.Comment(ctx, x, s.ids.Secret(), "Ada", "Because."))
			s.must(s.Follow(ctx, x, "ada@example.org", "en"))
		}
		if n := s.count("select count(*) from petition_comment"); n != 2 {
			t.Errorf("%d comments", n)
		}
		s.Clock.Add(23 * time.Hour)
		s.must(s.Expire(ctx))
		if n := s.count("select count(*) from petition_follower"); n != 2 {
			t.Errorf("%d addresses are left before a day", n)
		}
		s.Clock.Add(time.Hour)
		s.must(s.Expire(ctx))
		if n := s.count("select count(*) from petition_follower"); n != 0 {
			t.Errorf("%d addresses that nobody confirmed are left", n)
		}
		s.must(s.Deliver(ctx, olga, slug, s.say("Handed over.")))
		s.Clock.Add(30*24*time.Hour - time.Second)
		s.must(s.Expire(ctx))
		pid := s.get(slug).ID
		if n := s.count("select count(*) from petition_comment where petition_id = $1", pid); n != 1 {
			t.Errorf("%d comments too early", n)
		}
		s.Clock.Add(time.Second)
		s.must(s.Expire(ctx))
		s.must(s.Expire(ctx))
		if n := s.count("select count(*) from petition_comment"); n != 1 {
			t.Errorf("%d comments are left, want that of the other petition", n)
		}
		if _, err := s.Stand.Vault.Existing(ctx, ScopePrefix+pid); err == nil {
			t.Error("the key is still there")
		}
		if s.get(slug).expires != 0 {
			t.Error("it would be done for ever")
		}
	})
}

func TestMembersSign(t *testing.T) {
	t.Parallel()
	s := onSQLite(t)
	in := some("Members only")
	in.Gate = box.GateMembers
	slug := s.opened(in)
	p := s.get(slug)
	if p.Eligible != 3 {
		t.Errorf("%d may sign", p.Eligible)
	}
	if _, err := s.boxes.AdmitMember(t.Context(), p.Roll, "mia"); err != nil {
		t.Errorf("a member is refused: %v", err)
	}
	if _, err := s.boxes.AdmitMember(t.Context(), p.Roll, "otto"); err == nil {
		t.Error("a stranger is let in")
	}
}

func TestPrintedCodes(t *testing.T) {
	t.Parallel()
	s := onSQLite(t)
	in := some("By code")
	in.Gate = box.GatePaper
	slug := s.opened(in)
	key := s.ids.Secret()
	codes, err := s.Service.Print(t.Context(), olga, slug, key, 3)
	s.must(err)
	if p := s.get(slug); len(codes) != 3 || p.Codes != 3 {
		t.Errorf("%q, counted %d", codes, p.Codes)
	}
	again, err := s.Service.Print(t.Context(), olga, slug, key, 3) // the answer was lost
	s.must(err)
	if p := s.get(slug); !slices.Equal(again, codes) || p.Codes != 3 {
		t.Errorf("sent twice, %q, counted %d", again, p.Codes)
	}
	if _, err := s.Service.Print(t.Context(), olga, slug, "", 3); !fault.HasCode(err, "form.key") {
		t.Errorf("without a key: %v", err)
	}
	if _, err := s.boxes.AdmitCode(t.Context(), s.get(slug).Roll, box.GatePaper, codes[0]); err != nil {
		t.Errorf("a printed code is refused: %v", err)
	}
	if _, err := s.Service.Print(t.Context(), olga, slug, s.ids.Secret(), 501); !fault.Is(err, fault.KindInvalid) {
		t.Errorf("too many: %v", err)
	}
}

// A petition ends even when nobody is left to end it: what is personal must end.
func TestOpenForAYearAtMost(t *testing.T) {
	each(t, func(t *testing.T, s *stand) {
		long := some("Too long")
		long.Closes = "2027-05-03"
		slug := s.draft(long)
		s.want(s.OpenUp(t.Context(), olga, slug, 0, ""), "petition.closes_far")
		open := some("Open")
		open.Closes = ""
		slug = s.opened(open)
		if got := s.get(slug).Closes; got != 20270502 {
			t.Errorf("without a last day it closes on %d", got)
		}
	})
}

// The closing day ends signing, and keeps what is personal for half a year.
func TestClosesByItself(t *testing.T) {
	each(t, func(t *testing.T, s *stand) {
		slug := s.opened(some("Until June"))
		s.Clock.Set(time.Date(2026, 6, 1, 22, 0, 1, 0, time.UTC))
		s.must(s.boxes.CloseDue(t.Context()))
		if p := s.get(slug); p.State != Closed || p.expires == 0 {
			t.Errorf("after its last day: %+v", p)
		}
	})
}

func TestSuspended(t *testing.T) {
	t.Parallel()
	s := onSQLite(t)
	slug := s.opened(some("Hidden"))
	suspend := func(yes bool) {
		s.groups.suspended = yes
		s.must(s.Stand.DB.Write(t.Context(), func(tx *db.Tx) error {
			return s.GroupSuspended(t.Context(), tx, fact.GroupSuspended{Group: "g1", Suspended: yes})
		}))
	}
	suspend(true)
	s.must(s.boxes.Close(t.Context(), s.get(slug).Box)) // must not show it again
	for _, at := range []string{"/petitions", "/petitions?state=closed"} {
		if a := s.visitor().Get(at).Want(t, 200, ""); strings.Contains(a.Body, "Hidden") {
			t.Errorf("%s shows it", at)
		}
	}
	s.visitor().Get("/petitions/"+slug).Want(t, 404, "")
	suspend(false)
	s.visitor().Get("/petitions/"+slug).Want(t, 200, "")
}

// The file has all that is needed to check the text, and nobody.
func TestFile(t *testing.T) {
	t.Parallel()
	s := onSQLite(t)
	slug := s.opened(some("For programs"))
	s.must(s.Comment(t.Context(), slug, s.ids.Secret(), "Ada Example", "Because."))
	a := s.visitor().Get("/petitions/"+slug+".json").Want(t, 200, "")
	var f file
	s.must(json.Unmarshal([]byte(a.Body), &f))
	h, _ := hashOf(f.Text.Salt, []byte(f.Text.Canonical))
	i, err := s.boxes.Info(t.Context(), s.get(slug).Box)
	s.must(err)
	if h != f.Text.Hash || h != i.Manifest.Text || strings.Contains(a.Body, "Ada") {
		t.Errorf("%s", a.Body)
	}
}
