package bench

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"convoke/internal/app"
	"convoke/internal/db"
	"convoke/internal/fact"
	"convoke/internal/feature/subscriptions"
	"convoke/internal/geo"
	"convoke/internal/i18n"
	"convoke/internal/notify/webpush"
	"convoke/internal/notify/webpush/pushservice"
)

// alertKm is how far an alert of the benches reaches.
const alertKm = 10

// recipients measures how long it takes to find who hears of an alert, in towns as they are
// peopled, each for areas of all sizes.
func (b *bench) recipients(ctx context.Context) (err error) {
	node, err := openNode(ctx, filepath.Join(b.dir, "recipients"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, node.Close()) }()
	w := newWorld(node.Places, b.started, 1)
	r, levels := w.rand(11), []int{geo.Grid, 10, 8}
	b.say("storing %d subscriptions", b.subscribed)
	contact := make([]byte, 285) // as long as a sealed one of a browser
	err = b.subscribe(ctx, node, b.subscribed, func(i int) (geo.Area, []byte) {
		return geo.AreaAt(geo.GridAt(w.town(r).Point), levels[i%len(levels)]), contact
	})
	if err != nil {
		return err
	}
	var took []time.Duration
	most := 0
	for range b.queries {
		cells, ok := geo.GridWithin(w.town(r).Point, alertKm, 1000)
		if !ok {
			return errors.New("too many cells")
		}
		var n int
		start := time.Now()
		if err := node.DB.Read(ctx, func(tx *db.Tx) (err error) {
			n, err = node.Subscriptions.Near(ctx, tx, cells...)
			return err
		}); err != nil {
			return err
		}
		took, most = append(took, time.Since(start)), max(most, n)
	}
	b.say("at most %d of them hear of one alert", most)
	what := fmt.Sprintf("recipients of an alert of %d km among %s subscriptions", alertKm, number(float64(b.subscribed)))
	b.add(Line{What: what + ", p50", Value: millis(quantile(took, 0.50)), Unit: "ms", Times: len(took)})
	b.add(Line{What: what + ", p99", Value: millis(quantile(took, 0.99)), Unit: "ms", Times: len(took), Aim: Aim{Most: 100}})
	return nil
}

