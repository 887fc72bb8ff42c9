package app

import (
	"context"
	"iter"

	"convoke/internal/feature/statements"
)

// ImportPosts takes Markdown files in as statements; see [statements.Service.Import].
func (n *Node) ImportPosts(ctx context.Context, files iter.Seq2[statements.File, error], o statements.ImportOptions, report *statements.Report) error {
	o.Keep, o.MaxPicture = n.pictures.keep, n.pictures.maxBytes
	return n.Statements.Import(ctx, files, o, report)
}

// ExportPosts writes the statements of a group as such files; see
// [statements.Service.Export].
func (n *Node) ExportPosts(ctx context.Context, group string, write func(name string, data []byte) error, progress func(statements int)) error {
	return n.Statements.Export(ctx, statements.ExportOptions{
		Group: group, Write: write, Progress: progress,
		Picture: func(ctx context.Context, key string) ([]byte, string, error) {
			b, err := n.blobs.Get(ctx, key)
			if pictureType(b) == "image/png" {
				return b, ".png", err
			}
			return b, ".jpg", err
		},
	})
}
