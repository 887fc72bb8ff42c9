package campaigns

import (
	"context"
	"html/template"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"convoke/internal/api/apitest"
	"convoke/internal/db"
	"convoke/internal/i18n"
	"convoke/internal/id"
	"convoke/internal/web"
	"convoke/internal/web/webtest"
)

// noEventPages has no events to show.
type noEventPages struct{}

func (noEventPages) Panel(*web.Call, id.Campaign, string) (template.HTML, error) { return "", nil }
func (noEventPages) List(*web.Call, id.Campaign, string) (template.HTML, error)  { return "", nil }
func (noEventPages) Places(context.Context, *db.Tx, id.Campaign) ([]Place, error) {
	return nil, nil
}
func (noEventPages) Going(context.Context, *db.Tx, id.Campaign) (int, error) { return 0, nil }
func (noEventPages) Kinds(*i18n.Locale) []web.Choice                         { return nil }

// onePicture keeps whatever is sent under one key.
type onePicture struct{}

func (onePicture) Save(c *web.Call, field string) (string, error) {
	if _, h, err := c.R.FormFile(field); err != nil || h.Size == 0 {
		return "", nil //nolint:nilerr // none was sent
	}
	return "0123456789abcdef.jpg", nil
}

// few lets so many through.
type few struct{ n int }

func (f *few) Allow(string, string) (bool, time.Duration) {
	f.n--
	return f.n >= 0, time.Minute
}

// programs serves the API over x.
func (x *fixture) programs() *apitest.Client {
	site := webtest.New(x.t, x.clock, nil)
	x.DB.OnTouch(site.Cache().Touch)
	w := &Web{Service: x.Service, Pictures: onePicture{}, Shown: noEventPages{}, Limiter: &few{5}, Client: func(*web.Call) string { return "" }}
	w.MountAPI(apitest.Node(x.t, site))
	return apitest.New(x.t, site)
}

// by is a client with a token of the organizer of a group.
func by(c *apitest.Client, group string, scopes ...string) *apitest.Client {
	return c.As(strings.Join(append([]string{"p-" + group}, scopes...), " "))
}

type body = map[string]any

func newDay() body {
	return body{
		"handle": "day-of-care", "group": "riverside", "title": "Day of care", "statement": "We **care**.", "lang": "en", "state": "open",
		"dates": []body{{"first": "2026-11-28"}, {"first": "2026-12-05", "last": "2026-12-26"}},
	}
}

