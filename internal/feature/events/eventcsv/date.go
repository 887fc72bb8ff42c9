package eventcsv

import (
	"strings"
	"time"
)

// parseDate reads 2017-11-04, 11/4/2017 (month first, as the sheets have it),
// 4 Nov 2017, 4 November 2017 and November 4, 2017. A time of day behind the
// first two, which spreadsheets add, is passed over.
func parseDate(s string) (Date, bool) {
	s = strings.TrimSpace(s)
	if len(s) > 40 {
		return Date{}, false
	}
	day := s
	if i := strings.IndexAny(s, "T "); i > 0 && strings.Contains(s[i:], ":") {
		day = s[:i]
	}
	for _, form := range []string{"2006-1-2", "1/2/2006"} {
		if t, err := time.Parse(form, day); err == nil {
			return civil(t)
		}
	}
	for _, form := range []string{"2 Jan 2006", "2 January 2006", "Jan 2, 2006", "January 2, 2006", "2-Jan-2006"} {
		if t, err := time.Parse(form, s); err == nil {
			return civil(t)
		}
	}
	return Date{}, false
}

func civil(t time.Time) (Date, bool) {
	y, m, d := t.Date()
	return Date{Year: y, Month: int(m), Day: d}, y >= 1800 && y <= 2200
}