// subscribe stores confirmed subscriptions for push messages.
func (b *bench) subscribe(ctx context.Context, node *app.Node, n int, of func(i int) (geo.Area, []byte)) error {
	const rows, month = 500, "2026-05"
	for at := 0; at < n; at += rows {
		err := node.DB.Write(ctx, func(tx *db.Tx) error {
			for i := at; i < min(at+rows, n); i++ {
				area, sealed := of(i)
				_, err := tx.Exec(ctx, `insert into alert_subscription (id, month, channel, centre, hash, tag, sealed, lang, categories, drills,
					quiet_from, quiet_to, zone, confirmed, tries, asked_at, ends_at) values ($1, $2, 'push', $3, $4, $5, $6, 'en', '', false, 0, 0, 'UTC', true, 0, 0, $7)`,
					subscriberID(i), month, int64(area), []byte(subscriberID(i)), []byte(subscriberID(i)), sealed, b.started.AddDate(1, 0, 0).UnixMicro())
				if err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// subscriberID is as long as real ones; in order, it is stored quickly.
func subscriberID(i int) string { return fmt.Sprintf("%026d", i) }

// alarm is the one alert of the bench.
type alarm struct{}

// Say implements subscriptions.Alerts.
func (alarm) Say(context.Context, *db.Tx, string, *i18n.Locale) (subscriptions.Said, error) {
	return subscriptions.Said{
		Title: "High water, Leipzig", Short: "High water, Leipzig. Keep away from the river and its banks; go to higher ground. Until 18:00.", Link: "https://example.org/alerts/1", Urgent: true,
	}, nil
}

// Categories implements subscriptions.Alerts.
func (alarm) Categories() []subscriptions.Category {
	return []subscriptions.Category{{Code: "flood", Name: "Flood"}}
}

// broadcast measures an alert to browsers from when it is verified until the push service
// has taken the last message, to the bare cryptography of as many; both with
// keys that were prepared in idle time and without; then the same while people sign up.
func (b *bench) broadcast(ctx context.Context) (err error) {
	node, err := openNode(ctx, filepath.Join(b.dir, "broadcast"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, node.Close()) }()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	counter, err := pushservice.StartCounter(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, counter.Close()) }()
	over := counter.Transport()
	defer func() { err = errors.Join(err, over.Close()) }()
	sender, err := webpush.NewSender(over, key, "https://example.org", b.Clock)
	if err != nil {
		return err
	}
	locales, err := i18n.Load(false)
	if err != nil {
		return err
	}
	node.Subscriptions.Alerts = alarm{}
	node.Subscriptions.Ways = []subscriptions.Way{subscriptions.PushWay(subscriptions.Push{Sender: sender, Clock: b.Clock, Locales: locales})}
	here, err := b.devices(ctx, node, sender)
	if err != nil {
		return err
	}
	resetPeak()
	point, err := key.PublicKey.Bytes()
	if err != nil {
		return err
	}
	p := &pushes{to: []webpush.Subscription{{P256DH: point}}}
	var ready, cold pair
	var last []time.Duration
	for turn := range min(b.Runs, 3) {
		chain := string(rune('a' + 2*turn))
		unprepared, err := b.alert(ctx, node, here, chain, 1, fact.AlertNew, counter)
		if err != nil {
			return err
		}
		b.say("getting ready")
		if err := node.Subscriptions.GetReady(ctx, 0); err != nil {
			return err
		}
		chain = string(rune('b' + 2*turn))
		prepared, err := b.alert(ctx, node, here, chain, 1, fact.AlertNew, counter)
		if err != nil {
			return err
		}
		bare, err := onAll(ctx, b.told, p.bare)
		if err != nil {
			return err
		}
		ready.add(prepared, bare)
		cold.add(unprepared, bare)
		last = append(last, prepared.all)
	}
	b.add(ready.line("alert handed over to "+number(float64(b.told))+" browsers, to bare encryptions", "/s", Aim{Ratio: 0.6}))
	b.add(Line{What: "from its verification to the last", Value: quantile(last, 0.5).Seconds(), Unit: "s", Times: len(last)})
	b.add(cold.line("the same when no keys were prepared, as just after a start", "/s", Aim{}))
	together, signed, err := b.whileSigning(ctx, node, func() (result, error) { return b.alert(ctx, node, here, "b", 2, fact.AlertUpdate, counter) })
	if err != nil {
		return err
	}
	b.add(Line{What: "the same while people sign up at half their speed", Value: together.all.Seconds(), Unit: "s"})
	b.add(Line{What: "sign-ups meanwhile", Value: signed.rate(), Unit: "/s"})
	_, memory := resident(os.Getpid())
	b.add(Line{What: "memory resident meanwhile, at most", Value: max(memory, 1), Unit: "MiB", Aim: Aim{Most: 300}})
	withdrawn, err := b.alert(ctx, node, here, "b", 3, fact.AlertWithdraw, counter)
	b.add(Line{What: "the withdrawal, to all of them", Value: withdrawn.all.Seconds(), Unit: "s"})
	return err
}

// devices subscribes browsers around one place.
func (b *bench) devices(ctx context.Context, node *app.Node, sender *webpush.Sender) (here geo.GridCell, err error) {
	service, err := pushservice.Start(ctx, b.Clock)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, service.Close()) }()
	var contacts []string
	for range pushDevices {
		d, err := service.Subscribe(sender.PublicKey())
		if err != nil {
			return 0, err
		}
		contacts = append(contacts, d.JSON())
	}
	k, err := node.Vault.Key(ctx, subscriptions.ScopePrefix+"2026-05")
	if err != nil {
		return 0, err
	}
	b.say("storing %d subscriptions", b.told)
	spot, ok := node.Places.Lookup("Leipzig", "", "DE")
	if !ok {
		return 0, errors.New("no Leipzig")
	}
	here = geo.GridAt(spot.Point)
	areas := geo.AreasWith([]geo.GridCell{here}, geo.Grid, 10, 8)
	return here, b.subscribe(ctx, node, b.told, func(i int) (geo.Area, []byte) {
		return areas[i%len(areas)], subscriptions.SealContact(k, nil, subscriberID(i), node.IDs.Secret(), contacts[i%len(contacts)])
	})
}

// alert sends the n-th one of a chain and waits for the last message.
func (b *bench) alert(ctx context.Context, node *app.Node, here geo.GridCell, chain string, n int, kind fact.AlertKind, counter *pushservice.Counter) (r result, err error) {
	before := counter.Taken()
	b.say("sending %s", kind)
	watch := startWatch()
	err = node.DB.Write(ctx, func(tx *db.Tx) error {
		return node.Subscriptions.AlertSent(ctx, tx, fact.AlertSent{
			Alert: fmt.Sprint(chain, n), Chain: chain, Kind: kind, Category: "flood", Cells: []int64{int64(here)}, Expires: b.Clock.Now().Add(time.Hour),
		})
	})
	if err != nil {
		return r, err
	}
	if _, err := node.Jobs.RunPending(ctx); err != nil {
		return r, err
	}
	r = watch.stop(b.told)
	if got := counter.Taken() - before; got != b.told {
		return r, fmt.Errorf("%d of %d messages were taken", got, b.told)
	}
	return r, nil
}

// whileSigning does something while people sign up over the network at half of the speed that
// they reach alone, and says how it and they went.
func (b *bench) whileSigning(ctx context.Context, node *app.Node, do func() (result, error)) (r, signed result, err error) {
	s, err := serve(ctx, crowd(node.Site))
	if err != nil {
		return r, signed, err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	load := func() (l load, err error) {
		e, err := exampleEvent(ctx, node, 0)
		if err != nil {
			return l, err
		}
		l = b.signUpLoad(node, s.addr, e)
		l.conns, l.total = min(64, l.total), min(4000, l.total)
		return l, nil
	}
	l, err := load()
	if err != nil {
		return r, signed, err
	}
	alone, err := l.run(ctx)
	if err != nil {
		return r, signed, err
	}
	done := make(chan error, 1)
	go func() {
		var err error
		r, err = do()
		done <- err
	}()
	for watch := startWatch(); ; {
		l, err := load()
		if err == nil {
			err = l.paced(ctx, alone.rate()/2)
		}
		if err != nil {
			return r, signed, errors.Join(err, <-done)
		}
		signed = watch.stop(signed.n + l.total)
		select {
		case err := <-done:
			return r, signed, err
		default:
		}
	}
}
