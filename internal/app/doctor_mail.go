package app

import (
	"bufio"
	"context"
	"errors"
	"net"
	"slices"
	"strings"
	"time"

	"convoke/internal/notify"
	"convoke/internal/notify/dkim"
)

// mailPatience is how long the DNS or the listener may take to answer doctor.
const mailPatience = 5 * time.Second

// mail looks at what makes others take our mail, and at where it comes back to.
func (d *Doctor) mail(ctx context.Context) {
	c := d.Config
	if c.MailListen != "" {
		d.mailListener(ctx)
	}
	if c.SMTPURL == "" {
		d.add("mail", OK, "not set up: nobody is told by e-mail, and forms do not ask for addresses", "")
		return
	}
	d.mailServer(ctx)
	d.mailSignature(ctx)
	envelope := c.MailBounces
	if envelope == "" {
		envelope = c.MailFrom
	}
	if domain, err := notify.Domain(envelope); err != nil {
		d.failed("mail sender", err, "set mail_from or mail_bounces")
	} else if d.LookupTXT != nil {
		d.mailSender(ctx, domain)
	}
}

// mailSignature compares the key with its record in the DNS (RFC 6376, section
// 3.6.2).
func (d *Doctor) mailSignature(ctx context.Context) {
	const check = "mail signed"
	keys, err := mailKeys(d.Config)
	if err != nil {
		d.failed(check, err, d.command("mail dkim")+" makes a key, or unset dkim_selector")
		return
	}
	if len(keys) == 0 {
		d.add(check, OK, "not by this node; your mail server may do it, or see: "+d.command("mail dkim --help"), "")
		return
	}
	k := keys[0]
	want, err := dkim.Record(k.Signer)
	if err != nil {
		d.failed(check, err, "")
		return
	}
	if d.LookupTXT == nil {
		d.add(check, OK, "with the key "+k.Selector, "")
		return
	}
	name := k.Selector + "._domainkey." + k.Domain
	fix := "put into the DNS what this prints: " + d.command("mail dkim")
	found, err := d.texts(ctx, name)
	switch {
	case err != nil:
		d.add(check, Warning, "The DNS could not be asked for "+name+".", "try again; until the record is there, receivers take the signature for forged")
	case !slices.ContainsFunc(found, func(s string) bool { return keyOf(s) != "" }):
		d.add(check, Wrong, "There is no key in the DNS at "+name+", so receivers take our signature for forged.", fix)
	case !slices.ContainsFunc(found, func(s string) bool { return keyOf(s) == keyOf(want) }):
		d.add(check, Wrong, "The key in the DNS at "+name+" is another one, so receivers take our signature for forged.", fix)
	default:
		d.add(check, OK, name+" has the key", "")
	}
}

// keyOf is the key in a record, which may be written with blanks.
func keyOf(record string) string {
	for tag := range strings.SplitSeq(record, ";") {
		if name, value, _ := strings.Cut(tag, "="); strings.TrimSpace(name) == "p" {
			return strings.Join(strings.Fields(value), "")
		}
	}
	return ""
}

// mailSender looks whether the domain says who may send for it (RFC 7208). Whether
// that is our mail server, only the operator knows.
func (d *Doctor) mailSender(ctx context.Context, domain string) {
	const check = "mail sender"
	found, err := d.texts(ctx, domain)
	i := slices.IndexFunc(found, func(s string) bool { return s == "v=spf1" || strings.HasPrefix(s, "v=spf1 ") })
	switch {
	case err != nil:
		d.add(check, Warning, "The DNS could not be asked for "+domain+".", "try again")
	case i < 0:
		d.add(check, Warning, "The DNS does not say who may send mail for "+domain+" (SPF), so it may be taken for spam.",
			`put a TXT record at `+domain+` like "v=spf1 a:mail.example.org -all" with the name of your mail server; its provider tells which`)
	default:
		d.add(check, OK, domain+" says "+found[i], "")
	}
}

// texts asks the DNS; that there is none is no error.
func (d *Doctor) texts(ctx context.Context, name string) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, mailPatience)
	defer cancel()
	found, err := d.LookupTXT(ctx, name)
	var none *net.DNSError
	if errors.As(err, &none) && none.IsNotFound {
		return nil, nil
	}
	return found, err
}

// mailListener asks whether somebody answers where the mail server hands over.
func (d *Doctor) mailListener(ctx context.Context) {
	const check = "mail back"
	at := d.Config.MailListen
	if err := greeted(ctx, at); err != nil {
		d.add(check, Warning, "Nobody answers at "+at+", so nothing is heard of mail that comes back.", d.command("serve")+" listens there, unless its role is web")
		return
	}
	host, _, err := net.SplitHostPort(at)
	if err != nil || host == "" || !loopback(host) {
		d.add(check, Warning, at+" may be reached from other machines, and anybody who does can say that mail came back.",
			"set mail_listen to an address of this machine, as in localhost:2424, or let a firewall admit your mail server only")
		return
	}
	d.add(check, OK, "taken at "+at, "")
}

// greeted returns an error unless a mail server speaks first at an address.
func greeted(ctx context.Context, address string) error {
	conn, err := (&net.Dialer{Timeout: mailPatience}).DialContext(ctx, "tcp", address)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(mailPatience)); err != nil {
		return err
	}
	line, err := bufio.NewReader(conn).ReadString('\n')
	if err == nil && !strings.HasPrefix(line, "220 ") {
		err = errors.New("this is no mail server")
	}
	return err
}
