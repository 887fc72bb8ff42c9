package campaigns

import (
	"context"

	"convoke/internal/db"
	"convoke/internal/id"
	"convoke/internal/web"
)

type groupPanelData struct {
	Owns, Asked []listItem
	New         string // address of the form, "" for those who may not
}

var groupPanel = web.NewPage[groupPanelData](pages, "pages/panel.html")

// countWaiting is how many proposals wait for an answer, at most maxQueue of
// each sort.
func countWaiting(ctx context.Context, tx *db.Tx, c id.Campaign) (int, error) {
	a, err := waitingOf(ctx, tx, c, maxQueue)
	if err != nil {
		return 0, err
	}
	b, err := proposalsOf(ctx, tx, c, maxQueue)
	return len(a) + len(b), err
}
