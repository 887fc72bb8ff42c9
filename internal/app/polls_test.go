package app_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"convoke/internal/api/apitest"
	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/feature/groups"
	"convoke/internal/feature/polls"
	"convoke/internal/id"
	"convoke/internal/record/box/boxtest"
	"convoke/internal/record/leaf"
	"convoke/internal/record/recounttest"
	"convoke/internal/web/webtest"
)

// council is a coalition that is made up: its delegates are who it says.
type council struct {
	of    id.Group
	seats []polls.Seat
}

func (c *council) Rule(_ context.Context, _ *db.Tx, g id.Group) (weights string, secret bool, err error) {
	if g == c.of {
		weights = "delegates"
	}
	return weights, false, nil
}

func (c *council) Electorate(_ context.Context, _ *db.Tx, g id.Group) ([]polls.Seat, error) {
	if g != c.of {
		return nil, nil
	}
	return c.seats, nil
}

func (c *council) Weight(ctx context.Context, tx *db.Tx, g id.Group) (n int, err error) {
	all, err := c.Electorate(ctx, tx, g)
	for _, s := range all {
		n += int(s.Weight)
	}
	return n, err
}

func (c *council) some(of id.Group, fits func(polls.Seat) bool) (out []polls.Seat, err error) {
	for _, s := range c.seats {
		if of == c.of && fits(s) {
			out = append(out, s)
		}
	}
	return out, nil
}

func (c *council) SeatsOf(_ context.Context, _ *db.Tx, of id.Group, p id.Person) ([]polls.Seat, error) {
	return c.some(of, func(s polls.Seat) bool { return s.Person == p })
}

func (c *council) SeatsOfGroup(_ context.Context, _ *db.Tx, of, g id.Group) ([]polls.Seat, error) {
	return c.some(of, func(s polls.Seat) bool { return s.Group == g })
}

func proposalForm(more ...string) []string {
	return append([]string{"title", "Benches by the river", "body", "We build **two benches**.", "lang", "en", "effect", ""}, more...)
}

func pollForm(preset string, more ...string) []string {
	return append([]string{"preset", preset, "gate", "members", "day", "2026-05-10", "time", "18:00"}, more...)
}

func (s *stand) join(g id.Group, p authz.Actor) {
	s.t.Helper()
	if err := s.DB.Write(s.t.Context(), func(tx *db.Tx) error {
		return s.Groups.Join(s.t.Context(), tx, g, p.Person, groups.Admission{Role: "member"})
	}); err != nil {
		s.t.Fatal(err)
	}
}

