package alerts

import (
	"slices"

	"convoke/internal/db"
	"convoke/internal/web"
)

// besideView is an alert of a neighbour on the queue.
type besideView struct {
	alertView
	From, Action string
	Other        string // why it cannot be passed on: a kind of which this network does not warn
}

// besides adds what neighbours warn of.
func (w *Web) besides(c *web.Call, n *Network, d *queueData) error {
	return w.DB.Read(c.Context(), func(tx *db.Tx) error {
		all, err := w.beside(c.Context(), tx, n)
		d.Beside = nil
		for i := range all {
			x := &all[i]
			v := besideView{alertView: w.view(c.Locale, x.From, &x.Alert, c.Now()), From: x.From.Name, Action: n.queue() + "/pass/" + x.Alert.ID}
			if !n.has(x.Category) {
				v.Other = c.Locale.T("Your network does not warn of that.")
			}
			d.Beside = append(d.Beside, v)
		}
		return err
	})
}

// pass does what the buttons of such an alert say.
func (w *Web) pass(c *web.Call) error {
	if err := c.RequireActor(); err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	switch f.Line("do") {
	case "pass":
		_, err = w.Pass(c.Context(), c.Actor(), c.Param("handle"), c.Param("alert"))
	case "leave":
		err = w.Leave(c.Context(), c.Actor(), c.Param("handle"), c.Param("alert"))
	default:
		err = errUnreadable()
	}
	if err != nil {
		return err
	}
	return c.SeeOther("/alerts/queue/" + c.Param("handle"))
}

// once leaves out what is passed on where what it comes from is listed, too.
func once(all []Alert) []Alert {
	there := map[string]bool{}
	for i := range all {
		there[all[i].Chain] = true
	}
	return slices.DeleteFunc(all, func(a Alert) bool { return a.Passed != nil && there[a.Passed.Chain] })
}
