package app_test

import (
	"slices"
	"strings"
	"testing"

	"convoke/internal/api/apitest"
	"convoke/internal/web/webtest"
)

// TestLinksSentTwice: a form that makes what is shown once shows the same again when
// it is sent again, since its first answer may have been lost; the page with the
// answer has a form for the next one; and a key makes nothing else.
func TestLinksSentTwice(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		sam, actor := s.signIn("sam")
		s.group(actor, "riverside", "Riverside Neighbours")
		event := "/events/" + string(s.event(actor, s.groupID("riverside"), meeting("Open assembly", "2026-06-06")))
		for _, x := range []struct {
			page, at, shown string
			one, other      []string
			count           string
		}{
			{"/groups/riverside/invitations", "/groups/riverside/invitations", "#link", []string{"role", "member"}, []string{"role", "organizer"}, "select count(*) from invitation where group_id is not null and event_id is null"},
			{"/operator", "/operator", "#link", []string{"role", "account"}, []string{"role", "operator"}, "select count(*) from invitation where group_id is null and role = 'account' and used_day = 0"},
			{event + "/people", event + "/people/invite", "#link", []string{"handle", "kim"}, []string{"handle", "ada"}, "select count(*) from invitation where event_id is not null"},
			{"/me/tokens", "/me/tokens", "#token", []string{"name", "website", "scope", "read", "days", "30"}, []string{"name", "website", "scope", "events:write", "days", "30"}, "select count(*) from api_token"},
		} {
			send := func(key string, pairs []string) webtest.Answer {
				return sam.Post(x.at, append([]string{"key", key}, pairs...)...)
			}
			key := sam.Get(x.page).Want(t, 200, "").Attr("input[name=key]", "value")
			first := send(key, x.one).Want(t, 200, "")
			again := send(key, x.one).Want(t, 200, "")
			if got := first.Text(x.shown); got == "" || !strings.HasSuffix(got, key) || again.Text(x.shown) != got || s.count(x.count) != 1 {
				t.Errorf("%s: %q, then %q; there are %d", x.at, got, again.Text(x.shown), s.count(x.count))
			}
			if a := send(key, x.other).Want(t, 422, ""); a.Text(x.shown) != "" || !strings.Contains(a.Text(".error-summary"), "used for something else") {
				t.Errorf("%s: the key makes something else too", x.at)
			}
			send("0123", x.one).Want(t, 400, "")
			next := first.Attr("input[name=key]", "value")
			if next == "" || next == key {
				t.Errorf("%s: the key of the next form is %q", x.at, next)
			}
			send(next, x.one).Want(t, 200, "")
			if n := s.count(x.count); n != 2 {
				t.Errorf("%s: there are %d, not 2", x.at, n)
			}
		}
		// By a program too.
		mine := apitest.New(t, s.Site).As(token(t, sam, "roles:write"))
		var one, again struct{ URL string }
		const at = "/groups/riverside/invitations"
		mine.Do("POST", at, map[string]any{"role": "member"}, "Idempotency-Key", "for-one-member").Want(201, &one)
		mine.Do("POST", at, map[string]any{"role": "member"}, "Idempotency-Key", "for-one-member").Want(201, &again)
		mine.Do("POST", at, map[string]any{"role": "organizer"}, "Idempotency-Key", "for-one-member").Refused(409, "api.key_reused")
		if one.URL == "" || again != one {
			t.Errorf("%+v, then %+v", one, again)
		}
	})
}

