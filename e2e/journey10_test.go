package e2e

import (
	"os"
	"strings"
	"testing"
)

// TestNewNode is journey 10 as far as starting goes: an empty folder, no
// settings, one link.
func TestNewNode(t *testing.T) {
	t.Parallel()
	s := Server(t, ServerOptions{})
	p := Browser(t, PageOptions{Base: s.URL, NoScript: true, Width: 390, Height: 844})
	p.Goto("/")
	p.HasText("Nothing is planned yet.")
	p.HasNoText("A sample, not a census.")
	p.sound(t)
	link := s.SetupLink(t)
	if !strings.HasPrefix(link, s.URL+"/setup/") {
		t.Errorf("the set-up link is %q", link)
	}
	p.Goto(link)
	p.sound(t)
	robin := p.answerSetUp(t)
	p.Goto("/")
	if got := p.Text(".brand"); got != "Leipzig together" {
		t.Errorf("the node is called %q", got)
	}
	p.Goto(link)
	p.hasStatus(t, 410)

	// Nothing that opens the node stands in its log, and a restart neither
	// asks again nor forgets.
	s.Stop(t)
	for _, w := range strings.Fields(robin.words) {
		if strings.Contains(strings.ToLower(s.Log()), " "+w+" ") {
			t.Errorf("the log has a word of the passphrase:\n%s", s.Log())
		}
	}
	again := Server(t, ServerOptions{Data: s.Data})
	if strings.Contains(again.Log(), "/setup/") {
		t.Error("a node with an operator offers the set-up link again")
	}
	q := Browser(t, PageOptions{Base: again.URL, NoScript: true})
	q.signIn(t, robin, "/operator")
	q.HasRole("heading", "Keep this server")
	q.sound(t)
	files, err := os.ReadDir(s.Data)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		info, err := f.Info()
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm()&0o077 != 0 && !f.IsDir() {
			t.Errorf("%s can be read by others: %v", f.Name(), info.Mode())
		}
	}
}
