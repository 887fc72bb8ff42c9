package app_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"convoke/internal/db"
	"convoke/internal/db/dbtest"
	"convoke/internal/feature/pledges"
	"convoke/internal/notify/notifytest"
	"convoke/internal/record/box"
	"convoke/internal/record/leaf"
	"convoke/internal/web/webtest"
)

// TestPledgeNews: an address hears once, after its owner said so, and goes with its
// key.
func TestPledgeNews(t *testing.T) {
	t.Parallel()
	for name, url := range map[string]func(testing.TB) string{"sqlite": func(testing.TB) string { return "" }, "postgres": dbtest.Postgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg, sink := settings(t, url(t)), notifytest.Sink(t)
			cfg.SMTPURL, cfg.MailFrom, cfg.BaseURL = sink.URL(), "post@example.org", "http://example.org"
			s := start(t, cfg)
			_, actor := s.signIn("sam")
			s.group(actor, "riverside", "Riverside Neighbours")
			slug, b := s.pledge(actor, "riverside", toolDay())
			page, visitor := "/pledges/"+slug, s.visitor()
			send := func() []notifytest.Mail {
				t.Helper()
				if _, err := s.Jobs.RunPending(t.Context()); err != nil {
					t.Fatal(err)
				}
				return sink.Messages()
			}
			wants(t, visitor.Get(page), "Hear by e-mail when it happens")
			visitor.Get(page+"/news").Want(t, 200, "")
			for _, bad := range []string{"", "ana", "Ana <ana@example.org>", "a@b c"} {
				if a := visitor.Post(page+"/news", "email", bad); a.Status != 422 || a.Attr("#email", "value") != bad {
					t.Errorf("%q: %d", bad, a.Status)
				}
			}
			for _, who := range []string{"ana@example.org", "Ana@example.org", "ben@example.org", "never@example.org"} {
				visitor.Post(page+"/news", "email", who).Want(t, 200, "")
			}
			for _, nid := range s.column("select id from pledge_news") {
				if strings.HasPrefix(nid, s.IDs.New()[:6]) {
					t.Errorf("the id %s tells when somebody asked", nid)
				}
			}
			if n := s.count("select count(*) from pledge_news where asked_at % 60000000 <> 0 or ends_at % 60000000 <> 0"); n != 0 {
				t.Error("to the second is kept when somebody asked")
			}
			mails := send()
			if len(mails) != 3 {
				t.Fatalf("%d mails for three addresses", len(mails))
			}
			links := map[string]string{}
			for _, m := range mails {
				at := strings.Index(m.Text, "http://example.org"+page+"/news/")
				if at < 0 {
					t.Fatalf("no link in %q", m.Text)
				}
				links[m.To[0]] = strings.TrimPrefix(strings.Fields(m.Text[at:])[0], "http://example.org")
			}
			visitor.Get(page+"/news/"+s.IDs.Secret()).Want(t, 404, "")
			for _, who := range []string{"ana@example.org", "ben@example.org"} {
				wants(t, visitor.Get(links[who]), "Shall this address hear once")
				visitor.Post(links[who], "do", "nothing").Want(t, 400, "")
				for range 2 {
					visitor.Post(links[who], "do", "confirm").Want(t, 303, links[who])
				}
			}
			visitor.Post(links["ben@example.org"], "do", "leave").Want(t, 303, page)
			visitor.Get(links["ben@example.org"]).Want(t, 404, "")
			if n := s.count("select count(*) from pledge_news where confirmed and asked_at <> 0"); n != 0 {
				t.Error("when somebody asked is kept")
			}
			people := []*pledger{}
			for range 3 {
				people = append(people, s.pledger(b).pledge(3, 0))
			}
			if err := people[0].says(leaf.Withdraw()); err != nil {
				t.Fatal(err)
			}
			s.pledger(b).pledge(3, 0)
			send()
			if mails = send(); len(mails) != 4 || mails[3].To[0] != "ana@example.org" || mails[3].Subject != "It happens: A tool for the garden day" {
				t.Fatalf("%d mails, the last %+v", len(mails), mails[len(mails)-1])
			}
			visitor.Post(page+"/news", "email", "late@example.org").Want(t, 422, "") // there is nothing to wait for
			s.clock.Add(24 * time.Hour)
			for _, left := range []int{1, 0} {
				if err := s.Pledges.ExpireNews(t.Context()); err != nil {
					t.Fatal(err)
				}
				if n := s.count("select count(*) from pledge_news"); n != left {
					t.Errorf("%d addresses are left, want %d", n, left)
				}
				s.clock.Set(time.Date(2026, 6, 9, 16, 0, 0, 0, time.UTC)) // 30 days after the deadline
			}
			p, err := s.Pledges.Editable(t.Context(), actor, slug)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := s.Vault.Existing(t.Context(), pledges.ScopePrefix+string(p.ID)); err == nil {
				t.Error("the key is still there")
			}
		})
	}
}

