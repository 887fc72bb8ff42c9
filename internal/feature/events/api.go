package events

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"convoke/internal/api"
	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/id"
	"convoke/internal/media"
	"convoke/internal/web"
)

// apiPage is the most events that one page of the API's list holds.
const apiPage = 200

// apiKind, apiState and apiFeature are the choices of these names.
type (
	apiKind    string
	apiState   string
	apiFeature string
)

func choiceSchema(all []string) *huma.Schema {
	s := &huma.Schema{Type: huma.TypeString}
	for _, x := range all {
		s.Enum = append(s.Enum, x)
	}
	s.PrecomputeMessages()
	return s
}

// Schema implements huma.SchemaProvider.
func (apiKind) Schema(huma.Registry) *huma.Schema {
	var all []string
	for _, k := range kinds {
		all = append(all, string(k.kind))
	}
	return choiceSchema(all)
}

// Schema implements huma.SchemaProvider.
func (apiState) Schema(huma.Registry) *huma.Schema {
	var all []string
	for _, s := range states {
		all = append(all, string(s.state))
	}
	return choiceSchema(all)
}

// Schema implements huma.SchemaProvider.
func (apiFeature) Schema(huma.Registry) *huma.Schema {
	var all []string
	for _, f := range features {
		all = append(all, f.Code)
	}
	return choiceSchema(all)
}

// apiEvent is an event as its page shows it.
type apiEvent struct {
	ID          string         `json:"id"`
	URL         string         `json:"url" doc:"Of its page."`
	Group       string         `json:"group,omitempty" doc:"The handle of the group that holds it; absent when it was imported."`
	Campaign    string         `json:"campaign,omitempty" doc:"The handle of the campaign that it belongs to."`
	Title       string         `json:"title"`
	Description string         `json:"description" doc:"Markdown."`
	Kind        apiKind        `json:"kind"`
	State       apiState       `json:"state"`
	Start       string         `json:"start" doc:"Local to the place: 2027-05-08T10:00+02:00, or the date of a whole day."`
	End         string         `json:"end" doc:"As start. Of whole days it is the day after the last."`
	Zone        string         `json:"zone" doc:"IANA name of the time zone."`
	AllDay      bool           `json:"all_day"`
	Near        string         `json:"near" doc:"The town, as the member near of a change keeps it."`
	Place       string         `json:"place"`
	Address     string         `json:"address"`
	Locality    string         `json:"locality"`
	Region      string         `json:"region"`
	Country     string         `json:"country" doc:"ISO 3166-1 alpha-2, where it is known."`
	Lat         *float64       `json:"lat,omitempty"`
	Lon         *float64       `json:"lon,omitempty"`
	Precision   string         `json:"precision" doc:"How closely the point is known: exact, street, postcode, locality, region, country or none."`
	OnlineURL   string         `json:"online_url"`
	Lang        string         `json:"lang" doc:"BCP 47, or empty."`
	AccessYes   []apiFeature   `json:"access_yes" nullable:"false" doc:"Said to be there."`
	AccessNo    []apiFeature   `json:"access_no" nullable:"false" doc:"Said not to be there."`
	AccessNote  string         `json:"access_note"`
	Capacity    int            `json:"capacity" doc:"People; 0 is no limit."`
	Organizer   string         `json:"organizer" doc:"As an imported event names it."`
	SourceURL   string         `json:"source_url" doc:"Where an imported event was found."`
	Picture     string         `json:"picture,omitempty" doc:"Its address."`
	PictureAlt  string         `json:"picture_alt"`
	WasStart    string         `json:"was_start,omitempty" doc:"Before it was moved, as it was told: with the offset of then, or a date."`
	WasPlace    string         `json:"was_place,omitempty" doc:"Before it was moved."`
	Programme   *apiProgramme  `json:"programme,omitempty" doc:"What its page says beyond time and place; absent when nothing."`
	Series      *apiSeriesOf   `json:"series,omitempty" doc:"Of an event that repeats."`
	Texts       []apiEventText `json:"texts" nullable:"false" doc:"What it says in further languages."`
	Sequence    int            `json:"sequence" doc:"Grows with every change; a change sends it back."`
	Updated     time.Time      `json:"updated"`
}

