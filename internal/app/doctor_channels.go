package app

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/url"

	"convoke/internal/notify/sms"
	"convoke/internal/notify/webpush"
	"convoke/internal/seal"
)

// webPush looks at the key by which push services know this node.
func (d *Doctor) webPush(ctx context.Context, v *seal.Vault) {
	const check = "web push"
	u, err := url.Parse(d.Config.BaseURL)
	switch {
	case err != nil:
		return // said with the address
	case u.Scheme != "https" && loopback(u.Hostname()):
		d.add(check, OK, "not on "+d.Config.BaseURL+": browsers and push services ask for an address that begins with https://", "")
		return
	case u.Scheme != "https":
		d.add(check, Warning, "Browsers and push services ask for an address that begins with https://, and "+d.Config.BaseURL+" does not.",
			"put a web server with a certificate in front and set base_url to https://...")
		return
	}
	_, err = v.Existing(ctx, webpush.KeyScope)
	if errors.Is(err, seal.ErrDestroyed) {
		d.add(check, OK, "has no key yet: it is made when it is needed first", "")
		return
	}
	if err == nil {
		_, err = webpush.LoadKey(ctx, v)
	}
	if err != nil {
		d.failed(check, err, "restore the key database of the last backup; with another key everybody has to switch messages on again")
		return
	}
	d.add(check, OK, "its key opens", "")
}

// textMessages looks whether the gateway is there, and is the one that it should be. It sends nothing.
func (d *Doctor) textMessages(ctx context.Context) {
	const check = "text messages"
	if d.Config.SMSURL == "" {
		d.add(check, OK, "not set up: nobody is told by text message", "")
		return
	}
	g, err := sms.New(d.Config.SMS())
	if err != nil {
		d.failed(check, err, "mend sms_url and the settings that begin with sms_")
		return
	}
	address, encrypted := g.Address()
	if err := d.reach(ctx, address, encrypted); err != nil {
		message, fix := reachFault(err, "mend host and port in sms_url")
		d.add(check, Wrong, "The gateway at "+address+" "+message, fix+"; messages that wait are sent then")
		return
	}
	host, _, _ := net.SplitHostPort(address)
	switch ip := net.ParseIP(host); {
	case !encrypted && !loopback(host) && (ip == nil || !ip.IsPrivate()):
		d.add(check, Warning, "What goes to the gateway at "+address+" is not encrypted: others in the network can read numbers and texts.",
			"set sms_url to its https:// address")
	case d.Config.SMSInboundSecret == "":
		d.add(check, Warning, "Nobody hears what people answer to the gateway at "+address+", STOP neither.",
			"set sms_inbound_secret, and let the gateway hand on what people answer")
	default:
		d.add(check, OK, "the gateway at "+address+" answers", "")
	}
}

// otherWays names those that no setting is for. Whether they work, only the addresses can
// tell that people name.
func (d *Doctor) otherWays() {
	d.add("other ways", OK, "ntfy, UnifiedPush, webhooks: nothing to set up; people name addresses of their own, and confirm them by a message that goes there", "")
}

// reach connects, over TLS where that is asked for, and says nothing.
func (d *Doctor) reach(ctx context.Context, address string, encrypted bool) error {
	ctx, cancel := context.WithTimeout(ctx, reachIn)
	defer cancel()
	dial := new(net.Dialer).DialContext
	if encrypted {
		dial = (&tls.Dialer{Config: &tls.Config{RootCAs: d.Roots, MinVersion: tls.VersionTLS12}}).DialContext
	}
	conn, err := dial(ctx, "tcp", address)
	if err == nil {
		_ = conn.Close() // nothing was said
	}
	return err
}
