package app_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/feature/campaigns"
	"convoke/internal/feature/coalitions"
	"convoke/internal/feature/groups"
	"convoke/internal/feature/members"
	"convoke/internal/feature/polls"
	"convoke/internal/feature/statements"
	"convoke/internal/feature/tasks"
	"convoke/internal/id"
)

// postbox is an address that everybody has.
type postbox struct{}

// Reach implements members.Addresses.
func (postbox) Reach(context.Context, id.Person) (to, lang string, err error) {
	return "somebody@example.org", "en", nil
}

// membersAsDescribed asks what is inside a group.
func (d *described) membersAsDescribed() {
	d.Members.Post = &members.Post{Addresses: postbox{}}
	task := in(d.do("member", "addTask", obj{"title": "Buy paint", "note": "Some **green**.", "until": d.day(9), "mine": true}, "riverside"), "id")
	d.do("organizer", "actOnTask", obj{"do": "give", "to": "the-member"}, "riverside", task)
	d.do("member", "offerSkills", obj{"skill": []string{"cooking"}, "line": "my van", "shared": true}, "riverside")
	d.do("member", "askForDigest", nil, "riverside")
}

// joined lets somebody into the group riverside.
func (s *stand) joined(who authz.Actor, role authz.Role) {
	s.t.Helper()
	err := s.DB.Write(s.t.Context(), func(tx *db.Tx) error {
		return s.Groups.Join(s.t.Context(), tx, s.groupID("riverside"), who.Person, groups.Admission{Role: string(role)})
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

// TestTheWeeklyMail: whoever asked is told once a week of what is new in their group,
// at the address of their account, and of nothing else.
func TestTheWeeklyMail(t *testing.T) {
	t.Parallel()
	eachWithMail(t, func(t *testing.T, s *mailStand) {
		ctx := t.Context()
		b, robin, sam := s.filled() // robin asked for it
		hill := s.group(sam, "uphill", "Uphill")
		s.clock.Add(24 * time.Hour)
		s.event(robin, s.groupID("riverside"), meeting("Garden day", "2026-07-06"))
		s.event(sam, hill, meeting("Not theirs", "2026-07-06"))
		s.publish(robin, "riverside", statements.Input{Title: "We say so", Markdown: "So it is.", Lang: "en", Day: "2026-05-01", State: statements.Published})
		_, err := s.Tasks.Add(ctx, robin, "riverside", tasks.Input{Key: s.IDs.Secret(), Title: "Buy paint"})
		err = errors.Join(err, s.Groups.Announce(ctx, robin, "riverside", groups.AnnounceInput{Key: s.IDs.Secret(), Title: "Keys", Body: "At the library."}))
		if err != nil {
			t.Fatal(err)
		}
		s.assembliesOfTheWeek(robin)
		before := len(s.sink.Messages())
		week := func() []string {
			t.Helper()
			s.clock.Add(7 * 24 * time.Hour)
			if err := s.Members.SendDigests(ctx); err != nil {
				t.Fatal(err)
			}
			if _, err := s.Jobs.RunPending(ctx); err != nil {
				t.Fatal(err)
			}
			var out []string
			for _, m := range s.sink.Messages()[before:] {
				if m.Subject == "New in Riverside" {
					out = append(out, strings.Join(m.To, ",")+"\n"+m.Text)
				}
			}
			before = len(s.sink.Messages())
			return out
		}
		mails := week()
		if len(mails) != 1 || !strings.HasPrefix(mails[0], "robin@example.org\n") {
			t.Fatalf("%q", mails)
		}
		for _, want := range []string{
			"Assembly, new or changed: Spring plenary (May 30, 2026)\nhttp://example.org/assemblies/", "Assembly, called off: Too early (May 30, 2026)\n",
			"Assembly, new or changed: Members meet (May 30, 2026)\n", "Assembly, new or changed: All of us (May 30, 2026)\n",
		} {
			if strings.Count(mails[0], want) != 1 {
				t.Errorf("it does not say %q once: %s", want, mails[0])
			}
		}
		for _, not := range []string{"A draft", "Delegates only", "Announcement: Assembly"} {
			if strings.Contains(mails[0], not) {
				t.Errorf("it says %q: %s", not, mails[0])
			}
		}
		for _, want := range []string{"Garden day", "We say so", "Keys", "Buy paint", "http://example.org/groups/riverside/tasks/"} {
			if !strings.Contains(mails[0], want) {
				t.Errorf("it lacks %q: %s", want, mails[0])
			}
		}
		if strings.Contains(mails[0], "Not theirs") || strings.Contains(mails[0], "Print flyers") {
			t.Errorf("it tells too much: %s", mails[0])
		}
		if mails := week(); len(mails) != 0 {
			t.Errorf("a week without news: %q", mails)
		}
		link := strings.Fields(mails[0][strings.Index(mails[0], "/digest/"):])[0]
		s.visitor().Get(link).Want(t, 200, "")
		s.visitor().Post(link, "List-Unsubscribe", "One-Click").Want(t, 200, "")
		if n := s.count("select count(*) from digest"); n != 0 {
			t.Error("it goes on")
		}
		// Leaving leaves the task to others, and nothing of what was offered.
		b.Post("/groups/riverside/leave").Want(t, 303, "/groups/mine")
		if s.count("select count(*) from task where owner_id is null") != 2 || s.count("select count(*) from skill") != 0 || s.count("select count(*) from dormancy where person_id is not null") != 0 {
			t.Error("something is left of who left")
		}
	})
}

// assembliesOfTheWeek are some of riverside, and of a coalition that it belongs to.
func (s *mailStand) assembliesOfTheWeek(by authz.Actor) {
	s.t.Helper()
	ctx := s.t.Context()
	for _, x := range []struct {
		group, title string
		public       bool
		do           string
	}{
		{"riverside", "Spring plenary", true, "call"}, {"riverside", "Members meet", false, "call"}, {"riverside", "Too early", true, "off"},
		{"riverside", "A draft", true, ""}, {"valley", "All of us", true, "call"}, {"valley", "Delegates only", false, "call"},
	} {
		in := plenary()
		in.Title, in.Public, in.Day = x.title, x.public, "2026-05-30"
		aid, err := s.Assemblies.Create(ctx, by, x.group, s.IDs.Secret(), in)
		if err == nil && x.do != "" {
			err = s.Assemblies.Call(ctx, by, aid, 0, false)
		}
		if err == nil && x.do == "off" {
			err = s.Assemblies.CallOff(ctx, by, aid)
		}
		if err != nil {
			s.t.Fatal(err)
		}
	}
}

// TestTheWeeklyMailMissesNothing: however much there was before, what is new is told.
func TestTheWeeklyMailMissesNothing(t *testing.T) {
	t.Parallel()
	eachWithMail(t, func(t *testing.T, s *mailStand) {
		ctx := t.Context()
		_, robin, _ := s.filled()
		g := s.groupID("riverside")
		says := func(title, day string) {
			s.publish(robin, "riverside", statements.Input{Title: title, Markdown: "So it is.", Lang: "en", Day: day, State: statements.Published})
		}
		for i := range 51 {
			s.event(robin, g, meeting(fmt.Sprint("Day ", i), "2026-07-06"))
			says(fmt.Sprint("We say ", i), "2026-05-01")
		}
		week := func() (out string) {
			before := len(s.sink.Messages())
			s.clock.Add(7 * 24 * time.Hour)
			if err := s.Members.SendDigests(ctx); err != nil {
				t.Fatal(err)
			}
			if _, err := s.Jobs.RunPending(ctx); err != nil {
				t.Fatal(err)
			}
			for _, m := range s.sink.Messages()[before:] {
				if m.Subject == "New in Riverside" {
					out += m.Text
				}
			}
			return out
		}
		week()
		s.event(robin, g, meeting("The latest of all", "2026-07-20"))
		says("Said long ago", "2026-01-01")
		if text := week(); !strings.Contains(text, "The latest of all") || !strings.Contains(text, "Said long ago") {
			t.Errorf("it lacks what is new: %s", text)
		}
	})
}

// TestAQuietGroup: what organizers do keeps a group from being quiet, what others do
// does not; a quiet group says so, and goes to who asks.
func TestAQuietGroup(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		ctx := t.Context()
		_, sam := s.signIn("sam")
		g := s.group(sam, "riverside", "Riverside Neighbours")
		_, mias := s.signIn("mia")
		s.joined(mias, authz.Member)
		quiet := func() bool {
			t.Helper()
			if err := s.Members.Tick(ctx); err != nil {
				t.Fatal(err)
			}
			return strings.Contains(s.visitor().Get("/groups/riverside").Want(t, 200, "").Text("main"), "This group is quiet.")
		}
		const month = 30 * 24 * time.Hour
		pid, err := s.Polls.Create(ctx, mias, "riverside", s.IDs.Secret(), polls.Input{Title: "Benches", Body: "Two of them.", Lang: "en"})
		proposal := string(pid)
		if err == nil {
			_, err = s.Campaigns.Create(ctx, sam, "riverside", s.IDs.Secret(), campaigns.Input{Handle: "benches", Title: "Benches for all", Lang: "en", State: campaigns.Open})
		}
		if err == nil {
			err = s.Ladders.SaveText(ctx, sam, "benches", 0, `{"steps":[{"key":"first","title":"First","kind":"other"}]}`)
		}
		if err != nil {
			t.Fatal(err)
		}
		acts := []func() error{
			func() error {
				_, err := s.Events.Create(ctx, sam, g, s.IDs.Secret(), meeting("Garden day", s.clock.Now().AddDate(0, 0, 9).Format(time.DateOnly)))
				return err
			},
			func() error {
				return s.Groups.Announce(ctx, sam, "riverside", groups.AnnounceInput{Key: s.IDs.Secret(), Title: "Keys", Body: "x"})
			},
			func() error {
				_, err := s.Tasks.Add(ctx, sam, "riverside", tasks.Input{Key: s.IDs.Secret(), Title: "Buy paint"})
				return err
			},
			func() error { return s.Members.SetStart(ctx, sam, "riverside", members.StartInput{Does: "We dig."}) },
			func() error { return s.Members.Here(ctx, sam, "riverside") },
			func() error { return s.Groups.SetConduct(ctx, sam, "riverside", "Be kind.", "") },
			func() error { return s.Polls.Move(ctx, sam, proposal, "discuss") },
			func() error {
				in := plenary()
				in.Day = s.clock.Now().AddDate(0, 0, 20).Format(time.DateOnly)
				_, err := s.Assemblies.Create(ctx, sam, "riverside", s.IDs.Secret(), in)
				return err
			},
			func() error {
				_, err := s.Coalitions.Create(ctx, sam, s.IDs.Secret(), coalitions.Input{
					Settings: coalitions.Settings{Weights: "bands", Polls: "open", Entry: "apply", Seats: 2, Notice: 7},
					Group:    "riverside", Band: 1, Name: "The Valley", Handle: "valley", Points: "We share the water.",
				})
				return err
			},
			func() error { return s.Ladders.Publish(ctx, sam, "benches", 1, "") },
		}
		for i, act := range acts {
			s.clock.Add(5 * month)
			if quiet() {
				t.Fatalf("quiet five months after act %d", i-1)
			}
			if err := act(); err != nil {
				t.Fatalf("act %d: %v", i, err)
			}
		}
		s.clock.Add(5 * month)
		if _, err := s.Tasks.Add(ctx, mias, "riverside", tasks.Input{Key: s.IDs.Secret(), Title: "Sing"}); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Groups.Mine(ctx, sam); err != nil { // reading is no act
			t.Fatal(err)
		}
		// Nobody asks for a coalition: its groups send who looks after it.
		if n := s.count("select count(*) from dormancy where group_id = $1", string(s.groupID("valley"))); n != 0 {
			t.Error("it is noted whether a coalition is looked after")
		}
		if _, err := s.Members.Standing(ctx, sam, "valley"); !fault.Is(err, fault.KindNotFound) {
			t.Errorf("how a coalition is looked after: %v", err)
		}
		s.clock.Add(2 * month)
		if !quiet() {
			t.Fatal("not quiet")
		}
		if err := s.Members.Ask(ctx, mias, "riverside"); !fault.HasCode(err, "quiet.early") {
			t.Errorf("asked at once: %v", err)
		}
		s.clock.Add(91 * 24 * time.Hour)
		if err := s.Members.Ask(ctx, mias, "riverside"); err != nil {
			t.Fatal(err)
		}
		s.clock.Add(15 * 24 * time.Hour)
		if quiet() {
			t.Error("still quiet")
		}
		if got := s.column("select role from member where person_id = $1", string(mias.Person)); got[0] != "steward" {
			t.Errorf("mia is %s", got)
		}
		if n := s.count("select count(*) from audit where action in ('group is quiet', 'ask to take a group on', 'group handed over') and subject like $1", string(g)+"%"); n != 3 {
			t.Errorf("%d steps are noted", n)
		}
	})
}
