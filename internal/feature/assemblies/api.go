package assemblies

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"convoke/internal/api"
	"convoke/internal/day"
	"convoke/internal/plaintext"
	"convoke/internal/web"
)

// AssemblyItem is an assembly as lists show it. It is exported to be described as
// part of another type.
type AssemblyItem struct {
	ID     string    `json:"id"`
	URL    string    `json:"url" doc:"Of its page."`
	Title  string    `json:"title"`
	Lang   string    `json:"lang" doc:"ISO 639."`
	State  string    `json:"state" enum:"draft,called,open,closed,off"`
	Starts time.Time `json:"starts"`
	Ends   time.Time `json:"ends"`
	Zone   string    `json:"zone" doc:"IANA."`
	Place  string    `json:"place,omitempty"`
	Public bool      `json:"public" doc:"Everybody may know of it; else members only."`
}

// apiAssembly is an assembly as its page shows it.
type apiAssembly struct {
	AssemblyItem
	Group       apiAssemblyGroup   `json:"group"`
	About       string             `json:"about" doc:"Markdown."`
	OnlineURL   string             `json:"online_url,omitempty" doc:"For those who may have it."`
	NoticeAsked int                `json:"notice_asked" doc:"Days of notice that the group asked for when it was called."`
	NoticeAhead int                `json:"notice_ahead" doc:"Days that it was called ahead."`
	Urgent      bool               `json:"urgent" doc:"Called later than the group asks for."`
	FirstFirst  bool               `json:"first_first" doc:"Who has not spoken yet speaks first."`
	Speak       int                `json:"speak" doc:"Minutes for each who speaks; 0 is no limit."`
	People      *int               `json:"people,omitempty" doc:"How many are or were there, where that is published."`
	Version     int                `json:"version" doc:"Grows with each change; the stream at live_url says it."`
	Step        int                `json:"step" doc:"An act of whoever runs it sends it back."`
	Sequence    int                `json:"sequence" doc:"A change of the call, or of what the agenda says, sends it back."`
	LiveURL     string             `json:"live_url,omitempty" doc:"Server-Sent Events, each with the version as data; absent when it is over."`
	CalendarURL string             `json:"calendar_url"`
	Agenda      []apiAssemblyPoint `json:"agenda" nullable:"false"`
	TimerEnds   *time.Time         `json:"timer_ends,omitempty" doc:"Of the item under way, while its timer runs."`
	SpeakerEnds *time.Time         `json:"speaker_ends,omitempty"`
	Waiting     int                `json:"waiting" doc:"How many wait to speak."`
	Speaker     string             `json:"speaker,omitempty" doc:"For those in the room."`
	Next        []string           `json:"next,omitempty" nullable:"false" doc:"Who waits to speak, the next one first; for those in the room."`
	Hand        string             `json:"hand,omitempty" enum:"up,speaking,down" doc:"One's own, for those in the room."`
	Minutes     string             `json:"minutes" enum:"draft,members,public" doc:"For whom they are published."`
	Updated     time.Time          `json:"updated"`
}

type apiAssemblyGroup struct {
	Handle string `json:"handle"`
	Name   string `json:"name"`
}

type apiAssemblyPoint struct {
	ID      string `json:"id"`
	Title   string `json:"title"`
	Minutes int    `json:"minutes" doc:"Planned; 0 is no limit."`
	Link    string `json:"link,omitempty" doc:"Of a page of this server."`
	State   string `json:"state" enum:"proposed,waiting,now,done"`
}

// apiAssemblyInput is an assembly as the form takes it.
type apiAssemblyInput struct {
	Title        string `json:"title"`
	About        string `json:"about,omitempty" doc:"Markdown."`
	Lang         string `json:"lang" doc:"ISO 639."`
	Place        string `json:"place,omitempty"`
	OnlineURL    string `json:"online_url,omitempty"`
	OnlineInside bool   `json:"online_inside,omitempty" doc:"Only members see the address online."`
	Day          string `json:"day" doc:"2027-05-08, at the place of the group."`
	Start        string `json:"start" doc:"18:30."`
	End          string `json:"end" doc:"20:00; on the next day when it is not later than start."`
	Public       bool   `json:"public,omitempty"`
	FirstFirst   bool   `json:"first_first,omitempty"`
	Speak        int    `json:"speak,omitempty"`
	Urgent       bool   `json:"urgent,omitempty" doc:"When what was called moves."`
	Sequence     int    `json:"sequence,omitempty" doc:"For a change: that of the assembly as it was read."`
}

