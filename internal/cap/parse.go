package cap

import (
	"encoding/xml"
	"fmt"
	"strconv"
	"strings"
	"time"

	"convoke/internal/fault"
)

// timeForm is that of section 3.3.2; UTC is written -00:00.
const timeForm = "2006-01-02T15:04:05-07:00"

// Parse reads a message and checks it. It fails with a fault: TooLarge over
// [MaxSize], Malformed when it is no CAP 1.2 or no good XML, Invalid with one
// message an element ("info[1].area[2].polygon[1]") when it says what the
// standard does not allow.
func Parse(data []byte) (*Alert, error) {
	root, err := tree(data, MaxSize)
	if err != nil {
		return nil, err
	}
	if root.name != (xml.Name{Space: Namespace, Local: "alert"}) {
		return nil, fault.Malformed("cap.namespace", "This is not a message of the Common Alerting Protocol 1.2.")
	}
	for n := len(root.kids); n > 0 && root.kids[n-1].name == (xml.Name{Space: signature, Local: "Signature"}); n-- {
		root.kids = root.kids[:n-1]
	}
	var found problems
	a := readAlert(open(root, "", &found))
	if len(found.fields) == 0 { // else its absence would be told twice
		a.check(&found)
	}
	if err := found.err(); err != nil {
		return nil, err
	}
	return a, nil
}

// reader takes the elements of one parent in the order of the standard.
type reader struct {
	path  string // "" or "info[1]."
	kids  []node
	found *problems
}

func open(n node, path string, found *problems) *reader {
	r := &reader{path: path, kids: n.kids, found: found}
	if n.mixed || len(n.kids) == 0 && n.text != "" {
		r.fail(n.name.Local, "cap.text_between", "There is text where only elements may stand.")
	}
	r.attributes(n)
	return r
}

// attributes finds those that CAP does not know; it has none of its own.
func (r *reader) attributes(n node) {
	for _, a := range n.attrs {
		if a.Name.Space != "xmlns" && a.Name.Local != "xmlns" && a.Name.Space != schemaNS {
			r.stray(a.Name.Local)
		}
	}
}

func (r *reader) fail(name, code, msg string, args ...any) {
	r.found.add(fault.FieldError{Name: r.path + name, Code: code, Msg: msg, Args: args})
}

func (r *reader) stray(name string) {
	r.fail(name, "cap.stray", "{name} does not belong here, or comes twice or too late.", "name", name)
}

// next takes the first element that is left when it has that name.
func (r *reader) next(name string) (node, bool) {
	if len(r.kids) == 0 || r.kids[0].name != (xml.Name{Space: Namespace, Local: name}) {
		return node{}, false
	}
	n := r.kids[0]
	r.kids = r.kids[1:]
	return n, true
}

func (r *reader) leaf(name string) (text string, there bool) {
	n, ok := r.next(name)
	if !ok {
		return "", false
	}
	r.attributes(n)
	if len(n.kids) > 0 {
		r.stray(n.kids[0].name.Local)
	}
	return n.text, true
}

func (r *reader) text(name string) string {
	text, _ := r.leaf(name)
	return text
}

// texts takes all elements of a name; empty ones say nothing.
func (r *reader) texts(name string) (all []string) {
	for {
		text, ok := r.leaf(name)
		if !ok {
			return all
		}
		if text != "" {
			all = append(all, text)
		}
	}
}

// each opens all elements of a name.
func (r *reader) each(name string, read func(*reader)) {
	for i := 1; ; i++ {
		n, ok := r.next(name)
		if !ok {
			return
		}
		in := open(n, fmt.Sprintf("%s%s[%d].", r.path, name, i), r.found)
		read(in)
		in.done()
	}
}

// done finds what nobody took.
func (r *reader) done() {
	if len(r.kids) > 0 {
		r.stray(r.kids[0].name.Local)
	}
}

func (r *reader) time(name string) time.Time {
	text := r.text(name)
	if text == "" {
		return time.Time{}
	}
	t, ok := parseTime(text)
	if !ok {
		r.fail(name, "cap.time", "{value} is no time of this form: 2026-05-01T18:00:00-07:00, with seconds and the difference to UTC, never with Z.", "value", text)
	}
	return t
}

// parseTime is strict where time.Parse is not: it takes fractions anywhere.
func parseTime(s string) (time.Time, bool) {
	if len(s) != len(timeForm) || s[20] > '1' || s[19] != '+' && s[19] != '-' {
		return time.Time{}, false
	}
	t, err := time.Parse(timeForm, s)
	if err != nil || t.Year() < 1 {
		return time.Time{}, false
	}
	if _, offset := t.Zone(); offset < -14*3600 || offset > 14*3600 {
		return time.Time{}, false
	}
	return t, true
}

func (r *reader) number(name string) *float64 {
	text := r.text(name)
	if text == "" {
		return nil
	}
	f, ok := decimal(text)
	if !ok {
		r.fail(name, "cap.number", "{value} is not a number.", "value", text)
	}
	return &f
}

// decimal reads xs:decimal: no exponents, no infinities.
func decimal(s string) (float64, bool) {
	if s == "" || len(s) > 40 || strings.Trim(s, "+-.0123456789") != "" {
		return 0, false
	}
	f, err := strconv.ParseFloat(s, 64)
	return f, err == nil
}
