package ladders

import (
	"context"
	"log/slog"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"convoke/internal/authz"
	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/db/dbtest"
	"convoke/internal/fact"
	"convoke/internal/id"
	"convoke/internal/job"
	"convoke/internal/record/box"
	"convoke/internal/record/leaf"
	"convoke/internal/web"
)

// fixture is the feature with two groups, hill and lake, that own each campaign; ana and
// ben organize one each, and cleo both.
type fixture struct {
	*Service
	t     *testing.T
	clock *clock.Manual
	low   map[id.Campaign]int
	told  []any
	moves []leaf.StepMove // of the record
	// petitions are those that there are, by slug; poll is one that ana may know of.
	petitions map[string]Counting
	poll      string
}

func groupOf(h string) Group {
	return Group{ID: id.Group("g-" + h), Handle: h, Name: h, Zone: "Europe/Berlin"}
}

func actor(name string) authz.Actor { return authz.Actor{Person: id.Person("p-" + name), Handle: name} }

func each(t *testing.T, f func(t *testing.T, x *fixture)) {
	t.Helper()

	for name, url := range map[string]func(testing.TB) string{"sqlite": dbtest.SQLite, "postgres": dbtest.Postgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := &fixture{t: t, clock: clock.NewManual(start), low: map[id.Campaign]int{}}
			d := dbtest.Open(t, url(t), x.clock)
			x.Service = New(Deps{
				DB: d, IDs: id.NewSource(x.clock, nil), Jobs: job.New(d, x.clock, slog.New(slog.DiscardHandler)), Campaigns: x, Elsewhere: x, Boxes: x, Record: x, Facts: x,
				Audit: func(context.Context, *db.Tx, id.Person, string, string) error { return nil },
			})
			x.write(func(tx *db.Tx) error {
				for _, h := range []string{"hill", "lake"} {
					if _, err := tx.Exec(t.Context(), `insert into groups (id, handle, name, name_folded, about, about_html, place, zone, langs, suspended, sample, created_at)
						values ($1, $2, $2, $2, '', '', 'Leipzig, Germany', 'Europe/Berlin', 'en', $3, $3, 0)`, "g-"+h, h, false); err != nil {
						return err
					}
				}
				for _, p := range []string{"ana", "ben", "cleo"} {
					if _, err := tx.Exec(t.Context(), `insert into person (id, handle, pass, operator, suspended, locale, created_day) values ($1, $2, '', $3, $3, 'en', 20260101)`, "p-"+p, p, false); err != nil {
						return err
					}
				}
				return nil
			})
			f(t, x)
		})
	}
}

func (x *fixture) write(f func(tx *db.Tx) error) {
	x.t.Helper()
	if err := x.DB.Write(x.t.Context(), f); err != nil {
		x.t.Fatal(err)
	}
}

// campaign makes one whose handle is its id.
func (x *fixture) campaign() id.Campaign {
	x.t.Helper()
	c := id.Campaign("c" + x.IDs.New()[1:])
	x.write(func(tx *db.Tx) error {
		_, err := tx.Exec(x.t.Context(), `insert into campaign (id, handle, form, title, lang, statement, statement_html, dates, first_day, last_day, picture, picture_alt,
			state, shown, points, template, sequence, created_at, updated_at) values ($1, $1, $1, 'T', 'en', '', '', '', 0, 0, '', '', 'open', $2, 0, 0, 0, 0, 0)`, string(c), true)
		return err
	})
	return c
}

// Find implements Campaigns.
func (x *fixture) Find(_ context.Context, _ *db.Tx, by authz.Actor, handle string) (Campaign, []Group, error) {
	c := Campaign{ID: id.Campaign(handle), Handle: handle, Title: "T", Public: true}
	switch by.Handle {
	case "ana":
		return c, []Group{groupOf("hill")}, nil
	case "ben":
		return c, []Group{groupOf("lake")}, nil
	case "cleo":
		return c, []Group{groupOf("hill"), groupOf("lake")}, nil
	}
	return c, nil, nil
}

