package e2e

import (
	"bufio"
	"errors"
	"fmt"
	"html"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"convoke/internal/app"
	"convoke/internal/clock"
	"convoke/internal/config"
	"convoke/internal/db"
	"convoke/internal/db/dbtest"
	"convoke/internal/feature/events"
	"convoke/internal/feature/groups"
	"convoke/internal/id"
)

const (
	// envKills is how often the program is killed; eight times without it.
	envKills = "CONVOKE_KILLS"
	// killClients sign up at the same time.
	killClients = 64
)

func kills(t *testing.T, otherwise int) int {
	t.Helper()
	s := os.Getenv(envKills)
	if s == "" {
		return otherwise
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 {
		t.Fatalf("%s=%s is no number of kills", envKills, s)
	}
	return n
}

// killable is a program that takes sign-ups and can be killed.
type killable struct {
	start  func(t *testing.T) *Instance // on the same data each time
	stop   func(t *testing.T, s *Instance)
	events []string // ids
	// totals is what is stored once the program has ended, for each event.
	totals func(t *testing.T) []totals
}

// totals are the counters of one event, and what its rows add up to.
type totals struct {
	counted  int // people going and waiting, by the counters
	summed   int // the same, by the rows
	rows     int // sign-ups
	going    int
	capacity int // 0 is no limit
}

// signUp is one sign-up whose client was told that it is recorded.
type signUp struct {
	event     int
	key       string
	party     int
	cancelled bool // and was told that it is cancelled
}

// crowd is clients that sign up, each again and again with the same key until
// it is told that it is recorded.
type crowd struct {
	program killable
	keys    *id.Source
	client  *http.Client
	acks    atomic.Int64
	acked   chan struct{} // has an element when acks grew
	ending  atomic.Bool

	mu    sync.Mutex
	base  string
	moved chan struct{} // closed when base changes
	all   []signUp
	odd   []string // answers that no client should get
}

func newCrowd(p killable) *crowd {
	return &crowd{
		program: p, keys: id.NewSource(clock.System{}, nil), acked: make(chan struct{}, 1), moved: make(chan struct{}),
		client: &http.Client{
			Transport:     &http.Transport{MaxIdleConnsPerHost: killClients},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

// at says where the program answers now.
func (c *crowd) at(base string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.base = base
	close(c.moved)
	c.moved = make(chan struct{})
}

// where returns the address, and what tells that there is another one.
func (c *crowd) where() (string, <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.base, c.moved
}

// until sends a form until the answer has the wanted status, through any number
// of crashes.
func (c *crowd) until(want int, path string, form url.Values) {
	for {
		base, moved := c.where()
		res, err := c.client.PostForm(base+path, form)
		if err != nil { // the program is gone, or just not there yet
			<-moved
			continue
		}
		_, err = io.Copy(io.Discard, res.Body)
		res.Body.Close()
		switch {
		case res.StatusCode == want:
			return
		case res.StatusCode == http.StatusServiceUnavailable && err == nil:
			<-time.After(20 * time.Millisecond) // it asked for patience
		case err == nil:
			c.mu.Lock()
			c.odd = append(c.odd, fmt.Sprint(path, ": ", res.Status))
			c.mu.Unlock()
			return
		}
	}
}

// live signs up again and again; every eighth sign-up is cancelled.
func (c *crowd) live() {
	for i := 0; !c.ending.Load(); i++ {
		s := signUp{event: rand.IntN(len(c.program.events)), key: c.keys.Secret(), party: 1 + rand.IntN(3)}
		path := "/events/" + c.program.events[s.event] + "/attend"
		c.until(http.StatusSeeOther, path, url.Values{"key": {s.key}, "party": {strconv.Itoa(s.party)}})
		c.ack()
		if i%8 == 7 {
			c.until(http.StatusOK, path+"/"+s.key+"/cancel", nil)
			s.cancelled = true
		}
		c.mu.Lock()
		c.all = append(c.all, s)
		c.mu.Unlock()
	}
}

func (c *crowd) ack() {
	c.acks.Add(1)
	select {
	case c.acked <- struct{}{}:
	default:
	}
}

// await returns after n more acknowledgements.
func (c *crowd) await(t *testing.T, n int64) {
	t.Helper()
	until, late := c.acks.Load()+n, time.After(2*Patience)
	for c.acks.Load() < until {
		select {
		case <-c.acked:
		case <-late:
			t.Fatalf("only %d sign-ups were acknowledged in %v", c.acks.Load()+n-until, 2*Patience)
		}
	}
}

// hunt runs the crowd against the program, kills it as often as wanted, and
// returns everything that is wrong afterwards.
func hunt(t *testing.T, p killable, times int) []string {
	t.Helper()
	c := newCrowd(p)
	var clients sync.WaitGroup
	defer c.client.CloseIdleConnections()
	var ready []time.Duration
	begin := func() *Instance {
		from := time.Now()
		s := p.start(t)
		c.answers(t, s)
		ready = append(ready, time.Since(from))
		c.at(s.URL)
		return s
	}
	s := begin()
	for range killClients {
		clients.Go(c.live)
	}
	for range times {
		c.await(t, rand.Int64N(400))
		s.Kill(t)
		s = begin()
	}
	c.await(t, killClients)
	c.ending.Store(true)
	clients.Wait()
	problems := append(c.odd, c.lost(s.URL)...)
	p.stop(t, s)
	slices.Sort(ready)
	t.Logf("%d kills, %d sign-ups; ready again after %v (median), %v (longest)", times, len(c.all),
		ready[len(ready)/2].Round(time.Millisecond), ready[len(ready)-1].Round(time.Millisecond))
	return append(problems, c.compare(p.totals(t))...)
}

// answers fails the test unless the program says that it is ready.
func (c *crowd) answers(t *testing.T, s *Instance) {
	t.Helper()
	res, err := c.client.Get(s.URL + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Fatalf("readyz: %s", res.Status)
	}
}

var partyField = regexp.MustCompile(`<input id="party"[^>]*? value="([^"]*)"`)

// lost looks at every private link.
func (c *crowd) lost(base string) []string {
	var mu sync.Mutex
	var out []string
	work := make(chan signUp)
	var readers sync.WaitGroup
	for range killClients {
		readers.Go(func() {
			for s := range work {
				if problem := c.look(base, s); problem != "" {
					mu.Lock()
					out = append(out, problem)
					mu.Unlock()
				}
			}
		})
	}
	for _, s := range c.all {
		work <- s
	}
	close(work)
	readers.Wait()
	return out
}

func (c *crowd) look(base string, s signUp) string {
	res, err := c.client.Get(base + "/events/" + c.program.events[s.event] + "/attend/" + s.key)
	if err != nil {
		return err.Error()
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	m := partyField.FindSubmatch(body)
	switch {
	case err != nil:
		return err.Error()
	case s.cancelled && res.StatusCode != http.StatusNotFound:
		return "cancelled, and still there: " + res.Status
	case s.cancelled:
		return ""
	case res.StatusCode != http.StatusOK || m == nil:
		return "lost: " + res.Status
	case html.UnescapeString(string(m[1])) != strconv.Itoa(s.party):
		return fmt.Sprintf("%s people, signed up %d", m[1], s.party)
	}
	return ""
}

// compare holds what is stored against what was acknowledged. No client is left
// without an answer, so both are the same to the last one.
func (c *crowd) compare(stored []totals) []string {
	var out []string
	for i, got := range stored {
		people, rows := 0, 0
		for _, s := range c.all {
			if s.event == i && !s.cancelled {
				people, rows = people+s.party, rows+1
			}
		}
		if got.counted != people || got.summed != people || got.rows != rows {
			out = append(out, fmt.Sprintf("event %d: counters say %d people, rows %d in %d sign-ups; acknowledged were %d in %d",
				i, got.counted, got.summed, got.rows, people, rows))
		}
		if got.capacity > 0 && got.going > got.capacity {
			out = append(out, fmt.Sprintf("event %d: %d go for %d places", i, got.going, got.capacity))
		}
	}
	return out
}

func report(t *testing.T, problems []string) {
	t.Helper()
	for i, p := range problems {
		if i == 10 {
			t.Errorf("and %d more", len(problems)-i)
			break
		}
		t.Error(p)
	}
}

// However often the program is killed in the middle of its work, it has kept
// all that it acknowledged, and nothing twice. CONVOKE_KILLS=1000 does it longer.
func TestKilledLosesNothing(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) {
		report(t, hunt(t, convoke(t, ""), kills(t, 8)))
	})
	t.Run("postgres", func(t *testing.T) {
		report(t, hunt(t, convoke(t, dbtest.EmptyPostgres(t)), max(2, kills(t, 8)/4)))
	})
}

// convoke is the real program with two events: one without a limit, and one
// with so few places that most people wait.
func convoke(t *testing.T, databaseURL string) killable {
	t.Helper()
	if _, err := binary(); err != nil { // built now, so that no time to start holds it
		t.Fatal(err)
	}
	dir := t.TempDir()
	var env []string
	if databaseURL != "" {
		env = []string{"CONVOKE_DATABASE_URL=" + databaseURL}
	}
	p := killable{
		start: func(t *testing.T) *Instance { t.Helper(); return Server(t, ServerOptions{Data: dir, Env: env}) },
		stop:  func(t *testing.T, s *Instance) { t.Helper(); s.Stop(t) },
	}
	n := openNode(t, dir, env)
	err := n.DB.Write(t.Context(), func(tx *db.Tx) error {
		g, err := n.Groups.CreateSample(t.Context(), tx, groups.CreateInput{
			Name: "Riverside Neighbours", Handle: "riverside", Place: "Leipzig", Langs: []string{"en"},
		})
		if err != nil {
			return err
		}
		p.events = nil
		for _, capacity := range []string{"", "150"} {
			e, err := n.Events.CreateSample(t.Context(), tx, g, events.Input{
				Title: "Riverside clean-up", Kind: "mutual_aid", State: events.Confirmed, Near: "Leipzig", Lang: "en", Capacity: capacity,
				StartDate: tx.Now().AddDate(0, 0, 3).Format(time.DateOnly), StartTime: "10:00",
			})
			if err != nil {
				return err
			}
			p.events = append(p.events, string(e))
		}
		return nil
	})
	if err = errors.Join(err, n.Close()); err != nil {
		t.Fatal(err)
	}
	p.totals = func(t *testing.T) []totals { return storedTotals(t, dir, env, p.events) }
	return p
}

func openNode(t *testing.T, dir string, env []string) *app.Node {
	t.Helper()
	cfg, err := config.Load(config.Source{Flags: map[string]string{"data": dir, "listen": "localhost:0"}, Environ: env})
	if err != nil {
		t.Fatal(err)
	}
	n, err := app.Open(t.Context(), cfg, slog.New(slog.DiscardHandler), app.Options{Migrate: true, Create: true})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func storedTotals(t *testing.T, dir string, env, ids []string) []totals {
	t.Helper()
	n := openNode(t, dir, env)
	out := make([]totals, len(ids))
	err := n.DB.Read(t.Context(), func(tx *db.Tx) error {
		for i, e := range ids {
			err := tx.Get(t.Context(), `select r.going + r.waiting, r.going, r.capacity, count(a.hash), coalesce(sum(a.party), 0) from roster r
				left join attendance a on a.event_id = r.event_id where r.event_id = $1 group by r.going, r.waiting, r.capacity`,
				[]any{e}, &out[i].counted, &out[i].going, &out[i].capacity, &out[i].rows, &out[i].summed)
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err = errors.Join(err, n.Close()); err != nil {
		t.Fatal(err)
	}
	return out
}

// What follows proves that the check can fail: small programs that keep the
// contract, or break it as servers do that are tested less.

// envStandIn makes TestStandIn such a program. Its value says how it behaves.
const envStandIn = "E2E_STAND_IN"

func TestKillCheckSeesAnEarlyAnswer(t *testing.T) {
	t.Parallel()
	problems := hunt(t, standIn(t, "early"), 8)
	if !slices.ContainsFunc(problems, func(p string) bool { return strings.HasPrefix(p, "lost: ") }) {
		t.Errorf("it answers before it stores, and the check found: %q", problems)
	}
}

func TestKillCheckSeesDoubling(t *testing.T) {
	t.Parallel()
	problems := hunt(t, standIn(t, "forgetful"), 8)
	if !slices.ContainsFunc(problems, func(p string) bool { return strings.HasPrefix(p, "event 0: counters") }) {
		t.Errorf("it stores a retry again, and the check found: %q", problems)
	}
}

func TestKillCheckAcceptsWhatIsRight(t *testing.T) {
	t.Parallel()
	report(t, hunt(t, standIn(t, "well"), 4))
}

func standIn(t *testing.T, how string) killable {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	return killable{
		events: []string{"one"},
		stop:   func(t *testing.T, s *Instance) { t.Helper(); s.Kill(t) },
		start: func(t *testing.T) *Instance {
			t.Helper()
			s := &Instance{Data: dir, out: newLines(), log: newLines(), done: make(chan struct{})}
			s.cmd = exec.Command(self, "-test.run=^TestStandIn$")
			s.cmd.Env = append(environment(), envStandIn+"="+how+" "+dir)
			if err := s.run(); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { s.Kill(t) })
			line, ok := s.out.wait(address, s.done, time.After(Patience))
			if !ok {
				t.Fatalf("the stand-in does not answer\n%s", s.Log())
			}
			s.URL = address.FindString(line)
			return s
		},
		totals: func(t *testing.T) []totals {
			t.Helper()
			l, err := readBook(filepath.Join(dir, "book"))
			if err != nil {
				t.Fatal(err)
			}
			return []totals{l.totals()}
		},
	}
}

// book is the stand-in's store: lines "key party", and "key 0" when cancelled.
type book struct {
	party   map[string]int
	counted int // as a counter that is raised for every line
}

func readBook(path string) (book, error) {
	b := book{party: map[string]int{}}
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return b, nil
	}
	if err != nil {
		return b, err
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		var key string
		var party int
		if _, err := fmt.Sscan(s.Text(), &key, &party); err == nil {
			b.put(key, party)
		}
	}
	return b, nil
}

func (b *book) put(key string, party int) {
	if party == 0 {
		b.counted -= b.party[key]
		delete(b.party, key)
		return
	}
	b.party[key], b.counted = party, b.counted+party
}

func (b *book) totals() totals {
	x := totals{counted: b.counted, rows: len(b.party)}
	for _, p := range b.party {
		x.summed += p
	}
	return x
}

// clerk is the stand-in at work.
type clerk struct {
	how  string
	mu   sync.Mutex
	book book
	file *os.File
	late chan string // lines that the early one has yet to write
}

// TestStandIn is not a test but the program that the tests above kill.
func TestStandIn(t *testing.T) {
	how, dir, ok := strings.Cut(os.Getenv(envStandIn), " ")
	if !ok {
		t.Skip("started by the tests of killing")
	}
	path := filepath.Join(dir, "book")
	b, err := readBook(path)
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	k := &clerk{how: how, book: b, file: f, late: make(chan string, 1<<20)}
	go k.writeLate()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /readyz", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("POST /events/one/attend", k.signUp)
	mux.HandleFunc("GET /events/one/attend/{key}", k.mine)
	mux.HandleFunc("POST /events/one/attend/{key}/cancel", k.cancel)
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	fmt.Printf("It answers at http://%s\n", l.Addr())
	t.Fatal(http.Serve(l, mux))
}

// writeLate is the bug: what was acknowledged is stored some time later.
func (k *clerk) writeLate() {
	for range time.Tick(20 * time.Millisecond) {
		for len(k.late) > 0 {
			fmt.Fprint(k.file, <-k.late)
		}
	}
}

func (k *clerk) keep(key string, party int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if _, known := k.book.party[key]; known && party > 0 && k.how != "forgetful" {
		return
	}
	k.book.put(key, party)
	if k.how == "early" {
		k.late <- fmt.Sprintln(key, party)
		return
	}
	fmt.Fprintln(k.file, key, party)
}

func (k *clerk) signUp(w http.ResponseWriter, r *http.Request) {
	party, _ := strconv.Atoi(r.FormValue("party"))
	k.keep(r.FormValue("key"), party)
	if k.how != "early" {
		<-time.After(5 * time.Millisecond) // so that some are stored and not yet answered
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

func (k *clerk) cancel(_ http.ResponseWriter, r *http.Request) { k.keep(r.PathValue("key"), 0) }

func (k *clerk) mine(w http.ResponseWriter, r *http.Request) {
	k.mu.Lock()
	defer k.mu.Unlock()
	party, ok := k.book.party[r.PathValue("key")]
	if !ok {
		http.NotFound(w, r)
		return
	}
	fmt.Fprintf(w, `<input id="party" name="party" value="%d">`, party)
}
