package ical_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"convoke/internal/ical"
)

// TestRulePublished are the examples of RFC 5545, 3.8.5.3, with the dates that it
// prints, as month, day and where it matters hour and minute; "|" parts years.
// Those that it cuts short with "..." are compared as far as they go.
func TestRulePublished(t *testing.T) {
	t.Parallel()
	days := func(month string, from, to, step int) (out []string) {
		for d := from; d <= to; d += step {
			out = append(out, fmt.Sprintf("%s%02d", month, d))
		}
		return out
	}
	join := func(parts ...[]string) string { return strings.Join(slices.Concat(parts...), " ") }
	twoWeeks := []string{"0902", "0916", "0930", "1014", "1028", "1111", "1125", "1209", "1223"}
	for _, c := range []struct{ start, rule, want string }{
		{"", "FREQ=DAILY;COUNT=10", join(days("09", 2, 11, 1))},
		{"", "FREQ=DAILY;UNTIL=19971224T000000Z", join(days("09", 2, 30, 1), days("10", 1, 31, 1), days("11", 1, 30, 1), days("12", 1, 23, 1))},
		{"", "FREQ=DAILY;INTERVAL=2", join(days("09", 2, 30, 2), days("10", 2, 30, 2), days("11", 1, 29, 2), days("12", 1, 3, 2)) + " ..."},
		{"", "FREQ=DAILY;INTERVAL=10;COUNT=5", "0902 0912 0922 1002 1012"},
		{"19980101T090000", "FREQ=YEARLY;UNTIL=20000131T140000Z;BYMONTH=1;BYDAY=SU,MO,TU,WE,TH,FR,SA",
			join(days("01", 1, 31, 1)) + " | " + join(days("01", 1, 31, 1)) + " | " + join(days("01", 1, 31, 1))},
		{"19980101T090000", "FREQ=DAILY;UNTIL=20000131T140000Z;BYMONTH=1",
			join(days("01", 1, 31, 1)) + " | " + join(days("01", 1, 31, 1)) + " | " + join(days("01", 1, 31, 1))},
		{"", "FREQ=WEEKLY;COUNT=10", "0902 0909 0916 0923 0930 1007 1014 1021 1028 1104"},
		{"", "FREQ=WEEKLY;UNTIL=19971224T000000Z", "0902 0909 0916 0923 0930 1007 1014 1021 1028 1104 1111 1118 1125 1202 1209 1216 1223"},
		{"", "FREQ=WEEKLY;INTERVAL=2;WKST=SU", join(twoWeeks) + " | 0106 0120 0203 0217 ..."},
		{"", "FREQ=WEEKLY;UNTIL=19971007T000000Z;WKST=SU;BYDAY=TU,TH", "0902 0904 0909 0911 0916 0918 0923 0925 0930 1002"},
		{"", "FREQ=WEEKLY;COUNT=10;WKST=SU;BYDAY=TU,TH", "0902 0904 0909 0911 0916 0918 0923 0925 0930 1002"},
		{"19970901T090000", "FREQ=WEEKLY;INTERVAL=2;UNTIL=19971224T000000Z;WKST=SU;BYDAY=MO,WE,FR",
			"0901 0903 0905 0915 0917 0919 0929 1001 1003 1013 1015 1017 1027 1029 1031 1110 1112 1114 1124 1126 1128 1208 1210 1212 1222"},
		{"", "FREQ=WEEKLY;INTERVAL=2;COUNT=8;WKST=SU;BYDAY=TU,TH", "0902 0904 0916 0918 0930 1002 1014 1016"},
		{"19970905T090000", "FREQ=MONTHLY;COUNT=10;BYDAY=1FR", "0905 1003 1107 1205 | 0102 0206 0306 0403 0501 0605"},
		{"19970905T090000", "FREQ=MONTHLY;UNTIL=19971224T000000Z;BYDAY=1FR", "0905 1003 1107 1205"},
		{"19970907T090000", "FREQ=MONTHLY;INTERVAL=2;COUNT=10;BYDAY=1SU,-1SU", "0907 0928 1102 1130 | 0104 0125 0301 0329 0503 0531"},
		{"19970922T090000", "FREQ=MONTHLY;COUNT=6;BYDAY=-2MO", "0922 1020 1117 1222 | 0119 0216"},
		{"19970928T090000", "FREQ=MONTHLY;BYMONTHDAY=-3", "0928 1029 1128 1229 | 0129 0226 ..."},
		{"", "FREQ=MONTHLY;COUNT=10;BYMONTHDAY=2,15", "0902 0915 1002 1015 1102 1115 1202 1215 | 0102 0115"},
		{"19970930T090000", "FREQ=MONTHLY;COUNT=10;BYMONTHDAY=1,-1", "0930 1001 1031 1101 1130 1201 1231 | 0101 0131 0201"},
		{"19970910T090000", "FREQ=MONTHLY;INTERVAL=18;COUNT=10;BYMONTHDAY=10,11,12,13,14,15",
			"0910 0911 0912 0913 0914 0915 | 0310 0311 0312 0313"},
		{"", "FREQ=MONTHLY;INTERVAL=2;BYDAY=TU", "0902 0909 0916 0923 0930 1104 1111 1118 1125 | 0106 0113 0120 0127 0303 0310 0317 0324 0331 ..."},
		{"19970610T090000", "FREQ=YEARLY;COUNT=10;BYMONTH=6,7", "0610 0710 | 0610 0710 | 0610 0710 | 0610 0710 | 0610 0710"},
		{"19970310T090000", "FREQ=YEARLY;INTERVAL=2;COUNT=10;BYMONTH=1,2,3", "0310 | 0110 0210 0310 | 0110 0210 0310 | 0110 0210 0310"},
		{"19970101T090000", "FREQ=YEARLY;INTERVAL=3;COUNT=10;BYYEARDAY=1,100,200", "0101 0410 0719 | 0101 0409 0718 | 0101 0410 0719 | 0101"},
		{"19970519T090000", "FREQ=YEARLY;BYDAY=20MO", "0519 | 0518 | 0517 ..."},
		{"19970512T090000", "FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO", "0512 | 0511 | 0517 ..."},
		{"19970313T090000", "FREQ=YEARLY;BYMONTH=3;BYDAY=TH", "0313 0320 0327 | 0305 0312 0319 0326 | 0304 0311 0318 0325 ..."},
		{"19970605T090000", "FREQ=YEARLY;BYDAY=TH;BYMONTH=6,7,8",
			"0605 0612 0619 0626 0703 0710 0717 0724 0731 0807 0814 0821 0828 | 0604 0611 0618 0625 0702 0709 0716 0723 0730 0806 0813 0820 0827 ..."},
		// The start is a Tuesday, which the RFC takes away by an EXDATE.
		{"", "FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13", "0902 | 0213 0313 1113 | 0813 | 1013 ..."},
		{"19970913T090000", "FREQ=MONTHLY;BYDAY=SA;BYMONTHDAY=7,8,9,10,11,12,13", "0913 1011 1108 1213 | 0110 0207 0307 0411 0509 0613 ..."},
		{"19961105T090000", "FREQ=YEARLY;INTERVAL=4;BYMONTH=11;BYDAY=TU;BYMONTHDAY=2,3,4,5,6,7,8", "1105 | 1107 | 1102 ..."},
		{"19970904T090000", "FREQ=MONTHLY;COUNT=3;BYDAY=TU,WE,TH;BYSETPOS=3", "0904 1007 1106"},
		{"19970929T090000", "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-2", "0929 1030 1127 1230 | 0129 0226 0330 ..."},
		{"", "FREQ=HOURLY;INTERVAL=3;UNTIL=19970902T170000Z", "0902 0902 0902"},
		{"", "FREQ=MINUTELY;INTERVAL=15;COUNT=6", "0902 0902 0902 0902 0902 0902"},
		{"19970805T090000", "FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=MO", "0805 0810 0819 0824"},
		{"19970805T090000", "FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=SU", "0805 0817 0819 0831"},
		{"20070115T090000", "FREQ=MONTHLY;BYMONTHDAY=15,30;COUNT=5", "0115 0130 0215 0315 0330"},
	} {
		start, err := time.Parse("20060102T150405", c.start+"19970902T090000"[len(c.start):])
		if err != nil {
			t.Fatal(err)
		}
		r, ok := ical.ParseRule(c.rule)
		if !ok {
			t.Errorf("%s: not understood", c.rule)
			continue
		}
		want, open := strings.CutSuffix(c.want, " ...")
		n := len(strings.Fields(strings.ReplaceAll(want, "|", "")))
		var got []string
		year := start.Year()
		r.Dates(start, start.AddDate(40, 0, 0), func(d time.Time) bool {
			if d.Year() != year {
				got, year = append(got, "|"), d.Year()
			}
			got = append(got, d.Format("0102"))
			n--
			return n > 0 || !open
		})
		if diff := cmp.Diff(strings.Fields(want), got); diff != "" {
			t.Errorf("%s (-published +got):\n%s", c.rule, diff)
		}
	}
}

