package web

import (
	"errors"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"convoke/internal/fault"
	"convoke/internal/i18n"
	"convoke/internal/plaintext"
)

// Form is what somebody typed, and what is wrong with it. It is shown again
// with every value kept and each message beside its field.
type Form struct {
	values url.Values
	errors []FormError
	locale *i18n.Locale
	call   *Call
}

// FormError is one translated message.
type FormError struct{ Name, Text string }

// NewForm returns an empty form in the reader's language.
func (c *Call) NewForm() *Form { return &Form{values: url.Values{}, locale: c.Locale, call: c} }

// Form reads the posted form. What cannot be read is a fault: too large, not a
// form, or not UTF-8.
func (c *Call) Form() (*Form, error) {
	ct, _, err := mime.ParseMediaType(c.R.Header.Get("Content-Type"))
	if err != nil || ct != "application/x-www-form-urlencoded" && ct != "multipart/form-data" {
		return nil, fault.Malformed("form.type", "This was not sent as a form.")
	}
	limit := int64(maxForm)
	if ct == "multipart/form-data" {
		limit = c.site.opt.MaxUpload + maxForm // the picture, and the rest of the form
	}
	c.R.Body = http.MaxBytesReader(c.W, c.R.Body, limit)
	if ct == "multipart/form-data" {
		err = c.R.ParseMultipartForm(1 << 20)
	} else {
		err = c.R.ParseForm()
	}
	var big *http.MaxBytesError
	if errors.As(err, &big) {
		return nil, fault.TooLarge("form.large", "That is more than this server takes at once ({kib} KiB). Nothing was recorded.", "kib", int(limit>>10))
	}
	if err != nil {
		return nil, fault.Because(fault.Malformed("form.unreadable", "This form could not be read. Nothing was recorded."), err)
	}
	for _, vs := range c.R.PostForm {
		for _, v := range vs {
			if !utf8.ValidString(v) || strings.ContainsRune(v, 0) {
				return nil, fault.Malformed("form.encoding", "This form holds characters that cannot be read. Nothing was recorded.")
			}
		}
	}
	return &Form{values: c.R.PostForm, locale: c.Locale, call: c}, nil
}

// Set gives a field a value, for a form that starts filled in.
func (f *Form) Set(name string, values ...string) *Form {
	f.values[name] = values
	return f
}

// Raw is the value exactly as typed, to show it again.
func (f *Form) Raw(name string) string {
	if f == nil || f.values == nil {
		return ""
	}
	return f.values.Get(name)
}

// Has reports whether name was sent with that value: a ticked box, a chosen
// option.
func (f *Form) Has(name, value string) bool {
	if f == nil {
		return false
	}
	for _, v := range f.values[name] {
		if v == value {
			return true
		}
	}
	return false
}

// OneClick reports whether a mail program sent this when somebody pressed its button to
// end messages (RFC 8058). It has no cookie and must be answered without a redirect.
func (f *Form) OneClick() bool { return f.Has("List-Unsubscribe", "One-Click") }

// All is every value of name.
func (f *Form) All(name string) []string { return f.values[name] }

// Typed is one value of a form.
type Typed struct{ Name, Value string }

// Rest is every value but those of the named fields, by name, for a page that
// carries them on.
func (f *Form) Rest(but ...string) []Typed {
	var out []Typed
	for _, name := range slices.Sorted(maps.Keys(f.values)) {
		if slices.Contains(but, name) {
			continue
		}
		for _, v := range f.values[name] {
			out = append(out, Typed{name, v})
		}
	}
	return out
}

// Line is the value as one line of text: trimmed, in Unicode normal form C,
// without control and direction-changing characters. A number, a date or a time
// has the digits of ASCII, whatever the reader's keyboard writes.
func (f *Form) Line(name string) string {
	return onlyDigits(plaintext.Line(f.Raw(name)))
}

// Text is [Form.Line] for several lines: line breaks are kept as "\n".
func (f *Form) Text(name string) string {
	return plaintext.Text(f.Raw(name))
}

// Int is the value as a whole number; ok is false when it is none.
func (f *Form) Int(name string) (n int, ok bool) {
	n, err := strconv.Atoi(f.Line(name))
	return n, err == nil
}

// Fail adds a message beside a field.
func (f *Form) Fail(name, msg string, args ...any) {
	f.errors = append(f.errors, FormError{name, f.locale.T(msg, args...)})
}

// Accepts takes the field messages of an Invalid fault, or the message of a
// Conflict, into the form. It reports whether the form should be shown again.
func (f *Form) Accepts(err error) bool {
	e := fault.Of(err)
	if e == nil || e.Kind != fault.KindInvalid && e.Kind != fault.KindConflict {
		return false
	}
	for _, x := range e.Fields {
		f.Fail(x.Name, x.Msg, x.Args...)
	}
	if len(e.Fields) == 0 {
		f.Fail("", e.Msg, e.Args...)
	}
	return true
}

// Failed reports whether anything is wrong.
func (f *Form) Failed() bool { return f != nil && len(f.errors) > 0 }

// Errors are all messages, in order, for the summary.
func (f *Form) Errors() []FormError {
	if f == nil {
		return nil
	}
	return f.errors
}

// Error is the message beside one field, or "".
func (f *Form) Error(name string) string {
	for _, e := range f.Errors() {
		if e.Name == name {
			return e.Text
		}
	}
	return ""
}

// FieldView is a field ready for the template "field".
type FieldView struct {
	Name, Label, Value, Error string
	Hint, Type, Auto, Mode    string
	Max                       string
	Required, Area            bool
	Attr                      map[string]string
}

// Field prepares an input for the template "field". opts are name, value
// pairs: hint, type, autocomplete, inputmode, max, rows (makes a textarea),
// required.
func (f *Form) Field(name, label string, opts ...string) FieldView {
	v := FieldView{Name: name, Label: label, Value: f.Raw(name), Error: f.Error(name), Type: "text"}
	for i := 0; i+1 < len(opts); i += 2 {
		switch opts[i] {
		case "hint":
			v.Hint = opts[i+1]
		case "type":
			v.Type = opts[i+1]
		case "autocomplete":
			v.Auto = opts[i+1]
		case "inputmode":
			v.Mode = opts[i+1]
		case "max":
			v.Max = opts[i+1]
		case "rows":
			v.Area, v.Mode = true, opts[i+1]
		case "required":
			v.Required = true
		}
	}
	return v
}

// Choice is one option of a select, a radio group or a set of boxes.
type Choice struct {
	Value, Label string
	Hint         string
	On           bool
}

// Choose marks the options that the form has chosen.
func (f *Form) Choose(name string, options []Choice) []Choice {
	out := append([]Choice(nil), options...)
	for i := range out {
		out[i].On = f.Has(name, out[i].Value)
	}
	return out
}
