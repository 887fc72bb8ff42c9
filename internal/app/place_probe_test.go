package app_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/db/dbtest"
	"convoke/internal/feature/attendance"
	"convoke/internal/feature/events"
	"convoke/internal/feature/webhooks"
	"convoke/internal/id"
	"convoke/internal/web/webtest"
)

// secretWords are one of each part of the exact place: address, directions and
// address online.
var secretWords = []string{"zanderhof", "zobelglocke", "zuckerhut"}

func secretPlace() events.ExactInput {
	return events.ExactInput{
		Address: "Zanderhof 4", Directions: "Second yard.\nRing at Zobelglocke.", OnlineURL: "https://zuckerhut.example/room", Early: true,
	}
}

// probe is a node with an event that has an exact place, and who may ask.
type probe struct {
	*access
	steward authz.Actor
	in      events.Input
	event   id.Event
	names   *strings.Replacer // makes addresses readable
	sent    []string          // what webhooks were told, with the headers
}

// Post implements webhooks.Sender.
func (p *probe) Post(_ context.Context, url string, header http.Header, body []byte) (int, error) {
	p.sent = append(p.sent, fmt.Sprint(url, header, string(body)))
	return http.StatusNoContent, nil
}

// work does all that waits.
func (p *probe) work() {
	p.t.Helper()
	if _, err := p.Jobs.RunPending(p.t.Context()); err != nil {
		p.t.Fatal(err)
	}
}

// told are the secret words that webhooks were told.
func (p *probe) told() []string {
	p.t.Helper()
	p.work()
	var out []string
	for _, w := range secretWords {
		if strings.Contains(strings.ToLower(strings.Join(p.sent, " ")), w) {
			out = append(out, w)
		}
	}
	return out
}

func newProbe(t *testing.T, url string) *probe {
	t.Helper()
	p := &probe{access: newAccessOn(t, url)}
	p.Webhooks.Sender = p
	err := p.DB.Read(t.Context(), func(tx *db.Tx) error {
		return tx.Get(t.Context(), "select id from person where handle = 'the-steward'", nil, &p.steward.Person)
	})
	if err != nil {
		t.Fatal(err)
	}
	p.steward.Handle = "the-steward"
	g, err := p.groupID("riverside")
	if err != nil {
		t.Fatal(err)
	}
	p.in = meeting("Care day", p.clock.Now().AddDate(0, 0, 7).Format(time.DateOnly))
	p.in.Campaign, p.in.Capacity = "open-doors", "2"
	p.hook()
	p.event = p.stand.event(p.steward, g, p.in)
	p.values["/events/{id}"] = string(p.event)
	p.series(g)
	p.readable("")
	return p
}

// readable names what stands in addresses.
func (p *probe) readable(secret string) {
	all := []string{string(p.event), "ID", p.values["/events/{id} of a draft"], "DRAFT", p.values["/events/{id} of a date"], "DATE"}
	if secret != "" {
		all = append(all, secret, "SECRET")
	}
	p.names = strings.NewReplacer(all...)
}

// hook makes a webhook of all kinds.
func (p *probe) hook() {
	p.t.Helper()
	in := webhooks.Input{URL: "https://hooks.example.org/in", Kinds: []string{"event.published", "event.changed", "event.cancelled", "group.changed", "statement.published"}}
	hook, _, err := p.Webhooks.Add(p.t.Context(), p.steward, "riverside", p.IDs.Secret(), in)
	if err != nil {
		p.t.Fatal(err)
	}
	p.values["id"] = hook.ID
}

// series repeats the event.
func (p *probe) series(g id.Group) {
	p.t.Helper()
	ctx := p.t.Context()
	err := p.Events.Repeat(ctx, p.steward, p.event, p.IDs.Secret(), "", events.RepeatInput{Unit: events.Weeks, End: "times", Times: "2"})
	if err != nil {
		p.t.Fatal(err)
	}
	var date string
	err = p.DB.Read(ctx, func(tx *db.Tx) error {
		return tx.Get(ctx, `select e.id from event e where e.group_id = $1 and e.title = $2 and e.id <> $3`, []any{string(g), p.in.Title, string(p.event)}, &date)
	})
	if err != nil {
		p.t.Fatal(err)
	}
	p.values["/events/{id} of a date"] = date
}

