package events

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"convoke/internal/fault"
	"convoke/internal/geo"
	"convoke/internal/id"
	"convoke/internal/plaintext"
)

// archivedEvent is an event in the archive of its group.
type archivedEvent struct {
	ID          string    `json:"id"`
	Title       string    `json:"title"`
	Description string    `json:"description"` // Markdown
	Kind        Kind      `json:"kind"`
	State       State     `json:"state"`
	Start       time.Time `json:"start"` // UTC
	End         time.Time `json:"end"`
	Zone        string    `json:"zone"`
	AllDay      bool      `json:"all_day"`
	archivedWhere
	Language   string   `json:"language"`
	AccessYes  []string `json:"access_yes"`
	AccessNo   []string `json:"access_no"`
	AccessNote string   `json:"access_note"`
	Capacity   int      `json:"capacity"` // people; 0 is no limit
	Organizer  string   `json:"organizer"`
	SourceURL  string   `json:"source_url"`
	Picture    string   `json:"picture"` // its name in the file
	PictureAlt string   `json:"picture_alt"`
	Sequence   int      `json:"sequence"`
	WasStart   string   `json:"was_start"`             // before the last move
	WasZone    string   `json:"was_zone,omitempty"`    // when was_start was told in another
	WasAllDay  bool     `json:"was_all_day,omitempty"` // was_start was told as a day
	WasPlace   string   `json:"was_place"`
	Campaign   string   `json:"campaign"` // its id
	Follows    []string `json:"follows"`  // what it takes from the campaign's template
	archivedAge
	Programme *archivedProgramme         `json:"programme,omitempty"`
	Versions  []archivedVersion          `json:"versions,omitempty"` // in further languages
	Attached  map[string]json.RawMessage `json:"attached,omitempty"` // see [Attached]
}

type archivedWhere struct {
	Place     string        `json:"place"`
	Address   string        `json:"address"`
	Locality  string        `json:"locality"`
	Region    string        `json:"region"`
	Country   string        `json:"country"`
	Lat       *float64      `json:"lat,omitempty"`
	Lon       *float64      `json:"lon,omitempty"`
	Precision geo.Precision `json:"precision"`
	OnlineURL string        `json:"online_url"`
}

type archivedAge struct {
	Created time.Time `json:"created"`
	Updated time.Time `json:"updated"`
}

type archivedProgramme struct {
	Bring       string               `json:"bring"` // Markdown
	Safety      []archivedSafety     `json:"safety"`
	LegalHelp   string               `json:"legal_help"`
	Contingents []archivedContingent `json:"contingents"`
	Roles       []archivedRole       `json:"roles"`
	Offer       string               `json:"offer"`
	Start       time.Time            `json:"start"` // of the event when this was said
}

type archivedSafety struct {
	Point  string `json:"point"`
	Answer string `json:"answer"`
	Note   string `json:"note"`
}

type archivedContingent struct {
	Name   string `json:"name"`
	Place  string `json:"place"`
	Day    int    `json:"day"`    // counts from the event's first
	Minute int    `json:"minute"` // of the local day; -1 when no time is said
}

type archivedRole struct {
	Role   string `json:"role"` // "" when the group names it
	Name   string `json:"name"`
	People int    `json:"people"`
}

// followed names what an event can take from a template, by its bit.
var followed = [...]struct {
	bit  int64
	name string
}{{followTitle, "title"}, {followKind, "kind"}, {followDescription, "description"}, {followAccess, "access_note"}}

func codes(all []Feature) []string {
	out := []string{}
	for _, f := range all {
		out = append(out, f.Code)
	}
	return out
}

// archivedOf leaves the picture's name and what is attached to the caller.
func archivedOf(e *Event, p *Programme, vs []Version) archivedEvent {
	w := &e.Where
	a := archivedEvent{
		ID: string(e.ID), Title: e.Title, Description: e.Description, Kind: e.Kind, State: e.State, Start: e.Start, End: e.End, Zone: e.Zone,
		AllDay: e.AllDay, Language: e.Lang, AccessYes: codes(e.Access.Has()), AccessNo: codes(e.Access.Lacks()), AccessNote: e.Access.Note,
		Capacity: e.Capacity, Organizer: e.Organizer, SourceURL: e.SourceURL, PictureAlt: e.PictureAlt, Sequence: e.Sequence,
		WasZone: e.WasZone, WasAllDay: e.WasAllDay, WasPlace: e.WasPlace, Campaign: string(e.Campaign), Follows: []string{},
		archivedWhere: archivedWhere{
			Place: w.Place, Address: w.Address, Locality: w.Locality, Region: w.Region, Country: w.Country, Precision: w.Precise, OnlineURL: w.OnlineURL,
		},
		archivedAge: archivedAge{e.Created, e.Updated},
	}
	if w.HasPoint {
		a.Lat, a.Lon = &w.Point.Lat, &w.Point.Lon
	}
	if !e.WasStart.IsZero() {
		a.WasStart = e.WasStart.Format(time.RFC3339Nano)
	}
	for _, f := range followed {
		if e.Follows&f.bit != 0 {
			a.Follows = append(a.Follows, f.name)
		}
	}
	if !p.Empty() {
		a.Programme = archivedProgrammeOf(p)
	}
	a.Versions = archivedVersions(e, p.Bring, vs)
	return a
}

