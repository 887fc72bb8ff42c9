package ical

import (
	"strings"
	"unicode/utf8"
)

// property is one content line: NAME;PARAM=value:value (RFC 5545, 3.1).
type property struct {
	name   string // upper case
	params map[string]string
	value  string // as written, escapes included
	line   int
}

// param gives a parameter's value without quotes, RFC 6868 escapes undone.
func (p property) param(name string) string { return p.params[name] }

// parseProperty splits a line. A line whose quotes do not pair is split again
// as if it had none, because a quote in the wrong place must not cost a date.
func parseProperty(text string, at int) (property, bool) {
	p := property{line: at}
	colon := splitAt(text, ':', true)
	if colon < 0 {
		text = strings.ReplaceAll(text, `"`, "")
		if colon = strings.LastIndexByte(text, ':'); colon < 0 {
			return p, false
		}
	}
	head := text[:colon]
	p.value = text[colon+1:]
	semi := splitAt(head, ';', true)
	if semi < 0 {
		semi = len(head)
	}
	p.name = strings.ToUpper(strings.TrimSpace(head[:semi]))
	if !isName(p.name) {
		return p, false
	}
	if semi < len(head) {
		p.params = parseParams(head[semi+1:])
	}
	return p, true
}

func parseParams(s string) map[string]string {
	params := make(map[string]string)
	for len(s) > 0 && len(params) < 100 {
		part := s
		if i := splitAt(s, ';', true); i >= 0 {
			part, s = s[:i], s[i+1:]
		} else {
			s = ""
		}
		name, value, ok := strings.Cut(part, "=")
		name = strings.ToUpper(strings.TrimSpace(name))
		if !ok || name == "" {
			continue
		}
		if _, twice := params[name]; !twice {
			params[name] = decodeParam(value)
		}
	}
	return params
}

// splitAt finds sep outside double quotes; -1 when there is none.
func splitAt(s string, sep byte, quotes bool) int {
	quoted := false
	for i := 0; i < len(s); i++ {
		switch {
		case quotes && s[i] == '"':
			quoted = !quoted
		case s[i] == sep && !quoted:
			return i
		}
	}
	return -1
}

func isName(s string) bool {
	if s == "" || len(s) > 100 {
		return false
	}
	for _, c := range []byte(s) {
		if (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return false
		}
	}
	return true
}

// decodeParam removes quotes and undoes ^n, ^^ and ^' (RFC 6868, 3.2). Other
// uses of ^ stay as they are.
func decodeParam(s string) string {
	s = strings.ReplaceAll(s, `"`, "")
	if !strings.Contains(s, "^") {
		return strings.TrimSpace(s)
	}
	var sb strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '^' && i+1 < len(s) {
			if j := strings.IndexByte("n^'", s[i+1]); j >= 0 {
				sb.WriteByte("\n^\""[j])
				i++
				continue
			}
		}
		sb.WriteByte(s[i])
	}
	return strings.TrimSpace(sb.String())
}

// encodeParam is the reverse, in quotes.
func encodeParam(s string) string {
	s = strings.NewReplacer("^", "^^", "\n", "^n", `"`, "^'").Replace(s)
	return `"` + s + `"`
}

// unescape undoes the escapes of TEXT (RFC 5545, 3.3.11). A backslash before
// any other character is dropped; writers put them before colons and quotes.
func unescape(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var sb strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			sb.WriteByte(s[i])
			continue
		}
		i++
		switch s[i] {
		case 'n', 'N':
			sb.WriteByte('\n')
		default:
			sb.WriteByte(s[i])
		}
	}
	return sb.String()
}

func escape(s string) string {
	return strings.NewReplacer(`\`, `\\`, ";", `\;`, ",", `\,`, "\n", `\n`).Replace(s)
}

// text reads a TEXT value for people: escapes undone, control characters
// removed, trimmed.
func text(s string) string { return cleanText(unescape(s), true) }

// cleanText removes control characters except tab and line feed, and makes
// every line end a line feed. Without breaks, those become spaces.
func cleanText(s string, breaks bool) string {
	s = strings.ReplaceAll(s, "\r\n", "\n")
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\r', r == '\n':
			if breaks {
				return '\n'
			}
			return ' '
		case r == '\t':
			if breaks {
				return r
			}
			return ' '
		case r < ' ', r >= 0x7F && r < 0xA0, r == utf8.RuneError:
			return -1
		}
		return r
	}, s)
	return strings.TrimSpace(s)
}

// textList reads a list of TEXT values, split at commas that are not escaped.
func textList(s string, most int) []string {
	var out []string
	for s != "" && len(out) < most {
		end := len(s)
		for i := 0; i < len(s); i++ {
			if s[i] == '\\' {
				i++
			} else if s[i] == ',' {
				end = i
				break
			}
		}
		if one := cleanText(unescape(s[:end]), false); one != "" {
			out = append(out, one)
		}
		s = s[min(end+1, len(s)):]
	}
	return out
}
