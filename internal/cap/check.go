package cap

import (
	"fmt"
	"math"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"convoke/internal/fault"
)

// Check finds what the standard does not allow, as an Invalid fault with one
// message an element, at most 20. It returns nil for a good message.
func (a *Alert) Check() error {
	var found problems
	a.check(&found)
	return found.err()
}

func (a *Alert) check(found *problems) {
	c := checker{"", found}
	c.identifier("identifier", a.Identifier)
	c.identifier("sender", a.Sender)
	c.sent("sent", a.Sent)
	c.code("status", string(a.Status), statuses)
	c.code("msgType", string(a.MsgType), msgTypes)
	c.code("scope", string(a.Scope), scopes)
	if a.Scope == ScopeRestricted && a.Restriction == "" {
		c.fail("restriction", "cap.restriction", "A restricted message says whom it is for.")
	}
	if a.Scope == ScopePrivate && len(a.Addresses) == 0 {
		c.fail("addresses", "cap.addresses", "A private message says to whom it goes.")
	}
	if len(a.References) == 0 && a.MsgType != MsgAlert && a.MsgType != "" {
		c.fail("references", "cap.references", "An update, cancellation, receipt or error names the messages it is about.")
	}
	for _, ref := range a.References {
		c.identifier("references", ref.Sender)
		c.identifier("references", ref.Identifier)
		c.sent("references", ref.Sent)
	}
	c.list("addresses", a.Addresses)
	c.list("incidents", a.Incidents)
	c.texts("source", a.Source, "restriction", a.Restriction, "note", a.Note)
	for i, code := range a.Code {
		c.needed(nth("code", i), code)
	}
	pairs := 0
	for i := range a.Info {
		in := checker{nth("info", i) + ".", found}
		in.info(&a.Info[i], a)
		for _, area := range a.Info[i].Area {
			for _, p := range area.Polygon {
				pairs += len(p)
			}
		}
	}
	if pairs > MaxPairs {
		c.fail("info", "cap.pairs", "Its polygons have {count} corners together; at most {limit} are read.", "count", pairs, "limit", MaxPairs)
		return // before anything that takes time
	}
	for i, info := range a.Info {
		for j, area := range info.Area {
			checker{fmt.Sprintf("info[%d].area[%d].", i+1, j+1), found}.shapes(area)
		}
	}
}

// checker names where it is.
type checker struct {
	path  string
	found *problems
}

func (c checker) fail(name, code, msg string, args ...any) {
	c.found.add(fault.FieldError{Name: c.path + name, Code: code, Msg: msg, Args: args})
}

func (c checker) info(i *Info, a *Alert) {
	if i.Language != "" && !languageTag.MatchString(i.Language) {
		c.fail("language", "cap.language", "{value} is not the code of a language such as en-US.", "value", i.Language)
	}
	if len(i.Category) == 0 {
		c.needed("category", "")
	}
	for n, v := range i.Category {
		c.code(nth("category", n), string(v), categories)
	}
	for n, v := range i.ResponseType {
		c.code(nth("responseType", n), string(v), responses)
	}
	c.needed("event", i.Event)
	c.code("urgency", string(i.Urgency), urgencies)
	c.code("severity", string(i.Severity), severities)
	c.code("certainty", string(i.Certainty), certainties)
	if !i.Expires.IsZero() && i.Expires.Before(a.Sent) && a.MsgType != MsgCancel {
		c.fail("expires", "cap.expires", "It ends before it was sent.")
	}
	for n, t := range []time.Time{i.Effective, i.Onset, i.Expires} {
		if !t.IsZero() {
			c.sent([]string{"effective", "onset", "expires"}[n], t)
		}
	}
	c.texts("audience", i.Audience, "senderName", i.SenderName, "headline", i.Headline, "description", i.Description,
		"instruction", i.Instruction, "contact", i.Contact)
	if u, err := url.Parse(i.Web); i.Web != "" && (err != nil || !u.IsAbs()) {
		c.fail("web", "cap.url", "{value} is not a full web address.", "value", i.Web)
	}
	c.pairs("eventCode", i.EventCode)
	c.pairs("parameter", i.Parameter)
	for n, r := range i.Resource {
		checker{c.path + nth("resource", n) + ".", c.found}.resource(r)
	}
	for n, area := range i.Area {
		checker{c.path + nth("area", n) + ".", c.found}.area(area)
	}
}

