package app_test

import (
	"encoding/base64"
	"encoding/hex"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/feature/attendance"
	"convoke/internal/feature/events"
	"convoke/internal/feature/identity"
	"convoke/internal/id"
	"convoke/internal/web/webtest"
)

// hosts is a node that sends mail, with a group, its steward and one event.
type hosts struct {
	*stand
	steward *webtest.Browser
	by      authz.Actor
	group   id.Group
	in      events.Input
	event   id.Event
	slot    string
}

func newHosts(t *testing.T, capacity string) *hosts {
	t.Helper()
	cfg := settings(t, "")
	cfg.SMTPURL, cfg.MailFrom = "smtp://localhost:1", "post@riverside.example"
	h := &hosts{stand: start(t, cfg)}
	h.steward, h.by = h.signIn("sam")
	h.group = h.stand.group(h.by, "riverside", "Riverside Neighbours")
	h.in = meeting("Open assembly", h.clock.Now().AddDate(0, 0, 7).Format(time.DateOnly))
	h.in.Capacity = capacity
	h.event = h.stand.event(h.by, h.group, h.in)
	return h
}

func (h *hosts) page() string { return "/events/" + string(h.event) }

// signUp fills in the form as a visitor and returns the private secret.
func (h *hosts) signUp(party string, more ...string) string {
	h.t.Helper()
	v := h.visitor()
	key := v.Get(h.page()+"/attend").Want(h.t, 200, "").Attr("input[name=key]", "value")
	v.Post(h.page()+"/attend", append([]string{"key", key, "party", party}, more...)...).
		Want(h.t, 303, h.page()+"/attend/"+key+"?new=1")
	return key
}

