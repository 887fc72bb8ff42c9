package events_test

import (
	"strings"
	"testing"
	"time"

	"convoke/internal/authz"
	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/db/dbtest"
	"convoke/internal/feature/events"
	"convoke/internal/web/webtest"
)

func spanish() events.VersionInput {
	return events.VersionInput{Lang: "es", Title: "Limpieza del río", Description: "Recogemos basura.", Credit: "Ana"}
}

func english() events.Input {
	in := input()
	in.Lang, in.AccessNote = "en", "Step-free from the tram."
	return in
}

// said is each event that words, or a language, find, by its title.
func (f *fixture) said(t *testing.T, q events.Query) string {
	t.Helper()
	r, err := f.Search(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range r.Events {
		out = append(out, e.Title)
	}
	return strings.Join(out, ", ")
}

func TestTranslate(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := setUp(t, d)
		e := f.make(t, english())
		for _, by := range []authz.Actor{{}, otto, mia} {
			if err := f.Translate(t.Context(), by, e, 0, spanish()); err == nil {
				t.Errorf("%q translated it", by.Handle)
			}
		}
		ok := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		ok(f.Translate(t.Context(), olga, e, 0, spanish()))
		if err := f.Translate(t.Context(), olga, e, 0, spanish()); err == nil {
			t.Error("what somebody else saved was overwritten")
		}
		for name, in := range map[string]events.VersionInput{
			"own language": {Lang: "en", Title: "x"}, "unknown language": {Lang: "xx", Title: "x"}, "no title": {Lang: "de"},
			"address": {Lang: "de", Title: "x", Credit: "ana@example.org"}, "long": {Lang: "de", Title: strings.Repeat("x", 201)},
		} {
			if err := f.Translate(t.Context(), olga, e, 1, in); err == nil {
				t.Errorf("%s: taken", name)
			}
		}
		for q, want := range map[string]string{"limpieza": "Riverside clean-up", "litter": "Riverside clean-up", "basura": "Riverside clean-up", "none": ""} {
			if got := f.said(t, events.Query{Text: q, Limit: 9}); got != want {
				t.Errorf("%q finds %q, want %q", q, got, want)
			}
		}
		for lang, want := range map[string]string{"es": "Limpieza del río", "en": "Riverside clean-up", "de": ""} {
			if got := f.said(t, events.Query{Lang: lang, In: lang, Limit: 9}); got != want {
				t.Errorf("in %s: %q, want %q", lang, got, want)
			}
		}
		ok(f.RebuildText(t.Context()))
		change := english()
		change.Title, change.Place = "Riverside clean-up again", "South gate"
		ok(f.Update(t.Context(), olga, e, 1, change))
		if got := f.said(t, events.Query{Text: "limpieza", Limit: 9}); got != change.Title {
			t.Errorf("after a change the version finds %q", got)
		}
		ok(f.Translate(t.Context(), olga, e, 2, events.VersionInput{Lang: "es", Remove: true}))
		if got := f.said(t, events.Query{Text: "limpieza", Limit: 9}) + f.said(t, events.Query{Lang: "es", Limit: 9}); got != "" {
			t.Errorf("what was removed finds %q", got)
		}
	})
}

// TestTranslateSeries: dates to come that say the same get the version, also those
// that are made later; one that says something else does not.
func TestTranslateSeries(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := setUp(t, d)
		in := tuesday()
		in.Lang = "en"
		first := f.make(t, in)
		f.repeat(t, first, "k", everyWeek(3))
		other := in
		other.StartDate, other.Title = "2026-05-12", "Open day"
		if err := f.Update(t.Context(), olga, f.all(t)[1].ID, f.all(t)[1].Sequence, other); err != nil {
			t.Fatal(err)
		}
		if err := f.Translate(t.Context(), olga, first, f.all(t)[0].Sequence, events.VersionInput{Lang: "es", Title: "Asamblea abierta"}); err != nil {
			t.Fatal(err)
		}
		if got := f.said(t, events.Query{In: "es", Limit: 9}); got != "Asamblea abierta, Open day, Asamblea abierta" {
			t.Errorf("the dates are %s", got)
		}
	})
}

