package alerts

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"convoke/internal/clock"
	"convoke/internal/fact"
	"convoke/internal/fault"
	"convoke/internal/geo"
	"convoke/internal/id"
)

// line is who let somebody into each group, who let in those, and so on, as it was once.
type line map[string][]string // the last of each nobody let in

// kin reports what doc.go calls of one lineage: one let the other in, or both came
// through somebody whom others let in themselves.
func kin(a string, lineA line, b string, lineB line) bool {
	if a == b {
		return true
	}
	for g, above := range lineA {
		for i, x := range above {
			at := slices.Index(lineB[g], x)
			if x == b || at >= 0 && i < len(above)-1 && at < len(lineB[g])-1 {
				return true
			}
		}
	}
	for _, above := range lineB {
		if slices.Contains(above, a) {
			return true
		}
	}
	return false
}

type modelDraft struct {
	by   string
	seen bool
	kind fact.AlertKind
	at   time.Time
}

type modelReporter struct {
	who  string
	then line
}

type modelCase struct {
	reporters []modelReporter // as they were, each time
	sent      bool
	at        time.Time
}

type modelSent struct {
	kind    fact.AlertKind
	at      time.Time
	expires time.Time
}

// model is the rules of doc.go, as plainly as possible.
type model struct {
	f      *fixture
	t      *rapid.T
	net    string
	groups []string
	people []string
	by     map[string]map[string]string // group, member: who let them in
	names  map[string]string            // verifier: the group that named them
	cases  map[string]*modelCase
	chains map[string][]modelSent
	drafts map[string]*modelDraft
	out    int
	told   map[string]int // what became of what was tried
}

// tags makes names that no other run has.
var tags = id.NewSource(clock.System{}, nil)

func newModel(t *rapid.T, f *fixture, told map[string]int) *model {
	advance(f, 2*time.Hour) // what other runs sent to the cell is long ago
	tag := strings.ToLower(tags.New()[14:])
	m := &model{
		f: f, t: t, net: "n" + tag, by: map[string]map[string]string{}, names: map[string]string{}, cases: map[string]*modelCase{}, chains: map[string][]modelSent{},
		drafts: map[string]*modelDraft{}, out: len(f.heard.all), told: told,
	}
	for i := range 5 {
		m.people = append(m.people, fmt.Sprintf("p%d-%s", i, tag))
	}
	for i := range 2 {
		g := fmt.Sprintf("g%d-%s", i, tag)
		head := "h" + g
		f.groups.all[id.Group(g)] = &Group{ID: id.Group(g), Handle: g, Name: g, Zone: "Europe/Berlin"}
		f.exec(`insert into groups (id, handle, name, name_folded, about, about_html, place, zone, langs, suspended, sample, created_at)
			values ($1, $1, $1, $1, '', '', '', 'UTC', '', $2, $2, 0)`, g, false)
		m.groups, m.by[g] = append(m.groups, g), map[string]string{head: ""}
		f.member(g, head, "steward", "")
		in := []string{head}
		for _, p := range m.people {
			if rapid.IntRange(0, 4).Draw(t, "joins") > 0 {
				by := rapid.SampledFrom(append(in, "")).Draw(t, "let in by")
				f.member(g, p, "member", by)
				m.by[g][p], in = by, append(in, p)
			}
		}
	}
	must(f.t, f.Start(f.ctx(), as("h"+m.groups[0]), f.ids.Secret(), NetworkInput{
		Handle: m.net, Name: "Model", Group: m.groups[0], Area: "Leipzig; 4", Categories: []string{"fire", "weather", "road"},
	}))
	must(f.t, f.Ask(f.ctx(), as("h"+m.groups[0]), m.net, m.groups[1]))
	must(f.t, f.Answer(f.ctx(), as("h"+m.groups[1]), m.net, m.groups[1], true))
	m.names["h"+m.groups[0]] = m.groups[0]
	for _, p := range m.people {
		g := rapid.SampledFrom(m.groups).Draw(t, "named by")
		if _, in := m.by[g][p]; in {
			must(f.t, f.Name(f.ctx(), as("h"+g), m.net, g, p))
			m.names[p] = g
		}
	}
	m.people = append(m.people, "h"+m.groups[0], "h"+m.groups[1])
	m.report(t)
	return m
}

