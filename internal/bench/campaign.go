package bench

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"convoke/internal/app"
	"convoke/internal/db"
	"convoke/internal/feature/attendance"
	"convoke/internal/feature/campaigns"
	"convoke/internal/feature/events"
	"convoke/internal/feature/groups"
	"convoke/internal/id"
)

// campaign measures one call that many groups own, with many events and
// sign-ups under it: its pages, a change of the template, and what a visitor
// and an organizer of one event ask for.
func (b *bench) campaign(ctx context.Context) (err error) {
	node, err := openNode(ctx, filepath.Join(b.dir, "campaign"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, node.Close()) }()
	es, err := b.call(ctx, node)
	if err != nil {
		return err
	}
	if err := b.crowd(ctx, node, es, b.callSignUps); err != nil {
		return err
	}
	err = b.askFor(ctx, node,
		page{"one event", "/events/" + string(es[0])}, page{"campaign", "/campaigns/day-of-care"},
		page{"towns of a campaign", "/campaigns/day-of-care/places"}, page{"map window of a campaign", "/events.geojson?campaign=day-of-care&bbox=-15,35,35,60"})
	if err != nil {
		return err
	}
	if err := b.retell(ctx, node); err != nil {
		return err
	}
	return b.amidTheCrowd(ctx, node, es)
}

// call makes the campaign: owners, and events in the world's towns that follow
// its template.
func (b *bench) call(ctx context.Context, node *app.Node) ([]id.Event, error) {
	b.say("%d events and %d owners", b.callEvents, b.callOwners)
	w := newWorld(node.Places, b.started, worldSeed)
	r := w.rand(5)
	var owners []id.Group
	var es []id.Event
	err := node.DB.Write(ctx, func(tx *db.Tx) error {
		owners, es = nil, nil
		for i := range b.callOwners {
			g, err := node.Groups.CreateSample(ctx, tx, groups.CreateInput{
				Name: fmt.Sprint("Neighbours ", i), Handle: fmt.Sprint("group-", i), Place: "Leipzig", Langs: []string{"en"},
			})
			if err != nil {
				return err
			}
			owners = append(owners, g)
		}
		for i := range b.callEvents {
			t := w.town(r)
			e, err := node.Events.CreateSample(ctx, tx, owners[i%len(owners)], events.Input{
				Title: "Day of care", Kind: "mutual_aid", State: events.Confirmed, Near: fmt.Sprintf("%.4f, %.4f", t.Point.Lat, t.Point.Lon),
				Place: fmt.Sprint("Square ", i%venues), StartDate: b.started.AddDate(0, 0, 14+i%3).Format(time.DateOnly), StartTime: "10:00",
			})
			if err != nil {
				return err
			}
			es = append(es, e)
		}
		return node.Campaigns.CreateSample(ctx, tx, campaigns.Sample{
			Input:    campaigns.Input{Handle: "day-of-care", Title: "Day of care", Statement: string(w.sentence(nil, r, 200)), Lang: "en", State: campaigns.Open},
			Template: campaigns.Template{Title: "Day of care", Description: string(w.sentence(nil, r, 60))}, Owners: owners, Events: es,
		})
	})
	if err != nil {
		return nil, fmt.Errorf("make a campaign: %w", err)
	}
	return es, nil
}

// crowdBatch is how many sign-ups one transaction stores.
const crowdBatch = 50_000

