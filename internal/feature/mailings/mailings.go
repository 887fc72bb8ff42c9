package mailings

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"convoke/internal/clock"
	"convoke/internal/day"
	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/i18n"
	"convoke/internal/id"
	"convoke/internal/job"
	"convoke/internal/notify"
	"convoke/internal/seal"
)

// Mailing is one thing that an address gets.
type Mailing struct {
	Ref   string // names it for [Source.Leave]
	Title string
	URL   string // path of the page that it is about; may be ""
}

// Source is a feature that sends. Its functions find by the address, whatever its
// capitals, and say nothing of what somebody asked for and never confirmed.
type Source struct {
	Code string
	Name string // a text of the catalogue: "Updates of petitions"
	// Of lists what an address gets.
	Of func(ctx context.Context, address string, l *i18n.Locale) ([]Mailing, error)
	// Leave ends one of them, which may have ended already.
	Leave func(ctx context.Context, address, ref string) error
}

// Deps are what the service needs.
type Deps struct {
	DB      *db.DB
	Vault   *seal.Vault
	Clock   clock.Clock
	Entropy io.Reader
	Jobs    *job.Queue
	Locales *i18n.Bundle
	Sender  notify.Sender // nil where the node sends no mail
	Sources []Source
	// BaseURL begins links, as in "https://example.org".
	BaseURL string
}

// Service finds and ends what an address gets. It is safe for concurrent use.
type Service struct{ Deps }

// New returns the service and registers its jobs, so it must be called before the queue
// runs.
func New(d Deps) *Service {
	s := &Service{d}
	job.Register(d.Jobs, s.send, job.Timeout(2*time.Minute))
	job.Register(d.Jobs, func(ctx context.Context, a forget) error { return d.Vault.Destroy(ctx, scope(a.Day)) })
	return s
}

// lastly is the priority of the message: finding what an address gets takes a while, and
// anybody may ask.
const lastly = 5

// good is how long a link leads somewhere.
const good = time.Hour

// scope is that of the key of a day (yyyymmdd).
func scope(d int) string { return fmt.Sprintf("mailings:%08d", d) }

// linkMail is the job of the message with a link. The address in it is sealed as in the
// link itself.
type linkMail struct {
	Link string `json:"link"`
	Lang string `json:"lang"`
}

// Kind implements job.Args.
func (linkMail) Kind() string { return "mailings.link" }

// forget is the job that destroys the key of a day.
type forget struct {
	Day int `json:"day"`
}

// Kind implements job.Args.
func (forget) Kind() string { return "mailings.forget" }

// MessageKinds are the jobs that reach people outside.
func MessageKinds() []string { return []string{linkMail{}.Kind()} }

// Ask sends a link to an address that gets anything from here. It answers the same
// whether it does.
func (s *Service) Ask(ctx context.Context, typed, lang string) error {
	if s.Sender == nil {
		return fault.NotFound("mailings.none", "This server sends no e-mail.")
	}
	to, ok := notify.Address(typed)
	if !ok {
		return fault.Invalid(fault.Field("email", "mail.address", "This does not look like an e-mail address."))
	}
	now := s.Clock.Now()
	today := day.Of(now)
	k, err := s.Vault.Key(ctx, scope(today))
	if err != nil {
		return err
	}
	// All links are of about one length, which tells nothing of the address.
	plain := append(binary.BigEndian.AppendUint64(nil, uint64(now.Add(good).Unix())), to...)
	plain = append(plain, strings.Repeat(" ", 63-len(to)%64+1)...)
	box := k.Seal(s.Entropy, "mailings", "link", scope(today), plain)
	link := base64.RawURLEncoding.EncodeToString(append(binary.BigEndian.AppendUint32(nil, uint32(today)), box...))
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		err := s.Jobs.Enqueue(ctx, tx, forget{today}, job.Insert{Unique: scope(today), RunAt: day.Time(day.After(today, 1)).Add(good)})
		if err != nil {
			return err
		}
		return s.Jobs.Enqueue(ctx, tx, linkMail{link, lang}, job.Insert{Priority: lastly})
	})
}

