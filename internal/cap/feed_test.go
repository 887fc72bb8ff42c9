package cap

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"convoke/internal/fault"

	"github.com/google/go-cmp/cmp"
)

func address(t testing.TB, s string) *url.URL {
	t.Helper()
	u, err := url.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func TestFeedWritten(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 5, 1, 18, 0, 0, 0, time.UTC)
	f := &Feed{
		ID: "https://example.org/alerts.cap", Title: "Alerts & news", Author: "Example", Lang: "en", Self: "https://example.org/alerts.cap", Updated: at,
		Entries: []Entry{
			{ID: "urn:a", Title: "Heat <40>", Summary: "Drink.", Updated: at, Link: "https://example.org/alerts/a.cap", Page: "https://example.org/alerts/a"},
			{ID: "urn:b", Title: "All clear", Updated: at, Link: "https://example.org/alerts/b.cap?x=1&y=2"},
		},
	}
	b, err := f.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en">`, `<updated>2026-05-01T18:00:00Z</updated>`, `<name>Example</name>`,
		`<link rel="alternate" type="application/cap+xml" href="https://example.org/alerts/a.cap"></link>`,
	} {
		if !strings.Contains(string(b), want) {
			t.Errorf("no %s in\n%s", want, b)
		}
	}
	got, err := ParseFeed(b, address(t, "https://example.org/"))
	if err != nil {
		t.Fatal(err)
	}
	f.Author, f.Lang, f.Self, f.Entries[0].Page = "", "", "", "" // for readers, not for importers
	if diff := cmp.Diff(f, got); diff != "" {
		t.Error(diff)
	}
}

// TestFeedOfAnAgency reads a list that repeats parts of the messages.
func TestFeedOfAnAgency(t *testing.T) {
	t.Parallel()
	f, err := ParseFeed(file(t, "nws-feed.xml"), address(t, "https://alerts.weather.gov/cap/us.php?x=0"))
	if err != nil {
		t.Fatal(err)
	}
	if len(f.Entries) != 2 || f.Updated.UTC().Hour() != 22 {
		t.Fatalf("%+v", f)
	}
	wind, flood := f.Entries[0], f.Entries[1]
	if !strings.HasPrefix(wind.Link, "https://alerts.weather.gov/cap/wwacapget.php?x=AK125AB652A170.HighWindWarning") || wind.ID != wind.Link {
		t.Errorf("%+v", wind)
	}
	if h := wind.Hint; h.Event != "High Wind Warning" || h.Status != StatusActual || h.Severity != SeveritySevere || h.Area.Polygon != nil ||
		formatTime(h.Expires) != "2018-08-16T07:00:00-08:00" {
		t.Errorf("%+v", h)
	}
	if a := flood.Hint.Area; a.Desc != "Blount" || len(a.Polygon) != 1 || len(a.Polygon[0]) != 12 {
		t.Errorf("%+v", a)
	}
}

