package app_test

import (
	"strings"
	"testing"
	"time"

	"convoke/internal/api/apitest"
	"convoke/internal/record/box"
)

// A petition goes from a program's hands to the public list, with its box on the
// record, and closes by itself; its group's and its campaign's pages show it.
func TestPetitionAsAWhole(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		b := callDay(t, s)
		token := b.Post("/me/tokens", "name", "website", "scope", "read", "scope", "petitions:write", "days", "30").Want(t, 200, "").Text("#token")
		c := apitest.New(t, s.Site)
		mine := c.As(token)
		body := map[string]any{
			"title": "Keep the library open", "addressee": "The town council", "markdown": "Please.", "lang": "en", "stages": "100, 1000", "gate": "members",
			"campaign": "day-of-care", "closes": s.clock.Now().AddDate(0, 0, 9).Format(time.DateOnly),
		}
		var p struct {
			Slug, State, Box string
			Eligible         int
			Sequence         int
		}
		mine.Do("POST", "/groups/riverside/petitions", body, "Idempotency-Key", "library-1").Want(201, &p)
		mine.Do("POST", "/groups/riverside/petitions", body, "Idempotency-Key", "library-1").Want(201, &p)
		if p.Slug != "keep-the-library-open" || p.State != "draft" {
			t.Fatalf("%+v", p)
		}
		body["stages"] = "many"
		mine.Do("POST", "/groups/riverside/petitions", body, "Idempotency-Key", "library-2").Refused(422, "form.invalid")
		mine.Do("POST", "/petitions/"+p.Slug+"/open", map[string]any{"sequence": 5}).Refused(409, "petition.changed_meanwhile")
		mine.Do("POST", "/petitions/"+p.Slug+"/open", map[string]any{"sequence": p.Sequence}).Want(200, &p)
		if p.State != "open" || p.Box == "" || p.Eligible != 1 {
			t.Fatalf("%+v", p)
		}
		// A draft can be deleted, and what was opened cannot.
		body["stages"], body["title"] = "100", "Paint the bridge"
		var draft struct{ Slug string }
		mine.Do("POST", "/groups/riverside/petitions", body, "Idempotency-Key", "bridge-01").Want(201, &draft)
		c.Do("DELETE", "/petitions/"+draft.Slug, nil).Refused(401, "token.missing")
		mine.Do("POST", "/petitions/"+draft.Slug+"/close", nil).Refused(409, "petition.state")
		mine.Do("DELETE", "/petitions/"+draft.Slug, nil).Want(204, nil)
		mine.Do("DELETE", "/petitions/"+draft.Slug, nil).Refused(404, "petition.not_found")
		mine.Do("DELETE", "/petitions/"+p.Slug, nil).Refused(409, "petition.state")
		news := map[string]any{"markdown": "We are many."}
		for range 2 {
			mine.Do("POST", "/petitions/"+p.Slug+"/updates", news, "Idempotency-Key", "update-01").Want(200, nil)
		}
		mine.Do("POST", "/petitions/"+p.Slug+"/updates", news, "Idempotency-Key", "update-02").Refused(409, "petition.update_early")
		v := s.visitor()
		for _, path := range []string{"/petitions", "/groups/riverside", "/campaigns/day-of-care", "/petitions/" + p.Slug} {
			if a := v.Get(path).Want(t, 200, ""); !strings.Contains(a.Text("main"), "Keep the library open") {
				t.Errorf("%s does not show it", path)
			}
		}
		v.Get("/b/"+p.Box+"/checkpoint").Want(t, 200, "")
		s.clock.Add(10 * 24 * time.Hour)
		if err := s.Boxes.CloseDue(t.Context()); err != nil {
			t.Fatal(err)
		}
		c.Get("/petitions/"+p.Slug).Want(200, &p)
		if p.State != "closed" {
			t.Errorf("after its last day it is %s", p.State)
		}
		mine.Do("POST", "/petitions/"+p.Slug+"/close", nil).Want(200, nil)
		mine.Do("POST", "/petitions/"+p.Slug+"/delivery", map[string]any{"markdown": "In a box."}, "Idempotency-Key", "delivery-1").Want(200, &p)
		mine.Do("POST", "/petitions/"+p.Slug+"/delivery", map[string]any{"markdown": "In a box."}, "Idempotency-Key", "delivery-1").Want(200, &p)
		if a := v.Get("/petitions?state=waiting"); !strings.Contains(a.Text("main"), "Keep the library open") {
			t.Error("the list of those that wait does not show it")
		}
	})
}