// TestProposalOnPages goes from a draft to a result that a stranger counts again, as
// browsers do.
func TestProposalOnPages(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		sam, actor := s.signIn("sam")
		ana, member := s.signIn("ana")
		g := s.group(actor, "riverside", "Riverside Neighbours")
		s.join(g, member)
		visitor, key := s.visitor(), s.IDs.Secret()
		ana.Get("/proposals/new?group=riverside").Want(t, 200, "")
		ana.Post("/proposals/new", append([]string{"title", ""}, proposalForm("key", key, "group", "riverside")...)...).Want(t, 422, "")
		url := led(t, ana.Post("/proposals/new", proposalForm("key", key, "group", "riverside")...))
		ana.Post("/proposals/new", proposalForm("key", key, "group", "riverside")...).Want(t, 303, url)
		for _, page := range []string{url, url + ".json", url + "/edit", url + "/open"} {
			if a := visitor.Get(page); a.Status != 404 && a.Status != 303 {
				t.Errorf("%s answers %d to everybody", page, a.Status)
			}
		}
		wants(t, ana.Get(url), "A draft")
		ana.Post(url, "do", "discuss").Want(t, 303, url)
		ana.Post(url, "do", "publish").Want(t, 403, "")
		sam.Post(url, "do", "publish").Want(t, 303, url)
		sam.Post(url+"/comments", "key", s.IDs.Secret(), "text", "").Want(t, 422, "")
		sam.Post(url+"/comments", "key", s.IDs.Secret(), "text", "Three would be better.\nAnd a table.").Want(t, 303, url+"#talk")
		wants(t, ana.Get(url), "Three would be better.", "sam")
		if page := visitor.Get(url).Want(t, 200, "").Text("main"); !strings.Contains(page, "Three would be better.") || strings.Contains(page, "sam") {
			t.Errorf("everybody reads %s", page)
		}
		change := led(t, sam.Post(url+"/amend", "key", s.IDs.Secret(), "body", "We build **three benches**.", "why", "Two are full."))
		a := ana.Get(change).Want(t, 200, "")
		if a.Text("del") != "Removed: **two" && !strings.Contains(a.Text("del"), "two") || !strings.Contains(a.Text("ins"), "three") {
			t.Errorf("the change is shown as %q, %q", a.Text("del"), a.Text("ins"))
		}
		ana.Post(change, "do", "accept").Want(t, 303, change)
		wants(t, visitor.Get(url), "three benches", "Accepted into the text", "Two are full.")

		seq := sam.Get(url+"/open").Want(t, 200, "").Attr("input[name=sequence]", "value")
		sam.Post(url+"/open", pollForm("majority", "key", s.IDs.Secret(), "sequence", seq, "quorum", "nonsense")...).Want(t, 422, "")
		poll := led(t, sam.Post(url+"/open", pollForm("majority", "key", s.IDs.Secret(), "sequence", seq, "quorum", "50%")...))
		wants(t, visitor.Get(poll), "Open", "Quorum: 1 of 2 votes must take part, which is 50 %.", "a no can never complete it")
		wants(t, visitor.Get(poll+"/ballots"), "There are 0 votes in the box.")
		visitor.Get(poll+"/ballots?from=100").Want(t, 404, "")
		wants(t, ana.Get("/groups/riverside/announcements"), "Vote: Benches by the river")
		p := s.pollJSON(visitor, poll)
		if p.Weights != "" || strings.Contains(p.Text, "weights") {
			t.Errorf("votes of members are weighed: %q, %q", p.Weights, p.Text)
		}
		for _, by := range []authz.Actor{actor, member} {
			s.votes(by, p.Box, []byte{0})
		}
		s.closes(p.Box)
		s.later()
		wants(t, visitor.Get(poll), "What exactly is proposed", "Adopted.", "2 votes were cast", "Quorum: 2 of the 1 that it takes. Reached.")
		wants(t, visitor.Get(poll+"/ballots"), "Yes")
		for _, behind := range []string{"100", "4200", "9223372036854775800"} {
			visitor.Get(poll+"/ballots?from="+behind).Want(t, 404, "")
		}
		wants(t, visitor.Get(url), "Adopted")
		wants(t, visitor.Get("/proposals"), "Benches by the river")
		wants(t, visitor.Get("/groups/riverside"), "Benches by the river")
		s.pollRecounted(p.Box)
	})
}

// led is where a form that was taken leads.
func led(t *testing.T, a webtest.Answer) string {
	t.Helper()
	at, _, _ := strings.Cut(a.Location, "?saved=")
	return a.Want(t, 303, at).Location[:len(at)]
}

// pollPage is what programs read of a poll.
type pollPage struct {
	Box, Text, Salt, State string
	Reason                 string // it was called off
	Weights                string
	Undone                 []struct{ Code string }
	TextHash               string `json:"text_hash"`
	Result                 *struct {
		Adopted bool
		Rounds  []string
		Order   []int
	}
}

func (s *stand) pollJSON(b *webtest.Browser, url string) (p pollPage) {
	s.t.Helper()
	if err := json.Unmarshal([]byte(b.Get(url+".json").Want(s.t, 200, "").Body), &p); err != nil {
		s.t.Fatal(err)
	}
	salt, err := hex.DecodeString(p.Salt)
	if h := sha256.Sum256(append(salt, p.Text...)); err != nil || hex.EncodeToString(h[:]) != p.TextHash {
		s.t.Errorf("the hash is not of the text: %v", err)
	}
	return p
}

