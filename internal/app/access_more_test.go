package app_test

import (
	"errors"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"

	"convoke/internal/api"
	"convoke/internal/api/apitest"
	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/feature/attendance"
	"convoke/internal/feature/groups"
	"convoke/internal/feature/identity"
	"convoke/internal/id"
)

// What whoever asks holds beside their role, which is a private link, and the
// routes that take it.
const (
	withSignUp     = " with a sign-up"
	withDoor       = " with a door link"
	withInvitation = " with an invitation"
	withProposal   = " with a proposal"
)

var holding = map[string]*regexp.Regexp{
	withSignUp:     regexp.MustCompile(`/events/\{id\}/attend(ance)?/\{secret\}`),
	withDoor:       regexp.MustCompile(`/door/\{secret\}`),
	withInvitation: regexp.MustCompile(`^/invitations/\{secret\}`),
	withProposal:   regexp.MustCompile(`/proposals/\{secret\}`),
}

// formats are those that any page of a thing can be had in. Each is asked for on
// each such page: where there is none, nobody gets it.
var formats = []string{".ics", ".json", ".csv", ".atom", ".geojson", ".pdf", ".png", ".md"}

// paged are the pages of things.
var paged = []string{
	"GET /events/{id}", "GET /statements/{id}", "GET /campaigns/{handle}", "GET /groups/{handle}", "GET /petitions/{slug}", "GET /pledges/{slug}",
	"GET /proposals/{id}", "GET /polls/{id}",
	"GET /assemblies/{id}",
}

// formatsOf are the formats that a pattern is asked for in.
func formatsOf(pattern string) []string {
	if pattern == "GET /alerts/{id}" {
		return []string{".cap", ".json", ".pdf"}
	}
	if !slices.Contains(paged, pattern) {
		return nil
	}
	return formats
}

// withFormats are patterns, and behind those of things " as " and each format.
func withFormats(patterns []string) (out []string) {
	for _, pattern := range patterns {
		out = append(out, pattern)
		for _, format := range formatsOf(pattern) {
			out = append(out, pattern+" as "+format)
		}
	}
	return out
}

// coOwned makes a group with an organizer, and an owner of both campaigns of it. It
// returns who founded it.
func (x *access) coOwned(steward, organizer authz.Actor) authz.Actor {
	x.t.Helper()
	ctx := x.t.Context()
	_, founder := x.signIn("the-founder")
	g := x.group(founder, "orchard", "Orchard Friends")
	err := x.DB.Write(ctx, func(tx *db.Tx) error {
		return x.Groups.Join(ctx, tx, g, organizer.Person, groups.Admission{Role: string(authz.Organizer)})
	})
	for _, handle := range []string{"open-doors", "hidden"} {
		err = errors.Join(err, x.Campaigns.Ask(ctx, steward, handle, "orchard"), x.Campaigns.Join(ctx, founder, handle, "orchard"))
	}
	if err != nil {
		x.t.Fatal(err)
	}
	return founder
}

// warned makes a network of riverside and orchard, which hill is asked to run, too. Its
// verifiers are the organizer and the co-owner, and no steward. An alert is out, a drill,
// and a case with a picture, of which an alert waits to be confirmed. A neighbour has sent
// an alert, and an authority warns.
func (x *access) warned(actors map[string]authz.Actor, founder authz.Actor) {
	x.t.Helper()
	w := x.warns("near", "riverside", "orchard", actors["steward"], founder, actors["organizer"], actors["coowner"])
	x.must(x.Alerts.Ask(x.t.Context(), actors["steward"], "near", "hill"))
	_, road := w.report(authz.Actor{}, "road", nil)
	chain := w.send(road, w.message(road))
	key, of := w.report(authz.Actor{}, "fire", picture(x.t))
	m := w.message(of)
	w.propose(of, m)
	m.Drill = true
	drill := w.send(x.IDs.Secret(), m)
	beyond := x.warns("beyond", "riverside", "orchard", actors["steward"], founder, actors["organizer"], actors["coowner"])
	_, road = beyond.report(authz.Actor{}, "road", nil)
	alert := beyond.send(road, beyond.message(road))
	x.must(x.Alerts.SetClosed(x.t.Context(), actors["steward"], "beyond", true)) // so that reports are for one network
	x.must(x.Alerts.Neighbour(x.t.Context(), actors["steward"], "near", "beyond"))
	maps.Copy(x.values, map[string]string{
		"neighbour": "beyond", "alert": alert,
		"/alerts/{id}": chain, "/alerts/drills/{id}": drill, "/alerts/report/{key}": key, "/alerts/reports/{key}": key, "/alerts/networks/{handle}": "near",
		"/alerts/queue/{handle}": "near", "case": of, "subject": of, "warning": x.official(), "photo": photoOf(key), "person": "the-organizer",
	})
}

