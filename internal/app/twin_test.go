package app_test

import (
	"slices"
	"strings"
	"testing"
)

// twins says for each form of the pages which operation of the API does the same,
// or, after "- ", why none does; docs/api.md has the reasons in full. Several operations stand for a form with several buttons.
var twins = map[string]string{
	"POST /alerts/report":                                              "POST /alerts/reports",
	"POST /alerts/report/{key}":                                        "POST /alerts/reports/{key}/notes",
	"POST /alerts/networks/new":                                        "POST /alerts/networks",
	"POST /alerts/networks/{handle}":                                   "PUT /alerts/networks/{handle}, PUT /alerts/networks/{handle}/requests/{group}, PUT /alerts/networks/{handle}/groups/{group}, DELETE /alerts/networks/{handle}/groups/{group}, PUT /alerts/networks/{handle}/neighbours/{neighbour}, DELETE /alerts/networks/{handle}/neighbours/{neighbour}",
	"POST /alerts/networks/{handle}/edit":                              "PUT /alerts/networks/{handle}",
	"POST /alerts/networks/{handle}/people":                            "PUT /alerts/networks/{handle}/verifiers/{person}, DELETE /alerts/networks/{handle}/verifiers/{person}, POST /alerts/networks/{handle}/shifts, DELETE /alerts/networks/{handle}/verifiers/{person}/shifts/{id}",
	"POST /alerts/queue/{handle}":                                      "POST /alerts/queue/{handle}/notes",
	"POST /alerts/queue/{handle}/cases/{case}":                         "POST /alerts/queue/{handle}/cases/{case}",
	"POST /alerts/queue/{handle}/official/{warning}":                   "POST /alerts/queue/{handle}/official/{warning}",
	"POST /alerts/queue/{handle}/pass/{alert}":                         "PUT /alerts/queue/{handle}/passed/{alert}, DELETE /alerts/queue/{handle}/passed/{alert}",
	"POST /alerts/queue/{handle}/send/{subject}":                       "POST /alerts/queue/{handle}/send/{subject}",
	"POST /assemblies/new":                                             "POST /groups/{handle}/assemblies",
	"POST /assemblies/{id}/agenda":                                     "POST /assemblies/{id}/items, PUT /assemblies/{id}/items/{item}, POST /assemblies/{id}/items/{item}/arrange",
	"POST /assemblies/{id}/call":                                       "POST /assemblies/{id}/call",
	"POST /assemblies/{id}/door/{secret}":                              "POST /assemblies/{id}/door/{secret}",
	"POST /assemblies/{id}/edit":                                       "PUT /assemblies/{id}",
	"POST /assemblies/{id}/hand":                                       "POST /assemblies/{id}/hand",
	"POST /assemblies/{id}/hand/{secret}":                              "POST /assemblies/{id}/hand/{secret}",
	"POST /assemblies/{id}/minutes":                                    "POST /assemblies/{id}/minutes",
	"POST /assemblies/{id}/minutes/{item}":                             "PUT /assemblies/{id}/minutes/{item}",
	"POST /assemblies/{id}/role":                                       "POST /assemblies/{id}/role",
	"POST /assemblies/{id}/run":                                        "POST /assemblies/{id}/run",
	"POST /groups/{handle}/assemblies":                                 "PUT /groups/{handle}/assembly_notice",
	"POST /petitions/{slug}/close":                                     "POST /petitions/{slug}/close",
	"POST /petitions/{slug}/codes":                                     "- papers with codes",
	"POST /petitions/{slug}/comment":                                   "- taking part",
	"POST /petitions/{slug}/comment/{secret}":                          "- taking part",
	"POST /petitions/{slug}/discard":                                   "DELETE /petitions/{slug}",
	"POST /petitions/{slug}/moderate":                                  "- comments of people",
	"POST /petitions/{slug}/sheets":                                    "- papers with codes",
	"POST /petitions/{slug}/update":                                    "POST /petitions/{slug}/updates",
	"POST /petitions/{slug}/updates":                                   "- taking part",
	"POST /petitions/{slug}/updates/{secret}":                          "- taking part",
	"POST /pledges/{slug}/codes":                                       "- papers with codes",
	"POST /pledges/{slug}/news":                                        "- taking part",
	"POST /pledges/{slug}/news/{secret}":                               "- taking part",
	"POST /campaigns/{handle}/ladder/act":                              "POST /campaigns/{handle}/ladder/acts",
	"POST /campaigns/{handle}/ladder/declare":                          "PUT /campaigns/{handle}/ladder/declared",
	"POST /campaigns/{handle}/ladder/news":                             "- taking part",
	"POST /campaigns/{handle}/ladder/news/{secret}":                    "- taking part",
	"POST /campaigns/{handle}/ladder/publish":                          "POST /campaigns/{handle}/ladder/publish",
	"POST /campaigns/{handle}/ladder/steps/{step}":                     "PUT /campaigns/{handle}/ladder/draft",
	"POST /campaigns/{handle}/ladder/text":                             "PUT /campaigns/{handle}/ladder/draft",
	"POST /campaigns/new":                                              "POST /campaigns, PUT /campaigns/{handle}/picture",
	"POST /campaigns/{handle}/demands":                                 "POST /campaigns/{handle}/demands, PUT /campaigns/{handle}/demands/{number}",
	"POST /campaigns/{handle}/edit":                                    "PUT /campaigns/{handle}, PUT /campaigns/{handle}/picture, DELETE /campaigns/{handle}/picture",
	"POST /campaigns/{handle}/events/{id}/remove":                      "DELETE /campaigns/{handle}/events/{event}",
	"POST /campaigns/{handle}/groups":                                  "PUT /campaigns/{handle}/requests/{group}, DELETE /campaigns/{handle}/requests/{group}, PUT /campaigns/{handle}/owners/{group}, DELETE /campaigns/{handle}/owners/{group}, PUT /campaigns/{handle}/endorsements/{group}, DELETE /campaigns/{handle}/endorsements/{group}",
	"POST /campaigns/{handle}/host":                                    "POST /campaigns/{handle}/proposals, PUT /campaigns/{handle}/events/{event}",
	"POST /campaigns/{handle}/languages":                               "PUT /campaigns/{handle}/texts/{lang}, DELETE /campaigns/{handle}/texts/{lang}",
	"POST /campaigns/{handle}/points":                                  "PUT /campaigns/{handle}/points",
	"POST /campaigns/{handle}/proposals":                               "PUT /campaigns/{handle}/events/{event}/answer, PUT /campaigns/{handle}/proposals/{id}/answer",
	"POST /campaigns/{handle}/proposals/{secret}/help":                 "POST /campaigns/{handle}/proposals/{secret}/help",
	"POST /campaigns/{handle}/template":                                "PUT /campaigns/{handle}/template",
	"POST /campaigns/{handle}/forward":                                 "POST /campaigns/{handle}/candidates, PUT /campaigns/{handle}/candidates/{id}/into, DELETE /campaigns/{handle}/candidates/{id}/into, DELETE /campaigns/{handle}/candidates/{id}",
	"POST /proposals/new":                                              "POST /groups/{handle}/proposals",
	"POST /proposals/{id}":                                             "POST /proposals/{id}/state",
	"POST /proposals/{id}/edit":                                        "PUT /proposals/{id}",
	"POST /proposals/{id}/comments":                                    "POST /proposals/{id}/comments",
	"POST /proposals/{id}/comments/{comment}":                          "POST /proposals/{id}/comments/{comment}/hide",
	"POST /proposals/{id}/amend":                                       "POST /proposals/{id}/amendments",
	"POST /proposals/{id}/amendments/{amendment}":                      "POST /proposals/{id}/amendments/{amendment}",
	"POST /proposals/{id}/open":                                        "POST /proposals/{id}/polls",
	"POST /proposals/{id}/trustees":                                    "POST /proposals/{id}/trustees",
	"POST /trustees/{id}":                                              "POST /trustees/{id}/messages",
	"POST /polls/{id}":                                                 "POST /polls/{id}",
	"POST /polls/{id}/vote":                                            "PUT /polls/{id}/vote",
	"POST /coalitions/new":                                             "POST /coalitions",
	"POST /groups/{handle}/coalition":                                  "POST /groups/{handle}/coalition/groups",
	"POST /groups/{handle}/coalition/edit":                             "PUT /groups/{handle}/coalition",
	"POST /groups/{handle}/coalition/points":                           "PUT /groups/{handle}/coalition/points",
	"POST /groups/{handle}/delegates":                                  "POST /groups/{handle}/delegates/{seat}, POST /groups/{handle}/coalition/groups",
	"POST /groups/{handle}/delegates/new":                              "POST /groups/{handle}/delegates",
	"POST /groups/{handle}/working-groups":                             "POST /groups/{handle}/working-groups",
	"POST /door/{secret}":                                              "POST /door/{secret}/arrivals, PUT /door/{secret}/arrivals, DELETE /door/{secret}/arrivals/{id}",
	"POST /events/{id}/attend":                                         "POST /events/{id}/attendance",
	"POST /events/{id}/attend/{secret}":                                "PUT /events/{id}/attendance/{secret}",
	"POST /events/{id}/attend/{secret}/cancel":                         "DELETE /events/{id}/attendance/{secret}",
	"POST /events/{id}/attend/{secret}/feedback":                       "PUT /events/{id}/attendance/{secret}/feedback",
	"POST /events/{id}/attend/{secret}/ride/drop":                      "PUT /events/{id}/attendance/{secret}/ride",
	"POST /events/{id}/attend/{secret}/ride/need":                      "PUT /events/{id}/attendance/{secret}/ride",
	"POST /events/{id}/attend/{secret}/ride/offer":                     "PUT /events/{id}/attendance/{secret}/ride",
	"POST /events/{id}/attend/{secret}/ride/report":                    "PUT /events/{id}/attendance/{secret}/ride/reports/{offer}",
	"POST /events/{id}/attend/{secret}/ride/say":                       "POST /events/{id}/attendance/{secret}/ride/messages",
	"POST /events/{id}/attend/{secret}/ride/seen":                      "DELETE /events/{id}/attendance/{secret}/ride/news",
	"POST /events/{id}/attend/{secret}/ride/take":                      "PUT /events/{id}/attendance/{secret}/ride",
	"POST /events/{id}/attend/{secret}/ride/withdraw":                  "DELETE /events/{id}/attendance/{secret}/ride",
	"POST /events/{id}/attend/{secret}/roles":                          "PUT /events/{id}/attendance/{secret}/roles/{role}",
	"POST /events/{id}/attend/{secret}/roles/withdraw":                 "DELETE /events/{id}/attendance/{secret}/roles/{role}",
	"POST /events/{id}/coming/{answer}":                                "- a link of a mail",
	"POST /events/{id}/doors":                                          "POST /events/{id}/doors",
	"POST /events/{id}/doors/publish":                                  "POST /events/{id}/arrivals/estimate",
	"POST /events/{id}/doors/{door}/revoke":                            "DELETE /events/{id}/doors/{door}",
	"POST /events/{id}/edit":                                           "PUT /events/{id}, PUT /events/{id}/picture, DELETE /events/{id}/picture",
	"POST /events/{id}/messages":                                       "PUT /events/{id}/messages",
	"POST /events/{id}/messages/notice":                                "POST /events/{id}/messages/notices",
	"POST /events/{id}/people/invite":                                  "POST /events/{id}/managers/links",
	"POST /events/{id}/people/links/{link}/revoke":                     "DELETE /events/{id}/managers/links/{link}",
	"POST /events/{id}/people/name":                                    "- sign-ups by name",
	"POST /events/{id}/people/{grant}/end":                             "DELETE /events/{id}/managers/{grant}",
	"POST /events/{id}/place":                                          "PUT /events/{id}/place",
	"POST /events/{id}/programme":                                      "PUT /events/{id}/programme",
	"POST /events/{id}/repeat":                                         "POST /events/{id}/repeat",
	"POST /events/{id}/repeat/end":                                     "POST /events/{id}/repeat/end",
	"POST /events/{id}/rides":                                          "POST /events/{id}/rides/buses",
	"POST /events/{id}/rides/{offer}/keep":                             "PUT /events/{id}/rides/reported/{offer}",
	"POST /events/{id}/rides/{offer}/remove":                           "PUT /events/{id}/rides/reported/{offer}, DELETE /events/{id}/rides/buses/{offer}",
	"POST /events/{id}/rides/{offer}/say":                              "POST /events/{id}/rides/buses/{offer}/messages",
	"POST /events/{id}/roles":                                          "PUT /events/{id}/roles",
	"POST /events/{id}/roles/{role}/{code}":                            "PUT /events/{id}/roles/{role}/{code}",
	"POST /events/{id}/roster":                                         "- sign-ups by name",
	"POST /events/{id}/roster/address":                                 "- sign-ups by name",
	"POST /events/{id}/timeslots":                                      "POST /events/{id}/timeslots",
	"POST /events/{id}/timeslots/fill":                                 "POST /events/{id}/timeslots/fill",
	"POST /events/{id}/timeslots/{slot}":                               "PUT /events/{id}/timeslots/{slot}",
	"POST /events/{id}/timeslots/{slot}/remove":                        "DELETE /events/{id}/timeslots/{slot}",
	"POST /events/{id}/turnout/new":                                    "POST /events/{id}/estimates",
	"POST /groups/new":                                                 "POST /groups",
	"POST /digest/{secret}":                                            "- a link of a mail",
	"POST /groups/{handle}/digest":                                     "PUT /groups/{handle}/digest, DELETE /groups/{handle}/digest",
	"POST /groups/{handle}/quiet":                                      "PUT /groups/{handle}/quiet",
	"POST /groups/{handle}/skills":                                     "PUT /groups/{handle}/skills/mine, DELETE /groups/{handle}/skills/mine",
	"POST /groups/{handle}/start/edit":                                 "PUT /groups/{handle}/start",
	"POST /groups/{handle}/tasks":                                      "POST /groups/{handle}/tasks",
	"POST /groups/{handle}/tasks/{id}":                                 "PUT /groups/{handle}/tasks/{id}",
	"POST /groups/{handle}/announcements":                              "POST /groups/{handle}/announcements",
	"POST /groups/{handle}/announcements/{id}/delete":                  "DELETE /groups/{handle}/announcements/{id}",
	"POST /groups/{handle}/archive":                                    "POST /groups/{handle}/archive",
	"POST /groups/{handle}/conduct/accept":                             "PUT /groups/{handle}/conduct/accepted",
	"POST /groups/{handle}/conduct/edit":                               "PUT /groups/{handle}/conduct",
	"POST /groups/{handle}/edit":                                       "PUT /groups/{handle}",
	"POST /groups/{handle}/end":                                        "PUT /groups/{handle}/ended",
	"POST /groups/{handle}/events/new":                                 "POST /groups/{handle}/events, PUT /events/{id}/picture",
	"POST /groups/{handle}/invitations":                                "POST /groups/{handle}/invitations",
	"POST /groups/{handle}/invitations/{id}/revoke":                    "DELETE /groups/{handle}/invitations/{id}",
	"POST /groups/{handle}/join":                                       "PUT /me/requests/{handle}",
	"POST /groups/{handle}/join/withdraw":                              "DELETE /me/requests/{handle}",
	"POST /groups/{handle}/leave":                                      "DELETE /me/groups/{handle}",
	"POST /groups/{handle}/lineage/{member}":                           "DELETE /groups/{handle}/lineage/{member}",
	"POST /groups/{handle}/members/{member}":                           "PUT /groups/{handle}/members/{member}",
	"POST /groups/{handle}/members/{member}/recovery":                  "- ways into an account",
	"POST /groups/{handle}/members/{member}/recovery/link":             "- ways into an account",
	"POST /groups/{handle}/members/{member}/recovery/stop":             "- ways into an account",
	"POST /groups/{handle}/members/{member}/remove":                    "DELETE /groups/{handle}/members/{member}",
	"POST /groups/{handle}/moved":                                      "PUT /groups/{handle}/moved_to",
	"POST /groups/{handle}/newcomers":                                  "PUT /groups/{handle}/newcomers",
	"POST /groups/{handle}/petitions/new":                              "POST /groups/{handle}/petitions",
	"POST /groups/{handle}/requests":                                   "PUT /groups/{handle}/requests/{id}",
	"POST /groups/{handle}/statements/new":                             "POST /groups/{handle}/statements, PUT /statements/{id}/picture",
	"POST /groups/{handle}/suspend":                                    "- operators",
	"POST /groups/{handle}/webhooks":                                   "POST /groups/{handle}/webhooks",
	"POST /groups/{handle}/webhooks/{id}/deliveries/{delivery}/replay": "POST /groups/{handle}/webhooks/{id}/deliveries/{delivery}/replay",
	"POST /groups/{handle}/webhooks/{id}/enable":                       "POST /groups/{handle}/webhooks/{id}/enable",
	"POST /groups/{handle}/webhooks/{id}/remove":                       "DELETE /groups/{handle}/webhooks/{id}",
	"POST /invitations/{secret}":                                       "- links that are shown first",
	"POST /language":                                                   "- the browser's own",
	"POST /me/helping/{grant}/end":                                     "DELETE /me/helping/{grant}",
	"POST /petitions/{slug}/amend":                                     "POST /petitions/{slug}/amendments",
	"POST /petitions/{slug}/deliver":                                   "POST /petitions/{slug}/delivery",
	"POST /petitions/{slug}/edit":                                      "PUT /petitions/{slug}",
	"POST /petitions/{slug}/open":                                      "POST /petitions/{slug}/open",
	"POST /petitions/{slug}/reply":                                     "POST /petitions/{slug}/reply",
	"POST /pledges/new":                                                "POST /groups/{handle}/pledges",
	"POST /pledges/{slug}/edit":                                        "PUT /pledges/{slug}",
	"POST /pledges/{slug}/groups":                                      "POST /pledges/{slug}/owners",
	"POST /pledges/{slug}/open":                                        "POST /pledges/{slug}/open",
	"POST /reset/{secret}":                                             "- links that are shown first",
	"POST /setup/{secret}":                                             "- links that are shown first",
	"POST /statements/{id}/edit":                                       "PUT /statements/{id}, PUT /statements/{id}/picture, DELETE /statements/{id}/picture",
	"POST /events/{id}/translate":                                      "PUT /events/{id}/texts/{lang}",
	"POST /petitions/{slug}/translate":                                 "PUT /petitions/{slug}/texts/{lang}",
	"POST /statements/{id}/translate":                                  "PUT /statements/{id}/texts/{lang}",
	"POST /statements/{id}/withdraw":                                   "POST /statements/{id}/withdraw",
	"POST /alerts/subscribe":                                           "POST /alerts/subscribe",
	"POST /subscriptions/{secret}":                                     "PUT /subscriptions/{secret}, PUT /subscriptions/{secret}/confirmed, DELETE /subscriptions/{secret}",
	"POST /subscriptions/{secret}/answer":                              "- the gateway's own protocol",
	"POST /subscriptions/{secret}/code":                                "PUT /subscriptions/{secret}/code",
	"POST /subscriptions/{secret}/leave":                               "DELETE /subscriptions/{secret}",
	"POST /witness/add-checkpoint":                                     "- its own protocol",
}

