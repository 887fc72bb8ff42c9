package app

import (
	"context"
	"io"
)

// KeepPicture stores a picture as an upload does.
func (n *Node) KeepPicture(ctx context.Context, r io.Reader) (string, error) {
	return n.pictures.keep(ctx, r)
}

// DemoGroups makes the groups of the sample, and DemoStory what they decide together.
func (n *Node) DemoGroups(ctx context.Context) error { return n.demoGroup(ctx) }

// DemoStory goes on from DemoGroups.
func (n *Node) DemoStory(ctx context.Context) error { return n.demoStory(ctx) }
