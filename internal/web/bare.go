package web

import (
	"bytes"
	"strings"
)

// Bare is a script of ours as visitors load it: without lines that are only
// comment, and without what indents the others. Scripts are written so that no text
// goes over several lines.
func Bare(script []byte) []byte {
	var out bytes.Buffer
	comment := false
	for line := range strings.Lines(string(script)) {
		text := strings.TrimSpace(line)
		switch {
		case comment:
			comment = !strings.HasSuffix(text, "*/")
		case strings.HasPrefix(text, "//"):
		case strings.HasPrefix(text, "/*"):
			comment = !strings.HasSuffix(text, "*/")
		default:
			out.WriteString(strings.TrimLeft(line, " \t"))
		}
	}
	return out.Bytes()
}
