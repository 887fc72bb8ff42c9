package app_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/feature/campaigns"
	"convoke/internal/feature/groups"
	"convoke/internal/feature/pledges"
	"convoke/internal/record/box"
	"convoke/internal/record/box/boxtest"
	"convoke/internal/record/leaf"
	"convoke/internal/web/webtest"
)

// toolDay is a pledge that is accepted: three people until the evening of 10 May.
func toolDay() pledges.Input {
	return pledges.Input{
		Title: "A tool for the garden day", Body: "I bring **one tool**.", Lang: "en", Kind: "bring", Gate: box.GateBrowser, Split: pledges.Together,
		Rule: "same", People: "3", Day: "2026-05-10", Time: "18:00",
	}
}

func pledgeForm(in pledges.Input, more ...string) []string {
	return append([]string{
		"title", in.Title, "body", in.Body, "lang", in.Lang, "kind", in.Kind, "gate", in.Gate, "split", in.Split, "rule", in.Rule,
		"parts", in.Parts, "people", in.People, "day", in.Day, "time", in.Time, "campaign", in.Campaign, "event", in.Event,
	}, more...)
}

// pledge drafts and opens a pledge of a group.
func (s *stand) pledge(by authz.Actor, group string, in pledges.Input) (slug string, b leaf.ID) {
	s.t.Helper()
	slug, err := s.Pledges.Create(s.t.Context(), by, group, s.IDs.Secret(), in)
	if err != nil {
		s.t.Fatalf("%s: %v", in.Title, err)
	}
	p, err := s.Pledges.Editable(s.t.Context(), by, slug)
	if err != nil {
		s.t.Fatal(err)
	}
	if err := s.Pledges.Open(s.t.Context(), by, slug, p.Sequence, ""); err != nil {
		s.t.Fatal(err)
	}
	return slug, s.boxOf(by, slug)
}

func (s *stand) boxOf(by authz.Actor, slug string) leaf.ID {
	s.t.Helper()
	p, err := s.Pledges.Editable(s.t.Context(), by, slug)
	if err != nil {
		s.t.Fatal(err)
	}
	b, err := leaf.ParseID(p.Box)
	if err != nil {
		s.t.Fatal(err)
	}
	return b
}

// pledger is somebody with a credential for a box.
type pledger struct {
	*boxtest.Voter
	s *stand
}

func (s *stand) pledger(b leaf.ID) *pledger {
	s.t.Helper()
	ctx := s.t.Context()
	i, err := s.Boxes.Info(ctx, b)
	if err != nil {
		s.t.Fatal(err)
	}
	v, err := boxtest.Anybody(ctx, s.Boxes, i, s.IDs.Secret())
	if err != nil {
		s.t.Fatal(err)
	}
	return &pledger{v, s}
}

func (p *pledger) says(body []byte) error {
	_, err := p.s.Boxes.Cast(context.WithoutCancel(p.s.t.Context()), p.Box.ID, p.Says(body))
	return err
}

func (p *pledger) pledge(threshold uint32, part uint16) *pledger {
	p.s.t.Helper()
	if err := p.says(leaf.Pledge{Threshold: threshold, Part: part}.Encode()); err != nil {
		p.s.t.Fatal(err)
	}
	return p
}

// later moves the clock, beyond the second that rendered pages are kept for.
func (s *stand) later() { s.clock.Add(2 * time.Second) }

func wants(t *testing.T, a webtest.Answer, texts ...string) {
	t.Helper()
	page := a.Want(t, 200, "").Text("main")
	for _, x := range texts {
		if !strings.Contains(page, x) {
			t.Errorf("the page does not say %q: %s", x, page)
		}
	}
}

func refused(t *testing.T, err error, code string) {
	t.Helper()
	if !fault.HasCode(err, code) && (fault.Of(err) == nil || fault.Of(err).Code != code) {
		t.Errorf("got %v, want %s", err, code)
	}
}

