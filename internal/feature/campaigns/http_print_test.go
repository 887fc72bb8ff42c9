package campaigns

import (
	"context"
	"strings"
	"testing"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/fact"
	"convoke/internal/id"
	"convoke/internal/print"
	"convoke/internal/web"
	"convoke/internal/web/webtest"
)

// secretIsPerson signs in whoever the session's secret names.
type secretIsPerson struct{}

func (secretIsPerson) Session(_ context.Context, secret string) (web.Session, bool, error) {
	return web.Session{ID: "s", Actor: authz.Actor{Person: id.Person(secret), Handle: secret}}, true, nil
}

func TestPrint(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, x *fixture) {
		press := print.New(webtest.Locales(t))
		site := webtest.New(t, x.clock, secretIsPerson{})
		x.DB.OnTouch(site.Cache().Touch)
		(&Web{Service: x.Service, Print: press}).Mount(site)
		b := webtest.NewBrowser(t, site)

		in := careDay
		in.Dates, in.State = "2026-11-28", Draft
		h := x.start(in)
		for _, file := range print.Files() {
			b.Get("/campaigns/"+h+"/"+file).Want(t, 404, "")
			webtest.NewBrowser(t, site).WithSession("p-riverside").Get("/campaigns/"+h+"/"+file).Want(t, 404, "")
			b.Get("/campaigns/none/"+file).Want(t, 404, "")
		}
		in.State = Open
		ok(t, x.Edit(t.Context(), of("riverside"), h, 0, in))
		for lang, title := range map[string]string{"es": "Día del cuidado", "fr": "Journée du soin", "ar": "يوم الرعاية", "hi": "देखभाल का दिन"} {
			ok(t, x.Translate(t.Context(), of("riverside"), h, lang, title, "…"))
		}

		page := b.Get("/campaigns/"+h+"/print").Want(t, 200, "")
		if n := len(page.All("section.card")); n != 5 {
			t.Errorf("%d languages, want 5", n)
		}
		for id, want := range map[string]string{
			"share-en": "Day of care Saturday, November 28, 2026 http://localhost/campaigns/day-of-care",
			"share-es": "Día del cuidado Sábado, 28 de noviembre de 2026 http://localhost/campaigns/day-of-care",
			"share-fr": "Journée du soin 2026-11-28 http://localhost/campaigns/day-of-care",
		} {
			if got := page.Text("textarea#" + id); got != want {
				t.Errorf("%s: %q, want %q", id, got, want)
			}
		}
		if !strings.Contains(page.Text("section[aria-labelledby=lang-hi]"), "Print this one with your browser.") {
			t.Error("nothing is said of letters that cannot be set")
		}
		for file, ctype := range map[string]string{"poster.pdf": "application/pdf", "flyer.pdf": "application/pdf", "poster.png": "image/png", "qr.png": "image/png"} {
			a := b.Get("/campaigns/"+h+"/"+file+"?lang=es").Want(t, 200, "")
			if a.Header.Get("Content-Type") != ctype || len(a.Body) < 500 {
				t.Errorf("%s: %s, %d bytes", file, a.Header.Get("Content-Type"), len(a.Body))
			}
			if again := b.Get("/campaigns/"+h+"/"+file, "Accept-Language", "es"); again.Body != a.Body {
				t.Errorf("%s: the reader's language gives something else", file)
			}
			if file != "qr.png" {
				b.Get("/campaigns/"+h+"/"+file+"?lang=hi").Want(t, 303, "/campaigns/day-of-care/print?lang=hi")
				if ar := b.Get("/campaigns/"+h+"/"+file+"?lang=ar").Want(t, 200, ""); ar.Body == a.Body || len(ar.Body) < 500 {
					t.Errorf("%s: no other file in Arabic", file)
				}
			}
		}
		one := b.Get("/campaigns/"+h+"/print?lang=ar").Want(t, 200, "")
		if got := one.Text("article.print-sheet h2"); got != "يوم الرعاية" || len(one.All("section.card")) != 1 {
			t.Errorf("the sheet says %q", got)
		}

		// A change shows at once; a suspended owner takes all away.
		before := b.Get("/campaigns/" + h + "/poster.pdf").Body
		in.Title = "Week of care"
		c, err := x.see(authz.Actor{}, h)
		ok(t, err)
		ok(t, x.Edit(t.Context(), of("riverside"), h, c.Sequence, in))
		if b.Get("/campaigns/"+h+"/poster.pdf").Body == before {
			t.Error("an old poster is kept")
		}
		x.groups.suspend("g-riverside", true)
		ok(t, x.write2(func(tx *db.Tx) error {
			return x.GroupSuspended(t.Context(), tx, fact.GroupSuspended{Group: "g-riverside"})
		}))
		for _, file := range print.Files() {
			b.Get("/campaigns/"+h+"/"+file).Want(t, 404, "")
		}
	})
}

func TestSheetWords(t *testing.T) {
	t.Parallel()
	b := webtest.Locales(t)
	en, _ := b.Locale("en")
	camp := Campaign{State: Ended, Dates: []Span{{20261128, 20261128}, {20261205, 20261226}}}
	text := Text{Lang: "en", Title: "Day of care", Statement: "We **care**.\n\n- here"}
	s := sheetOf(en, &camp, text, "Hill, Harbour")
	if s.Notice != "This campaign has ended." || s.Scan != "" || s.By != "Called for by Hill, Harbour" || s.Text != "We care. · here" ||
		s.Day != "Nov 28, 2026 · Dec 5, 2026 to Dec 26, 2026" {
		t.Errorf("%+v", s)
	}
	text.Lang = "sw"
	s = sheetOf(nil, &camp, text, "Hill")
	if s.Day != "2026-11-28 · 2026-12-05–2026-12-26" || s.By != "Hill" || s.Scan != "" || s.Name != "Kiswahili" {
		t.Errorf("%+v", s)
	}
}