// crowd stores sign-ups past the use case, which seals and counts each by
// itself and is measured elsewhere: rows of the same length, and the counters.
func (b *bench) crowd(ctx context.Context, node *app.Node, es []id.Event, total int) error {
	each := total / len(es)
	r := newWorld(node.Places, b.started, worldSeed).rand(6)
	sealed := []byte(strings.Repeat("x", 300))
	for done := 0; done < len(es); {
		n := max(1, min(crowdBatch/max(1, each), len(es)-done))
		err := node.DB.Write(ctx, func(tx *db.Tx) error {
			for _, e := range es[done : done+n] {
				for range each {
					var hash [16]byte
					for i := range hash {
						hash[i] = byte(r.Uint32())
					}
					_, err := tx.Exec(ctx, "insert into attendance (event_id, hash, state, party, queue, sealed) values ($1, $2, 'going', 1, 0, $3)",
						string(e), hash[:], sealed)
					if err != nil {
						return err
					}
				}
				if _, err := tx.Exec(ctx, "update roster set going = going + $2 where event_id = $1", string(e), each); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("store a crowd: %w", err)
		}
		done += n
		b.say("%d of %d sign-ups stored", done*each, len(es)*each)
	}
	return nil
}

// retell changes the template, which reaches all events.
func (b *bench) retell(ctx context.Context, node *app.Node) error {
	var took []float64
	for i := range max(3, b.Runs) {
		start := time.Now()
		err := node.DB.Write(ctx, func(tx *db.Tx) error {
			c, err := node.Campaigns.ByHandle(ctx, tx, "day-of-care")
			if err != nil {
				return err
			}
			return node.Events.Retell(ctx, tx, c.ID, events.Template{Version: i + 2, Title: "Day of care", Description: fmt.Sprint("New words ", i)})
		})
		if err != nil {
			return fmt.Errorf("change the template: %w", err)
		}
		took = append(took, millis(time.Since(start)))
	}
	b.add(Line{What: fmt.Sprintf("a change of the template, to %s events", number(float64(b.callEvents))), Value: median(took), Unit: "ms", Times: len(took), Aim: Aim{Most: 1000}})
	return nil
}

// amidTheCrowd asks what visitors and organizers ask for, in a database that
// holds everybody else's sign-ups too.
func (b *bench) amidTheCrowd(ctx context.Context, node *app.Node, es []id.Event) error {
	what := fmt.Sprintf(", amid %s sign-ups, p99", number(float64(b.callSignUps)))
	ask := func(name string, f func(e id.Event) error) error {
		b.say("%s", name)
		var took []time.Duration
		for i := range b.queries {
			start := time.Now()
			if err := f(es[(i*7919)%len(es)]); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			took = append(took, time.Since(start))
		}
		b.add(Line{What: name + what, Value: millis(quantile(took, 0.99)), Unit: "ms", Times: len(took), Aim: Aim{Most: 10}})
		return nil
	}
	secrets := make([]string, 0, b.queries)
	next, changed, gone := 0, 0, 0
	return errors.Join(
		ask("an event's numbers", func(e id.Event) error {
			_, _, err := node.Attendance.Numbers(ctx, e)
			return err
		}),
		ask("people of the whole campaign", func(id.Event) error {
			return node.DB.Read(ctx, func(tx *db.Tx) error {
				c, err := node.Campaigns.ByHandle(ctx, tx, "day-of-care")
				if err == nil {
					_, err = attendance.CampaignGoing(ctx, tx, c.ID)
				}
				return err
			})
		}),
		ask("a sign-up, alone", func(e id.Event) error {
			s := node.IDs.Secret()
			secrets = append(secrets, s)
			_, err := node.Attendance.SignUp(ctx, e, s, attendance.Input{Party: 1})
			return err
		}),
		ask("a private link", func(e id.Event) error {
			next++
			_, err := node.Attendance.Find(ctx, e, secrets[next-1])
			return err
		}),
		ask("a sign-up changed", func(e id.Event) error {
			changed++
			return node.Attendance.Change(ctx, e, secrets[changed-1], attendance.Input{Party: 2})
		}),
		ask("a sign-up taken back", func(e id.Event) error {
			gone++
			return node.Attendance.Cancel(ctx, e, secrets[gone-1])
		}),
		ask("an event's messages", func(e id.Event) error {
			_, err := node.Attendance.Messages(ctx, e)
			return err
		}),
		ask("a reminder looked for", func(id.Event) error { return node.Attendance.Remind(ctx) }),
	)
}
