package dkim_test

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	msgauth "github.com/emersion/go-msgauth/dkim"

	"convoke/internal/notify/dkim"
)

// football is the message of RFC 8463, appendix A.
var football = strings.ReplaceAll(`From: Joe SixPack <joe@football.example.com>
To: Suzie Q <suzie@shopping.example.net>
Subject: Is dinner ready?
Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)
Message-ID: <20030712040037.46341.5F8J@football.example.com>

Hi.

We lost the game.  Are you hungry yet?

Joe.
`, "\n", "\r\n")

func edKey(t *testing.T) ed25519.PrivateKey {
	t.Helper()
	seed, err := base64.StdEncoding.DecodeString("nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=")
	if err != nil {
		t.Fatal(err)
	}
	return ed25519.NewKeyFromSeed(seed)
}

// The key, its record and the signature of RFC 8463, appendix A.
func TestVector(t *testing.T) {
	t.Parallel()
	k := dkim.Key{Domain: "football.example.com", Selector: "brisbane", Signer: edKey(t)}
	if r, err := dkim.Record(k.Signer); err != nil || r != "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=" {
		t.Errorf("%s, %v", r, err)
	}
	const value = "v=1; a=ed25519-sha256; c=relaxed/relaxed; d=football.example.com; i=@football.example.com; q=dns/txt; s=brisbane; t=1528637909;" +
		" h=from : to : subject : date : message-id : from : subject : date; bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=; b="
	got, err := k.Sign([]byte(football), []string{"from", "to", "subject", "date", "message-id", "from", "subject", "date"}, value)
	const want = "/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11BusFa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw=="
	if err != nil || strings.ReplaceAll(got, " ", "") != want {
		t.Errorf("%s, %v", got, err)
	}
	field, err := k.Field([]byte(football), time.Unix(1528637909, 0))
	if err != nil || !strings.Contains(field, "bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=") {
		t.Errorf("%s, %v", field, err)
	}
}

// Another implementation verifies what is signed, and sees what was changed.
func TestOthersVerify(t *testing.T) {
	t.Parallel()
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	messages := map[string]string{
		"football": football, "no body": "From: a@b.example\r\n\r\n", "no more": "From: a@b.example\r\nSubject:\r\n\r\n\r\n\r\n",
		"blanks":       "From:  a@b.example \r\nsubject: a \t b\r\n c\r\n\td\r\nList-Unsubscribe: <https://b.example>\r\n\r\n \r\na  b\t\r\n\r\n  c\r\n \r\n\r\n",
		"one empty":    "From: a@b.example\r\n\r\n\r\na\r\n",
		"no last line": "From: a@b.example\r\n\r\na",
	}
	for alg, key := range map[string]crypto.Signer{"rsa": rsaKey, "ed25519": edKey(t)} {
		k := dkim.Key{Domain: "b.example", Selector: "one", Signer: key}
		record, err := dkim.Record(key)
		if err != nil {
			t.Fatal(err)
		}
		lookup := func(name string) ([]string, error) {
			if name != "one._domainkey.b.example" {
				t.Errorf("asked for %s", name)
			}
			return []string{record}, nil
		}
		check := func(msg string) error {
			all, err := msgauth.VerifyWithOptions(strings.NewReader(msg), &msgauth.VerifyOptions{LookupTXT: lookup})
			if err != nil || len(all) != 1 {
				t.Fatal(len(all), err)
			}
			return all[0].Err
		}
		for name, m := range messages {
			field, err := k.Field([]byte(m), time.Unix(1528637909, 0))
			if err != nil {
				t.Fatal(err)
			}
			for line := range strings.SplitSeq(field, "\r\n") {
				if len(line) > 78 {
					t.Errorf("a line of %d", len(line))
				}
			}
			if err := check(field + m); err != nil {
				t.Errorf("%s, %s: %v", alg, name, err)
			}
			for what, forged := range map[string]string{
				"another From": field + "From: evil@b.example\r\n" + m, "another Subject": field + "Subject: evil\r\n" + m,
				"another body": field + strings.TrimRight(m, "\r\n") + "\r\n\r\nx\r\n", "another From in place": field + strings.Replace(m, "a@b", "e@b", 1),
			} {
				if what == "another Subject" && !strings.Contains(strings.ToLower(m), "subject") {
					continue // it was not there to be covered
				}
				if what == "another From in place" && !strings.Contains(m, "a@b") {
					continue
				}
				if check(forged) == nil {
					t.Errorf("%s, %s: %s verifies", alg, name, what)
				}
			}
		}
	}
}

func TestKeys(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, ed := range map[string]bool{"rsa": false, "ed": true} {
		path := filepath.Join(dir, name)
		made, err := dkim.Make(path, ed)
		if err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Error(info.Mode(), err)
		}
		read, err := dkim.Load(path)
		if err != nil {
			t.Fatal(err)
		}
		a, _ := dkim.Record(made)
		if b, err := dkim.Record(read); err != nil || a != b || strings.Contains(a, "ed25519") != ed {
			t.Errorf("%s\n%s\n%v", a, b, err)
		}
		if _, err := dkim.Make(path, ed); !errors.Is(err, fs.ErrExist) {
			t.Errorf("made again: %v", err)
		}
	}
	if _, err := dkim.Load(filepath.Join(dir, "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	old, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		text string
		ok   bool
	}{
		"pkcs1": {string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(old)})), true},
		"small": {string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(small)})), false},
		"text":  {"verysecret", false},
		"other": {string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte("verysecret")})), false},
	} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := dkim.Load(path); (err == nil) != c.ok || err != nil && strings.Contains(err.Error(), "verysecret") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