// ByID implements Campaigns.
func (x *fixture) ByID(ctx context.Context, tx *db.Tx, c id.Campaign) (Campaign, error) {
	out, _, err := x.Find(ctx, tx, authz.Actor{}, string(c))
	return out, err
}

// Owners implements Campaigns.
func (x *fixture) Owners(context.Context, *db.Tx, id.Campaign) ([]Group, error) {
	return []Group{groupOf("hill"), groupOf("lake")}, nil
}

// OwnedBy implements Campaigns.
func (x *fixture) OwnedBy(context.Context, *db.Tx, id.Group) ([]id.Campaign, error) { return nil, nil }

// Petition implements Elsewhere.
func (x *fixture) Petition(_ context.Context, _ *db.Tx, _ authz.Actor, slug string) (Counting, error) {
	if x.petitions[slug].Title == "" {
		return Counting{}, web.ErrNotFound()
	}
	return x.petitions[slug], nil
}

// Pledge implements Elsewhere.
func (x *fixture) Pledge(context.Context, *db.Tx, authz.Actor, string) (Counting, error) {
	return Counting{}, web.ErrNotFound()
}

// Proposal implements Elsewhere.
func (x *fixture) Proposal(context.Context, *db.Tx, authz.Actor, string) (Proposal, error) {
	return Proposal{Title: "P"}, nil
}

// Poll implements Elsewhere.
func (x *fixture) Poll(_ context.Context, _ *db.Tx, by authz.Actor, p string) (string, error) {
	if by.Handle != "ana" || p != x.poll {
		return "", web.ErrNotFound()
	}
	return "Shall we stop?", nil
}

// Event implements Elsewhere.
func (x *fixture) Event(context.Context, *db.Tx, authz.Actor, id.Event) (string, int, error) {
	return "", 0, web.ErrNotFound()
}

// CampaignLow implements Elsewhere.
func (x *fixture) CampaignLow(_ context.Context, _ *db.Tx, c id.Campaign) (int, error) {
	return x.low[c], nil
}

// Member implements Elsewhere.
func (x *fixture) Member(_ context.Context, _ *db.Tx, _ []Group, handle string) (id.Person, error) {
	if !slices.Contains([]string{"ana", "ben", "cleo"}, handle) {
		return "", web.ErrNotFound()
	}
	return id.Person("p-" + handle), nil
}

// Watch implements Boxes.
func (x *fixture) Watch(context.Context, *db.Tx, leaf.ID, int, uint64) (box.Counted, bool, error) {
	return box.Counted{}, false, nil
}

// People implements Boxes.
func (x *fixture) People(context.Context, *db.Tx, leaf.ID, int) (uint64, error) { return 0, nil }

// Seen implements Boxes.
func (x *fixture) Seen(context.Context, *db.Tx, leaf.ID, uint64) ([]box.Counted, error) {
	return nil, nil
}

// Append implements Record.
func (x *fixture) Append(_ context.Context, _ *db.Tx, _ string, leaves ...[]byte) (int64, error) {
	for _, b := range leaves {
		if l, err := leaf.DecodeStep(b); err == nil {
			m, err := leaf.ParseMove(l.JSON)
			if err != nil {
				return 0, err
			}
			x.moves = append(x.moves, m)
		} else if _, err := leaf.DecodeLadder(b); err != nil {
			return 0, err
		}
	}
	return 0, nil
}

// Emit implements Facts.
func (x *fixture) Emit(_ context.Context, _ *db.Tx, f any) error {
	x.told = append(x.told, f)
	return nil
}

// published makes a campaign with a ladder.
func (x *fixture) published(p Plan) id.Campaign {
	x.t.Helper()
	c := x.campaign()
	if err := x.SaveText(x.t.Context(), actor("ana"), string(c), 0, p.JSON()); err != nil {
		x.t.Fatal(err)
	}
	if err := x.Publish(x.t.Context(), actor("ana"), string(c), 1, ""); err != nil {
		x.t.Fatalf("%s: %v", p.JSON(), err)
	}
	return c
}

func (x *fixture) ladder(c id.Campaign) (d *Ladder) {
	x.t.Helper()
	err := x.DB.Read(x.t.Context(), func(tx *db.Tx) (err error) {
		d, err = x.find(x.t.Context(), tx, actor("ana"), string(c))
		return err
	})
	if err != nil {
		x.t.Fatal(err)
	}
	return d
}

