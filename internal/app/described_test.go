package app_test

import (
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"

	"convoke/internal/api/apitest"
)

// described is a node whose operations are asked by their names in the description.
type described struct {
	*access
	c   *apitest.Client
	ops map[string]string // patterns by names
	// taken are the first bodies that operations took.
	taken map[string]obj
}

// obj is JSON that is sent, or that came.
type obj = map[string]any

func describe(x *access) *described {
	x.t.Helper()
	d := &described{x, apitest.New(x.t, x.Site), map[string]string{}, map[string]obj{}}
	for pattern, op := range x.operations() {
		d.ops[op.OperationID] = pattern
	}
	return d
}

// operations are all of the description, by their patterns.
func (s *stand) operations() map[string]*openapi3.Operation {
	s.t.Helper()
	raw, err := s.API.OpenAPI()
	if err != nil {
		s.t.Fatal(err)
	}
	doc, err := openapi3.NewLoader().LoadFromData(raw)
	if err != nil {
		s.t.Fatal(err)
	}
	out := map[string]*openapi3.Operation{}
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			out[method+" "+path] = op
		}
	}
	return out
}

var unfilled = regexp.MustCompile(`\{\w+\}`)

// do asks an operation with the token of a role, and wants it to succeed. names are
// the values of the wildcards of its path, in their order.
func (d *described) do(role, op string, body any, names ...string) obj {
	d.t.Helper()
	method, path, _ := strings.Cut(d.ops[op], " ")
	for _, v := range names {
		at := unfilled.FindStringIndex(path)
		path = path[:at[0]] + v + path[at[1]:]
	}
	a := d.c.As(d.tokens[role]).Do(method, strings.TrimPrefix(path, "/api/v1"), body, "Idempotency-Key", d.IDs.Secret())
	var out obj
	switch {
	case a.Status >= 300:
		d.t.Errorf("%s as %s at %s: %d %s", op, role, path, a.Status, a.Body)
	case a.Status != http.StatusNoContent:
		a.Want(a.Status, &out)
	}
	if o, ok := body.(obj); ok && d.taken[op] == nil {
		d.taken[op] = maps.Clone(o)
	}
	return out
}

// in finds a text or a number in JSON: "offers.0.id".
func in(o obj, path string) string {
	var v any = o
	for name := range strings.SplitSeq(path, ".") {
		switch x := v.(type) {
		case obj:
			v = x[name]
		case []any:
			var n int
			if _, err := fmt.Sscan(name, &n); err != nil || n >= len(x) {
				return ""
			}
			v = x[n]
		}
	}
	return fmt.Sprint(v)
}

func (d *described) day(n int) string { return d.clock.Now().AddDate(0, 0, n).Format(time.DateOnly) }

// someEvent is one that takes place after n days.
func (d *described) someEvent(n int, more ...obj) obj {
	body := obj{
		"title": "Riverside clean-up", "kind": "mutual_aid", "state": "confirmed", "near": "Leipzig", "lang": "en",
		"start_date": d.day(n), "start_time": "10:00", "end_time": "14:00",
	}
	for _, m := range more {
		for k, v := range m {
			body[k] = v
		}
	}
	return body
}

// TestOperationsAsDescribed: each operation of the API succeeds at least once, and its
// request and its answer are as the description says.
func TestOperationsAsDescribed(t *testing.T) {
	t.Parallel()
	first := newAccess(t)
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	d := describe(first.copy(first.Config.Data))
	d.steps()
	d.restAsDescribed(first)
	for op, pattern := range d.ops {
		if !d.c.Done(op) {
			t.Errorf("%s, %s, has never succeeded", op, pattern)
		}
	}
}

// steps ask most operations, each with what the ones before it made.
func (d *described) steps() {
	d.groupsAsDescribed()
	d.membersAsDescribed()
	d.campaignsAsDescribed()
	d.assembliesAsDescribed()
	d.laddersAsDescribed()
	d.subscriptionsAsDescribed()
	d.mailingsAsDescribed()
	d.statementsAsDescribed()
	d.petitionsAsDescribed()
	d.pledgesAsDescribed()
	d.coalitionsAsDescribed()
	d.pollsAsDescribed()
	d.candidatesAsDescribed()
	d.alertsAsDescribed()
	d.hooksAsDescribed()
	d.timesAsDescribed()
	d.helpersAsDescribed()
	d.eventsAsDescribed()
}

