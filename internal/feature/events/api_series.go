package events

import (
	"context"
	"net/http"

	"convoke/internal/api"
	"convoke/internal/day"
	"convoke/internal/db"
	"convoke/internal/id"
	"convoke/internal/web"
)

// apiSeriesOf is what an event's JSON says of its series.
type apiSeriesOf struct {
	ID      string `json:"id" doc:"The same for all dates of one series."`
	Rule    string `json:"rule" doc:"An RRULE, as in RFC 5545, 3.3.10."`
	Date    string `json:"date" doc:"The day on which the rule has this date. It stays the same when the date is moved."`
	Version int    `json:"version" doc:"Grows with every change of several dates; such a change sends it back as series_version."`
}

// seriesMap are the series of events; never nil.
type seriesMap map[id.Event]apiSeriesOf

func seriesOf(ctx context.Context, tx *db.Tx, es []Event) (seriesMap, error) {
	out := seriesMap{}
	links, err := linksOf(ctx, tx, es)
	if err != nil || len(links) == 0 {
		return out, err
	}
	known := map[string]series{}
	for eid, k := range links {
		x, ok := known[k.Series]
		if !ok {
			if x, err = oneSeries(ctx, tx, "id = $1", k.Series); err != nil {
				return out, err
			}
			known[k.Series] = x
		}
		out[eid] = apiSeriesOf{ID: x.ID, Rule: x.Rule, Date: day.ISO(k.Day), Version: x.Version}
	}
	return out, nil
}

// of is nil for an event that does not repeat.
func (m seriesMap) of(e *Event) *apiSeriesOf {
	if x, ok := m[e.ID]; ok {
		return &x
	}
	return nil
}

type apiRepeat struct {
	ID   string `path:"id"`
	Body struct {
		Every    int      `json:"every,omitempty" doc:"1 when absent: every day, week or month."`
		Unit     string   `json:"unit" enum:"day,week,month"`
		Weekdays []string `json:"weekday,omitempty" nullable:"false" enum:"MO,TU,WE,TH,FR,SA,SU" doc:"For weeks; that of the event, which must be one of them, when absent."`
		Monthly  string   `json:"monthly,omitempty" enum:"day,last_day,nth,last" doc:"For months: on the event’s day of the month (also when absent), on the last day, or on the event’s weekday counted from the beginning or from the end of the month."`
		End      string   `json:"end,omitempty" enum:"never,until,times" doc:"never when absent: dates are added by themselves, 90 days ahead."`
		Until    string   `json:"until,omitempty" doc:"The last day: 2027-05-08. At most two years ahead."`
		Times    int      `json:"times,omitempty" doc:"How often, this event included: 2 to 60."`
		Except   []string `json:"except,omitempty" nullable:"false" doc:"Days on which it does not take place."`
		Version  int      `json:"series_version,omitempty" doc:"Of an event that repeats already: the version of its series as it was read."`
	}
}

func (w *Web) mountSeriesAPI(a *api.API) {
	api.Add(a, api.Op{
		Method: http.MethodPost, Path: "/events/{id}/repeat", ID: "repeatEvent", Tag: "events", Summary: "Make an event repeat, or repeat otherwise",
		Doc: "For organizers of its group. Each further date becomes an event of its own that says what this one says. Of an event that repeats already, " +
			"this date and all later ones follow the new rule: dates that fit stay, others are cancelled. Answers with the dates, this one first.",
		Scope: api.Events, Status: http.StatusCreated, Keyed: true,
	}, func(c *web.Call, in *apiRepeat) (api.Page[apiEvent], error) { return w.apiRepeat(c, a, in) })
	api.Add(a, api.Op{
		Method: http.MethodPost, Path: "/events/{id}/repeat/end", ID: "endSeries", Tag: "events", Summary: "Call off dates of an event that repeats",
		Doc: "For organizers of its group. Public dates are cancelled and stay to be seen, drafts are deleted, and no further dates follow. " +
			"When the answer was lost, a repetition is 409 series.changed_meanwhile, and nothing is called off twice.",
		Scope: api.Events,
	}, w.apiEndSeries)
}

type (
	apiSeriesEnd struct {
		ID   string `path:"id"`
		Body struct {
			Scope   string `json:"scope" enum:"after,later,all" doc:"The dates after this one, this one and those after it, or all that are still to come."`
			Version int    `json:"series_version" doc:"The version of the series as it was read."`
		}
	}
	apiSeriesEnded struct {
		CalledOff int `json:"called_off" doc:"How many dates."`
	}
)

func (w *Web) apiEndSeries(c *web.Call, in *apiSeriesEnd) (apiSeriesEnded, error) {
	e, _, err := w.load(c)
	if err != nil {
		return apiSeriesEnded{}, err
	}
	if in.Body.Version < 0 { // AnyVersion is not for programs
		return apiSeriesEnded{}, errSeriesChanged()
	}
	n, err := w.EndSeries(c.Context(), c.Actor(), e.ID, Reach{Scope(in.Body.Scope), in.Body.Version})
	return apiSeriesEnded{n}, err
}

func (w *Web) apiRepeat(c *web.Call, a *api.API, in *apiRepeat) (api.Page[apiEvent], error) {
	e, _, err := w.load(c)
	if err != nil {
		return api.Page[apiEvent]{}, err
	}
	key, f, err := a.Keyed(c, in.Body)
	if err != nil {
		return api.Page[apiEvent]{}, err
	}
	var x *series
	err = w.DB.Read(c.Context(), func(tx *db.Tx) (err error) {
		x, _, err = belongs(c.Context(), tx, e.ID)
		return err
	})
	if err != nil {
		return api.Page[apiEvent]{}, err
	}
	if x != nil { // a repeated request has another version by now, and is known by its key
		x.Version = in.Body.Version
	}
	if err := w.Repeat(c.Context(), c.Actor(), e.ID, key, token(x), readRepeat(f)); err != nil {
		return api.Page[apiEvent]{}, err
	}
	return w.apiDates(c, &e)
}

// apiDates are an event and the later ones of its series.
func (w *Web) apiDates(c *web.Call, e *Event) (api.Page[apiEvent], error) {
	var out []apiEvent
	err := w.DB.Read(c.Context(), func(tx *db.Tx) error {
		x, k, err := belongs(c.Context(), tx, e.ID)
		if err != nil || x == nil {
			return err
		}
		es, err := eventsFrom(c.Context(), tx, x.ID, k.Day, shownDates)
		if err != nil {
			return err
		}
		h, err := w.holdersOf(c.Context(), tx, es...)
		if err != nil {
			return err
		}
		out = make([]apiEvent, len(es))
		for i := range es {
			out[i] = apiOf(c.BaseURL(), &es[i], h)
		}
		return nil
	})
	return api.PageOf(out, ""), err
}