// voter is the member on a box's roll with a credential for it.
func (s *stand) voter(by authz.Actor, box string) *boxtest.Voter {
	s.t.Helper()
	ctx := context.WithoutCancel(s.t.Context())
	b, err := leaf.ParseID(box)
	if err != nil {
		s.t.Fatal(err)
	}
	i, err := s.Boxes.Info(ctx, b)
	if err != nil {
		s.t.Fatal(err)
	}
	grant, err := s.Boxes.AdmitMember(ctx, i.Roll, string(by.Person))
	if err != nil {
		s.t.Fatal(err)
	}
	v, err := boxtest.Issue(ctx, s.Boxes, i, grant)
	if err != nil {
		s.t.Fatal(err)
	}
	return v
}

// puts lets a voter say something in a box.
func (s *stand) puts(v *boxtest.Voter, body []byte) {
	s.t.Helper()
	if _, err := s.Boxes.Cast(context.WithoutCancel(s.t.Context()), v.Box.ID, v.Says(body)); err != nil {
		s.t.Fatal(err)
	}
}

// votes puts a secret paper into a box, as the member on its roll.
func (s *stand) votes(by authz.Actor, box string, paper []byte) {
	s.t.Helper()
	s.puts(s.voter(by, box), leaf.Ballot(paper))
}

