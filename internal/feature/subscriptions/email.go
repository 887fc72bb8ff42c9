package subscriptions

import (
	"context"
	"errors"
	"strings"

	"convoke/internal/fault"
	"convoke/internal/i18n"
	"convoke/internal/notify"
)

// Email is the channel of a mail server.
type Email struct {
	Sender  notify.Sender
	Locales *i18n.Bundle
}

// EmailWay is how people choose to hear by e-mail.
func EmailWay(e Email) Way {
	return Way{
		Code: "email", Name: i18n.Mark("E-mail"), Label: i18n.Mark("E-mail address"), Type: "email", Channel: e,
		AtOnce: 4, // a server takes one after the other
	}
}

// Parse implements Channel.
func (Email) Parse(typed string) (string, error) {
	a, ok := notify.Address(typed)
	if !ok {
		return "", fault.Invalid(fault.Field("contact", "mail.address", "This does not look like an e-mail address."))
	}
	return a, nil
}

// Prepare implements Channel.
func (e Email) Prepare(p Parcel) (func(context.Context) error, error) {
	l := e.Locales.Match(p.Lang)
	m := notify.Message{To: p.Contact, Subject: p.Title, Lang: p.Lang, ID: p.ID, Unsubscribe: p.Leave, Bounce: p.Bounce, Bulk: p.Tag != notes, Class: notify.Urgent}
	if p.Tag == notes { // whoever typed the address may not be its owner
		m.Class = notify.Asked
	}
	for _, line := range p.Lines {
		m.Body.Parts = append(m.Body.Parts, notify.Paragraph(line))
	}
	switch {
	case p.Link == p.Manage:
		m.Body.Parts = append(m.Body.Parts, notify.Button(l.T("Open the page"), p.Link))
	case p.Link != "":
		m.Body.Parts = append(m.Body.Parts, notify.Button(l.T("Read the alert"), p.Link))
	}
	m.Body.Footer = []notify.Part{notify.Link(l.T("Change what you hear of, or leave with one click"), p.Manage)}
	return func(ctx context.Context) error { return mailed(e.Sender.Send(ctx, m)) }, nil
}

// mailed says what an error of sending mail means here.
func mailed(err error) error {
	var e *notify.Error
	if !errors.As(err, &e) {
		return err
	}
	switch {
	case e.Step == notify.StepAddress, e.Step == notify.StepRecipient && strings.HasPrefix(e.Status, "5.1."):
		return ErrGone // RFC 3463; other refusals may mean this server and not the address
	case e.Permanent():
		return ErrRefused
	case e.Code != 0 || e.Step == notify.StepConnect:
		return Later{}
	}
	return err
}
