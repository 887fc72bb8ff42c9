package app_test

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/feature/attendance"
	"convoke/internal/feature/grants"
	"convoke/internal/id"
	"convoke/internal/web/webtest"
)

// come signs somebody up and returns their private page.
func (h *helpers) come(e id.Event, in attendance.Input) string {
	h.t.Helper()
	secret := h.IDs.Secret()
	if in.Party == 0 {
		in.Party = 1
	}
	if _, err := h.Attendance.SignUp(h.t.Context(), e, secret, in); err != nil {
		h.t.Fatal(err)
	}
	return page(e) + "/attend/" + secret
}

// name lets mia see the sign-ups of the event.
func (h *helpers) name(e id.Event) {
	h.t.Helper()
	h.sam.Post(page(e)+"/people/name", "member", "mia").Want(h.t, 303, page(e)+"/people")
}

// words gives mia's session a proof of now.
func (h *helpers) words(who string) {
	h.t.Helper()
	h.DBExec("update session set proved_at = $1 where person_id = $2", h.clock.Now().UnixMicro(), string(h.by[who].Person))
}

func (h *helpers) noted(action string) int {
	h.t.Helper()
	return h.count("select count(*) from audit where action = $1", action)
}

var shownCode = regexp.MustCompile(`\b[0-9a-z]{4}-[0-9a-z]{4}\b`)

