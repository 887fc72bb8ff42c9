package ical

import (
	"regexp"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // the same zones on every machine, with or without its own
)

// zone turns wall times into instants. Either it is a known place, or it has
// only the rules of a VTIMEZONE that fits none; then results are in UTC.
type zone struct {
	name  string // for Event.Zone
	loc   *time.Location
	rules *tzRules
}

// offset gives the seconds east of UTC at an instant.
func (z zone) offset(unix int64) int {
	if z.rules != nil {
		return z.rules.offset(unix)
	}
	_, off := time.Unix(unix, 0).In(z.loc).Zone()
	return off
}

// instant gives the instant of a wall time, in the zone's location. A time that
// occurs twice is the first of the two; one that the clocks skip is taken with
// the offset before the gap (RFC 5545, 3.3.5).
func (z zone) instant(wall time.Time) time.Time {
	const day = 24 * 3600
	w := wall.Unix()
	before, after := z.offset(w-day), z.offset(w+day)
	t := w - int64(before)
	if before != after && z.offset(t) != before {
		if late := w - int64(after); z.offset(late) == after {
			t = late
		}
	}
	return time.Unix(t, 0).In(z.loc)
}

// wallOf is the reverse of instant.
func (z zone) wallOf(t time.Time) time.Time {
	return time.Unix(t.Unix()+int64(z.offset(t.Unix())), 0).UTC()
}

// zoneKey names a zone as one calendar of the file wrote it.
type zoneKey struct {
	cal  int
	tzid string
}

// use is the range of wall times for which a zone is needed, and some of them.
type use struct {
	from, to time.Time
	dates    []time.Time
	recurs   bool // the range is longer than the dates
}

// zones resolves the zone names of one file.
type zones struct {
	def     zone // Options.Zone, named ""
	defName string
	cal     map[int]string // X-WR-TIMEZONE by calendar
	defs    map[zoneKey]*vtimezone
	uses    map[zoneKey]use
	known   map[zoneKey]zone
	floated bool
	budget  int // steps left for working out rules
	report  func(line int, uid, code string, args ...string)
}

// need widens the range of a zone.
func (z *zones) need(k zoneKey, from, to, date time.Time) {
	u, ok := z.uses[k]
	if !ok || from.Before(u.from) {
		u.from = from
	}
	if !ok || to.After(u.to) {
		u.to = to
	}
	u.recurs = u.recurs || !from.Equal(to) || len(u.dates) >= 64
	if len(u.dates) < 64 {
		u.dates = append(u.dates, date)
	}
	z.uses[k] = u
}

// floating gives the zone for times without one: the calendar's own, or that
// of the options. Days are not taken to UTC, which is what programs write when
// they know no zone.
func (z *zones) floating(cal int, days bool) zone {
	name, ok := ianaName(z.cal[cal])
	if ok && !(days && (name == "UTC" || name == "GMT" || strings.HasPrefix(name, "Etc/"))) {
		if loc, err := time.LoadLocation(name); err == nil {
			return zone{name: name, loc: loc}
		}
	}
	return z.def
}

// of gives the zone of a moment.
func (z *zones) of(cal int, m moment, line int, uid string) zone {
	switch {
	case m.utc:
		return zone{name: "UTC", loc: time.UTC}
	case m.tzid == "":
		f := z.floating(cal, m.date)
		if !m.date && !z.floated {
			z.floated = true
			name := f.name
			if name == "" {
				name = z.defName
			}
			z.report(line, uid, codeFloating, name)
		}
		return f
	}
	k := zoneKey{cal, m.tzid}
	if known, ok := z.known[k]; ok {
		return known
	}
	found := z.resolve(k, line, uid)
	z.known[k] = found
	return found
}

