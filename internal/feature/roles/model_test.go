package roles

import (
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/fact"
	"convoke/internal/id"
)

// bid is one offer as the model knows it.
type bid struct {
	secret   string
	by       map[authz.Actor]bool // who confirmed it
	declined bool
}

// post is one role as the model knows it: who has it, and a line of others.
type post struct {
	needed int
	have   []*bid // confirmed
	line   []*bid // open, first come first
	no     []*bid // not needed
	gone   bool   // from the programme, when it was last saved with nobody in it
}

// model is what the rules say, written as plainly as possible.
type model struct {
	c      *crew
	e      id.Event
	rule   int
	posts  map[string]*post // by id
	guests []string
	told   []string // by the present step
}

// roleIDs are the roles of the model: two known ones and one of the group.
var roleIDs = []string{"marshal", "medic", IDOf("=Tea & cake")}

func needed(rid string, n int) fact.RoleNeeded {
	if rid == roleIDs[2] {
		return fact.RoleNeeded{Name: "Tea & cake", Field: "role_1_people", People: n}
	}
	return fact.RoleNeeded{Code: rid, Field: "role_" + rid + "_people", People: n}
}

// before is who of each line could still be confirmed, to see who moves up.
func (m *model) before() map[string][]string {
	out := map[string][]string{}
	for rid, p := range m.posts {
		for i, b := range p.line {
			if i < p.needed-len(p.have) {
				out[rid] = append(out[rid], b.secret)
			}
		}
	}
	return out
}

// movedUp notes who could not be confirmed before and can now. New offers are not
// told what they see anyway.
func (m *model) movedUp(was map[string][]string) {
	for rid, now := range m.before() {
		for _, s := range now {
			if !slices.Contains(was[rid], s) {
				m.told = append(m.told, string(id.Hash(s)))
			}
		}
	}
}

func (p *post) find(secret string) *bid {
	for _, b := range slices.Concat(p.have, p.line, p.no) {
		if b.secret == secret {
			return b
		}
	}
	return nil
}

func (p *post) drop(b *bid) {
	is := func(x *bid) bool { return x == b }
	p.have, p.line, p.no = slices.DeleteFunc(p.have, is), slices.DeleteFunc(p.line, is), slices.DeleteFunc(p.no, is)
}

func pick[T any](t *rapid.T, all []T) T {
	if len(all) == 0 {
		t.Skip("none")
	}
	return all[rapid.IntRange(0, len(all)-1).Draw(t, "which")]
}

func (m *model) role(t *rapid.T) (string, *post) {
	rid := rapid.SampledFrom(roleIDs).Draw(t, "role")
	return rid, m.posts[rid]
}

// aBid is an offer of any state.
func (m *model) aBid(t *rapid.T) (string, *post, *bid) {
	rid, p := m.role(t)
	return rid, p, pick(t, slices.Concat(p.have, p.line, p.no))
}

func (m *model) signUp(t *rapid.T) { m.guests = append(m.guests, m.c.guest(t, m.e)) }

func (m *model) offer(t *rapid.T) {
	secret := pick(t, m.guests)
	rids := rapid.SliceOfNDistinct(rapid.SampledFrom(roleIDs), 1, 3, rapid.ID).Draw(t, "roles")
	unknown := slices.ContainsFunc(rids, func(r string) bool { return m.posts[r].needed == 0 })
	err := m.c.Offer(t.Context(), m.e, secret, Input{Roles: rids, Note: rapid.SampledFrom([]string{"", "First aid course."}).Draw(t, "note")})
	if unknown {
		wantCode(t, err, "roles.unknown")
		return
	}
	wantCode(t, err, "")
	for _, r := range rids {
		if p := m.posts[r]; p.find(secret) == nil {
			p.line = append(p.line, &bid{secret: secret, by: map[authz.Actor]bool{}})
		}
	}
}

func (m *model) withdraw(t *rapid.T) {
	rid, p, b := m.aBid(t)
	was := m.before()
	wantCode(t, m.c.Withdraw(t.Context(), m.e, b.secret, rid), "")
	p.drop(b)
	m.movedUp(was)
	wantCode(t, m.c.Withdraw(t.Context(), m.e, b.secret, rid), "roles.not_found")
}

func (m *model) cancel(t *rapid.T) {
	secret := pick(t, m.guests)
	was := m.before()
	m.c.cancel(t, m.e, secret)
	m.guests = slices.DeleteFunc(m.guests, func(s string) bool { return s == secret })
	for _, p := range m.posts {
		if b := p.find(secret); b != nil {
			p.drop(b)
		}
	}
	m.movedUp(was)
}