// A member who was named sees sign-ups; no role does. Each look is noted, once.
func TestRoster(t *testing.T) {
	t.Parallel()
	eachHelpers(t, func(t *testing.T, h *helpers) {
		url := page(h.event) + "/roster"
		mine := h.come(h.event, attendance.Input{Party: 3, Needs: []string{"seating"}, Email: "canary@example.org", Lang: "en"})
		for range 59 {
			h.come(h.event, attendance.Input{})
		}
		h.come(h.other, attendance.Input{})
		refused := func() {
			t.Helper()
			for who, b := range map[string]*webtest.Browser{"steward": h.sam, "organizer": h.robin, "member": h.mia, "account": h.ana} {
				for path, do := range map[string]func(string, ...string) webtest.Answer{
					url: func(p string, _ ...string) webtest.Answer { return b.Get(p) }, url + "/address": b.Post, url + "?again=1": b.Post,
				} {
					if a := do(path); a.Status != 404 || a.Text("h1") != h.visitor().Get("/nothing").Text("h1") {
						t.Errorf("%s gets %d at %s", who, a.Status, path)
					}
				}
			}
			h.visitor().Get(url).Want(t, 303, "/sign-in?next="+strings.ReplaceAll(url, "/", "%2F"))
		}
		refused()
		h.name(h.event)

		// The words first, and nothing is noted meanwhile.
		h.clock.Add(10 * time.Minute)
		a := h.mia.Get(url+"?after="+strings.Repeat("0", 32)).Want(t, 200, "")
		if len(a.All("#passphrase")) != 1 || len(a.All("table")) != 0 || h.noted(grants.ActLook) != 0 {
			t.Errorf("sign-ups are shown without the words: %s", a.Text("main"))
		}
		if v := a.Attr("main input[name=after]", "value"); v != strings.Repeat("0", 32) {
			t.Errorf("the place in the list is lost: %q", v)
		}
		h.mia.Post(url, "passphrase", "wrong").Want(t, 422, "")
		h.mia.Post(url+"/address", "sign_up", strings.Repeat("0", 32)).Want(t, 303, url)
		h.words("mia")

		// Pages of fifty, of this event alone, without addresses.
		first := h.mia.Get(url).Want(t, 200, "")
		codes := shownCode.FindAllString(first.Text("tbody"), -1)
		if n := len(first.All("tbody tr")); n != 50 || first.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%d sign-ups, %s", n, first.Header.Get("Cache-Control"))
		}
		next := first.Attr("nav.pager a", "href")
		second := h.mia.Get(next).Want(t, 200, "")
		if n := len(second.All("tbody tr")); n != 10 || len(second.All("nav.pager")) != 0 {
			t.Errorf("%d sign-ups on the second page", n)
		}
		both := first.Body + second.Body
		if strings.Contains(both, "canary") || !strings.Contains(both, "Somewhere to sit") || strings.Count(both, "<script") != strings.Count(h.mia.Get("/me/codes").Body, "<script")*2 {
			t.Error("an address, no need, or a script is on the pages")
		}
		codes = append(codes, shownCode.FindAllString(second.Text("tbody"), -1)...)
		if len(unique(codes)) != 60 {
			t.Errorf("%d different codes", len(unique(codes)))
		}
		if n := h.noted(grants.ActLook); n != 2 {
			t.Errorf("%d looks are noted", n)
		}

		// The private page tells the same code, and who sees it since when.
		own := shownCode.FindString(h.visitor().Get(mine).Want(t, 200, "").Text("section.notice"))
		row := ""
		for _, p := range []webtest.Answer{first, second} {
			for _, tr := range p.All("tbody tr") {
				if strings.HasPrefix(webtest.Text(tr), own) {
					row = webtest.Text(tr)
					for _, in := range p.All("tbody input[name=sign_up]") {
						if v := webtest.Attr(in, "value"); strings.HasPrefix(id.Code(unhex(t, v)), own) {
							one := h.mia.Post(url+"/address", "sign_up", v).Want(t, 200, "")
							if text := one.Text("main"); !strings.Contains(text, "canary@example.org") || one.Header.Get("Cache-Control") != "no-store" {
								t.Errorf("one sign-up says %s", text)
							}
						}
					}
				}
			}
		}
		if !strings.Contains(row, "Coming") || !strings.Contains(row, "3") || h.noted(grants.ActAddress) != 1 {
			t.Errorf("the row is %q, %d addresses are noted", row, h.noted(grants.ActAddress))
		}
		for _, bad := range []string{"", "x", strings.Repeat("0", 32)} {
			h.mia.Post(url+"/address", "sign_up", bad).Want(t, 404, "")
		}
		if n := h.noted(grants.ActAddress); n != 1 {
			t.Errorf("%d addresses are noted after none was shown", n)
		}
		for _, path := range []string{url + ".csv", url + ".json", "/api/v1" + url, page(h.other) + "/roster"} {
			h.mia.Get(path).Want(t, 404, "")
		}

		// Stewards see who looked, organizers do not.
		if text := h.sam.Get(page(h.event) + "/people").Text("tbody"); !strings.Contains(text, "mia 2 1") {
			t.Errorf("the stewards see %q", text)
		}
		if a := h.robin.Get(page(h.event) + "/people"); len(a.All("tbody")) != 0 || len(a.All("#member")) != 0 {
			t.Errorf("organizers see who looked, or may name somebody: %s", a.Text("main"))
		}
		if text := h.sam.Get(page(h.other) + "/people").Text("tbody"); text != "" {
			t.Errorf("another event's page says %q", text)
		}

		// It ends with the membership, and does not come back with it.
		if err := h.Groups.Leave(t.Context(), h.by["mia"], "riverside"); err != nil {
			t.Fatal(err)
		}
		refused()
		h.join("mia", authz.Member)
		refused()
		if a := h.visitor().Get(mine); strings.Contains(a.Text("main"), "@mia") {
			t.Error("somebody is named who sees nothing any more")
		}
	})
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	var out []byte
	if _, err := fmt.Sscanf(s, "%x", &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func unique(all []string) map[string]bool {
	out := map[string]bool{}
	for _, s := range all {
		out[s] = true
	}
	return out
}

// Who may see sign-ups is said before people sign up, on private pages, and by mail
// to those who had signed up before.
func TestRosterStewardsAreNamed(t *testing.T) {
	t.Parallel()
	eachHelpers(t, func(t *testing.T, h *helpers) {
		ctx, form := t.Context(), page(h.event)+"/attend"
		mine := h.come(h.event, attendance.Input{Email: "early@example.org", Lang: "en"})
		h.come(h.event, attendance.Input{})
		for _, path := range []string{form, mine} {
			if text := h.visitor().Get(path).Want(t, 200, "").Text("main"); strings.Contains(text, "can see sign-ups") {
				t.Errorf("%s names somebody: %s", path, text)
			}
		}
		if text := h.visitor().Get(form).Text("form"); !strings.Contains(text, "Nobody can list who comes") {
			t.Error(text)
		}
		h.clock.Add(24 * time.Hour)
		h.words("sam")
		before := len(h.sink.Messages())
		h.name(h.event)
		h.name(h.event) // sent twice
		for _, path := range []string{form, mine} {
			if text := h.visitor().Get(path).Text("main"); !strings.Contains(text, "@mia can see sign-ups of this event, since May 3, 2026.") ||
				strings.Contains(text, "Nobody can list") {
				t.Errorf("%s says %s", path, text)
			}
		}
		if n := h.noted(grants.ActName); n != 1 {
			t.Errorf("noted %d times", n)
		}
		for range 4 {
			if _, err := h.Jobs.RunPending(ctx); err != nil {
				t.Fatal(err)
			}
		}
		mails := h.sink.Messages()[before:]
		if len(mails) != 1 || !strings.Contains(mails[0].Text, "@mia can see sign-ups") {
			t.Errorf("mails: %+v", mails)
		}
		// The page is linked for those who are named, and for nobody else.
		link := "a[href=" + page(h.event) + "/roster]"
		for who, b := range map[string]*webtest.Browser{"visitor": h.visitor(), "sam": h.sam, "robin": h.robin, "ana": h.ana} {
			for _, path := range []string{page(h.event), form, "/events", "/groups/riverside"} {
				if a := b.Get(path); len(a.All(link)) != 0 {
					t.Errorf("%s is shown the way at %s", who, path)
				}
			}
		}
		if len(h.mia.Get(page(h.event)).All(link)) != 1 || len(h.mia.Get("/me").All(link)) != 1 {
			t.Error("who is named is not shown the way")
		}
	})
}

// Only a steward names, with the words, a member, and three at most.
func TestNamingRosterStewards(t *testing.T) {
	t.Parallel()
	eachHelpers(t, func(t *testing.T, h *helpers) {
		url := page(h.event) + "/people"
		h.robin.Post(url+"/name", "member", "mia").Want(t, 403, "")
		h.mia.Post(url+"/name", "member", "mia").Want(t, 403, "")
		h.clock.Add(10 * time.Minute)
		a := h.sam.Post(url+"/name", "member", "mia").Want(t, 422, "")
		if len(a.All("#passphrase")) != 1 || a.Attr("#member", "value") != "mia" {
			t.Errorf("the words are not asked for: %s", a.Text("main"))
		}
		h.words("sam")
		h.signIn("lee.unusual") // has an account, and is no member
		unknown := h.sam.Post(url+"/name", "member", "zoe.unusual").Want(t, 422, "")
		known := h.sam.Post(url+"/name", "member", "lee.unusual").Want(t, 422, "")
		if strings.ReplaceAll(keyless(known.Body), "lee", "") != strings.ReplaceAll(keyless(unknown.Body), "zoe", "") {
			t.Error("a known and an unknown handle are answered differently")
		}
		h.sam.Post(url+"/name", "member", " ").Want(t, 422, "")
		if n := h.grants(); n != 0 {
			t.Errorf("%d grants", n)
		}
		h.join("ana", authz.Member)
		for _, who := range []string{"mia", "@Robin", "sam"} {
			h.sam.Post(url+"/name", "member", who).Want(t, 303, url)
		}
		h.sam.Post(url+"/name", "member", "ana").Want(t, 422, "")
		if n := h.grants(); n != 3 {
			t.Errorf("%d grants", n)
		}
		if a := h.sam.Get(url); len(a.All("#member")) != 0 {
			t.Error("a fourth can be named")
		}
		// An organizer can end it, at once.
		gid := h.column("select id from event_grant where person_id = $1", string(h.by["mia"].Person))[0]
		h.words("mia")
		h.mia.Get(page(h.event)+"/roster").Want(t, 200, "")
		h.robin.Post(url+"/"+gid+"/end").Want(t, 303, url)
		h.mia.Get(page(h.event)+"/roster").Want(t, 404, "")
		h.mia.Post(page(h.event)+"/roster/address", "sign_up", strings.Repeat("0", 32)).Want(t, 404, "")
		// While the group is suspended nobody looks.
		h.words("robin")
		h.robin.Get(page(h.event)+"/roster").Want(t, 200, "")
		if err := h.Groups.Suspend(t.Context(), h.by["sam"], "riverside", true); err != nil {
			t.Fatal(err)
		}
		h.robin.Get(page(h.event)+"/roster").Want(t, 404, "")
	})
}

// flaky fails the first time, after it has written.
type flaky struct {
	grants.Audit
	failed atomic.Bool
	err    error
}

func (f *flaky) Note(ctx context.Context, tx *db.Tx, by id.Person, action, subject string) error {
	if err := f.Audit.Note(ctx, tx, by, action, subject); err != nil {
		return err
	}
	if f.failed.CompareAndSwap(false, true) {
		return f.err
	}
	return nil
}

// A look is noted once, also when its transaction runs twice, and when many look at
// once while people sign up.
func TestLooksAreNotedOnce(t *testing.T) {
	t.Parallel()
	eachHelpers(t, func(t *testing.T, h *helpers) {
		ctx := t.Context()
		h.name(h.event)
		h.words("mia")
		f := &flaky{Audit: h.Grants.Audit, err: errAgain}
		h.Grants.Audit = f
		if list, _, err := h.Grants.Look(ctx, h.by["mia"], h.event, ""); err != nil || len(list) != 0 || !f.failed.Load() {
			t.Fatalf("%v, %v", list, err)
		}
		if n := h.noted(grants.ActLook); n != 1 {
			t.Errorf("noted %d times", n)
		}
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				for range 4 {
					if _, err := h.Attendance.SignUp(ctx, h.event, h.IDs.Secret(), attendance.Input{Party: 1}); err != nil {
						t.Error(err)
					}
					if _, _, err := h.Grants.Look(ctx, h.by["mia"], h.event, ""); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		if n := h.noted(grants.ActLook); n != 33 {
			t.Errorf("noted %d times, looked 33 times", n)
		}
	})
}

// errAgain makes either engine run a transaction again.
var errAgain = errors.New("again")
