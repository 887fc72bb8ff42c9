package app_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"convoke/internal/api/apitest"
	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/feature/campaigns"
	"convoke/internal/feature/coalitions"
	"convoke/internal/web/webtest"
)

// alliance is a coalition of three groups, each with a delegate; that of the hill has
// an alternate.
type alliance struct {
	*stand
	browsers map[string]*webtest.Browser // of riverside, hill, harbour, and the alternate
	actors   map[string]authz.Actor
	mandate  string // of the delegate of the hill
}

func newAlliance(s *stand) *alliance {
	s.t.Helper()
	ctx := s.t.Context()
	x := &alliance{stand: s, browsers: map[string]*webtest.Browser{}, actors: map[string]authz.Actor{}}
	for _, name := range []string{"riverside", "hill", "harbour", "alternate"} {
		x.browsers[name], x.actors[name] = s.signIn("of-" + name)
		if name != "alternate" {
			s.group(x.actors[name], name, "Group "+name)
		}
	}
	s.join(s.groupID("hill"), x.actors["alternate"])
	_, err := s.Coalitions.Create(ctx, x.actors["riverside"], s.IDs.Secret(), coalitions.Input{
		Settings: coalitions.Settings{Weights: "group", Polls: "open", Entry: "apply", Seats: 1, Notice: 7},
		Group:    "riverside", Name: "The Valley", Handle: "valley", Points: "We share the water.",
	})
	for _, g := range []string{"hill", "harbour"} {
		if err == nil {
			err = s.Coalitions.Apply(ctx, x.actors[g], "valley", g, coalitions.Terms{Version: 1})
		}
		if err == nil {
			err = s.Coalitions.Accept(ctx, x.actors["riverside"], "valley", g)
		}
		in := coalitions.AppointInput{Coalition: "valley", Person: "of-" + g, Mandate: "free", Day: s.clock.Now().AddDate(0, 6, 0).Format("2006-01-02")}
		if g == "hill" {
			in.Alternate = "of-alternate"
		}
		did := ""
		if err == nil {
			did, err = s.Coalitions.Appoint(ctx, x.actors[g], g, s.IDs.Secret(), in)
		}
		if g == "hill" && err == nil {
			x.mandate = did
			err = s.Coalitions.Take(ctx, x.actors["alternate"], did)
		}
	}
	if err == nil {
		_, err = s.Campaigns.Create(ctx, x.actors["riverside"], "valley", s.IDs.Secret(), campaigns.Input{
			Handle: "clear-water", Title: "Clear water", Lang: "en", State: campaigns.Open,
		})
	}
	if err != nil {
		s.t.Fatal(err)
	}
	return x
}

// forwards puts nine demands forward and merges two of them into others: seven to
// choose from are left, which it returns.
func (x *alliance) forwards() (left []string) {
	x.t.Helper()
	const page = "/campaigns/clear-water/forward"
	ids := map[string]string{}
	for n := range 9 {
		group, demand := []string{"riverside", "hill", "harbour"}[n%3], "Demand "+strconv.Itoa(n+1)
		form := []string{"group", group, "key", x.IDs.Secret(), "body", demand, "addressee", "The water board"}
		for range 2 { // sent twice it is one
			x.browsers[group].Post(page, form...).Want(x.t, 303, page)
		}
		ids[demand] = x.column("select id from demand_candidate where body = $1", demand)[0]
		left = append(left, demand)
		x.later()
	}
	for from, into := range map[string]string{"Demand 7": "Demand 1", "Demand 9": "Demand 3"} {
		x.browsers["riverside"].Post(page, "do", "merge", "candidate", ids[from], "into", ids[into]).Want(x.t, 303, page)
		left = slices.DeleteFunc(left, func(d string) bool { return d == from })
	}
	x.visitor().Post(page, "group", "hill", "key", x.IDs.Secret(), "body", "Anything", "addressee", "Anybody").Want(x.t, 401, "")
	return left
}

// vote ranks one option first and another second.
func (x *alliance) vote(who, poll string, first, second int) {
	x.t.Helper()
	form := []string{"o" + strconv.Itoa(first), "1", "o" + strconv.Itoa(second), "2", "do", "confirm"}
	x.browsers[who].Post(poll+"/vote", form...).Want(x.t, 303, poll)
}

