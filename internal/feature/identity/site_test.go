package identity

import (
	"net/http"
	"testing"
	"time"

	"convoke/internal/clock"
	"convoke/internal/db/dbtest"
	"convoke/internal/web"
	"convoke/internal/web/webtest"
)

type always struct{}

func (always) Allow(string, string) (bool, time.Duration) { return true, 0 }

type never struct{}

func (never) Allow(string, string) (bool, time.Duration) { return false, 90 * time.Second }

func clientOf(r *http.Request) string { return r.RemoteAddr }

// node is a running site with the feature's routes, on SQLite.
type node struct {
	*Service
	t      *testing.T
	site   *web.Site
	clock  *clock.Manual
	groups *fakeGroups
}

func newNode(t *testing.T) *node {
	t.Helper()
	c := clock.NewManual(dbtest.Now)
	s, g := newService(t, dbtest.Open(t, dbtest.SQLite(t), c), c)
	site := webtest.New(t, c, s)
	s.Mount(site)
	return &node{s, t, site, c, g}
}

func (n *node) browser() *webtest.Browser { return webtest.NewBrowser(n.t, n.site) }

// as is a browser with a session.
func (n *node) as(secret string) *webtest.Browser { return n.browser().WithSession(secret) }
