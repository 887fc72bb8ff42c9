package statements

import (
	"testing"

	"convoke/internal/web/webtest"
)

func TestPagesFitTheirTypes(t *testing.T) {
	t.Parallel()
	webtest.Pages(t, pages, map[string]webtest.Check{
		"list": listPage.Check, "panel": panelPage.Check, "show": showPage.Check, "edit": editPage.Check,
		"translate": translatePage.Check, "withdraw": withdrawPage.Check,
	})
}