// resolve tries, in this order: names that are certain, the definition in the
// file, and guesses, which are reported.
func (z *zones) resolve(k zoneKey, line int, uid string) zone {
	name := k.tzid
	def := z.definition(k)
	sure := []func() (string, bool){
		func() (string, bool) { return ianaName(name) },
		func() (string, bool) { return ianaName(def.location) },
		func() (string, bool) { return windowsName(name) },
		func() (string, bool) { return ianaSuffix(name) },
		func() (string, bool) { return outlookLabel(name) },
	}
	for _, try := range sure {
		if found, ok := place(try()); ok {
			return found
		}
	}
	if rules := def.rules(z.uses[k], &z.budget); rules != nil {
		hints := []string{ianaInside(name), z.cal[k.cal], z.defName}
		if found, ok := matchRules(rules, z.uses[k], hints); ok {
			z.report(line, uid, codeZoneRules, clip(name), found.name)
			return found
		}
		z.report(line, uid, codeZoneUTC, clip(name))
		return zone{name: "UTC", loc: time.UTC, rules: rules}
	}
	if found, ok := place(guessName(name)); ok {
		z.report(line, uid, codeZoneGuess, clip(name), found.name)
		return found
	}
	if found, ok := place(fixedName(name)); ok {
		z.report(line, uid, codeZoneFixed, clip(name), found.name)
		return found
	}
	f := z.floating(k.cal, false)
	shown := f.name
	if shown == "" {
		shown = z.defName
	}
	z.report(line, uid, codeZoneUnknown, clip(name), shown)
	return f
}

// definition finds the VTIMEZONE of a name, first in the same calendar, then in
// any other of the file. It may stand after its use. Never nil.
func (z *zones) definition(k zoneKey) *vtimezone {
	if def := z.defs[k]; def != nil {
		return def
	}
	for cal := 1; cal <= maxZones; cal++ {
		if def := z.defs[zoneKey{cal, k.tzid}]; def != nil {
			return def
		}
	}
	return &vtimezone{}
}

// place loads a zone found by name.
func place(name string, ok bool) (zone, bool) {
	if !ok {
		return zone{}, false
	}
	loc, err := time.LoadLocation(name)
	if err != nil {
		return zone{}, false
	}
	return zone{name: name, loc: loc}, true
}

// matchRules looks for the place whose offsets agree with the rules, first over
// the whole year around the dates used, then from the first to the last date,
// then, unless something recurs, on the dates alone.
func matchRules(r *tzRules, u use, hints []string) (zone, bool) {
	const halfYear = 183 * 24 * time.Hour
	from, to := u.from, u.to
	if to.Sub(from) > 12*2*halfYear { // the later years are those that matter
		from = to.Add(-12 * 2 * halfYear)
	}
	checks := [][]int64{everyWeek(from.Add(-halfYear), to.Add(halfYear)), everyWeek(from, to)}
	if !u.recurs {
		var dates []int64
		for _, d := range u.dates {
			dates = append(dates, d.Unix()-int64(r.offset(d.Unix())))
		}
		checks = append(checks, dates)
	}
	candidates := append(hints, matchOrder()...)
	for _, times := range checks {
		for _, name := range candidates {
			if z, ok := place(ianaName(name)); ok && agrees(r, z, times) {
				return z, true
			}
		}
	}
	return zone{}, false
}

// everyWeek gives an instant every seven days, the last one included.
func everyWeek(from, to time.Time) []int64 {
	const week = 7 * 24 * 3600
	var out []int64
	for t := from.Unix(); t < to.Unix(); t += week {
		out = append(out, t)
	}
	return append(out, to.Unix())
}

func agrees(r *tzRules, z zone, times []int64) bool {
	for _, t := range times {
		if r.offset(t) != z.offset(t) {
			return false
		}
	}
	return true
}

// offsetName finds an offset in names such as "UTC+01", "(GMT +01:00)".
var offsetName = regexp.MustCompile(`^\(?(?:UTC|GMT)? ?([+-])(\d{1,2}):?(\d{2})?\)?$`)

// fixedName gives the zone of a name that is only an offset. The IANA names of
// whole hours have the opposite sign.
func fixedName(name string) (string, bool) {
	m := offsetName.FindStringSubmatch(strings.ToUpper(name))
	if m == nil {
		return "", false
	}
	hours, _ := strconv.Atoi(m[2]) // at most two digits
	if m[3] == "" || m[3] == "00" {
		if hours == 0 {
			return "UTC", true
		}
		sign := map[string]string{"+": "-", "-": "+"}[m[1]]
		return ianaName("Etc/GMT" + sign + strconv.Itoa(hours))
	}
	odd := map[string]string{
		"+3:30": "Asia/Tehran", "+4:30": "Asia/Kabul", "+5:30": "Asia/Kolkata", "+5:45": "Asia/Kathmandu",
		"+6:30": "Asia/Yangon", "+8:45": "Australia/Eucla", "+9:30": "Australia/Darwin", "-9:30": "Pacific/Marquesas",
	}
	found, ok := odd[m[1]+strconv.Itoa(hours)+":"+m[3]]
	return found, ok
}
