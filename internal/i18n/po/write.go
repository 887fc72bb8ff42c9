package po

import (
	"bytes"
	"strings"
)

// Bytes writes the catalogue. The form is canonical, so that equal catalogues
// are equal files: one reference a line, no wrapping, text with line breaks
// split after each break.
func (f *File) Bytes() []byte {
	var b bytes.Buffer
	comments(&b, "#", f.Comments)
	b.WriteString("msgid \"\"\nmsgstr \"\"\n")
	for _, name := range f.Order {
		b.WriteString(quote(name+": "+f.Header[name]+"\n") + "\n")
	}
	for _, e := range f.Entries {
		b.WriteByte('\n')
		e.write(&b)
	}
	return b.Bytes()
}

func (e *Entry) write(b *bytes.Buffer) {
	comments(b, "#", e.Comments)
	comments(b, "#.", e.Notes)
	comments(b, "#:", e.Refs)
	if len(e.Flags) > 0 {
		comments(b, "#,", []string{strings.Join(e.Flags, ", ")})
	}
	if e.Context != "" {
		field(b, "msgctxt", e.Context)
	}
	field(b, "msgid", e.ID)
	if e.Plural == "" {
		field(b, "msgstr", e.Str[0])
		return
	}
	field(b, "msgid_plural", e.Plural)
	for i, s := range e.Str {
		field(b, "msgstr["+string(rune('0'+i))+"]", s)
	}
}

func comments(b *bytes.Buffer, mark string, lines []string) {
	for _, l := range lines {
		b.WriteString(strings.TrimRight(mark+" "+l, " ") + "\n")
	}
}

func field(b *bytes.Buffer, name, v string) {
	b.WriteString(name + " ")
	if i := strings.IndexByte(v, '\n'); i < 0 || i == len(v)-1 {
		b.WriteString(quote(v) + "\n")
		return
	}
	b.WriteString("\"\"\n")
	for line := range strings.Lines(v) {
		b.WriteString(quote(line) + "\n")
	}
}

func quote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\r", `\r`, "\t", `\t`).Replace(s) + `"`
}
