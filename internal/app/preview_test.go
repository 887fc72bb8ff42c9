package app_test

import (
	"slices"
	"strings"
	"testing"

	"convoke/internal/feature/events"
	"convoke/internal/web/webtest"
)

// carried is what a preview carries on, as names and values in turn.
func carried(a webtest.Answer) []string {
	var out []string
	for _, n := range a.All("form#preview input[type=hidden]") {
		out = append(out, webtest.Attr(n, "name"), webtest.Attr(n, "value"))
	}
	return out
}

func TestPreviewOfANewEvent(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		b, sam := s.signIn("sam")
		s.group(sam, "riverside", "Riverside Neighbours")
		const path = "/groups/riverside/events/new"
		in := meeting("Soup & “tea”", "2026-05-05")
		in.Description, in.Capacity, in.AccessYes = "One\n\n- **two** <b>\n- \"three\" …", "12", []string{"toilet", "step_free"}
		sent := asForm(in, "key", s.IDs.Secret(), "starter", "march")
		a := b.Post(path, append(sent, "do", "preview")...).Want(t, 200, "")
		if a.Text("h1") != in.Title || !strings.Contains(a.Text("main"), "Nothing is saved yet.") || len(a.All("main button")) != 5 {
			t.Errorf("the preview says\n%s", a.Text("main"))
		}
		if pic := s.visitor().Get(a.Attr("main img", "src")); pic.Status != 200 || pic.Header.Get("Content-Type") != "image/png" {
			t.Errorf("the map answers %d", pic.Status)
		}
		if got := a.Header.Get("Cache-Control"); got != "no-store" {
			t.Errorf("Cache-Control: %s", got)
		}
		if got := titles(s.visitor().Get("/events")); got != nil {
			t.Errorf("a preview stores %q", got)
		}
		again := carried(a)
		if len(again) != len(sent) {
			t.Errorf("sent %q, carried on %q", sent, again)
		}
		for i := 0; i < len(sent); i += 2 {
			if !holds(again, sent[i], sent[i+1]) {
				t.Errorf("%s is lost: %q", sent[i], sent[i+1])
			}
		}
		a = b.Post(path, append(slices.Clone(again), "do", "edit")...).Want(t, 200, "")
		if a.Attr("#title", "value") != in.Title || a.Text("#description") != strings.Join(strings.Fields(in.Description), " ") || a.Attr("#capacity", "value") != "12" ||
			len(a.All("input[checked=]")) != 3 || a.Attr("form.form", "data-draft") != "event-new-riverside:march" {
			t.Errorf("the form is\n%s", a.Body)
		}
		a = b.Post(path, again...)
		if a.Status != 303 || !strings.HasSuffix(a.Location, "?saved=new") {
			t.Fatalf("publishing answers %d %s", a.Status, a.Location)
		}
		b.Post(path, again...).Want(t, 303, a.Location) // sent twice, it makes one
		if got := titles(s.visitor().Get("/events")); len(got) != 1 || got[0] != in.Title {
			t.Errorf("published is %q", got)
		}

		in.Title = ""
		a = b.Post(path, asForm(in, "key", s.IDs.Secret(), "do", "preview")...).Want(t, 422, "")
		if a.Text("#title-error") == "" || a.Attr("#capacity", "value") != "12" {
			t.Errorf("what is wrong is not said: %s", a.Text(".error-summary"))
		}
		b.Post(path, asForm(in, "key", "x", "do", "preview")...).Want(t, 400, "")
		other, _ := s.signIn("otto")
		other.Post(path, append(sent, "do", "preview")...).Want(t, 403, "")
		s.visitor().Post(path, append(sent, "do", "preview")...).Want(t, 401, "")
	})
}

func holds(pairs []string, name, value string) bool {
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i] == name && pairs[i+1] == value {
			return true
		}
	}
	return false
}

// A page cannot carry a file on: the preview asks for it again, and takes it.
func TestPreviewAsksForThePictureAgain(t *testing.T) {
	t.Parallel()
	s := start(t, settings(t, ""))
	b, sam := s.signIn("sam")
	s.group(sam, "riverside", "Riverside Neighbours")
	const path = "/groups/riverside/events/new"
	pairs := asForm(meeting("Soup", "2026-05-05"), "key", s.IDs.Secret())
	a := b.PostFile(path, "picture", "a.jpg", nil, append(pairs, "do", "preview")...).Want(t, 200, "")
	if n := len(a.All("#picture")); n != 0 {
		t.Error("a picture that nobody chose is asked for again")
	}
	a = b.PostFile(path, "picture", "a.jpg", []byte("picture"), append(pairs, "do", "preview")...).Want(t, 200, "")
	if n := len(a.All("form#preview #picture")); n != 1 {
		t.Error("the picture is not asked for again")
	}
}