// restAsDescribed asks what is left with the least that tells who may, as [TestAccess]
// does, on a node that is made anew after each that succeeds.
func (d *described) restAsDescribed(first *access) {
	d.t.Helper()
	bodies, queries := d.bodies()
	spare := first.copy(first.Config.Data)
	for _, op := range slices.Sorted(maps.Keys(d.ops)) {
		for _, who := range []string{"steward", "organizer", "account", "other"} {
			for _, of := range []string{"", " of a draft"} {
				method, path, ok := spare.path(d.ops[op], of)
				if !ok || d.c.Done(op) {
					continue
				}
				c := d.c.As(spare.tokens[who])
				c.Site = spare.Site
				path = strings.TrimPrefix(path, "/api/v1") + queries[d.ops[op]]
				c.Do(method, path, d.sent(bodies[d.ops[op]]), "Idempotency-Key", d.IDs.Secret())
				if c.Done(op) && method != "GET" {
					spare = spare.anew(first, first.Config.Data)
				}
			}
		}
	}
}

// sent is a body of [access.bodies] as [apitest.Client.Do] takes it.
func (d *described) sent(body string) any {
	switch {
	case body == "":
		return nil
	case strings.HasPrefix(body, formBegins):
		return apitest.File{Field: "picture", Name: "a.png", Data: picture(d.t)}
	}
	return body
}

func (d *described) groupsAsDescribed() {
	g := d.do("steward", "getGroup", nil, "riverside")
	d.do("steward", "changeGroup", obj{"name": "Riverside Neighbours", "place": "Leipzig", "langs": []string{"de"}, "version": in(g, "version")}, "riverside")
	a := d.do("steward", "announce", obj{"title": "Keys", "body": "The keys are with Ana."}, "riverside")
	d.do("steward", "retractAnnouncement", nil, "riverside", in(a, "id"))
	d.do("steward", "invite", obj{"role": "member"}, "riverside")
	d.do("steward", "revokeInvitation", nil, "riverside", in(d.do("steward", "listInvitations", nil, "riverside"), "items.0.id"))
	d.do("account", "askToJoin", obj{"conduct": 1, "note": "I live next door."}, "riverside")
	asked := d.do("steward", "listJoinRequests", nil, "riverside")
	d.do("steward", "answerJoinRequest", obj{"answer": "accept"}, "riverside", in(asked, "items.0.id"))
}

func (d *described) campaignsAsDescribed() {
	const c = "clear-water"
	d.do("steward", "createCampaign", obj{"handle": c, "group": "riverside", "title": "Clear water", "lang": "en", "state": "open"})
	d.do("steward", "changeCampaign", obj{"title": "Clear water", "lang": "en", "state": "open", "statement": "We swim.", "sequence": 0}, c)
	d.do("steward", "addDemand", obj{"text": "A filter", "addressee": "The town council"}, c)
	now := d.do("steward", "setPoints", obj{"version": 0, "text": "Nobody is hurt."}, c)
	d.do("visitor", "getPoints", nil, c, "1")
	d.do("steward", "setCampaignText", obj{"title": "Agua clara", "statement": "Nadamos.", "sequence": now["sequence"]}, c, "es")
	p := d.do("visitor", "proposeHosting", obj{"near": "Leipzig", "day": d.day(14), "start": "10:00"}, c)
	d.do("visitor", "getProposal", nil, c, in(p, "secret"))
	d.do("steward", "answerProposal", obj{"accept": true, "group": "riverside"}, c, in(d.do("steward", "listProposals", nil, c), "hosts.0.id"))
	d.do("account", "helpWithHosting", nil, c, in(p, "secret"))
	d.do("steward", "askToOwn", nil, c, "hill")
	d.do("other", "agreeToOwn", nil, c, "hill")
	e := d.do("other", "createEvent", d.someEvent(14, obj{"campaign": "open-doors"}), "hill")
	d.do("steward", "answerEvent", obj{"accept": true}, "open-doors", in(e, "id"))
}

func (d *described) statementsAsDescribed() {
	body := obj{"title": "We say so", "markdown": "So it is.", "lang": "en", "day": d.day(0), "state": "published"}
	s := d.do("steward", "createStatement", body, "riverside")
	body["markdown"], body["note"], body["sequence"] = "So it was.", "A word.", s["sequence"]
	s = d.do("steward", "changeStatement", body, in(s, "id"))
	s = d.do("steward", "translateStatement", obj{"title": "Lo decimos", "markdown": "Así fue.", "sequence": s["sequence"]}, in(s, "id"), "es")
	d.do("steward", "withdrawStatement", obj{"why": "It was not so.", "sequence": s["sequence"]}, in(s, "id"))
}

