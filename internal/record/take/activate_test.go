package take_test

import (
	"bytes"
	"encoding/base64"
	"strings"
	"testing"

	"convoke/internal/record/leaf"
	"convoke/internal/web/webtest"
)

// activation is the leaf that shows the client's credential before the vote.
func (c *client) activation(auth []byte) []byte {
	l := leaf.Activate{Slot: c.i.Manifest.Slot, Key: c.Public(), Auth: [leaf.AuthSize]byte(auth)}
	return l.Encode()
}

// admitted is a client with a credential.
func (s *stand) admitted(c *client) []byte {
	s.t.Helper()
	grant, err := s.AdmitAnybody(ctx, c.i.Roll, s.ids.Secret())
	if err != nil {
		s.t.Fatal(err)
	}
	return c.issue(s.visitor(), grant)
}

// TestActivate shows credentials before the vote, at the route for it: afterwards a key
// takes part without one. It refuses whoever says who they are, what is no credential
// of the slot, and everything new after the freeze.
func TestActivate(t *testing.T) {
	each(t, func(t *testing.T, s *stand) {
		i := s.pledge()
		other := s.open(i.Gate, leaf.Box{Type: leaf.PledgeTo, Takes: leaf.TakesSay, Parts: 2})
		a, b, c := s.client(i), s.client(i), s.client(i)
		shown, pasted, late := a.activation(s.admitted(a)), b.activation(s.admitted(b)), c.activation(s.admitted(c))
		x := s.client(other)
		foreign := x.activation(s.admitted(x))
		route := "/r/" + i.Roll.String() + "/activate"
		post := func(route, kind string, body []byte, header ...string) webtest.Answer {
			return s.visitor().Do("POST", route, bytes.NewReader(body), append([]string{"Content-Type", kind, "Accept", "application/json"}, header...)...)
		}
		const raw, form = "application/octet-stream", "application/x-www-form-urlencoded"
		inForm := func(b []byte) []byte {
			return []byte("leaf=" + strings.NewReplacer("+", "%2B", "/", "%2F", "=", "%3D").Replace(base64.StdEncoding.EncodeToString(b)))
		}
		refused := func(name string, a webtest.Answer, status int, code string) {
			t.Helper()
			if a.Status != status || !strings.Contains(a.Body, `"code":"`+code+`"`) {
				t.Errorf("%s: status %d, want %d %s: %.300s", name, a.Status, status, code, a.Body)
			}
		}
		refused("a cookie", post(route, raw, shown, "Cookie", "lang=en"), 400, "box.named")
		refused("a token", post(route, raw, shown, "Authorization", "Bearer x"), 400, "box.named")
		refused("a credential of another box", post(route, raw, foreign), 403, "box.credential")
		refused("a slot that is not there", post(route, raw, append([]byte{1, 0x23, 7}, shown[3:]...)), 400, "box.slot")
		refused("another leaf", post(route, raw, leaf.Freeze{}.Encode()), 400, "box.leaf")
		refused("a leaf that is cut", post(route, raw, shown[:100]), 400, "box.leaf")
		refused("nothing", post(route, raw, nil), 400, "box.leaf")
		refused("too much", post(route, raw, make([]byte, leaf.MaxBody+2000)), 413, "box.large")
		refused("no base64", post(route, form, []byte("leaf=!")), 400, "box.base64")
		refused("no such roll", post("/r/"+strings.Repeat("a", 26)+"/activate", raw, shown), 404, "box.not_found")
		if a := post("/r/nonsense/activate", raw, shown); a.Status != 404 {
			t.Errorf("no roll: status %d", a.Status)
		}
		if a := s.visitor().Get(route); a.Status != 405 && a.Status != 404 {
			t.Errorf("read: status %d", a.Status)
		}
		s.slow = "cast"
		refused("too often", post(route, raw, shown), 429, "box.often")
		s.slow = ""

		for range 2 { // an answer that was lost
			if a := post(route, raw, shown); a.Status != 201 || strings.TrimSpace(a.Body) != "{}" {
				t.Errorf("status %d: %s", a.Status, a.Body)
			}
		}
		if a := post(route, form, inForm(pasted)); a.Status != 201 {
			t.Errorf("pasted: status %d: %s", a.Status, a.Body)
		}
		const says = "Nobody can be added here any more."
		if text := s.visitor().Get(path(i, "take")).Text("main"); strings.Contains(text, says) {
			t.Errorf("before the freeze the page says %s", text)
		}
		if err := s.Freeze(ctx, i.Roll, 0); err != nil {
			t.Fatal(err)
		}
		v := s.visitor()
		ways := v.Get(path(i, "take"))
		if ways.Status != 200 || !strings.Contains(ways.Text("main"), says) {
			t.Errorf("the page has status %d and says %s", ways.Status, ways.Text("main"))
		}
		if a := v.Post(path(i, "take"), filled(t, ways, "threshold", "1", "part", "0")...); a.Status != 410 || !strings.Contains(a.Text("main"), says) {
			t.Errorf("somebody new: status %d: %s", a.Status, a.Text("main"))
		}
		refused("after the freeze", post(route, raw, late), 410, "box.frozen")
		if a := post(route, raw, shown); a.Status != 201 {
			t.Errorf("again after the freeze: status %d: %s", a.Status, a.Body)
		}
		refused("never activated", post(path(i, "cast"), raw, c.Say(i.Origin, nil, 1, leaf.Pledge{Threshold: 1}.Encode())), 403, "box.unknown_key")
		if a := post(path(i, "cast"), raw, a.Say(i.Origin, nil, 1, leaf.Pledge{Threshold: 1}.Encode())); a.Status != 201 {
			t.Errorf("without a credential: status %d: %s", a.Status, a.Body)
		}
		s.counts(i, 1, 3)
		s.verified(i, 1)
	})
}