// apart are beginnings of forms that have no twin, with the reason.
var apart = map[string]string{
	"POST /b/":         "taking part: secrets stay with the browser, the wallet, or a sheet of paper",
	"POST /r/":         "taking part",
	"POST /me/":        "ways into an account, sessions, tokens, and its end",
	"POST /sign-":      "sessions",
	"POST /operator":   "operators",
	"POST /translate/": "operators answer what is proposed",
}

// TestFormsHaveTwins: a program can do what a form can, or it is written down why
// not.
func TestFormsHaveTwins(t *testing.T) {
	t.Parallel()
	s := start(t, settings(t, ""))
	all := s.Site.Patterns()
	for _, pattern := range all {
		if !strings.HasPrefix(pattern, "POST ") || strings.HasPrefix(pattern, "POST /api/") {
			continue
		}
		twin, known := twins[pattern]
		for begin := range apart {
			known = known || strings.HasPrefix(pattern, begin)
		}
		if !known {
			t.Errorf("which operation of the API does what %s does, or why does none?", pattern)
		}
		for op := range strings.SplitSeq(twin, ", ") {
			method, path, _ := strings.Cut(op, " ")
			if method != "" && method != "-" && !slices.Contains(all, method+" /api/v1"+path) {
				t.Errorf("%s: there is no operation %s", pattern, op)
			}
		}
	}
	for pattern := range twins {
		if !slices.Contains(all, pattern) {
			t.Errorf("there is no form %s any more", pattern)
		}
	}
}
