package app_test

import (
	"strings"
	"testing"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/feature/campaigns"
	"convoke/internal/feature/turnout"
)

// What a suspended group has under a campaign stays hidden, whatever the campaign's
// owners do meanwhile, and is back with its group.
func TestOwnersOfACampaignShowNoHiddenEvent(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		ctx := t.Context()
		_, owner := s.signIn("sam")
		s.group(owner, "riverside", "Riverside Neighbours")
		_, robins := s.signIn("robin")
		hill := s.group(robins, "hill", "Hill Neighbours")
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		_, err := s.Campaigns.Create(ctx, owner, "riverside", s.IDs.Secret(), campaigns.Input{
			Handle: "day-of-care", Title: "Day of care", Statement: "We care.", Lang: "en", State: campaigns.Open, Dates: "2026-06-06",
		})
		must(err)
		in := meeting("Care on the hill", "2026-06-06")
		in.Campaign = "day-of-care"
		e := s.event(robins, hill, in)
		must(s.Campaigns.SetTemplate(ctx, owner, "day-of-care", 0, campaigns.Template{Title: "Care day", Bring: "Tea"}))
		must(s.Campaigns.Decide(ctx, owner, "day-of-care", e, campaigns.Decision{Accept: true}))
		operator := authz.Actor{Person: "op", Operator: true}
		must(s.Groups.Suspend(ctx, operator, "hill", true))
		shown := func(want bool, after string) {
			t.Helper()
			v := s.visitor()
			for _, path := range []string{"/events?q=care", "/events.csv", "/campaigns/day-of-care", "/calendar?month=2026-06"} {
				if got := strings.Contains(v.Get(path).Want(t, 200, "").Body, string(e)); got && !want {
					t.Errorf("%s: %s shows what is hidden", after, path)
				}
			}
			if got := strings.Contains(v.Get("/events.csv").Body, string(e)); got != want {
				t.Errorf("%s: it is listed: %v", after, got)
			}
			var open bool
			must(s.DB.Read(ctx, func(tx *db.Tx) error {
				days, err := turnout.Drifts(ctx, tx)
				if len(days) > 0 {
					t.Errorf("%s: totals drift: %v", after, days)
				}
				if err != nil {
					return err
				}
				return tx.Get(ctx, "select open from roster where event_id = $1", []any{string(e)}, &open)
			}))
			if open != want {
				t.Errorf("%s: people can sign up: %v", after, open)
			}
		}
		shown(false, "suspended")
		must(s.Campaigns.SetTemplate(ctx, owner, "day-of-care", 1, campaigns.Template{Title: "Days of care", Bring: "Soup"}))
		shown(false, "a new template")
		must(s.Campaigns.Remove(ctx, owner, "day-of-care", e))
		shown(false, "taken out")
		must(s.Groups.Suspend(ctx, operator, "hill", false))
		shown(true, "back")
	})
}
