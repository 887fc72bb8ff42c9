package notify_test

import (
	"strings"
	"testing"

	"convoke/internal/notify"
)

func TestBadOptions(t *testing.T) {
	t.Parallel()
	for _, o := range []notify.SMTPOptions{
		{URL: "", From: from}, {URL: "mail.example.org", From: from}, {URL: "http://mail.example.org", From: from},
		{URL: "smtp://", From: from}, {URL: "smtp://mail.example.org:0", From: from}, {URL: "smtp://mail.example.org:99999", From: from},
		{URL: "smtp://mail.example.org/x", From: from}, {URL: "smtp://mail.example.org?x=y", From: from},
		{URL: "smtp://joe@mail.example.org", From: from}, {URL: "smtp://joe:secret@mail .example.org", From: from},
		{URL: "smtp://joe:secret@mail.example.org:x", From: from}, {URL: "smtp://joe:secret%zz@mail.example.org", From: from},
		{URL: "smtp://mail.example.org", From: ""}, {URL: "smtp://mail.example.org", From: "nobody"},
		{URL: "smtp://mail.example.org", From: "a@example.org, b@example.org"}, {URL: "smtp://mail.example.org", From: "josé@example.org"},
	} {
		_, err := notify.NewSMTP(o)
		if err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%+v: %v", o, err)
		}
	}
}

func FuzzServer(f *testing.F) {
	for _, s := range []string{
		"smtps://u:verysecret@mail.example.org:465", "smtp://127.0.0.1:25", "smtp://[::1]:2525", "smtp://[fe80::1%25lo]",
		"smtp://u:verysecret@", "smtp://u:verysecret%@h", "verysecret://", "smtp://h:verysecret", "smtp://u@h",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		err := notify.ParseServer(raw)
		if err != nil && strings.Contains(err.Error(), "verysecret") {
			t.Errorf("%q: %v", raw, err)
		}
		if err == nil && !strings.HasPrefix(strings.ToLower(raw), "smtp") {
			t.Errorf("%q was taken", raw)
		}
	})
}
