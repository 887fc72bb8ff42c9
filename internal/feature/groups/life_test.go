package groups

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/id"
)

// Whoever acts in a group is told of, with their role; who reads, or is only looked up,
// is not.
func TestActing(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, x *fixture) {
		ctx := t.Context()
		var told []string
		x.Acted = func(_ context.Context, _ *db.Tx, g id.Group, r authz.Role) error {
			told = append(told, string(r))
			return nil
		}
		want := func(what string, roles ...string) {
			t.Helper()
			if got := slices.Compact(told); !slices.Equal(got, roles) {
				t.Errorf("%s: told of %q, want %q", what, got, roles)
			}
			told = nil
		}
		sam, mia, eve := x.person("sam"), x.person("mia"), x.person("eve")
		g := x.group(sam, "riverside", "Riverside")
		want("start a group", "steward")
		x.join(g, mia, authz.Member)
		want("somebody joins")
		if err := x.Announce(ctx, sam, "riverside", AnnounceInput{Key: x.IDs.Secret(), Title: "Keys", Body: "x"}); err != nil {
			t.Fatal(err)
		}
		want("announce", "steward")
		if _, _, _, err := x.Announcements(ctx, sam, "riverside"); err != nil {
			t.Fatal(err)
		}
		want("read")
		_ = x.Announce(ctx, eve, "riverside", AnnounceInput{Key: x.IDs.Secret(), Title: "Keys", Body: "x"})
		want("a stranger")
		err := x.DB.Write(ctx, func(tx *db.Tx) error {
			if _, err := x.Role(ctx, tx, g, sam.Person); err != nil {
				return err
			}
			r, since, err := x.Belonging(ctx, tx, g, mia.Person)
			if r != authz.Member || since == 0 {
				t.Errorf("mia is %s since %d", r, since)
			}
			if r, since, _ := x.Belonging(ctx, tx, g, eve.Person); r != authz.None || since != 0 {
				t.Errorf("eve is %s since %d", r, since)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		want("look up")
	})
}

// The rule makes a member steward beside the others, and nobody else; what members
// were told is found by its days.
func TestTheHelm(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, x *fixture) {
		ctx := t.Context()
		sam, mia, eve := x.person("sam"), x.person("mia"), x.person("eve")
		g := x.group(sam, "riverside", "Riverside")
		x.join(g, mia, authz.Member)
		var stewards []id.Person
		err := x.DB.Write(ctx, func(tx *db.Tx) (err error) {
			for _, p := range []authz.Actor{mia, eve} {
				if err := x.MakeSteward(ctx, tx, g, p.Person); err != nil {
					return err
				}
			}
			stewards, err = x.Stewards(ctx, tx, g)
			return err
		})
		if err != nil || len(stewards) != 2 || x.role(g, mia) != authz.Steward || x.role(g, sam) != authz.Steward || x.role(g, eve) != authz.None {
			t.Errorf("stewards are %v, %v", stewards, err)
		}
		from := x.clock.Now().Truncate(24 * time.Hour)
		for i := range 3 {
			if err := x.Announce(ctx, sam, "riverside", AnnounceInput{Key: x.IDs.Secret(), Title: fmt.Sprint("Day ", i), Body: "x"}); err != nil {
				t.Fatal(err)
			}
			x.clock.Add(24 * time.Hour)
		}
		err = x.DB.Read(ctx, func(tx *db.Tx) error {
			all, err := x.Announced(ctx, tx, g, from, from.Add(48*time.Hour))
			if len(all) != 2 || all[0].Title != "Day 0" || all[1].Title != "Day 1" {
				t.Errorf("%+v", all)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

// Handles are found for as many as one asks about, each once, and for nobody else.
func TestHandles(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, x *fixture) {
		asked := []id.Person{"", "gone"}
		for i := range 2*idsAtOnce + 3 {
			p := x.person(fmt.Sprint("person", i)).Person
			asked = append(asked, p, p)
		}
		err := x.DB.Read(t.Context(), func(tx *db.Tx) error {
			got, err := x.Handles(t.Context(), tx, asked)
			if len(got) != 2*idsAtOnce+3 || got[asked[2]] != "person0" || got[asked[len(asked)-1]] != fmt.Sprint("person", 2*idsAtOnce+2) {
				t.Errorf("%v", got)
			}
			if got, err := x.Handles(t.Context(), tx, nil); len(got) != 0 || err != nil {
				t.Errorf("of nobody: %v, %v", got, err)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}
