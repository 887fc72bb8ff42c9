package translate

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"convoke/internal/authz"
	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/db/dbtest"
	"convoke/internal/i18n"
	"convoke/internal/i18n/po"
	"convoke/internal/id"
	"convoke/internal/web"
	"convoke/internal/web/webtest"
)

const ukrainian = `msgid ""
msgstr ""
"Language: uk\n"
"Plural-Forms: nplurals=3; plural=n%10==1 && n%100!=11 ? 0 : n%10>=2 && n%10<=4 && (n%100<12 || n%100>14) ? 1 : 2;\n"

msgid "Groups"
msgstr "Групи"
`

type sessions struct{}

func (sessions) Session(_ context.Context, secret string) (web.Session, bool, error) {
	return web.Session{ID: "s", Actor: authz.Actor{Person: id.Person(secret), Handle: secret, Operator: secret == "operator"}}, true, nil
}

type open struct{}

func (open) Allow(string, string) (bool, time.Duration) { return true, 0 }

type stand struct {
	t     *testing.T
	s     *Service
	db    *db.DB
	clock *clock.Manual
	site  *web.Site
	file  string
}

func newStand(t *testing.T, d *db.DB, c *clock.Manual) *stand {
	t.Helper()
	x := &stand{t: t, db: d, clock: c, file: filepath.Join(t.TempDir(), "uk.po")}
	if err := os.WriteFile(x.file, []byte(ukrainian), 0o600); err != nil {
		t.Fatal(err)
	}
	b, err := i18n.Open(filepath.Dir(x.file), true)
	if err != nil {
		t.Fatal(err)
	}
	x.site, err = web.New(web.Options{Clock: c, IDs: id.NewSource(c, nil), Log: webtest.Log(t), Locales: b}, sessions{})
	if err != nil {
		t.Fatal(err)
	}
	x.s = New(Deps{DB: d, Locales: b, Reloaded: x.site.Reloaded})
	w := &Web{Service: x.s, Limiter: open{}, Client: func(*web.Call) string { return "" }}
	w.Mount(x.site)
	return x
}

func (x *stand) as(who string) *webtest.Browser {
	b := webtest.NewBrowser(x.t, x.site)
	if who != "" {
		b.WithSession(who)
	}
	return b
}

func (x *stand) say(tag string, k po.Key) []string {
	l, _ := x.s.Locales.Locale(tag)
	return l.Forms(k)
}

// waiting are the proposals that an operator sees.
func (x *stand) waiting() []Proposal {
	x.t.Helper()
	all, err := x.s.Waiting(x.t.Context(), authz.Actor{Person: "o", Operator: true}, "", 100)
	if err != nil {
		x.t.Fatal(err)
	}
	return all
}

func each(t *testing.T, f func(t *testing.T, x *stand)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, d *db.DB) { f(t, newStand(t, d, clock.NewManual(dbtest.Now))) })
}

var eventKey = po.Key{ID: "{n} event"}

// TestJourney: a page's texts, a plural with all forms, a preview, a proposal,
// an operator who accepts, and the download.
func TestJourney(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, x *stand) {
		v, ana, op := x.as(""), x.as("ana"), x.as("operator")
		if a := v.Get("/translate").Want(t, 200, ""); !strings.Contains(a.Text("main"), "Українська") || strings.Contains(a.Text("main"), "Proposed") {
			t.Error(a.Text("main"))
		}
		list := v.Get("/translate/uk?page=/translate").Want(t, 200, "")
		if got := list.Text("tbody"); !strings.Contains(got, "All texts") || !strings.Contains(got, "translate/pages/languages.html") || strings.Contains(got, "Walkout") {
			t.Errorf("texts of a page: %s", got)
		}
		v.Get("/translate/uk?page=/nowhere").Want(t, 422, "")
		v.Get("/translate/uk?page=https://x.example/").Want(t, 200, "")
		all := v.Get("/translate/uk").Want(t, 200, "")
		if len(all.All("tbody tr")) != perPage || all.Attr("nav.pager a", "rel") != "next" {
			t.Error("texts without a translation are not listed page by page")
		}
		found := v.Get("/translate/uk?q=groups&show=all").Want(t, 200, "")
		if !strings.Contains(found.Text("tbody"), "Групи") {
			t.Error("a text is not found by its words")
		}

		path := "/translate/uk/" + textID(eventKey)
		form := ana.Get(path).Want(t, 200, "")
		if n := len(form.All("textarea")); n != 3 || !strings.Contains(form.Text("#form1-hint"), "2 · 3 · 4") {
			t.Errorf("%d forms, hint %q", n, form.Text("#form1-hint"))
		}
		key := form.Attr("input[name=key]", "value")
		v.Post(path, "key", key, "form0", "x").Want(t, 401, "")
		bad := ana.Post(path, "key", key, "form0", "{n} подія", "form1", "{x} події", "form2", "")
		bad.Want(t, 422, "")
		bad = ana.Post(path, "key", key, "form0", "{n} подія", "form1", "{x} події", "form2", "подій")
		if s := bad.Want(t, 422, "").Text("main"); !strings.Contains(s, "has no") || !strings.Contains(s, "is missing") || !strings.Contains(s, "{x} події") {
			t.Errorf("a mistake: %s", s)
		}
		good := []string{"key", key, "form0", "{n} подія", "form1", "{n} події", "form2", " {n} подій "}
		if s := ana.Post(path, append(good, "do", "preview")...).Want(t, 200, "").Text("section"); !strings.Contains(s, "22 події") && !strings.Contains(s, "4 події") {
			t.Errorf("preview: %s", s)
		}
		if len(x.waiting()) != 0 {
			t.Error("a preview was kept")
		}
		if a := ana.Post(path, append(good, "credit", "ana@example.org")...).Want(t, 422, ""); a.Text("#credit-error") == "" {
			t.Error("an address is taken as a name")
		}
		good = append(good, "credit", "Ana of the café")
		ana.Post(path, good...).Want(t, 303, path+"?sent=1")
		ana.Post(path, good...).Want(t, 303, path+"?sent=1") // the same form once more
		x.as("bo").Post(path, append([]string{"key", x.secret()}, good[2:]...)...).Want(t, 303, path+"?sent=1")
		if all := x.waiting(); len(all) != 1 || all[0].Forms[2] != "{n} подій" {
			t.Fatalf("waiting: %+v", all)
		}

		id := x.waiting()[0].ID
		ana.Get("/translate/proposals").Want(t, 403, "")
		ana.Post("/translate/proposals/"+id+"/accept").Want(t, 403, "")
		if s := op.Get("/translate/proposals").Want(t, 200, "").Text("main"); !strings.Contains(s, "{n} подій") {
			t.Error(s)
		}
		op.Post("/translate/proposals/"+id+"/accept").Want(t, 303, "/translate/proposals")
		op.Post("/translate/proposals/"+id+"/accept").Want(t, 303, "/translate/proposals") // once more
		if len(x.waiting()) != 0 || strings.Join(x.say("uk", eventKey), "|") != "{n} подія|{n} події|{n} подій" {
			t.Errorf("accepted: %q", x.say("uk", eventKey))
		}
		data, err := os.ReadFile(x.file)
		if err != nil || !strings.Contains(string(data), "{n} подій") || !strings.Contains(string(data), "Групи") {
			t.Errorf("the catalogue: %v\n%s", err, data)
		}
		download := v.Get("/translate/uk.po").Want(t, 200, "")
		if a := v.Get("/translate"); !strings.Contains(a.Text("main"), "Translated by Ana of the café") || !strings.Contains(download.Body, "X-Translators: Ana of the café") {
			t.Errorf("who translated is not named: %s", a.Text("main"))
		}
		if r := x.s.Locales.Check("uk.po", []byte(download.Body)); len(r.Errors) > 0 || r.Done != 2 {
			t.Errorf("download: %+v", r)
		}
	})
}