// reference is a ladder as one would play it by hand: it looks at each moment in their
// order, and at each asks every step again until nothing moves. It has no dates of what
// happened, only what is so now.
type reference struct {
	plan  Plan
	state map[string]State
	was   map[string]State
	been  map[string]bool // "a open"
	so    map[string]bool // what has happened
	low   int
	down  bool
	now   time.Time
}

func newReference(p Plan, at time.Time) *reference {
	r := &reference{plan: p, state: map[string]State{}, was: map[string]State{}, been: map[string]bool{}, so: map[string]bool{}, now: at}
	for _, s := range p.Steps {
		r.state[s.Key] = Waiting
	}
	r.look()
	return r
}

func (r *reference) holds(g *Gate) bool {
	switch {
	case g == nil:
		return true
	case g.All != nil:
		return !slices.ContainsFunc(g.All, func(x Gate) bool { return !r.holds(&x) })
	case g.Any != nil:
		return slices.ContainsFunc(g.Any, func(x Gate) bool { return r.holds(&x) })
	case g.Date != "":
		t, _ := time.Parse("2006-01-02T15:04", g.Date)
		return !t.After(r.now)
	case g.Step != "":
		return r.been[g.Step+" "+string(g.State)]
	case g.Turnout != nil:
		return r.low >= g.Turnout.Low
	}
	return r.so[g.Decision.Proposal]
}

func (r *reference) set(key string, s State) {
	if s == Halted {
		r.was[key] = r.state[key]
	}
	r.state[key] = s
	r.been[key+" "+string(s)] = true
}

// look asks all steps at this moment.
func (r *reference) look() {
	for again := !r.down; again; {
		again = false
		for _, s := range r.plan.Steps {
			late := s.Lapses != nil && !s.lapses().After(r.now)
			ready, lost := true, false
			for _, k := range s.After {
				ready = ready && (r.state[k] == Open || r.state[k] == Met)
				lost = lost || r.state[k] == Lapsed
			}
			switch {
			case r.state[s.Key] == Waiting && (late || lost):
				r.set(s.Key, Lapsed)
				again = true
			case r.state[s.Key] == Waiting && ready && r.holds(s.Gate):
				r.set(s.Key, Open)
				again = true
			case r.state[s.Key] == Open && s.MetBy != nil && r.holds(s.MetBy):
				r.set(s.Key, Met)
				again = true
			}
		}
	}
}

// pass moves the clock an hour at a time.
func (r *reference) pass(until time.Time) {
	for !r.now.Add(time.Hour).After(until) {
		r.now = r.now.Add(time.Hour)
		r.look()
	}
}

// TestModel: whatever happens to a ladder, and however seldom the clock is looked at,
// each step stands where the reference has it.
func TestModel(t *testing.T) {
	each(t, func(t *testing.T, x *fixture) {
		opened, lapsed, met, halted := 0, 0, 0, 0
		rapid.Check(t, func(rt *rapid.T) {
			p := drawPlan(rt)
			if len(Check(&p, x.clock.Now(), nil)) > 0 {
				rt.Skip("a ladder that is refused")
			}
			x.clock.Set(start)
			x.moves = nil
			c := x.published(p)
			r := newReference(p, start)
			for range rapid.IntRange(1, 12).Draw(rt, "acts") {
				x.step(rt, c, r)
			}
			for key, y := range x.ladder(c).Stand {
				if y.State != r.state[key] {
					rt.Fatalf("%s\nthe step %s is %s, and %s in the reference\n%+v", p.JSON(), key, y.State, r.state[key], x.moves)
				}
				switch y.State {
				case Open:
					opened++
				case Lapsed:
					lapsed++
				case Met:
					met++
				case Halted:
					halted++
				case Waiting:
				}
			}
			var last int64
			for _, m := range x.moves {
				if m.Time < 0 || last < 0 {
					rt.Fatal("a move has no time")
				}
				last = m.Time
			}
		})
		if !t.Failed() && min(opened, lapsed, met, halted) < 5 {
			t.Errorf("%d open, %d lapsed, %d met and %d halted prove little", opened, lapsed, met, halted)
		}
	})
}

