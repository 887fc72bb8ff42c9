package subscriptions

import (
	"net/http"
	"time"

	"convoke/internal/api"
	"convoke/internal/fault"
	"convoke/internal/geo"
	"convoke/internal/web"
)

// AlertChoice is what somebody wants to hear of. It is exported to be described as part of
// another type.
type AlertChoice struct {
	Near       string   `json:"near,omitempty" doc:"Names a place: a town, a district or a postcode; one that means just one place."`
	Cell       string   `json:"cell,omitempty" doc:"Instead: a cell of the grid of alerts, by its name."`
	Size       string   `json:"size" enum:"near,town,region" doc:"How large the area around it is: about 6, 27 or 100 km."`
	Categories []string `json:"categories,omitempty" nullable:"false" doc:"Codes of kinds of alerts; all when absent."`
	Drills     bool     `json:"drills,omitempty" doc:"Also exercises, which say that they are one."`
	QuietFrom  string   `json:"quiet_from,omitempty" doc:"22:00: from then on only what is urgent, on the clock of the place."`
	QuietTo    string   `json:"quiet_to,omitempty" doc:"07:00."`
	Lang       string   `json:"lang,omitempty" doc:"BCP 47; that of the request when absent."`
}

// apiSubscribe is a choice with where to write.
type apiSubscribe struct {
	AlertChoice
	Channel string `json:"channel" doc:"How to hear; those that this server has are among the choices of its form, as email."`
	Contact string `json:"contact" doc:"Where to write, in the form of the channel: an address, a number, or what a browser's push service gave."`
}

type apiTicket struct {
	Ticket    string `json:"ticket" doc:"Confirms together with the number of the message, on channels that send a number. Else a link in the message does."`
	Confirmed bool   `json:"confirmed" doc:"Nothing is left to confirm."`
}

type apiCode struct {
	Code string `json:"code" doc:"The number of the message."`
}

type apiSubscription struct {
	Channel    string    `json:"channel"`
	Cell       string    `json:"cell" doc:"In the middle of the area."`
	Place      string    `json:"place" doc:"The nearest place to it that has a name."`
	Size       string    `json:"size" enum:"near,town,region"`
	Categories []string  `json:"categories" nullable:"false" doc:"None is all."`
	Drills     bool      `json:"drills"`
	QuietFrom  string    `json:"quiet_from,omitempty"`
	QuietTo    string    `json:"quiet_to,omitempty"`
	Zone       string    `json:"zone" doc:"IANA: whose clock the quiet hours are on."`
	Lang       string    `json:"lang"`
	Confirmed  bool      `json:"confirmed"`
	Ends       time.Time `json:"ends" doc:"When it is deleted, unless it is confirmed again."`
}

type apiSubscribers struct {
	People *int `json:"people,omitempty" doc:"Who would hear of an alert of the cell, whatever it is about. Absent below ten."`
}

type (
	apiSubscribeIn struct{ Body apiSubscribe }
	apiCellIn      struct {
		Cell string `query:"cell" required:"true" minLength:"1" doc:"A cell of the grid, by its name."`
	}
	apiSecretIn struct {
		Secret string `path:"secret" doc:"Of the link in each message."`
	}
	apiChangeIn struct {
		Secret string `path:"secret" doc:"Of the link in each message."`
		Body   AlertChoice
	}
	apiCodeIn struct {
		Secret string `path:"secret" doc:"The ticket."`
		Body   apiCode
	}
)

func (in *AlertChoice) choice(c *web.Call) Choice {
	if in.Lang == "" {
		in.Lang = c.Locale.Tag()
	}
	return Choice{
		Near: in.Near, Cell: in.Cell, Size: in.Size, Categories: in.Categories, Drills: in.Drills, QuietFrom: in.QuietFrom, QuietTo: in.QuietTo, Lang: in.Lang,
	}
}

