package polls

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"time"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/fact"
	"convoke/internal/fault"
	"convoke/internal/id"
	"convoke/internal/job"
	"convoke/internal/record/box"
	"convoke/internal/record/box/boxtest"
	"convoke/internal/record/keyset"
	"convoke/internal/record/leaf"
	"convoke/internal/record/recordtest"
	"convoke/internal/record/recounttest"
	"convoke/internal/web"
	"convoke/internal/web/webtest"
)

// fixture is the feature on a real record, with groups, people and coalitions made up.
type fixture struct {
	*Service
	*recordtest.Stand
	t       *testing.T
	queue   *job.Queue
	boxes   *box.Boxes
	groups  map[id.Group]Group
	roles   map[id.Group]map[id.Person]authz.Role
	people  map[id.Person]string
	seats   map[id.Group][]Seat // of coalitions
	secret  bool                // the coalitions' rule
	weights string              // the same
	told    map[id.Group][]string
	facts   []any
	forward map[string]string // ids of demands by their words
}

// eachSite runs a test on both engines. Whatever was decided in it is counted again.
func eachSite(t *testing.T, f func(t *testing.T, x *fixture)) {
	t.Helper()
	recordtest.Each(t, func(t *testing.T, r *recordtest.Stand) {
		f(t, newFixture(t, r))
		recounttest.Record(t, r.Record)
	})
}

func newFixture(t *testing.T, r *recordtest.Stand) *fixture {
	t.Helper()
	x := &fixture{
		Stand: r, t: t, groups: map[id.Group]Group{}, roles: map[id.Group]map[id.Person]authz.Role{}, people: map[id.Person]string{},
		seats: map[id.Group][]Seat{}, weights: "group", told: map[id.Group][]string{},
	}
	ids := id.NewSource(r.Clock, nil)
	x.queue = job.New(r.DB, r.Clock, slog.New(slog.NewTextHandler(t.Output(), nil)))
	x.boxes = box.New(box.Deps{DB: r.DB, Vault: r.Vault, Record: r.Record, Sets: keyset.New(r.DB, ids.New), Clock: r.Clock, Listener: x})
	t.Cleanup(x.boxes.Stop)
	x.Service = New(Deps{
		DB: r.DB, IDs: ids, Vault: r.Vault, Jobs: x.queue, Boxes: x.boxes, Groups: x, Coalitions: x, People: x, Elsewhere: x, Facts: x, Trustees: nobody{},
		Entropy: rand.Reader, Locales: webtest.Locales(t),
		Audit: func(context.Context, *db.Tx, id.Person, string, string) error { return nil },
	})
	return x
}

// nobody keeps a poll shut.
type nobody struct{}

func (nobody) Ready(context.Context, *db.Tx, ID) ([]TrusteeRun, error) { return nil, nil }
func (nobody) Keep(context.Context, *db.Tx, string, leaf.ID) error     { return nil }
func (nobody) Of(context.Context, *db.Tx, leaf.ID) (r TrusteeRun, ok bool, err error) {
	return r, false, nil
}

func (x *fixture) Reached(context.Context, *db.Tx, box.Reached) error { return nil }

func (x *fixture) Closed(ctx context.Context, tx *db.Tx, b leaf.ID, _ string) error {
	return x.BoxClosed(ctx, tx, b)
}

func (x *fixture) Emit(_ context.Context, _ *db.Tx, f any) error {
	x.facts = append(x.facts, f)
	return nil
}

func (x *fixture) ByID(_ context.Context, _ *db.Tx, g id.Group) (Group, error) {
	if v, ok := x.groups[g]; ok {
		return v, nil
	}
	return Group{}, web.ErrNotFound()
}

func (x *fixture) ByHandle(_ context.Context, _ *db.Tx, h string) (Group, error) {
	for _, g := range x.groups {
		if g.Handle == h {
			return g, nil
		}
	}
	return Group{}, web.ErrNotFound()
}

func (x *fixture) Role(_ context.Context, _ *db.Tx, g id.Group, p id.Person) (authz.Role, error) {
	return x.roles[g][p], nil
}

func (x *fixture) Member(_ context.Context, _ *db.Tx, g id.Group, handle string) (id.Person, error) {
	for p := range x.roles[g] {
		if x.people[p] == handle {
			return p, nil
		}
	}
	return "", web.ErrNotFound()
}

func (x *fixture) Members(_ context.Context, _ *db.Tx, g id.Group) (out []string, err error) {
	for p := range x.roles[g] {
		out = append(out, string(p))
	}
	return out, nil
}

func (x *fixture) Mine(_ context.Context, _ *db.Tx, p id.Person, organizes bool) (out []Group, err error) {
	for g, roles := range x.roles {
		if r := roles[p]; r.AtLeast(authz.Organizer) || !organizes && r != authz.None {
			out = append(out, x.groups[g])
		}
	}
	return out, nil
}