// held makes one of each private link: of a sign-up for the public event, of the
// door of one that begins today, to come into the group, and of a proposal.
func (x *access) held(steward authz.Actor, slot string) {
	x.t.Helper()
	ctx := x.t.Context()
	signUp := x.IDs.Secret()
	in := attendance.Input{Party: 1, Lang: "en", Slots: []string{slot}}
	if _, err := x.Attendance.SignUp(ctx, id.Event(x.values["/events/{id}"]), signUp, in); err != nil {
		x.t.Fatal(err)
	}
	invitation, err := x.Groups.Invite(ctx, steward, "riverside", authz.Member, "")
	if err != nil {
		x.t.Fatal(err)
	}
	var door, proposal struct{ Secret string }
	c := apitest.New(x.t, x.Site).As(x.tokens["steward"])
	tonight := x.event(steward, x.groupID("riverside"), meeting("Tonight", x.clock.Now().Format(time.DateOnly)))
	c.Do("POST", "/events/"+string(tonight)+"/doors", map[string]any{"name": "Gate"}, "Idempotency-Key", x.IDs.Secret()).Want(201, &door)
	host := map[string]any{"near": "Leipzig", "day": "2026-06-06", "start": "10:00"}
	c.Do("POST", "/campaigns/open-doors/proposals", host, "Idempotency-Key", x.IDs.Secret()).Want(201, &proposal)
	x.values["secret"+withSignUp], x.values["secret"+withDoor] = signUp, door.Secret
	x.values["secret"+withInvitation], x.values["secret"+withProposal] = strings.TrimPrefix(invitation, "/invitations/"), proposal.Secret
}

// TestScopes: each operation of the API is refused to a steward's token with every
// scope but the one that the operation names, and not to one with that one alone.
func TestScopes(t *testing.T) {
	t.Parallel()
	x := newAccess(t)
	without, only := map[string]*apitest.Client{}, map[string]*apitest.Client{}
	for _, scope := range api.Scopes() {
		s := string(scope)
		var rest []string
		for _, other := range api.Scopes() {
			if other != scope {
				rest = append(rest, string(other))
			}
		}
		without[s], only[s] = x.scoped(rest...), x.scoped(s)
	}
	bodies, queries := x.bodies()
	asked := map[string]int{}
	operations := x.operations()
	for _, pattern := range slices.Sorted(maps.Keys(operations)) {
		op := operations[pattern]
		if op.Security == nil || len(*op.Security) == 0 {
			continue
		}
		scopes := scopesOf(op)
		if len(scopes) != 1 || without[scopes[0]] == nil {
			t.Errorf("%s needs %q", pattern, scopes)
			continue
		}
		scope := scopes[0]
		asked[scope]++
		x.call(without[scope], pattern, bodies, queries).Refused(403, "token.scope")
		a := x.call(only[scope], pattern, bodies, queries)
		if a.Status == http.StatusUnauthorized || strings.Contains(string(a.Body), "token.scope") {
			t.Errorf("%s is refused to a token for %s: %d %s", pattern, scope, a.Status, a.Body)
		}
	}
	for _, s := range api.Scopes() {
		if asked[string(s)] == 0 {
			t.Errorf("no operation needs %s", s)
		}
	}
	if n := len(operations); n < 150 {
		t.Errorf("only %d operations", n)
	}
}

// scoped has a new token of the steward.
func (x *access) scoped(scopes ...string) *apitest.Client {
	x.t.Helper()
	steward := authz.Actor{Handle: "the-steward"}
	err := x.DB.Read(x.t.Context(), func(tx *db.Tx) error {
		return tx.Get(x.t.Context(), "select id from person where handle = $1", []any{steward.Handle}, &steward.Person)
	})
	if err != nil {
		x.t.Fatal(err)
	}
	token, err := x.Identity.MakeToken(x.t.Context(), steward, identity.TokenInput{Name: "Some", Days: 30, Scopes: scopes})
	if err != nil {
		x.t.Fatal(err)
	}
	return apitest.New(x.t, x.Site).As(token)
}

// call asks for an operation with the least body. Whoever is told to wait asks
// again later.
func (x *access) call(c *apitest.Client, pattern string, bodies, queries map[string]string) (a apitest.Answer) {
	x.t.Helper()
	method, path, _ := x.path(pattern, "")
	var body any
	if b, ok := bodies[pattern]; ok {
		body = b
	}
	for range 9 {
		a = c.Do(method, strings.TrimPrefix(path, "/api/v1")+queries[pattern], body, "Idempotency-Key", x.IDs.Secret())
		if a.Status != http.StatusTooManyRequests {
			return a
		}
		x.clock.Add(10 * time.Minute)
	}
	return a
}

// leastOf is the emptiest value that a schema allows.
func leastOf(s *openapi3.Schema) any {
	switch {
	case len(s.Enum) > 0:
		return s.Enum[0]
	case s.Type.Is("string"):
		return strings.Repeat("x", int(s.MinLength))
	case s.Type.Is("integer"), s.Type.Is("number"):
		if s.Min != nil {
			return *s.Min
		}
		return 0
	case s.Type.Is("boolean"):
		return false
	case s.Type.Is("array"):
		all := []any{}
		for range s.MinItems {
			all = append(all, leastOf(s.Items.Value))
		}
		return all
	}
	o := map[string]any{}
	for _, name := range s.Required {
		o[name] = leastOf(s.Properties[name].Value)
	}
	return o
}

// scopesOf are the scopes that an operation names.
func scopesOf(op *openapi3.Operation) (out []string) {
	for _, all := range *op.Security {
		for _, scopes := range all {
			out = append(out, scopes...)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
