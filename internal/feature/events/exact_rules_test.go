package events

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"convoke/internal/fault"
)

var exactStart = time.Date(2026, 5, 9, 8, 0, 0, 0, time.UTC)

func exactEvent(s State) *Event {
	return &Event{State: s, Start: exactStart, End: exactStart.Add(3 * time.Hour), Zone: "Europe/Berlin"}
}

// Who sees an exact place, in each state and at each side of the hour.
func TestWhoSeesAnExactPlace(t *testing.T) {
	t.Parallel()
	hour := exactStart.Add(-2 * time.Hour)
	before, on := hour.Add(-time.Second), hour
	early := Release{Early: true, Start: exactStart}
	late := Release{At: hour, Start: exactStart}
	both := Release{Early: true, At: hour, Start: exactStart}
	other := Release{Early: true, At: hour, Start: exactStart.Add(-time.Hour)}
	for name, c := range map[string]struct {
		r     Release
		state State
		now   time.Time
		want  string // of everybody, who waits, who has a place
		from  bool
	}{
		"early":                    {early, Confirmed, on, "--x", false},
		"late, before":             {late, Confirmed, before, "---", true},
		"late, from the hour":      {late, Confirmed, on, "xxx", false},
		"both, before":             {both, Moved, before, "--x", true},
		"both, from the hour":      {both, Proposed, on, "xxx", false},
		"moved since, before":      {other, Confirmed, before, "--x", false},
		"moved since, later":       {other, Confirmed, on, "--x", false},
		"ends before the hour":     {Release{At: exactStart.Add(3 * time.Hour), Start: exactStart}, Confirmed, exactStart.Add(4 * time.Hour), "---", false},
		"postponed":                {both, Postponed, on, "--x", false},
		"postponed, late only":     {late, Postponed, on, "---", false},
		"cancelled":                {both, Cancelled, on, "---", false},
		"draft":                    {both, Draft, on, "---", false},
		"nothing was ever decided": {Release{}, Confirmed, on, "---", false},
	} {
		e := exactEvent(c.state)
		shown, from := c.r.public(e, c.now)
		got := ""
		for _, sees := range []bool{shown, c.r.held(e, false, c.now), c.r.held(e, true, c.now)} {
			got += map[bool]string{false: "-", true: "x"}[sees]
		}
		if got != c.want || !from.IsZero() != c.from {
			t.Errorf("%s: %s, want %s; from %v", name, got, c.want, from)
		}
	}
}

func TestExactPlaceInput(t *testing.T) {
	t.Parallel()
	good := ExactInput{Address: "Mill Lane 4", Early: true, ShowDate: "2026-05-09", ShowTime: "08:30"}
	e := exactEvent(Confirmed)
	x, r, err := good.parse(e)
	if err != nil || x.Address != "Mill Lane 4" || !r.At.Equal(exactStart.Add(-90*time.Minute)) || !r.Start.Equal(exactStart) || !r.Early {
		t.Errorf("%+v, %+v, %v", x, r, err)
	}
	if x, r, err := (ExactInput{Early: true, ShowDate: "2026-05-09"}).parse(e); err != nil || !x.Empty() || r != (Release{}) {
		t.Errorf("taken back: %+v, %+v, %v", x, r, err)
	}
	full := ExactInput{Address: strings.Repeat("ä", maxExact), Directions: strings.Repeat("ä", maxDirections), Early: true}
	if _, _, err := full.parse(e); err != nil {
		t.Errorf("as long as allowed: %v", err)
	}
	for name, c := range map[string]struct {
		change func(*ExactInput)
		want   map[string]string
	}{
		"long":            {func(in *ExactInput) { in.Address = strings.Repeat("x", maxExact+1) }, map[string]string{"address": "form.long"}},
		"long directions": {func(in *ExactInput) { in.Directions = strings.Repeat("x", maxDirections+1) }, map[string]string{"directions": "form.long"}},
		"no place":        {func(in *ExactInput) { in.Address, in.Directions = "", "Ring twice." }, map[string]string{"address": "place.address_missing"}},
		"script":          {func(in *ExactInput) { in.OnlineURL = "javascript:alert(1)" }, map[string]string{"online_url": "event.online_url"}},
		"no scheme":       {func(in *ExactInput) { in.OnlineURL = "meet.example.org/a" }, map[string]string{"online_url": "event.online_url"}},
		"no host":         {func(in *ExactInput) { in.OnlineURL = "https:///a" }, map[string]string{"online_url": "event.online_url"}},
		"long address online": {
			func(in *ExactInput) { in.OnlineURL = "https://a.example/" + strings.Repeat("x", maxURL) }, map[string]string{"online_url": "event.online_url"},
		},
		"nobody":           {func(in *ExactInput) { in.Early, in.ShowDate, in.ShowTime = false, "", "" }, map[string]string{"early": "place.nobody"}},
		"no time":          {func(in *ExactInput) { in.ShowTime = "" }, map[string]string{"show_time": "place.time_missing"}},
		"no day":           {func(in *ExactInput) { in.ShowDate = "" }, map[string]string{"show_date": "event.date"}},
		"no such time":     {func(in *ExactInput) { in.ShowTime = "25:00" }, map[string]string{"show_time": "event.time"}},
		"at the end":       {func(in *ExactInput) { in.ShowTime = "13:00" }, map[string]string{"show_date": "place.after_end"}},
		"the day after":    {func(in *ExactInput) { in.ShowDate = "2026-05-10" }, map[string]string{"show_date": "place.after_end"}},
		"in the year one":  {func(in *ExactInput) { in.ShowDate = "0001-01-01" }, map[string]string{"show_date": "event.year"}},
		"a skipped hour":   {func(in *ExactInput) { in.ShowDate, in.ShowTime = "2026-03-29", "02:30" }, map[string]string{"show_time": "event.time_skipped"}},
		"several mistakes": {func(in *ExactInput) { in.OnlineURL, in.ShowTime = "x", "x" }, map[string]string{"online_url": "event.online_url", "show_time": "event.time"}},
	} {
		in := good
		c.change(&in)
		_, _, err := in.parse(e)
		got := map[string]string{}
		if f := fault.Of(err); f != nil {
			for _, x := range f.Fields {
				got[x.Name] = x.Code
			}
		}
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
}

// What is sealed has one length for ordinary places, so that it does not tell
// whether there are directions.
func TestSealedLengthTellsNothing(t *testing.T) {
	t.Parallel()
	short, err := Exact{Address: "A"}.encode()
	if err != nil {
		t.Fatal(err)
	}
	long, err := Exact{Address: "Mill Lane 4", Directions: strings.Repeat("left ", 40), OnlineURL: "https://meet.example/a"}.encode()
	if err != nil || len(long) != len(short) {
		t.Errorf("%d and %d bytes, %v", len(short), len(long), err)
	}
}
