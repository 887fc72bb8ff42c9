package subscriptions

import (
	"fmt"
	"maps"
	"testing"
	"time"

	"pgregory.net/rapid"

	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/db/dbtest"
	"convoke/internal/fact"
	"convoke/internal/geo"
)

// somebody of the model: what they chose, and how their service behaves.
type somebody struct {
	name, secret string
	in           Choice
	since        time.Time // of the last change
	mood         string
}

// sentAlert is an alert of the model.
type sentAlert struct {
	fact.AlertSent
	n      int
	at     time.Time
	urgent bool
}

// model is what must be true of what people got.
type model struct {
	*fixture
	rt      *rapid.T
	people  map[string]*somebody
	chains  map[string][]sentAlert
	reached map[string]map[string]map[int]int // chain, contact, n, how often
	maybe   map[string]bool                   // chain and contact: it may have arrived without the model's knowing
	guessed map[string]bool                   // the same, and that it arrived at all is not known either
	refused map[string]bool                   // contact and alert
	delayed map[string]bool                   // the same: it comes again later
	tried   map[string]bool                   // chain and contact: it was handed over, or tried, in this life
	crashed bool
	cells   []geo.GridCell
	names   int
}

func TestModel(t *testing.T) {
	t.Parallel()
	url := dbtest.SQLite(t)
	c := clock.NewManual(start)
	var dying dbtest.Abort
	x := newFixture(t, dbtest.OpenBefore(t, url, c, dying.Before), c)
	cells := []geo.GridCell{cell(t, "Leipzig"), cell(t, "Halle"), cell(t, "Berlin")}
	rapid.Check(t, func(rt *rapid.T) {
		m := &model{fixture: x, rt: rt, people: map[string]*somebody{}, chains: map[string][]sentAlert{}, reached: map[string]map[string]map[int]int{}, maybe: map[string]bool{}, guessed: map[string]bool{}, refused: map[string]bool{}, delayed: map[string]bool{}, cells: cells}
		m.clear()
		x.channel.on, x.channel.after = m.takes, m.took
		rt.Repeat(map[string]func(*rapid.T){
			"join":  func(rt *rapid.T) { m.rt = rt; m.joins() },
			"alter": func(rt *rapid.T) { m.rt = rt; m.alters() },
			"leave": func(rt *rapid.T) { m.rt = rt; m.leaves() },
			"mood":  func(rt *rapid.T) { m.rt = rt; m.turns() },
			"alert": func(rt *rapid.T) { m.rt = rt; m.alerts() },
			"time": func(rt *rapid.T) {
				c.Add(rapid.SampledFrom([]time.Duration{time.Second, time.Minute, 20 * time.Minute, 3 * time.Hour, 9 * time.Hour}).Draw(rt, "passes"))
			},
			"run":   func(*rapid.T) { m.works() },
			"crash": func(rt *rapid.T) { m.rt = rt; m.dies(&dying) },
		})
		m.settles()
	})
}

func (m *model) clear() {
	must(m.t, m.DB.Write(m.ctx, func(tx *db.Tx) error {
		for _, table := range []string{"alert_later", "alert_broadcast", "alert_run", "alert_reach", "alert_air", "alert_broadcast_count", "alert_subscription", "job"} {
			if _, err := tx.Exec(m.ctx, "delete from "+table); err != nil {
				return err
			}
		}
		return nil
	}))
	m.channel.take()
}

func (m *model) choice() Choice {
	in := Choice{
		Cell:       rapid.SampledFrom(m.cells).Draw(m.rt, "cell").String(),
		Size:       rapid.SampledFrom([]string{"near", "town", "region"}).Draw(m.rt, "size"),
		Categories: rapid.SampledFrom([][]string{nil, {"fire"}, {"ice", "flood"}}).Draw(m.rt, "categories"),
		Drills:     rapid.Bool().Draw(m.rt, "drills"), Channel: "test",
	}
	if rapid.Bool().Draw(m.rt, "sleeps") {
		in.QuietFrom, in.QuietTo = "22:00", "07:00"
	}
	return in
}