func TestAPICampaignIsWritten(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, x *fixture) {
		c := x.programs()
		mine := by(c, "riverside")
		var w apiWhole
		a := mine.Do("POST", "/campaigns", newDay(), "Idempotency-Key", "day-of-care").Want(201, &w)
		mine.Do("POST", "/campaigns", newDay(), "Idempotency-Key", "day-of-care").Want(201, &w) // the answer was lost
		if w.Handle != "day-of-care" || len(w.Dates) != 2 || w.Dates[1].Last != "2026-12-26" || a.Header.Get("Location") != "http://localhost/api/v1/campaigns/day-of-care" {
			t.Errorf("%+v", w)
		}
		other := newDay()
		other["title"] = "Another day"
		mine.Do("POST", "/campaigns", other, "Idempotency-Key", "day-of-care").Refused(409, "api.key_reused")
		const url = "/campaigns/day-of-care"
		shown := c.Get(url).Want(200, nil)
		c.Get(url, "If-None-Match", shown.Header.Get("ETag")).Want(304, nil)

		change := body{"title": "Days of care", "lang": "en", "state": "open", "sequence": w.Sequence, "picture_alt": "Hands"}
		mine.Do("PUT", url, change).Want(200, &w)
		if w.Texts[0].Title != "Days of care" || w.Texts[0].Statement != "" || len(w.Dates) != 0 || w.Alt != "Hands" {
			t.Errorf("%+v", w)
		}
		mine.Do("PUT", url, change).Refused(409, "campaign.changed_meanwhile")
		c.Get(url, "If-None-Match", shown.Header.Get("ETag")).Want(200, nil)
		mine.Do("PUT", url+"/texts/es", body{"title": "Días del cuidado", "statement": "Cuidamos."}).Want(200, &w)
		if len(w.Texts) != 2 || w.Texts[1] != (apiCampaignText{"es", "Días del cuidado", "Cuidamos.", "", false}) {
			t.Errorf("%+v", w.Texts)
		}
		mine.Do("PUT", url+"/texts/es", body{"title": "Otro día", "sequence": w.Sequence - 1}).Refused(409, "campaign.changed_meanwhile")
		mine.Do("PUT", url+"/texts/es", body{"title": "Días del cuidado", "sequence": w.Sequence}).Want(200, nil)
		mine.Do("PUT", url+"/texts/es", body{"title": "Días", "credit": "ana@example.org"}).Refused(422, "form.invalid")
		mine.Do("PUT", url+"/texts/es", body{"title": "Días", "credit": "Ana"}).Want(200, &w)
		if w.Texts[1].Credit != "Ana" || w.Texts[1].Older {
			t.Errorf("%+v", w.Texts)
		}
		change["title"], change["sequence"] = "Days of care and rest", w.Sequence
		mine.Do("PUT", url, change).Want(200, &w)
		if !w.Texts[1].Older || w.Texts[0].Older {
			t.Errorf("a version of what was changed is not older: %+v", w.Texts)
		}
		mine.Do("DELETE", url+"/texts/es", nil).Want(204, nil)
		mine.Do("PUT", url+"/picture", apitest.File{Field: "picture", Name: "a.png", Data: []byte("x")}).Want(200, &w)
		if w.Picture != "http://localhost/pictures/0123456789abcdef.jpg" {
			t.Errorf("%+v", w)
		}
		mine.Do("DELETE", url+"/picture", nil).Want(204, nil)
		var now apiWhole
		c.Get(url).Want(200, &now)
		if len(now.Texts) != 1 || now.Picture != "" {
			t.Errorf("%+v", now)
		}
	})
}

func TestAPIDemandsAndPoints(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, x *fixture) {
		c := x.programs()
		x.start(careDay)
		const url = "/campaigns/day-of-care"
		mine := by(c, "riverside", "campaigns:write")
		benches := body{"text": "Benches at each stop", "addressee": "The town council"}
		mine.Do("POST", url+"/demands", benches, "Idempotency-Key", "benches-1").Want(201, nil)
		mine.Do("POST", url+"/demands", body{"text": "Shade", "addressee": "The town council"}, "Idempotency-Key", "shade-01").Want(201, nil)
		mine.Do("POST", url+"/demands", benches, "Idempotency-Key", "benches-1").Want(201, nil) // late, and still once
		mine.Do("POST", url+"/demands", body{"text": "Other", "addressee": "X"}, "Idempotency-Key", "benches-1").Refused(409, "api.key_reused")
		mine.Do("POST", url+"/demands", benches).Refused(400, "api.key")
		mine.Do("POST", url+"/demands", body{"text": "", "addressee": ""}, "Idempotency-Key", "nothing-1").
			Refused(422, "form.invalid", "#/text", "demand.no_body", "#/addressee", "demand.no_addressee")
		met := body{"state": "partly_met", "note": "Ten benches stand."}
		mine.Do("PUT", url+"/demands/1", met).Want(200, nil)
		var w apiWhole
		mine.Do("PUT", url+"/demands/1", met).Want(200, &w)
		day := x.clock.Now().Format(time.DateOnly)
		want := []apiDemand{
			{1, "Benches at each stop", "The town council", "partly_met", []apiStep{{State: "open", Note: "", Day: day}, {State: "partly_met", Note: "Ten benches stand.", Day: day}}},
			{2, "Shade", "The town council", "open", []apiStep{{State: "open", Note: "", Day: day}}},
		}
		if d := cmp.Diff(want, w.Demands); d != "" {
			t.Error(d)
		}
		mine.Do("PUT", url+"/demands/7", met).Refused(404, "demand.not_found")
		mine.Do("PUT", url+"/demands/1", body{"state": "won"}).Refused(422, "form.invalid", "#/state", "api.choice")

		mine.Do("PUT", url+"/points", body{"version": 0, "text": "Nobody is hurt."}).Want(200, &w)
		by(c, "hill").Do("PUT", url+"/endorsements/hill", body{"version": 1}).Want(200, nil)
		mine.Do("PUT", url+"/points", body{"version": 0, "text": "Other words."}).Refused(409, "campaign.changed_meanwhile")
		mine.Do("PUT", url+"/points", body{"version": 1, "text": "Nobody is hurt. We listen."}).Want(200, nil)
		mine.Do("PUT", url+"/points", body{"version": 2, "text": ""}).Refused(422, "form.invalid", "#/text", "campaign.no_points")
		by(c, "harbour").Do("PUT", url+"/endorsements/harbour", body{"version": 1}).Refused(409, "campaign.points_changed")
		by(c, "hill").Do("PUT", url+"/endorsements/harbour", body{"version": 2}).Refused(403, "authz.forbidden")
		c.Get(url).Want(200, &w)
		if len(w.Endorsers) != 1 || w.Endorsers[0].Version != 1 || w.Points.Version != 2 {
			t.Errorf("%+v %+v", w.Endorsers, w.Points)
		}
		var p apiPoints
		c.Get(url+"/points/1").Want(200, &p)
		if p.Text != "Nobody is hurt." {
			t.Errorf("%+v", p)
		}
		c.Get(url+"/points/9").Refused(404, "campaign.no_version")
		by(c, "hill").Do("DELETE", url+"/endorsements/hill", nil).Want(204, nil)
		var after apiWhole
		c.Get(url).Want(200, &after)
		if len(after.Endorsers) != 0 {
			t.Errorf("%+v", after.Endorsers)
		}
	})
}

