package app

import (
	"context"
	"io"
	"net"
)

// KeepPicture stores a picture as an upload does.
func (n *Node) KeepPicture(ctx context.Context, r io.Reader) (string, error) {
	return n.pictures.keep(ctx, r)
}

// DemoGroups makes the groups of the sample, and DemoStory what they decide together.
func (n *Node) DemoGroups(ctx context.Context) error { return n.demoGroup(ctx) }

// DemoStory goes on from DemoGroups.
func (n *Node) DemoStory(ctx context.Context) error { return n.demoStory(ctx) }

// TakeMail takes mail on l until ctx ends, as a node that serves does.
func (n *Node) TakeMail(ctx context.Context, l net.Listener) error {
	o, _, err := n.inbound()
	if err != nil {
		return err
	}
	return o.Serve(ctx, l)
}
