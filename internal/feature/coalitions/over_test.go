package coalitions

import (
	"testing"

	"convoke/internal/db"
	"convoke/internal/fact"
	"convoke/internal/id"
)

func TestOnlyADecisionRemoves(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, x *fixture) {
		ada, ben := x.person("ada"), x.person("ben")
		x.group("anglers", ada)
		b := x.group("bakers", ben)
		h, c := x.start(ada, valley("anglers", "valley"))
		x.joins("bakers", ben, h, ada, 0)
		x.sends("bakers", ben, ben, x.term(h, 1))
		decide := func(by id.Group, subject string, adopted bool) {
			x.write(func(tx *db.Tx) error {
				return x.PollDecided(t.Context(), tx, fact.PollDecided{Group: by, Effect: fact.EffectPart, Subject: subject, Adopted: adopted})
			})
		}
		decide(c, string(b), false)
		decide(c, "nonsense", true)
		decide(b, string(b), true) // no coalition
		if len(x.electorate(c)) != 2 {
			t.Error("removed without a decision")
		}
		decide(c, string(b), true)
		decide(c, string(b), true)
		if len(x.electorate(c)) != 1 || len(x.heard.ended) != 1 {
			t.Error("a decision did not part with the group")
		}
	})
}

// Nobody is chosen, accepts, stands in or is elected in a coalition that cannot act.
func TestNobodyTakesASeatInWhatIsOver(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, x *fixture) {
		ctx := t.Context()
		ada, ben, eve, max := x.person("ada"), x.person("ben"), x.person("eve"), x.person("max")
		a := x.group("anglers", ada, ben, eve, max)
		h, c := x.start(ada, valley("anglers", "valley"))
		in := x.term(h, 2)
		in.Person, in.Alternate = "ben", "eve"
		did, err := x.Appoint(ctx, ada, "anglers", x.IDs.Secret(), in)
		x.must(err)
		for _, over := range []string{"suspended = $2", "suspended = $3, ended_at = 1"} {
			x.write(func(tx *db.Tx) error {
				_, err := tx.Exec(ctx, "update groups set "+over+" where id = $1 and suspended in ($2, $3)", string(c), true, false)
				return err
			})
			_, err = x.Appoint(ctx, ada, "anglers", x.IDs.Secret(), in)
			x.refused(err, "coalition.no_seats")
			x.refused(x.Take(ctx, ben, did), "coalition.no_seats")
			x.refused(x.Take(ctx, eve, did), "coalition.no_seats")
			x.write(func(tx *db.Tx) error {
				return x.PollDecided(ctx, tx, fact.PollDecided{Poll: "p", Group: a, Effect: fact.EffectDelegate, Subject: string(c), Candidates: []string{string(max.Person)}, Options: []string{"max"}, Winners: []int{0}, Adopted: true})
			})
			x.write(func(tx *db.Tx) error {
				all, err := seatsOf(ctx, tx, c, a)
				if len(all) != 2 || all[1].Person != ben.Person || all[1].State != Asked || all[1].AlternateOK {
					t.Errorf("%s: %+v", over, all)
				}
				return err
			})
		}
		x.write(func(tx *db.Tx) error {
			_, err := tx.Exec(ctx, "update groups set ended_at = 0 where id = $1", string(c))
			return err
		})
		x.must(x.Take(ctx, ben, did))
	})
}
