package e2e

import (
	"testing"

	"github.com/chromedp/cdproto/webauthn"
)

// TestAccount adds a passkey and signs in with it, and looks at the pages with
// which somebody keeps, or leaves, an account.
func TestAccount(t *testing.T) {
	t.Parallel()
	s := Server(t, ServerOptions{})
	p := Browser(t, PageOptions{Base: s.URL, Width: 390, Height: 844})
	err := p.do(
		command(webauthn.Enable, webauthn.EnableParams{}),
		command(webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: &webauthn.VirtualAuthenticatorOptions{
			Protocol: "ctap2", Transport: "internal", HasResidentKey: true, HasUserVerification: true,
			AutomaticPresenceSimulation: true, IsUserVerified: true,
		}}),
	)
	if err != nil {
		t.Fatal(err)
	}
	p.Goto(s.SetupLink(t))
	robin := p.answerSetUp(t)

	p.Goto("/me/passkeys")
	p.HasNoText("Passkeys need script")
	p.Fill("Name", "my phone")
	p.sound(t)
	p.ClickRole("button", "Add a passkey")
	p.HasRole("link", "Rename or remove")
	p.HasText("my phone")
	p.sound(t)
	p.Goto("/me/codes")
	p.ClickRole("button", "Make ten codes")
	p.HasText("Cross out each one that you have used.")
	p.sound(t)
	code := p.Text("#codes li")
	p.Goto("/me/data")
	p.HasText("What it does not hold")
	p.sound(t)
	p.Goto("/me/erase")
	p.HasText("You are the only operator of this server.")
	p.sound(t)

	p.Goto("/me")
	p.sound(t)
	p.ClickRole("button", "Sign out")
	p.HasText("You are signed out.")
	p.sound(t)
	p.ClickRole("button", "Sign in with a passkey")
	p.HasRole("heading", robin.handle)
	p.sound(t)
	p.NoErrors(t)

	// Without script there is no passkey, and everything else.
	q := Browser(t, PageOptions{Base: s.URL, NoScript: true})
	q.Goto("/sign-in")
	if n := q.Count("form[hidden]"); n != 1 {
		t.Errorf("%d forms are hidden, want that of passkeys", n)
	}
	q.Goto("/sign-in/code")
	q.sound(t)
	q.Fill("Handle", robin.handle)
	q.Fill("Code", code)
	q.ClickRole("button", "Sign in")
	q.HasRole("button", "Show me new words")
	q.sound(t)
	q.Goto("/me/passkeys")
	q.HasText("Passkeys need script")
	q.sound(t)
}
