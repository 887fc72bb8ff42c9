package attendance

import (
	"strings"
	"testing"

	"convoke/internal/clock"
	"convoke/internal/db/dbtest"
)

// The sum over the events of a campaign reads nothing but its index, which is why
// three thousand of them take half a millisecond.
func TestCampaignIsAddedUpFromItsIndex(t *testing.T) {
	t.Parallel()
	plan := dbtest.Plan(t, dbtest.Open(t, dbtest.SQLite(t), clock.NewManual(dbtest.Now)), campaignGoing, "c")
	if !strings.Contains(plan, "COVERING INDEX roster_campaign") {
		t.Errorf("the plan is %s", plan)
	}
}
