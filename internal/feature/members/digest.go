package members

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"convoke/internal/authz"
	"convoke/internal/day"
	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/i18n"
	"convoke/internal/id"
	"convoke/internal/job"
	"convoke/internal/notify"
)

// every is how many days lie between two mails; mailPage bounds one transaction.
const (
	every    = 7
	mailPage = 100
	lastly   = 6 // the priority of these mails
)

// linkScope is the key of the links in mails.
const linkScope = "digest:links"

// digestMail is the job of one mail: what was new from one day until another.
type digestMail struct {
	Group  id.Group  `json:"group"`
	Person id.Person `json:"person"`
	From   int       `json:"from"`
	Until  int       `json:"until"`
}

// Kind implements job.Args.
func (digestMail) Kind() string { return "members.digest" }

// quietMail is the job of telling one steward that their group is quiet, or that
// somebody asks to take it on.
type quietMail struct {
	Group  id.Group  `json:"group"`
	Person id.Person `json:"person"`
	Asked  bool      `json:"asked"`
	Day    int       `json:"day"` // on which it was due
}

// Kind implements job.Args.
func (quietMail) Kind() string { return "members.quiet" }

// MessageKinds are the jobs that reach people outside.
func MessageKinds() []string { return []string{digestMail{}.Kind(), quietMail{}.Kind()} }

func (s *Service) register() {
	if s.Jobs == nil {
		return
	}
	job.Register(s.Jobs, s.forgetMonth)
	job.Register(s.Jobs, s.sendDigest, job.Timeout(2*time.Minute))
	job.Register(s.Jobs, s.sendQuiet, job.Timeout(2*time.Minute))
}

// secret is what the link of somebody's mails has.
func (s *Service) secret(ctx context.Context, g id.Group, p id.Person) (string, error) {
	k, err := s.Vault.Key(ctx, linkScope)
	if err != nil {
		return "", fmt.Errorf("find the key of links: %w", err)
	}
	return id.SecretOf(k.Tag("digest link", string(g)+" "+string(p))), nil
}

// Digest is whether a member gets the weekly mail.
type Digest struct {
	Group   Group
	On      bool
	Next    int    // yyyymmdd of the next mail, if there is news
	Address string // of the account, "" for none
	Mail    bool   // the node sends mail
}

// Digest tells a member whether they get it.
func (s *Service) Digest(ctx context.Context, by authz.Actor, handle string) (d Digest, err error) {
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		m, err := s.inside(ctx, tx, by, handle, authz.SeeInside)
		if err != nil {
			return err
		}
		d = Digest{Group: m.Group, Mail: s.Post != nil}
		d.Next, d.On, err = digestOf(ctx, tx, m.Group.ID, by.Person)
		return err
	})
	if err == nil && s.Post != nil {
		d.Address, _, err = s.Post.Addresses.Reach(ctx, by.Person)
	}
	return d, err
}

// Subscribe asks for the weekly mail, at the address that the actor's account has.
func (s *Service) Subscribe(ctx context.Context, by authz.Actor, handle string) error {
	d, err := s.Digest(ctx, by, handle)
	if err != nil {
		return err
	}
	secret, err := s.secret(ctx, d.Group.ID, by.Person)
	if err != nil {
		return err
	}
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		m, err := s.inside(ctx, tx, by, handle, authz.TakeTask)
		if err != nil {
			return err
		}
		if d.Address == "" {
			return fault.Conflict("digest.no_address", "Your account has no e-mail address, or this server sends no mail.")
		}
		return insertDigest(ctx, tx, m.Group.ID, by.Person, id.Hash(secret), m.today)
	})
}

// Unsubscribe ends it.
func (s *Service) Unsubscribe(ctx context.Context, by authz.Actor, handle string) error {
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		m, err := s.inside(ctx, tx, by, handle, authz.SeeInside)
		if err != nil {
			return err
		}
		return deleteDigest(ctx, tx, m.Group.ID, by.Person)
	})
}

// byLink finds whose mails a link is of.
func (s *Service) byLink(ctx context.Context, tx *db.Tx, secret string) (g Group, p id.Person, err error) {
	var gid id.Group
	if !id.ValidSecret(secret) {
		return g, p, errNoLink()
	}
	if gid, p, err = digestBy(ctx, tx, id.Hash(secret)); errors.Is(err, db.ErrNoRows) {
		err = errNoLink()
	}
	if err != nil {
		return g, p, err
	}
	g, err = s.Groups.ByID(ctx, tx, gid)
	return g, p, err
}

func errNoLink() error {
	return fault.NotFound("digest.no_link", "This link does not work any more: you get no such mail.")
}

// Linked is the group whose mails a link ends.
func (s *Service) Linked(ctx context.Context, secret string) (g Group, err error) {
	err = s.DB.Read(ctx, func(tx *db.Tx) (err error) {
		g, _, err = s.byLink(ctx, tx, secret)
		return err
	})
	return g, err
}

// UnsubscribeByLink ends the mails whose link it is.
func (s *Service) UnsubscribeByLink(ctx context.Context, secret string) error {
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		g, p, err := s.byLink(ctx, tx, secret)
		if err != nil {
			return err
		}
		return deleteDigest(ctx, tx, g.ID, p)
	})
}

