package i18n

import (
	"strconv"
	"time"
)

// MonthShort is the month's short name, for date stubs: "Nov".
func (l *Locale) MonthShort(t time.Time) string {
	return l.shaped(l.table.monthsShort[t.Month()-1])
}

// WeekdayShort is the weekday's short name: "Sat".
func (l *Locale) WeekdayShort(t time.Time) string {
	return l.shaped(l.table.daysShort[t.Weekday()])
}

// Plain writes a number without separators, as years and days are.
func (l *Locale) Plain(n int) string { return l.digits(strconv.Itoa(n)) }