func (p *probe) groupID(handle string) (id.Group, error) {
	var g id.Group
	err := p.DB.Read(p.t.Context(), func(tx *db.Tx) error {
		b, err := p.Groups.ByHandle(p.t.Context(), tx, handle)
		g = b.ID
		return err
	})
	return g, err
}

// hide gives the event and the draft an exact place; everybody sees it from the
// hour.
func (p *probe) hide(hour time.Time) {
	p.t.Helper()
	for _, e := range []id.Event{p.event, id.Event(p.values["/events/{id} of a draft"])} {
		in := secretPlace()
		in.ShowDate, in.ShowTime = hour.Format(time.DateOnly), hour.Format("15:04")
		if err := p.Events.SetExact(p.t.Context(), p.steward, e, 0, in); err != nil {
			p.t.Fatal(err)
		}
	}
}

// addresses are all that every GET route answers at, with the values of the node.
func (p *probe) addresses() []string {
	var out []string
	for _, of := range []string{"", " of a draft", " of a date"} {
		for _, pattern := range p.Site.Patterns() {
			method, path, ok := p.path(pattern, of)
			if !ok || method != "GET" {
				continue
			}
			out = append(out, path)
			for _, format := range formatsOf(pattern) {
				out = append(out, path+format)
			}
			if pattern == "GET /events/{id}" {
				at := path[strings.LastIndexByte(path, '/')+1:]
				out = append(out, "/map/picture.png?event="+at, "/map/picture.png?dark=1&event="+at)
			}
		}
	}
	return out
}

// rested lets so much time pass that whoever asked for everything may do so again.
func (p *probe) rested() { p.clock.Add(11 * time.Minute) }

// found asks every address, in every form that a program can ask for, and with
// each of the secret words where words are searched. It lists where any of the
// words is told. Pictures are compared by the method of that name.
func (p *probe) found(b *webtest.Browser, header ...string) []string {
	p.t.Helper()
	out := map[string]bool{}
	shown := 0
	ask := func(path, q, accept string) webtest.Answer {
		at := path
		if q != "" {
			at += "?q=" + q
		}
		a := b.Get(at, append([]string{"Accept", accept}, header...)...)
		if a.Status == 200 {
			shown++
		}
		if a.Status == 429 {
			p.t.Fatalf("%s is asked for too often to find anything", at)
		}
		if p.tells(a, q) {
			out[p.names.Replace(path)] = true
		}
		return a
	}
	for _, path := range p.addresses() {
		if isPicture(path) {
			continue
		}
		a := ask(path, "", "text/html")
		if strings.HasPrefix(path, "/api/") {
			for _, accept := range []string{"application/json", "application/hal+json", "application/vnd.mobilize+json"} {
				ask(path, "", accept)
			}
		}
		for _, w := range secretWords {
			if a.Status == 200 {
				ask(path, w, "text/html")
			}
		}
	}
	if shown < 60 {
		p.t.Errorf("only %d pages were shown", shown)
	}
	return slices.Sorted(maps.Keys(out))
}

// tells finds a secret word in an answer, but for the one that was asked for,
// which forms show again. A search that finds the event by its exact place tells
// too: that is what the word is then known by.
func (*probe) tells(a webtest.Answer, asked string) bool {
	all := strings.ToLower(a.Body + " " + a.Location)
	for name := range a.Header {
		all += " " + strings.ToLower(strings.Join(a.Header.Values(name), " "))
	}
	for _, w := range secretWords {
		if w != asked && strings.Contains(all, w) {
			return true
		}
	}
	return false
}

// finds lists the searches that find the event by a word.
func (p *probe) finds(word string) []string {
	var out []string
	for _, path := range []string{
		"/events", "/events.ics", "/events.geojson", "/events.csv", "/events.atom", "/api/v1/events", "/calendar",
	} {
		a := p.visitor().Get(path + "?q=" + word)
		if a.Status == 200 && strings.Contains(a.Body, string(p.event)) {
			out = append(out, path)
		}
	}
	return out
}

