// Package e2e is the harness of the browser journeys: it starts the real
// program, drives a real Chromium, and holds what every page must pass.
//
// A journey reads like the person who walks it:
//
//	s := e2e.Server(t, e2e.ServerOptions{Demo: true})
//	p := e2e.Browser(t, e2e.PageOptions{Base: s.URL, NoScript: true, Width: 320, Height: 640})
//	p.Goto("/")
//	p.Fill("Near", "Leipzig")
//	p.ClickRole("button", "Find events")
//	p.HasText("Riverside clean-up")
//	p.Axe(t)
//	p.NoOverflow(t)
//	p.NoThirdParty(t)
//
// Controls are found as people find them, by role and accessible name, and are
// worked by mouse and keyboard. Nothing in the helpers runs script in the page
// (the axe check is the exception and says so), so that one journey runs with
// scripting on and off.
//
// Helpers wait for what they look for, up to [Patience], and fail the test when
// it does not come; they never sleep.
//
// The tests of a package that uses the harness call [Main] from TestMain, which
// closes the shared browser and removes the built program.
package e2e