func (m *model) valid(b *bid) (n int) {
	for p := range b.by {
		if m.c.are[p.Person] {
			n++
		}
	}
	return n
}

// take makes an open offer a confirmed one, if enough say so and one is needed.
func (m *model) take(p *post, b *bid) {
	if m.valid(b) >= m.rule && len(p.have) < p.needed {
		p.drop(b)
		p.have = append(p.have, b)
		m.told = append(m.told, string(id.Hash(b.secret)))
	}
}

func (m *model) confirm(t *rapid.T) {
	rid, p, b := m.aBid(t)
	by := rapid.SampledFrom([]authz.Actor{ann, ben, cem}).Draw(t, "by")
	was := m.before()
	err := m.c.confirm(t, by, m.e, rid, b.secret)
	switch {
	case !m.c.are[by.Person]:
		wantCode(t, err, "authz.forbidden")
	case p.gone:
		wantCode(t, err, "roles.not_found")
	case slices.Contains(p.have, b):
		wantCode(t, err, "")
	case b.declined:
		wantCode(t, err, "roles.answered")
	case len(p.have) >= p.needed:
		wantCode(t, err, "roles.full")
	default:
		wantCode(t, err, "")
		b.by[by] = true
		m.take(p, b)
		m.movedUp(was)
	}
}

func (m *model) decline(t *rapid.T) {
	rid, p, b := m.aBid(t)
	was := m.before()
	err := m.c.Answer(t.Context(), ann, m.e, rid, code(b.secret), Answer{Reason: "enough"})
	if !m.c.are[ann.Person] {
		wantCode(t, err, "authz.forbidden")
		return
	}
	if p.gone {
		wantCode(t, err, "roles.not_found")
		return
	}
	wantCode(t, err, "")
	if b.declined {
		return
	}
	p.drop(b)
	b.declined, b.by = true, map[authz.Actor]bool{}
	p.no = append(p.no, b)
	m.told = append(m.told, string(id.Hash(b.secret)))
	m.movedUp(was)
}

func (m *model) setRule(t *rapid.T) {
	n := rapid.IntRange(0, 3).Draw(t, "rule")
	was := m.before()
	err := m.c.SetRule(t.Context(), cem, m.e, n)
	switch {
	case !m.c.are[cem.Person]:
		wantCode(t, err, "authz.forbidden")
		return
	case n < 1 || n > 2:
		wantCode(t, err, "roles.confirmers")
		return
	}
	wantCode(t, err, "")
	lower := n < m.rule
	m.rule = n
	if !lower {
		return
	}
	for _, p := range m.posts {
		for _, b := range slices.Clone(p.line) {
			m.take(p, b)
		}
	}
	m.movedUp(was)
}

func (m *model) programme(t *rapid.T) {
	var needs []fact.RoleNeeded
	next := map[string]int{}
	short := ""
	for _, rid := range roleIDs {
		next[rid] = rapid.IntRange(0, 4).Draw(t, "needed")
		if n := next[rid]; n > 0 || rapid.Bool().Draw(t, "said to be none") {
			needs = append(needs, needed(rid, n))
		}
		if next[rid] < len(m.posts[rid].have) {
			short = "roles.confirmed"
			if rid == roleIDs[2] && next[rid] == 0 && !slices.ContainsFunc(needs, func(r fact.RoleNeeded) bool { return r.Name != "" }) {
				short = "roles.confirmed_gone"
			}
		}
	}
	was := m.before()
	err := m.c.need(t.Context(), m.e, needs...)
	wantCode(t, err, short)
	if short != "" {
		return
	}
	for rid, n := range next {
		p := m.posts[rid]
		p.needed, p.gone = n, n == 0 && len(p.have)+len(p.line) == 0
	}
	m.movedUp(was)
}

func (m *model) organizers(t *rapid.T) {
	p := rapid.SampledFrom([]authz.Actor{ann, ben, cem}).Draw(t, "organizer")
	m.c.set(p, !m.c.are[p.Person])
}

// stored is a role as its rows say.
type stored struct {
	Needed, Confirmed, Offered, Reserve int
	States                              map[string]State
	Line                                []string // codes of the open ones, in order
}

