package i18n

import (
	"strconv"
	"strings"
	"time"
)

// Date writes the day in full, as "Saturday, November 21, 2026", in the zone
// that t carries.
func (l *Locale) Date(t time.Time) string { return l.pattern(l.table.date, t) }

// DateShort writes the day briefly, as "Nov 21, 2026".
func (l *Locale) DateShort(t time.Time) string { return l.pattern(l.table.dateShort, t) }

// Time writes the time of day, as "6:00 PM" or "18:00".
func (l *Locale) Time(t time.Time) string { return l.pattern(l.table.time, t) }

// Month writes the month and year as a heading, as "November 2026".
func (l *Locale) Month(t time.Time) string { return l.pattern(l.table.month, t) }

// FirstWeekday is the day on which a calendar's week starts.
func (l *Locale) FirstWeekday() time.Weekday { return l.table.firstDay }

// Weekdays are the seven short names, from [Locale.FirstWeekday] on.
func (l *Locale) Weekdays() []string {
	days := make([]string, 7)
	for i := range days {
		days[i] = l.shaped(l.table.daysShort[(int(l.table.firstDay)+i)%7])
	}
	return days
}

// pattern fills a date pattern of the tables. One letter is one field: E
// weekday, d day, M month, m short month, y year, H hour of 24, h hour of 12,
// i minutes, a half of the day. Letters that are meant as such stand within
// single quotes.
func (l *Locale) pattern(p string, t time.Time) string {
	var b strings.Builder
	quoted := false
	for _, c := range p {
		if c == '\'' {
			quoted = !quoted
			continue
		}
		if quoted {
			b.WriteRune(c)
			continue
		}
		b.WriteString(l.dateField(c, t))
	}
	return l.shaped(b.String())
}

func (l *Locale) dateField(c rune, t time.Time) string {
	tb := &l.table
	switch c {
	case 'E':
		return tb.days[t.Weekday()]
	case 'M':
		return tb.months[t.Month()-1]
	case 'm':
		return tb.monthsShort[t.Month()-1]
	case 'd':
		return l.digits(strconv.Itoa(t.Day()))
	case 'y':
		return l.digits(strconv.Itoa(t.Year()))
	case 'H':
		return l.digits(strconv.Itoa(t.Hour()))
	case 'h':
		return l.digits(strconv.Itoa((t.Hour()+11)%12 + 1))
	case 'i':
		return l.digits(t.Format("04"))
	case 'a':
		return tb.halves[t.Hour()/12]
	}
	return string(c)
}