// TestPledgeNewsKeyGoes: 30 days after the deadline no pledge has a key, however its
// addresses went, and whatever was interrupted. A draft keeps what it may need yet.
func TestPledgeNewsKeyGoes(t *testing.T) {
	t.Parallel()
	for name, url := range map[string]func(testing.TB) string{"sqlite": func(testing.TB) string { return "" }, "postgres": dbtest.Postgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg, sink := settings(t, url(t)), notifytest.Sink(t)
			cfg.SMTPURL, cfg.MailFrom, cfg.BaseURL = sink.URL(), "post@example.org", "http://example.org"
			s := start(t, cfg)
			ctx := t.Context()
			_, actor := s.signIn("sam")
			s.group(actor, "riverside", "Riverside Neighbours")
			scopes := map[string]string{}
			for _, title := range []string{"All have left", "Nobody confirmed", "Stopped between", "Nobody asked"} {
				in := toolDay()
				in.Title = title
				slug, _ := s.pledge(actor, "riverside", in)
				scopes[title] = pledges.ScopePrefix + s.column("select id from pledge where slug = $1", slug)[0]
				if title != "Nobody asked" {
					s.visitor().Post("/pledges/"+slug+"/news", "email", "ana@example.org").Want(t, 200, "")
				}
			}
			draft, err := s.Pledges.Create(ctx, actor, "riverside", s.IDs.Secret(), toolDay())
			if err != nil {
				t.Fatal(err)
			}
			drop := func(q string) { // rows go without a sweep
				if err := s.DB.Write(ctx, func(tx *db.Tx) error { _, err := tx.Exec(ctx, q); return err }); err != nil {
					t.Fatal(err)
				}
			}
			drop("delete from pledge_news where pledge_id = (select id from pledge where title = 'All have left')")
			there := func(title string) bool {
				_, err := s.Vault.Existing(ctx, scopes[title])
				return err == nil
			}
			s.clock.Set(time.Date(2026, 6, 9, 15, 59, 0, 0, time.UTC)) // 30 days after the deadline, and a minute less
			sweep := func() {
				t.Helper()
				if err := s.Pledges.ExpireNews(ctx); err != nil {
					t.Fatal(err)
				}
			}
			sweep()
			for title := range scopes {
				if !there(title) && title != "Nobody asked" {
					t.Errorf("%s: the key is gone early", title)
				}
			}
			if n := s.count("select count(*) from pledge_news"); n != 0 {
				t.Errorf("%d addresses that nobody confirmed", n)
			}
			s.clock.Add(time.Minute)
			if err := s.Vault.Destroy(ctx, scopes["Stopped between"]); err != nil { // and no more
				t.Fatal(err)
			}
			for range 2 {
				sweep()
				for title := range scopes {
					if there(title) {
						t.Errorf("%s: the key is still there", title)
					}
				}
				if n := s.count("select count(*) from pledge where news_over = 1"); n != len(scopes) {
					t.Errorf("%d of %d pledges are noted", n, len(scopes))
				}
			}
			later := toolDay()
			later.Day = "2026-09-01"
			p, err := s.Pledges.Editable(ctx, actor, draft)
			if err == nil {
				err = s.Pledges.Edit(ctx, actor, draft, p.Sequence, later)
			}
			if err == nil {
				err = s.Pledges.Open(ctx, actor, draft, p.Sequence+1, "")
			}
			if err != nil {
				t.Fatal(err)
			}
			s.visitor().Post("/pledges/"+draft+"/news", "email", "ana@example.org").Want(t, 200, "")
		})
	}
}

// A restored copy sends nothing, and makes no job that would.
func TestPledgeJobsThatSend(t *testing.T) {
	t.Parallel()
	if got := pledges.MessageKinds(); !slices.Equal(got, []string{"pledges.news", "pledges.news_all"}) {
		t.Errorf("%q", got)
	}
}

// TestPledgeCodes: codes on paper let people in, and sent twice they are the same.
func TestPledgeCodes(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		b, actor := s.signIn("sam")
		s.group(actor, "riverside", "Riverside Neighbours")
		in := toolDay()
		in.Gate = box.GatePaper
		slug, bid := s.pledge(actor, "riverside", in)
		url := "/pledges/" + slug + "/codes"
		s.visitor().Post(url, "n", "1").Want(t, 401, "")
		b.Get(url).Want(t, 200, "")
		key := s.IDs.Secret()
		for _, n := range []string{"0", "501", "x"} {
			b.Post(url, "key", key, "n", n).Want(t, 422, "")
		}
		var got [2]string
		for i := range got {
			a := b.Post(url, "key", key, "n", "3").Want(t, 200, "")
			if len(a.All("code")) != 3 {
				t.Fatalf("%d codes", len(a.All("code")))
			}
			got[i] = webtest.Text(a.All("code")[0])
		}
		if got[0] != got[1] || s.count("select count(*) from roll_code") != 3 {
			t.Errorf("sent twice it gives %q and %d codes", got, s.count("select count(*) from roll_code"))
		}
		i, err := s.Boxes.Info(t.Context(), bid)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Boxes.AdmitCode(t.Context(), i.Roll, box.GatePaper, got[0]); err != nil {
			t.Errorf("a code is not taken: %v", err)
		}
		s.clock.Set(time.Date(2026, 5, 11, 0, 0, 0, 0, time.UTC))
		b.Post(url, "key", s.IDs.Secret(), "n", "3").Want(t, 422, "")
	})
}