func TestAPIOwners(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, x *fixture) {
		c := x.programs()
		in := careDay
		in.State = Draft
		x.start(in)
		const url = "/campaigns/day-of-care"
		c.Get(url).Refused(404, "web.not_found")
		by(c, "hill").Do("PUT", url+"/owners/hill", nil).Refused(404, "web.not_found")
		mine := by(c, "riverside")
		by(c, "riverside", "campaigns:write").Do("PUT", url+"/requests/hill", nil).Refused(403, "token.scope")
		mine.Do("PUT", url+"/requests/hill", nil).Want(204, nil)
		mine.Do("PUT", url+"/requests/market", nil).Want(204, nil)
		mine.Do("PUT", url+"/requests/nobody", nil).Refused(422, "form.invalid", "#/group", "campaign.no_group")
		mine.Do("DELETE", url+"/requests/market", nil).Want(204, nil)
		var asked struct{ Items []apiOwner }
		mine.Get(url+"/requests").Want(200, &asked)
		if len(asked.Items) != 1 || asked.Items[0].Handle != "hill" {
			t.Errorf("%+v", asked)
		}
		var w apiWhole
		by(c, "hill").Do("PUT", url+"/owners/hill", nil).Want(200, &w)
		if len(w.Owners) != 2 || w.State != "draft" {
			t.Errorf("%+v", w)
		}
		mine.Do("DELETE", url+"/owners/riverside", nil).Want(204, nil)
		mine.Get(url+"/requests").Refused(404, "web.not_found")
		by(c, "hill").Do("DELETE", url+"/owners/hill", nil).Refused(409, "campaign.last_owner")
	})
}

