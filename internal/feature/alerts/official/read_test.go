package official_test

import (
	"compress/gzip"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/db/dbtest"
	"convoke/internal/feature/alerts/official"
	"convoke/internal/fetch"
	"convoke/internal/geo"
	"convoke/internal/id"
)

const (
	feedURL = "https://warn.example.com/feed.atom"
	otherOf = "https://other.example.com/feed.atom"
)

// world is a node with feeds, and all servers there are: what they answer is by host and
// path. Names lead to a public address but for those that begin with "inner".
type world struct {
	*official.Reader
	t      *testing.T
	d      *db.DB
	clock  *clock.Manual
	log    strings.Builder
	mu     sync.Mutex
	answer map[string]http.HandlerFunc // "host/path"
	asked  []string
	dialed []string
}

func (w *world) LookupNetIP(_ context.Context, _, host string) ([]netip.Addr, error) {
	if strings.HasPrefix(host, "inner") {
		return []netip.Addr{netip.MustParseAddr("10.1.2.3")}, nil
	}
	return []netip.Addr{netip.MustParseAddr("8.8.8.8")}, nil
}

func (w *world) ServeHTTP(res http.ResponseWriter, req *http.Request) {
	w.mu.Lock()
	w.asked = append(w.asked, req.Host+req.URL.Path)
	do := w.answer[req.Host+req.URL.Path]
	w.mu.Unlock()
	if do == nil {
		http.NotFound(res, req)
		return
	}
	do(res, req)
}

func each(t *testing.T, do func(t *testing.T, w *world), feeds ...string) {
	t.Helper()
	for name, url := range map[string]func(testing.TB) string{"sqlite": dbtest.SQLite, "postgres": dbtest.Postgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := &world{t: t, clock: clock.NewManual(dbtest.Now), answer: map[string]http.HandlerFunc{}}
			w.d = dbtest.Open(t, url(t), w.clock)
			s := httptest.NewUnstartedServer(w)
			s.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
			s.StartTLS()
			t.Cleanup(s.Close)
			pool := x509.NewCertPool()
			pool.AddCert(s.Certificate())
			dial := func(ctx context.Context, network, address string) (net.Conn, error) {
				w.mu.Lock()
				w.dialed = append(w.dialed, address)
				w.mu.Unlock()
				return new(net.Dialer).DialContext(ctx, network, s.Listener.Addr().String())
			}
			deps := official.Deps{
				DB: w.d, IDs: id.NewSource(w.clock, nil), Log: slog.New(slog.NewTextHandler(&w.log, nil)), Patience: time.Minute, File: time.Minute,
				From: fetch.NewOver(w, dial, &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}),
			}
			for _, f := range append([]string{feedURL}, feeds...) {
				deps.Feeds = append(deps.Feeds, official.Feed{Address: f})
			}
			w.Reader = official.New(deps)
			do(t, w)
		})
	}
}

func (w *world) serves(at, text string) {
	w.does(at, func(res http.ResponseWriter, _ *http.Request) { _, _ = res.Write([]byte(text)) })
}

func (w *world) does(at string, do http.HandlerFunc) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.answer[at] = do
}