func (x *fixture) Tell(_ context.Context, _ *db.Tx, g id.Group, key, _, _ string) error {
	if !slices.Contains(x.told[g], key) {
		x.told[g] = append(x.told[g], key)
	}
	return nil
}

func (x *fixture) Handles(_ context.Context, _ *db.Tx, all []id.Person) (map[id.Person]string, error) {
	return x.people, nil
}

func (x *fixture) Rule(_ context.Context, _ *db.Tx, g id.Group) (weights string, secret bool, err error) {
	if _, is := x.seats[g]; is {
		weights = x.weights
	}
	return weights, x.secret, nil
}

func (x *fixture) Electorate(_ context.Context, _ *db.Tx, c id.Group) ([]Seat, error) {
	return x.seats[c], nil
}

func (x *fixture) Weight(_ context.Context, _ *db.Tx, c id.Group) (n int, err error) {
	for _, s := range x.seats[c] {
		n += int(s.Weight)
	}
	return n, nil
}

func (x *fixture) SeatsOf(_ context.Context, _ *db.Tx, c id.Group, p id.Person) (out []Seat, err error) {
	for _, s := range x.seats[c] {
		if s.Person == p {
			out = append(out, s)
		}
	}
	return out, nil
}

func (x *fixture) SeatsOfGroup(_ context.Context, _ *db.Tx, c, g id.Group) (out []Seat, err error) {
	for _, s := range x.seats[c] {
		if s.Group == g {
			out = append(out, s)
		}
	}
	return out, nil
}

func (x *fixture) Campaign(context.Context, *db.Tx, string) (id.Campaign, error) {
	return "", web.ErrNotFound()
}

func (x *fixture) AboutCampaign(context.Context, *db.Tx, id.Campaign) (string, Ref, error) {
	return "", Ref{}, web.ErrNotFound()
}

func (x *fixture) Options(_ context.Context, _ *db.Tx, _ authz.Actor, e fact.Effect, _ string) ([]string, error) {
	if e == fact.EffectDemand {
		return []string{"Benches", "A ramp"}, nil
	}
	return nil, nil
}

// Forward knows the demands that a test has put forward.
func (x *fixture) Forward(_ context.Context, _ *db.Tx, _ id.Campaign, options []string) ([]string, error) {
	out := make([]string, len(options))
	for i, o := range options {
		out[i] = x.forward[o]
	}
	return out, nil
}

func (x *fixture) Subject(_ context.Context, _ *db.Tx, _ id.Group, _ fact.Effect, _ id.Campaign, typed string) (string, fact.Obstacle, error) {
	return typed, "", nil
}

// person makes an account, group a group in Berlin with members; the first organizes.
func (x *fixture) person(handle string) authz.Actor {
	x.t.Helper()
	p := id.Person(x.IDs.New())
	x.people[p] = handle
	x.write(func(tx *db.Tx) error {
		_, err := tx.Exec(x.t.Context(), "insert into person (id, handle, pass, operator, suspended, locale, created_day) values ($1, $2, '', $3, $3, '', 0)",
			string(p), handle, false)
		return err
	})
	return authz.Actor{Person: p, Handle: handle}
}

func (x *fixture) group(handle string, members ...authz.Actor) id.Group {
	x.t.Helper()
	g := id.Group(x.IDs.New())
	x.groups[g] = Group{ID: g, Handle: handle, Name: "Group " + handle, Zone: "Europe/Berlin", Langs: []string{"en"}}
	x.roles[g] = map[id.Person]authz.Role{}
	for i, m := range members {
		x.roles[g][m.Person] = authz.Member
		if i == 0 {
			x.roles[g][m.Person] = authz.Organizer
		}
	}
	x.write(func(tx *db.Tx) error {
		_, err := tx.Exec(x.t.Context(), `insert into groups (id, handle, name, name_folded, about, about_html, place, zone, langs, suspended, sample, created_at)
			values ($1, $2, $2, $2, '', '', '', 'UTC', '', $3, $3, 0)`, string(g), handle, false)
		return err
	})
	return g
}

func (x *fixture) write(f func(tx *db.Tx) error) {
	x.t.Helper()
	if err := x.DB.Write(context.WithoutCancel(x.t.Context()), f); err != nil {
		x.t.Fatal(err)
	}
}

func (x *fixture) must(err error) {
	x.t.Helper()
	if err != nil {
		x.t.Fatal(err)
	}
}

func refused(t interface {
	Helper()
	Errorf(string, ...any)
}, err error, code string) {
	t.Helper()
	f := fault.Of(err)
	if f == nil {
		t.Errorf("got %v, want %s", err, code)
		return
	}
	codes := []string{f.Code}
	for _, x := range f.Fields {
		codes = append(codes, x.Code)
	}
	if !slices.Contains(codes, code) {
		t.Errorf("got %v, want %s", codes, code)
	}
}

// benches is a proposal that is accepted.
func benches() Input {
	return Input{Title: "Benches by the river", Body: "We build **two benches**.", Lang: "en"}
}