func TestPreviewOfAChange(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		b, sam := s.signIn("sam")
		g := s.group(sam, "riverside", "Riverside Neighbours")
		in := meeting("Soup", "2026-05-05")
		path := "/events/" + string(s.event(sam, g, in))
		in.Title, in.StartTime, in.State = "Bread", "19:00", events.Moved
		pairs := asForm(in, "sequence", b.Get(path+"/edit").Attr("input[name=sequence]", "value"))
		a := b.Post(path+"/edit", append(pairs, "do", "preview")...).Want(t, 200, "")
		if a.Text("h1") != "Bread" || !strings.Contains(a.Text("main"), "Old time: ") {
			t.Errorf("the preview says\n%s", a.Text("main"))
		}
		if got := s.visitor().Get(path).Text("h1"); got != "Soup" {
			t.Errorf("a preview stores %q", got)
		}
		other, _ := s.signIn("otto")
		other.Post(path+"/edit", append(pairs, "do", "preview")...).Want(t, 403, "")
		again := carried(a)
		b.Post(path+"/edit", again...).Want(t, 303, path+"?saved=1")
		if got := s.visitor().Get(path).Text("h1"); got != "Bread" {
			t.Errorf("saved is %q", got)
		}
		// What somebody else has saved meanwhile is not overwritten, nor shown as if it could be.
		a = b.Post(path+"/edit", append(again, "do", "preview")...).Want(t, 422, "")
		if !strings.Contains(a.Text(".error-summary"), "meanwhile") || a.Attr("#title", "value") != "Bread" {
			t.Errorf("it says %s", a.Text(".error-summary"))
		}
	})
}

func TestEventFromATemplate(t *testing.T) {
	t.Parallel()
	s := start(t, settings(t, ""))
	b, sam := s.signIn("sam")
	g := s.group(sam, "riverside", "Riverside Neighbours")
	const path = "/groups/riverside/events/new"
	if got := s.visitor().Get("/groups/riverside").Body; strings.Contains(got, "?template=") {
		t.Error("visitors are offered templates")
	}
	page := b.Get("/groups/riverside")
	for _, code := range []string{"march", "meeting", "picket", "clean-up"} {
		if n := len(page.All("a[href=" + path + "?template=" + code + "]")); n != 1 {
			t.Errorf("the group's page has %d links to %s", n, code)
		}
	}
	a := b.Get(path+"?template=clean-up&near=Dresden", "Accept-Language", "es").Want(t, 200, "")
	if got := a.Attr("#kind option[selected=]", "value"); got != "mutual_aid" {
		t.Errorf("the kind is %q", got)
	}
	if got := a.Text("#description"); !strings.HasPrefix(got, "Entre muchos") || strings.Count(got, ":** …") != 5 {
		t.Errorf("the description is %q", got)
	}
	if a.Attr("#lang option[selected=]", "value") != "es" || a.Attr("#near", "value") != "Dresden" || !strings.Contains(a.Text("#access_note"), ": …") {
		t.Errorf("the form is\n%s", a.Body)
	}
	if n := len(a.All("main a[href=" + path + "?near=Dresden&template=march]")); n != 1 {
		t.Error("another template forgets the town")
	}
	if a := b.Get(path+"?template=parade").Want(t, 200, ""); a.Text("#description") != "" || a.Attr("#kind option[selected=]", "value") != "meeting" {
		t.Error("a template that is none fills something in")
	}

	event := "/events/" + string(s.event(sam, g, meeting("Soup", "2026-05-05")))
	if got := b.Get("/groups/riverside").Body; strings.Contains(got, "?template=") {
		t.Error("a group with plans is still told how to begin")
	}
	programme := event + "/programme"
	a = b.Get(programme)
	if n := len(a.All("main a[href=" + programme + "?template=picket]")); n != 1 {
		t.Error("how to prepare offers no template")
	}
	a = b.Get(programme + "?template=meeting")
	if a.Attr("#role_childcare_people", "value") != "1" || a.Attr("#role_1_name", "value") != "Chairing the meeting" ||
		a.Attr("#safety_permit option[selected=]", "value") != "not_applicable" || !strings.HasPrefix(a.Text("#bring"), "- ") {
		t.Errorf("how to prepare is\n%s", a.Body)
	}
	if got := s.visitor().Get(event).Text("main"); strings.Contains(got, "Roles needed") {
		t.Error("a template is stored by looking at it")
	}
	b.Post(programme, "sequence", a.Attr("input[name=sequence]", "value"), "bring", "Cups").Want(t, 303, programme+"?saved=1")
	if a := b.Get(programme + "?template=meeting"); a.Text("#bring") != "Cups" || strings.Contains(a.Body, "Begin with a template") {
		t.Error("a template overwrites what is said")
	}
}
