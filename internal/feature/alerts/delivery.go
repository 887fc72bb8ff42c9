package alerts

import (
	"context"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/i18n"
	"convoke/internal/web"
)

// Delivery is how an alert went on one channel.
type Delivery struct {
	Channel string // its code
	Name    string // in English, marked for translation
	Taken   int    // by the service that hands it on, which is all that can be known
	Waiting int    // for the end of quiet hours, or until their service works again
	Failed  int    // given up
	Gone    int    // nobody is there any more
	Left    int    // of its area, after it
}

// Deliveries says how an alert of a network went, to its verifiers; done, that all have been
// told who are to hear of it now. Show a number below ten as that.
func (s *Service) Deliveries(ctx context.Context, by authz.Actor, handle, alert string) (all []Delivery, done bool, err error) {
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		n, err := s.queueOf(ctx, tx, by, handle)
		if err != nil {
			return err
		}
		a, ok, err := alertByID(ctx, tx, alert)
		if err != nil || !ok || a.Network != n.ID {
			return cmpErr(err)
		}
		if s.Delivered != nil {
			all, done, err = s.Delivered(ctx, tx, alert)
		}
		return err
	})
	return all, done, err
}

// deliveryView is a delivery in words.
type deliveryView struct {
	Way     string
	Numbers []Part
}

func deliveryViews(l *i18n.Locale, all []Delivery) (out []deliveryView) {
	for _, d := range all {
		v := deliveryView{Way: l.T(d.Name)}
		for _, x := range []struct {
			label string
			n     int
		}{
			{i18n.Mark("Taken by the service"), d.Taken},
			{i18n.Mark("Waiting for the end of quiet hours, or for their service"), d.Waiting},
			{i18n.Mark("Could not be delivered"), d.Failed},
			{i18n.Mark("Nobody there any more"), d.Gone},
			{i18n.Mark("Have left since"), d.Left},
		} {
			if x.n > 0 {
				v.Numbers = append(v.Numbers, Part{l.T(x.label), fewer(l, x.n)})
			}
		}
		out = append(out, v)
	}
	return out
}

// apiAlertDelivery is a delivery for programs.
type apiAlertDelivery struct {
	Channel string `json:"channel"`
	Taken   int    `json:"handed_over" doc:"taken by the service that hands it on; from 1 to 9 it is 9, as all of these numbers"`
	Waiting int    `json:"waiting" doc:"for the end of quiet hours, or until their service works again"`
	Failed  int    `json:"failed" doc:"given up"`
	Gone    int    `json:"gone" doc:"nobody is there any more"`
	Left    int    `json:"left" doc:"of its area, after it"`
}

type apiAlertDeliveries struct {
	Done     bool               `json:"done" doc:"all have been told who are to hear of it now"`
	Channels []apiAlertDelivery `json:"channels"`
}

type apiAlertIn struct {
	apiHandle
	Alert string `path:"alert" doc:"id of an alert of the network"`
}

func (w *Web) apiDeliveries(c *web.Call, in *apiAlertIn) (out apiAlertDeliveries, err error) {
	all, done, err := w.Deliveries(c.Context(), c.Actor(), in.Handle, in.Alert)
	out = apiAlertDeliveries{Done: done, Channels: []apiAlertDelivery{}}
	for _, d := range all {
		out.Channels = append(out.Channels, apiAlertDelivery{d.Channel, nine(d.Taken), nine(d.Waiting), nine(d.Failed), nine(d.Gone), nine(d.Left)})
	}
	return out, err
}

// nine hides what a handful is.
func nine(n int) int {
	if n == 0 {
		return 0
	}
	return max(n, 9)
}
