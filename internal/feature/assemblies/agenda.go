package assemblies

import (
	"html/template"
	"net/url"
	"slices"
	"strings"

	"convoke/internal/fault"
	"convoke/internal/i18n"
	"convoke/internal/id"
	"convoke/internal/web"
)

// ItemState is where an item of the agenda stands.
type ItemState string

// The states of an item. Proposed ones wait until an organizer takes them on.
const (
	Proposed ItemState = "proposed"
	Waiting  ItemState = "waiting"
	Now      ItemState = "now"
	Done     ItemState = "done"
)

func (s ItemState) name() string {
	switch s {
	case Proposed:
		return i18n.Mark("Proposed")
	case Waiting:
		return i18n.Mark("To come")
	case Now:
		return i18n.Mark("Now")
	case Done:
		return i18n.Mark("Done")
	}
	return ""
}

// Item is one thing on the agenda, with its minutes.
type Item struct {
	ID       string
	Assembly ID
	Title    string
	Minutes  int    // planned; 0 is no limit
	Link     string // path of a page of this node, or ""
	State    ItemState
	Notes    string // Markdown
	HTML     template.HTML
	Sequence int // of its minutes
	Lines    []Line
}

// The kinds of a line of minutes.
const (
	Decision = "decision"
	Task     = "task"
)

// Line is a decision or a task.
type Line struct {
	Kind  string
	Body  string
	Owner id.Person // of a task; "" when they are gone
	Until int       // yyyymmdd; 0 is no day
	Told  bool      // their owner was given it
}

// Limits of an agenda.
const (
	maxItems    = 60
	maxPlanned  = 600 // minutes
	maxItemLine = 200
)

// agenda is the items in their order.
type agenda []Item

// now is the place of the item that is under way, -1 for none.
func (a agenda) now() int {
	return slices.IndexFunc(a, func(i Item) bool { return i.State == Now })
}

// next ends the item under way and begins the first that waits behind it, or else
// the first that waits at all: an item that was put further up is not lost.
func (a agenda) next() (ended, begun int) {
	ended, begun = a.now(), -1
	for i := ended + 1; i < len(a); i++ {
		if a[i].State == Waiting {
			return ended, i
		}
	}
	for i := range max(ended, 0) {
		if a[i].State == Waiting {
			return ended, i
		}
	}
	return ended, begun
}

// move puts the item at i one up (-1) or down (1), for somebody who saw it at a place. It
// reports false where nothing is to be done: the item is at the end, or where they want it
// already. Two who press at once move it once; who saw it elsewhere is told.
func (a agenda) move(i, seen, by int) (bool, error) {
	j := i + by
	switch {
	case i == seen+by:
		return false, nil
	case i != seen:
		return false, fault.Conflict("assembly.item_moved",
			"Somebody else has moved this item meanwhile, so nothing was done. Look where it is now, and press again if it is still needed.")
	case j < 0 || j >= len(a):
		return false, nil
	}
	a[i], a[j] = a[j], a[i]
	return true, nil
}

func (a agenda) find(item string) int {
	return slices.IndexFunc(a, func(i Item) bool { return i.ID == item })
}

// link cleans the address of a page of this node: a path, or with base in front.
func link(typed, base string) (string, error) {
	typed = strings.TrimSpace(typed)
	if base != "" {
		typed = strings.TrimPrefix(typed, base)
	}
	if typed == "" {
		return "", nil
	}
	u, err := url.Parse(typed)
	if err != nil || len(typed) > maxItemLine || web.Local(typed, "") == "" || u.Path == "/" || strings.Contains(u.Path, "..") {
		return "", fault.Invalid(fault.Field("link", "assembly.link", "Write the address of a page of this server, such as /proposals/…"))
	}
	return u.EscapedPath(), nil
}
