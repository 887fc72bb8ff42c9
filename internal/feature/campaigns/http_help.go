package campaigns

import "convoke/internal/web"

// help leads the host of an accepted proposal to the link with which they manage
// its event.
func (w *Web) help(c *web.Call) error {
	link, err := w.HelpLink(c.Context(), c.Actor(), c.Param("handle"), c.Param("secret"))
	if err != nil {
		return err
	}
	return c.SeeOther("/invitations/" + link)
}
