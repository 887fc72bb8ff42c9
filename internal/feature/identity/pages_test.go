package identity

import (
	"testing"

	"convoke/internal/web/webtest"
)

func TestPagesFitTheirTypes(t *testing.T) {
	t.Parallel()
	webtest.Pages(t, pages, map[string]webtest.Check{
		"sign_in": signInPage.Check, "words": wordsPage.Check, "gone": gonePage.Check, "me": mePage.Check, "label": labelPage.Check, "tokens": tokensPage.Check, "operator": operatorPage.Check, "invitation": invitationPage.Check, "setup": setupPage.Check, "reset": resetPage.Check,
		"data": dataPage.Check, "erase": erasePage.Check, "code": codePage.Check, "recovery": recoveryPage.Check, "passkeys": passkeysPage.Check, "passkey": passkeyPage.Check, "mail": mailPage.Check, "mail_sent": mailSentPage.Check, "mail_link": mailLinkPage.Check, "my_mail": myMailPage.Check,
		"codes": codesPage.Check,
	})
}
