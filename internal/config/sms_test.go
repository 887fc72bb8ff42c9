package config

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
)

func TestSMS(t *testing.T) {
	t.Parallel()
	const pw = "hunter2hunter2hunter2"
	good := map[string]string{
		"sms_url": "https://u:" + pw + "@sms.example.org/send?key=" + pw, "sms_headers": "Authorization: Bearer " + pw + ",X-Other: 1",
		"sms_body": `{"to": "{to}", "text": "{text}", "key": "` + pw + `"}`, "sms_taken": "200, 202", "sms_inbound_secret": pw, "sms_inbound_from": "data.from",
	}
	c, err := Load(Source{Flags: good})
	if err != nil {
		t.Fatal(err)
	}
	s, in := c.SMS(), c.SMSInbound()
	if s.URL != good["sms_url"] || s.Method != "POST" || len(s.Headers) != 2 || s.Headers[1] != "X-Other: 1" || !slices.Equal(s.Taken, []int{200, 202}) ||
		in.From != "data.from" || in.Text != "text" || !in.Allowed(pw) {
		t.Errorf("%+v %+v", s, in)
	}
	if out := printed(t, c); strings.Contains(out, "hunter2") || strings.Count(out, `"(hidden)"`) != 4 {
		t.Errorf("a secret is shown:\n%s", out)
	}
	for set, ok := range map[string]bool{"sms_number=+49 170 1234567": true, "sms_number=+49 170 1234567,sms_inbound_secret=": false} {
		flags := maps.Clone(good)
		for kv := range strings.SplitSeq(set, ",") {
			k, v, _ := strings.Cut(kv, "=")
			flags[k] = v
		}
		if _, err := Load(Source{Flags: flags}); (err == nil) != ok {
			t.Errorf("%s: %v", set, err)
		}
	}
	for key, c := range map[string]struct{ set, value, at string }{
		"no place for the text": {"sms_body", "to={to}&key=" + pw, "sms_url"},
		"no address":            {"sms_url", "", "sms_url"},
		"no header":             {"sms_headers", pw, "sms_url"},
		"no status":             {"sms_taken", "200,ok", "sms_taken"},
		"no method":             {"sms_method", "BREW", "sms_method"},
		"no number":             {"sms_number", "call me", "sms_number"},
		"short secret":          {"sms_inbound_secret", "hunter2", "sms_inbound_secret"},
		"secret in no address":  {"sms_inbound_secret", pw + "/?", "sms_inbound_secret"},
	} {
		flags := map[string]string{c.set: c.value}
		for k, v := range good {
			if k != c.set {
				flags[k] = v
			}
		}
		_, err := Load(Source{Flags: flags})
		var p Problems
		if !errors.As(err, &p) || len(p) != 1 || p[0].Key != c.at || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", key, err)
		}
	}
}
