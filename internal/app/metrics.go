package app

import (
	"net/http"
	"strconv"
	"sync"
	"time"

	vm "github.com/VictoriaMetrics/metrics"
)

// metrics are counted without naming anybody: routes are patterns, never paths.
type metrics struct {
	set      *vm.Set
	requests sync.Map // of answered, to *vm.PrometheusHistogram
}

// answered is a route and how it was answered: few of each.
type answered struct {
	route  string
	status int
}

func newMetrics(n *Node) *metrics {
	m := &metrics{set: vm.NewSet()}
	for name, f := range map[string]func() float64{
		"convoke_commits_total":           func() float64 { return float64(n.DB.Stats().Batches) },
		"convoke_writes_total":            func() float64 { return float64(n.DB.Stats().Writes) },
		"convoke_commit_seconds_total":    func() float64 { return n.DB.Stats().CommitTime.Seconds() },
		"convoke_writes_waiting":          func() float64 { return float64(n.DB.Stats().Queued) },
		"convoke_page_cache_hits_total":   func() float64 { h, _ := n.Site.Cache().Counts(); return float64(h) },
		"convoke_page_cache_misses_total": func() float64 { _, k := n.Site.Cache().Counts(); return float64(k) },
	} {
		m.set.NewGauge(name, f)
	}
	return m
}

// bounced counts a message that came back.
func (m *metrics) bounced(permanent bool) {
	m.set.GetOrCreateCounter(`convoke_mail_bounced_total{permanent="` + strconv.FormatBool(permanent) + `"}`).Inc()
}

// unsent counts a message that was left out, and why.
func (m *metrics) unsent(why string) {
	m.set.GetOrCreateCounter(`convoke_mail_left_out_total{why="` + why + `"}`).Inc()
}

// undelivered counts messages of alerts that were given up, and those to whom nobody is there.
func (m *metrics) undelivered(way string, failed, gone int) {
	m.set.GetOrCreateCounter(`convoke_alerts_undelivered_total{way="` + way + `",why="failed"}`).Add(failed)
	m.set.GetOrCreateCounter(`convoke_alerts_undelivered_total{way="` + way + `",why="gone"}`).Add(gone)
}

// buckets are seconds.
var buckets = []float64{.001, .005, .025, .1, .5, 2.5, 10}

func (m *metrics) observe(pattern string, status int, took time.Duration) {
	if pattern == "" {
		pattern = "none"
	}
	a := answered{pattern, status}
	h, ok := m.requests.Load(a)
	if !ok {
		name := `convoke_request_seconds{route=` + strconv.Quote(a.route) + `,status="` + strconv.Itoa(a.status) + `"}`
		h, _ = m.requests.LoadOrStore(a, m.set.GetOrCreatePrometheusHistogramExt(name, buckets))
	}
	h.(*vm.PrometheusHistogram).Update(took.Seconds())
}

func (m *metrics) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
		m.set.WritePrometheus(w)
		vm.WriteProcessMetrics(w)
	})
	return mux
}
