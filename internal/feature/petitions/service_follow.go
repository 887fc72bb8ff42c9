package petitions

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/mail"
	"strings"
	"time"

	"convoke/internal/authz"
	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/id"
	"convoke/internal/job"
	"convoke/internal/markdown"
	"convoke/internal/notify"
	"convoke/internal/seal"
)

// Times of updates: how long an address waits for its confirmation, and how far
// updates must be apart.
const (
	keepAsked   = 24 * time.Hour
	updateEvery = 7 * 24 * time.Hour
	maxAddress  = 254
)

// follower is a row; contact its sealed part.
type follower struct {
	tag, link []byte
	confirmed bool
	sealed    []byte
}

type contact struct {
	Address string `json:"address"`
	Lang    string `json:"lang"`
}

// linkSecret is what leads to an address from its messages, and from nowhere else.
func linkSecret(k *seal.Key, tag []byte) string {
	return id.SecretOf(k.Tag("updates link", hex.EncodeToString(tag)))
}

func cleanAddress(s string) (string, bool) {
	s = strings.TrimSpace(s)
	a, err := mail.ParseAddress(s)
	if err != nil || a.Name != "" || a.Address != s || len(s) > maxAddress || strings.ContainsAny(s, "\r\n<> ") {
		return "", false
	}
	return s, true
}

// Follow takes an address for updates and mails it a link. What it answers is the
// same whether the address is known here or not.
func (s *Service) Follow(ctx context.Context, slug, address, lang string) error {
	if s.Mail == nil {
		return errNone()
	}
	address, ok := cleanAddress(address)
	if !ok {
		return fault.Invalid(fault.Field("email", "petition.address", "Write an e-mail address, such as sam@example.org."))
	}
	f, err := s.public(ctx, slug)
	if err != nil {
		return err
	}
	k, err := s.Vault.Key(ctx, f.Petition.scope())
	if err != nil {
		return err
	}
	b, err := json.Marshal(contact{address, lang})
	if err != nil {
		return err
	}
	tag := k.Tag("updates", strings.ToLower(address))
	row := follower{tag: tag, link: id.Hash(linkSecret(k, tag)), sealed: k.Seal(s.Entropy, "petition_follower", "sealed", f.Petition.row(tag), b)}
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		f, err := s.Get(ctx, tx, authz.Actor{}, slug)
		if err != nil {
			return err
		}
		if f.Petition.State != Open {
			return errOver()
		}
		old, err := followerBy(ctx, tx, f.Petition.ID, "tag", tag)
		if err == nil && old.confirmed {
			return nil
		}
		if errors.Is(err, db.ErrNoRows) {
			err = insertFollower(ctx, tx, f.Petition.ID, &row)
		}
		if err != nil {
			return err
		}
		return s.Mail.Jobs.Enqueue(ctx, tx, askMail{f.Petition.ID, hex.EncodeToString(tag)}, job.Insert{Unique: hex.EncodeToString(tag)})
	})
}

func errNoLink() error {
	return fault.NotFound("petition.no_link", "This link has ended, or the address is not kept here any more.")
}

// Followed tells what a link of a message is for, and changes nothing.
func (s *Service) Followed(ctx context.Context, slug, secret string) (f Found, confirmed bool, err error) {
	if !id.ValidSecret(secret) {
		return f, false, errNoLink()
	}
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		if f, err = s.Get(ctx, tx, authz.Actor{}, slug); err != nil {
			return err
		}
		x, err := followerBy(ctx, tx, f.Petition.ID, "link", id.Hash(secret))
		confirmed = x.confirmed
		return err
	})
	if errors.Is(err, db.ErrNoRows) {
		err = errNoLink()
	}
	return f, confirmed, err
}

// Answer confirms the address of a link, or removes it at once.
func (s *Service) Answer(ctx context.Context, slug, secret string, leave bool) error {
	if !id.ValidSecret(secret) {
		return errNoLink()
	}
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		f, err := s.Get(ctx, tx, authz.Actor{}, slug)
		if err != nil {
			return err
		}
		// When they came is needed no more.
		q := "update petition_follower set confirmed = (1 = 1), asked_at = 0 where petition_id = $1 and link = $2"
		if leave {
			q = "delete from petition_follower where petition_id = $1 and link = $2"
		}
		n, err := tx.Exec(ctx, q, f.Petition.ID, id.Hash(secret))
		if err == nil && n == 0 && !leave {
			err = errNoLink()
		}
		return err
	})
}

// Tell publishes an update on the page, and mails it to those who asked for it.
func (s *Service) Tell(ctx context.Context, by authz.Actor, slug string, in SayInput) error {
	in.Day, in.URL, in.Refused = "", "", false
	e, _, err := in.entry(entryUpdate)
	if err != nil {
		return err
	}
	return s.change(ctx, by, slug, anySequence, func(tx *db.Tx, f *Found) (bool, error) {
		p := &f.Petition
		_, err := entryByForm(ctx, tx, p.ID, e.form)
		if !errors.Is(err, db.ErrNoRows) {
			return false, err
		}
		if p.State == Draft {
			return false, errState()
		}
		if p.told > 0 && tx.Now().Before(clock.FromMicros(p.told).Add(updateEvery)) {
			return false, fault.Conflict("petition.update_early", "There was an update less than a week ago. Please wait: people leave lists that write often.")
		}
		e := e
		e.Day = f.today(tx.Now())
		if err := insertEntry(ctx, tx, p.ID, &e); err != nil {
			return false, err
		}
		p.told = clock.Micros(tx.Now())
		if s.Mail == nil {
			return true, nil
		}
		return true, s.Mail.Jobs.Enqueue(ctx, tx, tellAll{p.ID, e.N, ""}, job.Insert{Unique: fmt.Sprint(p.ID, "/", e.N, "/")})
	})
}

