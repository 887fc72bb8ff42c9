package app

import (
	"context"
	"crypto/rand"
	"time"

	"convoke/internal/db"
	"convoke/internal/feature/mailings"
	"convoke/internal/feature/members"
	"convoke/internal/i18n"
	"convoke/internal/id"
	"convoke/internal/notify"
	"convoke/internal/web"
)

// newMailings makes the page with all that an address gets.
func (n *Node) newMailings(sender notify.Sender) {
	n.Mailings = mailings.New(mailings.Deps{
		DB: n.DB, Vault: n.Vault, Clock: n.Clock, Entropy: rand.Reader, Jobs: n.Jobs, Locales: n.locales, Sender: sender, BaseURL: n.Config.BaseURL,
		Sources: []mailings.Source{
			{Code: "alerts", Name: i18n.Mark("Alerts"), Of: n.alertMailings, Leave: func(ctx context.Context, address, _ string) error {
				return n.Subscriptions.LeaveBy(ctx, "email", address)
			}},
			{Code: "petitions", Name: i18n.Mark("Updates of petitions"), Of: n.petitionMailings, Leave: n.Petitions.LeaveMailing},
			{Code: "pledges", Name: i18n.Mark("News of pledges"), Of: n.pledgeMailings, Leave: n.Pledges.LeaveMailing},
			{Code: "ladders", Name: i18n.Mark("Steps of campaigns"), Of: n.ladderMailings, Leave: n.Ladders.LeaveMailing},
			{Code: "digests", Name: i18n.Mark("Weekly mails"), Of: n.digestMailings, Leave: n.endDigest},
		},
	})
}

func (n *Node) mailingPages(limits *limiter) {
	n.mailingsWeb = &mailings.Web{Service: n.Mailings, Limiter: limits, Client: func(c *web.Call) string { return n.client(c.R) }}
}

// scheduleMail are the jobs of all mail.
func (n *Node) scheduleMail() {
	if n.outbox != nil {
		n.Jobs.Every("forget addresses that mail came back from", 24*time.Hour, n.outbox.Expire)
	}
}

func (n *Node) alertMailings(ctx context.Context, address string, _ *i18n.Locale) ([]mailings.Mailing, error) {
	place, err := n.Subscriptions.Around(ctx, "email", address)
	if err != nil || place == "" {
		return nil, err
	}
	return []mailings.Mailing{{Ref: "alerts", Title: place}}, nil
}

func (n *Node) petitionMailings(ctx context.Context, address string, _ *i18n.Locale) (out []mailings.Mailing, err error) {
	all, err := n.Petitions.MailingsOf(ctx, address)
	for i := range all {
		out = append(out, mailings.Mailing{Ref: all[i].ID, Title: all[i].Text.Title, URL: all[i].Path()})
	}
	return out, err
}

func (n *Node) pledgeMailings(ctx context.Context, address string, _ *i18n.Locale) (out []mailings.Mailing, err error) {
	all, err := n.Pledges.MailingsOf(ctx, address)
	for i := range all {
		out = append(out, mailings.Mailing{Ref: string(all[i].ID), Title: all[i].Title, URL: all[i].Path()})
	}
	return out, err
}

func (n *Node) ladderMailings(ctx context.Context, address string, l *i18n.Locale) (out []mailings.Mailing, err error) {
	all, err := n.Ladders.MailingsOf(ctx, address)
	for i := range all {
		m := mailings.Mailing{Ref: string(all[i].ID), Title: all[i].Title, URL: all[i].Path()}
		if m.Title == "" {
			m.Title = l.T("A campaign that is not public any more")
		}
		out = append(out, m)
	}
	return out, err
}

// digestMailings are the weekly mails of the account that has an address.
func (n *Node) digestMailings(ctx context.Context, address string, _ *i18n.Locale) (out []mailings.Mailing, err error) {
	p, err := n.Identity.Whose(ctx, address)
	if err != nil || p == "" {
		return nil, err
	}
	var of []members.Group
	err = n.DB.Read(ctx, func(tx *db.Tx) (err error) {
		of, _, err = n.Members.HeldDigests(ctx, tx, p)
		return err
	})
	for _, g := range of {
		out = append(out, mailings.Mailing{Ref: string(g.ID), Title: g.Name, URL: "/groups/" + g.Handle})
	}
	return out, err
}

func (n *Node) endDigest(ctx context.Context, address, g string) error {
	p, err := n.Identity.Whose(ctx, address)
	if err != nil || p == "" {
		return err
	}
	return n.Members.LeaveMailing(ctx, p, id.Group(g))
}
