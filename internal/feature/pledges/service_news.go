package pledges

import (
	"context"
	"encoding/hex"
	"errors"
	"io"
	"strings"
	"time"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/i18n"
	"convoke/internal/id"
	"convoke/internal/job"
	"convoke/internal/notify"
	"convoke/internal/seal"
)

// News tells by e-mail when a pledge is reached.
type News struct {
	Entropy io.Reader
	Jobs    *job.Queue
	Locales *i18n.Bundle
	Sender  notify.Sender
	// BaseURL begins links, as in "https://example.org".
	BaseURL string
}

// The rows of SealedTable are of no use without a key: that of the pledge, whose
// scope is ScopePrefix and then what is in SealedColumn.
const (
	SealedTable  = "pledge_news"
	SealedColumn = "pledge_id"
	ScopePrefix  = "pledge:"
)

const (
	newsPause = 10 * time.Minute // between two mails to one unconfirmed address
	askedFor  = 24 * time.Hour   // how long an address waits to be confirmed
	newsFor   = 30 * 24 * time.Hour
	newsPage  = 200
	// lastly is the priority of news, behind what somebody waits for.
	lastly = 5
)

// newsMail is the job of one message.
type newsMail struct {
	Contact string `json:"contact"`
	Reached bool   `json:"reached"` // it says so; else it asks to confirm
}

// Kind implements job.Args.
func (newsMail) Kind() string { return "pledges.news" }

// newsAll is the job of one page of those who want to hear of a pledge.
type newsAll struct {
	Pledge ID     `json:"pledge"`
	After  string `json:"after"`
}

// Kind implements job.Args.
func (newsAll) Kind() string { return "pledges.news_all" }

// MessageKinds are the jobs that reach people outside, or make such jobs: a restored
// copy must not write to everybody once more.
func MessageKinds() []string { return []string{newsMail{}.Kind(), newsAll{}.Kind()} }

func (s *Service) registerNews() {
	if s.News != nil {
		job.Register(s.News.Jobs, s.sendNews)
		job.Register(s.News.Jobs, s.sendAll)
	}
}

func parseAddress(typed string) (string, error) {
	a, ok := notify.Address(typed)
	if !ok {
		return "", fault.Invalid(fault.Field("email", "mail.address", "This does not look like an e-mail address."))
	}
	return a, nil
}

func errNoNews() error {
	return fault.Conflict("pledge.no_news", "There is no news to wait for: this pledge is not open, or this server sends no e-mail.")
}

func newsSecret(k *seal.Key, nid string) string { return id.SecretOf(k.Tag("news link", nid)) }

// Subscribe sends a link to an address that wants to hear when a pledge is reached.
// It answers the same whether it knows the address already.
func (s *Service) Subscribe(ctx context.Context, by authz.Actor, slug, email, lang string) error {
	address, err := parseAddress(email)
	if err != nil {
		return err
	}
	var p Pledge
	err = s.DB.Read(ctx, func(tx *db.Tx) (err error) {
		p, _, err = s.load(ctx, tx, by, slug)
		if err == nil && (s.News == nil || p.State != Open || !p.takes(tx.Now())) {
			err = errNoNews()
		}
		return err
	})
	if err != nil {
		return err
	}
	k, err := s.Vault.Key(ctx, ScopePrefix+string(p.ID))
	if err != nil {
		return err
	}
	nid, tag := s.IDs.Secret(), k.Tag("news address", strings.ToLower(address))
	padded := address + strings.Repeat(" ", 63-len(address)%64+1)
	sealed := k.Seal(s.News.Entropy, SealedTable, "sealed", nid, []byte(padded))
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		asked := tx.Now().Truncate(time.Minute) // no more exactly than it is needed
		old, ok, err := contactBy(ctx, tx, "pledge_id = $1 and tag = $2", string(p.ID), tag)
		switch {
		case err != nil:
			return err
		case ok && (old.confirmed || tx.Now().Sub(old.asked) < newsPause):
			return nil
		case ok:
			old.asked = asked
			if err := putContact(ctx, tx, old, asked.Add(askedFor)); err != nil {
				return err
			}
			return s.News.Jobs.Enqueue(ctx, tx, newsMail{Contact: old.id}, job.Insert{})
		}
		c := contact{id: nid, pledge: p.ID, sealed: sealed, lang: lang, asked: asked}
		if err := insertContact(ctx, tx, c, id.Hash(newsSecret(k, nid)), tag, asked.Add(askedFor)); err != nil {
			return err
		}
		return s.News.Jobs.Enqueue(ctx, tx, newsMail{Contact: nid}, job.Insert{})
	})
}

// link finds what the secret of a mail is for.
func (s *Service) link(ctx context.Context, tx *db.Tx, by authz.Actor, slug, secret string) (Pledge, contact, error) {
	p, _, err := s.load(ctx, tx, by, slug)
	if err != nil {
		return p, contact{}, err
	}
	c, ok, err := contactBy(ctx, tx, "hash = $1 and pledge_id = $2", id.Hash(secret), string(p.ID))
	if err == nil && !ok {
		err = fault.NotFound("pledge.no_link", "This link does not work any more. The address is deleted, or never was confirmed.")
	}
	return p, c, err
}