func (w *world) refresh() {
	w.t.Helper()
	if err := w.Refresh(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
}

// holds are the headlines that hold: everywhere without cells.
func (w *world) holds(category string, cells ...geo.GridCell) string {
	w.t.Helper()
	var out []string
	err := w.d.Read(w.t.Context(), func(tx *db.Tx) error {
		all, err := w.Current(w.t.Context(), tx, cells, category, 100)
		out = nil
		for _, x := range all {
			out = append(out, x.Texts[0].Headline)
		}
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return strings.Join(out, ", ")
}

func (w *world) reason() (out string) {
	w.t.Helper()
	err := w.d.Read(w.t.Context(), func(tx *db.Tx) error {
		return tx.Get(w.t.Context(), "select reason from alert_feed where address = $1", []any{feedURL}, &out)
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return out
}

// warning is a message; its zero values are usual ones. It is about a square around Leipzig.
type warning struct {
	id, sender, status, kind, scope, refs, info string
	at, lasts                                   time.Duration // after dbtest.Now
}

const square = "<polygon>51.2,12.2 51.2,12.6 51.5,12.6 51.5,12.2 51.2,12.2</polygon>"

func or(s, usual string) string {
	if s == "" {
		return usual
	}
	return s
}

func stamp(after time.Duration) string {
	return strings.Replace(dbtest.Now.Add(after).UTC().Format("2006-01-02T15:04:05-07:00"), "+00:00", "-00:00", 1)
}

func (x warning) sent() string { return stamp(x.at) }

func (x warning) ref() string { return or(x.sender, "warn@example.com") + "," + x.id + "," + x.sent() }

func (x warning) xml() string {
	if x.lasts == 0 {
		x.lasts = 6 * time.Hour
	}
	refs := ""
	if x.refs != "" {
		refs = "<references>" + x.refs + "</references>"
	}
	info := or(x.info, fmt.Sprintf(`<info><language>en-GB</language><category>Met</category><event>wind</event><urgency>Expected</urgency><severity>Severe</severity>
		<certainty>Likely</certainty><expires>%s</expires><senderName>Weather service</senderName><headline>Storm %s</headline><area><areaDesc>Leipzig</areaDesc>%s</area></info>`,
		stamp(x.at+x.lasts), x.id, square))
	return fmt.Sprintf(`<?xml version="1.0"?><alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>%s</identifier><sender>%s</sender><sent>%s</sent>
		<status>%s</status><msgType>%s</msgType><scope>%s%s%s</alert>`, x.id, or(x.sender, "warn@example.com"), x.sent(), or(x.status, "Actual"), or(x.kind, "Alert"),
		or(x.scope, "Public</scope>"), refs, info)
}

// publishes serves messages, and a feed that lists them.
func (w *world) publishes(feed string, all ...warning) {
	host, _, _ := strings.Cut(strings.TrimPrefix(feed, "https://"), "/")
	list := `<feed xmlns="http://www.w3.org/2005/Atom"><id>x</id><title>x</title><updated>2026-05-02T12:00:00Z</updated>`
	for _, x := range all {
		list += fmt.Sprintf(`<entry><id>%s</id><title>x</title><updated>%s</updated><link type="application/cap+xml" href="/%s.cap"/></entry>`, x.id, dbtest.Now.Add(x.at).Format(time.RFC3339), x.id)
		w.serves(host+"/"+x.id+".cap", x.xml())
	}
	w.serves(strings.TrimPrefix(feed, "https://"), list+"</feed>")
}

func cellAt(lat, lon float64) geo.GridCell { return geo.GridAt(geo.Point{Lat: lat, Lon: lon}) }

// TestWhatHolds reads a feed, and asks for what it says where.
func TestWhatHolds(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.publishes(feedURL, warning{id: "a"}, warning{id: "b", at: -time.Hour, lasts: 2 * time.Hour}, warning{id: "old", at: -3 * time.Hour, lasts: time.Hour})
		w.refresh()
		in, out := cellAt(51.34, 12.37), cellAt(50.5, 12.37)
		for _, x := range []struct {
			category string
			cells    []geo.GridCell
			want     string
		}{
			{"", nil, "Storm a, Storm b"}, {"weather", nil, "Storm a, Storm b"}, {"fire", nil, ""},
			{"", []geo.GridCell{in}, "Storm a, Storm b"}, {"weather", []geo.GridCell{out, in}, "Storm a, Storm b"}, {"fire", []geo.GridCell{in}, ""}, {"", []geo.GridCell{out}, ""},
		} {
			if got := w.holds(x.category, x.cells...); got != x.want {
				t.Errorf("%s %v: %q", x.category, x.cells, got)
			}
		}
		asked := len(w.asked)
		w.refresh()
		if len(w.asked) != asked+1 {
			t.Errorf("files are fetched again: %v", w.asked[asked:])
		}
		w.clock.Set(dbtest.Now.Add(time.Hour)) // what is over is not shown, before anybody deletes it
		if got := w.holds(""); got != "Storm a" {
			t.Errorf("%q", got)
		}
		w.clock.Set(dbtest.Now.Add(6 * time.Hour))
		w.refresh()
		var n int
		must(t, w.d.Read(t.Context(), func(tx *db.Tx) error {
			return tx.Get(t.Context(), "select (select count(*) from alert_official) + (select count(*) from alert_official_cell)", nil, &n)
		}))
		if n != 0 {
			t.Errorf("%d rows of what is over", n)
		}
	})
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestUpdatesAndCancellations: a message that was overtaken is not shown, in whatever order
// they are read; nothing but a real, public message of the same feed overtakes one.
func TestUpdatesAndCancellations(t *testing.T) {
	t.Parallel()
	first := warning{id: "a"}
	cases := map[string]struct {
		by   []warning
		want string
	}{
		"updated":                {[]warning{{id: "b", kind: "Update", refs: first.ref(), at: time.Minute}}, "Storm b"},
		"cancelled":              {[]warning{{id: "b", kind: "Cancel", refs: first.ref(), at: time.Minute}}, ""},
		"updated, and that, too": {[]warning{{id: "b", kind: "Update", refs: first.ref(), at: time.Minute}, {id: "c", kind: "Cancel", refs: first.ref() + " " + warning{id: "b", at: time.Minute}.ref(), at: 2 * time.Minute}}, ""},
		"by a test":              {[]warning{{id: "b", kind: "Cancel", status: "Test", refs: first.ref(), at: time.Minute}}, "Storm a"},
		"by a draft":             {[]warning{{id: "b", kind: "Update", status: "Draft", refs: first.ref(), at: time.Minute}}, "Storm a"},
		"by an exercise":         {[]warning{{id: "b", kind: "Update", status: "Exercise", refs: first.ref(), at: time.Minute}}, "Storm a"},
		"by a private one":       {[]warning{{id: "b", kind: "Cancel", scope: "Restricted</scope><restriction>police</restriction>", refs: first.ref(), at: time.Minute}}, "Storm a"},
		"by an acknowledgement":  {[]warning{{id: "b", kind: "Ack", refs: first.ref(), at: time.Minute}}, "Storm a"},
		"by an older one":        {[]warning{{id: "b", kind: "Cancel", refs: first.ref(), at: -time.Minute}}, "Storm a"},
		"another one":            {[]warning{{id: "b", kind: "Update", refs: warning{id: "unknown"}.ref(), at: time.Minute}}, "Storm b, Storm a"},
		"of another time":        {[]warning{{id: "b", kind: "Cancel", refs: warning{id: "a", at: -time.Second}.ref(), at: time.Minute}}, "Storm a"},
	}
	each(t, func(t *testing.T, w *world) {
		for name, x := range cases {
			w.clear()
			w.publishes(feedURL, append(x.by, first)...)
			w.refresh()
			if got := w.holds(""); got != x.want {
				t.Errorf("%s, at once: %q", name, got)
			}
			w.clear()
			w.publishes(feedURL, first)
			w.refresh()
			w.publishes(feedURL, append(x.by, first)...)
			w.refresh()
			if got := w.holds(""); got != x.want {
				t.Errorf("%s, after the first: %q", name, got)
			}
			w.clear()
			w.publishes(feedURL, x.by...)
			w.refresh()
			w.publishes(feedURL, append(x.by, first)...)
			w.refresh()
			if got := w.holds(""); got != x.want {
				t.Errorf("%s, before the first: %q", name, got)
			}
		}
	})
}

// clear forgets all that was read.
func (w *world) clear() {
	w.t.Helper()
	w.clock.Set(dbtest.Now)
	w.log.Reset()
	w.File = time.Minute
	must(w.t, w.d.Write(w.t.Context(), func(tx *db.Tx) error {
		_, err := tx.Exec(w.t.Context(), "delete from alert_feed")
		return err
	}))
}

// TestFeedsApart: a feed takes back nothing that another one brought, and what both have is
// shown once.
func TestFeedsApart(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		a := warning{id: "a"}
		w.publishes(feedURL, a)
		w.publishes(otherOf, a, warning{id: "b", at: time.Minute})
		w.refresh()
		if got := w.holds(""); got != "Storm b, Storm a" {
			t.Errorf("%q", got)
		}
		w.publishes(otherOf, warning{id: "c", kind: "Cancel", refs: a.ref(), at: time.Minute})
		w.refresh()
		if got := w.holds(""); got != "Storm b, Storm a" {
			t.Errorf("a stranger cancels: %q", got)
		}
		none := official.New(official.Deps{DB: w.d, IDs: w.IDs, From: w.From, Log: w.Log, Feeds: w.Feeds[1:]})
		must(t, none.Refresh(t.Context()))
		if got := w.holds(""); got != "Storm b" {
			t.Errorf("of a feed that is no longer named: %q", got)
		}
	}, otherOf)
}

// TestWhatIsNoWarning: what is not real, not for everybody or over.
func TestWhatIsNoWarning(t *testing.T) {
	t.Parallel()
	info := func(more string) string {
		return `<info><category>Fire</category><event>forest fire</event>` + more + `<severity>Severe</severity><certainty>Observed</certainty><headline>Fire</headline></info>`
	}
	each(t, func(t *testing.T, w *world) {
		w.publishes(feedURL,
			warning{id: "a", status: "Test"}, warning{id: "b", status: "Draft"}, warning{id: "c", status: "Exercise"}, warning{id: "d", status: "System"},
			warning{id: "e", info: info("<urgency>Past</urgency>")}, warning{id: "f", info: info("<responseType>AllClear</responseType><urgency>Immediate</urgency>")},
			warning{id: "g", at: 48 * time.Hour}, warning{id: "h", at: -25 * time.Hour, info: info("<urgency>Future</urgency>")},
			warning{id: "i", at: -15 * 24 * time.Hour, lasts: 30 * 24 * time.Hour},
			warning{id: strings.Repeat("x", 301)},
		)
		w.refresh()
		if got := w.holds(""); got != "" {
			t.Errorf("%q", got)
		}
		w.publishes(feedURL, warning{id: "j", info: info("<urgency>Future</urgency>")}) // the same, but as it should be, and without a place
		w.refresh()
		if got := w.holds("fire"); got != "Fire" {
			t.Errorf("%q", got)
		}
		if got := w.holds("", cellAt(51.34, 12.37)); got != "" {
			t.Errorf("here: %q", got)
		}
		w.clock.Set(dbtest.Now.Add(24 * time.Hour))
		if got := w.holds(""); got != "" {
			t.Errorf("without an end after a day: %q", got)
		}
	})
}

// TestBadFeeds: whatever a server answers, what it said before holds until it ends, the
// reason is noted, and the log has none of its words.
func TestBadFeeds(t *testing.T) {
	t.Parallel()
	text := func(s string) http.HandlerFunc {
		return func(res http.ResponseWriter, _ *http.Request) { _, _ = res.Write([]byte(s)) }
	}
	cases := map[string]struct {
		do     http.HandlerFunc
		reason string
	}{
		"stalls": {func(_ http.ResponseWriter, req *http.Request) { <-req.Context().Done() }, "slow"},
		"stalls midway": {func(res http.ResponseWriter, req *http.Request) {
			_, _ = res.Write([]byte("<feed"))
			res.(http.Flusher).Flush()
			<-req.Context().Done()
		}, "slow"},
		"hangs up": {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "unreachable"},
		"redirects to a private address": {func(res http.ResponseWriter, req *http.Request) {
			http.Redirect(res, req, "https://127.0.0.1/secret", http.StatusFound)
		}, "redirect"},
		"is gone":                {http.NotFound, "status"},
		"says unchanged unasked": {func(res http.ResponseWriter, _ *http.Request) { res.WriteHeader(http.StatusNotModified) }, "redirect"},
		"garbage":                {text("\x00\xffsecret words"), "garbled"},
		"a page":                 {text("<html><body>secret words</body></html>"), "garbled"},
		"nothing":                {text(""), "garbled"},
		"10 MB of XML":           {text(`<feed xmlns="http://www.w3.org/2005/Atom">` + strings.Repeat("<entry/>", 10<<20/8) + "</feed>"), "large"},
		"many elements":          {text(`<feed xmlns="http://www.w3.org/2005/Atom">` + strings.Repeat("<a/>", 60_000) + "</feed>"), "large"},
		"packed 10 MB": {func(res http.ResponseWriter, _ *http.Request) {
			res.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(res)
			_, _ = z.Write(make([]byte, 10<<20))
			_ = z.Close()
		}, "large"},
		"an entity bomb":    {text(`<!DOCTYPE a [<!ENTITY a "secret words"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><feed xmlns="http://www.w3.org/2005/Atom"><title>&b;</title></feed>`), "garbled"},
		"an unknown entity": {text(`<feed xmlns="http://www.w3.org/2005/Atom"><title>&b;</title></feed>`), "garbled"},
		"a wrong polygon":   {text(strings.Replace(warning{id: "x"}.xml(), "51.5,12.2 51.2", "51.5,12.2 51.3", 1)), "garbled"},
	}
	each(t, func(t *testing.T, w *world) {
		for name, x := range cases {
			w.clear()
			w.publishes(feedURL, warning{id: "a"})
			w.refresh()
			good := w.answer["warn.example.com/feed.atom"]
			w.does("warn.example.com/feed.atom", x.do)
			if x.reason == "slow" {
				w.File = 20 * time.Millisecond
			}
			w.refresh()
			w.refresh()
			if got := w.holds(""); got != "Storm a" || w.reason() != x.reason {
				t.Errorf("%s: %q, %s", name, got, w.reason())
			}
			if log := w.log.String(); strings.Count(log, "\n") != 1 || strings.Contains(log, "secret") || !strings.Contains(log, "reason="+x.reason) {
				t.Errorf("%s, log: %s", name, log)
			}
			w.File = time.Minute
			w.does("warn.example.com/feed.atom", good)
			w.refresh()
			if w.reason() != "" {
				t.Errorf("%s, after it was mended: %s", name, w.reason())
			}
			w.does("warn.example.com/feed.atom", x.do)
			w.clock.Set(dbtest.Now.Add(6 * time.Hour))
			if got := w.holds(""); got != "" {
				t.Errorf("%s, after its end: %q", name, got)
			}
		}
		for _, a := range append(w.dialed, w.asked...) {
			if strings.Contains(a, "127.0.0.1") || strings.Contains(a, "secret") {
				t.Errorf("asked %s", a)
			}
		}
	})
}

// TestBadFiles: a file that fails keeps no other one from being read, and is asked for
// again after a while.
func TestBadFiles(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.File = 100 * time.Millisecond
		w.publishes(feedURL, warning{id: "stalls", at: 6 * time.Minute}, warning{id: "gone", at: 5 * time.Minute}, warning{id: "large", at: 4 * time.Minute}, warning{id: "wrong", at: 3 * time.Minute},
			warning{id: "away", at: 2 * time.Minute}, warning{id: "a"})
		w.does("warn.example.com/stalls.cap", func(_ http.ResponseWriter, req *http.Request) { <-req.Context().Done() })
		w.does("warn.example.com/gone.cap", http.NotFound)
		w.serves("warn.example.com/large.cap", strings.Repeat(" ", 10<<20))
		w.serves("warn.example.com/wrong.cap", strings.Replace(warning{id: "x"}.xml(), "51.5,12.2 51.2", "51.5,12.2 51.3", 1))
		w.does("warn.example.com/away.cap", func(res http.ResponseWriter, req *http.Request) {
			http.Redirect(res, req, "https://inner.example.com/x", http.StatusFound)
		})
		w.refresh()
		w.File = time.Minute
		if got := w.holds(""); got != "Storm a" || w.reason() != "" {
			t.Fatalf("%q %s", got, w.reason())
		}
		w.serves("warn.example.com/gone.cap", warning{id: "gone", at: 5 * time.Minute}.xml())
		w.serves("warn.example.com/stalls.cap", warning{id: "stalls", at: 5 * time.Minute}.xml())
		asked := len(w.asked)
		w.refresh()
		if len(w.asked) != asked+1 {
			t.Errorf("at once again: %v", w.asked[asked:])
		}
		w.clock.Set(dbtest.Now.Add(16 * time.Minute))
		w.refresh()
		if got := w.holds(""); got != "Storm gone, Storm stalls, Storm a" && got != "Storm stalls, Storm gone, Storm a" {
			t.Errorf("later: %q", got)
		}
	})
}

