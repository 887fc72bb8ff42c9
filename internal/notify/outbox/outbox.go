package outbox

import (
	"context"
	"crypto/hmac"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"convoke/internal/clock"
	"convoke/internal/day"
	"convoke/internal/db"
	"convoke/internal/i18n"
	"convoke/internal/notify"
	"convoke/internal/ratelimit"
	"convoke/internal/seal"
)

// Scope is that of the key that makes marks of addresses.
const Scope = "outbox:addresses"

// Path is the page where somebody finds all that is sent to their address.
const Path = "/mailings"

// quiet is for how many days an address gets no news after its server did not know
// it: it may be a mistake of the server's.
const quiet = 30

// prefix begins the tokens of messages; markSize is how much of a mark they have.
const (
	prefix    = "mail"
	markSize  = 12
	checkSize = 8
)

// shares are how much one address gets; what is urgent is not counted. What lets somebody
// in comes back soon, and has a share of its own: nobody can keep another one out by
// asking for other things.
func shares(c notify.Class) (bucket string, r ratelimit.Rate) {
	switch c {
	case notify.Access: // more than can be asked for: one each three minutes to sign in, four in ten to vote
		return "mail access", ratelimit.Rate{N: 60, Per: time.Hour}
	case notify.Asked:
		return "mail asked", ratelimit.Rate{N: 20, Per: 24 * time.Hour}
	case notify.Soon:
		return "mail soon", ratelimit.Rate{N: 50, Per: 24 * time.Hour}
	}
	return "mail news", ratelimit.Rate{N: 30, Per: 24 * time.Hour}
}

// Options are what a box needs.
type Options struct {
	Sender  notify.Sender
	DB      *db.DB
	Vault   *seal.Vault
	Clock   clock.Clock
	Locales *i18n.Bundle
	// BaseURL begins links, as in "https://example.org".
	BaseURL string
	// Left counts what was not sent and why: "share" or "returned". It may be nil.
	Left func(why string)
}

// Box is a [notify.Sender] that heeds what each address may get. It is safe for
// concurrent use.
type Box struct {
	Options
	limit *ratelimit.Limiter
}

// New returns a box.
func New(o Options) *Box { return &Box{o, ratelimit.New(o.Clock, nil)} }

// Later says that an address has had its share of news, and when to come back. For
// the queue of jobs that is no failure.
type Later struct{ After time.Duration }

// Error implements error.
func (l Later) Error() string {
	return "this address has had its share: come back in " + l.After.Round(time.Second).String()
}

// RetryAfter says when to try again.
func (l Later) RetryAfter() time.Duration { return l.After }

// Send implements [notify.Sender]. It returns [Later] for what can wait beyond the share
// of an address, and nil for what is left out for good. What could not be sent counts for nothing.
// A message with a token of its own is left to whoever gave it.
func (b *Box) Send(ctx context.Context, m notify.Message) error {
	if m.Class == notify.Urgent {
		return b.send(ctx, m)
	}
	bucket, rate := shares(m.Class)
	who := mailbox(m.To)
	ok, wait := b.limit.Allow(bucket, who, rate)
	switch {
	case !ok && m.Class != notify.News && m.Class != notify.Soon:
		b.left("share")
		return nil
	case !ok:
		return Later{wait}
	}
	err := b.send(ctx, m)
	if err != nil { // it will be tried again
		b.limit.Return(bucket, who, rate)
	}
	return err
}

// mailbox is that of an address, for limits: one has many addresses with a plus sign.
func mailbox(address string) string {
	local, domain, _ := strings.Cut(strings.ToLower(address), "@")
	local, _, _ = strings.Cut(local, "+")
	return local + "@" + domain
}

