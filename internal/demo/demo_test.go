package demo_test

import (
	"encoding/csv"
	"errors"
	"io"
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"

	"convoke/internal/demo"
)

// site is a link cut to scheme and host, twice at most.
var site = regexp.MustCompile(`^(https?://[a-z0-9.-]+/( https?://[a-z0-9.-]+/)?)?$`)

func TestSample(t *testing.T) {
	t.Parallel()
	in, err := demo.Sample()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close() //nolint:errcheck // only read
	cr := csv.NewReader(in)
	header, err := cr.Read()
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"id", "part", "date", "locality", "region", "country", "lat", "lon", "county", "event_type", "online",
		"size_text", "size_low", "size_high", "size_mean", "sources", "n_sources",
	}
	if diff := cmp.Diff(want, header); diff != "" {
		t.Fatalf("columns (-want +got):\n%s", diff)
	}
	ids := map[string]bool{}
	sized := 0
	for {
		cells, err := cr.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if ids[cells[0]] || len(cells[0]) != 12 {
			t.Fatalf("id %q is repeated or odd", cells[0])
		}
		ids[cells[0]] = true
		if cells[12] != "" || cells[14] != "" {
			sized++
		}
		if !site.MatchString(cells[15]) {
			t.Fatalf("%s has sources %q", cells[0], cells[15])
		}
	}
	if len(ids) < 60_000 || sized < 25_000 {
		t.Errorf("%d rows, %d with a size", len(ids), sized)
	}
}
