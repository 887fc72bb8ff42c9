package events

import (
	"strings"
	"testing"

	"convoke/internal/web"
	"convoke/internal/web/webtest"
)

// Whatever a starter fills in can be saved as it stands, in every language.
func TestStartersAreValid(t *testing.T) {
	t.Parallel()
	render := func(s string) (string, error) { return s, nil }
	day := Event{Zone: "UTC"}
	for _, l := range webtest.Locales(t).Locales() {
		for i := range starters {
			x := &starters[i]
			f := new(web.Call).NewForm()
			x.fill(f, l)
			in := readInput(f)
			in.Title, in.State, in.StartDate, in.OnlineURL = "Title", Draft, "2026-05-05", "https://example.org"
			e, err := in.parse(nil, render)
			if err != nil || !leavesOpen(e.Description) || !leavesOpen(e.Access.Note) || e.Access.Yes|e.Access.No != 0 {
				t.Errorf("%s in %s: %v, %+v", x.code, l.Tag(), err, e)
			}
			f = new(web.Call).NewForm()
			x.fillProgramme(f, l)
			p, err := readProgramme(f).parse(&day, render)
			if err != nil || len(p.Roles) != len(x.roles) || len(p.Safety) != len(x.idle) || strings.Count(p.Bring, "- ") != len(x.bring) {
				t.Errorf("%s in %s: %v, %+v", x.code, l.Tag(), err, p)
			}
		}
	}
}

func TestLeavesOpen(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"":                                  false,
		"- **Where we gather:** …":          true,
		"- **Where we gather:** … \r\nMore": true,
		"Places to rest: …\nToilet: yes":    true,
		"And so on …":                       false,
		"- **Where we gather:** Bridge":     false,
	} {
		if leavesOpen(text) != want {
			t.Errorf("%q: %v", text, !want)
		}
	}
}
