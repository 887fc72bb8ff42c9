package app

import (
	"context"
	"io"
)

// KeepPicture stores a picture as an upload does.
func (n *Node) KeepPicture(ctx context.Context, r io.Reader) (string, error) {
	return n.pictures.keep(ctx, r)
}