func (m *model) line(p string) line {
	out := line{}
	for g, by := range m.by {
		if _, in := by[p]; !in {
			continue
		}
		for x := p; x != ""; x = by[x] {
			out[g] = append(out[g], x)
		}
	}
	return out
}

func (m *model) verifies(p string) bool { return m.names[p] != "" }

func (m *model) kept(p string, c *modelCase) bool {
	for _, r := range c.reporters {
		if kin(r.who, r.then, p, m.line(p)) {
			return true
		}
	}
	return false
}

// lasting is the draft that still waits.
func (m *model) lasting(subject string) *modelDraft {
	if d := m.drafts[subject]; d != nil && m.f.clock.Now().Sub(d.at) < 2*time.Hour {
		return d
	}
	return nil
}

// may says whether somebody may say such a thing of a subject at all.
func (m *model) may(p, subject string, kind fact.AlertKind) bool {
	if !m.verifies(p) {
		return false
	}
	if c := m.cases[subject]; c != nil {
		return kind == fact.AlertNew && !c.sent && !m.kept(p, c)
	}
	all := m.chains[subject]
	last := all[len(all)-1]
	over := last.kind == fact.AlertClear || !last.expires.After(m.f.clock.Now())
	return kind != fact.AlertNew && last.kind != fact.AlertWithdraw && (kind == fact.AlertCorrect || !over)
}

// hour counts what went out within an hour, beside withdrawals: all to one cell.
func (m *model) hour() (n int) {
	for _, all := range m.chains {
		for _, s := range all {
			if s.kind != fact.AlertWithdraw && m.f.clock.Now().Sub(s.at) < time.Hour {
				n++
			}
		}
	}
	return n
}

func (m *model) agree(what string, err error, want bool) {
	m.t.Helper()
	if (err == nil) != want || err != nil && fault.Of(err) == nil {
		m.t.Fatalf("%s: %v, and it should be allowed: %v", what, err, want)
	}
	m.told[fmt.Sprintf("%.5s %v", what, want)]++
}

func (m *model) who() string { return rapid.SampledFrom(m.people).Draw(m.t, "who") }

// subject is a case or a chain.
func (m *model) subject() string {
	var all []string
	for s, c := range m.cases {
		if m.f.clock.Now().Sub(c.at) < 20*time.Hour {
			all = append(all, s)
		}
	}
	return m.one(all, m.chains)
}

// one is one of those, or of the chains.
func (m *model) one(all []string, chains map[string][]modelSent) string {
	for s := range chains {
		all = append(all, s)
	}
	if len(all) == 0 {
		m.t.Skip("there is none")
	}
	slices.Sort(all)
	return rapid.SampledFrom(all).Draw(m.t, "subject")
}

func (m *model) report(t *rapid.T) {
	m.t = t
	by := rapid.SampledFrom(append([]string{"", "", ""}, m.people...)).Draw(t, "reporter")
	key, err := m.f.report(by, ReportInput{
		Category: rapid.SampledFrom([]string{"fire", "weather", "road"}).Draw(t, "category"), Place: "Leipzig", Network: m.net, Ago: "0", FirstHand: "seen",
	})
	m.agree("report", err, true)
	of := m.f.text("select case_id from alert_report where hash = $1", id.Hash(key))
	if m.cases[of] == nil {
		m.cases[of] = &modelCase{at: m.f.clock.Now()}
	}
	if l := m.line(by); len(l) > 0 {
		m.cases[of].reporters = append(m.cases[of].reporters, modelReporter{by, l})
	}
}

func (f *fixture) text(q string, args ...any) (s string) {
	f.t.Helper()
	must(f.t, f.DB.Read(f.ctx(), func(tx *dbTx) error { return tx.Get(f.ctx(), q, args, &s) }))
	return s
}

