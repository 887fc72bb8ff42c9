package ladders

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
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

// News tells by e-mail when a step opens.
type News struct {
	Entropy io.Reader
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
	// lastly is the priority of news, behind what somebody waits for.
	lastly = 5
)

// newsMail is the job of one message: about a step, or with "" to ask to confirm. What
// it says is decided when it is sent.
type newsMail struct {
	Contact string `json:"contact"`
	Step    string `json:"step"`
}

// Kind implements job.Args.
func (newsMail) Kind() string { return "ladders.news" }

// newsAll is the job of one page of those who are to hear where a step stands.
type newsAll struct {
	Campaign id.Campaign `json:"campaign"`
	Step     string      `json:"step"`
	After    string      `json:"after"`
}

// Kind implements job.Args.
func (newsAll) Kind() string { return "ladders.news_all" }

// MessageKinds are the jobs that reach people outside, or make such jobs: a restored
// copy must not write to everybody once more.
func MessageKinds() []string { return []string{newsMail{}.Kind(), newsAll{}.Kind()} }

func (s *Service) registerNews() {
	if s.News != nil {
		job.Register(s.Jobs, s.sendNews)
		job.Register(s.Jobs, s.sendAll)
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
			return s.Jobs.Enqueue(ctx, tx, newsMail{Contact: old.id}, job.Insert{})
		}
		c := contact{id: nid, campaign: d.Of.ID, sealed: sealed, lang: lang, asked: asked}
		if err := insertContact(ctx, tx, c, id.Hash(newsSecret(k, nid)), tag, asked.Add(askedFor)); err != nil {
			return err
		}
		return s.Jobs.Enqueue(ctx, tx, newsMail{Contact: nid}, job.Insert{})
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

// announce tells all who wanted to hear that a step has opened, once; and those who were
// told so that it is halted, or open after all. Who is told is decided later, by where
// the step stands then.
func (s *Service) announce(ctx context.Context, tx *db.Tx, c id.Campaign, step string) error {
	if s.News == nil {
		return nil
	}
	return s.Jobs.Enqueue(ctx, tx, newsAll{Campaign: c, Step: step}, job.Insert{Unique: string(c) + " " + step, Priority: lastly})
}

// toTell is what somebody is to hear of a step in one state who was told of another one,
// or "" of none: "" when there is nothing to say.
func toTell(d *Ladder, step string, told State) State {
	x := d.Stand[step]
	switch {
	case x == nil || x.State == told:
	case x.State == Open && d.Down == nil && !d.stopped:
		return Open
	case x.State == Halted && told == Open:
		return Halted
	}
	return ""
}

func (s *Service) sendAll(ctx context.Context, a newsAll) error {
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		d, err := s.read(ctx, tx, Campaign{ID: a.Campaign}, nil)
		if err != nil {
			return err
		}
		page, err := contactsAfter(ctx, tx, a.Campaign, a.Step, a.After, newsPage)
		if err != nil {
			return err
		}
		for _, c := range page {
			if toTell(d, a.Step, c.told) == "" {
				continue
			}
			if err := s.tell(ctx, tx, c.id, a.Step); err != nil {
				return err
			}
		}
		if len(page) < newsPage {
			return nil
		}
		last := page[len(page)-1].id
		return s.Jobs.Enqueue(ctx, tx, newsAll{a.Campaign, a.Step, last}, job.Insert{Unique: fmt.Sprintf("%s %s %s", a.Campaign, a.Step, last), Priority: lastly})
	})
}

func (s *Service) tell(ctx context.Context, tx *db.Tx, contact, step string) error {
	return s.Jobs.Enqueue(ctx, tx, newsMail{contact, step}, job.Insert{Unique: contact + " " + step, Priority: lastly})
}

// news is what a mail is about.
type news struct {
	Of    Campaign
	Title string // of the step, "" for the question
	State State  // of it
	n     int    // of its last move
	why   Move   // the last
	of    *Ladder
}