func (c checker) resource(r Resource) {
	c.needed("resourceDesc", r.Desc)
	c.needed("mimeType", r.MimeType)
	if _, err := url.Parse(r.URI); err != nil {
		c.fail("uri", "cap.url", "{value} is not a full web address.", "value", r.URI)
	}
	if r.Size < 0 {
		c.fail("size", "cap.number", "{value} is not a number.", "value", r.Size)
	}
	if r.Digest != "" && !digest.MatchString(r.Digest) {
		c.fail("digest", "cap.digest", "A digest is 40 hexadecimal digits (SHA-1).")
	}
	c.texts("derefUri", r.DerefURI)
}

func (c checker) area(a Area) {
	c.needed("areaDesc", a.Desc)
	c.pairs("geocode", a.Geocode)
	for i, code := range a.Geocode {
		if code.Value == "" {
			c.needed(nth("geocode", i)+".value", "")
		}
	}
	if a.Ceiling != nil && a.Altitude == nil {
		c.fail("ceiling", "cap.ceiling", "An upper height needs a lower one.")
	}
	for n, height := range []*float64{a.Altitude, a.Ceiling} {
		if height != nil && !(math.Abs(*height) < 1e9) {
			c.fail([]string{"altitude", "ceiling"}[n], "cap.number", "{value} is not a number.", "value", *height)
		}
	}
}

func (c checker) needed(name, text string) {
	if text == "" {
		c.fail(name, "cap.missing", "This is missing.")
	}
	c.texts(name, text)
}

// identifier is what section 3.2.1 asks of identifiers and senders.
func (c checker) identifier(name, s string) {
	c.needed(name, s)
	if strings.ContainsAny(s, ",<&") || strings.ContainsFunc(s, isBlank) {
		c.fail(name, "cap.identifier", "{value} must be without spaces, commas, < and &.", "value", s)
	}
}

// sent is a time that can be written.
func (c checker) sent(name string, t time.Time) {
	if t.IsZero() {
		c.needed(name, "")
	} else if _, ok := parseTime(formatTime(t)); !ok {
		c.fail(name, "cap.time", "{value} is no time of this form: 2026-05-01T18:00:00-07:00, with seconds and the difference to UTC, never with Z.", "value", formatTime(t))
	}
}

func (c checker) code(name, value, list string) {
	if value == "" {
		c.needed(name, "")
	} else if !slices.Contains(strings.Fields(list), value) {
		c.fail(name, "cap.code", "{value} is not one of: {list}.", "value", value, "list", list)
	}
}

func (c checker) pairs(name string, all []Pair) {
	for i, p := range all {
		c.needed(nth(name, i)+".valueName", p.Name)
		c.texts(nth(name, i)+".value", p.Value)
	}
}

// list is of words that can be told apart when written in one line.
func (c checker) list(name string, all []string) {
	for _, word := range all {
		c.needed(name, word)
		if strings.Contains(word, `"`) {
			c.fail(name, "cap.quote", "{value} must be without quotation marks.", "value", word)
		}
	}
}

// texts takes names and texts by turns.
func (c checker) texts(namesAndTexts ...string) {
	for i := 0; i < len(namesAndTexts); i += 2 {
		text := namesAndTexts[i+1]
		if !utf8.ValidString(text) || strings.ContainsFunc(text, notXML) || strings.TrimSpace(text) != text {
			c.fail(namesAndTexts[i], "cap.text", "It holds characters that cannot be sent, or blanks around it.")
		}
	}
}

// notXML is outside the production Char of XML 1.0.
func notXML(r rune) bool {
	return r < ' ' && !isBlank(r) || r == 0xFFFE || r == 0xFFFF || r == utf8.RuneError
}

var (
	languageTag = regexp.MustCompile(`^[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*$`) // xs:language
	digest      = regexp.MustCompile(`^[0-9A-Fa-f]{40}$`)
)