// twice says for each form why it may be sent twice; docs/decisions/0005 has the
// reasons in full.
var twice = map[string][]string{
	"makes one of its key": {
		"/alerts/report", "/alerts/networks/new", "/alerts/networks/{handle}/people", "/alerts/queue/{handle}", "/alerts/queue/{handle}/cases/{case}",
		"/alerts/queue/{handle}/official/{warning}",
		"/assemblies/new", "/assemblies/{id}/agenda", "/assemblies/{id}/door/{secret}", "/assemblies/{id}/hand", "/assemblies/{id}/minutes", "/assemblies/{id}/run",
		"/campaigns/{handle}/forward", "/proposals/new", "/proposals/{id}/comments", "/proposals/{id}/amend", "/proposals/{id}/open", "/proposals/{id}/trustees",
		"/campaigns/new", "/coalitions/new", "/groups/{handle}/delegates/new", "/campaigns/{handle}/host", "/campaigns/{handle}/proposals/{secret}/help", "/door/{secret}", "/events/{id}/attend", "/events/{id}/attend/{secret}/ride/say",
		"/events/{id}/doors", "/events/{id}/doors/publish", "/events/{id}/people/invite", "/events/{id}/repeat", "/events/{id}/rides",
		"/events/{id}/rides/{offer}/say", "/events/{id}/timeslots", "/events/{id}/timeslots/fill", "/events/{id}/turnout/new",
		"/groups/{handle}/announcements", "/groups/{handle}/tasks", "/groups/{handle}/events/new", "/groups/{handle}/invitations", "/groups/{handle}/petitions/new",
		"/groups/{handle}/statements/new", "/groups/{handle}/webhooks", "/me/tokens", "/operator", "/petitions/{slug}/amend",
		"/petitions/{slug}/codes", "/petitions/{slug}/comment", "/petitions/{slug}/deliver", "/petitions/{slug}/reply", "/petitions/{slug}/sheets",
		"/petitions/{slug}/update", "/pledges/new", "/pledges/{slug}/codes", "/translate/{lang}/{text}",
	},
	"has the version that it was filled from": {
		"/alerts/networks/{handle}/area", "/alerts/networks/{handle}/edit",
		"/assemblies/{id}/edit", "/assemblies/{id}/minutes/{item}", "/campaigns/{handle}/ladder/steps/{step}", "/campaigns/{handle}/ladder/text",
		"/proposals/{id}/edit",
		"/groups/{handle}/coalition/edit", "/groups/{handle}/coalition/points", "/campaigns/{handle}/demands", "/campaigns/{handle}/edit", "/campaigns/{handle}/languages", "/campaigns/{handle}/points",
		"/campaigns/{handle}/template", "/events/{id}/edit", "/events/{id}/place", "/events/{id}/programme", "/events/{id}/repeat/end",
		"/events/{id}/timeslots/{slot}", "/events/{id}/translate", "/groups/{handle}/conduct/edit", "/groups/{handle}/edit", "/groups/{handle}/newcomers", "/groups/{handle}/start/edit", "/petitions/{slug}/discard",
		"/petitions/{slug}/edit", "/petitions/{slug}/open", "/petitions/{slug}/translate", "/pledges/{slug}/edit", "/pledges/{slug}/open",
		"/statements/{id}/edit", "/statements/{id}/translate", "/statements/{id}/withdraw",
	},
	"finds that it is so already": {
		"/alerts/report/{key}", "/alerts/networks/{handle}", "/alerts/queue/{handle}/send/{subject}", "/alerts/queue/{handle}/pass/{alert}",
		"/assemblies/{id}/call", "/assemblies/{id}/hand/{secret}", "/assemblies/{id}/role", "/groups/{handle}/assemblies",
		"/campaigns/{handle}/ladder/act", "/campaigns/{handle}/ladder/declare", "/campaigns/{handle}/ladder/news", "/campaigns/{handle}/ladder/news/{secret}",
		"/campaigns/{handle}/ladder/publish",
		"/proposals/{id}", "/proposals/{id}/comments/{comment}", "/proposals/{id}/amendments/{amendment}", "/polls/{id}", "/polls/{id}/vote", "/trustees/{id}",
		"/groups/{handle}/coalition", "/groups/{handle}/delegates", "/groups/{handle}/working-groups",
		"/campaigns/{handle}/events/{id}/remove", "/campaigns/{handle}/groups", "/campaigns/{handle}/proposals", "/events/{id}/attend/{secret}",
		"/events/{id}/attend/{secret}/cancel", "/events/{id}/attend/{secret}/feedback", "/events/{id}/attend/{secret}/ride/drop",
		"/events/{id}/attend/{secret}/ride/need", "/events/{id}/attend/{secret}/ride/offer", "/events/{id}/attend/{secret}/ride/report",
		"/events/{id}/attend/{secret}/ride/seen", "/events/{id}/attend/{secret}/ride/take", "/events/{id}/attend/{secret}/ride/withdraw",
		"/events/{id}/attend/{secret}/roles", "/events/{id}/attend/{secret}/roles/withdraw", "/events/{id}/coming/{answer}",
		"/events/{id}/doors/{door}/revoke", "/events/{id}/messages", "/events/{id}/people/links/{link}/revoke", "/events/{id}/people/name",
		"/events/{id}/people/{grant}/end", "/events/{id}/rides/{offer}/keep", "/events/{id}/rides/{offer}/remove", "/events/{id}/roles",
		"/events/{id}/roles/{role}/{code}", "/events/{id}/timeslots/{slot}/remove",
		"/digest/{secret}", "/groups/{handle}/digest", "/groups/{handle}/quiet", "/groups/{handle}/skills", "/groups/{handle}/tasks/{id}",
		"/groups/{handle}/announcements/{id}/delete", "/groups/{handle}/archive", "/groups/{handle}/conduct/accept", "/groups/{handle}/end",
		"/groups/{handle}/invitations/{id}/revoke", "/groups/{handle}/join", "/groups/{handle}/join/withdraw", "/groups/{handle}/leave",
		"/groups/{handle}/lineage/{member}", "/groups/{handle}/members/{member}", "/groups/{handle}/members/{member}/recovery",
		"/groups/{handle}/members/{member}/recovery/stop", "/groups/{handle}/members/{member}/remove", "/groups/{handle}/moved",
		"/groups/{handle}/requests", "/groups/{handle}/suspend", "/groups/{handle}/webhooks/{id}/deliveries/{delivery}/replay",
		"/groups/{handle}/webhooks/{id}/enable", "/groups/{handle}/webhooks/{id}/remove", "/language", "/me/erase", "/me/helping/{grant}/end",
		"/me/passkeys/{id}", "/me/passkeys/{id}/remove", "/me/recovery/stop", "/me/sessions/end-others", "/me/sessions/{id}", "/me/sessions/{id}/end",
		"/me/tokens/{id}/revoke", "/petitions/{slug}/close", "/petitions/{slug}/comment/{secret}", "/petitions/{slug}/moderate",
		"/petitions/{slug}/updates", "/petitions/{slug}/updates/{secret}", "/pledges/{slug}/groups", "/pledges/{slug}/news",
		"/mailings", "/mailings/{link}", "/alerts/subscribe", "/subscriptions/{secret}", "/subscriptions/{secret}/answer", "/subscriptions/{secret}/code", "/subscriptions/{secret}/leave", "/subscriptions/{secret}/push",
		"/pledges/{slug}/news/{secret}", "/sign-out", "/translate/proposals/{id}/accept", "/translate/proposals/{id}/decline",
	},
	"is known by what it says": {
		"/events/{id}/messages/notice", // the same text on the same day
		"/groups/new",                  // the handle
	},
	"is used once, by whoever has it": {
		"/invitations/{secret}", "/reset/{secret}", "/setup/{secret}", "/b/{id}/cast", "/r/{id}/activate",
		"/r/{id}/issue", "/b/{id}/take", "/me/passkeys", "/witness/add-checkpoint",
	},
	"shows others, of which only the last work": {
		"/groups/{handle}/members/{member}/recovery/link", "/me/codes", "/me/passphrase",
	},
	"keeps nothing, or another session": {
		"/b/{id}/mine", "/b/{id}/paste", "/events/{id}/roster", "/events/{id}/roster/address", "/me/passkeys/options", "/me/prove", "/me/prove/options", "/sign-in",
		"/sign-in/code", "/sign-in/passkey", "/sign-in/passkey/options",
	},
}

// TestFormsMayBeSentTwice: of each form it is written down why.
func TestFormsMayBeSentTwice(t *testing.T) {
	t.Parallel()
	s := start(t, settings(t, ""))
	why := map[string]string{}
	for reason, all := range twice {
		for _, path := range all {
			if why[path] != "" {
				t.Errorf("%s %s, and %s", path, why[path], reason)
			}
			why[path] = reason
		}
	}
	all := s.Site.Patterns()
	for _, pattern := range all {
		if path, is := strings.CutPrefix(pattern, "POST "); is && !strings.HasPrefix(path, "/api/") && why[path] == "" {
			t.Errorf("what does %s do when it is sent twice?", path)
		}
	}
	for path, reason := range why {
		if !slices.Contains(all, "POST "+path) {
			t.Errorf("there is no form %s any more that %s", path, reason)
		}
	}
}
