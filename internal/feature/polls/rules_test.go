package polls

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"convoke/internal/record/tally"
)

func TestRulesFromInput(t *testing.T) {
	t.Parallel()
	half := &tally.Share{Num: 1, Den: 2, More: true}
	for _, x := range []struct {
		in       OpenInput
		options  int
		want     tally.Rules
		mistakes []string
	}{
		{OpenInput{Preset: "consent", Quorum: "50%"}, 0, tally.Rules{Method: "consent", Options: 1, Quorum: 21}, nil},
		{OpenInput{Preset: "consent", Blocks: "3"}, 0, tally.Rules{Method: "consent", Options: 1, Blocks: 3}, nil},
		{OpenInput{Preset: "majority", Share: "nonsense"}, 0, tally.Rules{Method: "yesno", Options: 1, Share: half}, nil},
		{OpenInput{Preset: "two_thirds"}, 0, tally.Rules{Method: "yesno", Options: 1, Share: &tally.Share{Num: 2, Den: 3}}, nil},
		{OpenInput{Preset: "two_thirds", Share: "75%"}, 0, tally.Rules{Method: "yesno", Options: 1, Share: &tally.Share{Num: 3, Den: 4}}, nil},
		{
			OpenInput{Preset: "strike", Quorum: "50%", Support: "40%", Share: ">50%"}, 0,
			tally.Rules{Method: "yesno", Options: 1, Quorum: 21, Support: 17, Share: half, AgainstCounts: true}, nil,
		},
		{OpenInput{Preset: "approval", Winners: "1"}, 3, tally.Rules{Method: "approval", Options: 3}, nil},
		{OpenInput{Preset: "ranks", Winners: "2", Quorum: "10"}, 6, tally.Rules{Method: "stv", Options: 6, Winners: 2, Quorum: 10}, nil},
		{OpenInput{Preset: "rank", Winners: "9"}, 6, tally.Rules{Method: "schulze", Options: 6}, nil},
		{OpenInput{Preset: "check", Quorum: "50%"}, 0, tally.Rules{Method: "check", Options: 1, Max: 5}, nil},
		{OpenInput{Preset: "score"}, 4, tally.Rules{Method: "score", Options: 4, Max: 5}, nil},
		{OpenInput{Preset: "rank"}, 0, tally.Rules{}, []string{"poll.no_options"}},
		{OpenInput{Preset: "majority"}, 3, tally.Rules{}, []string{"poll.options"}},
		{OpenInput{Preset: "acclamation"}, 3, tally.Rules{}, []string{"poll.preset"}},
		{OpenInput{Preset: "strike", Quorum: "42", Support: "many", Share: "20"}, 0, tally.Rules{}, []string{"poll.amount_over", "poll.amount", "poll.share"}},
		{OpenInput{Preset: "ranks", Winners: "7"}, 6, tally.Rules{}, []string{"poll.count"}},
		{OpenInput{Preset: "strike", Share: "1/2000001"}, 0, tally.Rules{}, []string{"poll.share"}},
		{OpenInput{Preset: "consent", Blocks: "42"}, 0, tally.Rules{}, []string{"poll.count"}},
	} {
		var p parser
		r := x.in.rules(&p, x.options, 41)
		var got []string
		for _, f := range p.fields {
			got = append(got, f.Code)
		}
		if !slices.Equal(got, x.mistakes) {
			t.Errorf("%+v: %v", x.in, got)
		}
		if len(got) > 0 {
			continue
		}
		if d := cmp.Diff(x.want, r); d != "" {
			t.Errorf("%+v:\n%s", x.in, d)
		}
		if several(r.Method) {
			r.Lots = lots(r.Options, func(int) []byte { return []byte{0} })
		}
		if err := r.Check(); err != nil {
			t.Errorf("%+v: %v", x.in, err)
		}
	}
}

// Whatever is drawn, lots are an order of all options.
func TestLots(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 32).Draw(t, "options")
		all := lots(n, func(k int) []byte { return rapid.SliceOfN(rapid.Byte(), k, k).Draw(t, "bytes") })
		slices.Sort(all)
		for i, o := range all {
			if i != o {
				t.Fatalf("%v", all)
			}
		}
	})
}

// Deadlines in Berlin, around the nights on which the clocks change.
func TestDeadline(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for _, x := range []struct{ day, clock, want, mistake string }{
		{"2026-03-10", "18:00", "2026-03-10T17:00:00Z", ""},
		{"2026-03-28", "", "2026-03-28T23:00:00Z", ""},
		{"2026-03-29", "", "2026-03-29T22:00:00Z", ""},
		{"2026-03-29", "02:30", "", "poll.time_skipped"},
		{"2026-10-25", "02:30", "2026-10-25T01:30:00Z", ""}, // twice that night: the later one
		{"2026-10-25", "01:30", "2026-10-24T23:30:00Z", ""},
		{"2026-10-25", "", "2026-10-25T23:00:00Z", ""},
		{"2026-03-01", "12:30", "", "poll.past"},
		{"2027-03-10", "", "", "poll.far"},
		{"10.3.2026", "", "", "poll.day"},
		{"2026-03-10", "six", "", "poll.time"},
	} {
		var p parser
		at := p.deadline(x.day, x.clock, "Europe/Berlin", now)
		if x.mistake != "" {
			if len(p.fields) != 1 || p.fields[0].Code != x.mistake {
				t.Errorf("%s %s: %+v", x.day, x.clock, p.fields)
			}
			continue
		}
		if len(p.fields) > 0 || at.Format(time.RFC3339) != x.want {
			t.Errorf("%s %s is %s, %+v", x.day, x.clock, at.Format(time.RFC3339), p.fields)
		}
	}
}

// Voting begins in Berlin, later than now and before the end.
func TestBegins(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	closes := now.AddDate(0, 0, 9)
	for _, x := range []struct {
		day, clock string
		named      bool
		want       string
		field      string // of the mistake
		mistake    string
	}{
		{"2026-03-05", "18:00", false, "2026-03-05T17:00:00Z", "", ""},
		{"2026-03-05", "", false, "2026-03-04T23:00:00Z", "", ""},
		{"", "18:00", false, "", "from_day", "poll.day"},
		{"5.3.", "", false, "", "from_day", "poll.day"},
		{"2026-03-05", "six", false, "", "from_time", "poll.time"},
		{"2026-03-29", "02:30", false, "", "from_time", "poll.time_skipped"},
		{"2026-03-01", "", false, "", "from_day", "poll.from"},
		{"2026-03-01", "13:00", false, "", "from_day", "poll.from"},
		{"2026-03-10", "13:00", false, "", "from_day", "poll.from"},
		{"2026-03-05", "", true, "", "from_day", "poll.from_named"},
	} {
		var p parser
		at := p.begins(&OpenInput{FromDay: x.day, FromTime: x.clock}, "Europe/Berlin", x.named, now, closes)
		switch {
		case x.mistake == "" && (len(p.fields) > 0 || at.Format(time.RFC3339) != x.want):
			t.Errorf("%+v is %s, %+v", x, at.Format(time.RFC3339), p.fields)
		case x.mistake != "" && (len(p.fields) == 0 || p.fields[0].Name != x.field || p.fields[0].Code != x.mistake):
			t.Errorf("%+v: %+v", x, p.fields)
		}
	}
}