func isPicture(path string) bool {
	path, _, _ = strings.Cut(path, "?")
	return strings.HasSuffix(path, ".png") || strings.HasSuffix(path, ".pdf")
}

// pictures are what cannot be searched for words: posters, tiles, codes.
func (p *probe) pictures(b *webtest.Browser) map[string][32]byte {
	out := map[string][32]byte{}
	for _, path := range p.addresses() {
		if !isPicture(path) && !strings.HasPrefix(path, "/map/") {
			continue
		}
		if a := b.Get(path); a.Status == 200 {
			out[p.names.Replace(path)] = sha256.Sum256([]byte(a.Body))
		}
	}
	return out
}

// stored finds the words in what is on the disk, and in exports.
func (p *probe) stored() []string {
	p.t.Helper()
	var out []string
	err := filepath.WalkDir(p.Config.Data, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		for _, w := range secretWords {
			if bytes.Contains(bytes.ToLower(b), []byte(w)) {
				out = append(out, filepath.Base(path))
			}
		}
		return err
	})
	if err != nil {
		p.t.Fatal(err)
	}
	for _, format := range []string{"csv", "ics", "geojson"} {
		for _, w := range secretWords {
			if strings.Contains(strings.ToLower(exported(p.t, p.Node, format)), w) {
				out = append(out, "export."+format)
			}
		}
	}
	if p.DB.Engine() == db.Postgres {
		out = append(out, p.rows()...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// rows finds the words in the tables of a server.
func (p *probe) rows() (out []string) {
	p.t.Helper()
	ctx := p.t.Context()
	err := p.DB.Read(ctx, func(tx *db.Tx) error {
		out = nil
		tables, err := db.Column[string](ctx, tx, "select table_name from information_schema.tables where table_schema = current_schema() order by 1")
		if err != nil || len(tables) < 50 {
			return errors.Join(err, fmt.Errorf("%d tables", len(tables)))
		}
		for _, table := range tables {
			all, err := db.Column[string](ctx, tx, `select x::text from "`+table+`" x`)
			if err != nil {
				return err
			}
			rows := strings.ToLower(strings.Join(all, " "))
			for _, w := range secretWords {
				if strings.Contains(rows, w) || strings.Contains(rows, hex.EncodeToString([]byte(w[1:]))) { // bytes are shown so
					out = append(out, table)
				}
			}
		}
		return nil
	})
	if err != nil {
		p.t.Fatal(err)
	}
	return out
}

func (p *probe) want(what string, got []string, want ...string) {
	p.t.Helper()
	if d := cmp.Diff(slices.Sorted(slices.Values(want)), got, cmp.Transformer("", func(s []string) []string { return append([]string{}, s...) })); d != "" {
		p.t.Errorf("%s (-want +got):\n%s", what, d)
	}
}

// The exact place is asked for at every address that there is, by everybody, and
// looked for on the disk: until its hour it is only where its organizers write it
// and where those who have a place read it; from the hour on it is on the event's
// own page and in its own files too, and still nowhere else.
func TestExactPlaceIsFoundNowhereElse(t *testing.T) {
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		exactPlaceIsFoundNowhereElse(t, newProbe(t, ""))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		exactPlaceIsFoundNowhereElse(t, newProbe(t, dbtest.Postgres(t)))
	})
}

