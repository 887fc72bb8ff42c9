package cap

import (
	"time"

	"convoke/internal/geo"
)

// Namespace is that of CAP 1.2, and MediaType how its files are served.
const (
	Namespace = "urn:oasis:names:tc:emergency:cap:1.2"
	MediaType = "application/cap+xml"
)

// Limits of what is read and written.
const (
	MaxSize     = 1 << 20 // bytes of a message
	MaxFeedSize = 8 << 20 // bytes of a list
	MaxPairs    = 20_000  // corners of all polygons of a message
)

// Codes of section 3.2. A zero value stands for an absent element.
type (
	// Status says how a message is to be handled.
	Status string
	// MsgType says what a message does.
	MsgType string
	// Scope says for whom a message is.
	Scope string
	// Category is a kind of event.
	Category string
	// Response is what people are asked to do.
	Response string
	// Urgency is how soon to act.
	Urgency string
	// Severity is how much is at stake.
	Severity string
	// Certainty is how sure the sender is.
	Certainty string
)

// The codes, in the order of the standard.
const (
	StatusActual   Status = "Actual"
	StatusExercise Status = "Exercise"
	StatusSystem   Status = "System"
	StatusTest     Status = "Test"
	StatusDraft    Status = "Draft"

	MsgAlert  MsgType = "Alert"
	MsgUpdate MsgType = "Update"
	MsgCancel MsgType = "Cancel"
	MsgAck    MsgType = "Ack"
	MsgError  MsgType = "Error"

	ScopePublic     Scope = "Public"
	ScopeRestricted Scope = "Restricted"
	ScopePrivate    Scope = "Private"

	CategoryGeo       Category = "Geo"
	CategoryMet       Category = "Met"
	CategorySafety    Category = "Safety"
	CategorySecurity  Category = "Security"
	CategoryRescue    Category = "Rescue"
	CategoryFire      Category = "Fire"
	CategoryHealth    Category = "Health"
	CategoryEnv       Category = "Env"
	CategoryTransport Category = "Transport"
	CategoryInfra     Category = "Infra"
	CategoryCBRNE     Category = "CBRNE"
	CategoryOther     Category = "Other"

	ResponseShelter  Response = "Shelter"
	ResponseEvacuate Response = "Evacuate"
	ResponsePrepare  Response = "Prepare"
	ResponseExecute  Response = "Execute"
	ResponseAvoid    Response = "Avoid"
	ResponseMonitor  Response = "Monitor"
	ResponseAssess   Response = "Assess"
	ResponseAllClear Response = "AllClear"
	ResponseNone     Response = "None"

	UrgencyImmediate Urgency = "Immediate"
	UrgencyExpected  Urgency = "Expected"
	UrgencyFuture    Urgency = "Future"
	UrgencyPast      Urgency = "Past"
	UrgencyUnknown   Urgency = "Unknown"

	SeverityExtreme  Severity = "Extreme"
	SeveritySevere   Severity = "Severe"
	SeverityModerate Severity = "Moderate"
	SeverityMinor    Severity = "Minor"
	SeverityUnknown  Severity = "Unknown"

	CertaintyObserved Certainty = "Observed"
	CertaintyLikely   Certainty = "Likely"
	CertaintyPossible Certainty = "Possible"
	CertaintyUnlikely Certainty = "Unlikely"
	CertaintyUnknown  Certainty = "Unknown"
)

// The same as lists for checks and for the words of a refusal.
const (
	statuses    = "Actual Exercise System Test Draft"
	msgTypes    = "Alert Update Cancel Ack Error"
	scopes      = "Public Restricted Private"
	categories  = "Geo Met Safety Security Rescue Fire Health Env Transport Infra CBRNE Other"
	responses   = "Shelter Evacuate Prepare Execute Avoid Monitor Assess AllClear None"
	urgencies   = "Immediate Expected Future Past Unknown"
	severities  = "Extreme Severe Moderate Minor Unknown"
	certainties = "Observed Likely Possible Unlikely Unknown"
)

// Alert is a whole message. Times are to the second and keep their difference
// to UTC.
type Alert struct {
	Identifier  string // unique for the sender; no spaces, commas, < or &
	Sender      string // likewise; globally unique, mostly a name under a domain
	Sent        time.Time
	Status      Status
	MsgType     MsgType
	Source      string
	Scope       Scope
	Restriction string   // needed when the scope is restricted
	Addresses   []string // needed when the scope is private
	Code        []string
	Note        string
	References  []Reference // the earlier messages of an update, cancel, ack or error
	Incidents   []string
	Info        []Info // mostly one a language
}

// Reference names an earlier message.
type Reference struct {
	Sender, Identifier string
	Sent               time.Time
}

// Reference is the name under which later messages speak of this one.
func (a *Alert) Reference() Reference { return Reference{a.Sender, a.Identifier, a.Sent} }

// Info says what happens and what to do, in one language.
type Info struct {
	Language     string // RFC 3066; empty means en-US
	Category     []Category
	Event        string
	ResponseType []Response
	Urgency      Urgency
	Severity     Severity
	Certainty    Certainty
	Audience     string
	EventCode    []Pair
	Effective    time.Time // zero: when it was sent
	Onset        time.Time // zero: not said
	Expires      time.Time // zero: the reader decides
	SenderName   string
	Headline     string // 160 characters is what small screens show
	Description  string
	Instruction  string
	Web          string // absolute URL
	Contact      string
	Parameter    []Pair
	Resource     []Resource
	Area         []Area
}

// Pair is a value of a list that somebody else keeps.
type Pair struct{ Name, Value string }

// Resource is a picture, sound or document.
type Resource struct {
	Desc, MimeType string
	Size           int64 // bytes; 0 is not said
	URI            string
	DerefURI       string // the content in base64
	Digest         string // SHA-1 in hexadecimal
}

// Area is where: the union of its shapes and codes, with a text that says the
// same.
type Area struct {
	Desc              string
	Polygon           []Polygon
	Circle            []Circle
	Geocode           []Pair
	Altitude, Ceiling *float64 // feet above mean sea level
}

// Polygon is a closed line of at least four corners, the last the same as the
// first.
type Polygon []geo.Point

// Circle is every place within Radius kilometres of Center.
type Circle struct {
	Center geo.Point
	Radius float64
}
