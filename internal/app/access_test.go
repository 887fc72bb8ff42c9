package app_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"convoke/internal/api"
	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/feature/attendance"
	"convoke/internal/feature/campaigns"
	"convoke/internal/feature/coalitions"
	"convoke/internal/feature/events"
	"convoke/internal/feature/groups"
	"convoke/internal/feature/identity"
	"convoke/internal/feature/members"
	"convoke/internal/feature/petitions"
	"convoke/internal/feature/statements"
	"convoke/internal/feature/tasks"
	"convoke/internal/id"
	"convoke/internal/record/box"
	"convoke/internal/web/webtest"
)

// accessFile is the table of who gets what, to be read by people: every route
// with every role. A new route, or a changed answer, shows in its difference.
const accessFile = "testdata/access.txt"

// access is a node with one of each thing that a route can name.
type access struct {
	*stand
	roles   []string
	browser map[string]*webtest.Browser
	tokens  map[string]string // for the API, with all scopes
	values  map[string]string // of the wildcards of routes, by the pattern's beginning
}

// wildcard is a part of a pattern.
var wildcard = regexp.MustCompile(`\{(\w+)(\.\.\.)?\}`)

func newAccess(t *testing.T) *access {
	t.Helper()
	return newAccessOn(t, "")
}

// newAccessOn is the same on the database at url.
func newAccessOn(t *testing.T, url string) *access {
	t.Helper()
	x := &access{stand: start(t, settings(t, url)), browser: map[string]*webtest.Browser{}}
	x.tokens = map[string]string{}
	x.roles = []string{"visitor", "account", "other", "member", "organizer", "steward", "operator", "manager", "roster", "coowner"}
	x.browser["visitor"] = x.visitor()
	actors := map[string]authz.Actor{}
	for _, r := range []string{"operator", "account", "other", "member", "organizer", "steward", "manager", "roster", "coowner"} {
		x.browser[r], actors[r] = x.signIn("the-" + r)
		x.tokens[r] = x.token(actors[r])
	}
	steward := actors["steward"]
	g := x.group(steward, "riverside", "Riverside Neighbours")
	x.group(actors["other"], "hill", "Hill Gardeners")
	for _, r := range []authz.Role{authz.Member, authz.Organizer} {
		err := x.DB.Write(t.Context(), func(tx *db.Tx) error {
			return x.Groups.Join(t.Context(), tx, g, actors[string(r)].Person, groups.Admission{Role: string(r)})
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	public := x.event(steward, g, meeting("Open assembly", "2026-06-06"))
	draft := meeting("Not yet", "2026-06-06")
	draft.State = events.Draft
	hidden := x.event(steward, g, draft)
	for _, e := range []id.Event{public, hidden} {
		in := attendance.FillInput{From: "2026-06-06", To: "2026-06-06", Shifts: []attendance.ShiftInput{{Title: "Shift", Start: "18:00", End: "19:00"}, {Title: "Late", Start: "19:00", End: "20:00"}}}
		day := time.Date(2026, 6, 6, 0, 0, 0, 0, time.UTC)
		if _, err := x.Attendance.Fill(t.Context(), e, x.IDs.Secret(), day, day.AddDate(0, 0, 1), in); err != nil {
			t.Fatal(err)
		}
		if err := x.Events.Repeat(t.Context(), steward, e, x.IDs.Secret(), "", events.RepeatInput{Unit: events.Weeks, End: "times", Times: "2"}); err != nil {
			t.Fatal(err)
		}
	}
	x.grant(actors, public, hidden)
	for handle, state := range map[string]campaigns.State{"open-doors": campaigns.Open, "hidden": campaigns.Draft} {
		in := campaigns.Input{Handle: handle, Title: handle, Lang: "en", State: state}
		_, err := x.Campaigns.Create(t.Context(), steward, "riverside", x.IDs.Secret(), in)
		demand := campaigns.DemandInput{Body: "Benches", Addressee: "The town council"}
		if err = errors.Join(err, x.Campaigns.AddDemand(t.Context(), steward, handle, 0, demand)); err != nil {
			t.Fatal(err)
		}
	}
	founder := x.coOwned(steward, actors["coowner"])
	if err := x.Campaigns.Propose(t.Context(), steward, "open-doors", public); err != nil {
		t.Fatal(err)
	}
	err := x.Groups.SetNewcomers(t.Context(), steward, "riverside", groups.SettingsInput{Joining: groups.ByRequest})
	if err = errors.Join(err, x.Groups.SetConduct(t.Context(), steward, "riverside", "We listen.", "")); err != nil {
		t.Fatal(err)
	}
	said := map[statements.State]string{}
	for _, state := range []statements.State{statements.Published, statements.Draft} {
		sid, err := x.Statements.Create(t.Context(), steward, "riverside", x.IDs.Secret(), statements.Input{
			Title: "We say so", Markdown: "So it is.", Lang: "en", Day: "2026-05-01", State: state,
		})
		if err != nil {
			t.Fatal(err)
		}
		said[state] = string(sid)
	}
	x.coalition(steward, actors["other"])
	x.petitions(steward)
	_, tools := x.pledge(steward, "riverside", toolDay())
	unready := toolDay()
	unready.Title = "Not yet"
	if _, err := x.Pledges.Create(t.Context(), steward, "riverside", x.IDs.Secret(), unready); err != nil {
		t.Fatal(err)
	}
	proposal, motion, poll := x.proposals(steward)
	run, err := x.Trustees.Begin(t.Context(), steward, proposal, x.IDs.Secret(), 3, 2)
	if err != nil {
		t.Fatal(err)
	}
	called, uncalled := x.assemblies(steward)
	for _, handle := range []string{"open-doors", "hidden"} {
		err := x.Ladders.SaveText(t.Context(), steward, handle, 0, `{"steps":[{"key":"first","title":"First","kind":"other"}]}`)
		if err == nil && handle == "open-doors" {
			err = x.Ladders.Publish(t.Context(), steward, handle, 1, "")
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	slots, err := x.Attendance.Slots(t.Context(), public)
	if err != nil {
		t.Fatal(err)
	}
	task, err := x.Tasks.Add(t.Context(), actors["member"], "riverside", tasks.Input{Key: x.IDs.Secret(), Title: "Print flyers", Mine: true})
	err = errors.Join(err, x.Members.SetStart(t.Context(), steward, "riverside", members.StartInput{Does: "We dig."}))
	if err != nil {
		t.Fatal(err)
	}
	x.values = map[string]string{
		"/petitions/{slug}": "open-petition", "/petitions/{slug} of a draft": "hidden-petition",
		"/pledges/{slug}": "a-tool-for-the-garden-day", "/pledges/{slug} of a draft": "not-yet",
		"/b/{id}": tools.String(), "/r/{id}": tools.String(), "/groups/{handle}/tasks/{id}": task.ID,
		"/trustees/{id}": run, "/proposals/{id}": proposal, "/proposals/{id} of a draft": motion, "/polls/{id}": poll,
		"/events/{id}": string(public), "/events/{id} of a draft": string(hidden),
		"/assemblies/{id}": called, "/assemblies/{id} of a draft": uncalled,
		"/statements/{id}": said[statements.Published], "/statements/{id} of a draft": said[statements.Draft],
		"/campaigns/{handle}": "open-doors", "/campaigns/{handle} of a draft": "hidden", "/groups/{handle}": "riverside", "/groups/{handle} of a coalition": "valley", "handle": "riverside", "member": "the-member",
		"secret": "0123456789abcdefghjkmnpqrs", "key": "0123456789abcdefghjkmnpqrs", "lang": "es", "slot": slots[0].ID, "event": string(public), "group": "hill", "number": "1", "step": "first", "id": "01kqm8ymg00000000000000000",
	}
	x.held(steward, slots[1].ID)
	x.warned(actors, founder)
	return x
}

// token makes a token with all scopes.
func (x *access) token(by authz.Actor) string {
	x.t.Helper()
	in := identity.TokenInput{Name: "All", Days: 30}
	for _, scope := range api.Scopes() {
		in.Scopes = append(in.Scopes, string(scope))
	}
	token, err := x.Identity.MakeToken(x.t.Context(), by, in)
	if err != nil {
		x.t.Fatal(err)
	}
	return token
}

// grant makes the manager of the events, and a member who may see their sign-ups.
func (x *access) grant(actors map[string]authz.Actor, all ...id.Event) {
	x.t.Helper()
	ctx, steward := x.t.Context(), actors["steward"]
	err := x.DB.Write(ctx, func(tx *db.Tx) error {
		for _, e := range all {
			if err := x.Grants.Help(ctx, tx, e, actors["manager"].Person, steward.Person); err != nil {
				return err
			}
		}
		return x.Groups.Join(ctx, tx, x.groupID("riverside"), actors["roster"].Person, groups.Admission{Role: "member"})
	})
	for _, e := range all {
		err = errors.Join(err, x.Grants.Name(ctx, steward, e, "the-roster"))
	}
	if err != nil {
		x.t.Fatal(err)
	}
}

// coalition is one of the steward's group, whose delegate the steward is; another group
// asks to come in.
func (x *access) coalition(steward, other authz.Actor) {
	x.t.Helper()
	_, err := x.Coalitions.Create(x.t.Context(), steward, x.IDs.Secret(), coalitions.Input{
		Settings: coalitions.Settings{Weights: "group", Polls: "open", Entry: "apply", Seats: 2, Notice: 7},
		Group:    "riverside", Name: "The Valley", Handle: "valley", Points: "We share the water.",
	})
	if err == nil {
		err = x.Coalitions.Apply(x.t.Context(), other, "valley", "hill", coalitions.Terms{Version: 1})
	}
	if err != nil {
		x.t.Fatal(err)
	}
}

// petitions are one that is open, and a draft.
func (x *access) petitions(steward authz.Actor) {
	x.t.Helper()
	for _, slug := range []string{"open-petition", "hidden-petition"} {
		in := petitions.Input{
			Title: slug, Slug: slug, Addressee: "The town council", Markdown: "Please.", Lang: "en", Stages: "100", Gate: box.GateBrowser,
		}
		if _, err := x.Petitions.Create(x.t.Context(), steward, "riverside", x.IDs.Secret(), in); err != nil {
			x.t.Fatal(err)
		}
	}
	if err := x.Petitions.OpenUp(x.t.Context(), steward, "open-petition", 0, ""); err != nil {
		x.t.Fatal(err)
	}
}

// path fills a pattern with what this node has; of is " of a draft", "" or one of
// [holding].
func (x *access) path(pattern, of string) (method, path string, ok bool) {
	method, path, _ = strings.Cut(strings.TrimSuffix(pattern, "{$}"), " ")
	if where := holding[of]; where != nil {
		if !where.MatchString(path) {
			return "", "", false
		}
		path, of = strings.Replace(path, "{secret}", x.values["secret"+of], 1), ""
	}
	begin := strings.TrimPrefix(path, "/api/v1")
	if strings.HasPrefix(begin, "/groups/{handle}/tasks/") {
		path = strings.Replace(path, "{id}", x.values["/groups/{handle}/tasks/{id}"], 1)
	}
	for _, part := range []string{
		"/events/{id}", "/statements/{id}", "/campaigns/{handle}", "/groups/{handle}", "/petitions/{slug}", "/pledges/{slug}", "/assemblies/{id}", "/proposals/{id}", "/polls/{id}", "/trustees/{id}", "/b/{id}", "/r/{id}",
		"/alerts/{id}", "/alerts/drills/{id}", "/alerts/report/{key}", "/alerts/reports/{key}", "/alerts/networks/{handle}", "/alerts/queue/{handle}",
	} {
		if begin != part && !strings.HasPrefix(begin, part+"/") {
			continue
		}
		v, known := x.values[part+of]
		if !known {
			return "", "", false
		}
		path = strings.Replace(path, part[strings.IndexByte(part, '{'):], v, 1)
		return method, x.rest(path), true
	}
	return method, x.rest(path), of == ""
}

func (x *access) rest(path string) string {
	return wildcard.ReplaceAllStringFunc(path, func(m string) string {
		if v, ok := x.values[wildcard.FindStringSubmatch(m)[1]]; ok {
			return v
		}
		return "0"
	})
}

// header is what a request of the API says beside its body.
func (x *access) header(role string) []string {
	h := []string{"Idempotency-Key", x.IDs.Secret()}
	if token := x.tokens[role]; token != "" {
		h = append(h, "Authorization", "Bearer "+token)
	}
	return h
}

// whole are bodies for writes of the API whose least body says nothing about who
// may: all may, or the body tells for which group it is.
func (x *access) whole() map[string]string {
	x.t.Helper()
	form := formBegins + "Content-Disposition: form-data; name=\"picture\"; filename=\"a.png\"\r\n\r\n" + string(picture(x.t)) + "\r\n--x--\r\n"
	seat := x.seat(x.values["/trustees/{id}"])
	return map[string]string{
		"POST /api/v1/trustees/{id}/messages":             `{"message": "` + seat + `"}`,
		"POST /api/v1/alerts/subscribe":                   `{"near": "Leipzig, Germany", "size": "town", "channel": "hook", "contact": "https://program.example.org/in"}`,
		"POST /api/v1/alerts/reports":                     `{"category": "fire", "place": "Leipzig", "ago": 0, "first_hand": true}`,
		"POST /api/v1/alerts/reports/{key}/notes":         `{"note": "It grows."}`,
		"POST /api/v1/alerts/networks":                    `{"handle": "far", "group": "riverside", "name": "Far", "area": "Leipzig; 2", "categories": ["road"]}`,
		"POST /api/v1/alerts/networks/{handle}/shifts":    `{"person": "the-organizer", "start": "2026-05-10T10:00:00Z", "end": "2026-05-10T12:00:00Z"}`,
		"POST /api/v1/alerts/queue/{handle}/notes":        `{"note": "All quiet."}`,
		"POST /api/v1/groups":                             `{"name": "Lake Swimmers", "handle": "lake"}`,
		"POST /api/v1/campaigns":                          `{"handle": "new-doors", "group": "riverside", "title": "New doors", "lang": "en", "state": "open"}`,
		"POST /api/v1/campaigns/{handle}/candidates":      `{"group": "riverside", "text": "", "addressee": ""}`,
		"POST /api/v1/campaigns/{handle}/proposals":       `{"near": "Leipzig", "day": "2026-06-06", "start": "10:00"}`,
		"POST /api/v1/campaigns/{handle}/ladder/simulate": `{"until": "2027-01-01T00:00:00Z"}`,
		"POST /api/v1/events/{id}/attendance":             `{"party": 1, "slot": ["` + x.values["slot"] + `"]}`,
		"PUT /api/v1/me/requests/{handle}":                `{"conduct": 1}`,
		"PUT /api/v1/campaigns/{handle}/picture":          form,
		"PUT /api/v1/events/{id}/picture":                 form,
		"PUT /api/v1/statements/{id}/picture":             form,
	}
}

// formBegins begins a form with a file.
const formBegins = "--x\r\n"

// bodies are what is sent to the API, by pattern: what is whole, or the least that
// the description lets through, an object with what is required and nothing in it.
// Forms are sent empty. queries are the parameters that it asks for.
func (x *access) bodies() (out, queries map[string]string) {
	x.t.Helper()
	out, queries = map[string]string{}, map[string]string{}
	for pattern, op := range x.operations() {
		for _, p := range op.Parameters {
			if p.Value.In == "query" && p.Value.Required {
				queries[pattern] += fmt.Sprintf("?%s=%v", p.Value.Name, leastOf(p.Value.Schema.Value))
			}
		}
		if op.RequestBody == nil {
			continue
		}
		for _, m := range op.RequestBody.Value.Content {
			least, err := json.Marshal(leastOf(m.Schema.Value))
			if err != nil {
				x.t.Fatal(err)
			}
			out[pattern] = string(least)
		}
	}
	maps.Copy(out, x.whole())
	return out, queries
}

// ask is the status of a route for a role: of a page with the role's session, of
// the API with its token.
// Whoever is told to wait asks again later.
func (x *access) ask(role, method, path, body string) int {
	b, header := x.browser[role], []string{"Content-Type", "application/x-www-form-urlencoded"}
	if strings.HasPrefix(path, "/api/v1") {
		b, header = x.visitor(), append(x.header(role), "Content-Type", "application/json")
		if strings.HasPrefix(body, formBegins) {
			header[len(header)-1] = "multipart/form-data; boundary=x"
		}
	}
	for range 9 {
		if got := b.Do(method, path, strings.NewReader(body), header...).Status; got != 429 {
			return got
		}
		x.clock.Add(10 * time.Minute)
	}
	return 429
}

// copy is the same node again, as it was when it was closed.
func (x *access) copy(data string) *access {
	x.t.Helper()
	cfg := settings(x.t, "")
	if err := errors.Join(os.CopyFS(cfg.Data, os.DirFS(data)), os.Chmod(cfg.BootKeyFile, 0o600)); err != nil {
		x.t.Fatal(err)
	}
	y := *x
	y.stand, y.browser = start(x.t, cfg), map[string]*webtest.Browser{}
	for role, b := range x.browser {
		y.browser[role] = y.visitor()
		maps.Copy(y.browser[role].Cookies, b.Cookies)
	}
	return &y
}

// anew is a copy of x instead of this one, which is closed: hundreds of open nodes
// would want more memory than a machine has.
func (y *access) anew(x *access, data string) *access {
	y.t.Helper()
	y.end()
	return x.copy(data)
}

// alters are the routes on which a request with nothing in it is a whole one, with
// the reason. They are asked on a spare node, which is made anew after each role
// that got through. All others must refuse everybody.
var alters = map[string]string{
	"POST /sign-out":                                       "ends the session",
	"POST /language":                                       "a page of the visitor's own",
	"POST /sign-in/passkey/options":                        "asks for a challenge",
	"POST /me/codes":                                       "makes new codes",
	"POST /me/erase":                                       "begins the end of the account",
	"POST /me/recovery/stop":                               "stops what was not begun",
	"POST /me/sessions/end-others":                         "ends sessions that there are not",
	"POST /groups/{handle}/join":                           "joins, or asks to",
	"POST /groups/{handle}/join/withdraw":                  "takes back what was not asked",
	"POST /groups/{handle}/leave":                          "leaves the group",
	"POST /groups/{handle}/conduct/accept":                 "agrees to the agreement",
	"POST /groups/{handle}/start/edit":                     "empties the page for newcomers",
	"POST /groups/{handle}/conduct/edit":                   "empties the agreement",
	"POST /groups/{handle}/members/{member}/remove":        "removes the member",
	"POST /groups/{handle}/members/{member}/recovery/stop": "stops what was not begun",
	"POST /events/{id}/attend/{secret}/cancel":             "cancels again what is cancelled: whoever knows a secret holds it",
	"POST /events/{id}/attend/{secret}/ride/drop":          "takes a seat back that was not asked for",
	"POST /events/{id}/attend/{secret}/ride/seen":          "has seen news that there are not",
	"POST /events/{id}/attend/{secret}/ride/withdraw":      "takes back what was not offered",
	"POST /events/{id}/attend/{secret}/roles/withdraw":     "takes back a role that was not taken",
	"POST /events/{id}/messages":                           "empties the messages",
	"POST /events/{id}/place":                              "empties the facts of the place",
	"POST /events/{id}/programme":                          "empties the programme",
	"POST /events/{id}/rides/{offer}/keep":                 "keeps what is gone",
	"POST /events/{id}/rides/{offer}/remove":               "removes what is gone",
	"POST /events/{id}/timeslots/{slot}/remove":            "removes the shift",
	"POST /campaigns/{handle}/languages":                   "removes a language that there is not",
	"POST /campaigns/{handle}/template":                    "empties what all events share",
	"POST /events/{id}/roster/address":                     "takes away the address that there is not",
	"POST /petitions/{slug}/open":                          "opens the petition, or says what is missing",
	"POST /petitions/{slug}/close":                         "closes the petition",
	"POST /pledges/{slug}/open":                            "opens the pledge, or says what is missing",
	"POST /groups/{handle}/assemblies":                     "asks for no notice",
	"POST /b/{id}/take":                                    "shows how to take part",
	"POST /translate/proposals/{id}/accept":                "answers what is gone",
	"POST /translate/proposals/{id}/decline":               "answers what is gone",

	"POST /api/v1/assemblies/{id}/call":                                      "calls the assembly, or again",
	"POST /api/v1/assemblies/{id}/run":                                       "opens the assembly",
	"POST /api/v1/assemblies/{id}/role":                                      "facilitates",
	"PUT /api/v1/groups/{handle}/assembly_notice":                            "asks for no notice",
	"POST /api/v1/petitions/{slug}/close":                                    "closes the petition",
	"DELETE /api/v1/petitions/{slug}":                                        "deletes the draft",
	"POST /api/v1/petitions/{slug}/open":                                     "opens the petition, or says what is missing",
	"POST /api/v1/pledges/{slug}/open":                                       "opens the pledge, or says what is missing",
	"POST /api/v1/proposals/{id}/state":                                      "puts it up for discussion",
	"POST /api/v1/polls/{id}":                                                "reminds everybody",
	"POST /api/v1/trustees/{id}/messages":                                    "takes a seat, or says so again",
	"POST /api/v1/events/{id}/managers/links":                                "makes a link",
	"PUT /api/v1/events/{id}/messages":                                       "empties the messages",
	"PUT /api/v1/events/{id}/programme":                                      "empties the programme",
	"PUT /api/v1/events/{id}/rides/reported/{offer}":                         "keeps what is gone",
	"PUT /api/v1/groups/{handle}/tasks/{id}":                                 "takes the task",
	"PUT /api/v1/groups/{handle}/quiet":                                      "says that the group is still there",
	"PUT /api/v1/groups/{handle}/start":                                      "empties the page for newcomers",
	"DELETE /api/v1/groups/{handle}/skills/mine":                             "takes back what was not offered",
	"DELETE /api/v1/groups/{handle}/digest":                                  "ends mails that there are not",
	"PUT /api/v1/groups/{handle}/conduct":                                    "empties the agreement",
	"PUT /api/v1/groups/{handle}/ended":                                      "takes back an end that there is not",
	"PUT /api/v1/groups/{handle}/moved_to":                                   "takes back a move that there is not",
	"PUT /api/v1/groups/{handle}/newcomers":                                  "lets nobody in but by invitation",
	"POST /api/v1/groups/{handle}/archive":                                   "ends the group",
	"DELETE /api/v1/groups/{handle}/members/{member}":                        "removes the member",
	"POST /api/v1/groups/{handle}/invitations":                               "makes a link",
	"PUT /api/v1/groups/{handle}/members/{member}":                           "gives a role",
	"PUT /api/v1/campaigns/{handle}/demands/{number}":                        "takes a step of a demand",
	"PUT /api/v1/campaigns/{handle}/template":                                "empties what all events share",
	"PUT /api/v1/campaigns/{handle}/endorsements/{group}":                    "endorses, for which the group's own stewards speak",
	"DELETE /api/v1/me/groups/{handle}":                                      "leaves the group",
	"PUT /api/v1/me/requests/{handle}":                                       "asks to come in",
	"DELETE /api/v1/me/requests/{handle}":                                    "takes back what was not asked",
	"DELETE /api/v1/groups/{handle}/lineage/{member}":                        "removes the member",
	"PUT /api/v1/groups/{handle}/conduct/accepted":                           "agrees to the rules",
	"POST /api/v1/groups":                                                    "starts a group",
	"POST /api/v1/campaigns":                                                 "starts a campaign",
	"POST /api/v1/campaigns/{handle}/proposals":                              "proposes to host",
	"POST /api/v1/events/{id}/attendance":                                    "signs up",
	"PUT /api/v1/events/{id}/picture":                                        "gives it a picture",
	"PUT /api/v1/statements/{id}/picture":                                    "gives it a picture",
	"PUT /api/v1/campaigns/{handle}/picture":                                 "gives it a picture",
	"PUT /api/v1/events/{id}/place":                                          "empties the facts of the place",
	"DELETE /api/v1/events/{id}/picture":                                     "removes the picture",
	"POST /subscriptions/{secret}/leave":                                     "leaves again what is left: whoever knows a secret holds it",
	"POST /api/v1/alerts/subscribe":                                          "asks a program whether it wants alerts",
	"DELETE /api/v1/subscriptions/{secret}":                                  "leaves again what is left: whoever knows a secret holds it",
	"DELETE /api/v1/events/{id}/attendance/{secret}":                         "cancels again what is cancelled: whoever knows a secret holds it",
	"PUT /api/v1/events/{id}/attendance/{secret}/ride":                       "asks for a seat",
	"DELETE /api/v1/events/{id}/attendance/{secret}/ride":                    "takes back what was not asked for",
	"DELETE /api/v1/events/{id}/attendance/{secret}/ride/news":               "has seen news that there are not",
	"DELETE /api/v1/events/{id}/timeslots/{slot}":                            "removes the shift",
	"DELETE /api/v1/statements/{id}/picture":                                 "removes the picture",
	"DELETE /api/v1/campaigns/{handle}/picture":                              "removes the picture",
	"DELETE /api/v1/campaigns/{handle}/texts/{lang}":                         "removes a language that there is not",
	"PUT /api/v1/campaigns/{handle}/requests/{group}":                        "invites a group",
	"DELETE /api/v1/campaigns/{handle}/requests/{group}":                     "takes the invitation back",
	"POST /api/v1/campaigns/{handle}/ladder/publish":                         "publishes what is published",
	"POST /api/v1/campaigns/{handle}/ladder/simulate":                        "changes nothing",
	"PUT /api/v1/campaigns/{handle}/events/{event}":                          "puts the event under the campaign",
	"DELETE /api/v1/campaigns/{handle}/events/{event}":                       "takes the event out of the campaign",
	"DELETE /api/v1/campaigns/{handle}/owners/{group}":                       "the group leaves, for which its own stewards speak",
	"DELETE /api/v1/campaigns/{handle}/endorsements/{group}":                 "the group's name goes, for which its own stewards speak",
	"POST /api/v1/alerts/reports":                                            "reports something, which everybody may",
	"POST /api/v1/alerts/reports/{key}/notes":                                "adds to a report: whoever knows a key sent it",
	"POST /api/v1/alerts/networks":                                           "starts a network",
	"PUT /api/v1/alerts/networks/{handle}/requests/{group}":                  "asks the group that is asked",
	"PUT /api/v1/alerts/networks/{handle}/groups/{group}":                    "the group runs it, for which its own stewards speak",
	"DELETE /api/v1/alerts/networks/{handle}/groups/{group}":                 "the group does not, for which its own stewards speak",
	"DELETE /api/v1/alerts/networks/{handle}/verifiers/{person}":             "a verifier goes",
	"PUT /api/v1/alerts/networks/{handle}/call":                              "a verifier is called by mail",
	"POST /api/v1/alerts/networks/{handle}/shifts":                           "a verifier is on call",
	"DELETE /api/v1/alerts/networks/{handle}/verifiers/{person}/shifts/{id}": "takes back what was not planned",
	"POST /api/v1/alerts/queue/{handle}/cases/{case}":                        "takes a case on",
	"POST /api/v1/alerts/queue/{handle}/notes":                               "leaves a note",
	"POST /api/v1/alerts/queue/{handle}/official/{warning}":                  "reports an official warning",
	"PUT /api/v1/alerts/networks/{handle}/neighbours/{neighbour}":            "hears of it already",
	"DELETE /api/v1/alerts/networks/{handle}/neighbours/{neighbour}":         "hears of it no more",
	"PUT /api/v1/alerts/queue/{handle}/passed/{alert}":                       "passes an alert on",
	"DELETE /api/v1/alerts/queue/{handle}/passed/{alert}":                    "leaves an alert",
}

// TestAccess asks every route for every role.
func TestAccess(t *testing.T) {
	t.Parallel()
	first := newAccess(t)
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	data := first.Config.Data
	x, spare := first.copy(data), first.copy(data)
	bodies, queries := x.bodies()
	var lines []string
	for _, of := range []string{"", " of a draft", " of a coalition", withSignUp, withDoor, withInvitation, withProposal} {
		if holding[of] != nil {
			x = x.anew(first, data) // links end, and x waited long
		}
		for _, full := range withFormats(first.Site.Patterns()) {
			pattern, format, _ := strings.Cut(full, " as ")
			method, path, ok := x.path(pattern, of)
			if !ok {
				continue
			}
			path += format
			var b strings.Builder
			fmt.Fprintf(&b, "%s%s%s:", pattern, format, of)
			answers := map[int]bool{}
			for _, role := range x.roles {
				on := x
				if alters[pattern] != "" {
					on = spare
				}
				got := on.ask(role, method, path+queries[pattern], bodies[pattern])
				if got < 400 && on == spare {
					spare = spare.anew(first, data)
				}
				if method != "GET" && got < 400 && alters[pattern] == "" {
					t.Errorf("%s%s answers %d to %s: say in alters what it does", pattern, of, got, role)
				}
				fmt.Fprintf(&b, " %s %d", role, got)
				if role != "visitor" {
					answers[got] = true
				}
			}
			if holding[of] == nil && strings.HasPrefix(path, "/api/v1") && len(answers) == 1 && (answers[400] || answers[409] || answers[422]) {
				t.Errorf("%s: this does not tell who may; ask who may first, or say in whole what to send", b.String())
			}
			lines = append(lines, b.String())
		}
	}
	slices.Sort(lines)
	got := strings.Join(lines, "\n") + "\n"
	if *update {
		if err := os.WriteFile(accessFile, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(accessFile)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); d != "" {
		t.Errorf("who gets what has changed; read it, and write it with -update:\n%s", d)
	}
}

// TestDraftRoutesAreAbsent: to those who may not know, a draft answers as if it had
// never been, on each of its routes.
func TestDraftRoutesAreAbsent(t *testing.T) {
	t.Parallel()
	x := newAccess(t)
	for _, pattern := range x.Site.Patterns() {
		method, path, ok := x.path(pattern, " of a draft")
		if !ok || method != "GET" {
			continue
		}
		for _, role := range []string{"visitor", "account", "other", "operator"} {
			if got := x.ask(role, method, path, ""); got != 404 && (role != "visitor" || got != 303) && got != 401 {
				t.Errorf("%s gets %d for a draft at %s", role, got, pattern)
			}
		}
	}
}
