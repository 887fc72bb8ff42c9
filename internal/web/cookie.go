package web

import (
	"net/http"
	"time"
)

// keptName is that of a cookie of a feature, which no other host can set.
func (c *Call) keptName(name string) string {
	if c.site.secure(c.R) {
		return "__Host-" + name
	}
	return name
}

// Keep gives this browser a value of a feature, until a time. Links from elsewhere
// bring it along, forms on other sites do not.
func (c *Call) Keep(name, value string, until time.Time) {
	http.SetCookie(c.W, &http.Cookie{
		Name: c.keptName(name), Value: value, Path: "/", HttpOnly: true,
		Secure: c.site.secure(c.R), SameSite: http.SameSiteLaxMode, MaxAge: max(1, int(until.Sub(c.Now())/time.Second)),
	})
}

// Kept is what [Call.Keep] gave, or "".
func (c *Call) Kept(name string) string {
	k, err := c.R.Cookie(c.keptName(name))
	if err != nil {
		return ""
	}
	return k.Value
}
