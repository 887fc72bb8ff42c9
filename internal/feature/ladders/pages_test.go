package ladders

import (
	"testing"

	"convoke/internal/web/webtest"
)

func TestPagesFitTheirTypes(t *testing.T) {
	t.Parallel()
	webtest.Pages(t, pages, map[string]webtest.Check{
		"show": showPage.Check, "panel": panelPage.Check, "told": toldPage.Check, "notice": noticePage.Check, "edit": editPage.Check, "step": stepPage.Check, "text": textPage.Check,
		"publish": publishPage.Check, "simulate": simulatePage.Check, "act": actPage.Check, "declare": declarePage.Check, "news": subscribePage.Check,
	})
}
