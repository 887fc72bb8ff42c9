package assemblies

import (
	"cmp"
	"slices"

	"convoke/internal/fault"
)

// HandState is what somebody's hand is.
type HandState string

// The states of a hand.
const (
	Up       HandState = "up"
	Speaking HandState = "speaking"
	Down     HandState = "down"
)

// Hand is somebody who asked to speak. Who stands for them and tells nothing of them.
type Hand struct {
	Who   string
	Name  string
	State HandState
	Spoke int // how often they had the floor
	Turn  int // the order in which hands went up
}

// stack is all who asked to speak, in no order.
type stack []Hand

// waiting is who speaks next, the first first: those whose hand went up earlier, and
// with firstFirst those before who have not spoken yet.
func (s stack) waiting(firstFirst bool) []Hand {
	var out []Hand
	for _, h := range s {
		if h.State == Up {
			out = append(out, h)
		}
	}
	slices.SortFunc(out, func(a, b Hand) int {
		if firstFirst && (a.Spoke == 0) != (b.Spoke == 0) {
			return cmp.Compare(min(a.Spoke, 1), min(b.Spoke, 1))
		}
		return cmp.Compare(a.Turn, b.Turn)
	})
	return out
}

// speaking is who has the floor.
func (s stack) speaking() (Hand, bool) {
	i := slices.IndexFunc(s, func(h Hand) bool { return h.State == Speaking })
	if i < 0 {
		return Hand{}, false
	}
	return s[i], true
}

// maxHands bounds who can ask to speak in one assembly.
const maxHands = 2000

// raise is the hand of who as it is when it goes up now, with that turn. has says
// that it was up before.
func (s stack) raise(who, name string, turn int) (Hand, error) {
	h := Hand{Who: who, Name: name, State: Up, Turn: turn}
	for _, x := range s {
		switch {
		case x.Who == who && x.State == Up:
			return x, fault.Conflict("assembly.hand_up", "Your hand is up already. You keep your place.")
		case x.Who == who && x.State == Speaking:
			return x, fault.Conflict("assembly.speaking", "You have the floor. Raise your hand again afterwards.")
		case x.Who == who:
			h.Spoke = x.Spoke
		case x.Name == name:
			return x, fault.Invalid(fault.Field("name", "assembly.name_taken",
				"Somebody in the room has this name already. Add something to yours, so that both know who is called."))
		}
	}
	if h.Spoke == 0 && len(s) >= maxHands {
		return h, fault.Conflict("assembly.many_hands", "Very many have asked to speak already. Nobody else can be added.")
	}
	return h, nil
}

// call gives the floor to whoever is next: changed are the hands that are different
// afterwards. Nobody next leaves the floor empty.
func (s stack) call(firstFirst bool) (changed []Hand) {
	if h, ok := s.speaking(); ok {
		h.State = Down
		changed = append(changed, h)
	}
	if next := s.waiting(firstFirst); len(next) > 0 {
		h := next[0]
		h.State = Speaking
		h.Spoke++
		changed = append(changed, h)
	}
	return changed
}

// hush takes the floor from whoever has it.
func (s stack) hush() (changed []Hand) {
	if h, ok := s.speaking(); ok {
		h.State = Down
		return []Hand{h}
	}
	return nil
}