// Confirm is that the holder of an address wants the news.
func (s *Service) Confirm(ctx context.Context, by authz.Actor, slug, secret string) error {
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		p, c, err := s.link(ctx, tx, by, slug, secret)
		if err != nil || c.confirmed {
			return err
		}
		c.confirmed, c.asked = true, time.UnixMicro(0)
		if err := putContact(ctx, tx, c, p.Deadline.Add(newsFor)); err != nil {
			return err
		}
		if p.State != Reached || s.News == nil {
			return nil
		}
		return s.News.Jobs.Enqueue(ctx, tx, newsMail{Contact: c.id, Reached: true}, job.Insert{})
	})
}

// Unsubscribe deletes an address.
func (s *Service) Unsubscribe(ctx context.Context, by authz.Actor, slug, secret string) error {
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		_, c, err := s.link(ctx, tx, by, slug, secret)
		if err != nil {
			return err
		}
		return deleteContact(ctx, tx, c.id)
	})
}

// announce tells all who wanted to hear that a pledge is reached.
func (s *Service) announce(ctx context.Context, tx *db.Tx, p ID) error {
	if s.News == nil {
		return nil
	}
	return s.News.Jobs.Enqueue(ctx, tx, newsAll{Pledge: p}, job.Insert{Unique: string(p), Priority: lastly})
}

func (s *Service) sendAll(ctx context.Context, a newsAll) error {
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		page, err := contactsAfter(ctx, tx, a.Pledge, a.After, newsPage)
		if err != nil {
			return err
		}
		for _, nid := range page {
			if err := s.News.Jobs.Enqueue(ctx, tx, newsMail{Contact: nid, Reached: true}, job.Insert{Unique: nid, Priority: lastly}); err != nil {
				return err
			}
		}
		if len(page) < newsPage {
			return nil
		}
		return s.News.Jobs.Enqueue(ctx, tx, newsAll{a.Pledge, page[len(page)-1]}, job.Insert{Unique: string(a.Pledge), Priority: lastly})
	})
}

// sendNews is the worker of a mail. There is none to send to an address that is
// deleted.
func (s *Service) sendNews(ctx context.Context, a newsMail) error {
	var c contact
	var p Pledge
	there := false
	err := s.DB.Read(ctx, func(tx *db.Tx) (err error) {
		if c, there, err = contactBy(ctx, tx, "id = $1", a.Contact); err != nil || !there {
			return err
		}
		p, err = pledgeBy(ctx, tx, "id", string(c.pledge))
		return err
	})
	if err != nil || !there || c.confirmed != a.Reached {
		return err
	}
	k, err := s.Vault.Existing(ctx, ScopePrefix+string(p.ID))
	if errors.Is(err, seal.ErrDestroyed) {
		return nil
	}
	if err != nil {
		return err
	}
	to, err := k.Open(SealedTable, "sealed", c.id, c.sealed)
	if err != nil {
		return err
	}
	page := s.News.BaseURL + urlOf(&p)
	m := writeNews(s.News.Locales.Match(c.lang), &p, page, page+"/news/"+newsSecret(k, c.id), a.Reached)
	m.To, m.ID = strings.TrimRight(string(to), " "), hex.EncodeToString(k.Tag("message id", c.id+m.Subject))
	return s.News.Sender.Send(ctx, m)
}

// writeNews words a mail.
func writeNews(l *i18n.Locale, p *Pledge, page, link string, reached bool) notify.Message {
	if !reached {
		return notify.Message{
			Lang: l.Tag(), Class: notify.Asked, Subject: l.T("Shall we tell you when it happens? {title}", "title", p.Title),
			Body: notify.Body{
				Parts:  []notify.Part{notify.Button(l.T("With this link you hear by e-mail, once, when enough people have pledged:"), link)},
				Footer: []notify.Part{notify.Paragraph(l.T("If you did not ask for this, you need not do anything."))},
			},
		}
	}
	return notify.Message{
		Lang: l.Tag(), Subject: l.T("It happens: {title}", "title", p.Title), Unsubscribe: link,
		Body: notify.Body{
			Parts:  []notify.Part{notify.Paragraph(l.T("Enough people have pledged.")), notify.Button(l.T("Open the page"), page)},
			Footer: []notify.Part{notify.Link(l.T("Delete your address here:"), link)},
		},
	}
}

// ExpireNews deletes addresses whose time is over, and the keys of pledges whose
// last address would be over by now. It runs every hour.
func (s *Service) ExpireNews(ctx context.Context) error {
	for n := newsPage; n == newsPage; {
		err := s.DB.Write(ctx, func(tx *db.Tx) (err error) {
			n, err = dropEnded(ctx, tx, tx.Now(), newsPage)
			return err
		})
		if err != nil {
			return err
		}
	}
	for n := newsPage; n == newsPage; {
		var err error
		if n, err = s.endNews(ctx); err != nil {
			return err
		}
	}
	return nil
}

// endNews destroys the keys of pledges that need theirs no more, however their
// addresses went, and remembers that only then: what is interrupted is done again.
func (s *Service) endNews(ctx context.Context) (int, error) {
	var due []ID
	err := s.DB.Read(ctx, func(tx *db.Tx) (err error) {
		due, err = newsDue(ctx, tx, tx.Now().Add(-newsFor), newsPage)
		return err
	})
	if err != nil || len(due) == 0 {
		return 0, err
	}
	scopes := make([]string, len(due))
	for i, p := range due {
		scopes[i] = ScopePrefix + string(p)
	}
	if err := s.Vault.Replay(ctx, scopes); err != nil {
		return 0, err
	}
	return len(due), s.DB.Write(ctx, func(tx *db.Tx) error { return putNewsOver(ctx, tx, due) })
}