func (d *described) petitionsAsDescribed() {
	body := obj{"addressee": "The town council", "title": "A bridge", "markdown": "Please.", "lang": "en", "stages": "100", "gate": "browser"}
	p := d.do("steward", "createPetition", body, "riverside")
	slug := in(p, "slug")
	body["markdown"], body["sequence"] = "Please build it.", p["sequence"]
	p = d.do("steward", "changePetition", body, slug)
	p = d.do("steward", "translatePetition", obj{"title": "Un puente", "markdown": "Por favor.", "addressee": "El ayuntamiento", "sequence": p["sequence"]}, slug, "es")
	d.do("steward", "openPetition", obj{"sequence": p["sequence"]}, slug)
	d.do("steward", "amendPetition", obj{"markdown": "Of wood."}, slug)
	d.do("steward", "tellFollowers", obj{"markdown": "We go there."}, slug)
	d.do("steward", "deliverPetition", obj{"markdown": "We were there."}, slug)
	d.do("steward", "answerPetition", obj{"markdown": "They will."}, slug)
}

func (d *described) pledgesAsDescribed() {
	body := obj{
		"title": "Tools", "body": "One each.", "lang": "en", "kind": "bring", "gate": "browser", "split": "all", "people": 3, "day": d.day(8), "time": "18:00",
	}
	p := d.do("steward", "createPledge", body, "riverside")
	body["body"], body["sequence"] = "One each, and clean.", p["sequence"]
	changed := d.do("steward", "changePledge", body, in(p, "slug"))
	if !strings.Contains(in(changed, "text"), "and clean") {
		d.t.Errorf("the pledge says %s", in(changed, "text"))
	}
	d.do("steward", "openPledge", obj{"sequence": changed["sequence"]}, in(p, "slug"))
	d.do("steward", "ownPledge", obj{"group": "hill", "do": "ask"}, in(p, "slug"))
}

func (d *described) coalitionsAsDescribed() {
	body := obj{
		"group": "riverside", "band": 1, "name": "Lakes and rivers", "handle": "lakes", "points": "We share the water.", "place": "Leipzig",
		"weights": "bands", "polls": "open", "entry": "apply", "seats": 2, "notice": 7,
	}
	x := d.do("steward", "startCoalition", body)
	d.do("visitor", "listCoalitions", nil)
	d.do("visitor", "getCoalition", nil, "lakes")
	d.do("steward", "changeCoalition", obj{"weights": "group", "polls": "open", "entry": "apply", "seats": 3, "notice": 7, "sequence": x["sequence"]}, "lakes")
	d.do("other", "changeCoalitionGroup", obj{"group": "hill", "do": "apply", "version": 1, "band": 0}, "lakes")
	d.do("steward", "changeCoalitionGroup", obj{"group": "hill", "do": "accept"}, "lakes")
	m := d.do("other", "appointDelegate", obj{"coalition": "lakes", "person": "the-other", "mandate": "free", "day": d.day(90)}, "hill")
	d.do("visitor", "listDelegates", nil, "lakes")
	d.do("other", "changeMandate", obj{"do": "recall"}, "hill", in(m, "id"))
	d.do("steward", "changePointsOfUnity", obj{"version": 1, "points": "We share the water and the wood."}, "lakes")
	d.do("steward", "changeWorkingGroup", obj{"group": "hill", "do": "ask", "purpose": "Benches"}, "lakes")
	d.do("visitor", "listWorkingGroups", nil, "lakes")
}

func (d *described) hooksAsDescribed() {
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }))
	defer receiver.Close()
	d.Webhooks.Sender = local{receiver.URL}
	h := in(d.do("steward", "addWebhook", obj{"url": "https://hooks.example.org/in", "kinds": []string{"event.published"}}, "riverside"), "id")
	if _, err := d.Jobs.RunPending(d.t.Context()); err != nil {
		d.t.Fatal(err)
	}
	sent := d.do("steward", "listDeliveries", nil, "riverside", h)
	d.do("steward", "replayDelivery", nil, "riverside", h, in(sent, "items.0.id"))
	d.do("steward", "enableWebhook", nil, "riverside", h)
	d.do("steward", "removeWebhook", nil, "riverside", h)
}

func (d *described) timesAsDescribed() {
	e := in(d.do("steward", "createEvent", d.someEvent(30), "riverside"), "id")
	slot := obj{"title": "Early", "start_date": d.day(30), "start_time": "10:00", "end_time": "12:00"}
	s := d.do("steward", "addTimeslot", slot, e)
	slot["title"] = "First"
	d.do("steward", "changeTimeslot", slot, e, in(s, "id"))
	shifts := []obj{{"title": "Late", "start": "12:00", "end": "14:00"}}
	d.do("steward", "fillTimeslots", obj{"from": d.day(30), "to": d.day(30), "shifts": shifts}, e)
	e = in(d.do("steward", "createEvent", d.someEvent(40), "riverside"), "id")
	d.do("steward", "repeatEvent", obj{"unit": "week", "end": "times", "times": 3}, e)
	d.do("steward", "endSeries", obj{"scope": "after", "series_version": d.do("steward", "getEvent", nil, e)["series"].(obj)["version"]}, e)
}