// TestPledgeFromDraftToDone: a draft that only its group sees, opened, pledged,
// reached for good, done, closed.
func TestPledgeFromDraftToDone(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		sam, actor := s.signIn("sam")
		s.group(actor, "riverside", "Riverside Neighbours")
		visitor, key := s.visitor(), s.IDs.Secret()
		const url = "/pledges/a-tool-for-the-garden-day"
		sam.Get("/pledges/new?group=riverside").Want(t, 200, "")
		for range 2 { // the same form twice makes one pledge
			sam.Post("/pledges/new", pledgeForm(toolDay(), "key", key, "group", "riverside")...).Want(t, 303, url)
		}
		visitor.Get(url).Want(t, 404, "")
		wants(t, sam.Get(url), "A draft", "I will bring something, if 3 people do, counting me.")
		sam.Get(url+"/edit").Want(t, 200, "")
		in := toolDay()
		in.Body = "I bring **one tool** and wash it."
		sam.Post(url+"/edit", pledgeForm(in, "sequence", "0")...).Want(t, 303, url)
		sam.Post(url+"/edit", pledgeForm(in, "sequence", "0")...).Want(t, 422, "") // changed meanwhile
		seq := sam.Get(url+"/open").Want(t, 200, "").Attr("input[name=sequence]", "value")
		for range 2 {
			sam.Post(url+"/open", "sequence", seq).Want(t, 303, url)
		}
		sam.Post(url+"/edit", pledgeForm(in, "sequence", "2")...).Want(t, 422, "") // frozen
		b := s.boxOf(actor, "a-tool-for-the-garden-day")
		if href := visitor.Get(url).Attr("a.button", "href"); href != "/b/"+b.String()+"/take" {
			t.Errorf("one pledges at %q", href)
		}
		wants(t, visitor.Get("/pledges"), "A tool for the garden day")
		wants(t, visitor.Get("/groups/riverside"), "A tool for the garden day")
		wants(t, visitor.Get(url), "0 of 3; 3 more and it happens.", "and wash it")
		first, second := s.pledger(b).pledge(3, 0), s.pledger(b).pledge(3, 0)
		s.later()
		wants(t, visitor.Get(url), "2 of 3; 1 more and it happens.")
		third, late := s.pledger(b).pledge(3, 0), s.pledger(b)
		s.later()
		wants(t, visitor.Get(url), "It happens", "; 3 stand now.")
		wants(t, visitor.Get("/pledges"), "It happens")
		if err := first.says(leaf.Withdraw()); err != nil {
			t.Fatal(err)
		}
		s.later()
		wants(t, visitor.Get(url), "It happens", "Reached on", "; 2 stand now.", "Taken back") // irreversible
		s.pledger(b).pledge(3, 0)
		s.tellJSON(visitor, url, b)

		s.clock.Set(time.Date(2026, 5, 10, 16, 0, 0, 0, time.UTC)) // 18:00 in Leipzig
		refused(t, late.says(leaf.Pledge{Threshold: 3}.Encode()), "box.late")
		for _, p := range []*pledger{second, third} {
			if err := p.says(leaf.Done()); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.Pledges.Due(t.Context()); err != nil {
			t.Fatal(err)
		}
		s.later()
		wants(t, visitor.Get(url), "It happens", "The time to pledge is over.", "Say that they did it 2", "I brought it")
		wants(t, visitor.Get("/pledges?when=past"), "A tool for the garden day")
		if page := visitor.Get("/pledges").Text("main"); strings.Contains(page, "garden day") {
			t.Error("what is over is listed as open")
		}
		s.clock.Add(14 * 24 * time.Hour)
		for range 2 {
			if err := s.Boxes.CloseDue(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		wants(t, visitor.Get(url), "Closed", "Reached on")
		if p, err := s.Pledges.Editable(t.Context(), actor, "a-tool-for-the-garden-day"); err != nil || p.State != pledges.Closed || len(p.Reached) != 1 {
			t.Errorf("at the end %v %+v", err, p)
		}
	})
}

// tellJSON checks what programs get, and the hash of the text in the record.
func (s *stand) tellJSON(b *webtest.Browser, url string, bid leaf.ID) {
	s.t.Helper()
	var got struct {
		State, Text, Salt string
		TextHash          string `json:"text_hash"`
		Pledged           int
		Reached           []struct{ Part, People int }
		Tallies           []struct {
			Curve []struct{ Threshold, People int }
		}
	}
	for _, path := range []string{url + ".json", "/api/v1" + url} {
		if err := json.Unmarshal([]byte(b.Get(path).Want(s.t, 200, "").Body), &got); err != nil {
			s.t.Fatal(path, err)
		}
		if got.State != "reached" || got.Pledged != 3 || len(got.Reached) != 1 || got.Reached[0].Part != -1 || got.Reached[0].People != 3 ||
			got.Tallies[0].Curve[0].People != 3 {
			s.t.Errorf("%s: %+v", path, got)
		}
	}
	salt, err := hex.DecodeString(got.Salt)
	if err != nil {
		s.t.Fatal(err)
	}
	h := sha256.Sum256(append(salt, got.Text...))
	i, err := s.Boxes.Info(s.t.Context(), bid)
	if err != nil || i.Manifest.Text != hex.EncodeToString(h[:]) || got.TextHash != i.Manifest.Text {
		s.t.Errorf("the record holds %s, %v", i.Manifest.Text, err)
	}
}

// TestPledgeOfPlaces: each place is reached apart, and one that is settles the whole.
func TestPledgeOfPlaces(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		_, actor := s.signIn("sam")
		s.group(actor, "riverside", "Riverside Neighbours")
		in := toolDay()
		in.Split, in.Parts, in.Rule, in.People = pledges.ByPlace, "Leipzig\nDresden, Germany\n", "own", "2"
		slug, b := s.pledge(actor, "riverside", in)
		s.pledger(b).pledge(3, 0)
		s.pledger(b).pledge(1, 1)
		url := "/pledges/" + slug
		wants(t, s.visitor().Get(url), "Dresden", "0 of 2; 2 more and it happens.", "1 of 2; 1 more and it happens.",
			"2 more who wait for at most 3 people, and 1 other follows.")
		wants(t, s.visitor().Get("/pledges"), "I will bring something, if enough people in my place or group do.")
		wants(t, s.visitor().Get("/groups/riverside"), "I will bring something, if enough people in my place or group do.")
		s.pledger(b).pledge(2, 1)
		s.later()
		wants(t, s.visitor().Get(url), "Reached on", "0 of 2; 2 more and it happens.")
		var facts int
		err := s.DB.Read(t.Context(), func(tx *db.Tx) error {
			return tx.Get(t.Context(), "select count(*) from pledge_reached where part = 1", nil, &facts)
		})
		if err != nil || facts != 1 {
			t.Errorf("%d times reached, %v", facts, err)
		}
		s.clock.Set(time.Date(2026, 5, 10, 16, 0, 0, 0, time.UTC))
		if err := s.Pledges.Due(t.Context()); err != nil {
			t.Fatal(err)
		}
		wants(t, s.visitor().Get(url), "It happens", "0 of 2: not enough.")
	})
}

