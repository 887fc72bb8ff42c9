package bench

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"convoke/internal/app"
	"convoke/internal/authz"
	"convoke/internal/feature/assemblies"
	"convoke/internal/feature/groups"
	"convoke/internal/feature/identity"
)

// askWithin is how long after a change a page asks, at the latest, as its script does.
const askWithin = 500 * time.Millisecond

// assembly measures how long a change of an assembly takes to reach all phones that
// follow it: each hears of it on a stream, and asks for the part of the page that
// changed. The reference tells its streams from memory and sends the same bytes.
func (b *bench) assembly(ctx context.Context) (err error) {
	node, err := openNode(ctx, filepath.Join(b.dir, "assembly"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, node.Close()) }()
	chair, aid, err := exampleAssembly(ctx, node, b.started)
	if err != nil {
		return err
	}
	site, err := serve(ctx, node.Site)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, site.close()) }()
	at := "/assemblies/" + string(aid)
	part, err := sameBytes(ctx, site.addr, at+"/now")
	if err != nil {
		return err
	}
	bare := newBareLive(part)
	ref, err := serve(ctx, bare)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, ref.close()) }()
	change := func() error {
		return node.Assemblies.Run(ctx, chair, aid, assemblies.RunInput{Form: node.IDs.Secret(), Do: assemblies.DoPlus})
	}
	product, err := b.enter(ctx, site.addr, at, change)
	if err != nil {
		return err
	}
	defer product.close()
	reference, err := b.enter(ctx, ref.addr, at, bare.change)
	if err != nil {
		return fmt.Errorf("reference: %w", err)
	}
	defer reference.close()
	if n := node.Following(); n != b.phones {
		return fmt.Errorf("%d of %d phones follow", n, b.phones)
	}
	return b.updates(ctx, product, reference, site.addr, at)
}

// updates takes turns, then measures as phones behave, and while others reload.
func (b *bench) updates(ctx context.Context, product, reference *hall, addr, at string) error {
	var turns pair
	for range b.Runs {
		p, err := product.update(ctx, 0)
		if err != nil {
			return err
		}
		r, err := reference.update(ctx, 0)
		if err != nil {
			return fmt.Errorf("reference: %w", err)
		}
		turns.add(p, r)
	}
	phones := number(float64(b.phones)) + " phones"
	b.add(turns.line(phones+" have a change, all asking at once", "/s", Aim{}))
	calm, err := b.spreadOut(ctx, product)
	if err != nil {
		return err
	}
	b.add(Line{What: "the last of " + phones + " has it, each asking at its own moment", Value: median(calm), Unit: "ms", Times: len(calm), Aim: Aim{Most: 1000}})
	page, err := sameBytes(ctx, addr, at)
	if err != nil {
		return err
	}
	g, loading := errgroup.WithContext(ctx)
	loading, stop := context.WithCancel(loading)
	reloads := 0
	g.Go(func() error { // readers without script
		for loading.Err() == nil {
			r, err := b.pageLoad(addr, at, 500, b.pageConns).run(ctx)
			if reloads += r.n; err != nil {
				return err
			}
		}
		return nil
	})
	busy, err := b.spreadOut(ctx, product)
	stop()
	if err := errors.Join(err, g.Wait()); err != nil {
		return err
	}
	b.say("%d pages were reloaded meanwhile", reloads)
	b.add(Line{What: "the same while others reload without script", Value: median(busy), Unit: "ms", Times: len(busy), Aim: Aim{Most: 1000}})
	b.add(Line{What: "what a reader without script reloads, compressed", Value: float64(len(page.body)), Unit: "bytes", Aim: Aim{Most: 14_000}})
	return nil
}

// spreadOut is when the last phone has each of some changes, in milliseconds.
func (b *bench) spreadOut(ctx context.Context, h *hall) (took []float64, err error) {
	for range max(b.Runs, 3) {
		r, err := h.update(ctx, askWithin)
		if err != nil {
			return nil, err
		}
		took = append(took, millis(r.all))
	}
	return took, nil
}

// hall is phones that follow one assembly.
type hall struct {
	addr, at string
	change   func() error
	phones   []*phone
}

// phone has a stream open, and a connection to ask with.
type phone struct {
	live, page *conn
}

// enter opens all streams, and reads what each says first.
func (b *bench) enter(ctx context.Context, addr, at string, change func() error) (*hall, error) {
	h := &hall{addr: addr, at: at, change: change}
	var d net.Dialer
	for range b.phones {
		p := &phone{}
		for _, c := range []**conn{&p.live, &p.page} {
			n, err := d.DialContext(ctx, "tcp", addr)
			if err != nil {
				h.close()
				return nil, fmt.Errorf("connect: %w", err)
			}
			*c = &conn{Conn: n, r: bufio.NewReaderSize(n, 4<<10)}
		}
		h.phones = append(h.phones, p)
		if _, err := p.live.Write(get(addr, at+"/live")(nil, 0)); err != nil {
			return nil, fmt.Errorf("open a stream: %w", err)
		}
		// Asked once, a connection is kept open.
		if err := errors.Join(p.hear(), p.ask(get(addr, at+"/now")(nil, 0))); err != nil {
			h.close()
			return nil, fmt.Errorf("begin to follow: %w", err)
		}
	}
	return h, nil
}

func (h *hall) close() {
	for _, p := range h.phones {
		_, _ = p.live.Close(), p.page.Close() // all that was asked for was read
	}
}

