package i18n

import (
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/unicode/bidi"
)

// value writes an argument of a text.
func (l *Locale) value(v any) string {
	switch v := v.(type) {
	case string:
		return l.isolate(v)
	case int:
		return l.Number(int64(v))
	case int64:
		return l.Number(v)
	case time.Time:
		return l.DateShort(v)
	case fmt.Stringer:
		return l.isolate(v.String())
	case error:
		return l.isolate(v.Error())
	case nil:
		return ""
	}
	switch r := reflect.ValueOf(v); r.Kind() { //nolint:exhaustive // the rest below
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return l.Number(r.Int())
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return l.Number(int64(min(r.Uint(), math.MaxInt64))) //nolint:gosec // bounded
	case reflect.Float32, reflect.Float64:
		return l.decimal(r.Float(), 2)
	case reflect.String:
		return l.isolate(r.String())
	}
	return fmt.Sprint(v)
}

// Isolation marks (Unicode Standard Annex 9, section 2.2).
const firstStrongIsolate, popIsolate = "\u2068", "\u2069"

// isolate keeps a value that runs against the direction of the text from
// disordering what stands around it, as a Hebrew name in an English sentence
// does to a number that follows. Addresses are left alone: the invisible
// marks would become part of what is copied.
func (l *Locale) isolate(s string) string {
	if strings.Contains(s, "://") || strings.Contains(s, "@") {
		return s
	}
	for _, r := range s {
		p, _ := bidi.LookupRune(r)
		c := p.Class()
		if rtl := c == bidi.R || c == bidi.AL; rtl && !l.table.rtl || c == bidi.L && l.table.rtl {
			return firstStrongIsolate + s + popIsolate
		}
	}
	return s
}

// Number writes an integer, as "12,500" or "12.500".
func (l *Locale) Number(n int64) string {
	s := strconv.FormatInt(n, 10)
	sign := ""
	if n < 0 {
		sign, s = "-", s[1:]
	}
	return sign + l.digits(l.grouped(s))
}

// grouped separates thousands; Spanish does so only from five digits on.
func (l *Locale) grouped(s string) string {
	if len(s) < 3+l.table.minGroup {
		return s
	}
	first := len(s) % 3
	if first == 0 {
		first = 3
	}
	var b strings.Builder
	b.WriteString(s[:first])
	for i := first; i < len(s); i += 3 {
		b.WriteString(l.table.group)
		b.WriteString(s[i : i+3])
	}
	return b.String()
}

// digits replaces the European digits where the language has its own.
func (l *Locale) digits(s string) string {
	if l.table.zero == 0 {
		return s
	}
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return l.table.zero + r - '0'
		}
		return r
	}, s)
}

// decimal writes a fraction with at most places decimals, zeros cut.
func (l *Locale) decimal(f float64, places int) string {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return "–"
	}
	s := strconv.FormatFloat(math.Abs(f), 'f', places, 64)
	whole, frac, _ := strings.Cut(s, ".")
	frac = strings.TrimRight(frac, "0")
	out := l.grouped(whole)
	if frac != "" {
		out += l.table.point + frac
	}
	if f < 0 && strings.Trim(s, "0.") != "" {
		out = "-" + out
	}
	return l.digits(out)
}

// Range writes low and high as "1,000–2,500", and one number when they are
// equal.
func (l *Locale) Range(low, high int64) string {
	if low == high {
		return l.Number(low)
	}
	return l.Number(low) + "–" + l.Number(high)
}

// Kilometers writes a distance: one decimal below ten, none above.
func (l *Locale) Kilometers(km float64) string {
	places := 0
	if math.Abs(km) < 9.95 {
		places = 1
	}
	return l.shaped(l.decimal(km, places) + "\u00a0" + l.table.km)
}