func (m *model) propose(t *rapid.T) {
	m.t = t
	who, subject := m.who(), m.subject()
	kind := rapid.SampledFrom([]fact.AlertKind{fact.AlertNew, fact.AlertUpdate, fact.AlertCorrect, fact.AlertClear}).Draw(t, "kind")
	if m.cases[subject] != nil {
		kind = fact.AlertNew
	} else if kind == fact.AlertNew {
		kind = fact.AlertUpdate
	}
	seen := rapid.Bool().Draw(t, "saw it")
	want := m.may(who, subject, kind)
	if d := m.lasting(subject); d != nil && d.by != who && m.verifies(d.by) && m.f.clock.Now().Sub(d.at) < 20*time.Minute {
		if c := m.cases[subject]; c == nil || !m.kept(d.by, c) { // who has reported it since keeps nobody from it
			want = false
		}
	}
	msg := Message{
		Kind: kind, Category: m.category(subject), Basis: Seen, Confidence: Certain, Cells: []string{geo.GridAt(geo.Point{Lat: 51.34, Lon: 12.37}).String()}, Seen: m.f.clock.Now().Unix(),
		Lasts: 60 + 10*slices.Index(m.people, who), // nobody says the same
	}
	err := m.f.Propose(m.f.ctx(), as(who), m.net, subject, msg, seen, 3)
	if m.agree("propose", err, want); want {
		at := m.f.clock.Now()
		if d := m.lasting(subject); d != nil && d.by == who && d.kind == kind && m.cases[subject] == nil {
			at = d.at // the same once more is nothing new
		}
		m.drafts[subject] = &modelDraft{who, seen, kind, at}
	}
}

func (m *model) category(subject string) string {
	if m.cases[subject] != nil {
		return m.f.text("select category from alert_case where id = $1", subject)
	}
	return m.f.text("select category from alert where id = $1", subject)
}

func (m *model) confirm(t *rapid.T) {
	m.t = t
	var waiting []string
	for s := range m.drafts {
		waiting = append(waiting, s)
	}
	if len(waiting) == 0 {
		t.Skip("nothing is proposed")
	}
	slices.Sort(waiting)
	who, subject, seen := m.who(), rapid.SampledFrom(waiting).Draw(t, "subject"), rapid.Bool().Draw(t, "saw it")
	d, hash, salted := m.lasting(subject), "", m.drafts[subject]
	must(m.f.t, m.f.DB.Read(m.f.ctx(), func(tx *dbTx) error {
		x, err := draftOf(m.f.ctx(), tx, subject, salted.at)
		if x != nil {
			hash = x.Hash()
		}
		return err
	}))
	want := d != nil && m.verifies(d.by) && m.may(who, subject, d.kind) && m.may(d.by, subject, d.kind) && !kin(d.by, m.line(d.by), who, m.line(who)) &&
		(d.kind != fact.AlertNew || d.seen || seen) && m.hour() < 3
	sent, err := m.f.Confirm(m.f.ctx(), as(who), m.net, subject, hash, seen, 3)
	if m.agree("confirm", err, want); want {
		m.went(subject, sent, d.kind, 2)
	}
}

func (m *model) both(t *rapid.T) {
	m.propose(t)
	m.confirm(t)
}

// went notes that something went out, and reads what the record and people heard of it.
func (m *model) went(subject, sent string, kind fact.AlertKind, verifiers int) {
	m.t.Helper()
	if c := m.cases[subject]; c != nil {
		c.sent, subject = true, sent
	}
	delete(m.drafts, subject)
	for s, c := range m.cases {
		if c.sent {
			delete(m.drafts, s)
		}
	}
	if m.out++; len(m.f.heard.all) != m.out || len(m.f.lines.all) != m.out {
		m.t.Fatalf("%d went out, %d were heard, and the record has %d", m.out, len(m.f.heard.all), len(m.f.lines.all))
	}
	l, h := m.f.lines.all[m.out-1], m.f.heard.all[m.out-1]
	if l.Alert != sent || l.Chain != subject || h.Chain != subject || l.N != len(m.chains[subject])+1 || l.Kind != string(kind) || h.Kind != kind || len(l.Verifiers) != verifiers {
		m.t.Fatalf("%s of %s: %+v %+v", kind, subject, l, h)
	}
	now := m.f.clock.Now()
	if m.chains[subject] = append(m.chains[subject], modelSent{kind, now, h.Expires}); h.Expires.After(now.Add(12 * time.Hour)) {
		m.t.Fatalf("it lasts until %v", h.Expires)
	}
}