func (m *model) joins() {
	if len(m.people) > 7 {
		return
	}
	m.names++
	p := &somebody{name: fmt.Sprint("p", m.names), in: m.choice()}
	p.in.Contact = p.name
	m.people[p.name] = p
	p.secret = m.quietly(func() string { return m.join(p.in) })
	p.since = m.clock.Now()
}

// quietly subscribes while nothing else is on its way: what runs meanwhile is judged first.
func (m *model) quietly(f func() string) string {
	m.works()
	return f()
}

func (m *model) any(what string) *somebody {
	var names []string
	for i := range m.names {
		if n := fmt.Sprint("p", i+1); m.people[n] != nil {
			names = append(names, n)
		}
	}
	if len(names) == 0 {
		m.rt.Skip("nobody")
	}
	return m.people[rapid.SampledFrom(names).Draw(m.rt, what)]
}

func (m *model) alters() {
	p := m.any("who")
	in := m.choice()
	in.Contact = p.name
	must(m.t, m.Change(m.ctx, p.secret, in))
	p.in, p.since = in, m.clock.Now()
}

func (m *model) leaves() {
	p := m.any("who")
	must(m.t, m.Leave(m.ctx, p.secret))
	delete(m.people, p.name)
}

func (m *model) turns() {
	m.any("who").mood = rapid.SampledFrom([]string{"", "", "busy", "deaf", "broken", "gone"}).Draw(m.rt, "mood")
}

func (m *model) alerts() {
	chain := rapid.SampledFrom([]string{"a", "b", "c"}).Draw(m.rt, "chain")
	old := m.chains[chain]
	kind := fact.AlertNew
	if len(old) > 0 {
		kind = rapid.SampledFrom([]fact.AlertKind{fact.AlertUpdate, fact.AlertCorrect, fact.AlertWithdraw, fact.AlertClear}).Draw(m.rt, "kind")
		if k := old[len(old)-1].Kind; k == fact.AlertWithdraw || k == fact.AlertClear {
			m.rt.Skip("over")
		}
	}
	a := sentAlert{n: len(old) + 1, at: m.clock.Now(), AlertSent: fact.AlertSent{
		Chain: chain, Kind: kind, Category: rapid.SampledFrom([]string{"fire", "ice"}).Draw(m.rt, "category"), Drill: rapid.Bool().Draw(m.rt, "drill"),
		Cells:   []int64{int64(rapid.SampledFrom(m.cells).Draw(m.rt, "where"))},
		Expires: m.clock.Now().Add(rapid.SampledFrom([]time.Duration{20 * time.Minute, 2 * time.Hour, 200 * time.Hour}).Draw(m.rt, "lasts")),
	}}
	a.Alert = fmt.Sprintf("%s/%d", chain, a.n)
	a.urgent = rapid.Bool().Draw(m.rt, "urgent")
	m.alertsOf().urgent[a.Alert] = a.urgent
	m.chains[chain] = append(old, a)
	m.emit(a.AlertSent)
}

func (m *model) alertsOf() *fakeAlerts { return m.fixture.alerts }

// takes is the service of a recipient before it takes a message.
func (m *model) takes(p Parcel) error {
	m.channel.mu.Lock()
	defer m.channel.mu.Unlock()
	who := m.people[p.Contact]
	if who == nil || p.Tag == "subscription" {
		return nil
	}
	if m.tried != nil {
		m.tried[p.Tag+p.Contact] = true
	}
	switch who.mood {
	case "busy":
		m.delayed[p.Contact+p.Title] = true
		return Later{}
	case "deaf":
		m.refused[p.Contact+p.Title] = true
		return ErrRefused
	case "gone":
		return ErrGone
	}
	return nil
}

// took is what happens behind it: the line may break before anybody knows.
func (m *model) took(p Parcel) error {
	m.channel.mu.Lock()
	defer m.channel.mu.Unlock()
	if who := m.people[p.Contact]; who != nil && who.mood == "broken" && p.Tag != "subscription" {
		return errLine
	}
	return nil
}

