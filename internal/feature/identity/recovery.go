package identity

import (
	"time"

	"convoke/internal/fault"
	"convoke/internal/id"
)

const (
	// recoveryDelay is the time in which it can be stopped.
	recoveryDelay = 72 * time.Hour
	// recoveryKept is how long a first confirmation waits for the second, and
	// the link for being fetched and used.
	recoveryKept = 7 * 24 * time.Hour
)

// Recovering is what groups tell of a member who lost their way in.
type Recovering struct {
	Group        id.Group
	Handle, Name string // of the group
	Member       id.Person
	// Stewards of the group other than the member.
	Stewards []id.Person
	// Higher says that the member has a higher role in another group.
	Higher bool
}

// recoveryStep says how far a recovery is.
type recoveryStep string

const (
	recoveryNone    recoveryStep = ""        // nobody has confirmed
	recoveryFirst   recoveryStep = "first"   // one steward has
	recoveryWaiting recoveryStep = "waiting" // two have, and it can be stopped
	recoveryReady   recoveryStep = "ready"   // the link can be fetched
)

type recoveryRow struct {
	person        id.Person
	group         id.Group
	first, second id.Person
	made, starts  time.Time // starts is zero before the second
}

// step is pure: what holds at a time. One that was not finished is over.
func (r recoveryRow) step(now time.Time) recoveryStep {
	switch {
	case r.starts.IsZero() && now.Before(r.made.Add(recoveryKept)) && !r.made.IsZero():
		return recoveryFirst
	case r.starts.IsZero():
		return recoveryNone
	case now.Before(r.ready()):
		return recoveryWaiting
	case now.Before(r.ends()):
		return recoveryReady
	}
	return recoveryNone
}

// ready is when the link can be fetched, ends when no longer.
func (r recoveryRow) ready() time.Time { return r.starts.Add(recoveryDelay) }
func (r recoveryRow) ends() time.Time  { return r.ready().Add(recoveryKept) }

// mayRecover refuses what two stewards must not decide. It does not tell why an
// account is out of their reach.
func mayRecover(g Recovering, p personRow, by id.Person) error {
	switch {
	case by == g.Member:
		return fault.Conflict("recovery.self", "This is your own account. Two stewards other than you can do it.")
	case len(g.Stewards) < 2:
		return fault.Conflict("recovery.alone", "It takes two stewards of the group. Ask somebody who runs this server.")
	case p.operator || p.suspended || g.Higher:
		return fault.Conflict("recovery.not_here", "The stewards of this group cannot do that for this account. Ask somebody who runs this server.")
	}
	return nil
}
