// Package fact holds what features tell each other: plain structs, emitted
// inside the transaction that made them true. A listener that returns an error
// undoes that transaction, so a listener can also veto.
package fact

import (
	"time"

	"convoke/internal/id"
)

// EventChanged says that an event was made or changed, as it is now.
type EventChanged struct {
	Event     id.Event
	Capacity  int // people; 0 is no limit
	State     string
	OpensTo   bool // takes sign-ups here
	Start     time.Time
	End       time.Time
	Moved     bool // time or place differ from what people signed up for
	Cancelled bool // became cancelled just now
}

// GroupSuspended says that a group may no longer act, or may again.
type GroupSuspended struct {
	Group     id.Group
	Suspended bool
}