// apiEventInput is an event as the form takes it, field for member.
type apiEventInput struct {
	Title       string       `json:"title"`
	Description string       `json:"description,omitempty" doc:"Markdown."`
	Kind        apiKind      `json:"kind"`
	State       apiState     `json:"state" doc:"A draft is seen by members of the group only."`
	StartDate   string       `json:"start_date" doc:"2027-05-08, at the place."`
	StartTime   string       `json:"start_time,omitempty" doc:"10:00; without it the event lasts whole days."`
	EndDate     string       `json:"end_date,omitempty" doc:"The last day; the first when absent."`
	EndTime     string       `json:"end_time,omitempty" doc:"Without any end an event lasts two hours."`
	Zone        string       `json:"zone,omitempty" doc:"IANA name; that of the place when absent."`
	Near        string       `json:"near,omitempty" doc:"Town, postcode, or latitude and longitude. Needed without online_url."`
	Place       string       `json:"place,omitempty"`
	Address     string       `json:"address,omitempty"`
	OnlineURL   string       `json:"online_url,omitempty"`
	Lang        string       `json:"lang,omitempty" doc:"BCP 47."`
	AccessYes   []apiFeature `json:"access_yes,omitempty" nullable:"false"`
	AccessNo    []apiFeature `json:"access_no,omitempty" nullable:"false"`
	AccessNote  string       `json:"access_note,omitempty"`
	Capacity    int          `json:"capacity,omitempty" doc:"People; 0 or absent is no limit."`
	PictureAlt  string       `json:"picture_alt,omitempty"`
	Campaign    string       `json:"campaign,omitempty" doc:"For a new event: the handle of the campaign that it is proposed for."`
	Sequence    int          `json:"sequence,omitempty" doc:"For a change: that of the event as it was read. When somebody changed it meanwhile, nothing is overwritten."`
	Scope       string       `json:"scope,omitempty" enum:"only,later,all" doc:"For a change of an event that repeats: this date only, this and the later ones, or all that are still to come. Dates keep what was changed on them alone."`
	Version     int          `json:"series_version,omitempty" doc:"With scope later or all: the version of the series as it was read."`
}

// apiSearch names the parameters of /events; they are read by [ParseQuery].
type apiSearch struct {
	Near   string   `query:"near" doc:"Town, postcode, or latitude and longitude."`
	Radius string   `query:"radius_km" doc:"Around near; 25 when absent."`
	Box    string   `query:"bbox" doc:"West, south, east, north in degrees."`
	From   string   `query:"from" doc:"First day: 2027-05-08."`
	To     string   `query:"to" doc:"Last day."`
	When   string   `query:"when" enum:"past,all" doc:"Upcoming events when absent."`
	Kind   []string `query:"kind,explode" doc:"Any of these kinds."`
	Group  string   `query:"group" doc:"Handle."`
	Under  string   `query:"campaign" doc:"Handle."`
	Lang   string   `query:"lang"`
	Access []string `query:"access,explode" doc:"All of these."`
	Text   string   `query:"q" doc:"Words of title, description or place."`
	After  string   `query:"after" doc:"The member next of the page before."`
	Limit  int      `query:"limit" doc:"1 to 200; 30 when absent."`
}

type apiEventID struct {
	ID string `path:"id"`
}

type apiCreate struct {
	Handle string `path:"handle"`
	Body   apiEventInput
}

type apiUpdate struct {
	ID   string `path:"id"`
	Body apiEventInput
}

// MountAPI adds the operations on events.
func (w *Web) MountAPI(a *api.API) {
	api.Add(a, api.Op{
		Method: http.MethodGet, Path: "/events", ID: "listEvents", Tag: "events", Summary: "Find events",
		Doc:   "Upcoming ones by their start; past ones and all the latest first.",
		Scope: api.Read, Open: true,
		Cache:   func(*web.Call) ([]string, time.Duration) { return []string{"events", "site"}, listTTL },
		Formats: w.listFormats(),
	}, w.apiList)
	api.Add(a, api.Op{
		Method: http.MethodGet, Path: "/events/{id}", ID: "getEvent", Tag: "events", Summary: "One event",
		Scope: api.Read, Open: true,
		Cache: func(c *web.Call) ([]string, time.Duration) {
			return []string{"event:" + c.Param("id"), "site"}, 5 * time.Minute
		},
		Formats: w.oneFormats(),
	}, w.apiGet)
	api.Add(a, api.Op{
		Method: http.MethodPost, Path: "/groups/{handle}/events", ID: "createEvent", Tag: "events", Summary: "Publish an event, or keep a draft",
		Doc: "For organizers of the group. Repeated with its key, it answers with the event that it made.", Scope: api.Events, Status: http.StatusCreated, Keyed: true,
	}, func(c *web.Call, in *apiCreate) (apiEvent, error) { return w.apiCreate(c, a, in) })
	api.Add(a, api.Op{
		Method: http.MethodPut, Path: "/events/{id}", ID: "changeEvent", Tag: "events", Summary: "Change an event",
		Doc: "For organizers of its group. The event becomes what is sent: what is left out is removed, but for the picture.", Scope: api.Events,
	}, w.apiUpdate)
	w.mountSeriesAPI(a)
	w.mountProgrammeAPI(a)
	w.mountExactAPI(a)
	w.mountVersionsAPI(a)
	picture := api.Op{
		Method: http.MethodPut, Path: "/events/{id}/picture", ID: "setEventPicture", Tag: "events", Summary: "Give an event a picture",
		Doc: "For organizers of its group. What it shows is said by picture_alt of the event.", Scope: api.Events,
	}
	api.Upload(a, picture, w.mayEdit, w.apiPicture)
	picture.Method, picture.ID, picture.Summary, picture.Doc = http.MethodDelete, "removeEventPicture", "Take the picture of an event away", ""
	api.Do(a, picture, func(c *web.Call, in *apiEventID) error {
		eid, err := eventID(in.ID)
		if err != nil {
			return err
		}
		return w.SetPicture(c.Context(), c.Actor(), eid, "")
	})
}