// discussed makes a proposal of a group that is in discussion.
func (x *fixture) discussed(by authz.Actor, group string, in Input) ID {
	x.t.Helper()
	pid, err := x.Create(x.t.Context(), by, group, x.IDs.Secret(), in)
	x.must(err)
	x.must(x.Move(x.t.Context(), by, string(pid), doDiscuss))
	return pid
}

func (x *fixture) proposal(pid ID) (p Proposal) {
	x.t.Helper()
	x.must(x.DB.Read(x.t.Context(), func(tx *db.Tx) (err error) {
		p, err = proposalBy(x.t.Context(), tx, "id", string(pid))
		return err
	}))
	return p
}

func (x *fixture) poll(pid PollID) (p Poll) {
	x.t.Helper()
	x.must(x.DB.Read(x.t.Context(), func(tx *db.Tx) (err error) {
		p, err = pollBy(x.t.Context(), tx, "id", string(pid))
		return err
	}))
	return p
}

// tomorrow opens a poll until the next evening.
func (x *fixture) tomorrow(pid ID, preset string) OpenInput {
	return OpenInput{
		Sequence: x.proposal(pid).Sequence, Preset: preset, Day: x.Clock.Now().AddDate(0, 0, 1).Format(time.DateOnly), Time: "20:00",
		Secrecy: "named", Gate: box.GateMembers,
	}
}

// opens opens a poll.
func (x *fixture) opens(by authz.Actor, pid ID, in OpenInput) PollID {
	x.t.Helper()
	poll, err := x.Opens(x.t.Context(), by, string(pid), x.IDs.Secret(), in)
	x.must(err)
	return poll
}

// voter is somebody who votes in secret.
func (x *fixture) voter(by authz.Actor, poll PollID) (*boxtest.Voter, error) {
	b := x.box(poll)
	i, err := x.boxes.Info(x.t.Context(), b)
	if err != nil {
		return nil, err
	}
	grant, err := x.boxes.AdmitMember(x.t.Context(), i.Roll, string(by.Person))
	if err != nil {
		return nil, err
	}
	return boxtest.Issue(x.t.Context(), x.boxes, i, grant)
}

func (x *fixture) box(poll PollID) leaf.ID {
	x.t.Helper()
	p := x.poll(poll)
	b, err := p.box()
	x.must(err)
	return b
}

// casts puts a secret paper into the box.
func (x *fixture) casts(by authz.Actor, poll PollID, paper ...byte) {
	x.t.Helper()
	v, err := x.voter(by, poll)
	x.must(err)
	_, err = x.boxes.Cast(context.WithoutCancel(x.t.Context()), x.box(poll), v.Says(leaf.Ballot(paper)))
	x.must(err)
}

// over waits for the end of a poll and counts it. What is said in secret waits for
// others by the clock on the wall, so it is asked for first.
func (x *fixture) over(poll PollID) Poll {
	x.t.Helper()
	p := x.poll(poll)
	if p.State == Open {
		if !p.Named {
			x.must(x.boxes.Close(x.t.Context(), x.box(poll)))
		}
		if x.Clock.Now().Before(p.Closes) {
			x.Clock.Set(p.Closes)
		}
		x.must(x.boxes.CloseDue(x.t.Context()))
	}
	_, err := x.queue.RunPending(x.t.Context())
	x.must(err)
	return x.poll(poll)
}

// coalition is one of three groups with a delegate each, of the weights given.
type alliance struct {
	id        id.Group
	chair     authz.Actor
	groups    []id.Group
	delegates []authz.Actor
}

func (x *fixture) coalition(tag string, weights ...uint32) *alliance {
	x.t.Helper()
	a := &alliance{chair: x.person("chair" + tag)}
	a.id = x.group("valley"+tag, a.chair)
	for i, w := range weights {
		d := x.person(fmt.Sprintf("delegate%d%s", i, tag))
		g := x.group(fmt.Sprintf("g%d%s", i, tag), d)
		a.groups, a.delegates = append(a.groups, g), append(a.delegates, d)
		x.seats[a.id] = append(x.seats[a.id], Seat{ID: x.IDs.New(), Group: g, GroupName: x.groups[g].Name, Person: d.Person, Weight: w, Mandate: "free"})
	}
	return a
}

// seat is where a group's first delegate votes.
func (x *fixture) votes(by authz.Actor, poll PollID, seat int, paper ...byte) error {
	return x.Vote(context.WithoutCancel(x.t.Context()), by, string(poll), VoteInput{Seat: seat, Paper: paper})
}

func (x *fixture) recalled(a *alliance, n int) {
	x.t.Helper()
	s := x.seats[a.id][n]
	x.seats[a.id] = slices.Delete(slices.Clone(x.seats[a.id]), n, n+1)
	x.write(func(tx *db.Tx) error {
		return x.MandateEnded(x.t.Context(), tx, fact.MandateEnded{Coalition: a.id, Group: s.Group, Seat: s.ID, Person: s.Person, At: x.Clock.Now()})
	})
}
