package trustees

import (
	"testing"

	"convoke/internal/web/webtest"
)

func TestPages(t *testing.T) {
	t.Parallel()
	webtest.Pages(t, pages, map[string]webtest.Check{"list": listPage.Check, "show": showPage.Check})
}
