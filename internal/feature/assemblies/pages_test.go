package assemblies

import (
	"testing"

	"convoke/internal/web/webtest"
)

func TestPagesFitTheirTypes(t *testing.T) {
	t.Parallel()
	webtest.Pages(t, pages, map[string]webtest.Check{
		"list": listPage.Check, "panel": panelPage.Check, "group": groupPage.Check, "show": showPage.Check, "edit": editPage.Check,
		"call": callPage.Check, "agenda": agendaPage.Check, "run": runPage.Check, "room": roomPage.Check, "door": doorPage.Check,
		"now": nowPage.Check, "own": ownPage.Check, "minutes": minutesPage.Check, "notes": notesPage.Check,
	})
}
