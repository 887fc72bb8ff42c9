package app_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"convoke/internal/api/apitest"
	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/db/dbtest"
	"convoke/internal/feature/campaigns"
	"convoke/internal/feature/groups"
	"convoke/internal/feature/ladders"
	"convoke/internal/notify/notifytest"
)

// TestLadderNews: an address hears once of each opening, after its owner said so, and
// goes with its key.
func TestLadderNews(t *testing.T) {
	t.Parallel()
	for name, url := range map[string]func(testing.TB) string{"sqlite": func(testing.TB) string { return "" }, "postgres": dbtest.Postgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg, sink := settings(t, url(t)), notifytest.Sink(t)
			cfg.SMTPURL, cfg.MailFrom, cfg.BaseURL = sink.URL(), "post@example.org", "http://example.org"
			s := start(t, cfg)
			x := newClimb(t, s)
			send := func() []notifytest.Mail {
				t.Helper()
				for range 2 {
					if _, err := s.Jobs.RunPending(t.Context()); err != nil {
						t.Fatal(err)
					}
				}
				return sink.Messages()
			}
			page, v := "/campaigns/benches/ladder", s.visitor()
			x.publish(climbing)
			send()
			wants(t, v.Get(page), "Tell me when a step opens")
			for _, bad := range []string{"", "ana", "Ana <ana@example.org>"} {
				if a := v.Post(page+"/news", "email", bad); a.Status != 422 || a.Attr("#email", "value") != bad {
					t.Errorf("%q: %d", bad, a.Status)
				}
			}
			for _, who := range []string{"ana@example.org", "Ana@example.org", "ben@example.org"} {
				v.Post(page+"/news", "email", who).Want(t, 200, "")
			}
			mails := send()
			if len(mails) != 2 {
				t.Fatalf("%d mails for two addresses", len(mails))
			}
			var link string
			for _, m := range mails {
				if m.To[0] == "ana@example.org" {
					link = strings.TrimPrefix(strings.Fields(m.Text[strings.Index(m.Text, "http://example.org"+page+"/news/"):])[0], "http://example.org")
				}
			}
			v.Get(page+"/news/"+s.IDs.Secret()).Want(t, 404, "")
			wants(t, v.Get(link), "Shall this address hear")
			v.Post(link, "do", "confirm").Want(t, 303, link)
			x.signs(3)
			s.clock.Set(time.Date(2026, 7, 1, 16, 0, 0, 0, time.UTC))
			due(t, s)
			due(t, s)
			if mails = send(); len(mails) != 3 || mails[2].To[0] != "ana@example.org" || mails[2].Subject != "Open now: Walk out" {
				t.Fatalf("%d mails, the last %+v", len(mails), mails[len(mails)-1])
			}
			if n := s.count("select count(*) from ladder_news where confirmed and asked_at <> 0"); n != 0 {
				t.Error("when somebody asked is kept")
			}
			cid := s.column("select id from campaign")[0]
			if _, err := s.Ladders.Act(t.Context(), x.by, "benches", ladders.ActInput{Group: "riverside", Do: "down"}); err != nil {
				t.Fatal(err)
			}
			v.Post(page+"/news", "email", "late@example.org").Want(t, 422, "")
			s.clock.Add(31 * 24 * time.Hour)
			if err := s.Ladders.Expire(t.Context()); err != nil {
				t.Fatal(err)
			}
			if n := s.count("select count(*) from ladder_news"); n != 0 {
				t.Errorf("%d addresses are left", n)
			}
			if _, err := s.Vault.Existing(t.Context(), ladders.ScopePrefix+cid); err == nil {
				t.Error("the key is still there")
			}
		})
	}
}

// TestLadderAPI: a program does what the forms do.
func TestLadderAPI(t *testing.T) {
	t.Parallel()
	s := start(t, settings(t, ""))
	x := newClimb(t, s)
	c := apitest.New(t, s.Site)
	token := x.sam.Post("/me/tokens", "name", "website", "scope", "read", "scope", "groups:write", "days", "30").Want(t, 200, "").Text("#token")
	mine := c.As(token)
	var d struct {
		Sequence  int
		Published bool
		Plan      json.RawMessage
		Problems  []struct{ Name, Code string }
	}
	path := "/campaigns/benches/ladder"
	c.Do("GET", path, nil).Refused(404, "web.not_found")
	c.Do("GET", path+"/draft", nil).Refused(401, "token.missing")
	mine.Do("GET", path+"/draft", nil).Want(200, &d)
	mine.Do("PUT", path+"/draft", map[string]any{"sequence": 7, "plan": json.RawMessage(climbing)}).Refused(409, "ladder.changed_meanwhile")
	mine.Do("PUT", path+"/draft", map[string]any{"sequence": d.Sequence, "plan": map[string]any{"stairs": 1}}).Refused(422, "form.invalid")
	mine.Do("PUT", path+"/draft", map[string]any{"sequence": d.Sequence, "plan": json.RawMessage(climbing)}).Want(200, &d)
	if len(d.Problems) > 0 {
		t.Errorf("%+v", d)
	}
	var out struct {
		Moves []struct{ Step, State, Reason string }
		Steps []struct{ Key, State string }
	}
	mine.Do("POST", path+"/simulate", map[string]any{"until": "2027-01-01T00:00:00Z", "assumed": []map[string]any{{"condition": 0, "at": "2026-06-01T00:00:00Z"}}}).Want(200, &out)
	if len(out.Moves) != 4 || out.Steps[1].State != "open" || out.Steps[2].State != "lapsed" {
		t.Errorf("%+v", out)
	}
	mine.Do("POST", path+"/simulate", map[string]any{"until": "2027-01-01T00:00:00Z", "assumed": []map[string]any{{"condition": 9, "at": "2026-06-01T00:00:00Z"}}}).Refused(422, "form.invalid")
	var l struct {
		Version int
		Steps   []struct{ Key, State string }
	}
	for range 2 {
		mine.Do("POST", path+"/publish", map[string]any{"sequence": d.Sequence}).Want(200, &l)
	}
	if l.Version != 1 || l.Steps[0].State != "open" {
		t.Errorf("%+v", l)
	}
	var done struct{ Done bool }
	act := func(do string, want bool) {
		t.Helper()
		mine.Do("POST", path+"/acts", map[string]any{"step": "petition", "group": "riverside", "do": do}).Want(200, &done)
		if done.Done != want {
			t.Errorf("%s is done: %v", do, done.Done)
		}
	}
	act("halt", true)
	act("resume", false)
	act("resume", false)
	x.is("petition", "halted")
	mine.Do("PUT", path+"/declared", map[string]any{"trigger": "x", "declared": true}).Refused(404, "web.not_found")
	c.Do("GET", path, nil).Want(200, &l)
}