func (m *model) works() {
	m.run()
	m.judge()
	for chain, all := range m.chains {
		a := all[len(all)-1]
		for name := range m.people {
			if !m.clock.Now().Before(m.until(&a, name)) || m.refused[name+a.Alert] || m.delayed[name+a.Alert] {
				continue
			}
			if w := m.wrongly(chain, name); w > 0 {
				m.rt.Fatalf("%s has heard %v of %s, and that was wrong since %d", name, m.reached[chain][name], chain, w)
			}
			if m.lacks(&a, name) && m.now(&a, name) && !m.maybe[chain+name] {
				m.rt.Fatalf("%s has heard %v of %s, and not %s", name, m.reached[chain][name], chain, a.Alert)
			}
		}
	}
}

// lacks is that somebody has heard of a chain, and not its last alert.
func (m *model) lacks(a *sentAlert, name string) bool {
	had := m.reached[a.Chain][name]
	return len(had) > 0 && had[a.n] == 0
}

// now is that an alert is not for the morning, nor was when somebody chose otherwise.
func (m *model) now(a *sentAlert, name string) bool {
	p := m.people[name]
	return a.urgent || p.since.Before(a.at) && m.quiet(p).until(m.clock.Now(), "Europe/Berlin").IsZero()
}

// until is how long somebody may get the last alert of a chain: twelve hours at least where
// it ends what they were told, or that was corrected since, and they may not know so yet.
func (m *model) until(a *sentAlert, name string) time.Time {
	who, right, last, first := a.Chain+name, 0, 0, a.n
	for _, x := range m.chains[a.Chain] {
		if x.Kind == fact.AlertCorrect || x.Kind == fact.AlertWithdraw || x.Kind == fact.AlertClear && x.n == a.n {
			right = x.n
		}
	}
	for n := range m.reached[a.Chain][name] {
		last, first = max(last, n), min(first, n)
	}
	told := last > 0 && first < right || m.guessed[who] && right > 0
	unaware := last < right || m.maybe[who]
	if least := a.at.Add(12 * time.Hour); told && unaware && a.Expires.Before(least) {
		return least
	}
	return a.Expires
}

// wrongly is the first correction or withdrawal that somebody has not heard who was reached
// by what was before, 0 for none.
func (m *model) wrongly(chain, name string) int {
	last := 0
	for n := range m.reached[chain][name] {
		last = max(last, n)
	}
	for _, x := range m.chains[chain] {
		if last > 0 && x.n > last && (x.Kind == fact.AlertCorrect || x.Kind == fact.AlertWithdraw) {
			return x.n
		}
	}
	return 0
}

// dies lets the process end at some statement, and another one go on after the leases.
func (m *model) dies(a *dbtest.Abort) {
	m.tried = map[string]bool{}
	a.At(rapid.IntRange(1, 40).Draw(m.rt, "dies at"))
	_ = m.Due(m.ctx)
	_, _ = m.jobs.RunPending(m.ctx)
	if a.Off() {
		m.crashed = true
		// How a try ended may not be written down, not even that it was refused.
		maps.Copy(m.maybe, m.tried)
		maps.Copy(m.guessed, m.tried)
	}
	m.judge()
	m.clock.Add(jobFor + 11*time.Second)
}

// judge looks at all that people got just now.
func (m *model) judge() {
	m.t.Helper()
	for _, p := range m.channel.take() {
		if p.parcel.Tag == "subscription" {
			continue
		}
		m.judgeOne(p)
	}
	for name, p := range m.people {
		if p.mood == "gone" && m.countOf(p.secret) == 0 {
			delete(m.people, name)
		}
	}
}

func (m *model) countOf(secret string) int {
	if _, err := m.Find(m.ctx, secret); err != nil {
		return 0
	}
	return 1
}