// mayEdit refuses whoever may not change the event of the address.
func (w *Web) mayEdit(c *web.Call) error {
	_, _, err := w.load(c)
	return err
}

func (w *Web) apiPicture(c *web.Call, in *apiEventID) (apiEvent, error) {
	eid := id.Event(in.ID) // which mayEdit has seen
	key, err := w.Pictures.Save(c, "picture")
	switch {
	case err != nil:
		return apiEvent{}, media.Fault("picture", err)
	case key == "":
		return apiEvent{}, api.ErrNoPicture()
	}
	if err := w.SetPicture(c.Context(), c.Actor(), eid, key); err != nil {
		return apiEvent{}, err
	}
	return w.apiShow(c, eid)
}

// apiFind runs the query of the address and finds who holds its results.
func (w *Web) apiFind(c *web.Call) (q Query, r Result, h holders, err error) {
	if q, err = ParseQuery(c.Query(), w.Places); err != nil {
		return q, r, h, err
	}
	if q.Limit > apiPage {
		return q, r, h, fault.Invalid(fault.Field("limit", "search.limit", "Ask for 1 to {max} events at a time.", "max", apiPage))
	}
	if r, err = w.Search(c.Context(), q); err != nil {
		return q, r, h, err
	}
	err = w.DB.Read(c.Context(), func(tx *db.Tx) error {
		var err error
		h, err = w.holdersOf(c.Context(), tx, r.Events...)
		return err
	})
	return q, r, h, err
}

func (w *Web) apiList(c *web.Call, _ *apiSearch) (api.Page[apiEvent], error) {
	q, r, h, err := w.apiFind(c)
	if err != nil {
		return api.Page[apiEvent]{}, err
	}
	out := make([]apiEvent, len(r.Events))
	for i := range r.Events {
		out[i] = apiOf(c.BaseURL(), &r.Events[i], h)
	}
	next := ""
	if r.More {
		next = strconv.FormatInt(r.Next, 36)
		c.Header().Set("Link", "<"+c.BaseURL()+withQuery(c.R.URL.Path, nextPage(c, &q, r))+`>; rel="next"`)
	}
	return api.PageOf(out, next), nil
}

// holders are the groups, the campaigns and the programmes of events.
type holders struct {
	groups     map[id.Group]Group
	campaigns  map[id.Campaign]string // handles
	programmes programmes
	series     seriesMap
	versions   versions
}

func (w *Web) holdersOf(ctx context.Context, tx *db.Tx, es ...Event) (holders, error) {
	h := holders{groups: map[id.Group]Group{}, campaigns: map[id.Campaign]string{}}
	for i := range es {
		e := &es[i]
		if _, ok := h.groups[e.Group]; !ok && e.Group != "" {
			g, err := w.Groups.ByID(ctx, tx, e.Group)
			if err != nil {
				return h, err
			}
			h.groups[e.Group] = g
		}
		if _, ok := h.campaigns[e.Campaign]; !ok && e.Campaign != "" {
			c, err := w.campaignOf(ctx, tx, e)
			if err != nil {
				return h, err
			}
			h.campaigns[e.Campaign] = c.Handle
		}
	}
	var err error
	if h.series, err = seriesOf(ctx, tx, es); err != nil {
		return h, err
	}
	if h.versions, err = versionsOf(ctx, tx, "", es...); err != nil {
		return h, err
	}
	h.programmes, err = programmesOf(ctx, tx, es...)
	return h, err
}

func (w *Web) apiGet(c *web.Call, in *apiEventID) (apiEvent, error) {
	eid, err := eventID(in.ID)
	if err != nil {
		return apiEvent{}, err
	}
	return w.apiShow(c, eid)
}