// TestPledgeOfGroups: each group is reached apart, and one that is settles the whole.
func TestPledgeOfGroups(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		_, actor := s.signIn("sam")
		s.group(actor, "riverside", "Riverside Neighbours")
		s.group(actor, "hillside", "Hillside Neighbours")
		in := toolDay()
		in.Split, in.Parts, in.Rule, in.People = pledges.ByGroup, "@hillside\nriverside\n", "own", "2"
		slug, b := s.pledge(actor, "riverside", in)
		s.pledger(b).pledge(3, 0)
		s.pledger(b).pledge(1, 1)
		url := "/pledges/" + slug
		wants(t, s.visitor().Get(url), "@hillside", "@riverside", "0 of 2; 2 more and it happens.", "1 of 2; 1 more and it happens.",
			"2 more who wait for at most 3 people, and 1 other follows.")
		wants(t, s.visitor().Get("/pledges"), "I will bring something, if enough people in my place or group do.")
		wants(t, s.visitor().Get("/b/"+b.String()+"/take"), "@hillside", "@riverside")
		s.pledger(b).pledge(2, 1)
		s.later()
		wants(t, s.visitor().Get(url), "Reached on", "0 of 2; 2 more and it happens.")
		var facts, others int
		err := s.DB.Read(t.Context(), func(tx *db.Tx) error {
			return tx.Get(t.Context(), "select (select count(*) from pledge_reached where part = 1), (select count(*) from pledge_reached where part <> 1)",
				nil, &facts, &others)
		})
		if err != nil || facts != 1 || others != 0 {
			t.Errorf("%d times reached, and %d times by others, %v", facts, others, err)
		}
		s.recounted(b, []uint64{0, 2})
		s.clock.Set(time.Date(2026, 5, 10, 16, 0, 0, 0, time.UTC))
		if err := s.Pledges.Due(t.Context()); err != nil {
			t.Fatal(err)
		}
		wants(t, s.visitor().Get(url), "It happens", "0 of 2: not enough.")
	})
}

