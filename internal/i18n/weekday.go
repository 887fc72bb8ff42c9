package i18n

import "time"

// Weekday is the weekday's full name, as within a sentence: "Saturday".
func (l *Locale) Weekday(d time.Weekday) string { return l.shaped(l.table.days[d]) }
