package fetch

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
)

// Exchange is [Client.Post] for when the answer matters: it returns at most 64 KiB
// of it.
func (c *Client) Exchange(ctx context.Context, address string, header http.Header, body []byte) (status int, answer []byte, err error) {
	u, err := check(address)
	if err != nil {
		return 0, nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), bytes.NewReader(body))
	if err != nil {
		return 0, nil, fmt.Errorf("%w: %w", ErrURL, err)
	}
	req.Header = header.Clone()
	req.Header.Set("User-Agent", "Convoke")
	res, err := c.http.Do(req)
	if err != nil {
		return 0, nil, fmt.Errorf("send to %s: %w", u.Hostname(), err)
	}
	defer res.Body.Close()
	if answer, err = io.ReadAll(io.LimitReader(res.Body, maxAnswer)); err != nil {
		return 0, nil, fmt.Errorf("read the answer of %s: %w", u.Hostname(), err)
	}
	return res.StatusCode, answer, nil
}
