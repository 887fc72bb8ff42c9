package app

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"syscall"
	"time"

	"convoke/internal/notify"
)

// reachIn is how long a mail server or a gateway has to let doctor in. Some mail
// servers wait six seconds before they greet.
const reachIn = 8 * time.Second

// mailPorts says which port goes with which scheme (RFC 8314, RFC 6409).
const mailPorts = "mend host and port in smtp_url; smtps:// goes with port 465, smtp:// with 587"

// mailServer signs in to the mail server. It sends nothing.
func (d *Doctor) mailServer(ctx context.Context) {
	const check = "mail"
	c := d.Config
	s, err := notify.NewSMTP(notify.SMTPOptions{URL: c.SMTPURL, From: c.MailFrom, Bounces: c.MailBounces, Roots: d.Roots, Timeout: reachIn})
	if err != nil {
		d.failed(check, err, "mend smtp_url, mail_from or mail_bounces")
		return
	}
	if err := s.Check(ctx); err != nil {
		message, fix := mailFault(err)
		d.add(check, Wrong, "The mail server at "+s.Address()+" "+message, fix)
		return
	}
	d.add(check, OK, "the server at "+s.Address()+" takes mail from "+c.MailFrom, "")
}

// mailFault says why a mail server would take no mail, and what to do.
func mailFault(err error) (message, fix string) {
	var e *notify.Error
	refused := errors.As(err, &e) && e.Code != 0
	switch {
	case errors.Is(err, notify.ErrNoTLS):
		return "does not offer to encrypt (STARTTLS), so nothing is sent: everybody on the way could read along.",
			"try smtps:// and port 465 in smtp_url, or switch STARTTLS on in the mail server"
	case errors.Is(err, notify.ErrNoSignIn):
		return "does not offer to sign in with a password.", "take user and password out of smtp_url, or name the port where programs sign in: 465 with smtps://, 587 with smtp://"
	case refused && e.Step == notify.StepSender:
		return fmt.Sprintf("does not take mail from this node: it answered %d.", e.Code),
			"set mail_from and mail_bounces to addresses that may send there; if smtp_url has no user and password, put them in"
	case refused && (e.Code == 535 || e.Code == 534): // RFC 4954, section 6; RFC 5248
		return fmt.Sprintf("does not know user and password: it answered %d.", e.Code),
			"mend user and password in smtp_url: special characters are written as in addresses (%40 for @); some providers want a password made for programs"
	case refused && e.Code < 500:
		return fmt.Sprintf("does not let this node in just now: it answered %d.", e.Code), "try again in some minutes; if it goes on, ask whoever runs the mail server"
	case refused:
		return fmt.Sprintf("does not let this node in: it answered %d.", e.Code), "ask whoever runs the mail server to let this machine in, or set another one in smtp_url"
	}
	return reachFault(err, mailPorts)
}

// reachFault says why a server was not reached, and what to do; mend is how to change
// its address. Nothing in it was said by the server.
func reachFault(err error, mend string) (message, fix string) {
	var name *net.DNSError
	var slow net.Error
	var plain tls.RecordHeaderError
	var cert *tls.CertificateVerificationError
	switch {
	case errors.As(err, &name) && name.IsNotFound:
		return "cannot be found: the DNS does not know its name.", mend
	case errors.As(err, &name):
		return "cannot be found: the DNS could not be asked for its name.", "look at the DNS and the network of this machine"
	case errors.As(err, &slow) && slow.Timeout():
		return fmt.Sprintf("did not answer within %d seconds.", int(reachIn.Seconds())), mend + "; or let firewalls on the way, and the hoster of this machine, open that port"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "is not there: nobody answers at this port.", mend + "; or start the server"
	case errors.As(err, &plain):
		return "does not speak TLS at this port.", mend
	case errors.As(err, &cert):
		return certFault(err, mend)
	}
	return "cannot be used: the connection broke off, or something else answers at this port.", mend + "; or look at the network of this machine"
}

// certFault says what is wrong with the certificate of a server, and what to do.
func certFault(err error, mend string) (message, fix string) {
	var other x509.HostnameError
	var unfit x509.CertificateInvalidError
	switch {
	case errors.As(err, &other):
		return "shows the certificate of a server with another name, so somebody may stand between.", mend + "; the host must be a name in the certificate"
	case errors.As(err, &unfit) && unfit.Reason == x509.Expired:
		return "shows a certificate that is not valid today.", "renew it on that server, and look at the clock of this machine"
	}
	return "shows a certificate that this machine does not trust, so somebody may stand between.",
		"get that server a certificate of a known authority, with the whole chain; or add its own authority to those of this machine (update-ca-certificates)"
}