func TestFeedLinks(t *testing.T) {
	t.Parallel()
	atom := func(entry string) string {
		return `<feed xmlns="http://www.w3.org/2005/Atom" xmlns:cap="` + Namespace + `"><entry>` + entry + `</entry></feed>`
	}
	rss := func(item string) string {
		return `<rss version="2.0"><channel><title>x</title><item>` + item + `</item></channel></rss>`
	}
	for doc, want := range map[string]string{
		atom(`<link type="text/html" href="/p"/><link type="application/cap+xml" href="/a"/>`): "https://example.org/a",
		atom(`<link rel="related" type="Application/CAP+XML; charset=utf-8" href="a"/>`):       "https://example.org/list/a",
		atom(`<link href="/p"/><link type="application/cap+xml" href="/a"/>`):                  "https://example.org/a",
		atom(`<link href="/a"/>`): "https://example.org/a",
		atom(`<link rel="alternate" type="application/xml" href="/a"/>`):                                       "https://example.org/a",
		atom(`<link href="/a"/><link rel="self" href="/b"/>`):                                                  "https://example.org/a",
		atom(`<link href="/a"/><link href="/b"/>`):                                                             "",
		atom(`<link type="application/cap+xml" href="/a"/><link type="application/cap+xml" href="/b"/>`):       "",
		atom(`<link type="text/html" href="/p"/>`):                                                             "",
		atom(`<link type="application/cap+xml" href="javascript:alert(1)"/>`):                                  "",
		atom(`<link type="application/cap+xml" href="https://u:p@example.org/a"/>`):                            "",
		atom(`<link type="application/cap+xml" href=""/>`):                                                     "",
		atom(`<title>no link</title>`):                                                                         "",
		rss(`<link>https://example.org/a</link>`):                                                              "https://example.org/a",
		rss(`<link>https://example.org/p</link><enclosure type="application/cap+xml" url="https://x.org/a"/>`): "https://x.org/a",
		rss(`<title>no link</title>`):                                                                          "",
	} {
		f, err := ParseFeed([]byte(doc), address(t, "https://example.org/list/x"))
		if err != nil {
			t.Fatalf("%s: %v", doc, err)
		}
		got := ""
		if len(f.Entries) > 0 {
			got = f.Entries[0].Link
		}
		if got != want {
			t.Errorf("%s: %q", doc, got)
		}
	}
	f, err := ParseFeed([]byte(rss(`<guid>g</guid><link>https://example.org/a</link><pubDate>Wed, 11 Jun 2003 22:39:00 -0700</pubDate>`)), address(t, "https://example.org/"))
	if err != nil || f.Entries[0].ID != "g" || f.Entries[0].Updated.Unix() != 1055396340 {
		t.Errorf("%+v %v", f, err)
	}
	f, err = ParseFeed([]byte(atom(`<link href="/a"/><cap:event>Heat</cap:event><cap:status>Perhaps</cap:status><cap:severity>Minor</cap:severity>`+
		`<cap:severity>Severe</cap:severity><cap:expires>soon</cap:expires><cap:areaDesc>Town</cap:areaDesc><cap:polygon>0,0 1,1 1,0 0,1 0,0</cap:polygon>`)), address(t, "https://example.org/"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(Hint{Event: "Heat", Area: Area{Desc: "Town"}}, f.Entries[0].Hint); diff != "" {
		t.Errorf("what is not plain: %s", diff)
	}
}

func TestFeedHostile(t *testing.T) {
	t.Parallel()
	for doc, code := range map[string]string{
		`<html/>`: "cap.feed", `<rss/>`: "cap.feed", `<feed/>`: "cap.feed", `<rss><channel/><channel/></rss>`: "cap.feed",
		`<!DOCTYPE rss><rss/>`: "cap.doctype", `{}`: "cap.xml", strings.Repeat(" ", MaxFeedSize+1): "cap.large",
	} {
		if _, err := ParseFeed([]byte(doc), address(t, "https://example.org/")); !fault.HasCode(err, code) {
			t.Errorf("%.40q: %v", doc, err)
		}
	}
	long := `<rss><channel>` + strings.Repeat(`<item><link>https://example.org/a</link></item>`, maxItems+5) + `</channel></rss>`
	if f, err := ParseFeed([]byte(long), address(t, "https://example.org/")); err != nil || len(f.Entries) != maxItems {
		t.Errorf("%v", err)
	}
}

func FuzzParseFeed(f *testing.F) {
	f.Add(file(f, "nws-feed.xml"))
	f.Add([]byte(`<rss><channel><item><link>https://example.org/a</link></item></channel></rss>`))
	base := address(f, "https://example.org/")
	f.Fuzz(func(t *testing.T, data []byte) {
		list, err := ParseFeed(data, base)
		if err != nil {
			return
		}
		for _, e := range list.Entries {
			if !strings.HasPrefix(e.Link, "http") {
				t.Fatalf("%q", e.Link)
			}
			Cells([]Area{e.Hint.Area}, 13, 100)
		}
	})
}