// Where no mail server is set up nobody could get a code, so a petition or pledge
// for those who confirm an address is not offered and does not open.
func TestNoGateOfAddressesWithoutMail(t *testing.T) {
	t.Parallel()
	const sorry = "sends no e-mail"
	each(t, func(t *testing.T, s *stand) {
		b, pledge := callDay(t, s), toolDay()
		pledge.Gate = box.GateEmail
		for path, form := range map[string][]string{
			"/groups/riverside/petitions/new": {"title", "A crossing", "addressee", "The town council", "markdown", "Please.", "lang", "en", "stages", "100", "gate", box.GateEmail},
			"/pledges/new?group=riverside":    append(pledgeForm(pledge), "group", "riverside"),
		} {
			a := b.Get(path).Want(t, 200, "")
			if len(a.All(`#gate input[value=email]`)) > 0 || len(a.All(`#gate input[value=browser]`)) != 1 || !strings.Contains(a.Text("#gate"), sorry) {
				t.Errorf("%s offers %s", path, a.Text("#gate"))
			}
			path, _, _ = strings.Cut(path, "?")
			a = b.Post(path, append(form, "key", a.Attr("input[name=key]", "value"))...)
			page, _, _ := strings.Cut(a.Location, "?saved=")
			if a.Status != 303 {
				t.Fatalf("%s: %d %s", path, a.Status, a.Text("main"))
			}
			a = b.Get(page+"/open").Want(t, 200, "")
			if a = b.Post(page+"/open", "sequence", a.Attr("input[name=sequence]", "value")).Want(t, 422, ""); !strings.Contains(a.Text("main"), sorry) {
				t.Errorf("%s does not say why", page)
			}
		}
	})
	eachWithMail(t, func(t *testing.T, s *mailStand) {
		b := callDay(t, s.stand)
		for _, path := range []string{"/groups/riverside/petitions/new", "/pledges/new?group=riverside"} {
			if a := b.Get(path).Want(t, 200, ""); a.Attr(`#gate input[value=email]`, "checked") != "" || len(a.All(`#gate input[value=email]`)) != 1 || strings.Contains(a.Text("#gate"), sorry) {
				t.Errorf("%s offers %s", path, a.Text("#gate"))
			}
		}
	})
}

// A group brings a list of codes, as a union its members' cards: who has one can
// sign, or pledge, once, and nobody else.
func TestCodesThatTheGroupBrings(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		b, pledge := callDay(t, s), toolDay()
		pledge.Gate = box.GateCodes
		for path, form := range map[string][]string{
			"/groups/riverside/petitions/new": {"title", "A crossing", "addressee", "The town council", "markdown", "Please.", "lang", "en", "stages", "100", "gate", box.GateCodes},
			"/pledges/new?group=riverside":    append(pledgeForm(pledge), "group", "riverside"),
		} {
			a := b.Get(path).Want(t, 200, "")
			path, _, _ = strings.Cut(path, "?")
			a = b.Post(path, append(form, "key", a.Attr("input[name=key]", "value"))...)
			page, _, _ := strings.Cut(a.Location, "?saved=")
			a = b.Get(page+"/open").Want(t, 200, "")
			seq := a.Attr("input[name=sequence]", "value")
			for _, bad := range []string{"", " \n", "short", "abcd-2345-efgh\nABCD 2345 EFGH"} {
				if a := b.Post(page+"/open", "sequence", seq, "codes", bad).Want(t, 422, ""); len(a.All("#codes")) != 1 || a.Text("#codes-error") == "" {
					t.Errorf("%q: %s", bad, a.Text("main"))
				}
			}
			if a = b.Post(page+"/open", "sequence", seq, "codes", "ABCD-2345-EFGH\r\n\r\nwxyz-6789-qrst\n"); a.Status != 303 {
				t.Fatalf("%d %s", a.Status, a.Text("main"))
			}
			v := s.visitor()
			slug := page[strings.LastIndexByte(page, '/')+1:]
			take := "/b/" + s.column("select box_id from petition where slug = $1 union all select box_id from pledge where slug = $1", slug)[0] + "/take"
			if a := v.Get(take).Want(t, 200, ""); !strings.Contains(a.Text("main"), "the organizers gave you") {
				t.Errorf("the gate says %s", a.Text("main"))
			}
			v.Post(take, "step", "code", "code", "nobody-has-this").Want(t, 422, "")
			a = v.Post(take, "step", "code", "code", "abcd 2345 efgh").Want(t, 200, "")
			if len(a.All("input[name=grant]")) == 0 {
				t.Errorf("a code of the list does not open: %s", a.Text("main"))
			}
		}
	})
}