func archivedProgrammeOf(p *Programme) *archivedProgramme {
	a := &archivedProgramme{
		Bring: p.Bring, LegalHelp: p.LegalHelp, Offer: p.Offer, Start: p.Start,
		Safety: []archivedSafety{}, Contingents: []archivedContingent{}, Roles: []archivedRole{},
	}
	for _, x := range p.Safety {
		a.Safety = append(a.Safety, archivedSafety(x))
	}
	for _, x := range p.Contingents {
		a.Contingents = append(a.Contingents, archivedContingent{x.Name, x.Place, x.Day, x.Minute})
	}
	for _, x := range p.Roles {
		a.Roles = append(a.Roles, archivedRole{x.Code, x.Name, x.People})
	}
	return a
}

// parse checks a row as strictly as the form does. The picture and the campaign
// are left to the caller.
func (a *archivedEvent) parse(now func(time.Time) time.Time, render func(string) (string, error)) (Event, Programme, []Version, error) {
	p := parser{}
	e := Event{
		ID: id.Event(a.ID), Kind: a.Kind, State: a.State, Start: a.Start.UTC().Truncate(time.Microsecond), End: a.End.UTC().Truncate(time.Microsecond),
		Zone: a.Zone, AllDay: a.AllDay, Lang: a.Language, Sequence: min(max(a.Sequence, 0), 1_000_000),
		Created: now(a.Created), Updated: now(a.Updated),
	}
	if !id.Valid(a.ID) {
		p.fail("id", "event.id", "This is not an id.")
	}
	e.Title = p.text("title", plaintext.Line(a.Title), maxTitle)
	if e.Title == "" {
		p.fail("title", "event.title_missing", "Give the event a title, such as “Riverside clean-up”.")
	}
	e.Description = p.text("description", plaintext.Text(a.Description), maxDescription)
	e.HTML = p.rendered("description", e.Description, render)
	if !e.Kind.Valid() {
		p.fail("kind", "event.kind_unknown", "Choose what kind of event it is.")
	}
	if !e.State.Valid() {
		p.fail("state", "event.state_unknown", "Choose where the event stands.")
	}
	p.archivedTimes(a, &e)
	p.archivedWhere(&a.archivedWhere, &e.Where)
	if e.Lang != "" && !validLang(e.Lang) {
		p.fail("language", "event.lang_unknown", "Choose a language from the list.")
	}
	e.Access = Access{Yes: bits(a.AccessYes), No: bits(a.AccessNo), Note: p.text("access_note", plaintext.Text(a.AccessNote), maxNote)}
	e.Access.No &^= e.Access.Yes
	if e.Capacity = a.Capacity; e.Capacity < 0 || e.Capacity > maxCapacity {
		p.fail("capacity", "event.capacity_large", "At most {limit} people; leave it empty for no limit.", "limit", maxCapacity)
	}
	e.Organizer, e.PictureAlt = p.text("organizer", plaintext.Line(a.Organizer), maxTitle), p.text("picture_alt", plaintext.Line(a.PictureAlt), maxPlace)
	e.SourceURL = p.address("source_url", a.SourceURL)
	for _, f := range followed {
		if slices.Contains(a.Follows, f.name) {
			e.Follows |= f.bit
		}
	}
	prog := p.archivedProgramme(a.Programme, &e, render)
	vs := p.archivedVersions(a.Versions, &e, prog.Bring, render)
	return e, prog, vs, fault.Invalid(p.fields...)
}

func (p *parser) rendered(name, src string, render func(string) (string, error)) Fragment {
	html, err := render(src)
	if err != nil {
		p.fail(name, "event.description_unreadable", "This text cannot be shown. Please make it shorter or simpler.")
	}
	return trusted(html)
}

func (p *parser) address(name, s string) string {
	if s != "" && webAddress(s) == "" {
		p.fail(name, "event.online_url", "Write a full address that begins with https://.")
	}
	return s
}

