package ical

import (
	_ "embed"
	"regexp"
	"strings"
	"sync"
)

// Credit names whose data the package carries, for pages that say so. The
// licence is beside the data.
const Credit = "Unicode CLDR (© Unicode, Inc., Unicode License v3)"

//go:embed data/windows.txt
var windowsData string

//go:embed data/iana.txt
var ianaData string

// zoneNames are the name tables, all with lower-case keys.
type zoneNames struct {
	iana    map[string]string // to the proper spelling
	city    map[string]string // last part of the name, spaces for underscores
	windows map[string]string // Windows name
	label   map[string]string // Outlook label
	part    map[string]string // one city of an Outlook label
	order   []string          // places to try when only rules are known
}

// names builds the tables on first use; they never change after.
var names = sync.OnceValue(func() *zoneNames {
	n := &zoneNames{
		iana: map[string]string{}, city: map[string]string{}, windows: map[string]string{},
		label: map[string]string{}, part: map[string]string{},
	}
	for line := range strings.Lines(ianaData) {
		name := strings.TrimSpace(line)
		if name == "" || name[0] == '#' {
			continue
		}
		n.iana[strings.ToLower(name)] = name
		if i := strings.LastIndexByte(name, '/'); i >= 0 && !strings.HasPrefix(name, "Etc/") && !strings.HasPrefix(name, "US/") {
			n.city[strings.ToLower(strings.ReplaceAll(name[i+1:], "_", " "))] = name
		}
	}
	// The places most calendars come from, before others with the same rules.
	n.order = []string{
		"UTC", "Europe/Berlin", "Europe/London", "America/New_York", "America/Chicago", "America/Denver",
		"America/Los_Angeles", "Australia/Sydney", "Asia/Tokyo", "Asia/Shanghai", "Asia/Kolkata",
	}
	for line := range strings.Lines(windowsData) {
		f := strings.Split(strings.TrimSpace(line), "|")
		if len(f) != 3 || f[0][0] == '#' {
			continue
		}
		n.windows[strings.ToLower(f[0])] = f[1]
		n.order = append(n.order, f[1])
		if f[2] == "" {
			continue
		}
		n.label[labelKey(f[2])] = f[1]
		for city := range strings.SplitSeq(labelKey(f[2]), ",") {
			n.part[strings.TrimSpace(city)] = f[1]
		}
	}
	return n
})

// matchOrder lists places to compare with rules, likely ones first.
func matchOrder() []string { return names().order }

// ianaName gives the proper spelling of an IANA name. Only listed names are
// ever given to the zone loader, never a path or "Local".
func ianaName(s string) (string, bool) {
	name, ok := names().iana[strings.ToLower(strings.TrimSpace(s))]
	return name, ok
}

func windowsName(s string) (string, bool) {
	name, ok := names().windows[strings.ToLower(s)]
	return name, ok
}

// ianaSuffix reads globally unique names: "/mozilla.org/20070129_1/Europe/Berlin",
// "posix/Europe/Vaduz". The longest ending that is an IANA name counts; one
// without a slash counts only as the whole ("/Japan").
func ianaSuffix(s string) (string, bool) {
	rest := s
	for {
		i := strings.IndexByte(rest, '/')
		if i < 0 {
			return "", false
		}
		rest = rest[i+1:]
		if !strings.Contains(rest, "/") && i > 0 {
			return "", false
		}
		if name, ok := ianaName(rest); ok {
			return name, true
		}
	}
}

// labelPrefix is the offset before an Outlook label.
var labelPrefix = regexp.MustCompile(`^\((?:UTC|GMT)[^)]*\)\s*`)

// labelKey makes labels comparable: no offset, lower case, "and" for "&".
func labelKey(s string) string {
	s = labelPrefix.ReplaceAllString(strings.TrimSpace(s), "")
	return strings.ReplaceAll(strings.ToLower(s), " & ", " and ")
}

// outlookLabel reads "(UTC+01:00) Amsterdam, Berlin, Bern, Rome, Stockholm, Vienna".
func outlookLabel(s string) (string, bool) {
	name, ok := names().label[labelKey(s)]
	return name, ok
}

// insideName finds an IANA name inside another.
var insideName = regexp.MustCompile(`[A-Za-z]+/[A-Za-z_-]+(?:/[A-Za-z_-]+)?`)

// ianaInside finds "America/New_York" in "custom_America/New_York_2"; "" when
// there is none.
func ianaInside(s string) string {
	found := insideName.FindString(s)
	for found != "" {
		if name, ok := ianaName(found); ok {
			return name
		}
		i := strings.LastIndexAny(found, "_-/")
		if i < 0 {
			return ""
		}
		found = found[:i]
	}
	return ""
}

// guessName looks for a known city or an IANA name in an unknown name.
func guessName(s string) (string, bool) {
	if name := ianaInside(s); name != "" {
		return name, true
	}
	n := names()
	for city := range strings.SplitSeq(labelKey(s), ",") {
		city = strings.TrimSpace(city)
		if name, ok := n.part[city]; ok {
			return name, true
		}
		if name, ok := n.city[city]; ok {
			return name, true
		}
	}
	return "", false
}
