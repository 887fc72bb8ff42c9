package eventjson

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// mobilizeEvent is what is read of an event of Mobilize. Of the sponsor only the
// name is; its race, candidate and district are not.
type mobilizeEvent struct {
	ID          text `json:"id"`
	Title       text `json:"title"`
	Summary     text `json:"summary"`
	Description text `json:"description"`
	Sponsor     struct {
		Name text `json:"name"`
	} `json:"sponsor"`
	Timeslots []struct {
		ID    text   `json:"id"`
		Start number `json:"start_date"`
		End   number `json:"end_date"`
	} `json:"timeslots"`
	Location          *place `json:"location"`
	Timezone          text   `json:"timezone"`
	EventType         text   `json:"event_type"`
	URL               text   `json:"browser_url"`
	Visibility        text   `json:"visibility"`
	AddressVisibility text   `json:"address_visibility"`
	Virtual           bool   `json:"is_virtual"`
	ActionURL         text   `json:"virtual_action_url"`
	Accessible        text   `json:"accessibility_status"`
	AccessNotes       text   `json:"accessibility_notes"`
}

// mobilize makes an event of each timeslot. code says what was left out of it.
func mobilize(n int, raw json.RawMessage) (all []Event, uid, code string) {
	var x mobilizeEvent
	uid = fmt.Sprint("event ", n)
	if !decode(raw, &x) {
		return nil, uid, CodeBroken
	}
	if x.ID == "" {
		return nil, uid, CodeNoID
	}
	uid = string(x.ID)
	if strings.EqualFold(string(x.Visibility), "private") {
		return nil, uid, CodePrivate
	}
	base := x.event()
	for i, slot := range x.Timeslots {
		if i == maxDates {
			return all, uid, CodeTooMany
		}
		if !slot.Start.ok {
			code = CodeNoTime
			continue
		}
		e := base
		e.Start = time.Unix(int64(slot.Start.v), 0).UTC()
		if slot.End.ok {
			e.End = time.Unix(int64(slot.End.v), 0).UTC()
		}
		name := string(slot.ID)
		if name == "" {
			name = fmt.Sprint(int64(slot.Start.v))
		}
		e.UID = uid + "/" + name
		all = append(all, e)
	}
	if len(x.Timeslots) == 0 {
		code = CodeNoTime
	}
	return all, uid, code
}

// event is all but the date.
func (x *mobilizeEvent) event() Event {
	e := Event{
		Title: string(x.Title), Description: string(x.Description), URL: string(x.URL), Type: strings.ToUpper(string(x.EventType)),
		Status: "confirmed", Organizer: string(x.Sponsor.Name), Zone: string(x.Timezone), AccessNote: string(x.AccessNotes),
		Virtual: x.Virtual || x.Location == nil, OnlineURL: string(x.ActionURL),
	}
	if e.Description == "" {
		e.Description = string(x.Summary)
	}
	switch x.Accessible {
	case "ACCESSIBLE":
		yes := true
		e.StepFree = &yes
	case "NOT_ACCESSIBLE":
		no := false
		e.StepFree = &no
	}
	hidden := strings.EqualFold(string(x.AddressVisibility), "private")
	e.where(x.Location, true)
	if hidden { // town and postcode are shown there too, the address is not
		if e.Placeholder == "" {
			e.Placeholder = "private"
		}
		e.Venue, e.Address, e.HasPoint = "", "", false
	}
	if x.Location != nil && e.Country == "" {
		e.Country = "US"
	}
	return e
}