// TestPrivateAddresses: neither a feed nor a file of one leads into the network of the node.
func TestPrivateAddresses(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.serves("warn.example.com/feed.atom", `<feed xmlns="http://www.w3.org/2005/Atom">
			<entry><updated>2026-05-02T12:00:00Z</updated><link type="application/cap+xml" href="https://10.1.2.3/a.cap"/></entry>
			<entry><updated>2026-05-02T12:00:00Z</updated><link type="application/cap+xml" href="https://inner.example.com/a.cap"/></entry>
			<entry><updated>2026-05-02T12:00:00Z</updated><link type="application/cap+xml" href="https://[::1]/a.cap"/></entry>
			<entry><updated>2026-05-02T12:00:00Z</updated><link type="application/cap+xml" href="https://warn.example.com:8443/a.cap"/></entry>
			<entry><updated>2026-05-02T12:00:00Z</updated><link type="application/cap+xml" href="http://warn.example.com/a.cap"/></entry></feed>`)
		w.serves("warn.example.com/a.cap", warning{id: "a"}.xml())
		w.refresh()
		if got := w.holds(""); got != "Storm a" { // the last one, over https
			t.Errorf("%q", got)
		}
		for _, a := range w.dialed {
			if a != "8.8.8.8:443" {
				t.Errorf("dialled %s", a)
			}
		}
		inner := official.New(official.Deps{DB: w.d, IDs: w.IDs, From: w.From, Log: w.Log, Feeds: []official.Feed{{Address: "https://inner.example.com/feed.atom"}}})
		n := len(w.dialed)
		must(t, inner.Refresh(t.Context()))
		if len(w.dialed) != n || !strings.Contains(w.log.String(), "reason=private") {
			t.Errorf("dialled %v: %s", w.dialed[n:], w.log.String())
		}
	})
}