// askMail asks somebody to confirm an address.
type askMail struct {
	Petition string `json:"petition"`
	Tag      string `json:"tag"`
}

// Kind implements job.Args.
func (askMail) Kind() string { return "petitions.ask" }

// tellAll is the job of one page of those who follow a petition.
type tellAll struct {
	Petition string `json:"petition"`
	Entry    int    `json:"entry"`
	After    string `json:"after"`
}

// Kind implements job.Args.
func (tellAll) Kind() string { return "petitions.tell_all" }

// tellOne is the job of one message.
type tellOne struct {
	Petition string `json:"petition"`
	Entry    int    `json:"entry"`
	Tag      string `json:"tag"`
}

// Kind implements job.Args.
func (tellOne) Kind() string { return "petitions.tell" }

// MessageKinds are the jobs that reach people outside.
func MessageKinds() []string {
	return []string{askMail{}.Kind(), tellAll{}.Kind(), tellOne{}.Kind()}
}

// registerJobs must be called before the queue runs.
func (s *Service) registerJobs() {
	job.Register(s.Mail.Jobs, func(ctx context.Context, a askMail) error { return s.write(ctx, a.Petition, a.Tag, 0) }, job.Timeout(2*time.Minute))
	job.Register(s.Mail.Jobs, func(ctx context.Context, a tellOne) error { return s.write(ctx, a.Petition, a.Tag, a.Entry) }, job.Timeout(2*time.Minute))
	job.Register(s.Mail.Jobs, s.tellPage)
}

// tellBatch is how many are told by one page.
const tellBatch = 200

func (s *Service) tellPage(ctx context.Context, a tellAll) error {
	after, err := hex.DecodeString(a.After)
	if err != nil {
		return err
	}
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		tags, err := followersAfter(ctx, tx, a.Petition, after, tellBatch)
		if err != nil {
			return err
		}
		for _, tag := range tags {
			one := tellOne{a.Petition, a.Entry, hex.EncodeToString(tag)}
			if err := s.Mail.Jobs.Enqueue(ctx, tx, one, job.Insert{Unique: fmt.Sprint(a.Entry, "/", one.Tag), Priority: 5}); err != nil {
				return err
			}
			a.After = one.Tag
		}
		if len(tags) < tellBatch {
			return nil
		}
		return s.Mail.Jobs.Enqueue(ctx, tx, a, job.Insert{Unique: fmt.Sprint(a.Petition, "/", a.Entry, "/", a.After), Priority: 5})
	})
}

// write sends one message: an update, or with entry 0 the question whether the
// address wants any. There is none to whom has left.
func (s *Service) write(ctx context.Context, pid, hexTag string, entry int) error {
	tag, err := hex.DecodeString(hexTag)
	if err != nil {
		return err
	}
	var p Petition
	var x follower
	var e Entry
	err = s.DB.Read(ctx, func(tx *db.Tx) (err error) {
		if p, err = byID(ctx, tx, pid); err != nil {
			return err
		}
		if x, err = followerBy(ctx, tx, pid, "tag", tag); err != nil || entry == 0 {
			return err
		}
		e, err = entryByNumber(ctx, tx, pid, entry)
		return err
	})
	if errors.Is(err, db.ErrNoRows) || err == nil && x.confirmed != (entry > 0) {
		return nil
	}
	if err != nil {
		return err
	}
	k, err := s.Vault.Existing(ctx, p.scope())
	if errors.Is(err, seal.ErrDestroyed) {
		return nil
	}
	if err != nil {
		return err
	}
	b, err := k.Open("petition_follower", "sealed", p.row(tag), x.sealed)
	if err != nil {
		return err
	}
	var to contact
	if err := json.Unmarshal(b, &to); err != nil {
		return fmt.Errorf("decode address: %w", err)
	}
	m := s.word(&p, &e, to.Lang, linkSecret(k, tag))
	m.To, m.ID = to.Address, hex.EncodeToString(k.Tag("message id", fmt.Sprint(hexTag, "/", entry)))
	return s.Mail.Sender.Send(ctx, m)
}

// word is what a message says, without whom it goes to.
func (s *Service) word(p *Petition, e *Entry, lang, secret string) notify.Message {
	l := s.Mail.Locales.Match(lang)
	base := strings.TrimSuffix(s.Mail.BaseURL, "/")
	link := base + p.url() + "/updates/" + secret
	if e.N == 0 {
		return notify.Message{
			Lang: l.Tag(), Class: notify.Asked, Subject: l.T("Updates on “{title}”?", "title", p.Text.Title),
			Body: notify.Body{
				Parts:  []notify.Part{notify.Button(l.T("Somebody, probably you, asked for updates on this petition. If you want them, open this link and press the button:"), link)},
				Footer: []notify.Part{notify.Paragraph(l.T("If not, do nothing: the address is deleted tomorrow."))},
			},
		}
	}
	return notify.Message{
		Lang: l.Tag(), Subject: l.T("Update: {title}", "title", p.Text.Title), Unsubscribe: link, Bulk: true,
		Body: notify.Body{
			Parts:  []notify.Part{notify.Paragraph(markdown.Plain(e.Markdown, markdown.MaxBytes)), notify.Button(l.T("Open the page"), base+p.url())},
			Footer: []notify.Part{notify.Link(l.T("To get no more updates, open this link and press the button:"), link)},
		},
	}
}
