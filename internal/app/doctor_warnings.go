package app

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"convoke/internal/feature/alerts/official"
)

// warnings reads each feed of official warnings, and one message of it. It stores nothing.
func (d *Doctor) warnings(ctx context.Context) {
	const check = "official warnings"
	if len(d.Config.CAPFeeds) == 0 {
		d.add(check, OK, "no feed is named", "")
	}
	if d.Feeds == nil {
		return
	}
	for _, f := range d.Config.CAPFeeds {
		name := f.Name
		if u, err := url.Parse(f.Address); err == nil && name == "" {
			name = u.Hostname()
		}
		n, err := official.Look(ctx, d.Feeds, f.Address)
		if err != nil {
			message, fix := feedFault(official.Reason(err))
			d.add(check, Wrong, "The feed "+name+" "+message, fix+"; what it said before is shown until it ends")
			continue
		}
		d.add(check, OK, strings.TrimSpace(fmt.Sprintf("%s can be read; messages in it: %d", name, n)), "")
	}
}

// feedFault says what is wrong with a feed, and what to do.
func feedFault(reason string) (message, fix string) {
	const mend = "mend its address in cap_feeds"
	switch reason {
	case "address":
		return "leads to an address that is not https:// on the usual port.", mend
	case "private":
		return "leads to an address that is not on the public internet.", mend
	case "redirect":
		return "has moved: its server sends on to another address.", "name the new address in cap_feeds"
	case "status":
		return "is not there: its server answers with an error.", mend + ", or ask who runs it"
	case "large":
		return "is too large: at most 5 MiB, 50,000 elements, and 1 MiB for one message, are read.", "name a feed of a smaller area in cap_feeds"
	case "slow":
		return "did not answer within ten seconds.", "try again later, and look at the network of this machine"
	case "garbled":
		return "is no Atom or RSS list of CAP 1.2 messages, or the newest of them is against the standard.", "name the feed of CAP 1.2, not the page about it, or tell who runs it"
	}
	return "cannot be reached.", "look at its host name, at the DNS and at the network of this machine"
}
