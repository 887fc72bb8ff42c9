package eventcsv

import (
	"math"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

const (
	maxPeople  = 20_000_000 // more than any gathering on record
	maxSources = 30
	maxLink    = 2000 // bytes
)

// nothing says that a cell means "unknown". R writes NA.
func nothing(s string) bool {
	switch strings.ToLower(s) {
	case "", "na", "n/a", "nan", "none", "null", "unknown", "-", "?":
		return true
	}
	return false
}

var grouped = regexp.MustCompile(`^\d{1,3}([.,' ]\d{3})+$`)

// parsePeople reads a whole number between 0 and limit: 1200, 1,200, 1.200,
// 1 200 or, rounded, 28.5.
func parsePeople(s string, limit int) (int, bool) {
	if grouped.MatchString(s) {
		s = strings.Map(func(r rune) rune {
			if r < '0' || r > '9' {
				return -1
			}
			return r
		}, s)
	}
	if strings.Trim(s, "0123456789.,") != "" || len(s) > 20 {
		return 0, false
	}
	f, err := strconv.ParseFloat(strings.Replace(s, ",", ".", 1), 64)
	if err != nil || f > float64(limit) {
		return 0, false
	}
	return int(math.Round(f)), true
}

// parseDegree reads degrees within ±limit, with a decimal point or comma.
func parseDegree(s string, limit float64) (float64, bool) {
	if strings.Trim(s, "+-0123456789.,eE") != "" {
		return 0, false
	}
	f, err := strconv.ParseFloat(strings.Replace(s, ",", ".", 1), 64)
	if err != nil || math.Abs(f) > limit {
		return 0, false
	}
	return f, true
}

// parseOnline reads the values that spreadsheets and R use for yes.
func parseOnline(s string) bool {
	switch strings.ToLower(s) {
	case "1", "1.0", "true", "t", "yes", "y", "x":
		return true
	}
	return false
}

// netPlace says that the name of a place means "on the network".
func netPlace(s string) bool {
	switch strings.ToLower(s) {
	case "online", "virtual", "internet", "zoom", "online only", "virtual event":
		return true
	}
	return false
}

// parseLink accepts an absolute http or https address without user name.
func parseLink(s string) (string, bool) {
	if len(s) > maxLink {
		return "", false
	}
	u, err := url.Parse(s)
	if err != nil || u.User != nil || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https" {
		return "", false
	}
	return u.String(), true
}

// list splits a cell at semicolons and drops what is empty.
func list(s string) []string {
	var out []string
	for part := range strings.SplitSeq(s, ";") {
		if part = strings.TrimSpace(part); !nothing(part) {
			out = append(out, part)
		}
	}
	return out
}
