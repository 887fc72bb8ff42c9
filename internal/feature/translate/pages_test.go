package translate

import (
	"testing"

	"convoke/internal/web/webtest"
)

func TestPagesFitTheirTypes(t *testing.T) {
	t.Parallel()
	webtest.Pages(t, pages, map[string]webtest.Check{
		"languages": languagesPage.Check, "list": listPage.Check, "form": formPage.Check, "proposals": proposalsPage.Check,
	})
}
