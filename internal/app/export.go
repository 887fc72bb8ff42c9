package app

import (
	"context"
	"io"
	"strings"

	"convoke/internal/feature/events"
)

// Export writes all listed events to w as "csv", "ics" or "geojson".
func (n *Node) Export(ctx context.Context, w io.Writer, format string, progress func(events int)) error {
	i := n.Site.Info()
	return n.Events.Export(ctx, w, events.ExportOptions{
		Format: format, BaseURL: strings.TrimSuffix(n.Config.BaseURL, "/"), Name: i.Name, Locale: n.locales.Match(i.Language), Progress: progress,
	})
}
