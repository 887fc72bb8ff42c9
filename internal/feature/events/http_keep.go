package events

import (
	"convoke/internal/web"
)

// keptDays is how long after its event a copy on somebody's device lives, which is
// as long as a sign-up.
const keptDays = 7

// keepView is what the page's script needs to keep the page on the reader's device
// (decision 0058).
type keepView struct {
	On    bool
	Until int64  // Unix milliseconds
	Day   string // the same in words
}

// keepOf offers it to visitors only: what somebody sees who is signed in never
// goes into a browser's cache.
func keepOf(c *web.Call, e *Event) keepView {
	until := e.End.AddDate(0, 0, keptDays)
	if !c.Actor().Visitor() || e.State == Draft || !c.Now().Before(until) {
		return keepView{}
	}
	c.AllowKeep()
	return keepView{true, until.UnixMilli(), c.Locale.DateShort(e.Local(until))}
}

var keptPage = web.NewPage[struct{}](pages, "pages/kept.html")

// kept lists what is kept on the device, which only its script can read. It is
// itself kept with each page, and shown instead of what is not.
func (w *Web) kept(c *web.Call) error {
	return c.Cached([]string{"site"}, listTTL, func() error { return keptPage.Render(c, struct{}{}) })
}
