package petitions

import (
	"html/template"
	"slices"
	"strconv"
	"strings"
	"time"

	"convoke/internal/geo"
	"convoke/internal/i18n"
	"convoke/internal/id"
	"convoke/internal/record/box"
	"convoke/internal/record/leaf"
	"convoke/internal/record/told"
	"convoke/internal/web"
)

// State is where a petition stands.
type State string

// The states, in the order in which a petition can take them.
const (
	Draft     State = "draft"
	Open      State = "open"
	Closed    State = "closed"
	Delivered State = "delivered"
	Answered  State = "answered"
)

// name says the state to people.
func (s State) name(l *i18n.Locale) string {
	switch s {
	case Draft:
		return l.T("Draft")
	case Open:
		return l.C("petition", "Open for signing")
	case Closed:
		return l.C("petition", "Closed")
	case Delivered:
		return l.C("petition", "Waiting for a reply")
	case Answered:
		return l.C("petition", "Answered")
	}
	return ""
}

// Petition is one row.
type Petition struct {
	ID       string
	Group    id.Group
	Campaign id.Campaign // "" is none
	form     string
	Slug     string
	State    State
	listed   bool  // in lists: public, and its group may act
	placed   int64 // orders those of one state
	Gate     string
	Text     Text
	Stages   []uint64 // rising; the last is the goal
	Opens    int      // day from which it can be signed; 0 is at once
	Closes   int      // last day; 0 is open-ended
	Box      leaf.ID  // zero for a draft
	Roll     leaf.ID
	Salt     string // hexadecimal: of the text in the record
	Eligible int    // people on a closed roll
	Codes    int    // printed
	// Delivered is the day of the delivery, ReplyBy that until which a reply is
	// awaited; SilentAt is when that day has passed, 0 once it was told.
	Delivered int
	ReplyBy   int
	silentAt  int64
	Silent    bool
	Refused   bool
	Elsewhere *told.Record // nil for a petition of this server
	expires   int64        // when all that is personal goes; 0 is not known yet, or done
	told      int64        // when the last update was sent
	Sequence  int
	Created   time.Time
	Updated   time.Time
}

// Text is what people agree to.
type Text struct {
	Lang      string // ISO 639
	Addressee string
	Title     string
	Markdown  string
	HTML      template.HTML
}

// Public reports whether everybody may know of the petition.
func (p *Petition) Public() bool { return p.State != Draft }

// Goal is the highest stage.
func (p *Petition) Goal() uint64 {
	if len(p.Stages) == 0 {
		return 0
	}
	return p.Stages[len(p.Stages)-1]
}

// url is the address of the petition's page.
func (p *Petition) url() string { return "/petitions/" + p.Slug }

// scope names the key of all that is personal.
func (p *Petition) scope() string { return ScopePrefix + p.ID }

// ScopePrefix begins the names of keys; the tables that they seal are below.
const ScopePrefix = "petition:"

// SealedTables hold rows that only a key makes useful, by their petition.
func SealedTables() []string { return []string{"petition_comment", "petition_follower"} }

// SealedColumn is the column that a key's name ends with.
const SealedColumn = "petition_id"

// Kinds of entries.
const (
	entryText      = "text"      // the text was corrected before anybody signed
	entryAmendment = "amendment" // visible beside the original
	entryDelivery  = "delivery"
	entryReply     = "reply"
	entryBatch     = "batch" // a word on a batch of paper
	entryUpdate    = "update"
)

// Entry is something that was said of an open petition.
type Entry struct {
	N        int
	form     string
	Kind     string
	Day      int
	Ref      string
	Markdown string
	HTML     template.HTML
	URL      string
	Refused  bool
	Salt     string
	Hash     string // "" where the record says nothing of it
}

// gateName says who may sign.
func gateName(l *i18n.Locale, gate string) string {
	switch gate {
	case box.GateEmail:
		return l.T("Whoever has an e-mail address, confirmed by a code")
	case box.GatePaper:
		return l.T("Whoever has a code that was printed and given out")
	case box.GateCodes:
		return l.T("Whoever has a code from a list that the group brings")
	case box.GateMembers:
		return l.T("Members of the group on the day of opening")
	case box.GateBrowser:
		return l.T("Anybody, without proof: one person could sign more than once")
	}
	return ""
}

// gates are the gates that a petition can have.
func gates() []string {
	return []string{box.GateEmail, box.GateBrowser, box.GatePaper, box.GateCodes, box.GateMembers}
}

// splitStages reads stages as they are stored.
func splitStages(s string) []uint64 {
	var out []uint64
	for x := range strings.SplitSeq(s, ",") {
		if n, err := strconv.ParseUint(x, 10, 63); err == nil {
			out = append(out, n)
		}
	}
	return out
}

func joinStages(all []uint64, sep string) string {
	out := make([]string, len(all))
	for i, n := range all {
		out[i] = strconv.FormatUint(n, 10)
	}
	return strings.Join(out, sep)
}

// reachable is where a bar for so many signatures ends: the next stage, or the goal.
func (p *Petition) reachable(count int64) uint64 {
	for _, s := range p.Stages {
		if uint64(max(count, 0)) < s {
			return s
		}
	}
	return p.Goal()
}

func zoneOf(name string) *time.Location {
	if loc, err := geo.LoadZone(name); err == nil && name != "" {
		return loc
	}
	return time.UTC
}

func knownLanguage(code string) bool {
	return slices.ContainsFunc(web.Languages(), func(c web.Choice) bool { return c.Value == code })
}
