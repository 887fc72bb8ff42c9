package alerts

import (
	"testing"

	"convoke/internal/web/webtest"
)

func TestPagesFitTheirTypes(t *testing.T) {
	t.Parallel()
	webtest.Pages(t, pages, map[string]webtest.Check{
		"list": listPage.Check, "show": showPage.Check, "report": reportPage.Check, "held": heldPage.Check, "networks": networksPage.Check, "edit": editPage.Check,
		"network": networkPageOf.Check, "people": peoplePage.Check, "queues": queuesPage.Check, "area": areaPage.Check, "queue": queuePageOf.Check, "case": casePage.Check, "send": sendPage.Check,
	})
}
