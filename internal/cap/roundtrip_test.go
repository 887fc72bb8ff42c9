package cap

import (
	"errors"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"convoke/internal/geo"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

func code[T ~string](t *rapid.T, name, list string) T {
	return T(rapid.SampledFrom(strings.Fields(list)).Draw(t, name))
}

func someCodes[T ~string](t *rapid.T, name, list string, least int) (all []T) {
	for range rapid.IntRange(least, 3).Draw(t, name) {
		all = append(all, code[T](t, name, list))
	}
	return all
}

// text has markup, other scripts, line breaks and no blanks around it.
func text(t *rapid.T, name string, least int) string {
	s := strings.TrimSpace(rapid.StringMatching(`[a-zA-Z <>&"'é世🌪\t\n]{0,20}`).Draw(t, name))
	if s == "" && least > 0 {
		return "x"
	}
	return s
}

func texts(t *rapid.T, name string) (all []string) {
	for range rapid.IntRange(0, 2).Draw(t, name) {
		all = append(all, text(t, name, 1))
	}
	return all
}

func unquoted(all []string) []string {
	for i, s := range all {
		all[i] = strings.ReplaceAll(s, `"`, "'")
	}
	return all
}

func identifier(t *rapid.T, name string) string {
	return rapid.StringMatching(`[a-zA-Z0-9@.:_-]{1,20}`).Draw(t, name)
}

func when(t *rapid.T, name string) time.Time {
	zone := time.FixedZone("", rapid.IntRange(-14*4, 14*4).Draw(t, name+" zone")*15*60)
	return time.Unix(rapid.Int64Range(0, 4_000_000_000).Draw(t, name), 0).In(zone)
}

func later(t *rapid.T, name string, after time.Time) time.Time {
	if rapid.Bool().Draw(t, name+" said") {
		return time.Time{}
	}
	return after.Add(time.Duration(rapid.IntRange(0, 100_000).Draw(t, name)) * time.Second)
}

func pairsOf(t *rapid.T, name string) (all []Pair) {
	for range rapid.IntRange(0, 2).Draw(t, name) {
		all = append(all, Pair{text(t, name, 1), text(t, name, 1)})
	}
	return all
}

func degrees(t *rapid.T, name string, most int) float64 {
	return float64(rapid.IntRange(-most*10000, most*10000).Draw(t, name)) / 10000
}

func area(t *rapid.T) Area {
	a := Area{Desc: text(t, "areaDesc", 1), Geocode: pairsOf(t, "geocode")}
	for range rapid.IntRange(0, 2).Draw(t, "polygons") {
		at := geo.Point{Lat: degrees(t, "lat", 80), Lon: degrees(t, "lon", 170)}
		north, east := at.Lat+rapid.Float64Range(0.001, 5).Draw(t, "height"), at.Lon+rapid.Float64Range(0.001, 5).Draw(t, "width")
		north, east = math.Round(north*1e4)/1e4, math.Round(east*1e4)/1e4
		a.Polygon = append(a.Polygon, Polygon{at, {Lat: north, Lon: at.Lon}, {Lat: north, Lon: east}, {Lat: at.Lat, Lon: east}, at})
	}
	for range rapid.IntRange(0, 2).Draw(t, "circles") {
		a.Circle = append(a.Circle, Circle{geo.Point{Lat: degrees(t, "lat", 90), Lon: degrees(t, "lon", 180)}, float64(rapid.IntRange(0, 20_000).Draw(t, "km"))})
	}
	if rapid.Bool().Draw(t, "height known") {
		low, high := degrees(t, "low", 30000), degrees(t, "high", 30000)
		a.Altitude, a.Ceiling = &low, &high
	}
	return a
}

func info(t *rapid.T, sent time.Time) Info {
	i := Info{
		Language: rapid.SampledFrom([]string{"", "en-US", "ar", "zh-Hant-TW"}).Draw(t, "language"),
		Category: someCodes[Category](t, "category", categories, 1), Event: text(t, "event", 1),
		ResponseType: someCodes[Response](t, "response", responses, 0), Urgency: code[Urgency](t, "urgency", urgencies),
		Severity: code[Severity](t, "severity", severities), Certainty: code[Certainty](t, "certainty", certainties),
		Audience: text(t, "audience", 0), EventCode: pairsOf(t, "eventCode"), Effective: later(t, "effective", sent),
		Onset: later(t, "onset", sent), Expires: later(t, "expires", sent), SenderName: text(t, "senderName", 0),
		Headline: text(t, "headline", 0), Description: text(t, "description", 0), Instruction: text(t, "instruction", 0),
		Web: rapid.SampledFrom([]string{"", "https://example.org/a?b=c&d=e"}).Draw(t, "web"), Contact: text(t, "contact", 0),
		Parameter: pairsOf(t, "parameter"),
	}
	for range rapid.IntRange(0, 1).Draw(t, "resources") {
		i.Resource = append(i.Resource, Resource{
			Desc: text(t, "resourceDesc", 1), MimeType: "image/png", Size: rapid.Int64Range(0, 1<<40).Draw(t, "size"), URI: "https://example.org/p.png",
			DerefURI: rapid.SampledFrom([]string{"", "aGk="}).Draw(t, "derefUri"), Digest: rapid.StringMatching(`([0-9a-f]{40})?`).Draw(t, "digest"),
		})
	}
	for range rapid.IntRange(0, 2).Draw(t, "areas") {
		i.Area = append(i.Area, area(t))
	}
	return i
}

func alert(t *rapid.T) *Alert {
	a := &Alert{
		Identifier: identifier(t, "identifier"), Sender: identifier(t, "sender"), Sent: when(t, "sent"),
		Status: code[Status](t, "status", statuses), MsgType: code[MsgType](t, "msgType", msgTypes), Source: text(t, "source", 0),
		Scope: code[Scope](t, "scope", scopes), Restriction: text(t, "restriction", 1), Addresses: unquoted(append(texts(t, "addresses"), "a b")),
		Code: texts(t, "code"), Note: text(t, "note", 0), Incidents: unquoted(texts(t, "incidents")),
	}
	for range rapid.IntRange(1, 3).Draw(t, "references") {
		a.References = append(a.References, Reference{identifier(t, "sender"), identifier(t, "identifier"), when(t, "reference")})
	}
	for range rapid.IntRange(0, 2).Draw(t, "infos") {
		a.Info = append(a.Info, info(t, a.Sent))
	}
	return a
}

// TestRoundTrip: what is written is read as it was, whatever it holds.
func TestRoundTrip(t *testing.T) {
	t.Parallel()
	sameTime := cmp.Comparer(func(a, b time.Time) bool { return formatTime(a) == formatTime(b) })
	rapid.Check(t, func(t *rapid.T) {
		a := alert(t)
		b, err := a.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		again, err := Parse(b)
		if err != nil {
			t.Fatalf("%v\n%s", err, b)
		}
		if diff := cmp.Diff(a, again, sameTime, cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("%s\n%s", diff, b)
		}
	})
}

// TestSchema validates the examples and a hundred messages of ours against the
// schema, and sees that the schema would tell.
func TestSchema(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("xmllint"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("xmllint is missing: scripts/setup-debian installs it")
		}
		t.Skip("xmllint is missing")
	}
	dir := t.TempDir()
	var files []string
	put := func(name string, b []byte) {
		files = append(files, filepath.Join(dir, name))
		if err := os.WriteFile(files[len(files)-1], b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	written := rapid.Custom(func(t *rapid.T) []byte {
		b, err := alert(t).Marshal()
		if err != nil {
			t.Fatal(err)
		}
		return b
	})
	for i := range 100 {
		put("ours-"+nth("m", i)+".xml", written.Example(i))
	}
	for _, name := range messages(t) {
		put(name, file(t, name))
		a, err := Parse(file(t, name))
		if err != nil {
			t.Fatal(err)
		}
		b, err := a.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		put("again-"+name, b)
	}
	if out, err := xmllint(t, files...); err != nil {
		t.Errorf("%v: %s", err, out)
	}
	put("wrong.xml", []byte(strings.Replace(string(file(t, "standard-a1.xml")), "<urgency>Immediate</urgency>", "", 1)))
	var exit *exec.ExitError
	if out, err := xmllint(t, files[len(files)-1]); !errors.As(err, &exit) || !strings.Contains(out, "urgency") {
		t.Errorf("a wrong message: %v: %s", err, out)
	}
}

func xmllint(t *testing.T, files ...string) (string, error) {
	out, err := exec.CommandContext(t.Context(), "xmllint", append([]string{"--nonet", "--noout", "--schema", "testdata/cap-1.2.xsd"}, files...)...).CombinedOutput()
	return string(out), err
}

// FuzzParse: whatever is taken can be written and is then taken the same.
func FuzzParse(f *testing.F) {
	for _, name := range messages(f) {
		f.Add(file(f, name))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		a, err := Parse(data)
		if err != nil {
			return
		}
		b, err := a.Marshal()
		if err != nil {
			t.Fatalf("read and not written: %v", err)
		}
		again, err := Parse(b)
		if err != nil {
			t.Fatalf("%v\n%s", err, b)
		}
		c, err := again.Marshal()
		if err != nil || string(b) != string(c) {
			t.Fatalf("%v\n%s\n%s", err, b, c)
		}
		for _, i := range a.Info {
			Cells(i.Area, 13, 100)
		}
	})
}