// TestPledgeWithOwnThresholds shows the curve, and what moves it on.
func TestPledgeWithOwnThresholds(t *testing.T) {
	t.Parallel()
	s := start(t, settings(t, ""))
	_, actor := s.signIn("sam")
	s.group(actor, "riverside", "Riverside Neighbours")
	in := toolDay()
	in.Rule, in.People = "own", "6"
	slug, b := s.pledge(actor, "riverside", in)
	for _, n := range []uint32{1, 4, 4, 5} {
		s.pledger(b).pledge(n, 0)
	}
	wants(t, s.visitor().Get("/pledges/"+slug), "I will bring something, if enough people do.", "1 of 6; 2 more and it happens.",
		"1 more who wait for at most 5 people, and 3 others follow.", "How many wait for how many")
	ask, err := (&pledges.Web{Service: s.Pledges}).ForTake(t.Context(), authz.Actor{}, b)
	if err != nil || !ask.Personal {
		t.Errorf("the pages on which one takes part hear %+v, %v", ask, err)
	}
}

// TestMissedPledge: below its number at the deadline.
func TestMissedPledge(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		_, actor := s.signIn("sam")
		s.group(actor, "riverside", "Riverside Neighbours")
		slug, b := s.pledge(actor, "riverside", toolDay())
		s.pledger(b).pledge(3, 0)
		s.clock.Set(time.Date(2026, 5, 10, 15, 59, 59, 0, time.UTC))
		for _, want := range []pledges.State{pledges.Open, pledges.Missed} {
			if err := s.Pledges.Due(t.Context()); err != nil {
				t.Fatal(err)
			}
			if p, err := s.Pledges.Editable(t.Context(), actor, slug); err != nil || p.State != want {
				t.Errorf("at %s it is %s, %v", s.clock.Now(), p.State, err)
			}
			s.clock.Add(time.Second)
		}
		wants(t, s.visitor().Get("/pledges/"+slug), "Not enough people", "1 of 3: not enough.")
	})
}

