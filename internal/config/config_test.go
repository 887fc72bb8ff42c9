package config

import (
	"bytes"
	"errors"
	"flag"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

var update = flag.Bool("update", false, "write docs/configuration.md")

var plainly = cmpopts.IgnoreUnexported(Config{})

func write(t testing.TB, text string) string {
	t.Helper()
	p := filepath.Join(t.TempDir(), "convoke.toml")
	if err := os.WriteFile(p, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return p
}

func printed(t testing.TB, c Config) string {
	t.Helper()
	var b strings.Builder
	if err := c.Print(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	c, err := Load(Source{})
	if err != nil {
		t.Fatal(err)
	}
	want := Config{
		Data: "data", Listen: "localhost:8080", BaseURL: "http://localhost:8080", Role: "all", Language: "en",
		DatabaseURL: "data/convoke.db", KeysURL: "data/keys.db", BootKeyFile: "data/boot.key", DKIMKey: "data/dkim.key",
		LogFormat: "text", LogLevel: slog.LevelInfo, MaxUploadMiB: 20, Registration: "invited",
		SMSMethod: "POST", SMSInboundFrom: "from", SMSInboundText: "text",
	}
	if d := cmp.Diff(want, c, plainly); d != "" {
		t.Error(d)
	}
}

func TestLaterSourcesWin(t *testing.T) {
	t.Parallel()
	s := Source{
		File: write(t, "\xef\xbb\xbf"+`# ours
data = "/srv/file"
listen = ":1000"
role = "web"
max_upload_mib = 5
hosts = ["WWW.example.org.", "192.0.2.1"]
demo = true
log_level = "warn"
`),
		Environ: []string{
			"CONVOKE_DATA=/srv/env", "CONVOKE_LISTEN=0.0.0.0:2000", "CONVOKE_ROLE=", "PATH=/bin", "CONVOKE_CONFIG=x",
			"CONVOKE_TEST_POSTGRES=y", "CONVOKE_HOSTS=a.example, b.example",
		},
		Flags: map[string]string{"listen": "[::]:3000", "database-url": "postgres://u@h/d", "keys_url": "/k/keys.db"},
	}
	c, err := Load(s)
	if err != nil {
		t.Fatal(err)
	}
	want := Config{
		Data: "/srv/env", Listen: "[::]:3000", BaseURL: "http://localhost:3000", Role: "web", Language: "en", Demo: true,
		DatabaseURL: "postgres://u@h/d", KeysURL: "/k/keys.db", BootKeyFile: "/srv/env/boot.key", DKIMKey: "/srv/env/dkim.key", LogFormat: "text",
		LogLevel: slog.LevelWarn, MaxUploadMiB: 5, Registration: "invited", Hosts: []string{"a.example", "b.example"},
		SMSMethod: "POST", SMSInboundFrom: "from", SMSInboundText: "text",
	}
	if d := cmp.Diff(want, c, plainly); d != "" {
		t.Error(d)
	}
	out := printed(t, c)
	for _, line := range []string{
		`data = "/srv/env" # environment CONVOKE_DATA`, `listen = "[::]:3000" # flag --listen`, `role = "web" # file ` + s.File,
		`database_url = "postgres://u@h/d" # flag --database-url`, `language = "en" # default`, `hosts = ["a.example", "b.example"] # environment CONVOKE_HOSTS`,
	} {
		if !strings.Contains(strings.Join(strings.Fields(out), " "), line) {
			t.Errorf("no %q in\n%s", line, out)
		}
	}
}

// Every problem of all sources is told at once.
func TestAllProblemsAreListed(t *testing.T) {
	t.Parallel()
	file := write(t, `
listn = ":1"
role = "boss"
demo = "yes"
max_upload_mib = 0
hosts = "a.example"
data = 7
[mail]
from = "x"
`)
	_, err := Load(Source{
		File:    file,
		Environ: []string{"CONVOKE_LISTEN=8080", "CONVOKE_COLOUR=red", "CONVOKE_DEMO=maybe", "CONVOKE_SMTP_URL=smtp://h"},
		Flags:   map[string]string{"base-url": "example.org", "log_format": "xml", "frobnicate": "1"},
	})
	var p Problems
	if !errors.As(err, &p) {
		t.Fatal(err)
	}
	want := []string{
		"data must be a text in quotes, as in \"...\" (FILE)",
		"demo must be true or false, without quotes (FILE)",
		"hosts must be a list of texts, as in [\"one\", \"two\"] (FILE)",
		"listn is not a known key; did you mean listen? (FILE)",
		"mail is not a known key (FILE)",
		"max_upload_mib must be a whole number from 1 to 1024 (FILE)",
		"role must be all, web or worker (FILE)",
		"colour is not a known key (environment CONVOKE_COLOUR)",
		"demo must be true or false (environment CONVOKE_DEMO)",
		"listen must be an address and a port from 0 to 65535, as in \"localhost:8080\" or \":8080\" (environment CONVOKE_LISTEN)",
		"base_url must be an address like \"https://example.org\", without a path (flag --base-url)",
		"frobnicate is not a known key (flag --frobnicate)",
		"log_format must be text or json (flag --log-format)",
		"mail_from is needed when smtp_url is set: the address that mail comes from (default)",
	}
	var got []string
	for _, q := range p {
		got = append(got, strings.ReplaceAll(q.String(), "file "+file, "FILE"))
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if s := err.Error(); !strings.HasPrefix(s, "The settings have 14 problems:\n  data ") || strings.Count(s, "\n") != 14 {
		t.Error(s)
	}
}

func TestFilesThatCannotBeRead(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ file, want string }{
		"absent":    {filepath.Join(t.TempDir(), "no.toml"), "does not exist"},
		"folder":    {t.TempDir(), "not a file"},
		"too big":   {write(t, strings.Repeat("# x\n", maxFile)), "at most 1 MiB"},
		"not TOML":  {write(t, "data = \"a\"\nlisten = \"\n"), "line 2, column"},
		"twice":     {write(t, "data = \"a\"\ndata = \"b\"\n"), "cannot be read as TOML"},
		"not UTF-8": {write(t, "data = \"\xff\"\n"), "line 1"},
	} {
		_, err := Load(Source{File: c.file, Flags: map[string]string{"role": "boss"}})
		var p Problems
		if !errors.As(err, &p) || len(p) != 2 || !strings.Contains(p[0].Message, c.want) || p[1].Key != "role" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestValues(t *testing.T) {
	t.Parallel()
	onion := strings.Repeat("abcdefg2", 7) + ".onion"
	good := map[string][]string{
		"data":             {"d", "/srv/my data"},
		"listen":           {":8080", "localhost:0", "192.0.2.1:80", "[2001:db8::1]:80", "example.org:65535"},
		"base_url":         {"https://example.org", "https://example.org/", "http://localhost:8080", "https://[2001:db8::1]:8443"},
		"database_url":     {"", "d.db", "postgres://u:p@h/d", "postgresql:///d?host=/run/postgresql", "postgres://u:p%40@h1:5432,h2:5433/d?target_session_attrs=primary"},
		"keys_url":         {"", "keys.db", "/k/keys.db", "postgres://u@h/k"},
		"metrics_listen":   {"", "localhost:9090"},
		"language":         {"en", "es", "pt-BR"},
		"hosts":            {"", "a.example", "a.example,b.example", "2001:db8::1"},
		"onion":            {"", onion, "www." + onion},
		"max_upload_mib":   {"1", "1024"},
		"mail_from":        {"a@example.org", "Riverside Neighbours <post@example.org>"},
		"mail_bounces":     {""},
		"mail_listen":      {"", "localhost:2424", "127.0.0.1:0"},
		"mail_report":      {""},
		"dkim_selector":    {"", "mail1", "2026.mail", "MAIL-1"},
		"log_level":        {"debug", "error"},
		"alert_categories": {"", "fire", "fire,weather"},
		"cap_feeds":        {"", "https://example.org/a.xml", "Weather service https://example.org/a.xml?x=1, https://example.org/b"},
	}
	bad := map[string][]string{
		"data":             {"", " ", "s3://bucket", "a\x00b", "a\nb", "\xff"},
		"listen":           {"", "8080", "localhost", ":99999", ":http", "a b:80", "localhost:-1"},
		"base_url":         {"example.org", "ftp://example.org", "https://", "https://example.org/path", "https://u:p@example.org", "https://example.org?x", "https://example.org#", "https://example.org:99999", "https://example.org:"},
		"database_url":     {"mysql://h/d", "localhost/d", "postgres://u:p@q@h/d", "postgres://u:12#3@h/d", "postgres://u:12/3@h/d", "postgres://u:12?3@h/d", "postgres://u:%zz@h/d", "postgres://h:x/d"},
		"keys_url":         {"mysql://h/d", "keys", "data/convoke.db"},
		"metrics_listen":   {"9090", "localhost:8080"},
		"language":         {"", "english please", "und"},
		"hosts":            {"https://a.example", "a.example:80", "a..example", "-a.example", "a.example,", "a_b.ex ample", strings.Repeat("a", 64)},
		"onion":            {"example.org", "http://" + onion, "abc.onion", strings.ReplaceAll(onion, "2", "1")},
		"max_upload_mib":   {"0", "1025", "ten", "1.5", ""},
		"mail_from":        {"nobody", "a@example.org, b@example.org"},
		"mail_bounces":     {"bounce", "Bounce <b@example.org>", "b\u00e9@example.org", "sixteen-letters-@example.org", "bounce@example.org"},
		"mail_report":      {"report", "report@example.org"},
		"mail_listen":      {"2424", "localhost:8080", "/run/mail"},
		"dkim_selector":    {"a b", "-a", "a..b", "a/b", strings.Repeat("a", 64)},
		"log_level":        {"loud", "INFO"},
		"smtp_url":         {"mail.example.org:465", "https://mail.example.org", "smtp://", "smtp://h/path", "smtp://h:x", "smtp://u:p@q@h"},
		"cap_feeds":        {"weather", "http://example.org/a", "https://10.0.0.1/a", "https://u:p@example.org/a", "https://example.org:8443/a", "https://example.org/a,", "https://example.org/a, X https://example.org/a", "https://e.org/" + strings.Repeat("a", 1000)},
		"alert_categories": {"Fire", "fire,,road", "fi re"},
		"dev":              {"", "on"},
	}
	try := func(key, v string) error {
		_, err := Load(Source{Flags: map[string]string{key: v}})
		return err
	}
	for key, vs := range good {
		for _, v := range vs {
			if err := try(key, v); err != nil {
				t.Errorf("%s = %q is refused: %v", key, v, err)
			}
		}
	}
	for key, vs := range bad {
		for _, v := range vs {
			var p Problems
			if err := try(key, v); !errors.As(err, &p) || len(p) != 1 || p[0].Key != key {
				t.Errorf("%s = %q: %v", key, v, err)
			}
		}
	}
	c, err := Load(Source{Flags: map[string]string{"listen": "localhost:0", "base-url": "", "onion": strings.ToUpper(onion)}})
	if err != nil || c.BaseURL != "" || c.Onion != onion {
		t.Errorf("%q %q %v", c.BaseURL, c.Onion, err)
	}
}

// No password is shown, however it is written, by Print or by a problem.
func TestSecretsAreHidden(t *testing.T) {
	t.Parallel()
	const pw = "hunter2hunter2"
	for _, v := range []string{
		"postgres://u:" + pw + "@h/d", "postgres://:" + pw + "@h/d", "postgres://u@h/d?password=" + pw,
		"postgres://h/d?sslmode=disable&sslPassword=" + pw + "&x=1", "postgres://h/d?pass%77ord=" + pw, "postgres://u:" + pw + "@h1,h2/d",
		// Refused ones:
		"postgres://u:" + pw + "@@h/d", "postgres://u:1#" + pw + "@h/d", "postgres://u:1/" + pw + "@h", "postgres://u:1?" + pw + "@h",
		"postgres://u:%zz" + pw + "@h/d", "http://u:" + pw + "@h/d", pw,
	} {
		for _, key := range []string{"database_url", "keys_url", "smtp_url"} {
			if key == "smtp_url" {
				v = strings.Replace(v, "postgres", "smtp", 1)
			}
			for _, s := range []Source{
				{Flags: map[string]string{key: v, "mail_from": "a@example.org"}},
				{File: write(t, key+" = '"+v+"'\nmail_from = 'a@example.org'")},
				{File: write(t, key+" = "+v)}, // not TOML
			} {
				c, err := Load(s)
				if err != nil && strings.Contains(err.Error(), pw) {
					t.Errorf("%s: a problem quotes it: %v", key, err)
				}
				if out := printed(t, c); strings.Contains(out, pw) {
					t.Errorf("%s = %q is printed:\n%s", key, v, out)
				}
			}
		}
	}
	c, err := Load(Source{Flags: map[string]string{"database_url": "postgres://u:" + pw + "@h:5432/d?sslmode=disable"}})
	if out := printed(t, c); err != nil || !strings.Contains(out, `"postgres://u:hidden@h:5432/d?sslmode=disable"`) {
		t.Errorf("%v\n%s", err, out)
	}
}

// What Print shows is TOML that loads to the same settings.
func TestPrintIsTOML(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		flags := map[string]string{
			"data":           rapid.StringMatching(`[^:\x00-\x1f\x7f-\x9f\x{2028}]*[a-zä"'\\#]`).Draw(rt, "data"),
			"role":           rapid.SampledFrom([]string{"all", "web", "worker"}).Draw(rt, "role"),
			"demo":           rapid.SampledFrom([]string{"true", "false"}).Draw(rt, "demo"),
			"hosts":          rapid.SampledFrom([]string{"", "a.example", "a.example,b.example"}).Draw(rt, "hosts"),
			"log_level":      rapid.SampledFrom([]string{"debug", "info", "warn", "error"}).Draw(rt, "level"),
			"max_upload_mib": rapid.SampledFrom([]string{"1", "77"}).Draw(rt, "mib"),
		}
		a, err := load(Source{Flags: flags}, nil)
		if err != nil {
			rt.Fatal(err)
		}
		b, err := load(Source{}, []byte(printed(t, a)))
		if err != nil {
			rt.Fatal(err)
		}
		if d := cmp.Diff(a, b, plainly); d != "" {
			rt.Fatal(d)
		}
	})
}

// Each key is written to a field of its own, and each field has a key.
func TestEachFieldHasOneKey(t *testing.T) {
	t.Parallel()
	fields := 0
	for _, f := range reflect.VisibleFields(reflect.TypeFor[Config]()) {
		if f.IsExported() {
			fields++
		}
	}
	values := map[shape][]string{aText: {"debug", "web", "json", "email", "en", "postgres://h/d", "smtp://h", "http://h", "h:1", "a@h.example", "123", "PUT", strings.Repeat("s", 16), strings.Repeat("a", 56) + ".onion"}, aBool: {"true"}, aNumber: {"7"}, aList: {"h", "200", "https://h.example/f"}}
	seen := map[string]string{}
	for _, o := range options() {
		for _, v := range values[o.shape] {
			var c Config
			if o.set(&c, v) != nil {
				continue
			}
			for _, f := range reflect.VisibleFields(reflect.TypeFor[Config]()) {
				if f.IsExported() && !reflect.ValueOf(c).FieldByIndex(f.Index).IsZero() {
					if other := seen[f.Name]; other != "" && other != o.key {
						t.Errorf("%s and %s both set %s", o.key, other, f.Name)
					}
					seen[f.Name] = o.key
				}
			}
		}
		if o.doc == "" || !strings.HasSuffix(o.doc, ".") {
			t.Errorf("%s has no sentence of documentation", o.key)
		}
	}
	if len(seen) != fields || len(options()) != fields {
		t.Errorf("%d keys set %d of %d fields", len(options()), len(seen), fields)
	}
}

func TestReferencePageIsUpToDate(t *testing.T) {
	t.Parallel()
	const path = "../../docs/configuration.md"
	if *update {
		if err := os.WriteFile(path, []byte(Reference()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(got), Reference()); d != "" {
		t.Errorf("run go test ./internal/config -update:\n%s", d)
	}
}

func FuzzFile(f *testing.F) {
	for _, s := range []string{
		"", "data = \"x\"\nhosts = [\"a\", \"b\"]\ndemo = true\n", "max_upload_mib = 99999999999999999999", "[a.b]\nc = 1979-05-27",
		"database_url = 'postgres://u:p@h/d'", "\"\" = 1", "data = \"\\u0000\"", "hosts = [1, [2]]", "listen = '''\n'''",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := load(Source{}, b)
		if err != nil {
			var p Problems
			if !errors.As(err, &p) || len(p) == 0 || strings.Count(err.Error(), "\n") != len(p) {
				t.Fatalf("not one line a problem: %q", err)
			}
			return
		}
		out := printed(t, c)
		again, err := load(Source{}, []byte(out))
		if err != nil {
			t.Fatalf("%v in what was printed:\n%s", err, out)
		}
		// Only passwords may differ.
		c.DatabaseURL, c.KeysURL, c.SMTPURL = again.DatabaseURL, again.KeysURL, again.SMTPURL
		if d := cmp.Diff(c, again, plainly, cmpopts.EquateEmpty()); d != "" {
			t.Fatalf("%s\nfrom %q", d, bytes.TrimSpace(b))
		}
	})
}

// Mail that comes back needs a place to come to.
func TestBouncesNeedAListener(t *testing.T) {
	t.Parallel()
	flags := map[string]string{"mail_bounces": "bounce@example.org", "mail_listen": "localhost:2424"}
	if c, err := Load(Source{Flags: flags}); err != nil || c.MailBounces != "bounce@example.org" {
		t.Errorf("%q, %v", c.MailBounces, err)
	}
}

// Accounts by mail need mail.
func TestRegistrationByMailNeedsMail(t *testing.T) {
	t.Parallel()
	flags := map[string]string{"registration": "email"}
	var p Problems
	if _, err := Load(Source{Flags: flags}); !errors.As(err, &p) || len(p) != 1 || p[0].Key != "registration" {
		t.Errorf("without a mail server: %v", err)
	}
	flags["smtp_url"], flags["mail_from"] = "smtp://mail.example.org", "post@example.org"
	if c, err := Load(Source{Flags: flags}); err != nil || c.Registration != "email" {
		t.Errorf("%q, %v", c.Registration, err)
	}
}
