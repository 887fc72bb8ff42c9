package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestNewNode is journey 10 as far as starting goes: an empty folder, no
// settings, one link.
func TestNewNode(t *testing.T) {
	t.Parallel()
	onBothEngines(t, newNode)
}

func newNode(t *testing.T, noScript bool, o ServerOptions) {
	o = o.withDatabases(t)
	o.Data = filepath.Join(t.TempDir(), "node") // the program makes it
	s := Server(t, o)
	p := Browser(t, PageOptions{Base: s.URL, NoScript: noScript, Width: 390, Height: 844})
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
	again := Server(t, o)
	if strings.Contains(again.Log(), "/setup/") {
		t.Error("a node with an operator offers the set-up link again")
	}
	q := Browser(t, PageOptions{Base: again.URL, NoScript: noScript})
	q.signIn(t, robin, "/operator")
	q.HasRole("heading", "Keep this server")
	q.sound(t)
	info, err := os.Stat(s.Data)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o700 {
		t.Errorf("the folder that the program made can be opened by others: %v", info.Mode())
	}
}

// TestBackup is the second part of journey 10: what a node held is in its
// backup, doctor finds nothing wrong, and a restored node goes on where the
// first one stopped.
func TestBackup(t *testing.T) {
	t.Parallel()
	onBothEngines(t, backUp)
}

func backUp(t *testing.T, noScript bool, o ServerOptions) {
	first, second := o.withDatabases(t), o.withDatabases(t)
	first.Data = filepath.Join(t.TempDir(), "node") // the program makes it
	s := Server(t, first)
	p := Browser(t, PageOptions{Base: s.URL, NoScript: noScript})
	p.Goto(s.SetupLink(t))
	robin := p.answerSetUp(t)
	p.Goto("/groups/new")
	p.Fill("Name", "Canal Street Garden")
	p.Fill("Handle", "canal-street")
	p.Fill("Town (optional)", "Leipzig")
	p.ClickRole("button", "Start the group")
	p.hasStatus(t, 200)
	event := p.addEvent(t, "Planting day", time.Now().AddDate(0, 1, 0))
	q := Browser(t, PageOptions{Base: s.URL, NoScript: noScript})
	q.Goto(event + "/attend")
	q.Fill("How many are you?", "3")
	q.Check("Childcare", true)
	q.ClickRole("button", "Keep my place")
	mine := strings.TrimSuffix(q.Path(), "?new=1")

	file := filepath.Join(t.TempDir(), "node.backup")
	toolWith(t, first, "backup", file) // while it serves
	toolWith(t, first, "doctor")
	s.Stop(t)

	// A new machine has the two keys, which are kept apart, and the file.
	fresh := filepath.Join(t.TempDir(), "node")
	second.Data = fresh
	if err := os.Mkdir(fresh, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"boot.key", "backup.key"} {
		b, err := os.ReadFile(filepath.Join(s.Data, key))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(fresh, key), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if out := toolWith(t, second, "restore", "--dry-run", file); !strings.Contains(out, "Nothing was changed.") {
		t.Errorf("the dry run says %q", out)
	}
	if _, err := os.Stat(filepath.Join(fresh, "convoke.db")); err == nil {
		t.Error("the dry run made a database")
	}
	toolWith(t, second, "restore", file)
	toolWith(t, second, "doctor")
	again := Server(t, second)
	r := Browser(t, PageOptions{Base: again.URL, NoScript: noScript})
	r.Goto(event)
	r.HasText("3 are coming.")
	r.Goto(mine)
	r.HasRole("heading", "You are coming")
	if r.Value("How many are you?") != "3" || !r.Checked("Childcare") {
		t.Error("what was told is not in the backup")
	}
	r.signIn(t, robin, "/groups/mine")
	r.HasRole("link", "Canal Street Garden")
}

// tool runs a command on a data folder and gives its standard output.
func tool(t *testing.T, data string, args ...string) string {
	t.Helper()
	return toolWith(t, ServerOptions{Data: data}, args...)
}

// toolWith is [tool] with the folder and the environment of a server.
func toolWith(t *testing.T, o ServerOptions, args ...string) string {
	t.Helper()
	bin, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), bin, append(args, "--data", o.Data)...)
	cmd.Env = append(environment(), o.Env...)
	var complaints strings.Builder
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("convoke %s: %v\n%s\n%s", strings.Join(args, " "), err, out, complaints.String())
	}
	return string(out)
}
