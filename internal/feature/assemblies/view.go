package assemblies

import (
	"fmt"
	"hash/crc32"
	"html/template"
	"maps"
	"strings"
	"sync"
	"time"

	"convoke/internal/i18n"
	"convoke/internal/web"
)

// timerView is a timer on a page: script counts down to Ends, others read Text.
type timerView struct {
	Set, Runs bool
	Ends      string // RFC 3339
	Text      string
}

func timerViewOf(l *i18n.Locale, a *Assembly, t Timer) timerView {
	v := timerView{Set: t.Set(), Runs: t.Runs()}
	switch {
	case v.Runs:
		v.Ends = t.Ends.UTC().Format(time.RFC3339)
		v.Text = l.T("until {time}", "time", l.Time(a.Local(t.Ends)))
	case v.Set && t.Left > 0:
		v.Text = l.N("stopped, {n} minute left", "stopped, {n} minutes left", int((t.Left+time.Minute-1)/time.Minute))
	case v.Set:
		v.Text = l.T("stopped, over time")
	}
	return v
}

// itemView is an item of the agenda on a page.
type itemView struct {
	Place           int // where it was seen, by those who may order: the first is 1
	ID, Title, Link string
	Planned         string
	State           ItemState
	StateName       string
	Lang            string
}

func itemViewOf(l *i18n.Locale, a *Assembly, i *Item) itemView {
	v := itemView{ID: i.ID, Title: i.Title, Link: i.Link, State: i.State, StateName: l.T(i.State.name()), Lang: a.Lang}
	if i.Minutes > 0 {
		v.Planned = l.N("{n} minute", "{n} minutes", i.Minutes)
	}
	return v
}

// nowView is where an assembly stands: what is the same for all in the room, or for
// all others.
type nowView struct {
	Version    int
	Over, Open bool
	State      string
	Item       *itemView
	Timer      timerView
	Named      bool
	Speaker    string // "" where nobody speaks, or no names are shown
	Speaks     bool
	Clock      timerView // of who speaks
	Next       []string
	Waiting    string // how many wait, in words
	People     string // how many are here; "" where that is not published
	Said       string // the change in a few words, for those who hear the page
	Agenda     []itemView
	Order      string // changes with the agenda
}

// maxNext is how many of those who wait are named.
const maxNext = 30

func nowOf(l *i18n.Locale, r *Room) nowView {
	a := &r.Assembly
	v := nowView{Version: a.Version, Over: a.State.Over(), Open: a.State == Open, State: l.T(a.State.name()), Named: r.Named}
	order := crc32.NewIEEE()
	for i := range r.Agenda {
		x := &r.Agenda[i]
		if x.State == Proposed && !r.Seat.Inside {
			continue
		}
		v.Agenda = append(v.Agenda, itemViewOf(l, a, x))
		_, _ = order.Write([]byte(x.ID + string(x.State)))
	}
	v.Order = fmt.Sprintf("%d.%d.%x", a.Sequence, a.Step, order.Sum32())
	v.Said = v.State
	if i := r.Agenda.now(); i >= 0 {
		x := itemViewOf(l, a, &r.Agenda[i])
		v.Item, v.Timer, v.Said = &x, timerViewOf(l, a, a.Timer), l.T("Now: {item}", "item", x.Title)
	}
	if a.PeopleShown && a.People >= 0 {
		v.People = l.N("{n} person is here", "{n} people are here", a.People)
		if a.State == Closed {
			v.People = l.N("{n} person was there", "{n} people were there", a.People)
		}
	}
	if v.Open {
		v.speakers(l, a, r.Stack)
	}
	return v
}

func (v *nowView) speakers(l *i18n.Locale, a *Assembly, s stack) {
	if h, ok := s.speaking(); ok {
		v.Speaks, v.Speaker, v.Clock = true, h.Name, timerViewOf(l, a, a.Speaker)
		if h.Name != "" {
			v.Said += ". " + l.T("{name} speaks", "name", h.Name)
		}
	}
	waiting := s.waiting(a.FirstFirst)
	v.Waiting = l.N("{n} person waits to speak", "{n} people wait to speak", len(waiting))
	if len(waiting) == 0 {
		v.Waiting = l.T("Nobody waits to speak.")
	}
	if v.Named {
		for _, h := range waiting[:min(len(waiting), maxNext)] {
			v.Next = append(v.Next, h.Name)
		}
	}
}

// ownView is one's own hand on a page.
type ownView struct {
	Show   bool
	Key    string // changes with what is shown
	Form   *web.Form
	Action string
	FormID string // the form's key
	Text   string
	Raise  bool // with a name
	Again  bool
	Lower  bool
}

// ownOf shows the hand of somebody in the room. place is where it is in the line, or
// 0 where that was not read.
func ownOf(c *web.Call, f *web.Form, r *Room, action string) ownView {
	l, h := c.Locale, r.Own
	v := ownView{Show: r.Assembly.State == Open, Form: f, Action: action, FormID: c.NewKey(), Key: string(h.State)}
	if f.Failed() {
		v.FormID = f.Line("key")
	}
	switch {
	case !v.Show:
	case !r.Has:
		v.Raise = true
	case h.State == Up:
		v.Text, v.Lower = l.T("Your hand is up."), true
	case h.State == Speaking:
		v.Text, v.Lower = l.T("You have the floor."), true
	default:
		v.Text, v.Again = l.T("Your hand is down."), true
	}
	return v
}

// memo keeps the part of pages that is the same for all in a room, as it was rendered
// for one version: neither members nor who comes by the link are served from the cache
// of pages. There are names in it, so it forgets all of an assembly when that changes, as
// it does when it closes.
type memo struct {
	mu      sync.Mutex
	all     map[memoKey]rendered
	forgets int
}

// memoKey tells apart what looks different.
type memoKey struct {
	aid           ID
	locale        string
	named, inside bool
}

type rendered struct {
	version int
	html    template.HTML
}

// maxMemo bounds what is kept; beyond it everything is rendered again.
const maxMemo = 256

func (m *memo) get(key memoKey, version int) (template.HTML, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r, ok := m.all[key]
	return r.html, ok && r.version == version
}

// now stands for the moment before something is read that is put later.
func (m *memo) now() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.forgets
}

// put keeps what was read after a moment, unless something was forgotten since.
func (m *memo) put(key memoKey, version, since int, html template.HTML) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.forgets != since {
		return
	}
	if m.all == nil || len(m.all) >= maxMemo {
		m.all = map[memoKey]rendered{}
	}
	m.all[key] = rendered{version, html}
}

// forget drops all of the assemblies that tags name.
func (m *memo) forget(tags []string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, t := range tags {
		if aid, ok := strings.CutPrefix(t, "assembly:"); ok || t == "*" {
			m.forgets++
			maps.DeleteFunc(m.all, func(k memoKey, _ rendered) bool { return !ok || k.aid == ID(aid) })
		}
	}
}

// Touched is told of the tags of each commit, here or in another process, after the
// cache of pages was.
func (w *Web) Touched(tags []string) {
	w.kept.forget(tags)
	w.Hub.Touched(tags)
}