func exactPlaceIsFoundNowhereElse(t *testing.T, p *probe) {
	t.Helper()
	drawn := p.pictures(p.visitor())
	before := map[string]map[string][32]byte{"visitor": drawn, "steward": p.pictures(p.browser["steward"])}
	hour := time.Date(2026, p.clock.Now().Month(), p.clock.Now().Day(), 14, 0, 0, 0, time.UTC).AddDate(0, 0, 7)
	p.hide(hour.Add(2 * time.Hour)) // local to Leipzig
	secrets := map[attendance.State]string{}
	for _, x := range []struct {
		state attendance.State
		party int
	}{{attendance.Going, 2}, {attendance.Waiting, 1}} {
		secrets[x.state] = p.IDs.Secret()
		r, err := p.Attendance.SignUp(t.Context(), p.event, secrets[x.state], attendance.Input{Party: x.party, Lang: "en"})
		if err != nil || r.State != x.state {
			t.Fatalf("%+v, %v", r, err)
		}
	}
	p.clock.Add(time.Second)

	for _, role := range p.roles {
		var want []string
		switch role {
		case "organizer", "steward":
			want = []string{"/events/ID/place", "/events/DRAFT/place"}
		case "manager": // of the draft, not of the event
			want = []string{"/events/DRAFT/place"}
		}
		p.rested()
		p.want(role, p.found(p.browser[role]), want...)
	}
	p.rested()
	p.want("a token", p.found(p.visitor(), "Authorization", "Bearer "+p.tokens["steward"]), "/api/v1/events/ID/place", "/api/v1/events/DRAFT/place")
	for role, was := range before {
		if d := cmp.Diff(was, p.pictures(p.browser[role])); d != "" || len(was) < 16 {
			t.Errorf("%s: %d pictures, of which some differ:\n%s", role, len(was), d)
		}
	}
	held := []string{"/events/ID/attend/SECRET", "/events/ID/attend/SECRET/event.ics", "/api/v1/events/ID/attendance/SECRET"}
	hold := func(who attendance.State) []string {
		p.values["secret"] = secrets[who]
		p.readable(secrets[who])
		p.rested()
		return p.found(p.visitor())
	}
	p.want("who has a place", hold(attendance.Going), held...)
	p.want("who waits", hold(attendance.Waiting))
	for _, w := range secretWords {
		p.want("search for "+w, p.finds(w))
	}
	p.want("what webhooks are told", p.told())
	p.want("on the disk and in exports", p.stored())

	p.clock.Set(hour.Add(-time.Second))
	p.visitor().Get("/events/"+string(p.event)).Want(t, 200, "") // kept by the cache
	p.want("a second before the hour", p.found(p.visitor()))
	p.clock.Set(hour)
	public := []string{"/events/ID", "/events/ID.ics", "/events/ID.json"}
	p.want("from the hour on", p.found(p.visitor()), append(public, held...)...) // who waits knows it too
	for _, w := range secretWords {
		p.want("search from the hour on for "+w, p.finds(w))
	}
	p.want("what webhooks are told from the hour on", p.told())
	p.want("on the disk from the hour on", p.stored())
	if all := strings.Join(p.sent, " "); !strings.Contains(all, "event.published") || !strings.Contains(all, "event.changed") || !strings.Contains(all, string(p.event)) {
		t.Errorf("webhooks were told of nothing: %s", all)
	}

	// The search is not blind: what is public is found all over.
	in := p.in
	in.Description, in.Capacity = strings.Join(secretWords, " "), "2"
	if err := p.Events.Update(t.Context(), p.steward, p.event, 0, in); err != nil {
		t.Fatal(err)
	}
	got := p.found(p.visitor())
	for _, path := range []string{"/events/ID", "/events/ID.ics", "/events/ID.json", "/events.ics", "/events.atom", "/api/v1/events", "/api/v1/events/ID"} {
		if !slices.Contains(got, path) {
			t.Errorf("what is public is not found at %s", path)
		}
	}
	if len(p.finds("zanderhof")) < 6 || !slices.Contains(p.stored(), "export.ics") || len(p.stored()) < 2 {
		t.Errorf("what is public is found by %q and stored in %q", p.finds("zanderhof"), p.stored())
	}
	if p.DB.Engine() == db.Postgres && !slices.Contains(p.stored(), "event") {
		t.Errorf("what is public is stored in %q", p.stored())
	}
	in.Title = "Care day, elsewhere"
	if err := p.Events.Update(t.Context(), p.steward, p.event, 1, in); err != nil {
		t.Fatal(err)
	}
	if cmp.Equal(drawn, p.pictures(p.visitor())) {
		t.Error("another title is on no picture, so their comparison is blind")
	}
}
