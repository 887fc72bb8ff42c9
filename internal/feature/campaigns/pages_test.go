package campaigns

import (
	"testing"

	"convoke/internal/web/webtest"
)

func TestPagesFitTheirTypes(t *testing.T) {
	t.Parallel()
	webtest.Pages(t, pages, map[string]webtest.Check{
		"list": listPage.Check, "show": showPage.Check, "edit": editPage.Check, "languages": textPage.Check, "demands": demandsPage.Check, "forward": forwardPage.Check,
		"points": pointsPage.Check, "template": templatePage.Check, "groups": groupsPage.Check, "places": placesPage.Check,
		"host": hostPage.Check, "answer": answerPage.Check, "proposals": queuePage.Check, "panel": groupPanel.Check, "embed": embedPage.Check,
	})
}