// TestPledgeBadInput: the form is shown again with a message beside the field and
// what was typed, and nothing is stored.
func TestPledgeBadInput(t *testing.T) {
	t.Parallel()
	s := start(t, settings(t, ""))
	b, actor := s.signIn("sam")
	other, stranger := s.signIn("olga")
	s.group(actor, "riverside", "Riverside Neighbours")
	hill := s.group(stranger, "hill", "Hill Gardeners")
	foreign := s.event(stranger, hill, meeting("Not mine", "2026-06-06"))
	if _, err := s.Campaigns.Create(t.Context(), stranger, "hill", s.IDs.Secret(), campaigns.Input{Handle: "theirs", Title: "Theirs", Lang: "en", State: campaigns.Open}); err != nil {
		t.Fatal(err)
	}
	var many strings.Builder
	for i := range 201 {
		fmt.Fprintf(&many, "place %d\n", i)
	}
	for name, c := range map[string]struct {
		change func(in *pledges.Input)
		field  string
	}{
		"no title":            {func(in *pledges.Input) { in.Title = " " }, "title"},
		"a long title":        {func(in *pledges.Input) { in.Title = strings.Repeat("é", 201) }, "title"},
		"no text":             {func(in *pledges.Input) { in.Body = "" }, "body"},
		"a long text":         {func(in *pledges.Input) { in.Body = strings.Repeat("word ", 4000) }, "body"},
		"no language":         {func(in *pledges.Input) { in.Lang = "tlh" }, "lang"},
		"no kind":             {func(in *pledges.Input) { in.Kind = "riot" }, "kind"},
		"no rule":             {func(in *pledges.Input) { in.Rule = "" }, "rule"},
		"no gate":             {func(in *pledges.Input) { in.Gate = "door" }, "gate"},
		"no split":            {func(in *pledges.Input) { in.Split = "street" }, "split"},
		"nobody":              {func(in *pledges.Input) { in.People = "0" }, "people"},
		"one alone":           {func(in *pledges.Input) { in.People = "1" }, "people"},
		"fewer than nobody":   {func(in *pledges.Input) { in.People = "-5" }, "people"},
		"a billion":           {func(in *pledges.Input) { in.People = "1000000000" }, "people"},
		"more than fits":      {func(in *pledges.Input) { in.People = "99999999999999999999" }, "people"},
		"words":               {func(in *pledges.Input) { in.People = "many" }, "people"},
		"no day":              {func(in *pledges.Input) { in.Day = "" }, "day"},
		"no such day":         {func(in *pledges.Input) { in.Day = "2026-02-30" }, "day"},
		"yesterday":           {func(in *pledges.Input) { in.Day = "2026-05-01" }, "day"},
		"this minute":         {func(in *pledges.Input) { in.Day, in.Time = "2026-05-02", "14:00" }, "day"},
		"in ten years":        {func(in *pledges.Input) { in.Day = "2036-05-01" }, "day"},
		"no time":             {func(in *pledges.Input) { in.Time = "25:00" }, "time"},
		"a skipped time":      {func(in *pledges.Input) { in.Day, in.Time = "2027-03-28", "02:30" }, "time"},
		"one part":            {func(in *pledges.Input) { in.Split, in.Parts = pledges.ByPlace, "Leipzig" }, "parts"},
		"no parts":            {func(in *pledges.Input) { in.Split = pledges.ByGroup }, "parts"},
		"201 parts":           {func(in *pledges.Input) { in.Split, in.Parts = pledges.ByPlace, many.String() }, "parts"},
		"a place twice":       {func(in *pledges.Input) { in.Split, in.Parts = pledges.ByPlace, "Leipzig\nleipzig, germany" }, "parts"},
		"an unknown place":    {func(in *pledges.Input) { in.Split, in.Parts = pledges.ByPlace, "Leipzig\nQwxyzzy" }, "parts"},
		"an unknown group":    {func(in *pledges.Input) { in.Split, in.Parts = pledges.ByGroup, "@riverside\nnobody" }, "parts"},
		"a foreign campaign":  {func(in *pledges.Input) { in.Campaign = "theirs" }, "campaign"},
		"an unknown campaign": {func(in *pledges.Input) { in.Campaign = "nowhere" }, "campaign"},
		"a foreign event":     {func(in *pledges.Input) { in.Event = string(foreign) }, "event"},
		"an event of nothing": {func(in *pledges.Input) { in.Event = "x" }, "event"},
	} {
		in := toolDay()
		c.change(&in)
		a := b.Post("/pledges/new", pledgeForm(in, "key", s.IDs.Secret(), "group", "riverside")...)
		if a.Status != 422 || a.Attr(".error-summary a", "href") != "#"+c.field {
			t.Errorf("%s: %d, %s", name, a.Status, a.Text(".error-summary"))
		}
		if got := a.Attr("#people", "value"); got != in.People {
			t.Errorf("%s: what was typed is not kept: %q", name, got)
		}
	}
	b.Post("/pledges/new", pledgeForm(toolDay(), "key", "short", "group", "riverside")...).Want(t, 400, "")
	other.Post("/pledges/new", pledgeForm(toolDay(), "key", s.IDs.Secret(), "group", "riverside")...).Want(t, 403, "")
	b.Post("/pledges/new", pledgeForm(toolDay(), "key", s.IDs.Secret(), "group", "nobody")...).Want(t, 403, "")
	if n := s.count("select count(*) from pledge"); n != 0 {
		t.Errorf("%d pledges were stored", n)
	}
	// A draft whose deadline has come meanwhile is not opened.
	in := toolDay()
	in.Time = "" // the end of the day
	slug, err := s.Pledges.Create(t.Context(), actor, "riverside", s.IDs.Secret(), in)
	if err != nil {
		t.Fatal(err)
	}
	if p, err := s.Pledges.Editable(t.Context(), actor, slug); err != nil || p.Deadline != time.Date(2026, 5, 10, 22, 0, 0, 0, time.UTC) {
		t.Errorf("the end of the day is %s, %v", p.Deadline, err)
	}
	s.clock.Set(time.Date(2026, 5, 10, 22, 0, 0, 0, time.UTC))
	if a := b.Post("/pledges/"+slug+"/open", "sequence", "0"); a.Status != 422 || s.count("select count(*) from box") != 0 {
		t.Errorf("%d: a deadline that has passed is opened", a.Status)
	}
}

