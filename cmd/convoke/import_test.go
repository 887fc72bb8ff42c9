package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"convoke/internal/db/dbtest"
)

const table = "id,date,locality,region,country,place,lat,lon,event_type,title\n" +
	"a1,2019-05-04,Leipzig,SN,DE,Market square,51.34,12.37,meeting,Open assembly\n" +
	"a2,2020-06-07,Springfield,IL,US,Library,39.80,-89.65,training,How to keep sourdough\n"

const calendar = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//y//EN\r\nBEGIN:VEVENT\r\nUID:a@example.org\r\nDTSTAMP:20260101T000000Z\r\n" +
	"DTSTART:20260510T160000Z\r\nDTEND:20260510T180000Z\r\nSUMMARY:Riverside clean-up\r\nLOCATION:Leipzig\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"

// ran is what a command left.
type ran struct {
	code     int
	out, err string
}

// command runs one in this process; edit may change what it gets of the world.
func command(t *testing.T, edit func(*program), args ...string) ran {
	t.Helper()
	var out, err bytes.Buffer
	p := &program{in: strings.NewReader(""), out: &out, err: &err}
	if edit != nil {
		edit(p)
	}
	code := p.run(t.Context(), args)
	return ran{code, out.String(), err.String()}
}

// want fails the test unless the command ended so and said all of it.
func (r ran) want(t *testing.T, code int, said ...string) {
	t.Helper()
	if r.code != code {
		t.Fatalf("it ended with %d, want %d:\n%s%s", r.code, code, r.out, r.err)
	}
	for _, s := range said {
		if !strings.Contains(r.out+r.err, s) {
			t.Errorf("it does not say %q:\n%s%s", s, r.out, r.err)
		}
	}
}

func file(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func zipped(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestImportOfAPackedTable(t *testing.T) {
	t.Parallel()
	data, packed := t.TempDir(), zipped(t, table)
	command(t, nil, "import", "events", "--data", data, "--json", file(t, "events.csv.gz", packed)).want(t, 0, `"new":2`)
	command(t, nil, "export", "--data", data).want(t, 0, "Open assembly", "sourdough")
	command(t, nil, "import", "events", "--data", data, file(t, "cut.csv.gz", packed[:len(packed)-12])).want(t, 1, "read the table: ")
}

// TestImportFromAnAddress asks a server for a calendar. The client that refuses
// servers on this machine has tests of its own.
func TestImportFromAnAddress(t *testing.T) {
	t.Parallel()
	pages := map[string]string{
		"/a/secret/team.ics": calendar, "/page": "<!doctype html><title>x</title><p>Sign in to see this calendar.",
		"/cut.ics": calendar[:strings.Index(calendar, "SUMMARY")],
	}
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if page, ok := pages[r.URL.Path]; ok {
			io.WriteString(w, page) //nolint:errcheck // the client sees it
			return
		}
		http.NotFound(w, r)
	}))
	t.Cleanup(s.Close)
	get := func(ctx context.Context, address, accept string) ([]byte, error) {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
		if err != nil {
			return nil, err
		}
		r.Header.Set("Accept", accept)
		res, err := s.Client().Do(r)
		if err != nil {
			return nil, err
		}
		defer res.Body.Close()
		if res.StatusCode != http.StatusOK {
			return nil, errors.New(res.Status)
		}
		return io.ReadAll(res.Body)
	}
	online := func(p *program) { p.get = get }
	data := t.TempDir()
	from := func(path string) ran {
		return command(t, online, "import", "ics", "--data", data, "--json", s.URL+path)
	}
	from("/a/secret/team.ics").want(t, 0, `"new":1`)
	from("/a/secret/team.ics").want(t, 0, `"unchanged":1`)
	list := command(t, nil, "import", "list", "--data", data)
	list.want(t, 0, "team.ics")
	if strings.Contains(list.out, "secret") {
		t.Errorf("the list of imports tells the address: %s", list.out)
	}
	before := command(t, nil, "export", "--data", data)
	before.want(t, 0, "Riverside clean-up")
	from("/page").want(t, 1, "not a calendar")
	from("/cut.ics").want(t, 0, `"code":"truncated"`)
	from("/nothing").want(t, 1, "fetch the calendar: 404")
	if after := command(t, nil, "export", "--data", data); after != before {
		t.Errorf("something was half-stored:\n%s\nbefore:\n%s", after.out, before.out)
	}
}

// TestProgressIsForPeople: a bar tells how much of a file was read, to those who look on.
func TestProgressIsForPeople(t *testing.T) {
	t.Parallel()
	var long strings.Builder // more than one reading
	long.WriteString(table)
	for i := range 500 {
		fmt.Fprintf(&long, "b%d,2020-06-07,Springfield,IL,US,Library,39.80,-89.65,training,How to keep sourdough\n", i)
	}
	path, bar := file(t, "events.csv", long.String()), regexp.MustCompile(`Bytes +\d+% .*/\d+`)
	for _, looks := range []bool{true, false} {
		r := command(t, func(p *program) { p.terminal = looks }, "import", "events", "--data", t.TempDir(), path)
		r.want(t, 0, "502 rows")
		if shown := bar.MatchString(r.err); shown != looks {
			t.Errorf("somebody looks on: %v; standard error has %q", looks, r.err)
		}
		if r.out != "" {
			t.Errorf("standard output has %q", r.out)
		}
	}
}

// TestCommandsOnPostgres runs the tools of an operator on the other engine, told
// of by flags.
func TestCommandsOnPostgres(t *testing.T) {
	t.Parallel()
	on := []string{"--data", filepath.Join(t.TempDir(), "node"), "--database-url", dbtest.EmptyPostgres(t), "--keys-url", dbtest.EmptyPostgres(t)}
	run := func(args ...string) ran {
		t.Helper()
		return command(t, nil, append(args, on...)...)
	}
	run("import", "events", "--json", file(t, "events.csv", table)).want(t, 0, `"new":2`)
	run("import", "events", "--dry-run", "--json", file(t, "events.csv", table)).want(t, 0, `"unchanged":2`)
	run("import", "ics", "--json", file(t, "a.ics", calendar)).want(t, 0, `"new":1`)
	run("import", "list").want(t, 0, "a.ics")
	run("export").want(t, 0, "Open assembly", "Riverside clean-up")
	run("migrate").want(t, 0)
	run("admin", "create-operator").want(t, 0, "http://localhost:8080/")
	run("admin", "list").want(t, 0)
	run("admin", "suspend", "kim").want(t, 1, "There is no account with the handle kim.")
	run("backup", filepath.Join(t.TempDir(), "node.backup")).want(t, 0)
	run("doctor").want(t, 0, "postgres", "text index   3 events")
	run("config", "print").want(t, 0, "# flag --database-url")
}