func (in *apiAssemblyInput) typed() Input {
	return Input{
		Title: plaintext.Line(in.Title), About: plaintext.Text(in.About), Lang: in.Lang, Place: plaintext.Line(in.Place),
		OnlineURL: plaintext.Line(in.OnlineURL), OnlineInside: in.OnlineInside, Day: in.Day, Start: in.Start, End: in.End,
		Public: in.Public, FirstFirst: in.FirstFirst, Speak: strconv.Itoa(in.Speak), Urgent: in.Urgent,
	}
}

type apiAssemblyPointInput struct {
	Title    string `json:"title"`
	Minutes  int    `json:"minutes,omitempty"`
	Link     string `json:"link,omitempty"`
	Sequence int    `json:"sequence,omitempty" doc:"For a change: that of the assembly."`
}

func (in *apiAssemblyPointInput) typed() ItemInput {
	return ItemInput{plaintext.Line(in.Title), strconv.Itoa(in.Minutes), plaintext.Line(in.Link)}
}

type apiAssemblyMinutes struct {
	State       string                  `json:"state" enum:"draft,members,public"`
	Approved    *time.Time              `json:"approved,omitempty" doc:"Since then only corrections are added."`
	People      *int                    `json:"people,omitempty" doc:"How many were there."`
	Items       []apiAssemblyNotes      `json:"items" nullable:"false"`
	Corrections []apiAssemblyCorrection `json:"corrections" nullable:"false"`
}

type apiAssemblyNotes struct {
	ID        string            `json:"id"`
	Title     string            `json:"title"`
	Notes     string            `json:"notes" doc:"Markdown."`
	Decisions []string          `json:"decisions" nullable:"false"`
	Tasks     []apiAssemblyTask `json:"tasks" nullable:"false"`
	Sequence  int               `json:"sequence" doc:"A change of these notes sends it back."`
}

type apiAssemblyTask struct {
	Task  string `json:"task"`
	Owner string `json:"owner,omitempty" doc:"Handle; for members."`
	Until string `json:"until,omitempty" doc:"2027-05-08."`
}

type apiAssemblyCorrection struct {
	Day  string `json:"day"`
	Body string `json:"body"`
}

type (
	apiList struct {
		When  string `query:"when" enum:"past" doc:"Past ones; those to come when absent."`
		After string `query:"after" doc:"The member next of the page before."`
	}
	apiPath struct {
		ID string `path:"id"`
	}
)

func apiItemOf(base string, a *Assembly) AssemblyItem {
	return AssemblyItem{
		ID: string(a.ID), URL: base + a.url(), Title: a.Title, Lang: a.Lang, State: string(a.State), Starts: a.Starts, Ends: a.Ends,
		Zone: a.Zone, Place: a.Place, Public: a.Public,
	}
}

func (w *Web) apiList(c *web.Call, in *apiList) (api.Page[AssemblyItem], error) {
	past := in.When == "past"
	all, more, err := w.List(c.Context(), past, readCursor(in.After, past), pageSize)
	if err != nil {
		return api.Page[AssemblyItem]{}, err
	}
	out := make([]AssemblyItem, len(all))
	for i := range all {
		out[i] = apiItemOf(c.BaseURL(), &all[i])
	}
	next := ""
	if more {
		next = all[len(all)-1].cursor()
	}
	return api.PageOf(out, next), nil
}

// apiShow is an assembly as r sees it.
func (w *Web) apiShow(c *web.Call, aid ID, r room) (apiAssembly, error) {
	x, err := w.Look(c.Context(), aid, r, nil)
	if err != nil {
		return apiAssembly{}, err
	}
	a, base := &x.Assembly, c.BaseURL()
	out := apiAssembly{
		AssemblyItem: apiItemOf(base, a), Group: apiAssemblyGroup{x.Seat.Group.Handle, x.Seat.Group.Name}, About: a.About,
		NoticeAsked: a.Notice.Asked, NoticeAhead: a.Notice.Ahead, Urgent: a.Notice.Urgent, FirstFirst: a.FirstFirst, Speak: a.Speak,
		Version: a.Version, Step: a.Step, Sequence: a.Sequence, CalendarURL: base + a.url() + ".ics", Agenda: []apiAssemblyPoint{},
		Minutes: a.Minutes, Updated: a.Updated,
	}
	if a.OnlineURL != "" && (!a.OnlineInside || x.Seat.Inside) {
		out.OnlineURL = a.OnlineURL
	}
	if a.People >= 0 && (a.PeopleShown || x.Seat.Runs) {
		out.People = &a.People
	}
	if a.Minutes == "" {
		out.Minutes = MinutesDraft
	}
	if !a.State.Over() {
		out.LiveURL = base + a.url() + "/live"
	}
	out.TimerEnds, out.SpeakerEnds = instant(a.Timer), instant(a.Speaker)
	for i := range x.Agenda {
		if p := &x.Agenda[i]; p.State != Proposed || x.Seat.Inside {
			out.Agenda = append(out.Agenda, apiAssemblyPoint{p.ID, p.Title, p.Minutes, p.Link, string(p.State)})
		}
	}
	out.speakers(&x)
	return out, nil
}

