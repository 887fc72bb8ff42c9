package bench

import (
	"bufio"
	"bytes"
	"strings"
	"testing"
	"time"

	"convoke/internal/geo"
)

func TestMedianAndQuantile(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		in   []float64
		want float64
	}{{nil, 0}, {[]float64{4}, 4}, {[]float64{9, 1, 5}, 5}, {[]float64{8, 2, 4, 6}, 5}} {
		if got := median(c.in); got != c.want {
			t.Errorf("median of %v is %v, want %v", c.in, got, c.want)
		}
	}
	var all []time.Duration
	for i := range 200 {
		all = append(all, time.Duration(200-i))
	}
	for q, want := range map[float64]time.Duration{0: 1, 0.5: 100, 0.99: 198, 1: 200} {
		if got := quantile(all, q); got != want {
			t.Errorf("quantile %v is %d, want %d", q, got, want)
		}
	}
	if quantile(nil, 0.5) != 0 {
		t.Error("no durations have a quantile")
	}
}

func TestRatioIsOfTheSameTurn(t *testing.T) {
	t.Parallel()
	var p pair
	for _, d := range []time.Duration{1, 10, 100} { // a machine that slows down
		p.add(result{n: 1, all: 2 * d, cpu: 4}, result{n: 1, all: d, cpu: 3})
	}
	l := p.line("x", "/s", Aim{Ratio: 0.5}).judge()
	if l.Ratio != 0.5 || l.CPU != 0.75 || l.Times != 3 || l.Met == nil || !*l.Met {
		t.Errorf("line %+v", l)
	}
	if l.Aim.Ratio = 0.51; *l.judge().Met {
		t.Error("a missed aim counts as met")
	}
	if l = (Line{Value: 3, Aim: Aim{Most: 2}}).judge(); *l.Met {
		t.Error("more than the most counts as met")
	}
}

func TestDiscardAnswer(t *testing.T) {
	t.Parallel()
	r := bufio.NewReader(strings.NewReader("HTTP/1.1 303 See Other\r\nLocation: /\r\ncontent-length: 3\r\n\r\nabcHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"))
	for _, want := range []int{303, 200} {
		if got, err := discardAnswer(r); err != nil || got != want {
			t.Fatalf("status %d, %v, want %d", got, err, want)
		}
	}
	for _, bad := range []string{
		"", "HTTP/1.1 2\r\n\r\n", "HTTP/1.1 abc\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabc",
	} {
		if _, err := discardAnswer(bufio.NewReader(strings.NewReader(bad))); err == nil {
			t.Errorf("%q is taken for an answer", bad)
		}
	}
}

func TestWorldIsTheSameEachTime(t *testing.T) {
	t.Parallel()
	places, err := geo.Load()
	if err != nil {
		t.Fatal(err)
	}
	day := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	var a, b bytes.Buffer
	w := newWorld(places, day, worldSeed)
	for _, out := range []*bytes.Buffer{&a, &b} {
		if err := newWorld(places, day, worldSeed).table(out, 500); err != nil {
			t.Fatal(err)
		}
	}
	if a.String() != b.String() {
		t.Error("two tables of one seed differ")
	}
	if len(w.towns) < 5000 || w.towns[0].Population < w.towns[1].Population {
		t.Errorf("%d towns, the first has %d people", len(w.towns), w.towns[0].Population)
	}
	seen := map[string]bool{}
	for _, s := range w.words {
		if seen[s] {
			t.Fatalf("the word %q is there twice", s)
		}
		seen[s] = true
	}
	big, r := 0, w.rand(9)
	for range 2000 {
		if w.town(r).Population > 1_000_000 {
			big++
		}
	}
	if big < 200 || big > 1900 {
		t.Errorf("%d of 2000 events are in large towns", big)
	}
	for i := range venues {
		if p := venue(geo.Point{Lat: 84.99, Lon: 179.99}, i); !p.Valid() {
			t.Errorf("venue %d lies at %v", i, p)
		}
	}
}