// closes ends a poll and has it counted.
func (s *stand) closes(box string) {
	s.t.Helper()
	b, err := leaf.ParseID(box)
	if err == nil {
		err = s.Boxes.Close(s.t.Context(), b)
	}
	if err == nil {
		_, err = s.Jobs.RunPending(s.t.Context())
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

// pollRecounted counts a poll again from its public files, by both verifiers.
func (s *stand) pollRecounted(box string) {
	s.t.Helper()
	if err := s.Record.Anchor(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
	node := httptest.NewServer(s.Site)
	defer node.Close()
	all := recounttest.Target(s.t, node.URL)
	if !slices.ContainsFunc(all, func(r recounttest.Result) bool { return r.Box == box && r.Result != nil }) {
		s.t.Errorf("counted again: %+v", all)
	}
}

// TestDelegatesOnPages: ranks with a gap are explained, reviewed, confirmed and
// changed; a bound one is refused with why; the rounds are sentences.
func TestDelegatesOnPages(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		sam, actor := s.signIn("sam")
		c := &council{of: s.group(actor, "valley", "Valley Alliance")}
		s.Polls.Coalitions = c
		names := []string{"river", "harbour", "hill"}
		var browsers []*webtest.Browser
		for i, name := range names {
			b, d := s.signIn(name)
			g := s.group(d, "g"+name, "Group "+name)
			c.seats = append(c.seats, polls.Seat{ID: s.IDs.New(), Group: g, GroupName: "Group " + name, Person: d.Person, Weight: uint32(3 - i), Mandate: "free"})
			browsers = append(browsers, b)
		}
		c.seats[2].Mandate = "bound"
		url := led(t, sam.Post("/proposals/new", proposalForm("key", s.IDs.Secret(), "group", "valley", "options", "Oak\nSteel\nStone")...))
		sam.Post(url, "do", "discuss").Want(t, 303, url)
		sam.Post(url, "do", "publish").Want(t, 303, url)
		seq := sam.Get(url+"/open").Want(t, 200, "").Attr("input[name=sequence]", "value")
		poll := led(t, sam.Post(url+"/open", pollForm("ranks", "key", s.IDs.Secret(), "sequence", seq, "secrecy", "named", "winners", "1")...))
		wants(t, s.visitor().Get(poll), "3 seats, by name", "Ties are broken by lots")
		led(t, s.visitor().Get(poll+"/vote"))
		sam.Get(poll+"/vote").Want(t, 403, "")
		page := browsers[2].Get(poll+"/vote").Want(t, 403, "").Text("body")
		if !strings.Contains(page, "bound its vote to its own decision") {
			t.Errorf("a bound delegate reads %s", page)
		}
		river := browsers[0]
		river.Get(poll+"/vote").Want(t, 200, "")
		a := river.Post(poll+"/vote", "seat", "0", "o0", "1", "o1", "1").Want(t, 422, "")
		if !strings.Contains(a.Text("main"), "Oak, Steel have the same rank 1. Give each its own.") {
			t.Errorf("the same rank twice: %s", a.Text("main"))
		}
		review := river.Post(poll+"/vote", "seat", "0", "o0", "3", "o1", "1")
		wants(t, review, "Look at it once more", "1. Steel", "2. Oak", "No rank: Stone", "You left out rank 2. What comes behind it moves up.")
		river.Post(poll+"/vote", "seat", "0", "o0", "3", "o1", "1", "do", "confirm").Want(t, 303, poll)
		river.Post(poll+"/vote", "seat", "0", "o0", "1", "o2", "2", "do", "confirm").Want(t, 303, poll) // changed
		if got := river.Get(poll+"/vote").Want(t, 200, "").Attr("select[name=o2] option[selected=]", "value"); got != "2" {
			t.Errorf("the form shows rank %q of what was voted", got)
		}
		browsers[1].Post(poll+"/vote", "seat", "1", "o1", "1", "do", "confirm").Want(t, 303, poll)
		browsers[1].Post(poll+"/vote", "seat", "0", "o1", "1", "do", "confirm").Want(t, 403, "")
		s.later()
		wants(t, s.visitor().Get(poll), "Votes until now 2")
		p := s.pollJSON(s.visitor(), poll)
		s.clock.Set(time.Date(2026, 5, 10, 16, 0, 0, 0, time.UTC))
		late := browsers[1].Post(poll+"/vote", "seat", "1", "o2", "1", "do", "confirm").Want(t, 410, "").Text("body")
		if !strings.Contains(late, "at 18:00") {
			t.Errorf("who comes late reads %s", late)
		}
		s.closes(p.Box)
		s.later()
		wants(t, s.visitor().Get(poll), "Adopted: Oak.", "First preferences: Oak 3, Steel 2, Stone 0.", "Oak reaches the quota and is elected.")
		wants(t, s.visitor().Get(poll+"/ballots"), "Group river", "1. Oak, 2. Stone", "Group harbour")
		if p = s.pollJSON(s.visitor(), poll); p.Result == nil || !p.Result.Adopted || !slices.Contains(p.Result.Rounds, "Oak reaches the quota and is elected.") {
			t.Errorf("programs read %+v", p.Result)
		}
		s.pollRecounted(p.Box)
	})
}

// TestProposalAPI: the twins of the forms.
func TestProposalAPI(t *testing.T) {
	t.Parallel()
	s := start(t, settings(t, ""))
	_, actor := s.signIn("sam")
	c := &council{of: s.group(actor, "valley", "Valley Alliance")}
	s.Polls.Coalitions = c
	c.seats = []polls.Seat{{ID: s.IDs.New(), Group: c.of, GroupName: "Valley", Person: actor.Person, Weight: 1, Mandate: "free"}}
	x := &access{stand: s}
	client := apitest.New(t, s.Site).As(x.token(actor))
	key := func() []string { return []string{"Idempotency-Key", s.IDs.Secret()} }
	in := map[string]any{"title": "Benches", "body": "We build two.", "lang": "en", "options": []string{"Oak", "Steel"}}
	client.Do("POST", "/groups/valley/proposals", map[string]any{"title": "", "body": "x", "lang": "en"}, key()...).Refused(422, "form.invalid", "#/title", "proposal.no_title")
	var p struct {
		ID       string
		Sequence int
		State    string
		Comments []struct{ ID, Text string }
	}
	// again sends something twice, and then something else with its key.
	again := func(path string, one map[string]any, other string) {
		k, second := key(), maps.Clone(one)
		second[other] = "Something else."
		for range 2 {
			if a := client.Do("POST", path, one, k...); a.Status >= 300 {
				t.Errorf("%s: %d %s", path, a.Status, a.Body)
			}
		}
		client.Do("POST", path, second, k...).Refused(409, "api.key_reused")
	}
	again("/groups/valley/proposals", map[string]any{"title": "Trees", "body": "We plant two.", "lang": "en"}, "body")
	client.Do("POST", "/groups/valley/proposals", in, key()...).Want(201, &p)
	url := "/proposals/" + p.ID
	client.Do("POST", url+"/state", map[string]any{"do": "discuss"}).Want(204, nil)
	again(url+"/comments", map[string]any{"text": "Why not."}, "text")
	client.Get(url).Want(200, &p)
	if len(p.Comments) != 1 || p.State != "discussed" {
		t.Errorf("%+v", p)
	}
	client.Do("POST", url+"/comments/"+p.Comments[0].ID+"/hide", map[string]any{}).Want(204, nil)
	again(url+"/amendments", map[string]any{"body": "We build three.", "options": []string{"Oak", "Steel"}, "why": "More."}, "why")
	client.Get(url).Want(200, &p)
	in["note"], in["sequence"] = "A word.", p.Sequence
	client.Do("PUT", url, in).Want(200, &p)
	var poll struct{ ID, Box, State string }
	open := map[string]any{"sequence": p.Sequence, "preset": "rank", "day": "2026-05-10", "secrecy": "named"}
	codesFirst := maps.Clone(open)
	codesFirst["from_day"] = "2026-05-08"
	client.Do("POST", url+"/polls", codesFirst, key()...).Refused(422, "form.invalid", "#/from_day", "poll.from_named")
	k := key()
	for range 2 {
		client.Do("POST", url+"/polls", open, k...).Want(201, &poll)
	}
	open["quorum"] = "2"
	client.Do("POST", url+"/polls", open, k...).Refused(409, "api.key_reused")
	at := "/polls/" + poll.ID
	client.Do("PUT", at+"/vote", map[string]any{"each": []int{2, 1}}).Want(204, nil)
	client.Do("PUT", at+"/vote", map[string]any{"each": []int{9, 1}}).Refused(422, "form.invalid", "#/o0", "poll.number")
	client.Do("POST", at, map[string]any{"do": "remind"}).Want(204, nil)
	client.Do("POST", at, map[string]any{"do": "close"}).Refused(409, "poll.not_early")
	var ballots struct {
		Items []struct{ Words, Name string }
	}
	client.Get(at+"/ballots").Want(200, &ballots)
	if len(ballots.Items) != 0 {
		t.Errorf("an open poll shows %v", ballots.Items)
	}
	client.Get(at+"/ballots?after=100").Refused(404, "web.not_found")
	s.closes(poll.Box)
	client.Get(at+"/ballots?after=100").Refused(404, "web.not_found")
	client.Get(at+"/ballots").Want(200, &ballots)
	client.Get(at).Want(200, &poll)
	if poll.State != "counted" || len(ballots.Items) != 1 || ballots.Items[0].Words != "1. Steel, 2. Oak" || ballots.Items[0].Name != "Valley" {
		t.Errorf("%+v %+v", poll, ballots)
	}
	s.pollRecounted(poll.Box)
}

// proposals are one that everybody may read, a draft, and a poll about a third.
func (x *access) proposals(steward authz.Actor) (public, draft, poll string) {
	x.t.Helper()
	ctx := x.t.Context()
	var all []string
	for _, title := range []string{"In discussion", "Not yet", "Voted on"} {
		in := polls.Input{Title: title, Body: "We build two benches.", Lang: "en"}
		pid, err := x.Polls.Create(ctx, steward, "riverside", x.IDs.Secret(), in)
		if err != nil {
			x.t.Fatal(err)
		}
		all = append(all, string(pid))
		if title == "Not yet" {
			continue
		}
		for _, do := range []string{"discuss", "publish"} {
			if err := x.Polls.Move(ctx, steward, string(pid), do); err != nil {
				x.t.Fatal(err)
			}
		}
	}
	pid, err := x.Polls.Opens(ctx, steward, all[2], x.IDs.Secret(), polls.OpenInput{Sequence: 2, Preset: "majority", Gate: "members", Day: "2026-06-06"})
	if err != nil {
		x.t.Fatal(err)
	}
	return all[0], all[1], string(pid)
}

// proposes has somebody write in every table of polls that names people.
func (s *stand) proposes(by authz.Actor) {
	s.t.Helper()
	ctx := s.t.Context()
	in := polls.Input{Title: "Benches", Body: "We build two benches.", Lang: "en", Effect: "task", Subject: "sam 2027-05-08"}
	pid, err := s.Polls.Create(ctx, by, "riverside", s.IDs.Secret(), in)
	if err == nil {
		err = s.Polls.Move(ctx, by, string(pid), "discuss")
	}
	if err == nil {
		err = s.Polls.Say(ctx, by, string(pid), s.IDs.Secret(), "", "Or three.")
	}
	if err == nil {
		_, err = s.Polls.Amend(ctx, by, string(pid), s.IDs.Secret(), polls.AmendInput{Body: "We build three.", Why: "More."})
	}
	if err == nil {
		_, err = s.Polls.Opens(ctx, by, string(pid), s.IDs.Secret(), polls.OpenInput{Sequence: 1, Preset: "majority", Gate: "members", Day: "2026-06-06"})
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

// TestCodesBeforeTheVote, on pages and without script: a poll is opened whose voters get
// their codes first; then nobody is added, and whoever has one votes.
func TestCodesBeforeTheVote(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		sam, actor := s.signIn("sam")
		ana, member := s.signIn("ana")
		g := s.group(actor, "riverside", "Riverside Neighbours")
		s.join(g, member)
		url := led(t, sam.Post("/proposals/new", proposalForm("key", s.IDs.Secret(), "group", "riverside")...))
		for _, do := range []string{"discuss", "publish"} {
			sam.Post(url, "do", do).Want(t, 303, url)
		}
		form := sam.Get(url+"/open").Want(t, 200, "")
		seq := form.Attr("input[name=sequence]", "value")
		if len(form.All("input[name=from_day]")) != 1 {
			t.Fatal("the form does not offer it")
		}
		key := s.IDs.Secret()
		sam.Post(url+"/open", pollForm("majority", "key", key, "sequence", seq, "from_day", "2026-05-11")...).Want(t, 422, "") // after its end
		poll := led(t, sam.Post(url+"/open", pollForm("majority", "key", key, "sequence", seq, "from_day", "2026-05-08", "from_time", "09:00")...))
		wants(t, s.visitor().Get(poll), "Each voter gets a code of 26 letters until", "Codes until, votes from May 8, 2026, 9:00", "Get my code")
		wants(t, ana.Get("/groups/riverside/announcements"), "Each voter gets a code of 26 letters until May 8, 2026, 9:00")
		p := s.pollJSON(s.visitor(), poll)
		take, mine := "/b/"+p.Box+"/take", "/b/"+p.Box+"/mine"
		ways := ana.Get(take).Want(t, 200, "")
		done := ana.Post(take, "step", "assist", "key", ways.Attr("input[name=key]", "value"), "grant", ways.Attr("input[name=grant]", "value")).Want(t, 200, "")
		code := done.Text("#code")
		if len(code) != 30 {
			t.Fatalf("no code in %s", done.Text("main"))
		}
		// vote is what somebody sees who votes with a code, and confirms it.
		vote := func() webtest.Answer {
			a := s.visitor().Post(mine, "code", code, "do", "change", "choice", "0")
			if a.Status != 200 {
				return a
			}
			var fields []string
			for _, in := range a.All("main form input[type=hidden]") {
				fields = append(fields, webtest.Attr(in, "name"), webtest.Attr(in, "value"))
			}
			return s.visitor().Post(mine, append(fields, "sure", "yes")...)
		}
		vote().Want(t, 422, "")

		b, err := leaf.ParseID(p.Box)
		if err != nil {
			t.Fatal(err)
		}
		s.clock.Set(time.Date(2026, 5, 8, 7, 0, 0, 0, time.UTC)) // 9:00 in Leipzig
		if err := s.Boxes.CloseDue(t.Context()); err != nil {
			t.Fatal(err)
		}
		page := s.visitor().Get(poll).Want(t, 200, "")
		if text := page.Text("main"); !strings.Contains(text, "Vote with my code") || strings.Contains(text, "Codes until") || !strings.Contains(page.Body, `href="`+mine+`"`) {
			t.Errorf("when voting has begun the page says %s", text)
		}
		wants(t, sam.Get(take), "nobody can be added any more")
		if a := vote(); a.Status != 200 {
			t.Errorf("with the code: %d %s", a.Status, a.Text("main"))
		}
		i, err := s.Boxes.Info(t.Context(), b)
		if err != nil || !i.Manifest.Freeze {
			t.Errorf("the rules of the box are %+v, %v", i.Manifest, err)
		}
		s.closes(p.Box)
		s.later()
		wants(t, s.visitor().Get(poll), "Adopted.", "1 vote was cast")
		s.pollRecounted(p.Box)
	})
}

// TestACalledOffVote, on pages and for programs: before voting begins an organizer calls
// a poll off, and must say why; nothing is decided.
func TestACalledOffVote(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		sam, actor := s.signIn("sam")
		ana, member := s.signIn("ana")
		s.join(s.group(actor, "riverside", "Riverside Neighbours"), member)
		url := led(t, sam.Post("/proposals/new", proposalForm("key", s.IDs.Secret(), "group", "riverside")...))
		for _, do := range []string{"discuss", "publish"} {
			sam.Post(url, "do", do).Want(t, 303, url)
		}
		open := func() string {
			t.Helper()
			seq := sam.Get(url+"/open").Want(t, 200, "").Attr("input[name=sequence]", "value")
			return led(t, sam.Post(url+"/open", pollForm("majority", "key", s.IDs.Secret(), "sequence", seq, "from_day", "2026-05-08", "early", "yes")...))
		}
		poll := open()
		wants(t, s.visitor().Get(poll), "Organizers may close it before its time.", "Before voting begins they can only call it off, and must say why.")
		page := sam.Get(poll).Want(t, 200, "")
		if page.Attr("button[value=call_off]", "value") == "" || len(page.All("button[value=close]")) != 0 {
			t.Errorf("before voting begins an organizer is offered %s", page.Text("main"))
		}
		if page := ana.Get(poll); len(page.All("button[value=call_off]")) != 0 {
			t.Error("a member is offered to call it off")
		}
		sam.Post(poll, "do", "close").Want(t, 409, "")
		if a := sam.Post(poll, "do", "call_off", "reason", " ").Want(t, 422, ""); a.Text("#reason-error") == "" {
			t.Errorf("without a reason: %s", a.Text("main"))
		}
		ana.Post(poll, "do", "call_off", "reason", "Because.").Want(t, 403, "")
		for range 2 {
			sam.Post(poll, "do", "call_off", "reason", "The date is <wrong>.").Want(t, 303, poll)
		}
		if _, err := s.Jobs.RunPending(t.Context()); err != nil {
			t.Fatal(err)
		}
		page = s.visitor().Get(poll).Want(t, 200, "")
		wants(t, page, "Called off", "so nothing is decided", "The date is <wrong>.")
		if strings.Contains(page.Text("main"), "dopted") || len(page.All("#result")) != 0 {
			t.Errorf("a result is shown: %s", page.Text("main"))
		}
		page = s.visitor().Get(url).Want(t, 200, "")
		wants(t, page, "In discussion", "Called off")
		if strings.Contains(page.Text("main"), "dopted") {
			t.Errorf("the proposal was decided: %s", page.Text("main"))
		}
		wants(t, ana.Get("/groups/riverside/announcements"), "called off before voting began: The date is <wrong>.")
		if p := s.pollJSON(s.visitor(), poll); p.State != "called_off" || p.Reason != "The date is <wrong>." || p.Result != nil {
			t.Errorf("programs read %+v", p)
		}
		s.visitor().Get("/b/"+s.pollJSON(s.visitor(), poll).Box+"/take").Want(t, 410, "")

		token := sam.Post("/me/tokens", "name", "website", "scope", "groups:write", "scope", "read", "days", "7").Want(t, 200, "").Text("#token")
		mine := apitest.New(t, s.Site).As(token)
		poll = open()
		mine.Do("POST", poll, map[string]any{"do": "close"}).Refused(409, "poll.not_begun")
		mine.Do("POST", poll, map[string]any{"do": "call_off"}).Refused(422, "form.invalid", "#/reason", "poll.why")
		mine.Do("POST", poll, map[string]any{"do": "call_off", "reason": "No hall."}).Want(204, nil)
		wants(t, s.visitor().Get(poll), "Called off", "No hall.")
		s.pollRecounted(s.pollJSON(s.visitor(), poll).Box)
	})
}