func errNoLink() error {
	return fault.NotFound("mailings.no_link", "This link has ended: it is good for an hour. You can ask for another one.")
}

// maxLink bounds what is read of a link, in letters.
const maxLink = 600

// address is the one that a link was sent to.
func (s *Service) address(ctx context.Context, link string) (string, error) {
	if len(link) > maxLink {
		return "", errNoLink()
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(link)
	if err != nil || len(b) < 4 {
		return "", errNoLink()
	}
	at := scope(int(binary.BigEndian.Uint32(b)))
	k, err := s.Vault.Existing(ctx, at)
	if errors.Is(err, seal.ErrDestroyed) {
		return "", errNoLink()
	}
	if err != nil {
		return "", err
	}
	plain, err := k.Open("mailings", "link", at, b[4:])
	if err != nil || len(plain) < 8 || s.Clock.Now().Unix() >= int64(binary.BigEndian.Uint64(plain)) {
		return "", errNoLink()
	}
	return strings.TrimRight(string(plain[8:]), " "), nil
}

// Listed is what one source has for an address.
type Listed struct {
	Source
	Mailings []Mailing
}

// List is all that the address of a link gets, by source; those that have nothing are left
// out.
func (s *Service) List(ctx context.Context, link string, l *i18n.Locale) (to string, all []Listed, err error) {
	if to, err = s.address(ctx, link); err != nil {
		return "", nil, err
	}
	all, err = s.list(ctx, to, l)
	return to, all, err
}

func (s *Service) list(ctx context.Context, to string, l *i18n.Locale) (all []Listed, err error) {
	for _, x := range s.Sources {
		found, err := x.Of(ctx, to, l)
		if err != nil {
			return nil, fmt.Errorf("find %s: %w", x.Code, err)
		}
		if len(found) > 0 {
			all = append(all, Listed{x, found})
		}
	}
	return all, nil
}

// Leave ends one thing that the address of a link gets.
func (s *Service) Leave(ctx context.Context, link, source, ref string) error {
	to, err := s.address(ctx, link)
	if err != nil {
		return err
	}
	for _, x := range s.Sources {
		if x.Code == source {
			return x.Leave(ctx, to, ref)
		}
	}
	return fault.Malformed("form.unreadable", "This form could not be read. Nothing was recorded.")
}

// LeaveAll ends all of it.
func (s *Service) LeaveAll(ctx context.Context, link string) error {
	to, all, err := s.List(ctx, link, i18n.English())
	if err != nil {
		return err
	}
	for _, x := range all {
		for _, m := range x.Mailings {
			if err := x.Leave(ctx, to, m.Ref); err != nil {
				return fmt.Errorf("end %s: %w", x.Code, err)
			}
		}
	}
	return nil
}

// send is the worker of the message. There is none to an address that gets nothing: who
// typed it may not be its owner.
func (s *Service) send(ctx context.Context, a linkMail) error {
	to, err := s.address(ctx, a.Link)
	if fault.Is(err, fault.KindNotFound) || s.Sender == nil {
		return nil
	}
	if err != nil {
		return err
	}
	l := s.Locales.Match(a.Lang)
	all, err := s.list(ctx, to, l)
	if err != nil || len(all) == 0 {
		return err
	}
	return s.Sender.Send(ctx, notify.Message{
		To: to, Lang: l.Tag(), ID: hex.EncodeToString(id.Hash(a.Link)), Class: notify.Asked, Subject: l.T("All that we send you"),
		Body: notify.Body{
			Parts: []notify.Part{
				notify.Button(l.T("Behind this link you see all that this server sends to your address, and end what you do not want. It is good for an hour:"),
					strings.TrimSuffix(s.BaseURL, "/")+"/mailings/"+a.Link),
			},
			Footer: []notify.Part{notify.Paragraph(l.T("If you did not ask for this, you need not do anything."))},
		},
	})
}
