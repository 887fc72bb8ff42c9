package fetch

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/netip"
)

// maxAnswer is how much of an answer to a Post is read, so that the connection
// ends well.
const maxAnswer = 64 << 10

// Check reports what is wrong with an address for [Client.Post], before any name
// is looked up.
func Check(address string) error {
	u, err := check(address)
	if err != nil {
		return err
	}
	if u.String() != address {
		return ErrURL
	}
	if a, err := netip.ParseAddr(u.Hostname()); err == nil && !Public(a) {
		return ErrAddress
	}
	return nil
}

// Post sends a body to an https:// address, by the same rules as [Client.Get],
// and returns the status of the answer, whatever it is.
func (c *Client) Post(ctx context.Context, address string, header http.Header, body []byte) (status int, err error) {
	u, err := check(address)
	if err != nil {
		return 0, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), bytes.NewReader(body))
	if err != nil {
		return 0, fmt.Errorf("%w: %w", ErrURL, err)
	}
	req.Header = header.Clone()
	req.Header.Set("User-Agent", "Convoke")
	res, err := c.http.Do(req)
	if err != nil {
		return 0, fmt.Errorf("send to %s: %w", u.Hostname(), err)
	}
	defer res.Body.Close()
	_, _ = io.CopyN(io.Discard, res.Body, maxAnswer) // what it says is of no interest
	return res.StatusCode, nil
}
