package subscriptions

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"time"

	"convoke/internal/db"
	"convoke/internal/i18n"
	"convoke/internal/job"
	"convoke/internal/seal"
)

// noteFor bounds one try of a note.
const noteFor = 60 * time.Second

// The notes that somebody gets about their own subscription.
const (
	noteAsk   = "ask"   // to confirm, or, where that is not needed, to greet
	noteKnown = "known" // somebody subscribed this contact once more
	noteRenew = "renew" // it ends soon
)

// notes is the tag of all of them.
const notes = "subscription"

// noteJob is the job of one note. What it says is decided when it is sent.
type noteJob struct {
	Subscription string `json:"subscription"`
	About        string `json:"about"`
}

// Kind implements job.Args.
func (noteJob) Kind() string { return "subscriptions.note" }

func (s *Service) note(ctx context.Context, tx *db.Tx, sid, about string) error {
	return s.Jobs.Enqueue(ctx, tx, noteJob{sid, about}, job.Insert{Unique: sid + " " + about})
}

// manage is the address of somebody's own page.
func (s *Service) manage(secret string) string { return s.BaseURL + "/subscriptions/" + secret }

// parcel addresses what is said to one subscriber. what names it among all that they get.
func (s *Service) parcel(ctx context.Context, sub *Subscription, said Said, what, tag string) (Parcel, error) {
	x, k, err := s.open(ctx, sub)
	if err != nil {
		return Parcel{}, err
	}
	l, at := s.Locales.Match(sub.Lang), s.manage(x.secret)
	return Parcel{
		Said: said, Until: said.Expires, Contact: x.contact, Lang: l.Tag(), Dir: l.Dir(), Manage: at, Leave: at + "/leave",
		ID: hex.EncodeToString(k.Tag("message", sub.id+" "+what)), Tag: tag, Bounce: sub.id + bounceMark(k, sub.id), Key: signing(x.secret),
	}, nil
}

// signing is the key by which a program knows that a message is for it and from here. It
// follows from the secret of the link, which its owner has.
func signing(secret string) []byte {
	k := sha256.Sum256([]byte("convoke alerts hook 1 " + secret))
	return k[:]
}

// sendNote is the worker of a note. There is none for a subscription that is gone.
func (s *Service) sendNote(ctx context.Context, a noteJob) error {
	var sub Subscription
	err := s.DB.Read(ctx, func(tx *db.Tx) (err error) {
		sub, err = byID(ctx, tx, a.Subscription)
		return err
	})
	if errors.Is(err, db.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	w, ok := s.way(sub.Channel)
	if !ok || (a.About != noteAsk && !sub.Confirmed) || (a.About == noteAsk && sub.Confirmed) {
		return nil
	}
	x, k, err := s.open(ctx, &sub)
	if errors.Is(err, seal.ErrDestroyed) {
		return nil
	}
	if err != nil {
		return err
	}
	said := s.words(s.Locales.Match(sub.Lang), &sub, a.About, s.manage(x.secret), codeOf(k, sub.id), w.Proof)
	p, err := s.parcel(ctx, &sub, said, a.About+sub.Ends.Format(time.DateOnly), notes)
	if err != nil {
		return err
	}
	send, err := w.Channel.Prepare(p)
	if err == nil {
		err = send(ctx)
	}
	if errors.Is(err, ErrGone) {
		return s.DB.Write(ctx, func(tx *db.Tx) error { return s.drop(ctx, tx, sub.id) })
	}
	if err == nil && a.About == noteAsk && w.Proof == ByKeys {
		return s.confirm(ctx, &sub)
	}
	if errors.Is(err, ErrRefused) {
		return nil // nobody can do anything about it; it is never confirmed
	}
	return err
}

// place names the middle of an area.
func (s *Service) place(sub *Subscription) string {
	p, _ := s.Places.Nearest(sub.Area.Middle())
	return p.Label()
}

// words are those of a note.
func (s *Service) words(l *i18n.Locale, sub *Subscription, about, link, code string, proof Proof) Said {
	place := s.place(sub)
	out := Said{Title: l.T("Alerts near {place}", "place", place), Link: link}
	switch {
	case about == noteRenew:
		day := l.DateShort(sub.Ends)
		out.Title = l.T("Do you still want alerts near {place}?", "place", place)
		out.Short = l.T("Your alerts end on {day}. Go on for a year: {url}", "day", day, "url", link)
		out.Lines = []string{l.T("You asked a year ago to hear of alerts. On {day} that ends, and your address is deleted, unless you press the button behind this link:", "day", day)}
	case about == noteKnown:
		out.Short = l.T("You already get alerts here. Change or leave: {url}", "url", link)
		out.Lines = []string{l.T("Somebody, probably you, has just asked for alerts at this address. It gets them already. Behind this link you can change what you hear of:")}
	case proof == ByCode:
		out.Short = l.T("{code} is the number to confirm your alerts. If you did not ask for it, you need not do anything.", "code", code)
		out.Lines, out.Link = []string{out.Short}, ""
	case proof == ByKeys:
		out.Short = l.T("You get alerts here from now on. Change or leave: {url}", "url", link)
		out.Lines = []string{out.Short}
	default:
		out.Title = l.T("Shall we send you alerts near {place}?", "place", place)
		out.Short = l.T("Press the button behind this link to get alerts: {url}", "url", link)
		out.Lines = []string{
			l.T("Somebody, probably you, wants this address to hear of alerts. Press the button behind the link within two days."),
			l.T("If you did not ask for this, you need not do anything."),
		}
	}
	return out
}
