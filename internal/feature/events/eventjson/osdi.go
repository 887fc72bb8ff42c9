package eventjson

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// osdiEvent is what is read of an OSDI event.
type osdiEvent struct {
	Identifiers []text `json:"identifiers"`
	Name        text   `json:"name"`
	Title       text   `json:"title"`
	Description text   `json:"description"`
	Summary     text   `json:"summary"`
	URL         text   `json:"browser_url"`
	Status      text   `json:"status"`
	Start       text   `json:"start_date"`
	End         text   `json:"end_date"`
	AllDay      bool   `json:"all_day"`
	AllDayDate  text   `json:"all_day_date"`
	Capacity    number `json:"capacity"`
	Visibility  text   `json:"visibility"`
	Location    *place `json:"location"`
	Links       struct {
		Self struct {
			Href text `json:"href"`
		} `json:"self"`
	} `json:"_links"`
}

func osdi(n int, raw json.RawMessage) (Event, string) {
	var x osdiEvent
	e := Event{UID: fmt.Sprint("event ", n)}
	if !decode(raw, &x) {
		return e, CodeBroken
	}
	uid := x.Links.Self.Href
	if len(x.Identifiers) > 0 && x.Identifiers[0] != "" {
		uid = x.Identifiers[0]
	}
	if uid == "" {
		uid = x.URL
	}
	if uid == "" {
		return e, CodeNoID
	}
	e.UID = string(uid)
	if strings.EqualFold(string(x.Visibility), "private") {
		return e, CodePrivate
	}
	e.Title, e.Description, e.URL, e.Status = string(x.Title), string(x.Description), string(x.URL), strings.ToLower(string(x.Status))
	if e.Title == "" {
		e.Title = string(x.Name)
	}
	if e.Description == "" {
		e.Description = string(x.Summary)
	}
	if x.Capacity.ok && x.Capacity.v > 0 && x.Capacity.v < 1e9 {
		e.Capacity = int(x.Capacity.v)
	}
	if !e.when(&x) {
		return e, CodeNoTime
	}
	if x.Location != nil {
		e.Lang = strings.ToLower(string(x.Location.Language))
	}
	e.where(x.Location, false)
	return e, ""
}

// when reads the times: with an offset, or in the time of the place.
func (e *Event) when(x *osdiEvent) bool {
	if x.AllDay {
		day := string(x.AllDayDate)
		if day == "" && len(x.Start) >= len(time.DateOnly) {
			day = string(x.Start)[:len(time.DateOnly)]
		}
		t, err := time.Parse(time.DateOnly, day)
		e.Start, e.End, e.AllDay, e.Floating = t, t.AddDate(0, 0, 1), true, true
		if len(x.End) >= len(time.DateOnly) { // the day after the last, as we write it
			if last, err := time.Parse(time.DateOnly, string(x.End)[:len(time.DateOnly)]); err == nil && last.After(t) {
				e.End = last
			}
		}
		return err == nil
	}
	var ok bool
	if e.Start, e.Floating, ok = moment(string(x.Start)); !ok {
		return false
	}
	if end, _, ok := moment(string(x.End)); ok {
		e.End = end
	}
	return true
}

// moment reads ISO 8601 as it is met with. floating says that it names no
// offset.
func moment(s string) (t time.Time, floating, ok bool) {
	for _, layout := range [...]string{time.RFC3339Nano, "2006-01-02T15:04Z07:00", "2006-01-02 15:04:05Z07:00", "2006-01-02T15:04:05Z0700"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, false, true
		}
	}
	for _, layout := range [...]string{"2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04:05", "2006-01-02 15:04"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, true, true
		}
	}
	return time.Time{}, false, false
}
