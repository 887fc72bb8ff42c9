package alerts

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"convoke/internal/db"
	"convoke/internal/fact"
	"convoke/internal/fault"
	"convoke/internal/feature/alerts/official"
	"convoke/internal/fetch"
	"convoke/internal/web/webtest"
)

// authority serves one message at each address.
type authority map[string]string

func (a authority) GetNewer(_ context.Context, address, _ string, _ fetch.Version) ([]byte, fetch.Version, error) {
	if text := a[address]; text != "" {
		return []byte(text), fetch.Version{}, nil
	}
	return nil, fetch.Version{}, fetch.ErrStatus
}

// says is a message about a circle of 30 km.
func says(headline, category, at string) string {
	return fmt.Sprintf(`<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>%s</identifier><sender>warn@example.com</sender><sent>2026-05-02T13:30:00+02:00</sent>
		<status>Actual</status><msgType>Alert</msgType><scope>Public</scope><info><language>de</language><category>%s</category><event>Ereignis</event>
		<urgency>Expected</urgency><severity>Severe</severity><certainty>Likely</certainty><expires>2026-05-02T20:00:00+02:00</expires><senderName>Wetteramt</senderName>
		<headline>%s</headline><description>&lt;b&gt;Erstens
Zweitens</description><web>https://example.org/w</web><area><areaDesc>Umland</areaDesc><circle>%s 30</circle></area></info></alert>`, headline, category, headline, at)
}

// warns lets authorities warn.
func (f *fixture) warns(a authority) {
	f.t.Helper()
	d := official.Deps{DB: f.DB, IDs: f.ids, From: a}
	for address := range a {
		d.Feeds = append(d.Feeds, official.Feed{Address: address})
	}
	f.Official = official.New(d)
	must(f.t, f.Official.Refresh(f.ctx()))
}

// TestOfficialWarnings are shown as such, by place and category, and sent to nobody.
func TestOfficialWarnings(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f *fixture) {
		f.warns(authority{"https://a.example/1": says("Sturm", "Met", "51.34,12.37"), "https://a.example/2": says("Beben", "Geo", "48.1,11.5")})
		f.Official.Feeds[slices.IndexFunc(f.Official.Feeds, func(x official.Feed) bool { return strings.HasSuffix(x.Address, "2") })].Name = "Erdbebendienst"
		v := f.browser("")
		for query, want := range map[string]string{
			"": "Sturm Beben", "?near=Leipzig": "Sturm", "?near=48.1,+11.5": "Beben", "?category=weather": "Sturm", "?category=fire": "", "?near=Leipzig&category=road": "",
			"?near=0,+0": "", "?near=51.34,+13.1": "Sturm", // within 25 km
		} {
			page := v.Get("/alerts"+query).Want(t, 200, "").Text("main")
			atom := v.Get("/alerts.atom"+query).Want(t, 200, "").Body
			if c := v.Get("/alerts.cap"+query).Want(t, 200, "").Body; strings.Contains(c, "Sturm") || strings.Contains(c, "Beben") {
				t.Error("another's message is in our CAP")
			}
			for _, x := range []string{"Sturm", "Beben"} {
				if in := strings.Contains(want, x); strings.Contains(page, x) != in || strings.Contains(atom, x) != in {
					t.Errorf("%s: %s is there: %v in the page, %v in the feed", query, x, strings.Contains(page, x), strings.Contains(atom, x))
				}
			}
		}
		page := v.Get("/alerts").Want(t, 200, "")
		for _, want := range []string{"No alert holds now.", "Official warnings", "Official", "Severe", "Wetteramt", "Erdbebendienst", "<b>Erstens Zweitens", "(UTC+02:00)", "Umland", "example.org"} {
			if !strings.Contains(page.Text("main"), want) {
				t.Errorf("%q is missing: %s", want, page.Text("main"))
			}
		}
		if page.Attr("article a", "href") != "https://example.org/w" || page.Attr("article h3", "lang") != "de" {
			t.Errorf("%s", page.Body)
		}
		advance(f, 6*time.Hour)
		if got := v.Get("/alerts").Want(t, 200, "").Text("main"); strings.Contains(got, "Official") {
			t.Errorf("after its end: %s", got)
		}
		if len(f.heard.all) > 0 || len(f.lines.all) > 0 {
			t.Error("it was sent")
		}
	})
}

// TestStaleWarnings: what holds of a feed that fails says so.
func TestStaleWarnings(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f *fixture) {
		a := authority{"https://a.example/1": says("Sturm", "Met", "51.34,12.37")}
		f.warns(a)
		f.Official.Log = webtest.Log(t)
		v := f.browser("")
		if got := v.Get("/alerts").Text("main"); strings.Contains(got, "cannot be read") {
			t.Errorf("%s", got)
		}
		a["https://a.example/1"] = ""
		must(t, f.Official.Refresh(f.ctx()))
		if got := v.Get("/alerts").Text("main"); !strings.Contains(got, "Sturm") || !strings.Contains(got, "cannot be read") {
			t.Errorf("%s", got)
		}
	})
}

