package i18n

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// table is what a language needs beyond its catalogue. The values are those
// of Unicode CLDR 46 (common/main): patterns full, medium and short; stand-alone
// weekday names; the numbers' default numbering system.
type table struct {
	name     string // of the language, in itself
	rtl      bool
	group    string // between thousands
	point    string // before decimals
	minGroup int    // digits before the first group separator, CLDR minimumGroupingDigits
	zero     rune   // digit zero, or 0 for the European digits
	km       string

	date, dateShort, time, month string // see Locale.pattern
	firstDay                     time.Weekday
	days, daysShort              [7]string // from Sunday
	months, monthsShort          [12]string
	halves                       [2]string // of the day

	open, close string // around each text of a pseudo locale
}

// tables by tag or by language; a function, so that nothing can change them.
func tables() map[string]table {
	m := moreTables()
	m["en"], m["es"], m["ar"] = english(), spanish(), arabic()
	return m
}

// tableOf is the table of a tag, or of its language.
func tableOf(tag string) (table, bool) {
	if t, ok := tables()[tag]; ok {
		return t, true
	}
	base, _, _ := strings.Cut(tag, "-")
	t, ok := tables()[base]
	return t, ok
}

// plainTable serves a language that has no table: days and months are numbers,
// in the order of ISO 8601, which is read the same everywhere.
func plainTable(tag, name string) table {
	base, _, _ := strings.Cut(tag, "-")
	t := table{
		name: name, group: "\u202f", point: ",", minGroup: 2, km: "km", date: "E, y-M-d", dateShort: "y-M-d", time: "H:i", month: "y-M",
		firstDay: time.Monday, rtl: slices.Contains([]string{"ckb", "dv", "fa", "he", "ps", "sd", "ug", "ur", "yi"}, base),
		halves: [2]string{"AM", "PM"},
	}
	if name == "" {
		t.name = tag
	}
	for i := range 12 {
		t.months[i] = fmt.Sprintf("%02d", i+1)
	}
	t.monthsShort = t.months
	t.days, t.daysShort = english().days, english().daysShort
	return t
}

func english() table {
	return table{
		name: "English", group: ",", point: ".", minGroup: 1, km: "km",
		date: "E, M d, y", dateShort: "m d, y", time: "h:i a", month: "M y",
		firstDay:  time.Sunday,
		days:      [7]string{"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"},
		daysShort: [7]string{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"},
		months: [12]string{
			"January", "February", "March", "April", "May", "June",
			"July", "August", "September", "October", "November", "December",
		},
		monthsShort: [12]string{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"},
		halves:      [2]string{"AM", "PM"},
	}
}

func spanish() table {
	return table{
		name: "Español", group: ".", point: ",", minGroup: 2, km: "km",
		date: "E, d 'de' M 'de' y", dateShort: "d m y", time: "H:i", month: "M 'de' y",
		firstDay:  time.Monday,
		days:      [7]string{"domingo", "lunes", "martes", "miércoles", "jueves", "viernes", "sábado"},
		daysShort: [7]string{"dom", "lun", "mar", "mié", "jue", "vie", "sáb"},
		months: [12]string{
			"enero", "febrero", "marzo", "abril", "mayo", "junio",
			"julio", "agosto", "septiembre", "octubre", "noviembre", "diciembre",
		},
		monthsShort: [12]string{"ene", "feb", "mar", "abr", "may", "jun", "jul", "ago", "sept", "oct", "nov", "dic"},
		halves:      [2]string{"a. m.", "p. m."},
	}
}

func arabic() table {
	months := [12]string{
		"يناير", "فبراير", "مارس", "أبريل", "مايو", "يونيو",
		"يوليو", "أغسطس", "سبتمبر", "أكتوبر", "نوفمبر", "ديسمبر",
	}
	days := [7]string{"الأحد", "الاثنين", "الثلاثاء", "الأربعاء", "الخميس", "الجمعة", "السبت"}
	return table{
		name: "العربية", rtl: true, group: "٬", point: "٫", minGroup: 1, zero: '٠', km: "كم",
		date: "E، d M y", dateShort: "d m y", time: "h:i a", month: "M y",
		firstDay: time.Saturday, days: days, daysShort: days,
		months: months, monthsShort: months, halves: [2]string{"ص", "م"},
	}
}