// hear reads up to the next event.
func (p *phone) hear() error {
	for {
		line, err := p.live.r.ReadString('\n')
		if err != nil {
			return fmt.Errorf("read a stream: %w", err)
		}
		if strings.HasPrefix(line, "data: ") {
			return nil
		}
	}
}

// ask asks for the part of the page.
func (p *phone) ask(request []byte) error {
	if _, err := p.page.Write(request); err != nil {
		return fmt.Errorf("ask: %w", err)
	}
	status, err := discardAnswer(p.page.r)
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("the part of the page has status %d", status)
	}
	return err
}

// update makes one change and waits until the last phone has the part of the page,
// which each asks for within some time.
func (h *hall) update(ctx context.Context, within time.Duration) (result, error) {
	time.Sleep(400 * time.Millisecond) // the streams are ready for the next change
	g, ctx := errgroup.WithContext(ctx)
	request := get(h.addr, h.at+"/now")
	for _, p := range h.phones {
		wait := time.Duration(0)
		if within > 0 {
			wait = rand.N(within) //nolint:gosec // no secret
		}
		g.Go(func() error {
			stop := context.AfterFunc(ctx, func() { _ = p.live.SetDeadline(time.Unix(1, 0)) })
			defer stop()
			if err := p.hear(); err != nil {
				return err
			}
			if wait > 0 {
				time.Sleep(wait)
			}
			return p.ask(request(nil, 0))
		})
	}
	watch := startWatch()
	if err := h.change(); err != nil {
		return result{}, fmt.Errorf("change: %w", err)
	}
	err := g.Wait()
	return watch.stop(len(h.phones)), err
}

// bareLive is the reference: it holds its streams in memory and checks nothing.
type bareLive struct {
	part http.Handler
	mu   sync.Mutex
	all  map[chan struct{}]bool
}

func newBareLive(part http.Handler) *bareLive {
	return &bareLive{part: part, all: map[chan struct{}]bool{}}
}

// ServeHTTP implements http.Handler.
func (b *bareLive) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !strings.HasSuffix(r.URL.Path, "/live") {
		b.part.ServeHTTP(w, r)
		return
	}
	heard := make(chan struct{}, 1)
	b.mu.Lock()
	b.all[heard] = true
	b.mu.Unlock()
	defer func() {
		b.mu.Lock()
		delete(b.all, heard)
		b.mu.Unlock()
	}()
	rc := http.NewResponseController(w)
	if err := errors.Join(rc.SetReadDeadline(time.Time{}), rc.SetWriteDeadline(time.Time{})); err != nil {
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	for n := 0; ; n++ {
		if _, err := io.WriteString(w, fmt.Sprintf("data: %d\n\n", n)); err != nil || rc.Flush() != nil {
			return
		}
		select {
		case <-heard:
		case <-r.Context().Done():
			return
		}
	}
}

func (b *bareLive) change() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	for c := range b.all {
		select {
		case c <- struct{}{}:
		default:
		}
	}
	return nil
}

// exampleChair sets the node up, and starts a group, readers. session is the chair's.
func exampleChair(ctx context.Context, node *app.Node) (chair authz.Actor, session string, err error) {
	path, _, err := node.Identity.SetupLink(ctx)
	if err != nil {
		return chair, "", fmt.Errorf("set up: %w", err)
	}
	j, err := node.Identity.SetUp(ctx, strings.TrimPrefix(path, "/setup/"), "", identity.SetupInput{Name: "Bench", Language: "en", Handle: "chair"})
	if err != nil {
		return chair, "", fmt.Errorf("set up: %w", err)
	}
	s, _, err := node.Identity.Session(ctx, j.Session)
	if err != nil {
		return chair, "", fmt.Errorf("sign in: %w", err)
	}
	_, err = node.Groups.Create(ctx, groups.CreateInput{Name: "Riverside Readers", Handle: "readers", Place: "Leipzig", Langs: []string{"en"}}, s.Actor)
	if err != nil {
		return chair, "", fmt.Errorf("start a group: %w", err)
	}
	return s.Actor, j.Session, nil
}

// exampleAssembly opens one with an agenda, and gives who runs it.
func exampleAssembly(ctx context.Context, node *app.Node, now time.Time) (chair authz.Actor, aid assemblies.ID, err error) {
	chair, _, err = exampleChair(ctx, node)
	if err != nil {
		return chair, aid, err
	}
	aid, err = node.Assemblies.Create(ctx, chair, "readers", node.IDs.Secret(), assemblies.Input{
		Title: "Spring plenary", Lang: "en", Place: "Old school", Day: now.AddDate(0, 0, 7).Format(time.DateOnly), Start: "18:00", End: "20:00",
		Public: true, FirstFirst: true, Speak: "2", About: "We meet, and decide what we do in **summer**.",
	})
	for i := range 10 {
		if err == nil {
			err = node.Assemblies.AddItem(ctx, chair, aid, node.IDs.Secret(), "", assemblies.ItemInput{Title: fmt.Sprintf("The %d. thing to decide", i+1), Minutes: "10"})
		}
	}
	if err == nil {
		err = node.Assemblies.Call(ctx, chair, aid, 0, false)
	}
	for i, do := range []string{assemblies.DoOpen, assemblies.DoNext, assemblies.DoShowCount} {
		if err == nil {
			err = node.Assemblies.Run(ctx, chair, aid, assemblies.RunInput{Form: node.IDs.Secret(), Step: i, Do: do})
		}
	}
	if err != nil {
		return chair, aid, fmt.Errorf("make an example assembly: %w", err)
	}
	return chair, aid, nil
}