func (m *model) want() map[string]stored {
	out := map[string]stored{}
	for rid, p := range m.posts {
		s := stored{Needed: p.needed, Confirmed: len(p.have), States: map[string]State{}}
		for _, b := range p.have {
			s.States[code(b.secret)] = Confirmed
		}
		for _, b := range p.no {
			s.States[code(b.secret)] = Declined
		}
		for i, b := range p.line {
			state := Reserve
			if i < p.needed-len(p.have) {
				state = Offered
				s.Offered++
			} else {
				s.Reserve++
			}
			s.States[code(b.secret)] = state
			s.Line = append(s.Line, code(b.secret))
		}
		out[rid] = s
	}
	return out
}

func (m *model) got(t fataler) map[string]stored {
	out := map[string]stored{}
	for _, rid := range roleIDs {
		out[rid] = stored{States: map[string]State{}}
	}
	err := m.c.db.Read(t.Context(), func(tx *db.Tx) error {
		all, err := countsOf(t.Context(), tx, m.e)
		if err != nil {
			return err
		}
		for _, c := range all {
			out[IDOf(c.Role)] = stored{c.Needed, c.Confirmed, c.Offered, c.Reserve, map[string]State{}, nil}
		}
		rows, err := db.Query(t.Context(), tx, selectOffer+" order by queue", []any{string(m.e)}, scanOffer)
		for _, o := range rows {
			s := out[IDOf(o.role)]
			s.States[o.code] = o.state
			if o.state.Open() {
				s.Line = append(s.Line, o.code)
			}
			out[IDOf(o.role)] = s
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func (m *model) check(t *rapid.T) {
	if d := cmp.Diff(m.want(), m.got(t)); d != "" {
		t.Fatalf("model and rows differ (-model +rows):\n%s", d)
	}
	for rid, s := range m.got(t) {
		if s.Confirmed > s.Needed {
			t.Fatalf("%s: %d confirmed of %d", rid, s.Confirmed, s.Needed)
		}
	}
	if d := m.c.drifts(t); len(d) > 0 {
		t.Fatalf("drift %+v", d)
	}
	told := m.c.takeTold()
	slices.Sort(told)
	slices.Sort(m.told)
	if d := cmp.Diff(m.told, told); d != "" {
		t.Fatalf("who was told (-model +told):\n%s", d)
	}
	m.told = nil
	// The desk pages through the same, and each holder reads their own.
	for rid, s := range m.want() {
		if m.c.are[ann.Person] && len(s.States) > 0 && s.Needed+len(s.Line) > 0 {
			d, err := m.c.Desk(t.Context(), ann, m.e, rid, "")
			if err != nil || len(d.Offers) != s.Confirmed+s.Offered+s.Reserve || d.Confirmers != m.rule {
				t.Fatalf("desk of %s: %+v, %v", rid, d, err)
			}
		}
		for _, g := range m.guests {
			if got := m.c.stateOf(t, m.e, g, rid); got != s.States[code(g)] {
				t.Fatalf("%s of %s: %q, want %q", rid, code(g), got, s.States[code(g)])
			}
		}
	}
}

// Whatever holders and organizers do in whatever order, the rows, the counters,
// the reserve and who is told are what the rules say.
func TestRules(t *testing.T) {
	t.Parallel()
	crews(t, func(t *testing.T, c *crew) {
		rapid.Check(t, func(t *rapid.T) {
			if c.db.Engine() == db.Postgres && rapid.IntRange(0, 2).Draw(t, "left out") > 0 {
				return // commits there take longer, and the rules are the same
			}
			m := &model{c: c, rule: 1, posts: map[string]*post{}}
			var needs []fact.RoleNeeded
			for _, rid := range roleIDs {
				m.posts[rid] = &post{needed: rapid.IntRange(0, 3).Draw(t, "needed")}
				m.posts[rid].gone = m.posts[rid].needed == 0
				needs = append(needs, needed(rid, m.posts[rid].needed))
			}
			for p := range maps.Keys(c.are) {
				c.set(authz.Actor{Person: p}, true)
			}
			c.takeTold()
			m.e = c.event(t, needs...)
			t.Repeat(map[string]func(*rapid.T){
				"sign up": m.signUp, "offer": m.offer, "offer too": m.offer, "withdraw": m.withdraw, "cancel": m.cancel,
				"confirm": m.confirm, "confirm too": m.confirm, "decline": m.decline, "rule": m.setRule, "programme": m.programme,
				"organizers": m.organizers, "": m.check,
			})
		})
	})
}