func (b *Box) send(ctx context.Context, m notify.Message) error {
	if m.Bounce != "" {
		return b.Sender.Send(ctx, m)
	}
	k, err := b.key(ctx)
	if err != nil {
		return err
	}
	mark := k.Tag("address", strings.ToLower(m.To))[:markSize]
	if m.Class == notify.News {
		if back, err := b.returned(ctx, mark); err != nil || back {
			if back {
				b.left("returned")
			}
			return err
		}
	}
	m.Bounce = prefix + hex.EncodeToString(append(mark[:markSize:markSize], check(k, mark, b.Clock.Now())...))
	if len(m.Body.Parts) > 0 && m.Class != notify.Access { // of which there is nothing to end
		l := b.Locales.Match(m.Lang)
		m.Body.Footer = append(m.Body.Footer[:len(m.Body.Footer):len(m.Body.Footer)],
			notify.Link(l.T("See and end all that this server sends to your address"), strings.TrimSuffix(b.BaseURL, "/")+Path))
	}
	err = b.Sender.Send(ctx, m)
	if unknown(err) {
		return errors.Join(err, b.Returned(ctx, m.Bounce, unknownAddress))
	}
	return err
}

func (b *Box) left(why string) {
	if b.Left != nil {
		b.Left(why)
	}
}

// unknown reports a refusal that is about the address and not about this server (RFC
// 3463, section 3.2).
func unknown(err error) bool {
	var e *notify.Error
	return errors.As(err, &e) && e.Step == notify.StepRecipient && e.Permanent() && strings.HasPrefix(e.Status, unknownAddress)
}

// unknownAddress begins each status that is about the address alone: a mailbox that is full,
// or a message that was taken for spam, says nothing of it, and can be brought about by others.
const unknownAddress = "5.1."

// key makes marks of addresses, and what proves that a token is of a message of ours.
// Mailboxes that differ only in capitals are one.
func (b *Box) key(ctx context.Context) (*seal.Key, error) {
	k, err := b.Vault.Key(ctx, Scope)
	if err != nil {
		return nil, fmt.Errorf("find the key of marks: %w", err)
	}
	return k, nil
}

// check is known to who got a message in the month of t, and to nobody else.
func check(k *seal.Key, mark []byte, t time.Time) []byte {
	return k.Tag("return "+t.UTC().Format("2006-01"), string(mark))[:checkSize]
}

func (b *Box) returned(ctx context.Context, mark []byte) (back bool, err error) {
	err = b.DB.Read(ctx, func(tx *db.Tx) error {
		var n int
		err := tx.Get(ctx, "select count(*) from mail_return where mark = $1 and until_day > $2", []any{mark, day.Of(tx.Now())}, &n)
		back = n > 0
		return err
	})
	return back, err
}

// Mine reports whether a token is of a message that a box sent.
func Mine(token string) bool {
	return strings.HasPrefix(token, prefix) && len(token) == len(prefix)+2*(markSize+checkSize)
}

// Returned notes that a message with a token came back with an enhanced status (RFC 3463):
// when that says that there is no such address, it gets no news for a month.
func (b *Box) Returned(ctx context.Context, token, status string) error {
	both, err := hex.DecodeString(strings.TrimPrefix(token, prefix))
	if err != nil || !Mine(token) || !strings.HasPrefix(status, unknownAddress) {
		return nil //nolint:nilerr // somebody made it up
	}
	k, err := b.key(ctx)
	if err != nil {
		return err
	}
	mark, now := both[:markSize], b.Clock.Now()
	if !hmac.Equal(both[markSize:], check(k, mark, now)) && !hmac.Equal(both[markSize:], check(k, mark, now.AddDate(0, 0, -28))) {
		return nil // of a message of long ago, or made up
	}
	return b.DB.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, `insert into mail_return (mark, until_day) values ($1, $2)
			on conflict (mark) do update set until_day = excluded.until_day`, mark, day.After(day.Of(tx.Now()), quiet))
		return err
	})
}

// Silent counts the addresses that get no news now.
func (b *Box) Silent(ctx context.Context) (n int, err error) {
	err = b.DB.Read(ctx, func(tx *db.Tx) error {
		return tx.Get(ctx, "select count(*) from mail_return where until_day > $1", []any{day.Of(tx.Now())}, &n)
	})
	return n, err
}

// Expire forgets addresses whose time is over. It runs once a day.
func (b *Box) Expire(ctx context.Context) error {
	return b.DB.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, "delete from mail_return where until_day <= $1", day.Of(tx.Now()))
		return err
	})
}
