package ladders

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/mail"
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

// News tells by e-mail when a step opens.
type News struct {
	Entropy io.Reader
	Jobs    *job.Queue
	Locales *i18n.Bundle
	Sender  notify.Sender
	// BaseURL begins links, as in "https://example.org".
	BaseURL string
}

// The rows of SealedTable are of no use without a key: that of the ladder, whose scope
// is ScopePrefix and then what is in SealedColumn.
const (
	SealedTable  = "ladder_news"
	SealedColumn = "campaign_id"
	ScopePrefix  = "ladder:"
)

const (
	newsPause = 10 * time.Minute // between two mails to one unconfirmed address
	askedFor  = 24 * time.Hour   // how long an address waits to be confirmed
	newsFor   = 180 * 24 * time.Hour
	// newsAfter is how long after nothing can open any more the key stays.
	newsAfter = 30 * 24 * time.Hour
	newsPage  = 200
)

// newsMail is the job of one message: about a move, or with 0 to ask to confirm.
type newsMail struct {
	Contact string `json:"contact"`
	Move    int    `json:"move"`
}

// Kind implements job.Args.
func (newsMail) Kind() string { return "ladders.news" }

// newsAll is the job of one page of those who want to hear of a move.
type newsAll struct {
	Campaign id.Campaign `json:"campaign"`
	Move     int         `json:"move"`
	After    string      `json:"after"`
}

// Kind implements job.Args.
func (newsAll) Kind() string { return "ladders.news_all" }

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
	a, err := mail.ParseAddress(strings.TrimSpace(typed))
	if err != nil || a.Name != "" || len(a.Address) > 254 || strings.ContainsAny(a.Address, " \"\r\n\x00") {
		return "", fault.Invalid(fault.Field("email", "mail.address", "This does not look like an e-mail address."))
	}
	return a.Address, nil
}

func errNoNews() error {
	return fault.Conflict("ladder.no_news", "There is no news to wait for: nothing can open here any more, or this server sends no e-mail.")
}

func newsSecret(k *seal.Key, nid string) string { return id.SecretOf(k.Tag("news link", nid)) }

// newsOpen reports whether somebody can ask to hear of the ladder.
func (s *Service) newsOpen(d *Ladder) bool {
	return s.News != nil && d.Version > 0 && d.over.IsZero() && !d.newsOver
}

// Subscribe sends a link to an address that wants to hear when a step opens. It answers
// the same whether it knows the address already.
func (s *Service) Subscribe(ctx context.Context, by authz.Actor, handle, email, lang string) error {
	address, err := parseAddress(email)
	if err != nil {
		return err
	}
	var d *Ladder
	err = s.DB.Read(ctx, func(tx *db.Tx) (err error) {
		d, err = s.find(ctx, tx, by, handle)
		if err == nil && !s.newsOpen(d) {
			err = errNoNews()
		}
		return err
	})
	if err != nil {
		return err
	}
	k, err := s.Vault.Key(ctx, ScopePrefix+string(d.Of.ID))
	if err != nil {
		return err
	}
	nid, tag := s.IDs.Secret(), k.Tag("news address", strings.ToLower(address))
	padded := address + strings.Repeat(" ", 63-len(address)%64+1)
	sealed := k.Seal(s.News.Entropy, SealedTable, "sealed", nid, []byte(padded))
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		asked := tx.Now().Truncate(time.Minute) // no more exactly than it is needed
		old, ok, err := contactBy(ctx, tx, "campaign_id = $1 and tag = $2", string(d.Of.ID), tag)
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
		c := contact{id: nid, campaign: d.Of.ID, sealed: sealed, lang: lang, asked: asked}
		if err := insertContact(ctx, tx, c, id.Hash(newsSecret(k, nid)), tag, asked.Add(askedFor)); err != nil {
			return err
		}
		return s.News.Jobs.Enqueue(ctx, tx, newsMail{Contact: nid}, job.Insert{})
	})
}

// link finds what the secret of a mail is for.
func (s *Service) link(ctx context.Context, tx *db.Tx, by authz.Actor, handle, secret string) (*Ladder, contact, error) {
	d, err := s.find(ctx, tx, by, handle)
	if err != nil {
		return d, contact{}, err
	}
	c, ok, err := contactBy(ctx, tx, "hash = $1 and campaign_id = $2", id.Hash(secret), string(d.Of.ID))
	if err == nil && !ok {
		err = fault.NotFound("ladder.no_link", "This link does not work any more. The address is deleted, or never was confirmed.")
	}
	return d, c, err
}

// Confirm is that the holder of an address wants the news.
func (s *Service) Confirm(ctx context.Context, by authz.Actor, handle, secret string) error {
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		_, c, err := s.link(ctx, tx, by, handle, secret)
		if err != nil || c.confirmed {
			return err
		}
		c.confirmed, c.asked = true, time.UnixMicro(0)
		return putContact(ctx, tx, c, tx.Now().Truncate(24*time.Hour).Add(newsFor))
	})
}

// Unsubscribe deletes an address.
func (s *Service) Unsubscribe(ctx context.Context, by authz.Actor, handle, secret string) error {
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		_, c, err := s.link(ctx, tx, by, handle, secret)
		if err != nil {
			return err
		}
		return deleteContact(ctx, tx, c.id)
	})
}