func (m *model) judgeOne(p post) {
	chain := p.parcel.Tag
	all := m.chains[chain]
	a := all[len(all)-1]
	who := m.people[p.contact]
	if who == nil {
		m.rt.Fatalf("%s left and got %s", p.contact, p.alert)
	}
	if a.Alert != p.alert {
		m.rt.Fatalf("%s got %s, and %s was sent", p.contact, p.alert, a.Alert)
	}
	if !p.at.Before(m.until(&a, p.contact)) {
		m.rt.Fatalf("%s got %s after it expired", p.contact, p.alert)
	}
	if m.reached[chain] == nil {
		m.reached[chain] = map[string]map[int]int{}
	}
	had := m.reached[chain][p.contact]
	last := 0
	for n := range had {
		last = max(last, n)
	}
	if had[a.n] > 0 && !m.crashed && !m.maybe[chain+p.contact] {
		m.rt.Fatalf("%s got %s twice", p.contact, p.alert)
	}
	before := last > 0 && last < a.n || had[a.n] > 0 || m.maybe[chain+p.contact]
	if !before {
		m.first(who, &a, p)
	}
	if q := m.quiet(who); !q.until(p.at, "Europe/Berlin").IsZero() && !a.urgent && !m.maybe[chain+p.contact] {
		if m.wrongly(chain, p.contact) == 0 {
			m.rt.Fatalf("%s got %s in their quiet hours", p.contact, p.alert)
		}
	}
	if had == nil {
		had = map[int]int{}
		m.reached[chain][p.contact] = had
	}
	had[a.n]++
	if who.mood == "broken" {
		m.maybe[chain+p.contact] = true
	}
}

func (m *model) quiet(p *somebody) (q Quiet) {
	q.From, _ = parseClock(p.in.QuietFrom)
	q.To, _ = parseClock(p.in.QuietTo)
	return q
}

// first is that somebody may hear of a chain at all.
func (m *model) first(p *somebody, a *sentAlert, got post) {
	if a.Kind == fact.AlertWithdraw || a.Kind == fact.AlertClear {
		m.rt.Fatalf("%s got %s and nothing before", p.name, got.alert)
	}
	if !m.wanted(p, a) {
		m.rt.Fatalf("%s got %s and did not want it: %+v, %+v", p.name, got.alert, p.in, a)
	}
}

func (m *model) wanted(p *somebody, a *sentAlert) bool {
	home, _ := geo.ParseGridCell(p.in.Cell)
	s := Subscription{Groups: p.in.Categories, Drills: p.in.Drills}
	b := broadcast{areas: geo.AreasWith([]geo.GridCell{geo.GridCell(a.Cells[0])}, levels()...)}
	return s.wants(a.Category, a.Drill) && b.near(geo.AreaAt(home, levelOf(p.in.Size)))
}

// settles lets all services work and a day go by: then everybody has heard the last of each
// chain that lasts, or lasted for long enough to be tried once more.
func (m *model) settles() {
	for _, p := range m.people {
		p.mood = ""
	}
	owed := m.owed()
	for range 30 {
		m.works()
		m.clock.Add(time.Hour)
	}
	m.works()
	for _, d := range owed {
		if m.people[d.name] != nil && m.lacks(&d.sentAlert, d.name) && !m.refused[d.name+d.Alert] {
			m.rt.Errorf("%s got %v of %s, and not %s", d.name, m.reached[d.Chain][d.name], d.Chain, d.Alert)
		}
	}
	for chain, all := range m.chains {
		a := all[len(all)-1]
		if !m.clock.Now().Before(a.Expires) {
			continue
		}
		for name, p := range m.people {
			had := m.reached[chain][name]
			if m.refused[name+a.Alert] || had[a.n] > 0 {
				continue
			}
			if len(had) > 0 {
				m.rt.Errorf("%s got %v of %s, and not the last, which is %d", name, had, chain, a.n)
			}
			ends := a.Kind == fact.AlertWithdraw || a.Kind == fact.AlertClear
			if !ends && p.since.Before(a.at) && m.wanted(p, &a) {
				m.rt.Errorf("%s did not get %s: %+v", name, a.Alert, p.in)
			}
		}
	}
}

// debt is an alert that somebody has to hear who has heard of its chain.
type debt struct {
	sentAlert
	name string
}

// owed are those that last for another hour, in which all is tried once more.
func (m *model) owed() (out []debt) {
	for _, all := range m.chains {
		a := all[len(all)-1]
		for name, p := range m.people {
			awake := !m.maybe[a.Chain+name] && (a.urgent || p.in.QuietFrom == "" && p.since.Before(a.at))
			if m.lacks(&a, name) && (awake || m.wrongly(a.Chain, name) > 0) && m.clock.Now().Add(time.Hour).Before(m.until(&a, name)) {
				out = append(out, debt{a, name})
			}
		}
	}
	return out
}
