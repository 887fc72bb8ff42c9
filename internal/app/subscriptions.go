package app

import (
	"context"
	"crypto/rand"
	"strings"
	"time"

	"convoke/internal/db"
	"convoke/internal/feature/alerts"
	"convoke/internal/feature/subscriptions"
	"convoke/internal/fetch"
	"convoke/internal/i18n"
	"convoke/internal/notify"
	"convoke/internal/notify/sms"
	"convoke/internal/notify/webpush"
	"convoke/internal/web"
)

// newSubscriptions makes the feature of who hears of alerts.
func (n *Node) newSubscriptions(ctx context.Context, f *facts, sender notify.Sender) error {
	ways, err := n.alertWays(ctx, sender)
	if err != nil {
		return err
	}
	n.Subscriptions = subscriptions.New(subscriptions.Deps{
		DB: n.DB, IDs: n.IDs, Clock: n.Clock, Entropy: rand.Reader, Jobs: n.Jobs, Vault: n.Vault, Places: n.Places, Locales: n.locales,
		Alerts: alertWords{n}, Ways: ways, BaseURL: strings.TrimSuffix(n.Config.BaseURL, "/"),
		Undelivered: func(channel string, failed, gone int) { n.metrics.undelivered(channel, failed, gone) },
	})
	f.subscriptions = n.Subscriptions
	n.Alerts.Audience, n.Alerts.Delivered, n.Alerts.Ways = n.Subscriptions.Audience, n.delivered, callWays{n}
	return nil
}

// alertWays are the channels that this node has: what needs a server of the operator's only
// where there is one, and push messages where browsers take them, which is over https.
func (n *Node) alertWays(ctx context.Context, sender notify.Sender) ([]subscriptions.Way, error) {
	var ways []subscriptions.Way
	if sender != nil {
		ways = append(ways, subscriptions.EmailWay(subscriptions.Email{Sender: sender, Locales: n.locales}))
	}
	over := fetch.NewKept(nil)
	if strings.HasPrefix(n.Config.BaseURL, "https://") {
		key, err := webpush.LoadKey(ctx, n.Vault)
		if err != nil {
			return nil, err
		}
		if n.push, err = webpush.NewSender(over, key, n.Config.BaseURL, n.Clock); err != nil {
			return nil, err
		}
		ways = append(ways, subscriptions.PushWay(subscriptions.Push{Sender: n.push, Clock: n.Clock, Locales: n.locales}))
	}
	if n.Config.SMSURL != "" {
		gateway, err := sms.New(n.Config.SMS())
		if err != nil {
			return nil, err
		}
		ways = append(ways, subscriptions.SMSWay(subscriptions.SMS{Gateway: gateway, Clock: n.Clock, Locales: n.locales, Answers: n.Config.SMSInboundSecret != ""}))
	}
	return append(ways, subscriptions.NtfyWay(subscriptions.Ntfy{Over: over, Clock: n.Clock}),
		subscriptions.HookWay(subscriptions.Hook{By: fetch.New(nil), Clock: n.Clock})), nil
}

func (n *Node) subscriptionPages(limits *limiter) {
	n.subscriptionsWeb = &subscriptions.Web{Service: n.Subscriptions, Limiter: limits, Client: func(c *web.Call) string { return n.client(c.R) }}
	if n.push != nil {
		n.subscriptionsWeb.Key = n.push.PublicKey()
	}
	n.subscriptionsWeb.Inbound = sms.Inbound{Secret: n.Config.SMSInboundSecret, From: n.Config.SMSInboundFrom, Text: n.Config.SMSInboundText}
}

// scheduleSubscriptions are the jobs of subscriptions.
func (n *Node) scheduleSubscriptions() {
	n.Jobs.Every("send alerts that wait", 15*time.Second, n.Subscriptions.Due)
	n.Jobs.Every("expire who hears of alerts", time.Hour, n.Subscriptions.Expire)
}

// keepReady prepares alerts while nothing is sent.
func (n *Node) keepReady(ctx context.Context) error {
	for ctx.Err() == nil {
		if err := n.Subscriptions.KeepReady(ctx); err != nil {
			n.Log.Warn("preparing alerts did not work; trying again", "error", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(time.Minute):
		}
	}
	return nil
}

// delivered says how an alert went.
func (n *Node) delivered(ctx context.Context, tx *db.Tx, alert string) (out []alerts.Delivery, done bool, err error) {
	counts, err := n.Subscriptions.Progress(ctx, tx, alert)
	for _, c := range counts.Channels {
		out = append(out, alerts.Delivery{
			Channel: c.Channel, Name: n.Subscriptions.WayName(c.Channel), Taken: c.Delivered, Waiting: c.Waiting, Failed: c.Failed, Gone: c.Gone, Left: c.OptedOut,
		})
	}
	return out, counts.Done, err
}

// callWays call verifiers through their subscriptions.
type callWays struct{ n *Node }

// Channel implements alerts.Ways.
func (w callWays) Channel(ctx context.Context, secret string) (string, error) {
	return w.n.Subscriptions.Channel(ctx, secret)
}

// Tell implements alerts.Ways.
func (w callWays) Tell(ctx context.Context, secret, about string, say func(l *i18n.Locale) alerts.CallText) error {
	return w.n.Subscriptions.Tell(ctx, secret, about, "verify", func(l *i18n.Locale) subscriptions.Said {
		t := say(l)
		return subscriptions.Said{Title: t.Title, Short: t.Short, Lines: []string{t.Short}, Link: t.Link, Urgent: true, Expires: w.n.Clock.Now().Add(time.Hour)}
	})
}

// alertWords answers subscriptions what alerts say.
type alertWords struct{ n *Node }

// Say implements subscriptions.Alerts.
func (a alertWords) Say(ctx context.Context, tx *db.Tx, alert string, l *i18n.Locale) (subscriptions.Said, error) {
	x, said, err := a.n.Alerts.Say(ctx, tx, alert, l)
	if err != nil {
		return subscriptions.Said{}, err
	}
	out := subscriptions.Said{
		Title: said.Title, Short: said.Short, Link: strings.TrimSuffix(a.n.Config.BaseURL, "/") + x.Path(), Drill: said.Drill, Urgent: x.Urgent(), Expires: x.Expires,
	}
	if said.Warn != "" && said.Warn != said.Do { // else it is one of the parts
		out.Lines = append(out.Lines, said.Warn)
	}
	for _, p := range said.Parts {
		out.Lines = append(out.Lines, p.Label+": "+p.Text)
	}
	return out, nil
}

// Categories implements subscriptions.Alerts.
func (alertWords) Categories() (out []subscriptions.Category) {
	for _, c := range alerts.Categories() {
		out = append(out, subscriptions.Category{Code: c.Code, Name: c.Name})
	}
	return out
}