// TestPledgeCoOwners: asked, answered, equal, and never without anybody.
func TestPledgeCoOwners(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		sam, actor := s.signIn("sam")
		olga, other := s.signIn("olga")
		pia, third := s.signIn("pia")
		s.group(actor, "riverside", "Riverside Neighbours")
		s.group(other, "hill", "Hill Gardeners")
		s.group(third, "harbour", "Harbour Tools")
		slug, err := s.Pledges.Create(t.Context(), actor, "riverside", s.IDs.Secret(), toolDay())
		if err != nil {
			t.Fatal(err)
		}
		url := "/pledges/" + slug
		sam.Post(url+"/groups", "do", "leave", "group", "riverside").Want(t, 422, "")
		sam.Post(url+"/groups", "do", "ask", "group", "nobody").Want(t, 422, "")
		sam.Post(url+"/groups", "do", "steal", "group", "hill").Want(t, 400, "")
		sam.Post(url+"/groups", "do", "ask", "group", "@hill").Want(t, 303, url+"/groups")
		olga.Get(url).Want(t, 404, "") // asked is not owning: the draft's page stays its owners'
		wants(t, olga.Get(url+"/groups"), "Your group is asked to own this pledge")
		wants(t, olga.Get("/groups/hill"), "Your group is asked to own these:")
		pia.Get(url+"/groups").Want(t, 404, "")
		pia.Post(url+"/groups", "do", "join", "group", "harbour").Want(t, 404, "")
		pia.Post(url+"/groups", "do", "join", "group", "hill").Want(t, 403, "") // not hers to answer
		olga.Post(url+"/groups", "do", "join", "group", "hill").Want(t, 303, url+"/groups")
		wants(t, olga.Get(url), "Riverside Neighbours", "Hill Gardeners")
		seq := olga.Get(url+"/open").Attr("input[name=sequence]", "value")
		olga.Post(url+"/open", "sequence", seq).Want(t, 303, url) // the same rights
		// The other owner is suspended: the pledge stays, and its last active owner too.
		if err := s.Groups.Suspend(t.Context(), authz.Actor{Person: actor.Person, Operator: true}, "riverside", true); err != nil {
			t.Fatal(err)
		}
		wants(t, s.visitor().Get(url), "A tool for the garden day")
		olga.Post(url+"/groups", "do", "leave", "group", "hill").Want(t, 422, "")
		if err := s.Groups.Suspend(t.Context(), authz.Actor{Person: actor.Person, Operator: true}, "riverside", false); err != nil {
			t.Fatal(err)
		}
		olga.Post(url+"/groups", "do", "leave", "group", "hill").Want(t, 303, "/groups/hill")
		sam.Post(url+"/groups", "do", "leave", "group", "riverside").Want(t, 422, "")
		// With its last owner suspended the pledge is hidden, and comes back.
		for _, yes := range []bool{true, false} {
			if err := s.Groups.Suspend(t.Context(), authz.Actor{Person: actor.Person, Operator: true}, "riverside", yes); err != nil {
				t.Fatal(err)
			}
			if got := s.visitor().Get(url).Status; (got == 404) != yes {
				t.Errorf("suspended %v: %d", yes, got)
			}
			if listed := strings.Contains(s.visitor().Get("/pledges").Text("main"), "garden day"); listed == yes {
				t.Errorf("suspended %v, listed %v", yes, listed)
			}
		}
	})
}

