package inbound

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The samples are written as the servers named write them; only addresses and
// hosts are made up.
func TestBounces(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		from string
		want bounce
	}{
		"postfix":          {"", bounce{true, true, "5.1.1"}},
		"postfix-delayed":  {"", bounce{}},
		"postfix-expired":  {"", bounce{true, false, "4.4.1"}},
		"exim":             {"", bounce{true, true, ""}},
		"exim-dsn":         {"", bounce{true, true, "5.7.26"}},
		"qmail":            {"", bounce{true, true, "5.7.1"}},
		"gmail":            {"", bounce{true, true, "5.1.1"}},
		"exchange":         {"", bounce{true, true, "5.1.10"}},
		"opensmtpd":        {"", bounce{true, true, "5.2.1"}},
		"no-status":        {"", bounce{true, true, ""}},
		"generic-status":   {"", bounce{true, true, "5.1.1"}},
		"relayed":          {"", bounce{}},
		"global":           {"", bounce{true, true, "5.1.1"}},
		"words":            {"", bounce{true, false, ""}},
		"no-message":       {"", bounce{true, true, "5.1.1"}},
		"vacation":         {"", bounce{}},
		"complaint":        {"", bounce{}},
		"somebody":         {"sam@example.org", bounce{}},
		"mailer-from-host": {"MAILER-DAEMON@example.org", bounce{true, true, "5.1.1"}},
	} {
		raw, err := os.ReadFile(filepath.Join("testdata", name+".eml"))
		if err != nil {
			t.Fatal(err)
		}
		for how, text := range map[string]string{"LF": string(raw), "CR LF": strings.ReplaceAll(string(raw), "\n", "\r\n")} {
			if got := readBounce(c.from, []byte(text)); got != c.want {
				t.Errorf("%s, %s: %+v, want %+v", name, how, got, c.want)
			}
		}
	}
}

func TestStatusIsNoAddress(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"said: 550 5.1.1 <x>": "5.1.1", "from 5.1.1.7": "", "version 14.5.1.1": "", "v5.1.1": "5.1.1", "(5.7.1)": "5.7.1", "#5.1.0#": "5.1.0", "5.1.1.": "5.1.1",
		"2.0.0 fine": "", "5.1": "", "4.2.2": "4.2.2", "5.1.1234": "",
	} {
		if got := firstCode(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// FuzzMessage holds that no message makes a parser panic, go on for ever, or
// give more than it may.
func FuzzMessage(f *testing.F) {
	all, err := filepath.Glob("testdata/*.eml")
	if err != nil || len(all) == 0 {
		f.Fatal(all, err)
	}
	for _, path := range all {
		raw, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add("", raw)
	}
	for _, raw := range letters {
		f.Add("sam@example.org", []byte(raw))
	}
	f.Add("", []byte("Content-Type: multipart/mixed; boundary=a\n\n--a\nContent-Type: multipart/mixed; boundary=a\n\n--a\n\n--a--\n"))
	f.Fuzz(func(t *testing.T, from string, raw []byte) {
		b := readBounce(from, raw)
		if !b.failed && b != (bounce{}) || b.status != "" && (len(b.status) > 9 || !strings.Contains("45", b.status[:1])) {
			t.Errorf("%+v", b)
		}
		l, err := readLetter(raw)
		if err != nil && (l.Text != "" || l.Images != nil) {
			t.Errorf("%v with a letter", err)
		}
		checkLetter(t, l)
	})
}
