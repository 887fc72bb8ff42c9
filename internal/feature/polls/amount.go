package polls

import (
	"strconv"
	"strings"
)

// Amount is a quorum or share as somebody typed it: a number of votes, or a part of
// all of them.
type Amount struct {
	Num, Den int  // Den is 0 for a number
	More     bool // more than that is needed
}

// maxAmount bounds what is typed, so that nothing overflows.
const maxAmount = 100_000_000

// readAmount understands 20, 50%, 66.7 %, 2/3 and with a > before it more than that.
// Nothing typed is zero.
func readAmount(s string) (a Amount, ok bool) {
	s = strings.ReplaceAll(strings.TrimSpace(s), " ", "")
	if s == "" {
		return a, true
	}
	s, a.More = strings.CutPrefix(s, ">")
	if num, percent := strings.CutSuffix(s, "%"); percent {
		a.Num, a.Den, ok = readDecimal(num)
		a.Den *= 100
		return a.reduced(ok && a.Num <= a.Den)
	}
	num, den, part := strings.Cut(s, "/")
	if a.Num, ok = readWhole(num); !ok || !part {
		return a, ok
	}
	a.Den, ok = readWhole(den)
	return a.reduced(ok && a.Den > 0 && a.Num <= a.Den)
}

func (a Amount) reduced(ok bool) (Amount, bool) {
	if !ok {
		return Amount{}, false
	}
	x, y := a.Num, a.Den
	for y > 0 {
		x, y = y, x%y
	}
	a.Num, a.Den = a.Num/x, a.Den/x
	return a, true
}

func readWhole(s string) (int, bool) {
	if s == "" || len(s) > 9 || strings.Trim(s, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.Atoi(s)
	return n, err == nil && n <= maxAmount
}

// readDecimal reads at most three places behind a point or comma.
func readDecimal(s string) (num, den int, ok bool) {
	whole, places, dotted := strings.Cut(strings.ReplaceAll(s, ",", "."), ".")
	if dotted && (places == "" || len(places) > 3) || len(whole) > 3 {
		return 0, 0, false
	}
	num, ok = readWhole(whole + places)
	den = 1
	for range places {
		den *= 10
	}
	return num, den, ok
}

// zero reports that nothing is asked for.
func (a Amount) zero() bool { return a.Num == 0 && !a.More }

// of is the least whole number of votes that is enough, of total ones.
func (a Amount) of(total int) int {
	n := a.Num
	if a.Den > 0 {
		n = (total*a.Num + a.Den - 1) / a.Den
		if a.More && total*a.Num%a.Den == 0 {
			n++
		}
		return n
	}
	if a.More {
		n++
	}
	return n
}
