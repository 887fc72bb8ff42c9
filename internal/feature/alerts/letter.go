package alerts

import (
	"regexp"
	"strings"
)

// again begins the subject of an answer, or of what is passed on, in several languages.
var again = regexp.MustCompile(`(?i)^(\s*(re|aw|sv|rv|res|odp|ynt|رد|fwd?|wg|tr|enc|إعادة توجيه)\s*:)+\s*`)

// written is what somebody wrote of a mail: without the mail that they answer, which begins
// with a line like "On Sunday they wrote:" or is ruled off, without what stands behind a
// signature's mark (RFC 3676, section 4.3), and without empty lines.
func written(text string) string {
	var out []string
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\r\n")
		if line == "-- " || line == "--" || strings.HasPrefix(line, "-----") || strings.HasPrefix(line, "_____") {
			break
		}
		line = strings.Join(strings.Fields(line), " ")
		if strings.HasPrefix(line, ">") {
			if n := len(out); n > 0 && strings.HasSuffix(out[n-1], ":") {
				out = out[:n-1]
			}
			break
		}
		if line != "" {
			out = append(out, line)
		}
	}
	return strings.Join(out, "\n")
}
