package app

import (
	"context"
	"crypto/rand"
	"strings"
	"time"

	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/feature/subscriptions"
	"convoke/internal/i18n"
	"convoke/internal/notify"
	"convoke/internal/web"
)

// newSubscriptions makes the feature of who hears of alerts.
func (n *Node) newSubscriptions(f *facts, sender notify.Sender) {
	var ways []subscriptions.Way
	if sender != nil {
		ways = append(ways, subscriptions.EmailWay(subscriptions.Email{Sender: sender, Locales: n.locales}))
	}
	n.Subscriptions = subscriptions.New(subscriptions.Deps{
		DB: n.DB, IDs: n.IDs, Clock: n.Clock, Entropy: rand.Reader, Jobs: n.Jobs, Vault: n.Vault, Places: n.Places, Locales: n.locales,
		Alerts: alertWords{}, Ways: ways, BaseURL: strings.TrimSuffix(n.Config.BaseURL, "/"),
	})
	f.subscriptions = n.Subscriptions
}

func (n *Node) subscriptionPages(limits *limiter) {
	n.subscriptionsWeb = &subscriptions.Web{Service: n.Subscriptions, Limiter: limits, Client: func(c *web.Call) string { return n.client(c.R) }}
}

// scheduleSubscriptions are the jobs of subscriptions.
func (n *Node) scheduleSubscriptions() {
	n.Jobs.Every("send alerts that wait", 15*time.Second, n.Subscriptions.Due)
	n.Jobs.Every("expire who hears of alerts", time.Hour, n.Subscriptions.Expire)
}

// alertWords answers subscriptions what alerts say.
type alertWords struct{}

// Say implements subscriptions.Alerts.
func (alertWords) Say(context.Context, *db.Tx, string, *i18n.Locale) (subscriptions.Said, error) {
	return subscriptions.Said{}, fault.NotFound("alert.not_found", "There is no such alert.")
}

// Categories implements subscriptions.Alerts.
func (alertWords) Categories() []subscriptions.Category { return nil }