func (w *Web) apiOf(sub *Subscription) apiSubscription {
	out := apiSubscription{
		Channel: sub.Channel, Cell: geo.GridAt(sub.Area.Middle()).String(), Place: w.place(sub), Size: sizeOf(sub.Area), Categories: sub.Groups,
		Drills: sub.Drills, Zone: sub.Zone, Lang: sub.Lang, Confirmed: sub.Confirmed, Ends: sub.Ends,
	}
	if out.Categories == nil {
		out.Categories = []string{}
	}
	if sub.Quiet.From != sub.Quiet.To {
		out.QuietFrom, out.QuietTo = clockOf(sub.Quiet.From), clockOf(sub.Quiet.To)
	}
	return out
}

// MountAPI adds the operations. Whoever has the secret of a subscription needs no token.
func (w *Web) MountAPI(a *api.API) {
	op := func(method, path, name, summary, doc string) api.Op {
		return api.Op{Method: method, Path: path, ID: name, Tag: "alerts", Summary: summary, Doc: doc, Scope: api.Read, Open: true}
	}
	api.Add(a, op(http.MethodPost, "/alerts/subscribe", "subscribeToAlerts", "Subscribe to alerts",
		"It answers the same whether the contact is known already. A message leads to a page where it is confirmed within two days."),
		func(c *web.Call, in *apiSubscribeIn) (apiTicket, error) {
			if err := w.slowed(c, in.Body.Channel); err != nil {
				return apiTicket{}, err
			}
			choice := in.Body.choice(c)
			choice.Channel, choice.Contact = in.Body.Channel, in.Body.Contact
			ticket, err := w.Subscribe(c.Context(), choice)
			way, _ := w.way(choice.Channel)
			return apiTicket{ticket, err == nil && way.Proof == ByKeys}, err
		})
	api.Add(a, op(http.MethodGet, "/alerts/subscribers", "countSubscribers", "How many hear of the alerts of a cell", "Never who."),
		func(c *web.Call, in *apiCellIn) (out apiSubscribers, err error) {
			n, err := w.nearby(c, in.Cell)
			if n >= Few {
				out.People = &n
			}
			return out, err
		})
	api.Do(a, op(http.MethodPut, "/subscriptions/{secret}/code", "confirmSubscription", "Confirm a subscription by the number of its message", ""),
		func(c *web.Call, in *apiCodeIn) error {
			err := w.ConfirmCode(c.Context(), in.Secret, in.Body.Code)
			if fault.Is(err, fault.KindInvalid) { // a wrong number, or a ticket of nobody: who knows no number learns no more
				err = fault.NotFound("alerts.code", "This is not the number of the newest message.")
			}
			return err
		})
	api.Add(a, op(http.MethodGet, "/subscriptions/{secret}", "getSubscription", "A subscription to alerts", "Without where it writes to."),
		func(c *web.Call, in *apiSecretIn) (apiSubscription, error) {
			sub, err := w.Find(c.Context(), in.Secret)
			return w.apiOf(&sub), err
		})
	api.Add(a, op(http.MethodPut, "/subscriptions/{secret}", "changeSubscription", "Change what one hears of", "The channel stays: subscribe anew for another one."),
		func(c *web.Call, in *apiChangeIn) (apiSubscription, error) {
			if err := w.Change(c.Context(), in.Secret, in.Body.choice(c)); err != nil {
				return apiSubscription{}, err
			}
			sub, err := w.Find(c.Context(), in.Secret)
			return w.apiOf(&sub), err
		})
	api.Do(a, op(http.MethodPut, "/subscriptions/{secret}/confirmed", "renewSubscription", "Confirm a subscription, for a year from now", ""),
		func(c *web.Call, in *apiSecretIn) error { return w.Confirm(c.Context(), in.Secret) })
	api.Do(a, op(http.MethodDelete, "/subscriptions/{secret}", "leaveAlerts", "Leave the alerts", "Where it writes to is deleted. Repeated, it is done already."),
		func(c *web.Call, in *apiSecretIn) error { return w.Leave(c.Context(), in.Secret) })
}
