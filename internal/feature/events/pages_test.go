package events

import (
	"testing"

	"convoke/internal/web/webtest"
)

func TestPagesFitTheirTypes(t *testing.T) {
	t.Parallel()
	webtest.Pages(t, pages, map[string]webtest.Check{
		"list": listPage.Check, "home": homePage.Check, "calendar": calendarPage.Check, "show": showPage.Check, "edit": editPage.Check, "group": groupPanel.Check,
		"repeat": repeatPage.Check, "dates": datesPage.Check, "kept": keptPage.Check,
		"programme": programmePage.Check, "preview": previewPage.Check, "programme_panel": programmePanel.Check,
		"exact": exactPage.Check, "exact_held": exactPanel.Check,
		"campaign": campaignPanel.Check, "campaign_list": campaignList.Check,
	})
}