// The event's page is made once a second while people sign up, and no later.
func TestNumbersFollowWithinASecond(t *testing.T) {
	t.Parallel()
	h := newHosts(t, "3")
	says := func(want string) {
		t.Helper()
		h.clock.Add(time.Second)
		if got := h.visitor().Get(h.page()).Want(t, 200, "").Text("section.attend p"); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	says("Be the first. 3 places are left.")
	mine := h.signUp("2")
	says("2 are coming. 1 place is left.")
	h.signUp("1")
	h.signUp("1")
	says("3 are coming. It is full. 1 waits.")
	h.visitor().Post(h.page()+"/attend/"+mine+"/cancel").Want(t, 200, "")
	says("2 are coming. 1 place is left.")
}

// Fewer places than people who have one are refused, beside the field, and
// more let those who wait move up.
func TestCapacityBelowThoseSignedUp(t *testing.T) {
	t.Parallel()
	h := newHosts(t, "3")
	h.signUp("3")
	waiting := h.signUp("2")
	in := h.in
	in.Title, in.Capacity = "Open assembly, smaller", "2"
	a := h.steward.Post(h.page()+"/edit", asForm(in, "sequence", "0")...).Want(t, 422, "")
	if got := a.Text("#capacity-error"); !strings.Contains(got, "3 people have signed up already") {
		t.Errorf("beside the field: %q", got)
	}
	if a.Attr("input#capacity", "value") != "2" || a.Attr("input#title", "value") != in.Title {
		t.Error("what was typed is lost")
	}
	if got := h.visitor().Get(h.page()).Text("h1"); got != "Open assembly" {
		t.Errorf("half saved: %q", got)
	}
	in.Capacity = "5"
	h.steward.Post(h.page()+"/edit", asForm(in, "sequence", "0")...).Want(t, 303, h.page()+"?saved=1")
	if got := h.visitor().Get(h.page() + "/attend/" + waiting).Text("h1"); got != "You are coming" {
		t.Errorf("with more places: %q", got)
	}
}

func TestSignUpAtASuspendedGroup(t *testing.T) {
	t.Parallel()
	h := newHosts(t, "")
	if err := h.Groups.Suspend(t.Context(), h.by, "riverside", true); err != nil { // sam is the operator too
		t.Fatal(err)
	}
	absent := "/events/" + h.IDs.New() + "/attend"
	v := h.visitor()
	for _, f := range []func(string) webtest.Answer{
		func(to string) webtest.Answer { return v.Get(to) },
		func(to string) webtest.Answer { return v.Post(to, "key", h.IDs.Secret(), "party", "1") },
	} {
		there, never := f(h.page()+"/attend").Want(t, 404, ""), f(absent)
		if there.Text("main p") != never.Text("main p") || there.Status != never.Status {
			t.Errorf("it tells: %q, %q", there.Text("main p"), never.Text("main p"))
		}
	}
}

var getRoute = regexp.MustCompile(`\.(?:Handle|Raw)\("GET (/[^"]*)"`)

// getRoutes are those of the whole program, as its source mounts them.
func getRoutes(t *testing.T) []string {
	t.Helper()
	var out []string
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		b, err := os.ReadFile(path)
		for _, m := range getRoute.FindAllSubmatch(b, -1) {
			out = append(out, string(m[1]))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(out) < 30 {
		t.Fatalf("only %d routes found", len(out))
	}
	return out
}

// addresses fills the wildcards of a route with what exists, but for secrets:
// nobody here holds a private link.
func (h *hosts) addresses(t *testing.T, route string) []string {
	t.Helper()
	fill := strings.NewReplacer("/{$}", "/", "/me/sessions/{id}", "/me/sessions/"+h.IDs.New(), "{id}", string(h.event),
		"{item}", h.IDs.New(), "{amendment}", h.IDs.New(), "{case}", h.IDs.New(), "{subject}", h.IDs.New(), "{photo}", strings.Repeat("0", 64), "{step}", "new",
		"{handle}", "riverside", "{slug}", "no-petition", "{member}", "mia", "{secret}", h.IDs.Secret(), "{link}", h.IDs.Secret(), "{key}", strings.Repeat("0", 64),
		"{z}", "0", "{x}", "0", "{y}", "0", "{slot}", h.slot, "{lang}", "es", "{text}", "0", "{answer}", strings.Repeat("A", 43),
		"{path...}", "entries/000", "{leaf}", strings.Repeat("0", 64))
	path := fill.Replace(route)
	if strings.ContainsAny(path, "{}") {
		t.Fatalf("do not know how to fill %s", route)
	}
	out := []string{path, path + "?q=canary", path + "?needs=1&attendees=1&all=1&format=json"}
	if route == "/events/{id}" {
		out = append(out, path+".ics", path+".json", path+".csv", path+".atom", path+"/attendees", path+"/attend.json", path+"/attend.csv")
	}
	return out
}

// Nobody can list who comes: not a visitor, not a member, not the organizer of
// the event, not the operator of the node, at any address that there is.
func TestNoRouteListsWhoComes(t *testing.T) {
	t.Parallel()
	h := newHosts(t, "50")
	h.slot = h.IDs.Secret()
	start := h.clock.Now().Add(24 * time.Hour)
	err := h.Attendance.AddSlot(t.Context(), h.event, h.slot, start, start.Add(48*time.Hour), attendance.SlotInput{
		Title: "Morning shift", StartDate: start.Format(time.DateOnly), StartTime: "10:00", EndTime: "12:00",
	})
	if err != nil {
		t.Fatal(err)
	}
	secret := h.signUp("3", "email", "canary-91c4@example.org", "need", "interpreting", "slot", h.slot)
	canaries := []string{"canary-91c4", secret, hex.EncodeToString(id.Hash(secret)), base64.StdEncoding.EncodeToString(id.Hash(secret))}
	h.clock.Add(time.Second)
	who := map[string]*webtest.Browser{"visitor": h.visitor(), "operator and steward": h.steward}
	who["member"], who["organizer"] = h.member("mia", authz.Member), h.member("omar", authz.Organizer)
	for name, b := range who {
		shown := 0
		for _, route := range getRoutes(t) {
			for _, path := range h.addresses(t, route) {
				for _, accept := range []string{"text/html", "application/json"} {
					a := b.Get(path, "Accept", accept)
					if a.Status == 200 {
						shown++
					}
					for _, c := range canaries {
						if strings.Contains(a.Body, c) || strings.Contains(strings.Join(a.Header.Values("Location"), " "), c) {
							t.Errorf("%s finds %q at %s", name, c, path)
						}
					}
				}
			}
		}
		if shown < 60 {
			t.Errorf("%s was shown only %d pages", name, shown)
		}
		// How many need what is for those who prepare the event.
		sees := strings.Contains(b.Get(h.page()).Text("section.attend"), "What people need")
		if want := name != "visitor" && name != "member"; sees != want {
			t.Errorf("%s sees the needs: %v", name, sees)
		}
	}
	// Whoever has the link sees it all, so the search is not blind.
	if a := h.visitor().Get(h.page() + "/attend/" + secret); !strings.Contains(a.Body, canaries[0]) || !strings.Contains(a.Body, secret) {
		t.Error("the holder does not see their own sign-up")
	}
}

// member makes an account with a role in the group.
func (h *hosts) member(handle string, role authz.Role) *webtest.Browser {
	h.t.Helper()
	ctx := h.t.Context()
	var secret string
	err := h.DB.Write(ctx, func(tx *db.Tx) (err error) {
		secret, err = h.Identity.Invite(ctx, tx, identity.InviteInput{Group: &h.group, Role: string(role), MadeBy: h.by.Person})
		return err
	})
	if err != nil {
		h.t.Fatal(err)
	}
	j, err := h.Identity.AcceptNew(ctx, secret, "", handle, 0)
	if err != nil {
		h.t.Fatal(err)
	}
	return h.visitor().WithSession(j.Session)
}

// A suspended group's event takes no sign-ups and does not tell that it is there.
func TestSuspendedGroupTakesNoSignUps(t *testing.T) {
	t.Parallel()
	h := newHosts(t, "50")
	h.steward.Post("/groups/riverside/suspend", "suspended", "1").Want(t, 303, "/groups/riverside")
	b := h.visitor()
	b.Get(h.page()+"/attend").Want(t, 404, "")
	b.Post(h.page()+"/attend", "key", h.IDs.Secret(), "party", "1").Want(t, 404, "")
	if n, _, err := h.Attendance.Numbers(t.Context(), h.event); err != nil || n.Going != 0 {
		t.Errorf("%d are going, %v", n.Going, err)
	}
	h.steward.Post("/groups/riverside/suspend", "suspended", "0").Want(t, 303, "/groups/riverside")
	b.Post(h.page()+"/attend", "key", h.IDs.Secret(), "party", "1")
	if n, _, err := h.Attendance.Numbers(t.Context(), h.event); err != nil || n.Going != 1 {
		t.Errorf("%d are going after the suspension, %v", n.Going, err)
	}
}