// step does one thing to both.
func (x *fixture) step(rt *rapid.T, c id.Campaign, r *reference) {
	ctx := x.t.Context()
	must := func(err error) {
		if err != nil {
			rt.Fatalf("%+v", err)
		}
	}
	key := rapid.SampledFrom(r.plan.Steps).Draw(rt, "which").Key
	switch rapid.SampledFrom([]string{"wait", "wait", "wait", "due", "turnout", "poll", "halt", "resume", "met", "poll opens", "down", "up"}).Draw(rt, "act") {
	case "wait": // nobody looks
		x.clock.Add(time.Duration(rapid.IntRange(1, 30).Draw(rt, "hours")) * time.Hour)
		r.pass(x.clock.Now())
	case "due":
	case "turnout":
		r.low = max(r.low, rapid.SampledFrom([]int{50, 100, 200}).Draw(rt, "low"))
		x.low[c] = r.low
		must(x.DB.Write(ctx, func(tx *db.Tx) error {
			return x.TurnoutPublished(ctx, tx, fact.TurnoutPublished{Campaign: c, Low: r.low})
		}))
		r.look()
	case "poll": // of this ladder: each campaign has its own polls
		poll := rapid.SampledFrom(polls).Draw(rt, "poll")
		r.so[poll] = true
		must(x.DB.Write(ctx, func(tx *db.Tx) error {
			if err := x.happenedIn(ctx, tx, c, poll); err != nil {
				return err
			}
			return nil
		}))
		r.look()
	case "poll opens":
		must(x.DB.Write(ctx, func(tx *db.Tx) error {
			return x.PollDecided(ctx, tx, fact.PollDecided{Proposal: x.IDs.New(), Group: "g-hill", Effect: fact.EffectStep, Subject: string(c) + "#" + key, Adopted: true})
		}))
		if s := r.state[key]; !r.down && (s == Waiting || s == Halted) {
			r.set(key, Open)
			r.look()
		}
	case "halt":
		_, err := x.Act(ctx, actor("ben"), string(c), ActInput{Step: key, Group: "lake", Do: DoHalt})
		if s := r.state[key]; !r.down && (s == Waiting || s == Open) {
			must(err)
			r.set(key, Halted)
			r.look()
		}
	case "resume":
		x.both(c, ActInput{Step: key, Do: DoResume})
		if !r.down && r.state[key] == Halted {
			r.set(key, r.was[key])
			r.look()
		}
	case "met":
		x.both(c, ActInput{Step: key, Do: DoMet})
		if !r.down && r.state[key] == Open {
			r.set(key, Met)
			r.look()
		}
	case "down":
		_, err := x.Act(ctx, actor("ana"), string(c), ActInput{Group: "hill", Do: DoDown})
		must(err)
		if !r.down {
			r.down = true
			for k, s := range r.state {
				if s == Waiting || s == Open {
					r.set(k, Halted)
					r.so["down "+k] = true
				}
			}
		}
	case "up":
		x.both(c, ActInput{Do: DoUp})
		if r.down {
			r.down = false
			for k := range r.state {
				if r.so["down "+k] {
					r.set(k, r.was[k])
					delete(r.so, "down "+k)
				}
			}
			r.look()
		}
	}
	must(x.Due(ctx))
}

// happenedIn has a poll decide for one campaign only.
func (x *fixture) happenedIn(ctx context.Context, tx *db.Tx, c id.Campaign, poll string) error {
	all, err := waiting(ctx, tx, "decision", poll)
	for _, w := range all {
		if w.Campaign == c {
			return x.come(ctx, tx, w, 1, tx.Now())
		}
	}
	return err
}

// both has two owners say something.
func (x *fixture) both(c id.Campaign, in ActInput) {
	for _, who := range []struct{ name, group string }{{"ana", "hill"}, {"ben", "lake"}} {
		in.Group = who.group
		_, _ = x.Act(x.t.Context(), actor(who.name), string(c), in) // refused where the reference does nothing
	}
}