// TestUnchanged: a server that can tell is asked for what has changed, once everything of
// its list was read.
func TestUnchanged(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		w.publishes(feedURL, warning{id: "a"}, warning{id: "b", at: time.Minute})
		list := w.answer["warn.example.com/feed.atom"]
		whole := w.answer["warn.example.com/b.cap"]
		unchanged := 0
		w.does("warn.example.com/feed.atom", func(res http.ResponseWriter, req *http.Request) {
			if req.Header.Get("If-None-Match") == `"1"` {
				unchanged++
				res.WriteHeader(http.StatusNotModified)
				return
			}
			res.Header().Set("ETag", `"1"`)
			list(res, req)
		})
		w.does("warn.example.com/b.cap", http.NotFound)
		w.refresh()
		w.does("warn.example.com/b.cap", whole)
		w.clock.Set(dbtest.Now.Add(20 * time.Minute))
		w.refresh()
		if unchanged != 0 || w.holds("") != "Storm b, Storm a" {
			t.Errorf("what failed is not asked for again: %q", w.holds(""))
		}
		w.refresh()
		if unchanged != 1 || w.holds("") != "Storm b, Storm a" || w.reason() != "" {
			t.Errorf("%d times unchanged, %q %q", unchanged, w.holds(""), w.reason())
		}
	})
}

