package subscriptions

import (
	"testing"

	"convoke/internal/web/webtest"
)

func TestPagesFitTheirTypes(t *testing.T) {
	t.Parallel()
	webtest.Pages(t, pages, map[string]webtest.Check{
		"form": formPage.Check, "code": codePage.Check, "mine": minePage.Check, "leave": leavePage.Check,
	})
}
