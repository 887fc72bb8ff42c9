package ladders

import (
	"testing"
	"time"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/fact"
)

// TestDownSaysWhy: who stood a campaign down is kept, and named to those who may know.
func TestDownSaysWhy(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, x *fixture) {
		ctx, l := t.Context(), english(t)
		x.poll = "p1"
		for _, c := range []struct {
			do     func(tx *db.Tx, d *Ladder) error
			reason string
			poll   string
			want   string
		}{
			{func(tx *db.Tx, d *Ladder) error {
				return x.DemandsStand(ctx, tx, fact.DemandsStand{Campaign: d.Of.ID, Met: 1})
			}, DownMet, "", "This campaign has stood down on Jan 1, 2027: its demands are met."},
			{func(tx *db.Tx, d *Ladder) error {
				return x.DemandsStand(ctx, tx, fact.DemandsStand{Campaign: d.Of.ID, Met: 1, Poll: "p1"})
			}, DownMet, "p1", "This campaign has stood down on Jan 1, 2027: its demands are met."},
			{func(tx *db.Tx, d *Ladder) error {
				return x.PollDecided(ctx, tx, fact.PollDecided{
					Poll: "p1", Proposal: x.IDs.New(), Group: "g-lake", Effect: fact.EffectDown, Subject: d.Of.Handle, Adopted: true,
				})
			}, DownDecided, "p1", "This campaign has stood down on Jan 1, 2027: a vote decided it."},
			{func(tx *db.Tx, d *Ladder) error {
				return x.act(ctx, tx, d, ActInput{Do: DoDown}, "")
			}, DownDecided, "", "This campaign has stood down on Jan 1, 2027: a group that owns it decided so."},
		} {
			campaign := x.published(planOf(t, `{"steps":[{"key":"a","title":"A","kind":"other"}]}`))
			x.write(func(tx *db.Tx) error { return c.do(tx, x.ladder(campaign)) })
			d := x.ladder(campaign).Down
			if d == nil || d.Reason != c.reason || d.Poll != c.poll {
				t.Fatalf("%+v, want %s by %q", d, c.reason, c.poll)
			}
			for _, by := range []authz.Actor{actor("ana"), actor("ben"), {}} {
				d.Title = ""
				if err := x.DB.Read(ctx, func(tx *db.Tx) error { return x.name(ctx, tx, by, d) }); err != nil {
					t.Fatal(err)
				}
				v, url := d.view(l), ""
				if c.poll != "" && by.Handle == "ana" {
					url = "/polls/p1"
				}
				if v.Text != c.want || v.PollURL != url || (v.Poll == "") != (url == "") {
					t.Errorf("%q reads %+v, want %q and %q", by.Handle, v, c.want, url)
				}
			}
		}
	})
}

// TestLook: what a reader may know of is called by its title, else by what it was called
// when the ladder was published; and a silence has its day.
func TestLook(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, x *fixture) {
		day := time.Date(2027, 1, 10, 0, 0, 0, 0, time.UTC)
		x.petitions = map[string]Counting{"benches": {ID: "1", Title: "Benches", Here: true}, "trees": {ID: "2", Title: "Trees", Here: true}}
		p := planOf(t, `{"steps":[{"key":"a","title":"A","kind":"other","gate":{"any":[{"silence":{"petition":"benches"}},{"silence":{"petition":"trees"}}]}}]}`)
		c := x.published(p)
		delete(x.petitions, "trees")
		x.petitions["benches"] = Counting{ID: "1", Title: "Benches!", Here: true, Reply: Reply{Delivered: true, Until: day, Left: 9, SilentAt: day.AddDate(0, 0, 1)}}
		d := x.ladder(c)
		if err := x.DB.Read(t.Context(), func(tx *db.Tx) error { return x.look(t.Context(), tx, authz.Actor{}, d, d.plan()) }); err != nil {
			t.Fatal(err)
		}
		w, live := words{english(t), d, d.plan()}, d.live(false, start)
		for i, want := range []struct {
			text, url string
			due       time.Time
		}{{"“Benches!” got no reply in time.", "/petitions/benches", day.AddDate(0, 0, 1)}, {"“Trees” got no reply in time.", "", time.Time{}}} {
			g := &d.plan().Steps[0].Gate.Any[i]
			text, url := w.say(g)
			if at := Eval(g, live, start); text != want.text || url != want.url || !at.Due.Equal(want.due) || at.Open {
				t.Errorf("%q at %q, due %s, want %+v", text, url, at.Due, want)
			}
		}
	})
}
