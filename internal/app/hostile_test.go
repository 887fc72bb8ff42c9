package app_test

import (
	"encoding/json"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"pgregory.net/rapid"

	"convoke/internal/api/apitest"
)

// hostileTexts are what people paste, programs get wrong and others try.
var hostileTexts = []string{
	"", " ", "x", "0", "-1", "riverside", "@hill", "the-member", "open-doors", "en", "xx-yy-zz", "Leipzig", "51.3,12.4", "Mars/Base", "2026-06-06",
	"2026-02-30", "0000-00-00", "9999-12-31", "10:00", "24:00", "25:61", "01kqm8ymg00000000000000000", "https://example.org/a", "javascript:alert(1)",
	"a@example.org", "a\x00b", "a\r\nb", "\u202eolleh", "😀", "e\u0301", "\ufeff", "' or 1=1 --", "%00", "../../etc", "**bold** [x](y)", "<b>", "{{.}}",
	"99999999999999999999", "1e999", "100,200", "abcd-efgh\nijkm-npqr", strings.Repeat("x", 300), strings.Repeat("a\n", 3000), strings.Repeat("é", 20_000),
}

var hostileNumbers = []json.Number{
	"0", "1", "2", "3", "-1", "-0", "10", "200", "201", "1000000", "2147483648", "-2147483649", "9223372036854775807", "-9223372036854775808",
	"9223372036854775808", "1.5", "1e3", "1e400", "0.0000001", "123456789012345678901234567890",
}

// anything is any value at all.
func anything(t *rapid.T, depth int) any {
	switch n := rapid.IntRange(0, 6).Draw(t, "kind"); {
	case n == 0:
		return nil
	case n == 1:
		return rapid.Bool().Draw(t, "bool")
	case n == 2:
		return rapid.SampledFrom(hostileNumbers).Draw(t, "number")
	case n == 3 && depth > 0:
		return []any{anything(t, depth-1), anything(t, depth-1)}
	case n == 4 && depth > 0:
		return map[string]any{rapid.SampledFrom(hostileTexts).Draw(t, "name"): anything(t, depth-1)}
	case n == 5:
		return rapid.String().Draw(t, "text")
	}
	return rapid.SampledFrom(hostileTexts).Draw(t, "text")
}

// hostile is a value of a schema, or nearly one.
func hostile(t *rapid.T, s *openapi3.Schema) any {
	oneOf := func(n int) bool { return rapid.IntRange(1, n).Draw(t, "of") == n } // or less: small numbers are drawn most
	switch {
	case oneOf(20):
		return anything(t, 3)
	case len(s.Enum) > 0:
		return rapid.SampledFrom(s.Enum).Draw(t, "choice")
	case s.Type.Is("string"):
		return rapid.SampledFrom(hostileTexts).Draw(t, "text")
	case s.Type.Is("integer"), s.Type.Is("number"):
		return rapid.SampledFrom(hostileNumbers[:14]).Draw(t, "number")
	case s.Type.Is("boolean"):
		return rapid.Bool().Draw(t, "bool")
	case s.Type.Is("array"):
		all := []any{}
		for range rapid.SampledFrom([]int{0, 1, 1, 2, 3, 300}).Draw(t, "items") {
			all = append(all, hostile(t, s.Items.Value))
		}
		return all
	}
	o := map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		if needed := slices.Contains(s.Required, name); needed && !oneOf(30) || !needed && oneOf(2) {
			o[name] = hostile(t, s.Properties[name].Value)
		}
	}
	if oneOf(30) {
		o["more"] = anything(t, 2)
	}
	return o
}

// hostileBody is a body for an operation: near to one that was taken or to the
// description, cut off, or none.
func hostileBody(s *openapi3.Schema, taken obj) *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		v := hostile(t, s)
		if taken != nil && rapid.Bool().Draw(t, "near") {
			o := maps.Clone(taken)
			for range rapid.IntRange(0, 2).Draw(t, "changes") {
				name := rapid.SampledFrom(slices.Sorted(maps.Keys(s.Properties))).Draw(t, "member")
				o[name] = hostile(t, s.Properties[name].Value)
			}
			v = o
		}
		b, err := json.Marshal(v)
		if err != nil {
			panic(err)
		}
		switch rapid.IntRange(0, 40).Draw(t, "form") { // small numbers are drawn most
		case 36:
			return string(b[:len(b)/2])
		case 37:
			return string(b) + string(b)
		case 38:
			return strings.Repeat("[", 20_000)
		case 39:
			return strings.ReplaceAll(string(b), `"`, "\"\xff")
		case 40:
			return rapid.String().Draw(t, "body")
		}
		return string(b)
	})
}

