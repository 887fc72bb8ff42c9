package bench

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"convoke/internal/app"
	"convoke/internal/db"
	"convoke/internal/feature/groups"
	"convoke/internal/feature/petitions"
	"convoke/internal/record/box"
)

// petition measures the page that is asked for most while people sign, beside that
// of an event.
func (b *bench) petition(ctx context.Context) (err error) {
	node, err := openNode(ctx, filepath.Join(b.dir, "petition"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, node.Close()) }()
	e, err := exampleEvent(ctx, node, 60)
	if err != nil {
		return err
	}
	if err := examplePetition(ctx, node); err != nil {
		return err
	}
	return b.askFor(ctx, node, page{"petition", "/petitions/keep-the-footbridge"}, page{"event beside it", "/events/" + string(e)})
}

func examplePetition(ctx context.Context, node *app.Node) error {
	draft, err := node.Petitions.PrepareSample(ctx, box.GateBrowser)
	if err != nil {
		return fmt.Errorf("make a roll: %w", err)
	}
	err = node.DB.Write(ctx, func(tx *db.Tx) error {
		g, err := node.Groups.CreateSample(ctx, tx, groups.CreateInput{
			Name: "Riverside Readers", Handle: "readers", Place: "Leipzig", Langs: []string{"en"},
		})
		if err != nil {
			return err
		}
		return node.Petitions.CreateSample(ctx, tx, g, petitions.Input{
			Title: "Keep the footbridge", Slug: "keep-the-footbridge", Addressee: "The town council", Lang: "en", Gate: box.GateBrowser,
			Stages:   "100, 1000, 10000",
			Markdown: "The old footbridge is the only dry way to the school.\n\nWe ask the council:\n\n- to **mend it** before winter,\n- to tell us what that costs.",
		}, draft)
	})
	if err != nil {
		return fmt.Errorf("make an example petition: %w", err)
	}
	return nil
}
