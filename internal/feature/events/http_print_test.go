package events_test

import (
	"strings"
	"sync/atomic"
	"testing"

	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/db/dbtest"
	"convoke/internal/fact"
	"convoke/internal/feature/events"
	"convoke/internal/print"
	"convoke/internal/web/webtest"
)

// drawn are the files that have the words of an event.
var drawn = []string{"poster.pdf", "flyer.pdf", "poster.png", "flyer.png"}

func TestPrint(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := setUp(t, d)
		press := print.New(webtest.Locales(t))
		site := webtest.New(t, clock.NewManual(dbtest.Now), cookieIsName{})
		d.OnTouch(site.Cache().Touch)
		w := &events.Web{Service: f.Service, Map: noMap{}, Pictures: noPictures{}, Attend: noPanel, Print: press}
		w.Mount(site)
		b := webtest.NewBrowser(t, site)

		in := input()
		in.State = events.Draft
		e, err := f.Create(t.Context(), olga, "g1", "k", in)
		if err != nil {
			t.Fatal(err)
		}
		at := "/events/" + string(e) + "/"
		for _, file := range print.Files() {
			b.Get(at+file).Want(t, 404, "")
			webtest.NewBrowser(t, site).WithSession("olga").Get(at+file).Want(t, 404, "")
			b.Get("/events/none/"+file).Want(t, 404, "")
		}
		in.State, in.AccessYes, in.AccessNote = events.Confirmed, []string{"step_free"}, "Ring the bell."
		if err := f.Update(t.Context(), olga, e, 0, in); err != nil {
			t.Fatal(err)
		}

		// What is kept asks the database for nothing.
		d.OnTouch(func([]string) {}) // PostgreSQL may still say what was written above
		var asked atomic.Int64
		f.Groups = groupsFake{asked: &asked}
		b.Get(at+"qr.png").Want(t, 200, "")
		if asked.Load() == 0 {
			t.Error("the group of the event was not read")
		}
		asked.Store(0)
		for _, more := range []string{"", "?x=1", "?lang=xx"} {
			if b.Get(at+"qr.png"+more).Want(t, 200, ""); asked.Load() != 0 {
				t.Errorf("%s is read again", more)
			}
		}
		d.OnTouch(site.Cache().Touch)

		page := b.Get(at+"print").Want(t, 200, "")
		link := "http://localhost/events/" + string(e)
		for id, want := range map[string]string{
			"share-en": "Riverside clean-up Saturday, May 9, 2026, 10:00 AM–1:00 PM, Berlin time (CEST) North gate, Leipzig " + link,
			"share-es": "Riverside clean-up Sábado, 9 de mayo de 2026, 10:00–13:00, hora de Berlin (CEST) North gate, Leipzig " + link,
		} {
			if got := page.Text("textarea#" + id); got != want {
				t.Errorf("%s: %q, want %q", id, got, want)
			}
		}
		sheet := b.Get(at + "print?lang=en").Text("article.print-sheet")
		for _, want := range []string{
			"Mutual aid", "We pick up litter.", "Details and sign-up", "Organized by Riverside Neighbours", "Access: Step-free. Ring the bell.",
			"localhost/events/" + string(e),
		} {
			if !strings.Contains(sheet, want) {
				t.Errorf("%q is not in %q", want, sheet)
			}
		}
		for _, file := range []string{"poster.pdf", "flyer.pdf?paper=letter", "poster.png?lang=es", "flyer.png?paper=letter", "qr.png", "qr.pdf"} {
			if a := b.Get(at+file).Want(t, 200, ""); len(a.Body) < 500 || !strings.Contains(a.Header.Get("Content-Disposition"), string(e)) {
				t.Errorf("%s: %d bytes, %s", file, len(a.Body), a.Header.Get("Content-Disposition"))
			}
		}

		// What changes shows at once: moved, postponed, cancelled, and in letters that
		// cannot be set.
		in.Place, in.Zone = "Town hall", "Europe/London"
		const was = "Old time: May 9, 2026, 10:00 AM (Berlin). New time: May 9, 2026, 10:00 AM (London). Old place: North gate, Leipzig. New place: Town hall, Leipzig."
		for i, x := range []struct {
			state  events.State
			notice string
		}{
			{events.Confirmed, "This event was moved. " + was},
			{events.Postponed, "This event is postponed. " + was},
			{events.Cancelled, "This event is cancelled."},
		} {
			before := map[string]string{}
			for _, file := range drawn {
				before[file] = b.Get(at + file).Body
			}
			in.State = x.state
			if err := f.Update(t.Context(), olga, e, 1+i, in); err != nil {
				t.Fatal(err)
			}
			for _, file := range drawn {
				if b.Get(at+file).Body == before[file] {
					t.Errorf("an old %s is kept", file)
				}
			}
			page := b.Get(at + "print?lang=en")
			if got := page.Text("p.print-notice"); got != x.notice {
				t.Errorf("the notice says %q, not %q", got, x.notice)
			}
			if got := page.Text("textarea#share-en"); !strings.HasPrefix(got, x.notice+" Riverside clean-up ") {
				t.Errorf("the message says %q", got)
			}
		}
		in.Title = "تنظيف النهر"
		if err := f.Update(t.Context(), olga, e, 4, in); err != nil {
			t.Fatal(err)
		}
		for file, begins := range map[string]string{"poster.pdf": "%PDF-", "flyer.pdf": "%PDF-", "poster.png": "\x89PNG", "flyer.png": "\x89PNG"} {
			if a := b.Get(at+file+"?lang=ar").Want(t, 200, ""); !strings.HasPrefix(a.Body, begins) {
				t.Errorf("%s in Arabic begins with %q", file, a.Body[:8])
			}
		}
		in.Title = "नदी की सफ़ाई"
		if err := f.Update(t.Context(), olga, e, 5, in); err != nil {
			t.Fatal(err)
		}
		b.Get(at+"poster.png?lang=es").Want(t, 303, at+"print?lang=es")
		b.Get(at+"flyer.png?lang=es").Want(t, 303, at+"print?lang=es")
		for _, code := range []string{"qr.png", "qr.pdf"} {
			b.Get(at+code).Want(t, 200, "")
			if !strings.Contains(b.Get(at+"print?lang=es").Body, at+code) {
				t.Errorf("the page has no link to %s", code)
			}
		}
		f.Groups = groupsFake{suspended: true}
		if err := f.db.Write(t.Context(), func(tx *db.Tx) error {
			return f.GroupSuspended(t.Context(), tx, fact.GroupSuspended{Group: "g1", Suspended: true})
		}); err != nil {
			t.Fatal(err)
		}
		for _, file := range print.Files() {
			b.Get(at+file).Want(t, 404, "")
		}
	})
}