func (p *parser) archivedTimes(a *archivedEvent, e *Event) {
	switch {
	case !geo.KnownZone(e.Zone):
		p.fail("zone", "event.zone_unknown", "There is no time zone of that name.")
		e.Zone = "UTC"
	case !e.End.After(e.Start):
		p.fail("end", "event.end_before_start", "The end must be after the start.")
	case e.End.Sub(e.Start) > maxLength:
		p.fail("end", "event.too_long", "An event lasts at most one year. Make another one for what comes after.")
	}
	if y := e.Start.Year(); y < firstYear || y > lastYear {
		p.fail("start", "event.year", "Choose a year between 1971 and 2399.")
	}
	e.WasPlace = p.text("was_place", plaintext.Line(a.WasPlace), 4*maxPlace)
	if a.WasStart == "" {
		return
	}
	t, err := time.Parse(time.RFC3339Nano, a.WasStart)
	if err != nil || t.Year() < firstYear || t.Year() > lastYear {
		p.fail("was_start", "event.year", "Choose a year between 1971 and 2399.")
		return
	}
	if a.WasZone != "" && !geo.KnownZone(a.WasZone) {
		p.fail("was_zone", "event.zone_unknown", "There is no time zone of that name.")
		return
	}
	e.wasAt(t.UTC().Truncate(time.Microsecond), a.WasZone, a.WasAllDay)
}

func (p *parser) archivedWhere(a *archivedWhere, w *Where) {
	line := func(name, s string) string { return p.text(name, plaintext.Line(s), maxPlace) }
	*w = Where{
		Place: line("place", a.Place), Address: line("address", a.Address), Locality: line("locality", a.Locality),
		Region: line("region", a.Region), Country: line("country", a.Country), OnlineURL: p.address("online_url", a.OnlineURL),
		Precise: geo.PrecisionNone,
	}
	if a.Lat == nil || a.Lon == nil {
		return
	}
	w.Point, w.HasPoint, w.Precise = geo.Point{Lat: *a.Lat, Lon: *a.Lon}, true, precision(string(a.Precision))
	if !w.Point.Valid() {
		p.fail("lat", "event.point", "There is no such place on Earth.")
	}
}

func (p *parser) archivedProgramme(a *archivedProgramme, e *Event, render func(string) (string, error)) Programme {
	if a == nil {
		return Programme{}
	}
	out := Programme{
		Bring: p.text("bring", plaintext.Text(a.Bring), maxBring), LegalHelp: p.text("legal_help", plaintext.Line(a.LegalHelp), maxLine),
		Offer: p.text("offer", plaintext.Line(a.Offer), maxLine), Start: a.Start.UTC().Truncate(time.Microsecond),
	}
	if y := out.Start.Year(); y < firstYear || y > lastYear {
		out.Start = e.Start
	}
	out.BringHTML = p.rendered("bring", out.Bring, render)
	var said []SafetyAnswer
	for _, x := range a.Safety {
		if nameOf(checklist[:], x.Point) == "" || slices.ContainsFunc(said, func(y SafetyAnswer) bool { return y.Point == x.Point }) {
			p.fail("safety", "programme.point", "There is no point {point} in the list, or it is there twice.", "point", x.Point)
		}
		said = append(said, SafetyAnswer{x.Point, x.Answer, plaintext.Line(x.Note)})
	}
	out.Safety = p.safety(said)
	if len(a.Contingents) > maxContingents {
		p.fail("contingents", "programme.contingents", "At most {limit} contingents, please.", "limit", maxContingents)
	}
	for i, x := range a.Contingents {
		name := fmt.Sprintf("contingent_%d", i+1)
		c := Contingent{p.text(name, plaintext.Line(x.Name), maxLine), p.text(name, plaintext.Line(x.Place), maxLine), x.Day, x.Minute}
		if c.Name == "" || c.Day < 0 || c.Day > 366 || c.Minute < -1 || c.Minute >= 24*60 {
			p.fail(name, "programme.contingent_name", "Give it a name, such as “Families” or “Bicycles”.")
		}
		out.Contingents = append(out.Contingents, c)
	}
	out.Roles = p.archivedRoles(a.Roles)
	return out
}

func (p *parser) archivedRoles(all []archivedRole) []RoleNeed {
	var out []RoleNeed
	if len(all) > maxOwnRoles+len(helpers) {
		p.fail("roles", "programme.roles", "At most {limit} roles of your own, please.", "limit", maxOwnRoles)
	}
	for _, x := range all {
		r := RoleNeed{x.Role, p.text("roles", plaintext.Line(x.Name), maxLine), x.People}
		if r.Code == "" && r.Name == "" || r.Code != "" && nameOf(helpers[:], r.Code) == "" {
			p.fail("roles", "programme.role_name", "Say which role it is.")
		}
		if r.People < 1 || r.People > maxHelpers {
			p.fail("roles", "programme.people", "Write how many are needed, from 1 to {max}.", "max", maxHelpers)
		}
		out = append(out, r)
	}
	return out
}
