package official

import (
	"context"
	"errors"
	"net/url"
	"sort"
	"strings"
	"time"

	"convoke/internal/cap"
	"convoke/internal/fault"
	"convoke/internal/fetch"
)

// Feed is an Atom or RSS list of messages, or the address of one message.
type Feed struct {
	Address string // https
	Name    string // that is shown; "" for what the messages say
}

// Source reads files of strangers; *fetch.Client is one.
type Source interface {
	GetNewer(ctx context.Context, address, accept string, had fetch.Version) ([]byte, fetch.Version, error)
}

const accept = "application/cap+xml, application/atom+xml, application/rss+xml, application/xml;q=0.8, text/xml;q=0.8"

// listed is what a feed says: entries, or a message of its own.
type listed struct {
	Entries []cap.Entry // the newest first
	Alone   *cap.Alert
}

func readList(b []byte, address string) (l listed, err error) {
	base, err := url.Parse(address)
	if err != nil {
		return l, fetch.ErrURL
	}
	f, err := cap.ParseFeed(b, base)
	if e := fault.Of(err); e != nil && e.Code == "cap.feed" {
		l.Alone, err = cap.Parse(b)
		return l, err
	}
	if err != nil {
		return l, err
	}
	for _, e := range f.Entries {
		e.Link = strings.Replace(e.Link, "http://", "https://", 1)
		if real := e.Hint.Status == "" || e.Hint.Status == cap.StatusActual; real && len(e.Link) <= maxAddress {
			l.Entries = append(l.Entries, e)
		}
	}
	sort.SliceStable(l.Entries, func(i, j int) bool { return l.Entries[i].Updated.After(l.Entries[j].Updated) })
	return l, nil
}

// Look reads a feed and one of its messages, and says how many it has. It stores nothing.
func Look(ctx context.Context, from Source, address string) (n int, err error) {
	b, _, err := from.GetNewer(ctx, address, accept, fetch.Version{})
	if err != nil {
		return 0, err
	}
	l, err := readList(b, address)
	switch {
	case err != nil:
		return 0, err
	case l.Alone != nil:
		return 1, nil
	case len(l.Entries) == 0:
		return 0, nil
	}
	if b, _, err = from.GetNewer(ctx, l.Entries[0].Link, accept, fetch.Version{}); err == nil {
		_, err = cap.Parse(b)
	}
	return len(l.Entries), err
}

// Reason says in a word why a feed was not read, without anything that a server said:
// address, private, redirect, status, large, slow, garbled or unreachable.
func Reason(err error) string {
	for _, x := range []struct {
		is   error
		word string
	}{
		{fetch.ErrURL, "address"}, {fetch.ErrAddress, "private"}, {fetch.ErrRedirect, "redirect"}, {fetch.ErrStatus, "status"}, {fetch.ErrTooLarge, "large"},
		{context.DeadlineExceeded, "slow"},
	} {
		if errors.Is(err, x.is) {
			return x.word
		}
	}
	switch {
	case fault.Is(err, fault.KindTooLarge):
		return "large"
	case fault.Of(err) != nil:
		return "garbled"
	}
	return "unreachable"
}

// stampOf is a time in microseconds, 0 for none.
func stampOf(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}
