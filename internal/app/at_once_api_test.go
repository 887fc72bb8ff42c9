package app_test

import (
	"encoding/json"
	"maps"
	"strings"
	"testing"

	"convoke/internal/api/apitest"
)

// TestTwoChangeATime: of two who change the same time at once, by form and by
// program, the second is told.
func TestTwoChangeATime(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		sam, actor := s.signIn("sam")
		s.group(actor, "riverside", "Riverside Neighbours")
		event := "/events/" + string(s.event(actor, s.groupID("riverside"), meeting("Open assembly", "2026-06-06")))
		mine := apitest.New(t, s.Site).As(token(t, sam, "read", "events:write"))
		shift := map[string]any{"title": "Shift", "start_date": "2026-06-06", "start_time": "18:00", "end_time": "19:00"}
		var one, now struct{ ID, Title, Version string }
		mine.Do("POST", event+"/timeslots", shift, "Idempotency-Key", "a-first-shift").Want(201, &one)
		at := event + "/timeslots/" + one.ID
		form := func(title, version string) []string {
			return []string{"title", title, "start_date", "2026-06-06", "start_time", "18:00", "end_time", "19:00", "version", version}
		}
		opened := sam.Get(at).Want(t, 200, "").Attr("input[name=version]", "value")
		if opened == "" || opened != one.Version {
			t.Fatalf("the form is filled from %q, the program read %q", opened, one.Version)
		}
		shift["title"], shift["version"] = "Early shift", one.Version
		mine.Do("PUT", at, shift).Want(200, &now)
		mine.Do("PUT", at, shift).Want(200, &now) // the answer was lost
		late := sam.Post(at, form("Late shift", opened)...).Want(t, 422, "")
		if !strings.Contains(late.Text(".error-summary"), "Somebody else") || late.Attr("#title", "value") != "Late shift" {
			t.Errorf("told %q, and finds %q", late.Text(".error-summary"), late.Attr("#title", "value"))
		}
		if got := sam.Get(at).Attr("#title", "value"); got != "Early shift" || now.Version == opened {
			t.Errorf("it is %q, version %q", got, now.Version)
		}
		sam.Post(at, form("Late shift", now.Version)...).Want(t, 303, event+"/timeslots?saved=1&day=2026-06-06")
		shift["title"] = "Third shift"
		shift["version"] = now.Version
		mine.Do("PUT", at, shift).Refused(409, "slot.changed_meanwhile")
		delete(shift, "version") // whoever does not know it replaces
		mine.Do("PUT", at, shift).Want(200, &now)
	})
}

// putAtOnce is what two programs replace.
type putAtOnce struct {
	at      string
	from    string         // where it is read, with what it was when it was read
	version string         // the member that tells
	text    string         // the member that both change
	more    map[string]any // the other ones
}

func callsAtOnce(event, statement string) []putAtOnce {
	const campaign, group, petition, pledge = "/campaigns/day-of-care", "/groups/riverside", "/petitions/bench", "/pledges/a-tool-for-the-garden-day"
	const seq, version = "sequence", "version"
	type o = map[string]any
	meet := o{"title": "Open assembly", "kind": "meeting", "state": "confirmed", "start_date": "2026-06-06", "start_time": "18:00", "near": "Leipzig"}
	say := o{"title": "We say so", "lang": "en", "day": "2026-05-01", "state": "published", "note": "Better words."}
	bench := o{"title": "A bench", "addressee": "The town council", "lang": "en", "stages": "100", "gate": "browser"}
	tool := o{"title": "A tool for the garden day", "lang": "en", "kind": "bring", "gate": "browser", "split": "all", "people": 3, "day": "2026-05-10", "time": "18:00"}
	return []putAtOnce{
		{event, event, seq, "description", meet},
		{event + "/programme", event, seq, "bring", nil},
		{event + "/place", event + "/place", version, "directions", o{"address": "Gate 4", "early": true}},
		{event + "/texts/es", event, seq, "description", o{"title": "Asamblea"}},
		{campaign, campaign, seq, "statement", o{"title": "Day of care", "lang": "en", "state": "open"}},
		{campaign + "/texts/es", campaign, seq, "statement", o{"title": "D\u00eda"}},
		{campaign + "/template", campaign + "/template", version, "description", o{"title": "Day of care", "kind": "mutual_aid"}},
		{campaign + "/points", campaign, "points_of_unity.version", "text", nil},
		{group, group, version, "about", o{"name": "Riverside Neighbours"}},
		{group + "/newcomers", group + "/newcomers", version, "welcome", o{"joining": "request"}},
		{group + "/start", group + "/start", version, "does", o{"shown": true}},
		{group + "/conduct", group + "/conduct", version, "body", nil},
		{statement, statement, seq, "markdown", say},
		{statement + "/texts/es", statement, seq, "markdown", o{"title": "Decimos", "note": "Mejor."}},
		{petition, petition, seq, "markdown", bench},
		{petition + "/texts/es", petition, seq, "markdown", o{"title": "Un banco", "addressee": "El ayuntamiento"}},
		{pledge, pledge, seq, "body", tool},
	}
}

// callAtOnce: of two programs that read the same, the second is told, and replaces
// nothing.
func callAtOnce(t *testing.T, sam, kim *apitest.Client, x putAtOnce) {
	t.Helper()
	read := func() any {
		t.Helper()
		var all map[string]any
		sam.Get(x.from).Want(200, &all)
		names := strings.Split(x.version, ".")
		for _, name := range names[:len(names)-1] {
			all, _ = all[name].(map[string]any)
		}
		v := all[names[len(names)-1]]
		if v == nil {
			t.Fatalf("%s does not tell its %s: %v", x.from, x.version, all)
		}
		return v
	}
	body := func(text string, v any) map[string]any {
		all := map[string]any{x.text: text, x.version[strings.LastIndexByte(x.version, '.')+1:]: v}
		maps.Copy(all, x.more)
		return all
	}
	was := read()
	sam.Do("PUT", x.at, body("What Sam sends.", was)).Want(200, nil)
	late := kim.Do("PUT", x.at, body("What Kim sends.", was))
	var told struct{ Code string }
	if err := json.Unmarshal(late.Body, &told); err != nil || late.Status != 409 || !strings.HasSuffix(told.Code, ".changed_meanwhile") {
		t.Errorf("%s: Kim is told %d %s", x.at, late.Status, late.Body)
	}
	if got := string(sam.Get(x.from).Body); strings.Contains(got, "What Kim sends.") {
		t.Errorf("%s: Sam reads %s", x.at, got)
	}
	kim.Do("PUT", x.at, body("What both send.", read())).Want(200, nil)
}
