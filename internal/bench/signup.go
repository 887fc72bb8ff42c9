package bench

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"time"

	"convoke/internal/app"
	"convoke/internal/db"
	"convoke/internal/feature/events"
	"convoke/internal/feature/groups"
	"convoke/internal/id"
)

// signup measures durable sign-ups, everything included: the form, its checks,
// the limit of each network, sealing, capacity, counters, one private link each.
func (b *bench) signup(ctx context.Context) (err error) {
	dir := filepath.Join(b.dir, "signup")
	node, err := openNode(ctx, dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, node.Close()) }()
	return besideBare(ctx, node, filepath.Join(dir, "bare.db"), bareSignUp, func(addr, ref string) error {
		return b.signUpTurns(ctx, node, addr, ref)
	})
}

func (b *bench) signUpTurns(ctx context.Context, node *app.Node, addr, ref string) error {
	var open, limited pair
	for turn := range b.Runs {
		b.say("turn %d of %d", turn+1, b.Runs)
		for _, p := range []*pair{&open, &limited} {
			capacity := 0
			if p == &limited {
				capacity = b.signUps / 2
			}
			product, reference, err := b.signUpTurn(ctx, node, addr, ref, capacity)
			if err != nil {
				return err
			}
			p.add(product, reference)
		}
	}
	conns := strconv.Itoa(b.signUpConns) + " connections"
	aim := Aim{Ratio: 0.5}
	b.add(open.line("durable sign-ups, no limit, "+conns, "/s", aim))
	b.add(limited.line("durable sign-ups, half to the waiting list, "+conns, "/s", aim))
	b.add(Line{What: "latency p50, no limit", Value: median(open.p50), Unit: "ms", Times: len(open.p50)})
	b.add(Line{What: "latency p99, no limit", Value: median(open.p99), Unit: "ms", Times: len(open.p99), Aim: Aim{Most: 250}})
	return nil
}

// signUpTurn lets many people sign up for a new event, and counts them.
func (b *bench) signUpTurn(ctx context.Context, node *app.Node, addr, ref string, capacity int) (p, r result, err error) {
	e, err := exampleEvent(ctx, node, capacity)
	if err != nil {
		return p, r, err
	}
	if p, r, err = inTurns(ctx, b.signUpLoad(node, addr, e), b.signUpLoad(node, ref, bareEvent)); err != nil {
		return p, r, err
	}
	n, _, err := node.Attendance.Numbers(ctx, e)
	if err == nil && n.Going+n.Waiting != b.signUps {
		err = fmt.Errorf("%d signed up, but %d are counted", b.signUps, n.Going+n.Waiting)
	}
	return p, r, err
}

// signUpLoad has a fresh key for each form; one in eight names a need.
func (b *bench) signUpLoad(node *app.Node, addr string, e id.Event) load {
	keys := make([]string, b.signUps)
	for i := range keys {
		keys[i] = node.IDs.Secret()
	}
	head := "POST /events/" + string(e) + "/attend HTTP/1.1\r\nHost: " + addr + "\r\nAccept: text/html\r\nAccept-Language: en-US,en;q=0.9\r\n" +
		"Sec-Fetch-Site: same-origin\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: "
	return load{addr: addr, conns: b.signUpConns, total: b.signUps, status: http.StatusSeeOther, request: func(out []byte, i int) []byte {
		form := "party=1&key=" + keys[i]
		if i%8 == 0 {
			form += "&need=seating"
		}
		out = append(out, head...)
		out = strconv.AppendInt(out, int64(len(form)), 10)
		out = append(out, "\r\n\r\n"...)
		return append(out, form...)
	}}
}

// crowd makes requests come from many networks, as a crowd's do: the limit of
// sign-ups from one is real, and would refuse most of a bench.
func crowd(h http.Handler) http.Handler {
	const networks = 4096
	addrs := make([]string, networks)
	for i := range addrs {
		addrs[i] = fmt.Sprintf("10.%d.%d.7:4321", i>>8, i&255)
	}
	var n atomic.Uint32
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.RemoteAddr = addrs[n.Add(1)%networks]
		h.ServeHTTP(w, r)
	})
}

// exampleEvent makes an event that takes sign-ups, in a group that it makes when
// it is missing. 0 is no limit.
func exampleEvent(ctx context.Context, node *app.Node, capacity int) (e id.Event, err error) {
	in := events.Input{
		Title: "Riverside clean-up", Kind: "mutual_aid", State: events.Confirmed, Near: "Leipzig", Place: "Park, north gate",
		Description: "We pick up what the high water left along the bank.\n\n- boots\n- gloves", Lang: "en",
		StartDate: node.Clock.Now().AddDate(0, 0, 14).Format(time.DateOnly), StartTime: "10:00", EndTime: "13:00",
		AccessYes: []string{"step_free", "seating"}, AccessNo: []string{"hearing_loop"},
	}
	if capacity > 0 {
		in.Capacity = strconv.Itoa(capacity)
	}
	err = node.DB.Write(ctx, func(tx *db.Tx) error {
		g, err := node.Groups.CreateSample(ctx, tx, groups.CreateInput{
			Name: "Riverside Neighbours", Handle: "riverside", Place: "Leipzig", Langs: []string{"en"},
		})
		if err != nil {
			return err
		}
		e, err = node.Events.CreateSample(ctx, tx, g, in)
		return err
	})
	if err != nil {
		return "", fmt.Errorf("make an example event: %w", err)
	}
	return e, nil
}