// TestManyFiles: a long list is read in parts, the newest first.
func TestManyFiles(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, w *world) {
		var all []warning
		for i := range 150 {
			all = append(all, warning{id: fmt.Sprintf("n%03d", i), at: time.Duration(i) * time.Second})
		}
		w.publishes(feedURL, all...)
		w.refresh()
		if got := w.holds(""); strings.Count(got, "Storm") != 100 || !strings.HasPrefix(got, "Storm n149") || len(w.asked) != 101 {
			t.Errorf("%d asked, %.40s", len(w.asked), got)
		}
		w.refresh()
		if len(w.asked) != 152 {
			t.Errorf("%d asked", len(w.asked))
		}
	})
}

// TestOneMessage: a feed may be one message, with several events in several languages; what
// it says is plain text of bounded length.
func TestOneMessage(t *testing.T) {
	t.Parallel()
	info := func(lang, category, event, more string) string {
		return fmt.Sprintf(`<info><language>%s</language><category>%s</category><event>%s</event><urgency>Immediate</urgency><severity>Severe</severity><certainty>Observed</certainty>%s</info>`,
			lang, category, event, more)
	}
	each(t, func(t *testing.T, w *world) {
		x := warning{id: "a", info: info("en", "Safety", "Chemical smoke", "<headline>a\u202eb\tc "+strings.Repeat("x", 300)+"</headline><description>1\n\n2</description><web>https://example.org/a</web>") +
			info("de", "Safety", "Rauch", "") + info("en", "Infra", "Power cut", "<web>javascript:alert(1)</web><area><areaDesc>A</areaDesc><circle>51.34,12.37 5</circle></area>") +
			info("de", "Infra", "Stromausfall", "<area><areaDesc>B</areaDesc></area>") + info("de", "Other", "Drittes", "")}
		w.serves("warn.example.com/feed.atom", x.xml())
		w.refresh()
		w.refresh()
		var all []official.Warning
		must(t, w.d.Read(t.Context(), func(tx *db.Tx) (err error) {
			all, err = w.Current(t.Context(), tx, nil, "", 10)
			return err
		}))
		if len(all) != 3 {
			t.Fatalf("%d warnings", len(all))
		}
		byPart := map[int]official.Warning{}
		for _, x := range all {
			byPart[x.Part] = x
		}
		one, two, three := byPart[0], byPart[1], byPart[2]
		if en := one.In("en-GB"); one.Category != "fire" || one.In("de").Event != "Rauch" || len([]rune(en.Headline)) != 200 || !strings.HasPrefix(en.Headline, "ab c x") || en.Description != "1\n\n2" || one.Page != "https://example.org/a" {
			t.Errorf("%+v", one)
		}
		if two.Category != "utility" || two.In("fr").Event != "Power cut" || two.Page != "" || two.Link != feedURL || two.In("de-AT").Area != "B" {
			t.Errorf("%+v", two)
		}
		if three.Category != "" || three.In("en").Event != "Drittes" {
			t.Errorf("%+v", three)
		}
		must(t, w.d.Read(t.Context(), func(tx *db.Tx) error {
			in, err := w.Covers(t.Context(), tx, two.ID, []geo.GridCell{cellAt(50, 12), cellAt(51.34, 12.37)})
			if len(in) != 1 || in[0] != cellAt(51.34, 12.37) {
				t.Errorf("covers %v", in)
			}
			return err
		}))
	})
}