// TestACoalitionPartsWithAGroup: it is decided by its delegates, by yes and no, and nobody
// of the group is anything there after that.
func TestACoalitionPartsWithAGroup(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		x := newAlliance(s)
		sam, ctx := x.browsers["riverside"], t.Context()
		part := func(group, subject string, more ...string) []string {
			return append([]string{"key", s.IDs.Secret(), "group", group, "effect", "part", "subject", subject,
				"title", "We part with the harbour", "body", "It sells the water.", "lang", "en"}, more...)
		}
		for _, bad := range [][]string{part("valley", "nobody"), part("valley", "valley"), part("riverside", "harbour"), part("valley", "harbour now")} {
			if text := sam.Post("/proposals/new", bad...).Want(t, 422, "").Text("#subject-error"); !strings.Contains(text, "does not belong to the coalition") {
				t.Errorf("%q: %q", bad, text)
			}
		}
		if text := sam.Post("/proposals/new", part("valley", "harbour", "options", "It stays\nIt goes")...).Want(t, 422, "").Text("#options-error"); !strings.Contains(text, "yes and no") {
			t.Errorf("with options: %q", text)
		}
		url := led(t, sam.Post("/proposals/new", part("valley", "@harbour")...))
		wants(t, sam.Get(url), "A coalition parts with a member group: Group harbour")
		if got := sam.Get(url+"/edit").Attr("#subject", "value"); got != "harbour" {
			t.Errorf("the form says %q", got)
		}
		for _, do := range []string{"discuss", "publish"} {
			sam.Post(url, "do", do).Want(t, 303, url)
		}
		seq := sam.Get(url+"/open").Want(t, 200, "").Attr("input[name=sequence]", "value")
		poll := led(t, sam.Post(url+"/open", pollForm("majority", "key", s.IDs.Secret(), "sequence", seq, "secrecy", "named")...))
		for who, paper := range map[string]string{"riverside": "0", "hill": "0", "harbour": "1"} {
			x.browsers[who].Post(poll+"/vote", "one", paper, "do", "confirm").Want(t, 303, poll)
		}
		valley, harbour := s.groupID("valley"), s.groupID("harbour")
		if s.roleIn(valley, x.actors["harbour"]) == authz.None {
			t.Fatal("parted with before it was decided")
		}
		p := s.pollJSON(s.visitor(), poll)
		s.closes(p.Box)
		s.later()
		err := s.DB.Read(ctx, func(tx *db.Tx) error {
			in, err := s.Coalitions.Belongs(ctx, tx, valley, harbour)
			if in || s.roleIn(valley, x.actors["harbour"]) != authz.None {
				t.Error("it still belongs")
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		s.pollRecounted(p.Box)
	})
}

// TestDemandsOfACoalition: three groups find one demand of nine. Whoever is recalled
// during the poll has no vote in it any more, and who follows them decides it.
func TestDemandsOfACoalition(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		x := newAlliance(s)
		left := x.forwards()
		sam, visitor := x.browsers["riverside"], s.visitor()
		page := sam.Get("/campaigns/clear-water/forward").Want(t, 200, "")
		const begin = "/proposals/new?campaign=clear-water&effect=demand&group=valley"
		if got := page.Attr(`a[href=`+begin+`]`, "href"); got != begin {
			t.Fatalf("the coalition cannot put them to the vote: %s", page.Text("main"))
		}
		form := sam.Get(begin).Want(t, 200, "")
		if got, want := form.Text("#options"), strings.Join(left, " "); got != want {
			t.Fatalf("to choose from are %q, not %q", got, want)
		}
		url := led(t, sam.Post("/proposals/new", "key", form.Attr("input[name=key]", "value"), "group", "valley", "campaign", "clear-water", "effect", "demand",
			"title", "Our first demand", "body", "Which one comes first?", "lang", "en", "options", strings.Join(left, "\n")))
		for _, do := range []string{"discuss", "publish"} {
			sam.Post(url, "do", do).Want(t, 303, url)
		}
		seq := sam.Get(url+"/open").Want(t, 200, "").Attr("input[name=sequence]", "value")
		poll := led(t, sam.Post(url+"/open", pollForm("rank", "key", s.IDs.Secret(), "sequence", seq, "secrecy", "named")...))
		wants(t, visitor.Get(poll), "3 seats, by name")

		third, fifth := slices.Index(left, "Demand 3"), slices.Index(left, "Demand 5")
		x.vote("riverside", poll, third, fifth)
		x.vote("hill", poll, fifth, third)
		x.vote("harbour", poll, fifth, third)
		x.browsers["alternate"].Get(poll+"/vote").Want(t, 403, "")
		s.later()
		wants(t, visitor.Get(poll), "Votes until now 3")
		if err := s.Coalitions.Recall(t.Context(), x.actors["hill"], "hill", x.mandate); err != nil {
			t.Fatal(err)
		}
		s.later()
		wants(t, visitor.Get(poll), "Votes until now 2")
		x.browsers["hill"].Post(poll+"/vote", "o0", "1", "do", "confirm").Want(t, 403, "")
		x.vote("alternate", poll, third, fifth)

		p := s.pollJSON(visitor, poll)
		s.closes(p.Box)
		s.later()
		wants(t, visitor.Get(poll), "Adopted: Demand 3.", "3 votes were cast")
		wants(t, visitor.Get(poll+"/ballots"), "Group riverside", "Group hill", "Group harbour", "1. Demand 3, 2. Demand 5")
		wants(t, visitor.Get("/campaigns/clear-water"), "Demand 3", "decided by a vote")
		var c struct {
			Demands []struct {
				Text    string
				History []struct{ Poll string }
			}
		}
		apitest.New(t, s.Site).Get("/campaigns/clear-water").Want(200, &c)
		if len(c.Demands) != 1 || c.Demands[0].Text != "Demand 3" || len(c.Demands[0].History) != 1 || "/polls/"+c.Demands[0].History[0].Poll != poll {
			t.Errorf("the demands are %+v", c.Demands)
		}
		if n := s.count("select count(*) from demand_candidate where state = 'forward'"); n != len(left)-1 {
			t.Errorf("%d are still put forward", n)
		}
		s.pollRecounted(p.Box)
	})
}