func TestAPIEventsOfACampaign(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, x *fixture) {
		c := x.programs()
		x.start(careDay)
		const url = "/campaigns/day-of-care"
		mine, hill := by(c, "riverside"), by(c, "hill")
		first, second := x.event(x.IDs.New(), "hill"), x.event(x.IDs.New(), "hill")
		var e apiEntry
		hill.Do("PUT", url+"/events/"+string(first), nil).Want(200, &e)
		if e.State != "waiting" {
			t.Errorf("%+v", e)
		}
		by(c, "harbour").Do("PUT", url+"/events/"+string(first), nil).Refused(403, "authz.forbidden")
		hill.Do("PUT", url+"/events/"+x.IDs.New(), nil).Refused(404, "web.not_found")
		hill.Do("PUT", url+"/events/nothing", nil).Refused(404, "web.not_found")
		var q apiQueue
		mine.Get(url+"/proposals").Want(200, &q)
		if len(q.Events) != 1 || q.Events[0].ID != string(first) || q.Events[0].Group != "hill" {
			t.Errorf("%+v", q)
		}
		hill.Get(url+"/proposals").Refused(403, "authz.forbidden")
		hill.Do("PUT", url+"/events/"+string(first)+"/answer", body{"accept": false}).Refused(403, "authz.forbidden")
		mine.Do("PUT", url+"/events/"+string(first)+"/answer", body{"accept": false}).Refused(422, "form.invalid", "#/reason", "campaign.no_reason")
		mine.Do("PUT", url+"/events/"+string(first)+"/answer", body{"accept": true, "trust": true}).Want(200, &e)
		late := mine.Do("PUT", url+"/events/"+string(first)+"/answer", body{"accept": false, "reason": "too late"}).Want(200, &e)
		if e.State != "accepted" {
			t.Errorf("the second answer counts: %s", late.Body)
		}
		hill.Do("PUT", url+"/events/"+string(second), nil).Want(200, &e) // trusted by now
		if e.State != "accepted" {
			t.Errorf("%+v", e)
		}
		by(c, "harbour").Do("DELETE", url+"/events/"+string(second), nil).Refused(403, "authz.forbidden")
		hill.Do("DELETE", url+"/events/"+string(second), nil).Want(204, nil)
		if got := keys(x.events.joined); !slices.Equal(got, []id.Event{first}) {
			t.Errorf("in the campaign are %v", got)
		}

		set := body{"version": 0, "title": "Day of care", "kind": "mutual_aid", "bring": "Gloves"}
		mine.Do("PUT", url+"/template", set).Want(200, nil)
		mine.Do("PUT", url+"/template", set).Want(200, nil)
		var shared apiEventTemplate
		c.Get(url+"/template").Want(200, &shared)
		if d := cmp.Diff(apiEventTemplate{1, "Day of care", "mutual_aid", "", "", "Gloves"}, shared); d != "" {
			t.Error(d)
		}
		mine.Do("PUT", url+"/template", body{"version": 0, "title": "Other"}).Refused(409, "campaign.changed_meanwhile")
		mine.Do("PUT", url+"/template", body{"version": 1, "kind": "nonsense"}).Refused(422, "form.invalid", "#/kind", "event.kind_unknown")
	})
}

func TestAPIHosts(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, x *fixture) {
		c := x.programs()
		x.start(careDay)
		const url = "/campaigns/day-of-care"
		mine := by(c, "riverside")
		host := body{"near": "Leipzig", "place": "Old pier", "day": "2026-11-28", "start": "10:00", "contact": "canary@example.org"}
		one, two := x.key(), x.key()
		var p, same apiProposed
		c.Do("POST", url+"/proposals", host, "Idempotency-Key", one).Want(201, &p)
		c.Do("POST", url+"/proposals", host, "Idempotency-Key", one).Want(201, &same)
		if p != same || p.State != "waiting" || p.URL != "http://localhost/campaigns/day-of-care/proposals/"+p.Secret {
			t.Errorf("%+v %+v", p, same)
		}
		c.Do("POST", url+"/proposals", host, "Idempotency-Key", "guessable").Refused(400, "api.key")
		other := body{"near": "Leipzig", "day": "2026-11-29", "start": "10:00"}
		c.Do("POST", url+"/proposals", other, "Idempotency-Key", one).Refused(409, "api.key_reused")
		c.Do("POST", url+"/proposals", body{"near": "", "day": "2026-11-29", "start": "10:00"}, "Idempotency-Key", two).
			Refused(422, "form.invalid", "#/near", "event.place_missing")
		x.later(time.Second)
		var second apiProposed
		c.Do("POST", url+"/proposals", other, "Idempotency-Key", two).Want(201, &second)
		a := c.Do("POST", url+"/proposals", other, "Idempotency-Key", x.key())
		a.Refused(http.StatusTooManyRequests, "campaign.many_proposals")
		if a.Header.Get("Retry-After") == "" {
			t.Error("nothing says when to try again")
		}
		var q apiQueue
		mine.Get(url+"/proposals").Want(200, &q)
		if len(q.Hosts) != 2 || q.Hosts[0].Host.Contact != "canary@example.org" {
			t.Fatalf("%+v", q)
		}
		by(c, "hill").Do("PUT", url+"/proposals/"+q.Hosts[0].ID+"/answer", body{"accept": true}).Refused(403, "authz.forbidden")
		mine.Do("PUT", url+"/proposals/"+q.Hosts[0].ID+"/answer", body{"accept": true, "group": "riverside"}).Want(204, nil)
		mine.Do("PUT", url+"/proposals/"+q.Hosts[1].ID+"/answer", body{"accept": false}).Refused(422, "form.invalid", "#/reason", "campaign.no_reason")
		mine.Do("PUT", url+"/proposals/"+q.Hosts[1].ID+"/answer", body{"accept": false, "reason": "One is enough."}).Want(204, nil)
		c.Get(url+"/proposals/"+p.Secret).Want(200, &p)
		c.Get(url+"/proposals/"+second.Secret).Want(200, &second)
		if p.State != "accepted" || p.Event == "" || second.State != "refused" || second.Reason != "One is enough." {
			t.Errorf("%+v %+v", p, second)
		}
		c.Get(url+"/proposals/"+x.key()).Refused(404, "campaign.no_proposal")
	})
}

