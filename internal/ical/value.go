package ical

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// moment is a DATE or DATE-TIME (RFC 5545, 3.3.4 and 3.3.5). Wall holds the
// written numbers as if they were UTC; what instant they are depends on the zone.
type moment struct {
	wall time.Time
	date bool   // no time of day was written
	utc  bool   // it ended in Z
	tzid string // as written
}

// parseMoment reads a value by its shape, whatever its VALUE parameter says:
// files disagree with themselves about that. Dashes and colons of ISO 8601 and
// missing seconds are taken.
func parseMoment(s, tzid string) (moment, bool) {
	m := moment{tzid: tzid}
	s = strings.Trim(s, " \t\"")
	if len(s) > 25 {
		return m, false
	}
	s = strings.ToUpper(strings.NewReplacer("-", "", ":", "").Replace(s))
	day, clock, timed := strings.Cut(s, "T")
	m.date = !timed
	if m.utc = strings.HasSuffix(clock, "Z"); m.utc {
		clock = clock[:len(clock)-1]
	}
	if len(clock) == 4 {
		clock += "00"
	}
	y, mo, d, ok1 := digits(day, 4)
	var h, mi, sec int
	ok2 := !timed
	if timed {
		h, mi, sec, ok2 = digits(clock, 2)
	}
	if !ok1 || !ok2 || y == 0 || h > 24 || mi > 59 || sec > 60 || h == 24 && mi+sec > 0 {
		return m, false
	}
	m.wall = time.Date(y, time.Month(mo), d, h, mi, min(sec, 59), 0, time.UTC)
	check := time.Date(y, time.Month(mo), d, 0, 0, 0, 0, time.UTC)
	return m, check.Day() == d && int(check.Month()) == mo && m.wall.Year() <= 9999
}

// digits splits "20260131" or "180000" into three numbers, the first of the
// given width and the others of two digits.
func digits(s string, first int) (a, b, c int, ok bool) {
	if len(s) != first+4 {
		return 0, 0, 0, false
	}
	for _, ch := range []byte(s) {
		if ch < '0' || ch > '9' {
			return 0, 0, 0, false
		}
	}
	a, _ = strconv.Atoi(s[:first]) // digits only
	b, _ = strconv.Atoi(s[first : first+2])
	c, _ = strconv.Atoi(s[first+2:])
	return a, b, c, true
}

// span is a DURATION: days move the wall clock, seconds pass (RFC 5545, 3.3.6).
type span struct{ days, seconds int }

// parseSpan reads "P1DT2H", "-PT15M" and also "PT1W", which some write.
func parseSpan(s string) (span, bool) {
	var out span
	s = strings.ToUpper(strings.TrimSpace(s))
	sign := 1
	if strings.HasPrefix(s, "-") {
		sign = -1
	}
	s = strings.TrimLeft(s, "+-")
	if !strings.HasPrefix(s, "P") || len(s) < 2 || len(s) > 40 {
		return out, false
	}
	n, seen := 0, false
	for _, c := range []byte(s[1:]) {
		unit := 0
		switch {
		case c >= '0' && c <= '9':
			n, seen = n*10+int(c-'0'), true
			if n > 100_000_000 {
				return out, false
			}
			continue
		case c == 'T':
			continue
		case c == 'W':
			out.days += 7 * n
		case c == 'D':
			out.days += n
		case c == 'H':
			unit = 3600
		case c == 'M':
			unit = 60
		case c == 'S':
			unit = 1
		default:
			return out, false
		}
		out.seconds += unit * n
		n = 0
	}
	const century = 36525
	if !seen || n != 0 || out.days > century || out.seconds > century*86400 {
		return out, false
	}
	out.days, out.seconds = out.days*sign, out.seconds*sign
	return out, true
}

// parseGeo reads "lat;lon" (RFC 5545, 3.8.1.6), also with a comma. 0;0 is what
// programs write for an unknown place and is refused.
func parseGeo(s string) (lat, lon float64, ok bool) {
	a, b, ok := strings.Cut(strings.ReplaceAll(s, `\`, ""), ";")
	if !ok {
		if a, b, ok = strings.Cut(a, ","); !ok {
			return 0, 0, false
		}
	}
	b, _, _ = strings.Cut(b, ";") // geo: URIs go on with parameters
	lat, err1 := strconv.ParseFloat(strings.TrimSpace(a), 64)
	lon, err2 := strconv.ParseFloat(strings.TrimSpace(b), 64)
	good := err1 == nil && err2 == nil && math.Abs(lat) <= 90 && math.Abs(lon) <= 180
	return lat, lon, good && (lat != 0 || lon != 0)
}

// parseOffset reads a UTC-OFFSET such as "+0100" or "-000115" into seconds
// (RFC 5545, 3.3.14).
func parseOffset(s string) (int, bool) {
	s = strings.ReplaceAll(strings.TrimSpace(s), ":", "")
	if len(s) != 5 && len(s) != 7 || s[0] != '+' && s[0] != '-' {
		return 0, false
	}
	h, m, sec, ok := digits((s[1:] + "00")[:6], 2)
	if !ok || h > 23 || m > 59 || sec > 59 {
		return 0, false
	}
	off := h*3600 + m*60 + sec
	if s[0] == '-' {
		off = -off
	}
	return off, true
}

// webAddress gives s when it is an http or https address, else "".
func webAddress(s string) string {
	s = strings.TrimSpace(s)
	low := strings.ToLower(s[:min(8, len(s))])
	if !strings.HasPrefix(low, "http://") && !strings.HasPrefix(low, "https://") || len(s) > 2000 {
		return ""
	}
	if strings.ContainsFunc(s, func(r rune) bool {
		return r <= ' ' || r >= 0x7F && r < 0xA0 || strings.ContainsRune("\"<>\\^`{|}", r)
	}) {
		return ""
	}
	return s
}
