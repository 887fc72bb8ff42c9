package pushservice

import (
	"bytes"
	"crypto/ecdh"
	"encoding/base64"
	"strings"
	"testing"
	"time"
)

func raw(t *testing.T, s string) []byte {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestRFC8188 reads the examples of its sections 3.1 and 3.2.
func TestRFC8188(t *testing.T) {
	t.Parallel()
	for key, body := range map[string]string{
		"yqdlZ-tYemfogSmv7Ws5PQ": "I1BsxtFttlv3u_Oo94xnmwAAEAAA-NAVub2qFgBEuQKRapoZu-IxkIva3MEB1PD-ly8Thjg",
		"BO3ZVPxUlnLORbVGMpbT1Q": "uNCkWiNYzKTnBN9ji3-qWAAAABkCYTHOG8chz_gnvgOqdGYovxyjuqRyJFjEDyoF1Fvkj6hQPdPHI51OEUKEpgz3SsLWIqS_uA",
	} {
		b := raw(t, body)
		secret := func([]byte) ([]byte, error) { return raw(t, key), nil }
		if got, err := openRecords(b, secret); err != nil || string(got) != "I am the walrus" {
			t.Errorf("%q %v", got, err)
		}
		for i := range b {
			if _, err := openRecords(b[:i], secret); err == nil {
				t.Errorf("the first %d bytes of %d are whole", i, len(b))
			}
		}
	}
}

// TestRFC8291 reads the message of its appendix A.
func TestRFC8291(t *testing.T) {
	t.Parallel()
	device, err := ecdh.P256().NewPrivateKey(raw(t, "q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94"))
	if err != nil {
		t.Fatal(err)
	}
	body := raw(t, "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN")
	auth := raw(t, "BTBZMqHH6r4Tts7J_aSIgg")
	if got, err := open(device, auth, body); err != nil || string(got) != "When I grow up, I want to be a watermelon" {
		t.Errorf("%q %v", got, err)
	}
	if _, err := open(device, bytes.Repeat([]byte{1}, 16), body); err == nil {
		t.Error("another secret opens it")
	}
}

// TestRFC8292 reads the header of its section 2.4.
func TestRFC8292(t *testing.T) {
	t.Parallel()
	const header = "vapid t=eyJ0eXAiOiJKV1QiLCJhbGciOiJFUzI1NiJ9.eyJhdWQiOiJodHRwczovL3B1c2guZXhhbXBsZS5uZXQiLCJleHAiOjE0NTM1MjM3NjgsInN1YiI6Im1haWx0bzpwdXNoQGV4YW1wbGUuY29tIn0.i3CYb7t4xfxCDquptFOepC9GAu_HLGkMlMuCGSK2rpiUfnK9ojFwDXb1JrErtmysazNjjvW2L9OkSSHzvoD1oA, " +
		"k=BA1Hxzyi1RUM1b5wjxsn7nGxAszw2u61m164i3MrAIxHF6YK5h4SDYic-dRuU_RCPCfA5aq9ojSwk5Y2EmClBPs"
	now := time.Unix(1453523768, 0).Add(-time.Hour)
	key, err := vapid(header, "https://push.example.net", now)
	if err != nil || !strings.HasPrefix(key, "BA1Hx") {
		t.Errorf("%q %v", key, err)
	}
	for name, f := range map[string]func() (string, error){
		"other origin": func() (string, error) { return vapid(header, "https://push.example.org", now) },
		"too late":     func() (string, error) { return vapid(header, "https://push.example.net", now.Add(2*time.Hour)) },
		"too long":     func() (string, error) { return vapid(header, "https://push.example.net", now.Add(-24*time.Hour)) },
		"changed": func() (string, error) {
			return vapid(strings.Replace(header, "i3CY", "i3CZ", 1), "https://push.example.net", now)
		},
		"no scheme": func() (string, error) {
			return vapid(strings.TrimPrefix(header, "vapid "), "https://push.example.net", now)
		},
		"nothing": func() (string, error) { return vapid("", "https://push.example.net", now) },
	} {
		if _, err := f(); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}
