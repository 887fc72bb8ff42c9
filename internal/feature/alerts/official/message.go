package official

import (
	"net/url"
	"slices"
	"strings"
	"time"

	"convoke/internal/cap"
	"convoke/internal/geo"
	"convoke/internal/plaintext"
)

// Bounds of what is kept of a message.
const (
	keptAtMost  = 14 * 24 * time.Hour // after it was sent
	endsUsually = 24 * time.Hour      // after it was sent, when it says no end
	early       = 24 * time.Hour      // that a sender's clock may be ahead
	maxOver     = 100                 // messages that one takes the place of
	maxParts    = 8                   // events of one message
	maxTexts    = 6                   // languages
	maxCells    = 200                 // of one warning
	maxName     = 300                 // bytes of an identifier or a sender
	maxAddress  = 1000                // bytes
)

// Text is what a warning says in one language: plain text, without marks that turn its
// direction.
type Text struct {
	Lang        string `json:"lang"` // BCP 47
	Sender      string `json:"sender,omitempty"`
	Event       string `json:"event"`
	Headline    string `json:"headline,omitempty"`
	Description string `json:"description,omitempty"`
	Instruction string `json:"instruction,omitempty"`
	Area        string `json:"area,omitempty"`
}

// Warning is one event of a message.
type Warning struct {
	ID         string
	Feed       string // its address
	Sender     string // as the message names it: mostly a name under a domain
	Identifier string
	Sent       time.Time // on the sender's clock
	Part       int       // of the message, from 0
	Category   string    // of alerts, "" when none fits
	Severity   cap.Severity
	Starts     time.Time
	Expires    time.Time
	Link       string    // of the message itself; https
	Page       string    // for people; "" for none
	Texts      []Text    // at least one
	Failing    time.Time // since when its feed cannot be read; zero when it can

	cells []int64 // when it is stored
}

// In is what the warning says in a language, or in its first one.
func (w *Warning) In(lang string) Text {
	base := func(s string) string { tag, _, _ := strings.Cut(strings.ToLower(s), "-"); return tag }
	for _, same := range []func(string) bool{
		func(s string) bool { return strings.EqualFold(s, lang) },
		func(s string) bool { return base(s) == base(lang) },
	} {
		if i := slices.IndexFunc(w.Texts, func(t Text) bool { return same(t.Lang) }); i >= 0 {
			return w.Texts[i]
		}
	}
	return w.Texts[0]
}

// message is what counts of one of CAP: what it takes the place of, and what it warns of.
type message struct {
	Sender, Identifier string
	Sent               time.Time
	Over               []cap.Reference
	Warnings           []Warning
}

// take reads what counts of a message that was fetched from link; ok is false when nothing
// does.
func take(a *cap.Alert, feed, link string, now time.Time) (m message, ok bool) {
	m = message{Sender: a.Sender, Identifier: a.Identifier, Sent: a.Sent}
	if a.Status != cap.StatusActual || a.Scope != cap.ScopePublic || a.Sent.After(now.Add(early)) || !nameable(a.Sender, a.Identifier) {
		return m, false
	}
	switch a.MsgType {
	case cap.MsgUpdate, cap.MsgCancel:
		for _, r := range a.References {
			if r.Sent.Before(a.Sent) && nameable(r.Sender, r.Identifier) && len(m.Over) < maxOver {
				m.Over = append(m.Over, r)
			}
		}
	case cap.MsgAlert:
	case cap.MsgAck, cap.MsgError:
		return m, false
	}
	if a.MsgType == cap.MsgCancel {
		return m, true
	}
	for part, infos := range parts(a.Info) {
		w := Warning{Feed: feed, Sender: a.Sender, Identifier: a.Identifier, Sent: a.Sent, Part: part, Link: link}
		if w.fill(infos, now) {
			m.Warnings = append(m.Warnings, w)
		}
	}
	return m, true
}

func nameable(sender, identifier string) bool {
	return len(sender) <= maxName && len(identifier) <= maxName
}

// parts puts together what the message says of one event in several languages: the first
// infos of each language are of the first, and so on (section 3.1 leaves no other sign).
func parts(all []cap.Info) (out [][]cap.Info) {
	nth := map[string]int{}
	for _, info := range all {
		lang := strings.ToLower(info.Language)
		n := nth[lang]
		nth[lang]++
		switch {
		case n < len(out):
			out[n] = append(out[n], info)
		case n < maxParts:
			out = append(out, []cap.Info{info})
		}
	}
	return out
}

// fill reports false for what holds no more.
func (w *Warning) fill(infos []cap.Info, now time.Time) bool {
	var areas []cap.Area
	for i := range infos {
		info := &infos[i]
		if info.Urgency == cap.UrgencyPast || slices.Contains(info.ResponseType, cap.ResponseAllClear) {
			return false
		}
		if info.Expires.After(w.Expires) {
			w.Expires = info.Expires
		}
		if len(w.Texts) < maxTexts {
			w.Texts = append(w.Texts, textOf(info))
		}
		areas = append(areas, info.Area...)
	}
	first := &infos[0]
	w.Category, w.Severity, w.Page = category(first), first.Severity, page(first.Web)
	if w.Starts = first.Onset; w.Starts.IsZero() {
		w.Starts = first.Effective
	}
	if w.Starts.Before(w.Sent) {
		w.Starts = w.Sent
	}
	if w.Expires.IsZero() {
		w.Expires = w.Sent.Add(endsUsually)
	}
	if last := w.Sent.Add(keptAtMost); w.Expires.After(last) {
		w.Expires = last
	}
	if !w.Expires.After(now) {
		return false
	}
	_, w.cells, _ = cap.Cells(areas, geo.Grid, maxCells) // none: it is only told by codes where
	return true
}

func textOf(i *cap.Info) Text {
	t := Text{
		Lang: i.Language, Sender: line(i.SenderName, 120), Event: line(i.Event, 120), Headline: line(i.Headline, 200), Description: short(plaintext.Text(i.Description), 3000),
		Instruction: short(plaintext.Text(i.Instruction), 1500),
	}
	if t.Lang == "" {
		t.Lang = "en-US" // section 3.2.2
	}
	var where []string
	for _, a := range i.Area {
		where = append(where, plaintext.Line(a.Desc))
	}
	t.Area = short(strings.Join(where, "; "), 500)
	return t
}

func line(s string, limit int) string { return short(plaintext.Line(s), limit) }

// short cuts a text at so many characters, and says so.
func short(s string, limit int) string {
	if r := []rune(s); len(r) > limit {
		return strings.TrimSpace(string(r[:limit-1])) + "…"
	}
	return s
}

// page is an address that people can follow, or "".
func page(s string) string {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil || len(s) > maxAddress {
		return ""
	}
	return u.String()
}

// category is the one of alerts that fits: by the first that CAP names, and of those that
// say little by words of the event.
func category(i *cap.Info) string {
	for _, c := range i.Category {
		switch c { //nolint:exhaustive // of the others networks warn by what they see
		case cap.CategoryMet:
			return "weather"
		case cap.CategoryFire:
			return "fire"
		case cap.CategoryInfra:
			return "utility"
		case cap.CategoryTransport:
			return "road"
		}
	}
	event := strings.ToLower(i.Event)
	for _, x := range [][2]string{{"fire", "fire"}, {"smoke", "fire"}, {"flood", "weather"}, {"storm", "weather"}, {"heat", "weather"}, {"water supply", "utility"}, {"power", "utility"}} {
		if strings.Contains(event, x[0]) {
			return x[1]
		}
	}
	return ""
}