func (x *stand) secret() string { return id.NewSource(x.clock, nil).Secret() }

func TestDecline(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, x *stand) {
		ctx, ana, op := t.Context(), authz.Actor{Person: "a"}, authz.Actor{Person: "o", Operator: true}
		propose := func(text string) error {
			return x.s.Propose(ctx, ana, "uk", textID(po.Key{ID: "Events"}), x.secret(), []string{text}, "")
		}
		for _, s := range []string{"Події", "Заходи", "Зустрічі", "Акції", "Дії"} {
			if err := propose(s); err != nil {
				t.Fatal(err)
			}
		}
		if err := propose("Більше"); err == nil {
			t.Error("anybody can fill the list")
		}
		if err := x.s.Decline(ctx, op, x.waiting()[0].ID); err != nil {
			t.Fatal(err)
		}
		first, err := x.s.Waiting(ctx, op, "", 2)
		if err != nil || len(first) != 2 {
			t.Fatal(first, err)
		}
		rest, err := x.s.Waiting(ctx, op, first[1].ID, 10)
		if err != nil || len(rest) != 2 || x.say("uk", po.Key{ID: "Events"}) != nil {
			t.Errorf("rest: %v %v", rest, err)
		}
		if err := x.s.Expire(ctx); err != nil || len(x.waiting()) != 4 {
			t.Errorf("expired too early: %v %v", x.waiting(), err)
		}
	})
}

func TestOldProposalsAreForgotten(t *testing.T) {
	t.Parallel()
	c := clock.NewManual(dbtest.Now)
	x := newStand(t, dbtest.Open(t, dbtest.SQLite(t), c), c)
	err := x.s.Propose(t.Context(), authz.Actor{Person: "a"}, "uk", textID(po.Key{ID: "Events"}), x.secret(), []string{"Події"}, "")
	if err != nil || len(x.waiting()) != 1 {
		t.Fatal(err)
	}
	c.Add(lifetime + time.Hour)
	if err := x.s.Expire(t.Context()); err != nil || len(x.waiting()) != 0 {
		t.Errorf("left: %v %v", x.waiting(), err)
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	x := newStand(t, dbtest.Open(t, dbtest.SQLite(t), clock.NewManual(dbtest.Now)), clock.NewManual(dbtest.Now))
	b := x.as("ana")
	for path, want := range map[string]int{
		"/translate/en": 404, "/translate/en-XA": 404, "/translate/tlh": 404, "/translate/uk/none": 404, "/translate/en.po": 404,
		"/translate/uk?from=x": 200, "/translate/uk?from=-1": 200, "/translate/uk?from=99999": 200,
	} {
		b.Get(path).Want(t, want, "")
	}
	path := "/translate/uk/" + textID(po.Key{ID: "Events"})
	for _, bad := range []string{"", "<b>x</b>", "\u202ex", "{x}", strings.Repeat("x", maxForm+1)} {
		b.Post(path, "key", x.secret(), "form0", bad).Want(t, 422, "")
	}
	b.Post(path, "key", "short", "form0", "x").Want(t, 400, "")
}