// announce tells all who wanted to hear that a step has opened.
func (s *Service) announce(ctx context.Context, tx *db.Tx, c id.Campaign, move int) error {
	if s.News == nil {
		return nil
	}
	return s.News.Jobs.Enqueue(ctx, tx, newsAll{Campaign: c, Move: move}, job.Insert{Unique: fmt.Sprintf("%s %d", c, move)})
}

func (s *Service) sendAll(ctx context.Context, a newsAll) error {
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		page, err := contactsAfter(ctx, tx, a.Campaign, a.After, newsPage)
		if err != nil {
			return err
		}
		for _, nid := range page {
			if err := s.News.Jobs.Enqueue(ctx, tx, newsMail{nid, a.Move}, job.Insert{Unique: fmt.Sprintf("%s %d", nid, a.Move)}); err != nil {
				return err
			}
		}
		if len(page) < newsPage {
			return nil
		}
		last := page[len(page)-1]
		return s.News.Jobs.Enqueue(ctx, tx, newsAll{a.Campaign, a.Move, last}, job.Insert{Unique: fmt.Sprintf("%s %d %s", a.Campaign, a.Move, last)})
	})
}

// news is what a mail is about.
type news struct {
	Ladder *Ladder
	Title  string // of the step that opened, "" for the question
}

// sendNews is the worker of a mail. There is none to send to an address that is deleted,
// nor of a campaign that is hidden.
func (s *Service) sendNews(ctx context.Context, a newsMail) error {
	var c contact
	var n news
	there := false
	err := s.DB.Read(ctx, func(tx *db.Tx) (err error) {
		if c, there, err = contactBy(ctx, tx, "id = $1", a.Contact); err != nil || !there {
			return err
		}
		n, err = s.newsOf(ctx, tx, c.campaign, a.Move)
		if fault.Is(err, fault.KindNotFound) {
			there, err = false, nil
		}
		return err
	})
	if err != nil || !there || c.confirmed != (a.Move > 0) {
		return err
	}
	k, err := s.Vault.Existing(ctx, ScopePrefix+string(c.campaign))
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
	page := s.News.BaseURL + urlOf(&n.Ladder.Of)
	m := writeNews(s.News.Locales.Match(c.lang), n, page, page+"/news/"+newsSecret(k, c.id))
	m.To, m.ID = strings.TrimRight(string(to), " "), hex.EncodeToString(k.Tag("message id", fmt.Sprintf("%s %d", c.id, a.Move)))
	return s.News.Sender.Send(ctx, m)
}

func (s *Service) newsOf(ctx context.Context, tx *db.Tx, c id.Campaign, move int) (n news, err error) {
	of, err := s.Campaigns.ByID(ctx, tx, c)
	if err != nil {
		return n, err
	}
	if n.Ladder, err = s.read(ctx, tx, of, nil); err != nil || move == 0 {
		return n, err
	}
	for _, p := range n.Ladder.Past {
		if p.N == move {
			n.Title = n.Ladder.title(p.Step)
		}
	}
	return n, nil
}

// writeNews words a mail.
func writeNews(l *i18n.Locale, n news, page, link string) notify.Message {
	m := notify.Message{Lang: l.Tag()}
	var parts []string
	if n.Title != "" {
		m.Subject = l.T("Open now: {title}", "title", n.Title)
		parts = []string{
			l.T("A step of the campaign “{title}” has opened.", "title", n.Ladder.Of.Title) + "\n" + page, l.T("Delete your address here: {url}", "url", link),
		}
	} else {
		m.Subject = l.T("Shall we tell you when a step opens? {title}", "title", n.Ladder.Of.Title)
		parts = []string{
			l.T("With this link you hear by e-mail each time that a step of this campaign opens:") + "\n" + link,
			l.T("If you did not ask for this, you need not do anything."),
		}
	}
	m.Text = strings.Join(parts, "\n\n")
	return m
}

// ExpireNews deletes addresses whose time is over, and the keys of ladders that have
// been over for long enough. It runs every hour.
func (s *Service) ExpireNews(ctx context.Context) error {
	for n := newsPage; n == newsPage; {
		err := s.DB.Write(ctx, func(tx *db.Tx) (err error) {
			if err = endContacts(ctx, tx, tx.Now().Add(-newsAfter)); err != nil {
				return err
			}
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

// endNews destroys the keys of ladders that need theirs no more, and remembers that only
// then: what is interrupted is done again.
func (s *Service) endNews(ctx context.Context) (int, error) {
	var due []id.Campaign
	err := s.DB.Read(ctx, func(tx *db.Tx) (err error) {
		due, err = newsDue(ctx, tx, tx.Now().Add(-newsAfter), newsPage)
		return err
	})
	if err != nil || len(due) == 0 {
		return 0, err
	}
	scopes := make([]string, len(due))
	for i, c := range due {
		scopes[i] = ScopePrefix + string(c)
	}
	if err := s.Vault.Replay(ctx, scopes); err != nil {
		return 0, err
	}
	return len(due), s.DB.Write(ctx, func(tx *db.Tx) error { return putNewsOver(ctx, tx, due) })
}
