package take

import (
	"context"
	"crypto/rand"
	"errors"
	"net/mail"
	"strings"
	"time"

	"convoke/internal/fault"
	"convoke/internal/notify"
	"convoke/internal/record/box"
	"convoke/internal/web"
)

const (
	// mailLetters is the length of a mailed code: 40 random bits, good for a quarter
	// of an hour.
	mailLetters = 8
	maxAddress  = 254 // RFC 5321
	// sendWithin is how long a request waits for the mail server.
	sendWithin = 20 * time.Second
)

// mailed is the first step of the e-mail gate: it sends a code to the address that
// was typed. It does so at once and in the request, because a job would have to
// store the address.
func (w *Web) mailed(k *call, f *web.Form) error {
	pending, err := w.ask(k, f.Line("email"))
	if f.Accepts(err) {
		return w.gate(k, f)
	}
	if err != nil {
		return err
	}
	// The address goes no further than here.
	f.Set("email").Set("pending", pending).Set("code")
	return mailedPage.RenderForm(k.Call, f, mailedData{k.about(f)})
}

func (w *Web) ask(k *call, address string) (pending string, err error) {
	if w.Sender == nil {
		return "", fault.Invalid(fault.Field("email", "take.no_mail", "This server cannot send e-mail."))
	}
	a, err := mail.ParseAddress(address)
	if err != nil || a.Address != address || len(address) > maxAddress {
		return "", fault.Invalid(fault.Field("email", "take.address", "Please write an e-mail address, such as name@example.org."))
	}
	if ok, wait := w.Limiter.Allow("take-mail", w.Client(k.Call)); !ok {
		return "", often(wait)
	}
	// The limiter keeps a keyed hash in memory, whose key is thrown away each day.
	if ok, wait := w.Limiter.Allow("take-address", k.box.Roll.String()+" "+strings.ToLower(address)); !ok {
		return "", often(wait)
	}
	random := make([]byte, mailLetters)
	if _, err := rand.Read(random); err != nil {
		return "", err
	}
	code := box.FormatCode(random)
	if pending, err = w.Boxes.AskAddress(k.Context(), k.box.Roll, address, code); err != nil {
		return "", err
	}
	return pending, w.send(k, address, code)
}

func often(wait time.Duration) error {
	return fault.After(fault.RateLimited("take.mail_often",
		"Several codes were sent already. Please look into your mailbox, or try again in a few minutes."), wait)
}

// send sends a code. The message names neither the box nor an address of a page:
// mail is read on its way.
func (w *Web) send(k *call, address, code string) error {
	l, site := k.Locale, w.SiteName()
	ctx, cancel := context.WithTimeout(k.Context(), sendWithin)
	defer cancel()
	err := w.Sender.Send(ctx, notify.Message{
		To: address, Lang: l.Tag(), Class: notify.Access,
		Subject: l.T("{code} is your code for {site}", "code", strings.ToUpper(code), "site", site),
		Body: notify.Body{
			Parts: []notify.Part{
				notify.Heading(l.T("Your code is {code}.", "code", strings.ToUpper(code))),
				notify.Paragraph(l.T("Type it into the page that you left open. It is good for 15 minutes.")),
			},
			Footer: []notify.Part{notify.Paragraph(l.T("If you did not ask for it, do nothing: your address is not stored, and no other message follows."))},
		},
	})
	switch {
	case errors.Is(err, notify.ErrPermanent):
		return fault.Invalid(fault.Field("email", "take.refused", "The mail server does not take messages to this address. Please check each letter."))
	case err != nil:
		return fault.Because(fault.Invalid(fault.Field("email", "take.unsent", "The message could not be sent. Please try again in a few minutes.")), err)
	}
	return nil
}