// TestReportOfficial: verifiers make a report of a warning for their area, and it goes the
// way of any other report.
func TestReportOfficial(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f *fixture) {
		f.network("bo", "cy")
		f.warns(authority{
			"https://a.example/1": says("Sturm", "Met", "51.6,12.37"), // its edge reaches into the area
			"https://a.example/2": says("Fern", "Met", "48.1,11.5"), "https://a.example/3": says("Seuche", "Health", "51.34,12.37"),
		})
		bo := f.browser("bo")
		queue := bo.Get("/alerts/queue/near").Want(t, 200, "")
		if got := queue.Text("main"); !strings.Contains(got, "Sturm") || !strings.Contains(got, "Seuche") || strings.Contains(got, "Fern") || strings.Count(got, "Make a report of it") != 1 {
			t.Fatalf("%s", got)
		}
		action, key := queue.Attr("section[aria-labelledby=official] form", "action"), queue.Attr("section[aria-labelledby=official] form input", "value")
		f.browser("mallory").Post(action, "key", key).Want(t, 404, "")
		f.browser("").Post(action, "key", key).Want(t, 401, "")
		bo.Post(action).Want(t, 400, "")
		bo.Post(strings.Replace(action, "/official/", "/official/x", 1), "key", key).Want(t, 404, "")
		for range 2 {
			bo.Post(action, "key", key).Want(t, 303, "/alerts/queue/near")
		}
		f.browser("cy").Post(action, "key", f.ids.Secret()).Want(t, 303, "/alerts/queue/near") // a warning is one report
		q, err := f.Queue(f.ctx(), as("cy"), "near", Fresh, "", 0)
		must(t, err)
		if len(q.Cases) != 1 || q.Cases[0].Category != "weather" || q.Cases[0].Reports != 1 || q.Cases[0].FirstHand != 0 || q.Cases[0].Members != 0 {
			t.Fatalf("%+v", q.Cases)
		}
		c := &q.Cases[0]
		v, err := f.Case(f.ctx(), as("bo"), "near", c.ID)
		must(t, err)
		if v.Kept || v.Reports[0].Note != "An official warning says so." {
			t.Errorf("%+v", v)
		}
		m := f.message(c)
		m.Basis, m.Guidance = Official, []string{"official"}
		must(t, f.Propose(f.ctx(), as("bo"), "near", c.ID, m, false, 3))
		var d *Draft
		must(t, f.DB.Read(f.ctx(), func(tx *db.Tx) (err error) {
			d, err = draftOf(f.ctx(), tx, c.ID, tx.Now())
			return err
		}))
		if _, err := f.Confirm(f.ctx(), as("cy"), "near", c.ID, d.Hash(), false, 3); fault.Of(err) == nil || fault.Of(err).Code != "alert.first_hand" {
			t.Errorf("nobody saw it: %v", err)
		}
		sent, err := f.Confirm(f.ctx(), as("cy"), "near", c.ID, d.Hash(), true, 3)
		must(t, err)
		if len(f.heard.all) != 1 || f.heard.all[0].Alert != sent || f.heard.all[0].Kind != fact.AlertNew {
			t.Errorf("%+v", f.heard.all)
		}
		if got := f.browser("").Get("/alerts/"+sent).Want(t, http.StatusOK, "").Text("main"); !strings.Contains(got, "An authority says so;") {
			t.Errorf("%s", got)
		}
		must(t, f.Edit(f.ctx(), as("ada"), "near", q.Sequence, NetworkInput{Handle: "near", Name: "Near", Area: "Leipzig; 8", Categories: []string{"road"}}))
		f.exec("delete from alert_report")
		bo.Post(action, "key", f.ids.Secret()).Want(t, 422, "")
	})
}

// TestOfficialCategories: each that a warning may get is one by which people filter.
func TestOfficialCategories(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f *fixture) {
		of := map[string]string{"Met": "weather", "Fire": "fire", "Infra": "utility", "Transport": "road"}
		a := authority{}
		for c := range of {
			a["https://a.example/"+c] = says("by-"+c, c, "51.34,12.37")
		}
		f.warns(a)
		for c, ours := range of {
			if got := f.browser("").Get("/alerts?category="+ours).Want(t, 200, "").Text("main"); strings.Count(got, "by-") != 1 || !strings.Contains(got, "by-"+c) {
				t.Errorf("%s: %s", ours, got)
			}
		}
	})
}