// climbs is a campaign of riverside and lakeside, whose ladder names by as one who
// declares something, and where by has said what the other owner has to say, too.
func (s *stand) climbs(steward, by authz.Actor) {
	s.t.Helper()
	ctx := s.t.Context()
	for _, do := range []func() error{
		func() error {
			in := campaigns.Input{Handle: "benches", Title: "Benches for all", Lang: "en", State: campaigns.Open}
			_, err := s.Campaigns.Create(ctx, steward, "riverside", s.IDs.Secret(), in)
			return err
		},
		func() error {
			return s.Campaigns.AddDemand(ctx, steward, "benches", 0, campaigns.DemandInput{Body: "Benches", Addressee: "The town council"})
		},
		func() error { return s.Campaigns.Ask(ctx, steward, "benches", "lakeside") },
		func() error { return s.Campaigns.Join(ctx, steward, "benches", "lakeside") },
		func() error {
			return s.Ladders.SaveText(ctx, steward, "benches", 0, `{"steps":[{"key":"first","title":"First","kind":"other"},
				{"key":"next","title":"Next","kind":"other","gate":{"trigger":{"name":"They say no","delegates":["`+by.Handle+`"],"k":1}}}]}`)
		},
		func() error { return s.Ladders.Publish(ctx, steward, "benches", 1, "") },
	} {
		if err := do(); err != nil {
			s.t.Fatal(err)
		}
	}
	for _, do := range []string{"halt", "resume"} {
		if _, err := s.Ladders.Act(ctx, by, "benches", ladders.ActInput{Step: "first", Group: "riverside", Do: do}); err != nil {
			s.t.Fatal(err)
		}
	}
}

// TestLadderDelegatesLeave: who leaves the owners declares nothing any more and is named
// nowhere; the record stays right, and the ladder can be published again.
func TestLadderDelegatesLeave(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		x := newClimb(t, s)
		ctx := t.Context()
		_, lee := s.signIn("lee")
		for _, g := range []string{"riverside", "hill"} {
			err := s.DB.Write(ctx, func(tx *db.Tx) error {
				return s.Groups.Join(ctx, tx, s.groupID(g), lee.Person, groups.Admission{Role: "member"})
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		plan := func(second string) string {
			return `{"steps":[
				{"key":"first","title":"First","kind":"other","gate":{"trigger":{"name":"One","k":1,"delegates":["lee","kim"]}}},
				{"key":"second","title":"Second","kind":"other","gate":{"trigger":{"name":"Two","k":2,"delegates":` + second + `}}}]}`
		}
		named := func() int {
			return s.count(`select (select count(*) from ladder where draft like '%"lee"%') + (select count(*) from ladder_version where plan like '%"lee"%')`)
		}
		x.publish(plan(`["kim","lee"]`))
		for _, name := range []string{"One", "Two"} {
			if err := s.Ladders.Declare(ctx, lee, "benches", name, true); err != nil {
				t.Fatal(err)
			}
		}
		x.is("first", "open")
		if err := s.Groups.Leave(ctx, lee, "riverside"); err != nil {
			t.Fatal(err)
		}
		if named() != 2 {
			t.Error("a member of another owner is forgotten")
		}
		if err := s.Groups.Leave(ctx, lee, "hill"); err != nil {
			t.Fatal(err)
		}
		if n := named() + s.count("select count(*) from ladder_delegate where person_id = $1", string(lee.Person)); n != 0 {
			t.Errorf("%d rows name who left", n)
		}
		refused(t, s.Ladders.Declare(ctx, lee, "benches", "Two", true), "web.not_found")
		if err := s.Ladders.Declare(ctx, x.other, "benches", "Two", true); err != nil {
			t.Fatal(err)
		}
		x.is("second", "waiting")
		wants(t, s.visitor().Get("/campaigns/benches/ladder"), "2 of 2 delegates declare")
		x.proven()
		x.publish(strings.Replace(plan(`["kim","sam"]`), `["lee","kim"]`, `["kim"]`, 1))
		if err := s.Ladders.Declare(ctx, x.by, "benches", "Two", true); err != nil {
			t.Fatal(err)
		}
		x.is("second", "open")
		x.proven()
	})
}