func TestRuleOfOurOwnIsStrict(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"", "COUNT=3", "FREQ=DAILY;X-MOON=full", "RRULE:FREQ=DAILY", "FREQ=DAILY;INTERVAL=0"} {
		if _, ok := ical.ParseRule(s); ok {
			t.Errorf("%q was understood", s)
		}
	}
}

// TestAt: what clock changes do to a wall time.
func TestAt(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		zone, wall, want string
		clock            ical.Clock
	}{
		{"Europe/Berlin", "2026-03-29 02:30", "2026-03-29T03:30:00+02:00", ical.Skipped},
		{"Europe/Berlin", "2026-03-29 03:00", "2026-03-29T03:00:00+02:00", ical.Once},
		{"Europe/Berlin", "2026-10-25 02:30", "2026-10-25T02:30:00+02:00", ical.Twice},
		{"Europe/Berlin", "2026-10-25 03:00", "2026-10-25T03:00:00+01:00", ical.Once},
		{"Europe/Berlin", "2026-10-25 01:59", "2026-10-25T01:59:00+02:00", ical.Once},
		{"America/New_York", "2026-03-08 02:00", "2026-03-08T03:00:00-04:00", ical.Skipped},
		{"America/New_York", "2026-11-01 01:59", "2026-11-01T01:59:00-04:00", ical.Twice},
		{"Australia/Lord_Howe", "2026-10-04 02:15", "2026-10-04T02:45:00+11:00", ical.Skipped}, // by half an hour
		{"Australia/Lord_Howe", "2026-04-05 01:45", "2026-04-05T01:45:00+11:00", ical.Twice},
		{"Africa/Cairo", "2026-04-24 00:00", "2026-04-24T01:00:00+03:00", ical.Skipped}, // at midnight
		{"America/Havana", "2026-11-01 00:00", "2026-11-01T00:00:00-04:00", ical.Twice},
		{"Pacific/Apia", "2011-12-30 18:00", "2011-12-31T18:00:00+14:00", ical.Skipped}, // a whole day
	} {
		loc, err := time.LoadLocation(c.zone)
		if err != nil {
			t.Fatal(err)
		}
		wall, err := time.Parse("2006-01-02 15:04", c.wall)
		if err != nil {
			t.Fatal(err)
		}
		got, clock := ical.At(wall, loc)
		if got.Format(time.RFC3339) != c.want || clock != c.clock {
			t.Errorf("%s in %s: %s (%v), want %s (%v)", c.wall, c.zone, got.Format(time.RFC3339), clock, c.want, c.clock)
		}
	}
}

// Every moment's wall time leads back to it, or to the first of the two that
// show the same, and to no gap.
func TestWallOfIsTheReverseOfAt(t *testing.T) {
	t.Parallel()
	zones := []string{"Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Cairo", "America/Havana", "Asia/Kathmandu", "UTC"}
	rapid.Check(t, func(t *rapid.T) {
		loc, err := time.LoadLocation(rapid.SampledFrom(zones).Draw(t, "zone"))
		if err != nil {
			t.Fatal(err)
		}
		at := time.Unix(rapid.Int64Range(1_700_000_000, 1_900_000_000).Draw(t, "at")/60*60, 0).In(loc)
		wall := ical.WallOf(at)
		if wall.Format("2006-01-02 15:04") != at.Format("2006-01-02 15:04") {
			t.Fatalf("the wall time of %v is %v", at, wall)
		}
		got, clock := ical.At(wall, loc)
		switch {
		case clock == ical.Skipped, got.After(at), clock == ical.Once && !got.Equal(at):
			t.Fatalf("%v: %v, %v", at, got, clock)
		case clock == ical.Twice && !got.Equal(at) && !ical.WallOf(got).Equal(wall):
			t.Fatalf("%v: %v shows another time", at, got)
		}
	})
}
