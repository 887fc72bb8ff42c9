package campaigns

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"convoke/internal/db"
	"convoke/internal/handle"
	"convoke/internal/id"
)

// endorsedBy lists the public campaigns that a group endorses.
func endorsedBy(ctx context.Context, tx *db.Tx, g id.Group) ([]Campaign, error) {
	return db.Query(ctx, tx, "select "+prefixed+` from endorsement e join campaign c on c.id = e.campaign_id
		where e.group_id = $1 and e.withdrawn = $2 and c.shown order by c.id`, []any{string(g), false}, scanCampaign)
}

// endorsedVersion is 0 when the group does not endorse the campaign.
func endorsedVersion(ctx context.Context, tx *db.Tx, c id.Campaign, g id.Group) (int, error) {
	var v int
	err := tx.Get(ctx, "select version from endorsement where campaign_id = $1 and group_id = $2 and withdrawn = $3",
		[]any{string(c), string(g), false}, &v)
	if errors.Is(err, db.ErrNoRows) {
		return 0, nil
	}
	return v, err
}

// freeHandle is h, or h with a number where that is taken; "" when all are.
func freeHandle(ctx context.Context, tx *db.Tx, h string) (string, error) {
	for n := 1; n < 20; n++ {
		try := h
		if n > 1 {
			end := fmt.Sprintf("-%d", n)
			try = h[:min(len(h), handle.Max-len(end))] + end
		}
		_, err := campaignBy(ctx, tx, "handle", try)
		if errors.Is(err, db.ErrNoRows) {
			return try, nil
		}
		if err != nil {
			return "", err
		}
	}
	return "", nil
}

// acceptedAmong are those of some events that are part of a campaign, and since
// when.
func acceptedAmong(ctx context.Context, tx *db.Tx, es []id.Event) (map[id.Event]int, error) {
	out := map[id.Event]int{}
	if len(es) == 0 {
		return out, nil
	}
	args, list := []any{string(Accepted)}, make([]string, len(es))
	for i, e := range es {
		args, list[i] = append(args, string(e)), fmt.Sprintf("$%d", i+2)
	}
	err := tx.Each(ctx, "select event_id, day from campaign_event where state = $1 and event_id in ("+strings.Join(list, ", ")+")", args,
		func(scan func(...any) error) error {
			var e id.Event
			var day int
			err := scan(&e, &day)
			out[e] = day
			return err
		})
	if err != nil {
		return nil, fmt.Errorf("list events of campaigns: %w", err)
	}
	return out, nil
}
