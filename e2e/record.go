package e2e

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
)

// request is one that the page made.
type request struct {
	id     network.RequestID
	url    string
	kind   network.ResourceType
	status int64
	bytes  int // on the wire: head and compressed body
	done   bool
}

// recorder sees a tab's events: requests, page loads and complaints.
type recorder struct {
	mu       sync.Mutex
	main     cdp.FrameID
	requests []*request // of every page the visitor saw
	first    int        // index of the first request of the page on show
	started  int        // loads of the main frame that began
	loading  bool
	change   chan struct{} // closed and replaced at each change
	problems []string
}

func newRecorder() *recorder { return &recorder{change: make(chan struct{})} }

// see takes an event. It runs in chromedp's reading loop and is quick.
func (r *recorder) see(ev any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch e := ev.(type) {
	case *network.EventRequestWillBeSent:
		r.sent(e)
	case *network.EventResponseReceived:
		if q := r.byID(e.RequestID); q != nil {
			q.status, q.bytes = e.Response.Status, int(e.Response.EncodedDataLength)
		}
	case *network.EventDataReceived:
		// A stream that never finishes (live counts) still weighs.
		if q := r.byID(e.RequestID); q != nil && !q.done {
			q.bytes += int(e.EncodedDataLength)
		}
	case *network.EventLoadingFinished:
		if q := r.byID(e.RequestID); q != nil {
			q.bytes, q.done = int(e.EncodedDataLength), true
		}
	case *network.EventLoadingFailed:
		if q := r.byID(e.RequestID); q != nil {
			q.done = true
		}
	case *page.EventFrameStartedLoading:
		if e.FrameID == r.main {
			r.started++
			r.loading = true
			r.changed()
		}
	case *page.EventFrameStoppedLoading:
		if e.FrameID == r.main {
			r.loading = false
			r.changed()
		}
	case *runtime.EventExceptionThrown:
		r.problems = append(r.problems, exception(e.ExceptionDetails))
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeWarning {
			r.problems = append(r.problems, said(e))
		}
	case *log.EventEntryAdded:
		// "network" is what an answer such as 422 logs; the page is meant to
		// show those.
		if e.Entry.Level == log.EntryLevelError && e.Entry.Source != log.EntrySourceNetwork {
			r.problems = append(r.problems, e.Entry.Text+" "+e.Entry.URL)
		}
	}
}

func exception(d *runtime.ExceptionDetails) string {
	if d.Exception != nil && d.Exception.Description != "" {
		return d.Exception.Description
	}
	return fmt.Sprintf("%s at %s:%d", d.Text, d.URL, d.LineNumber+1)
}

// said is what a script wrote to the console.
func said(e *runtime.EventConsoleAPICalled) string {
	words := []string{string(e.Type)}
	for _, a := range e.Args {
		words = append(words, cmp.Or(a.Description, string(a.Value)))
	}
	return strings.Join(words, " ")
}

func (r *recorder) sent(e *network.EventRequestWillBeSent) {
	if q := r.byID(e.RequestID); q != nil && e.RedirectResponse != nil {
		// The same id goes on at another address: keep both.
		q.id, q.done, q.bytes = "", true, int(e.RedirectResponse.EncodedDataLength)
		r.requests = append(r.requests, &request{id: e.RequestID, url: e.Request.URL, kind: e.Type})
		return
	}
	if e.Type == network.ResourceTypeDocument && e.FrameID == r.main {
		r.first = len(r.requests)
	}
	r.requests = append(r.requests, &request{id: e.RequestID, url: e.Request.URL, kind: e.Type})
}

func (r *recorder) byID(id network.RequestID) *request {
	for _, q := range slices.Backward(r.requests) {
		if q.id == id {
			return q
		}
	}
	return nil
}

func (r *recorder) changed() {
	close(r.change)
	r.change = make(chan struct{})
}

func (r *recorder) loads() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.started
}

// settle waits until a load that began after the count before has ended. When
// none begins within the time to begin it returns false: the action changed the
// page in place.
func (r *recorder) settle(before int, begin time.Duration) bool {
	start, end := time.After(begin), time.After(Patience)
	for {
		r.mu.Lock()
		begun, loading, change := r.started > before, r.loading, r.change
		r.mu.Unlock()
		if begun && !loading {
			return true
		}
		select {
		case <-change:
		case <-start:
			if !begun {
				return false
			}
			start = nil
		case <-end:
			return false
		}
	}
}

// status is the answer to the page on show, or 0.
func (r *recorder) status() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, q := range slices.Backward(r.requests[r.first:]) {
		if q.kind == network.ResourceTypeDocument && q.status != 0 {
			return int(q.status)
		}
	}
	return 0
}

// NoThirdParty fails the test when the visitor's browser asked any server but
// the node for anything since the tab was opened.
func (p *Page) NoThirdParty(t testing.TB) {
	t.Helper()
	p.net.mu.Lock()
	defer p.net.mu.Unlock()
	for _, u := range strangers(p.o.Base, p.net.requests) {
		t.Errorf("the page asked another server: %s", u)
	}
}

func strangers(base string, requests []*request) []string {
	own, err := url.Parse(base)
	if err != nil {
		return []string{base + ": " + err.Error()}
	}
	var out []string
	for _, q := range requests {
		u, err := url.Parse(q.url)
		if err != nil {
			out = append(out, q.url)
			continue
		}
		switch u.Scheme {
		case "data", "blob", "about":
			continue // these stay inside the browser
		}
		if u.Scheme != own.Scheme || u.Host != own.Host {
			out = append(out, q.url)
		}
	}
	return out
}

// Weights are the bytes that the page on show cost on the wire, heads included,
// as a first visit: the cache is off.
type Weights struct {
	HTML, Style, Script, Image, Font, Other int
	Requests                                int
}

// Total is the sum.
func (w Weights) Total() int {
	return w.HTML + w.Style + w.Script + w.Image + w.Font + w.Other
}

// String gives the weights for a log.
func (w Weights) String() string {
	return fmt.Sprintf("%d B in %d requests: HTML %d, style %d, script %d, image %d, font %d, other %d",
		w.Total(), w.Requests, w.HTML, w.Style, w.Script, w.Image, w.Font, w.Other)
}

// Weight sums what the page on show has loaded so far.
func (p *Page) Weight(t testing.TB) Weights {
	t.Helper()
	p.net.mu.Lock()
	defer p.net.mu.Unlock()
	var w Weights
	for _, q := range p.net.requests[p.net.first:] {
		if strings.HasPrefix(q.url, "data:") || strings.HasPrefix(q.url, "blob:") {
			continue // they came inside another file
		}
		w.Requests++
		switch q.kind {
		case network.ResourceTypeDocument:
			w.HTML += q.bytes
		case network.ResourceTypeStylesheet:
			w.Style += q.bytes
		case network.ResourceTypeScript:
			w.Script += q.bytes
		case network.ResourceTypeImage:
			w.Image += q.bytes
		case network.ResourceTypeFont:
			w.Font += q.bytes
		default:
			w.Other += q.bytes
		}
	}
	if w.HTML == 0 {
		t.Error("no page was loaded, so there is nothing to weigh")
	}
	return w
}

// NoErrors fails the test when a script threw or the browser complained, for
// example because the content policy refused something.
func (p *Page) NoErrors(t testing.TB) {
	t.Helper()
	p.net.mu.Lock()
	defer p.net.mu.Unlock()
	for _, s := range p.net.problems {
		t.Errorf("the browser complained: %s", s)
	}
}