// TestPledgeBelongs: to a campaign and an event, on whose pages it stands.
func TestPledgeBelongs(t *testing.T) {
	t.Parallel()
	s := start(t, settings(t, ""))
	b, actor := s.signIn("sam")
	g := s.group(actor, "riverside", "Riverside Neighbours")
	e := s.event(actor, g, meeting("Garden day", "2026-06-06"))
	if _, err := s.Campaigns.Create(t.Context(), actor, "riverside", s.IDs.Secret(), campaigns.Input{Handle: "green", Title: "Greener", Lang: "en", State: campaigns.Open}); err != nil {
		t.Fatal(err)
	}
	visitor := s.visitor()
	for _, path := range []string{"/campaigns/green", "/events/" + string(e)} {
		if strings.Contains(visitor.Get(path).Want(t, 200, "").Text("main"), "A tool for") {
			t.Errorf("%s shows a pledge that is not there", path)
		}
	}
	href := ""
	for _, n := range b.Get("/events/" + string(e)).All("main a") {
		if strings.HasPrefix(webtest.Attr(n, "href"), "/pledges/new?") {
			href = webtest.Attr(n, "href")
		}
	}
	if got := b.Get(href).Want(t, 200, "").Attr("#event", "value"); got != string(e) {
		t.Errorf("the form at %q begins with the event %q", href, got)
	}
	in := toolDay()
	in.Campaign, in.Event = "@green", "https://example.org/events/"+string(e)
	slug, _ := s.pledge(actor, "riverside", in)
	wants(t, visitor.Get("/pledges/"+slug), "Greener", "Garden day")
	for _, path := range []string{"/campaigns/green", "/events/" + string(e)} {
		wants(t, visitor.Get(path), "A tool for the garden day")
	}
}

// TestPledgeOfMembers: the roll has the members of all owners as they are now, and
// knows them by their accounts: a handle can be somebody else's later.
func TestPledgeOfMembers(t *testing.T) {
	t.Parallel()
	s := start(t, settings(t, ""))
	_, actor := s.signIn("sam")
	_, other := s.signIn("olga")
	_, stranger := s.signIn("pia")
	g := s.group(actor, "riverside", "Riverside Neighbours")
	err := s.DB.Write(t.Context(), func(tx *db.Tx) error {
		return s.Groups.Join(t.Context(), tx, g, other.Person, groups.Admission{Role: string(authz.Member)})
	})
	if err != nil {
		t.Fatal(err)
	}
	in := toolDay()
	in.Gate = box.GateMembers
	_, b := s.pledge(actor, "riverside", in)
	i, err := s.Boxes.Info(t.Context(), b)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range []authz.Actor{actor, other, stranger} {
		if _, err := s.Boxes.AdmitMember(t.Context(), i.Roll, p.Handle); err == nil {
			t.Errorf("the handle %s opens the gate", p.Handle)
		}
		_, err := s.Boxes.AdmitMember(t.Context(), i.Roll, string(p.Person))
		if in := err == nil; in != slices.Contains([]string{"sam", "olga"}, p.Handle) {
			t.Errorf("%s: %v", p.Handle, err)
		}
	}
}

// TestSamplePledge is what the demo opens.
func TestSamplePledge(t *testing.T) {
	t.Parallel()
	s := start(t, settings(t, ""))
	_, actor := s.signIn("sam")
	g := s.group(actor, "riverside", "Riverside Neighbours")
	roll, err := s.Boxes.Prepare(t.Context(), box.RollInput{Gate: box.GateBrowser, Slots: 1})
	if err != nil {
		t.Fatal(err)
	}
	err = s.DB.Write(t.Context(), func(tx *db.Tx) error { return s.Pledges.CreateSample(t.Context(), tx, g, roll, toolDay()) })
	if err != nil {
		t.Fatal(err)
	}
	s.pledger(s.boxOf(actor, "a-tool-for-the-garden-day")).pledge(3, 0)
	wants(t, s.visitor().Get("/pledges"), "A tool for the garden day")
}
