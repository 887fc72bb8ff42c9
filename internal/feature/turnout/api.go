package turnout

import (
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"convoke/internal/api"
	"convoke/internal/day"
	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/id"
	"convoke/internal/web"
)

// apiMethod is a way to count.
type apiMethod string

// Schema implements huma.SchemaProvider.
func (apiMethod) Schema(huma.Registry) *huma.Schema {
	s := &huma.Schema{Type: huma.TypeString}
	for _, m := range methods {
		s.Enum = append(s.Enum, m.Code)
	}
	s.PrecomputeMessages()
	return s
}

// apiRange is a number of people. Of a handful none is said: so few people could
// be recognised by it.
type apiRange struct {
	Low  int `json:"low"`
	High int `json:"high"`
}

func rangeOf(low, high int) *apiRange {
	if high < fewPeople {
		return nil
	}
	return &apiRange{low, high}
}

type apiTotal struct {
	Day             string    `json:"day,omitempty" doc:"2027-05-08; absent by place."`
	Month           string    `json:"month,omitempty" doc:"2027-05; by place."`
	Country         string    `json:"country,omitempty"`
	Region          string    `json:"region,omitempty"`
	Events          int       `json:"events"`
	WithoutEstimate int       `json:"without_estimate" doc:"Events that add nothing to people."`
	People          *apiRange `json:"people,omitempty" doc:"Sums of the lowest and the highest numbers that sources give. Absent without an estimate, and below ten."`
}

type apiEstimate struct {
	Day        string    `json:"day" doc:"2027-05-08: the day of the event that it is about."`
	People     *apiRange `json:"people,omitempty" doc:"Absent below ten."`
	Words      string    `json:"words" doc:"The source's own."`
	Method     string    `json:"method" doc:"How it was counted."`
	SourceName string    `json:"source_name"`
	SourceURL  string    `json:"source_url"`
}

// apiEstimateInput is an estimate as the form takes it, field for member.
type apiEstimateInput struct {
	Low        int       `json:"low" doc:"People."`
	High       int       `json:"high,omitempty" doc:"As low when absent."`
	Words      string    `json:"words,omitempty"`
	Method     apiMethod `json:"method"`
	SourceName string    `json:"source_name" doc:"Who counted or reported this."`
	SourceURL  string    `json:"source_url,omitempty"`
	Day        string    `json:"day,omitempty" doc:"The day of the event that it is about, 2027-05-08. The first when absent."`
}

type (
	apiTotalsInput struct {
		Month   string `query:"month" doc:"2027-05."`
		Country string `query:"country"`
		Region  string `query:"region"`
		By      string `query:"by" enum:"place" doc:"By place in one month, instead of by day."`
		After   string `query:"after" doc:"The member next of the page before."`
		Limit   int    `query:"limit" doc:"1 to 2000; 50 when absent."`
	}
	apiEventPath struct {
		ID string `path:"id"`
	}
	apiAdd struct {
		ID   string `path:"id"`
		Body apiEstimateInput
	}
)

// MountAPI adds the operations on turnout.
func (w *Web) MountAPI(a *api.API) {
	api.Add(a, api.Op{
		Method: http.MethodGet, Path: "/turnout", ID: "listTurnout", Tag: "turnout", Summary: "How many came, by day or by place",
		Doc:   "Days up to today, the latest first. Events without an estimate add nothing: this is not a census.",
		Scope: api.Read, Open: true,
		Cache: func(*web.Call) ([]string, time.Duration) { return []string{"events", "turnout"}, formatTTL },
	}, w.apiTotals)
	api.Add(a, api.Op{
		Method: http.MethodGet, Path: "/events/{id}/estimates", ID: "listEstimates", Tag: "turnout", Summary: "What sources say how many came to an event",
		Doc:   "By the days of the event, the first first. Nothing is averaged, and days are never added up: the same people come again.",
		Scope: api.Read, Open: true,
		Cache: func(c *web.Call) ([]string, time.Duration) { return []string{"event:" + c.Param("id")}, formatTTL },
	}, w.apiEstimates)
	api.Add(a, api.Op{
		Method: http.MethodPost, Path: "/events/{id}/estimates", ID: "addEstimate", Tag: "turnout", Summary: "Say how many came to an event",
		Doc: "For organizers of its group. What others said stays beside it.", Scope: api.Events, Status: http.StatusCreated, Keyed: true,
	}, func(c *web.Call, in *apiAdd) (apiEstimate, error) { return w.apiAdd(c, a, in) })
}

func (w *Web) apiTotals(c *web.Call, in *apiTotalsInput) (api.Page[apiTotal], error) {
	if _, err := time.Parse(time.DateOnly, in.After); err != nil && in.After != "" {
		return api.Page[apiTotal]{}, fault.Invalid(fault.Field("after", "turnout.cursor", "This page link cannot be read. Please start again."))
	}
	v := c.Query()
	v.Set("before", in.After)
	q, err := ParseQuery(v, pageSize)
	if err != nil {
		return api.Page[apiTotal]{}, err
	}
	r, err := w.Totals(c.Context(), q, c.Now())
	if err != nil {
		return api.Page[apiTotal]{}, err
	}
	out := make([]apiTotal, len(r.Rows))
	for i, x := range r.Rows {
		out[i] = apiTotal{
			Country: x.Country, Region: x.Region, Events: x.Events, WithoutEstimate: x.Without, People: rangeOf(x.Low, x.High),
		}
		if x.Day > 0 {
			out[i].Day = day.ISO(x.Day)
		} else {
			out[i].Month = r.Query.Month.Format("2006-01")
		}
	}
	next := ""
	if r.More && !r.Query.Places {
		next = out[len(out)-1].Day
	}
	return api.PageOf(out, next), nil
}

func (w *Web) apiEstimates(c *web.Call, in *apiEventPath) (api.Page[apiEstimate], error) {
	if !id.Valid(in.ID) {
		return api.Page[apiEstimate]{}, web.ErrNotFound()
	}
	var es []said
	err := w.DB.Read(c.Context(), func(tx *db.Tx) error {
		_, _, err := w.Events.About(c.Context(), tx, c.Actor(), id.Event(in.ID))
		if err == nil {
			es, err = estimatesOf(c.Context(), tx, id.Event(in.ID))
		}
		return err
	})
	if err != nil {
		return api.Page[apiEstimate]{}, err
	}
	out := make([]apiEstimate, len(es))
	for i, e := range es {
		out[i] = apiOf(e)
	}
	return api.PageOf(out, ""), nil
}

func apiOf(e said) apiEstimate {
	return apiEstimate{day.ISO(e.day), rangeOf(e.Low, e.High), e.Words, e.Method, e.SourceName, e.SourceURL}
}

func (w *Web) apiAdd(c *web.Call, a *api.API, in *apiAdd) (apiEstimate, error) {
	about, err := w.target(c)
	if err != nil {
		return apiEstimate{}, err
	}
	key, f, err := a.Keyed(c, in.Body)
	if err != nil {
		return apiEstimate{}, err
	}
	typed := readInput(f)
	if err := w.AddEstimate(c.Context(), c.Actor(), about.Event, key, typed); err != nil {
		return apiEstimate{}, err
	}
	x, err := typed.parse(&about, c.Now())
	if err != nil {
		return apiEstimate{}, err
	}
	all, err := w.said(c.Context(), about.Event)
	if err != nil {
		return apiEstimate{}, err
	}
	i := slices.IndexFunc(all, func(s said) bool { return s.Estimate == x })
	if i < 0 { // the key stood for another one
		return apiEstimate{}, api.ErrKeyReused()
	}
	return apiOf(all[i]), nil
}
