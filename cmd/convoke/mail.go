package main

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"convoke/internal/notify"
	"convoke/internal/notify/dkim"
)

// mailCmd is what the operator of a mail server needs.
type mailCmd struct {
	DKIM mailDKIM `cmd:"" name:"dkim" help:"Print the record for the DNS of the key that signs mail; the key is made when there is none."`
}

type mailDKIM struct {
	Ed25519 bool `name:"ed25519" help:"Make a key of Ed25519: it is short, and not every receiver can verify it. Otherwise it is RSA."`
}

// Help is shown by convoke mail dkim --help.
func (mailDKIM) Help() string {
	return `Receivers trust mail more whose sender is proven. Put the line that is printed into the DNS of the domain of
mail_from, set dkim_selector, restart the server, and look with convoke doctor. If your mail server signs by
itself, you need none of this. To change keys, take a new selector and another file (dkim_key), and leave the
old record in the DNS for some days.`
}

// selectorUnlessSet names the key where the settings do not.
const selectorUnlessSet = "mail1"

// Run prints one line for a zone file (RFC 1035, section 5.1).
func (m mailDKIM) Run(p *program, set Settings) error {
	c, err := set.load(p, nil)
	if err != nil {
		return err
	}
	if c.MailFrom == "" {
		return usageError{errors.New("set mail_from first: its domain is the one that signs")}
	}
	domain, err := notify.Domain(c.MailFrom)
	if err != nil {
		return err
	}
	key, err := dkim.Load(c.DKIMKey)
	if errors.Is(err, fs.ErrNotExist) {
		if key, err = dkim.Make(c.DKIMKey, m.Ed25519); err == nil {
			fmt.Fprintf(p.err, "A new key is in %s.\n", c.DKIMKey)
		}
	}
	if err != nil {
		return err
	}
	record, err := dkim.Record(key)
	if err != nil {
		return err
	}
	selector := c.DKIMSelector
	if selector == "" {
		selector = selectorUnlessSet
		fmt.Fprintf(p.err, "When the record is in the DNS, set dkim_selector to %q.\n", selector)
	}
	_, err = fmt.Fprintf(p.out, "%s._domainkey.%s. IN TXT %s\n", selector, domain, quoted(record))
	return err
}

// quoted cuts a text into the strings of at most 255 letters that the DNS has.
func quoted(s string) string {
	const most = 255
	var parts []string
	for len(s) > most {
		parts = append(parts, `"`+s[:most]+`"`)
		s = s[most:]
	}
	return strings.Join(append(parts, `"`+s+`"`), " ")
}