func (out *apiAssembly) speakers(x *Room) {
	waiting := x.Stack.waiting(x.Assembly.FirstFirst)
	if out.Waiting = len(waiting); !x.Named {
		return
	}
	if h, ok := x.Stack.speaking(); ok {
		out.Speaker = h.Name
	}
	for _, h := range waiting {
		out.Next = append(out.Next, h.Name)
	}
	if x.Has {
		out.Hand = string(x.Own.State)
	}
}

func instant(t Timer) *time.Time {
	if !t.Runs() {
		return nil
	}
	return &t.Ends
}

func (w *Web) apiMinutes(c *web.Call, aid ID) (apiAssemblyMinutes, error) {
	m, err := w.ReadMinutes(c.Context(), c.Actor(), aid)
	if err != nil {
		return apiAssemblyMinutes{}, err
	}
	a := &m.Assembly
	out := apiAssemblyMinutes{State: a.Minutes, Items: []apiAssemblyNotes{}, Corrections: []apiAssemblyCorrection{}}
	if out.State == "" {
		out.State = MinutesDraft
	}
	if !a.Approved.IsZero() {
		out.Approved = &a.Approved
	}
	if a.People >= 0 && (a.PeopleShown || m.Seat.Inside) {
		out.People = &a.People
	}
	for i := range m.Agenda {
		x := &m.Agenda[i]
		if x.State == Proposed {
			continue
		}
		n := apiAssemblyNotes{ID: x.ID, Title: x.Title, Notes: x.Notes, Decisions: []string{}, Tasks: []apiAssemblyTask{}, Sequence: x.Sequence}
		for _, l := range x.Lines {
			if l.Kind == Decision {
				n.Decisions = append(n.Decisions, l.Body)
				continue
			}
			n.Tasks = append(n.Tasks, apiAssemblyTask{l.Body, m.Handles[string(l.Owner)], day.ISO(l.Until)})
		}
		out.Items = append(out.Items, n)
	}
	for _, x := range m.Corrections {
		out.Corrections = append(out.Corrections, apiAssemblyCorrection{day.ISO(x.Day), x.Body})
	}
	return out, nil
}

// op begins an operation on assemblies.
func op(method, path, name, summary, doc string) api.Op {
	return api.Op{Method: method, Path: path, ID: name, Tag: "assemblies", Summary: summary, Doc: doc, Scope: api.Groups}
}

func open(method, path, name, summary, doc string) api.Op {
	o := op(method, path, name, summary, doc)
	o.Scope, o.Open = api.Read, true
	return o
}

func cached(c *web.Call) ([]string, time.Duration) { return tags(ID(c.Param("id"))), pageTTL }

// MountAPI adds the operations on assemblies.
func (w *Web) MountAPI(a *api.API) {
	list := open(http.MethodGet, "/assemblies", "listAssemblies", "Find public assemblies", "The nearest first, or past ones, the latest first.")
	list.Cache = func(*web.Call) ([]string, time.Duration) { return []string{"assemblies", "site"}, listTTL }
	api.Add(a, list, w.apiList)
	get := open(http.MethodGet, "/assemblies/{id}", "getAssembly", "One assembly", "With its agenda and where it stands. Names are for those in the room.")
	get.Cache = cached
	api.Add(a, get, func(c *web.Call, in *apiPath) (apiAssembly, error) {
		return w.apiShow(c, ID(in.ID), room{By: c.Actor()})
	})
	minutes := open(http.MethodGet, "/assemblies/{id}/minutes", "getAssemblyMinutes", "The minutes of an assembly", "Once they are published; drafts for those who write them.")
	minutes.Cache = cached
	api.Add(a, minutes, func(c *web.Call, in *apiPath) (apiAssemblyMinutes, error) { return w.apiMinutes(c, ID(in.ID)) })
	w.mountCall(a)
	w.mountRun(a)
	w.mountHands(a)
}

// oneLine cleans what a program sends as the form would.
func oneLine(s string) string { return strings.TrimSpace(plaintext.Line(s)) }
