package attendance

import (
	"testing"

	"convoke/internal/web/webtest"
)

func TestPagesFitTheirTypes(t *testing.T) {
	t.Parallel()
	webtest.Pages(t, pages, map[string]webtest.Check{
		"form": formPage.Check, "mine": minePage.Check, "cancelled": cancelledPage.Check, "panel": panelPage.Check,
		"slots": slotsPage.Check, "slot": slotPage.Check, "messages": messagesPage.Check, "coming": comingPage.Check,
		"when": whenPage.Check, "fill": fillPage.Check, "rota": rotaPage.Check,
		"named": namedPage.Check, "left": leftPage.Check,
	})
}