func (d *described) helpersAsDescribed() {
	e := d.values["/events/{id}"]
	d.do("steward", "inviteManager", obj{}, e)
	all := d.do("steward", "listManagers", nil, e)
	d.do("steward", "revokeManagerLink", nil, e, in(all, "links.0.id"))
	d.do("steward", "endManager", nil, e, in(all, "managers.0.id"))
	d.do("roster", "stopHelping", nil, in(d.do("roster", "listMyHelping", nil), "items.0.id"))
}

// eventsAsDescribed goes through an event to its end, which moves the clock.
func (d *described) eventsAsDescribed() {
	e := d.do("steward", "createEvent", d.someEvent(7), "riverside")
	at := in(e, "id")
	e = d.do("steward", "changeEvent", d.someEvent(7, obj{"title": "Clean-up", "sequence": e["sequence"]}), at)
	e = d.do("steward", "setProgramme", obj{"roles": []obj{{"role": "marshal", "people": 2}}, "sequence": e["sequence"]}, at)
	d.do("steward", "translateEvent", obj{"title": "Limpieza", "sequence": e["sequence"]}, at, "es")
	door := d.do("steward", "addDoor", obj{"name": "Gate"}, at)
	guest := d.do("visitor", "signUp", obj{"party": 2}, at)
	g, other := in(guest, "secret"), in(d.do("visitor", "signUp", obj{"party": 2}, at), "secret")
	d.do("visitor", "changeSignUp", obj{"party": 3}, at, g)
	d.do("visitor", "getSignUp", nil, at, g)
	d.do("steward", "tellAll", obj{"text": "Bring gloves."}, at)
	d.rolesAsDescribed(at, g)
	d.ridesAsDescribed(at, g, other)

	d.clock.Add(7*24*time.Hour - 4*time.Hour) // 10:00 at the place
	gate, code := in(door, "secret"), in(guest, "door.code")
	came := d.do("visitor", "checkIn", obj{"code": code}, gate)
	d.do("visitor", "getDoor", nil, gate)
	d.do("visitor", "setArrived", obj{"code": code, "people": 2}, gate)
	d.do("visitor", "undoArrival", nil, gate, in(came, "id"))
	d.do("visitor", "checkIn", obj{"walk_ins": 30}, gate)
	d.do("steward", "revokeDoor", nil, at, in(door, "number"))

	d.clock.Add(8 * time.Hour)
	d.do("visitor", "giveFeedback", obj{"mood": "good"}, at, g)
	d.do("visitor", "getFeedback", nil, at, g)
	d.do("steward", "publishArrivals", obj{"high": 40}, at)
	d.do("steward", "addEstimate", obj{"low": 30, "high": 40, "method": "eye", "source_name": "The neighbours"}, at)
}

func (d *described) rolesAsDescribed(at, guest string) {
	d.do("visitor", "getOwnRoles", nil, at, guest)
	d.do("visitor", "offerRole", obj{}, at, guest, "marshal")
	d.do("steward", "setRoleRule", obj{"confirmers": 1}, at)
	offer := d.do("steward", "listRoleOffers", nil, at, "marshal")
	d.do("steward", "answerRoleOffer", obj{"answer": "confirm"}, at, "marshal", in(offer, "items.0.code"))
	d.do("visitor", "withdrawRole", nil, at, guest, "marshal")
}

func (d *described) ridesAsDescribed(at, driver, rider string) {
	car := obj{"from": "Dresden, Germany", "meeting": "Main station", "date": d.day(7), "time": "08:00", "seats": 4}
	bus := in(d.do("steward", "addBus", car, at), "offer.id")
	mine := in(d.do("visitor", "arrangeRide", obj{"offer": car}, at, driver), "offer.offer.id")
	d.do("visitor", "arrangeRide", obj{"seats": []obj{{"offer": bus, "seats": 1}, {"offer": mine, "seats": 1}}}, at, rider)
	d.do("visitor", "getRide", nil, at, rider)
	d.do("visitor", "sayInRide", obj{"offer": mine, "say": "late10"}, at, rider)
	d.do("steward", "tellRiders", obj{"say": "late20"}, at, bus)
	d.do("visitor", "reportRide", nil, at, rider, mine)
	d.do("steward", "getRideDesk", nil, at)
	d.do("steward", "answerRideReport", obj{"answer": "remove", "reason": "It asks for money."}, at, mine)
	d.do("visitor", "putRideNewsAway", nil, at, driver)
	d.do("visitor", "endRide", nil, at, rider)
	d.do("steward", "removeBus", nil, at, bus)
}