func (m *model) withdraw(t *rapid.T) {
	m.t = t
	who, subject := m.who(), m.one(nil, m.chains)
	all := m.chains[subject]
	sent, err := m.f.Withdraw(m.f.ctx(), as(who), m.net, subject)
	m.agree("withdraw", err, m.verifies(who))
	if err == nil && all[len(all)-1].kind != fact.AlertWithdraw {
		m.went(subject, sent, fact.AlertWithdraw, 1)
	}
}

// leave takes somebody from a group: whom they let in came through whoever let in them.
func (m *model) leave(t *rapid.T) {
	m.t = t
	who, g := m.who(), rapid.SampledFrom(m.groups).Draw(t, "group")
	by, in := m.by[g][who]
	if !in || strings.HasPrefix(who, "h") {
		t.Skip("they stay")
	}
	var from *string
	if by != "" {
		from = &by
	}
	m.f.exec("update member set vouched_by = $1 where group_id = $2 and vouched_by = $3", from, g, who)
	m.f.exec("delete from member where group_id = $1 and person_id = $2", g, who)
	must(m.f.t, m.f.DB.Write(m.f.ctx(), func(tx *dbTx) error {
		return m.f.MemberLeft(m.f.ctx(), tx, fact.MemberLeft{Group: id.Group(g), Person: id.Person(who)})
	}))
	for p, x := range m.by[g] {
		if x == who {
			m.by[g][p] = by
		}
	}
	delete(m.by[g], who)
	if m.names[who] != g {
		return
	}
	delete(m.names, who)
	for s, d := range m.drafts {
		if d.by == who {
			delete(m.drafts, s)
		}
	}
}

func (m *model) wait(t *rapid.T) {
	advance(m.f, time.Duration(rapid.SampledFrom([]int{1, 20, 45, 60, 119, 121}).Draw(t, "minutes"))*time.Minute)
	if rapid.Bool().Draw(t, "forget") {
		must(m.f.t, m.f.Expire(m.f.ctx()))
	}
}

// check is that nothing went out beside what the model let through.
func (m *model) check(t *rapid.T) {
	if len(m.f.heard.all) != m.out || len(m.f.lines.all) != m.out {
		t.Fatalf("%d went out, and people heard of %d", m.out, len(m.f.heard.all))
	}
	if n := m.hour(); n > 3 {
		t.Fatalf("%d went to the cell within an hour", n)
	}
}

// TestModel: whoever verifies, whomever they let in and whatever is reported, what goes
// out is what the rules let out. Lines of the record that are none are refused by what
// stands for it.
func TestModel(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("many steps")
	}
	each(t, func(t *testing.T, f *fixture) {
		told := map[string]int{}
		rapid.Check(t, func(rt *rapid.T) {
			m := newModel(rt, f, told)
			rt.Repeat(map[string]func(*rapid.T){
				"": m.check, "report": m.report, "propose": m.propose, "confirm": m.confirm, "both": m.both, "both again": m.both, "and again": m.both,
				"withdraw": m.withdraw, "leave": m.leave, "wait": m.wait,
			})
		})
		for _, what := range []string{"propo true", "propo false", "confi true", "confi false", "withd true", "withd false"} {
			if told[what] < 10 {
				t.Errorf("%s: only %d times", what, told[what])
			}
		}
		t.Log(told)
	})
}