func TestAPICampaignWritesAreRefused(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, x *fixture) {
		c := x.programs()
		c.Do("POST", "/campaigns", newDay(), "Idempotency-Key", "day-of-care").Refused(401, "token.missing")
		by(c, "riverside", "read", "events:write").Do("POST", "/campaigns", newDay(), "Idempotency-Key", "day-of-care").Refused(403, "token.scope")
		by(c, "hill").Do("POST", "/campaigns", newDay(), "Idempotency-Key", "day-of-care").Refused(403, "authz.forbidden")
		bad := newDay()
		bad["title"], bad["lang"], bad["handle"] = "", "tlh", "a"
		by(c, "riverside").Do("POST", "/campaigns", bad, "Idempotency-Key", "day-of-care").
			Refused(422, "form.invalid", "#/title", "campaign.no_title", "#/lang", "campaign.lang", "#/handle", "handle.length")
		bad = newDay()
		bad["dates"] = []body{{"first": "2026-12-26", "last": "2026-12-05"}}
		by(c, "riverside").Do("POST", "/campaigns", bad, "Idempotency-Key", "day-of-care").Refused(422, "form.invalid", "#/dates", "campaign.dates")
		bad["dates"] = []body{{"first": "soon"}}
		by(c, "riverside").Do("POST", "/campaigns", bad, "Idempotency-Key", "day-of-care").Refused(422, "form.invalid", "#/dates/0/first", "api.value")
		x.start(careDay)
		const url = "/campaigns/day-of-care"
		hill := by(c, "hill")
		for _, w := range []struct {
			method, path string
			body         any
		}{
			{"PUT", "", body{"title": "Mine", "lang": "en", "state": "open"}}, {"PUT", "/texts/es", body{"title": "Mío"}}, {"DELETE", "/texts/es", nil},
			{"PUT", "/points", body{"version": 0, "text": "x"}}, {"PUT", "/template", body{"version": 0, "title": "x"}}, {"PUT", "/requests/hill", nil},
			{"DELETE", "/requests/hill", nil}, {"DELETE", "/picture", nil}, {"PUT", "/picture", apitest.File{Field: "picture", Name: "a.png", Data: []byte("x")}},
			{"PUT", "/demands/1", body{"state": "met"}},
		} {
			hill.Do(w.method, url+w.path, w.body).Refused(403, "authz.forbidden")
			c.Do(w.method, url+w.path, w.body).Refused(401, "token.missing")
		}
		mine := by(c, "riverside")
		mine.Do("PUT", url, body{"title": "x", "lang": "en", "state": "draft"}).Refused(422, "form.invalid", "#/state", "campaign.back_to_draft")
		mine.Do("PUT", url+"/texts/en", body{"title": "x"}).Refused(422, "form.invalid", "#/lang", "campaign.same_lang")
		mine.Do("PUT", url+"/texts/es", body{"title": ""}).Refused(422, "form.invalid", "#/title", "campaign.no_title")
		mine.Do("PUT", url+"/picture", apitest.File{Field: "other", Name: "a.png", Data: []byte("x")}).Refused(422, "form.invalid", "#/picture", "picture.missing")
	})
}
