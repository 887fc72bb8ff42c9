package alerts

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/i18n"
	"convoke/internal/id"
	"convoke/internal/web"
)

// Ways call verifiers otherwise than by mail: through their own subscriptions to alerts, which
// are confirmed. A subscription is named by the secret of its link.
type Ways interface {
	// Channel names the channel of one, marked for translation. There is a NotFound fault when
	// there is none, or only one by mail.
	Channel(ctx context.Context, secret string) (name string, err error)
	// Tell hands over what is said in its language. There is a NotFound fault when it is gone.
	Tell(ctx context.Context, secret, about string, say func(l *i18n.Locale) CallText) error
}

// CallText is a call in one language.
type CallText struct {
	Title, Short string // Short has the link in it
	Link         string // absolute
}

// callScope is the key under which links of subscriptions are sealed.
const callScope = "alerts:calls"

func callRow(network string, p id.Person) string { return network + " " + string(p) }

// secretIn finds the secret in the address of a subscription's page, or alone.
func secretIn(link string) string {
	link = strings.TrimSpace(link)
	if _, rest, ok := strings.Cut(link, "/subscriptions/"); ok {
		link = rest
	}
	if at := strings.IndexAny(link, "/?#"); at >= 0 {
		link = link[:at]
	}
	return link
}

// SetCall has a verifier called through the subscription with a link, or by mail when it is
// empty.
func (s *Service) SetCall(ctx context.Context, by authz.Actor, network, link string) error {
	secret := secretIn(link)
	if secret != "" {
		_, err := s.channel(ctx, secret)
		if fault.Is(err, fault.KindNotFound) {
			return errCallLink()
		}
		if err != nil {
			return err
		}
	}
	k, err := s.Vault.Key(ctx, callScope)
	if err != nil {
		return err
	}
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		n, err := s.network(ctx, tx, network)
		if err != nil {
			return err
		}
		if _, err := s.verify(ctx, tx, by, n.ID); err != nil {
			return err
		}
		var sealed []byte
		if secret != "" {
			sealed = k.Seal(s.Entropy, "alert_verifier", "call_sealed", callRow(n.ID, by.Person), []byte(secret))
		}
		_, err = tx.Exec(ctx, "update alert_verifier set call_sealed = $3 where network_id = $1 and person_id = $2", n.ID, string(by.Person), sealed)
		return err
	})
}

func errCallLink() error {
	return fault.Invalid(fault.Field("link", "alert.call_link", "This is not the address of a confirmed subscription that comes otherwise than by mail. Open its page, and copy the address from there."))
}

// Called names the channel on which a verifier is called, marked for translation; "" is by
// mail. network is an id.
func (s *Service) Called(ctx context.Context, by authz.Actor, network string) (name string, err error) {
	secret, err := s.callSecret(ctx, network, by.Person)
	if err != nil || secret == "" {
		return "", err
	}
	name, err = s.channel(ctx, secret)
	if fault.Is(err, fault.KindNotFound) {
		return "", nil // it is gone since
	}
	return name, err
}

func (s *Service) channel(ctx context.Context, secret string) (string, error) {
	if s.Ways == nil {
		return "", web.ErrNotFound()
	}
	return s.Ways.Channel(ctx, secret)
}

// callSecret is that of the subscription through which somebody is called, "" for none.
func (s *Service) callSecret(ctx context.Context, nid string, p id.Person) (string, error) {
	var sealed []byte
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		return tx.Get(ctx, "select call_sealed from alert_verifier where network_id = $1 and person_id = $2", []any{nid, string(p)}, &sealed)
	})
	if errors.Is(err, db.ErrNoRows) || err == nil && sealed == nil {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	k, err := s.Vault.Existing(ctx, callScope)
	if err != nil {
		return "", err
	}
	b, err := k.Open("alert_verifier", "call_sealed", callRow(nid, p), sealed)
	return string(b), err
}

// tell calls somebody through their subscription. It is not told where there is none.
func (s *Service) tell(ctx context.Context, n *Network, a callMail, waits int) (told bool, err error) {
	secret, err := s.callSecret(ctx, n.ID, a.Person)
	if err != nil || secret == "" || s.Ways == nil {
		return false, err
	}
	err = s.Ways.Tell(ctx, secret, a.about(), func(l *i18n.Locale) CallText {
		link := s.BaseURL + n.queue()
		return CallText{
			Title: l.T("To verify: {network}", "network", n.Name), Link: link,
			Short: fmt.Sprintf("%s %s", l.N("{n} report waits for verifiers of {network}.", "{n} reports wait for verifiers of {network}.", waits, "network", n.Name), link),
		}
	})
	if fault.Is(err, fault.KindNotFound) { // it has ended: nothing is kept of it here
		return false, s.DB.Write(ctx, func(tx *db.Tx) error {
			_, err := tx.Exec(ctx, "update alert_verifier set call_sealed = null where network_id = $1 and person_id = $2", n.ID, string(a.Person))
			return err
		})
	}
	return err == nil, err
}