func TestNewDatesGetVersions(t *testing.T) {
	t.Parallel()
	for engine, url := range map[string]func(testing.TB) string{"sqlite": dbtest.SQLite, "postgres": dbtest.Postgres} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			c := clock.NewManual(dbtest.Now)
			f := setUp(t, dbtest.Open(t, url(t), c))
			first := f.make(t, tuesday())
			f.repeat(t, first, "k1", events.RepeatInput{Unit: events.Weeks, Every: "4"})
			if err := f.Translate(t.Context(), olga, first, 0, events.VersionInput{Lang: "es", Title: "Asamblea"}); err != nil {
				t.Fatal(err)
			}
			before := len(f.all(t))
			c.Add(32 * 24 * time.Hour)
			if err := f.Roll(t.Context()); err != nil {
				t.Fatal(err)
			}
			n := len(f.all(t))
			if got := strings.Count(f.said(t, events.Query{All: true, In: "es", Text: "asamblea", Limit: 20}), "Asamblea"); n <= before || got != n {
				t.Errorf("%d of %d dates have the version", got, n)
			}
		})
	}
}

func TestVersionPages(t *testing.T) {
	t.Parallel()
	p := newPages(t)
	e := p.make(t, english())
	at := "/events/" + string(e)
	b, v := webtest.NewBrowser(t, p.site).WithSession("olga"), webtest.NewBrowser(t, p.site)

	a := v.Get(at, "Accept-Language", "es")
	if !strings.Contains(a.Text("main"), "Español") || a.Text("h1") != "Riverside clean-up" || a.Attr("h1", "lang") != "en" {
		t.Errorf("a reader of Spanish is not told: %s", a.Text("main"))
	}
	if a := v.Get(at, "Accept-Language", "en"); strings.Contains(a.Body, "Not translated") {
		t.Error("a reader of English is told that it is not translated")
	}
	v.Get(at+"/translate").Want(t, 303, "/sign-in?next=%2Fevents%2F"+string(e)+"%2Ftranslate")
	webtest.NewBrowser(t, p.site).WithSession("otto").Get(at+"/translate").Want(t, 403, "")
	form := b.Get(at+"/translate").Want(t, 200, "")
	if len(form.All("#description")) != 1 || len(form.All("#access_note")) != 1 || len(form.All("#bring")) != 0 {
		t.Errorf("the form asks for what the original does not have: %s", form.Text("form"))
	}
	bad := b.Post(at+"/translate", "sequence", "0", "lang", "es", "title", "", "description", "Recogemos <basura>.", "credit", "x@example.org").Want(t, 422, "")
	if bad.Text("#title-error") == "" || bad.Text("#credit-error") == "" || bad.Text("#description") != "Recogemos <basura>." {
		t.Errorf("what is wrong is not said, or what was typed is gone: %s", bad.Text("form"))
	}
	b.Post(at+"/translate", "sequence", "0", "lang", "es", "title", "Limpieza", "description", "Recogemos basura.", "credit", "Ana").
		Want(t, 303, at+"?saved=1&lang=es")
	b.Post(at+"/translate", "sequence", "0", "lang", "de", "title", "Putzen").Want(t, 422, "")
	b.Post(at+"/translate", "sequence", "1", "lang", "ar", "title", "تنظيف", "description", "نجمع النفايات.").Want(t, 303, at+"?saved=1&lang=ar")

	a = v.Get(at, "Accept-Language", "es")
	if a.Text("h1") != "Limpieza" || a.Attr("h1", "lang") != "es" || !strings.Contains(a.Text("main"), "Ana") || len(a.All("link[hreflang=ar]")) != 1 ||
		len(a.All("a[href="+at+".ics?lang=es]")) != 1 || !strings.Contains(a.Text("main"), "Step-free from the tram.") {
		t.Errorf("in Spanish: %s", a.Text("main"))
	}
	a = v.Get(at+"?lang=ar", "Accept-Language", "en")
	if a.Text("h1") != "تنظيف" || a.Attr("h1", "dir") != "rtl" || a.Attr(".prose", "dir") != "rtl" || a.Attr(".prose", "lang") != "ar" ||
		!strings.Contains(a.Body, `<span lang="en" dir="auto">Step-free`) || !strings.Contains(a.Body, `"inLanguage":"ar"`) {
		t.Errorf("in Arabic: %s", a.Body)
	}
	a = v.Get(at+"?lang=uk", "Accept-Language", "en")
	if a.Text("h1") != "Riverside clean-up" || !strings.Contains(a.Text("main"), "Not translated into Українська yet") {
		t.Errorf("in Ukrainian: %s", a.Text("main"))
	}
	change := english()
	change.Description = "We pick up litter and glass."
	if err := p.Update(t.Context(), olga, e, 2, change); err != nil {
		t.Fatal(err)
	}
	a = v.Get(at+"?lang=es", "Accept-Language", "en")
	if !strings.Contains(a.Text(".warn"), "The original was changed") {
		t.Errorf("an older version does not say so: %s", a.Text("main"))
	}
	b.Post(at+"/translate", "sequence", "3", "lang", "ar", "title", "", "remove", "1").Want(t, 303, at+"?saved=1&lang=ar")
	if a := v.Get(at+"?lang=ar", "Accept-Language", "en"); a.Text("h1") != "Riverside clean-up" {
		t.Error("what was removed is shown")
	}
}