func (w *Web) apiShow(c *web.Call, eid id.Event) (apiEvent, error) {
	var e Event
	var h holders
	err := w.DB.Read(c.Context(), func(tx *db.Tx) error {
		var err error
		if e, _, _, err = w.Get(c.Context(), tx, c.Actor(), eid); err != nil {
			return err
		}
		h, err = w.holdersOf(c.Context(), tx, e)
		return err
	})
	return apiOf(c.BaseURL(), &e, h), err
}

func (w *Web) apiCreate(c *web.Call, a *api.API, in *apiCreate) (apiEvent, error) {
	g, err := w.mayCreate(c)
	if err != nil {
		return apiEvent{}, err
	}
	key, f, err := a.Keyed(c, in.Body)
	if err != nil {
		return apiEvent{}, err
	}
	typed := readInput(f)
	eid, err := w.Create(c.Context(), c.Actor(), g.ID, key, typed)
	if err != nil {
		return apiEvent{}, err
	}
	if err := w.madeOf(c.Context(), c.Actor(), eid, typed); err != nil {
		return apiEvent{}, err
	}
	c.Header().Set("Location", c.BaseURL()+"/api/v1/events/"+string(eid))
	return w.apiShow(c, eid)
}

// madeOf refuses a key that made another event than what was typed would. An
// event that was changed since cannot tell.
func (w *Web) madeOf(ctx context.Context, by authz.Actor, eid id.Event, typed Input) error {
	want, err := typed.parse(w.Places, w.Render)
	if err != nil {
		return err
	}
	var e Event
	err = w.DB.Read(ctx, func(tx *db.Tx) error {
		e, _, _, err = w.Get(ctx, tx, by, eid)
		return err
	})
	if err != nil {
		return err
	}
	same := e.Title == want.Title && e.Description == want.Description && e.Kind == want.Kind && e.State == want.State &&
		e.Start.Equal(want.Start) && e.End.Equal(want.End) && e.Where.Label() == want.Where.Label() && e.Capacity == want.Capacity
	if e.Sequence == 0 && !same {
		return api.ErrKeyReused()
	}
	return nil
}

func (w *Web) apiUpdate(c *web.Call, in *apiUpdate) (apiEvent, error) {
	if err := w.mayEdit(c); err != nil {
		return apiEvent{}, err
	}
	eid, err := eventID(in.ID)
	if err != nil {
		return apiEvent{}, err
	}
	f, err := api.Form(c, in.Body)
	if err != nil {
		return apiEvent{}, err
	}
	r := Reach{Scope(in.Body.Scope), in.Body.Version}
	if _, err := w.UpdateSeries(c.Context(), c.Actor(), eid, in.Body.Sequence, r, readInput(f)); err != nil {
		return apiEvent{}, err
	}
	return w.apiShow(c, eid)
}

// apiOf is an event for programs. base begins addresses.
func apiOf(base string, e *Event, h holders) apiEvent {
	p := e.Where
	out := apiEvent{
		ID: string(e.ID), URL: base + "/events/" + string(e.ID), Group: h.groups[e.Group].Handle,
		Campaign: h.campaigns[e.Campaign], Title: e.Title, Description: e.Description,
		Kind: apiKind(e.Kind), State: apiState(e.State), Start: datetime(e, e.Local(e.Start)), End: datetime(e, e.Local(e.End)),
		Zone: e.Zone, AllDay: e.AllDay, Near: e.near(), Place: p.Place, Address: p.Address, Locality: p.Locality,
		Region: p.Region, Country: p.Country, Precision: string(p.Precise), OnlineURL: p.OnlineURL, Lang: e.Lang,
		AccessYes: apiFeatures(e.Access.Has()), AccessNo: apiFeatures(e.Access.Lacks()), AccessNote: e.Access.Note,
		Capacity: e.Capacity, Organizer: e.Organizer, SourceURL: e.SourceURL, PictureAlt: e.PictureAlt,
		WasStart: wasStart(e), WasPlace: e.WasPlace, Sequence: e.Sequence, Updated: e.Updated, Programme: apiProgrammeOf(e, h.programmes.of(e)),
		Series: h.series.of(e), Texts: apiTexts(e, h.programmes.of(e).Bring, h.versions[e.ID]),
	}
	if p.HasPoint {
		out.Lat, out.Lon = &p.Point.Lat, &p.Point.Lon
	}
	if e.Picture != "" {
		out.Picture = base + "/pictures/" + e.Picture
	}
	return out
}

func apiFeatures(fs []Feature) []apiFeature {
	out := make([]apiFeature, len(fs))
	for i, f := range fs {
		out[i] = apiFeature(f.Code)
	}
	return out
}