// sendNews is the worker of a mail. There is none to send to an address that is deleted,
// nor of a campaign that is hidden, nor when the step has moved on meanwhile.
func (s *Service) sendNews(ctx context.Context, a newsMail) error {
	var c contact
	var n news
	there := false
	err := s.DB.Read(ctx, func(tx *db.Tx) (err error) {
		if c, there, err = contactBy(ctx, tx, "id = $1", a.Contact); err != nil || !there {
			return err
		}
		n, there, err = s.newsOf(ctx, tx, &c, a.Step)
		return err
	})
	if err != nil || !there || c.confirmed != (a.Step != "") {
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
	page := s.News.BaseURL + urlOf(&n.Of)
	m := writeNews(s.News.Locales.Match(c.lang), n, page, page+"/news/"+newsSecret(k, c.id))
	m.To, m.ID = strings.TrimRight(string(to), " "), hex.EncodeToString(k.Tag("message id", fmt.Sprintf("%s %s %d", c.id, a.Step, n.n)))
	if err := s.News.Sender.Send(ctx, m); err != nil || a.Step == "" {
		return err
	}
	return s.DB.Write(ctx, func(tx *db.Tx) error { return s.wasTold(ctx, tx, &c, a.Step, n.State) })
}

// newsOf is what somebody is to hear of a step; ok is false when there is nothing.
func (s *Service) newsOf(ctx context.Context, tx *db.Tx, c *contact, step string) (n news, ok bool, err error) {
	n.Of, err = s.Campaigns.ByID(ctx, tx, c.campaign)
	if fault.Is(err, fault.KindNotFound) {
		return n, false, nil
	}
	if err != nil || step == "" {
		return n, err == nil, err
	}
	d, err := s.read(ctx, tx, n.Of, nil)
	if err != nil {
		return n, false, err
	}
	told, err := toldOf(ctx, tx, c.id, step)
	if err != nil {
		return n, false, err
	}
	if n.State = toTell(d, step, told); n.State == "" {
		return n, false, nil
	}
	n.Title, n.of = d.title(step), d
	if n.why.Reason, err = lastReason(ctx, tx, c.campaign, step); err != nil {
		return n, false, err
	}
	n.why.Step, n.why.State = step, n.State
	n.n, err = lastMove(ctx, tx, c.campaign, step)
	return n, true, err
}

// wasTold notes what somebody was told of a step. If that has changed while the mail was
// on its way, another one follows.
func (s *Service) wasTold(ctx context.Context, tx *db.Tx, c *contact, step string, state State) error {
	d, err := s.read(ctx, tx, Campaign{ID: c.campaign}, nil)
	if err != nil {
		return err
	}
	ok, err := putTold(ctx, tx, c.id, step, state)
	if err != nil || !ok || toTell(d, step, state) == "" {
		return err
	}
	return s.tell(ctx, tx, c.id, step)
}

func (n *news) reason(l *i18n.Locale) string {
	return words{l, n.of, n.of.plan()}.reason(&n.why, n.of.step(n.why.Step))
}

// writeNews words a mail.
func writeNews(l *i18n.Locale, n news, page, link string) notify.Message {
	if n.Title == "" {
		return notify.Message{
			Lang: l.Tag(), Class: notify.Asked, Subject: l.T("Shall we tell you when a step opens? {title}", "title", n.Of.Title),
			Body: notify.Body{
				Parts:  []notify.Part{notify.Button(l.T("With this link you hear by e-mail each time that a step of this campaign opens:"), link)},
				Footer: []notify.Part{notify.Paragraph(l.T("If you did not ask for this, you need not do anything."))},
			},
		}
	}
	m := notify.Message{
		Lang: l.Tag(), Subject: l.T("Open now: {title}", "title", n.Title), Unsubscribe: link,
		Body: notify.Body{Footer: []notify.Part{notify.Link(l.T("Delete your address here:"), link)}},
	}
	say := func(text string) { m.Body.Parts = append(m.Body.Parts, notify.Paragraph(text)) }
	if n.State == Halted {
		m.Subject = l.T("Halted: {title}", "title", n.Title)
		say(l.T("We told you that a step of the campaign “{title}” is open. It is halted now: {why}.", "title", n.Of.Title, "why", n.reason(l)))
		if v := n.of.Down.view(l); v != nil {
			say(v.Text)
		}
	} else {
		say(l.T("A step of the campaign “{title}” has opened: {why}.", "title", n.Of.Title, "why", n.reason(l)))
	}
	m.Body.Parts = append(m.Body.Parts, notify.Button(l.T("Open the page"), page))
	return m
}

// Expire deletes addresses whose time is over, and of ladders that have been over for long
// enough the keys, and who could declare something. It runs every hour.
func (s *Service) Expire(ctx context.Context) error {
	return errors.Join(s.expireNames(ctx), s.expireNews(ctx))
}

func (s *Service) expireNews(ctx context.Context) error {
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
