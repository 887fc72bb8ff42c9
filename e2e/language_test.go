package e2e

import "testing"

// TestEventInSeveralLanguages: an organizer on a narrow phone without script adds
// an Arabic version of an event, with a mistake first; a reader finds it by its
// link and by their own language, and sees when the original was changed since.
func TestEventInSeveralLanguages(t *testing.T) {
	t.Parallel()
	s := Server(t, ServerOptions{})
	p := Browser(t, PageOptions{Base: s.URL, NoScript: true, Width: 320, Height: 700})
	q := Browser(t, PageOptions{Base: s.URL, NoScript: true, Width: 1280, Height: 900})
	p.Goto(s.SetupLink(t))
	p.answerSetUp(t)
	startGroup(t, p)
	event := publish(t, p)
	p.Goto(event + "/edit")
	p.Select("Language of the event", "English")
	p.ClickRole("button", "Save")
	p.hasStatus(t, 200)

	p.ClickRole("link", "Add a language")
	p.hasStatus(t, 200)
	p.sound(t)
	p.Select("Language of this version", "العربية")
	p.Fill("What it is about (optional)", "أحضروا قفازات.")
	p.ClickRole("button", "Save")
	p.hasStatus(t, 422)
	p.refused(t, "Title")
	if got := p.Value("What it is about (optional)"); got != "أحضروا قفازات." {
		t.Errorf("what was typed is gone: %q", got)
	}
	p.sound(t)
	p.Fill("Title", "يوم الغرس")
	p.Fill("Translated by (optional)", "مقهى اللغات")
	p.ClickRole("button", "Save")
	p.hasStatus(t, 200)
	p.HasRole("heading", "يوم الغرس")
	p.sound(t)

	q.Goto(event)
	q.HasRole("heading", "Planting day")
	q.ClickRole("link", "العربية")
	q.HasRole("heading", "يوم الغرس")
	q.HasText("مقهى اللغات")
	if dir, lang := q.Attr("h1", "dir"), q.Attr("h1", "lang"); dir != "rtl" || lang != "ar" {
		t.Errorf("the heading is %s, %s", dir, lang)
	}
	q.sound(t)
	q.Goto(event + "?lang=uk")
	q.HasRole("heading", "Planting day")
	q.HasText("Not translated into Українська yet, so it is shown in English.")
	q.sound(t)

	p.Goto(event + "/edit")
	p.Fill("Title", "Planting days")
	p.ClickRole("button", "Save")
	p.hasStatus(t, 200)
	q.Goto(event + "?lang=ar")
	q.HasText("The original was changed after this translation was made.")
	q.sound(t)
	q.ClickRole("link", "Read the original")
	q.HasRole("heading", "Planting days")
}
