package app

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// metrics are counted without naming anybody: routes are patterns, never paths.
type metrics struct {
	registry *prometheus.Registry
	requests *prometheus.HistogramVec
}

func newMetrics(n *Node) *metrics {
	m := &metrics{registry: prometheus.NewRegistry()}
	m.requests = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "convoke_request_seconds", Help: "Time to answer, by route and status.",
		Buckets: []float64{.001, .005, .025, .1, .5, 2.5, 10},
	}, []string{"route", "status"})
	gauge := func(name, help string, f func() float64) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, f)
	}
	counter := func(name, help string, f func() float64) prometheus.Collector {
		return prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help}, f)
	}
	m.registry.MustRegister(m.requests, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		counter("convoke_commits_total", "Commits by the group writer.", func() float64 { return float64(n.DB.Stats().Batches) }),
		counter("convoke_writes_total", "Writes in those commits.", func() float64 { return float64(n.DB.Stats().Writes) }),
		counter("convoke_commit_seconds_total", "Time spent in them.", func() float64 { return n.DB.Stats().CommitTime.Seconds() }),
		gauge("convoke_writes_waiting", "Writes waiting for a commit.", func() float64 { return float64(n.DB.Stats().Queued) }),
		counter("convoke_page_cache_hits_total", "Pages answered from the cache.", func() float64 { h, _ := n.Site.Cache().Counts(); return float64(h) }),
		counter("convoke_page_cache_misses_total", "Pages rendered for the cache.", func() float64 { _, k := n.Site.Cache().Counts(); return float64(k) }),
	)
	return m
}

func (m *metrics) observe(pattern string, status int, took time.Duration) {
	if pattern == "" {
		pattern = "none"
	}
	m.requests.WithLabelValues(pattern, strconv.Itoa(status)).Observe(took.Seconds())
}

func (m *metrics) handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{}))
	return mux
}