// hostileBodies are how many bodies each operation gets.
const hostileBodies = 20

// TestWritesOfAnything: whatever JSON an operation is sent by somebody who may do all,
// it is done or refused in the form that the description says, and the server does not
// fail.
func TestWritesOfAnything(t *testing.T) {
	t.Parallel()
	taken := describe(newAccess(t))
	taken.steps()
	first := newAccess(t)
	d := describe(first)
	e := first.values["/events/{id}"]
	d.do("steward", "setProgramme", obj{"roles": []obj{{"role": "marshal", "people": 2}}, "sequence": d.do("steward", "getEvent", nil, e)["sequence"]}, e)
	gate := in(d.do("steward", "addDoor", obj{"name": "Gate"}, e), "secret")
	first.values["secret"] = in(d.do("visitor", "signUp", obj{"party": 2, "slot": []string{first.values["slot"]}}, e), "secret")
	first.values["role"] = "marshal"
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	n := 0
	for pattern, op := range first.operations() {
		if op.RequestBody == nil || op.RequestBody.Value.Content.Get("application/json") == nil {
			continue
		}
		n++
		method, path, ok := first.path(strings.Replace(pattern, "/door/{secret}", "/door/"+gate, 1), "")
		if !ok {
			t.Fatal(pattern)
		}
		t.Run(op.OperationID, func(t *testing.T) {
			t.Parallel()
			x := *first
			x.stand = &stand{first.Node, t, first.clock}
			y, bodies := x.copy(first.Config.Data), hostileBody(op.RequestBody.Value.Content.Get("application/json").Schema.Value, taken.taken[op.OperationID])
			for i := range hostileBodies {
				body := bodies.Example(i)
				if y.ask("steward", method, path, body); t.Failed() {
					t.Fatalf("%s %s with %.2000q", method, path, body)
				}
			}
		})
	}
	if n < 60 {
		t.Errorf("only %d operations were asked", n)
	}
}

// TestCursorsOfAnything: whatever a list is told to go on behind, it does, or refuses.
func TestCursorsOfAnything(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		b, actor := s.signIn("sam")
		g := s.group(actor, "riverside", "Riverside Neighbours")
		e := string(s.event(actor, g, meeting("Open assembly", "2026-06-06")))
		fill := strings.NewReplacer("{handle}", "riverside", "/events/{id}", "/events/"+e, "{id}", e, "{role}", "marshal")
		lists := []string{
			"/events", "/events.ics", "/statements", "/statements.atom", "/campaigns", "/groups", "/petitions", "/petitions.json", "/pledges", "/pledges.json",
			"/groups/riverside/members", "/events/" + e + "/roles", "/turnout",
		}
		for pattern, op := range s.operations() {
			if path, ok := strings.CutPrefix(pattern, "GET "); ok && op.Parameters.GetByInAndName("query", "after") != nil {
				lists = append(lists, fill.Replace(path))
			}
		}
		if len(lists) < 23 {
			t.Errorf("only the lists %q", lists)
		}
		id := "01kqm8ymg00000000000000000"
		key := []string{"Authorization", "Bearer " + token(t, b, "read", "roles:write", "groups:write", "events:write")}
		for _, after := range append(hostileTexts, "1."+id, "-1."+id, "1-"+id, "9223372036854775807-"+id, "-9223372036854775808."+id, "confirmed-9223372036854775807", "zzzzzzzzzzzz") {
			if len(after) > 1000 {
				continue
			}
			for _, path := range lists {
				query := "?after=" + url.QueryEscape(after)
				if !strings.HasPrefix(path, "/api/") {
					query += "&before=" + url.QueryEscape(after)
				}
				if a := b.Get(path+query, key...); a.Status == 429 { // who is told to wait asks again later
					s.clock.Add(10 * time.Minute)
					b.Get(path+query, key...)
				}
			}
		}
	})
}

// TestNUL: what PostgreSQL does not take in a text is refused before it gets there.
func TestNUL(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		b, actor := s.signIn("sam")
		s.group(actor, "riverside", "Riverside Neighbours")
		slug, _ := s.pledge(actor, "riverside", toolDay())
		c := apitest.New(t, s.Site).As(token(t, b, "groups:write"))
		for _, x := range []string{"\x00", "sam\x00", "sam\xff"} {
			s.visitor().Post("/sign-in", "handle", x, "passphrase", x).Want(t, 400, "")
			s.visitor().Post("/sign-in/code", "handle", x, "code", x).Want(t, 400, "")
		}
		for _, do := range []string{"ask", "unask", "join", "leave"} {
			c.Do("POST", "/pledges/"+slug+"/owners", obj{"do": do, "group": "hill\x00"}).Refused(400, "api.json")
		}
	})
}