// SendDigests leaves a mail to each whose week is over. It runs every hour.
func (s *Service) SendDigests(ctx context.Context) error {
	for n := mailPage; n == mailPage; {
		err := s.DB.Write(ctx, func(tx *db.Tx) error {
			today := day.Of(tx.Now())
			all, err := dueDigests(ctx, tx, today, mailPage)
			if err != nil {
				return err
			}
			n = len(all)
			for _, a := range all {
				a.Until = today
				if err := putDigest(ctx, tx, a.Group, a.Person, today, day.After(today, every)); err != nil {
					return err
				}
				if s.Post == nil {
					continue
				}
				if err := s.Jobs.Enqueue(ctx, tx, a, job.Insert{Priority: lastly}); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// sendDigest is the worker of a mail. There is none when nothing is new, and none to
// somebody who left meanwhile.
func (s *Service) sendDigest(ctx context.Context, a digestMail) error {
	if s.Post == nil {
		return nil
	}
	var g Group
	var now time.Time
	on := false
	err := s.DB.Read(ctx, func(tx *db.Tx) (err error) {
		now = tx.Now()
		if g, err = s.Groups.ByID(ctx, tx, a.Group); err != nil {
			return err
		}
		_, on, err = digestOf(ctx, tx, a.Group, a.Person)
		return err
	})
	if err != nil || !on || g.Suspended {
		return err
	}
	to, lang, err := s.Post.Addresses.Reach(ctx, a.Person)
	if err != nil || to == "" {
		return err
	}
	l := s.Post.Locales.Match(lang)
	items, err := s.weeks.news(week{a.Group, a.From, a.Until, l.Tag()}, now, func() ([]Item, error) { return s.news(ctx, a, l) })
	if err != nil || len(items) == 0 {
		return err
	}
	secret, err := s.secret(ctx, a.Group, a.Person)
	if err != nil {
		return err
	}
	m := s.writeDigest(l, g, items, secret)
	m.To, m.ID = to, hex.EncodeToString(id.Hash(secret+" "+day.ISO(a.Until)))
	return s.Post.Sender.Send(ctx, m)
}

func (s *Service) news(ctx context.Context, a digestMail, l *i18n.Locale) (out []Item, err error) {
	for _, find := range s.News {
		all, err := find(ctx, a.Group, day.Time(a.From), day.Time(a.Until), l)
		if err != nil {
			return nil, err
		}
		out = append(out, all...)
	}
	return rank(out, day.Time(a.Until)), nil
}

// writeDigest words a mail.
func (s *Service) writeDigest(l *i18n.Locale, g Group, items []Item, secret string) notify.Message {
	more := max(len(items)-shownItems, 0)
	end := s.Post.BaseURL + "/digest/" + secret
	m := notify.Message{Lang: l.Tag(), Subject: l.T("New in {group}", "group", g.Name), Unsubscribe: end, Bulk: true}
	for _, x := range items[:len(items)-more] {
		m.Body.Parts = append(m.Body.Parts, notify.Link(l.T(x.Kind)+": "+x.Title, s.Post.BaseURL+x.URL))
	}
	if more > 0 {
		m.Body.Parts = append(m.Body.Parts, notify.Link(l.N("And {n} more thing:", "And {n} more things:", more), s.Post.BaseURL+"/groups/"+g.Handle))
	}
	m.Body.Footer = []notify.Part{notify.Link(l.T("You asked for this mail once a week. End it here:"), end)}
	return m
}

// sendQuiet is the worker of a mail to a steward. Whoever left no address is told only
// on their page, and nobody of what is over.
func (s *Service) sendQuiet(ctx context.Context, a quietMail) error {
	if s.Post == nil {
		return nil
	}
	var g Group
	told := false
	err := s.DB.Read(ctx, func(tx *db.Tx) (err error) {
		if g, err = s.Groups.ByID(ctx, tx, a.Group); err != nil {
			return err
		}
		d, _, err := dormancyOf(ctx, tx, a.Group)
		if err != nil {
			return err
		}
		r, _, err := s.Groups.Member(ctx, tx, a.Group, a.Person)
		told = r == authz.Steward && d.Phase != Active && (d.Phase == Asked) == a.Asked
		return err
	})
	if fault.Is(err, fault.KindNotFound) {
		return nil
	}
	if err != nil || !told {
		return err
	}
	to, lang, err := s.Post.Addresses.Reach(ctx, a.Person)
	if err != nil || to == "" {
		return err
	}
	l := s.Post.Locales.Match(lang)
	news := l.T("Nobody who organizes {group} has done anything there for a long time. If you are still there, say so here:", "group", g.Name)
	if a.Asked {
		news = l.N("A member asks to take {group} on, and becomes a steward in {n} day. If you are still there, say so here:",
			"A member asks to take {group} on, and becomes a steward in {n} days. If you are still there, say so here:", shownDays, "group", g.Name)
	}
	secret, err := s.secret(ctx, a.Group, a.Person)
	if err != nil {
		return err
	}
	return s.Post.Sender.Send(ctx, notify.Message{
		To: to, Lang: l.Tag(), Class: notify.Urgent, ID: hex.EncodeToString(id.Hash(fmt.Sprintf("%s quiet %v %d", secret, a.Asked, a.Day))), Subject: l.T("Is anybody still there? {group}", "group", g.Name),
		Body: notify.Body{Parts: []notify.Part{notify.Button(news, s.Post.BaseURL+"/groups/"+g.Handle+"/quiet")}},
	})
}

// LeaveMailing ends the weekly mail of a group to somebody.
func (s *Service) LeaveMailing(ctx context.Context, p id.Person, g id.Group) error {
	return s.DB.Write(ctx, func(tx *db.Tx) error { return deleteDigest(ctx, tx, g, p) })
}

// HeldDigests lists the groups whose weekly mail a person gets, for their own eyes.
func (s *Service) HeldDigests(ctx context.Context, tx *db.Tx, p id.Person) (of []Group, since []int, err error) {
	all, err := digestsOf(ctx, tx, p)
	for _, a := range all {
		if err == nil {
			var g Group
			g, err = s.Groups.ByID(ctx, tx, a.Group)
			of, since = append(of, g), append(since, a.From)
		}
	}
	return of, since, err
}