func TestVersionsInFeeds(t *testing.T) {
	t.Parallel()
	p := newPages(t)
	e := p.make(t, english())
	if err := p.Translate(t.Context(), olga, e, 0, spanish()); err != nil {
		t.Fatal(err)
	}
	v := webtest.NewBrowser(t, p.site)
	for path, want := range map[string]string{
		"/events.ics?lang=es": "SUMMARY;LANGUAGE=es:Limpieza del río", "/events.ics": "SUMMARY;LANGUAGE=en:Riverside clean-up",
		"/events.atom?lang=es": `<entry xml:lang="es">`, "/events.geojson?lang=es": `"title":"Limpieza del río","lang":"es"`,
		"/events.geojson": `"title":"Riverside clean-up","lang":"en"`, "/events/" + string(e) + ".ics?lang=es": "Recogemos basura.",
		"/events/" + string(e) + ".json?lang=es": `"inLanguage":"es"`, "/events/" + string(e) + ".json": `"inLanguage":"en"`,
		"/events?lang=es": "/events/" + string(e) + "?lang=es",
	} {
		if a := v.Get(path, "Accept-Language", "en").Want(t, 200, ""); !strings.Contains(a.Body, want) {
			t.Errorf("%s lacks %s:\n%s", path, want, a.Body)
		}
	}
	if a := v.Get("/events", "Accept-Language", "es"); !strings.Contains(a.Text("main"), "Limpieza del río") {
		t.Errorf("the list of a reader of Spanish: %s", a.Text("main"))
	}
}

func TestAPITranslates(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		_, c := programs(t, d)
		olga := c.As("olga")
		var e struct {
			ID       string
			Sequence int
			Title    string
			Texts    []struct {
				Lang, Title, Credit string
				Older               bool
			}
		}
		olga.Do("POST", "/groups/riverside/events", cleanUp(), "Idempotency-Key", "monday-1").Want(201, &e)
		path := "/events/" + e.ID + "/texts/"
		body := map[string]any{"title": "Limpieza", "credit": "Ana", "sequence": 0}
		c.Do("PUT", path+"es", body).Refused(401, "token.missing")
		olga.Do("PUT", path+"es", body).Want(200, &e)
		if e.Title != "Riverside clean-up" || len(e.Texts) != 1 || e.Texts[0].Lang != "es" || e.Texts[0].Credit != "Ana" || e.Texts[0].Older {
			t.Errorf("%+v", e)
		}
		olga.Do("PUT", path+"es", body).Refused(409, "event.changed_meanwhile")
		for lang, body := range map[string]map[string]any{"de": {"title": "Putzen", "sequence": 1}, "xx": {"title": "x", "sequence": 1}, "es": {"title": "", "sequence": 1}} {
			olga.Do("PUT", path+lang, body).Refused(422, "form.invalid")
		}
		olga.Do("PUT", "/events/"+e.ID, with(cleanUp(), "title", "Clean-up", "sequence", 1)).Want(200, &e)
		if !e.Texts[0].Older {
			t.Error("a version of what was changed is not older")
		}
		olga.Do("PUT", path+"es", map[string]any{"remove": true, "sequence": e.Sequence}).Want(200, &e)
		c.Get("/events/"+e.ID).Want(200, &e)
		if len(e.Texts) != 0 {
			t.Errorf("%+v", e.Texts)
		}
	})
}
