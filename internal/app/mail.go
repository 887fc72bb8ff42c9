package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"strings"

	"golang.org/x/sync/errgroup"

	"convoke/internal/config"
	"convoke/internal/notify"
	"convoke/internal/notify/dkim"
	"convoke/internal/notify/inbound"
	"convoke/internal/notify/outbox"
)

// mailBox takes letters; see inbound.Options.
type mailBox = func(ctx context.Context, l inbound.Letter) error

// sender is the operator's mail server behind the outbox, nil where none is set up.
func (n *Node) sender() (notify.Sender, error) {
	if n.Config.SMTPURL == "" {
		return nil, nil //nolint:nilnil // no server is no error
	}
	keys, err := mailKeys(n.Config)
	if err != nil {
		return nil, err
	}
	server, err := notify.NewSMTP(notify.SMTPOptions{
		URL: n.Config.SMTPURL, From: n.Config.MailFrom, Bounces: n.Config.MailBounces, Keys: keys, Clock: n.Clock,
	})
	if err != nil {
		return nil, err
	}
	n.outbox = outbox.New(outbox.Options{
		Sender: server, DB: n.DB, Vault: n.Vault, Clock: n.Clock, Locales: n.locales, BaseURL: n.Config.BaseURL,
		Left: func(why string) { n.metrics.unsent(why) },
	})
	return n.outbox, nil
}

// mailKeys are those that sign mail; none where the operator named none.
func mailKeys(c config.Config) ([]dkim.Key, error) {
	if c.DKIMSelector == "" || c.MailFrom == "" {
		return nil, nil
	}
	key, err := dkim.Load(c.DKIMKey)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there is no key to sign mail with at %s: make one with \"convoke mail dkim\", or unset dkim_selector", c.DKIMKey)
	}
	if err != nil {
		return nil, err
	}
	domain, err := notify.Domain(c.MailFrom)
	return []dkim.Key{{Domain: domain, Selector: c.DKIMSelector, Signer: key}}, err
}

// inbound says which mail this node takes in; ok is false where it takes none.
func (n *Node) inbound() (o inbound.Options, ok bool, err error) {
	if n.Config.MailListen == "" {
		return o, false, nil
	}
	o = inbound.Options{Log: n.Log, Bounced: n.mailBounced, Boxes: n.mailBoxes}
	for _, a := range []string{n.Config.MailFrom, n.Config.MailBounces, n.Config.MailReport} {
		if a == "" {
			continue
		}
		d, err := notify.Domain(a)
		if err != nil {
			return o, false, err
		}
		o.Domains = append(o.Domains, strings.ToLower(d))
	}
	if len(o.Domains) > 0 {
		o.Name = o.Domains[0]
	}
	o.Bounce, _, _ = strings.Cut(strings.ToLower(n.Config.MailBounces), "@")
	return o, len(o.Domains) > 0, nil
}

// mailBounced counts what came back, for the operator, and tells whoever sent it.
func (n *Node) mailBounced(ctx context.Context, token string, permanent bool, status string) error {
	n.metrics.bounced(permanent)
	if outbox.Mine(token) {
		if n.outbox == nil {
			return nil
		}
		return n.outbox.Returned(ctx, token, status)
	}
	return n.Subscriptions.Bounced(ctx, token, permanent, status)
}

// listenForMail takes mail from the operator's mail server until ctx ends.
func (n *Node) listenForMail(ctx context.Context, g *errgroup.Group) error {
	o, ok, err := n.inbound()
	if err != nil || !ok {
		return err
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", n.Config.MailListen)
	if err != nil {
		return fmt.Errorf("listen for mail on %s: %w", n.Config.MailListen, err)
	}
	g.Go(func() error { return o.Serve(ctx, l) })
	return nil
}
