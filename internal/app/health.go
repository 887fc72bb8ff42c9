package app

import (
	"context"
	"log"
	"log/slog"
	"time"

	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/web"
)

// healthz says that the process answers.
func (n *Node) healthz(c *web.Call) error { return c.Write(200, "text/plain", []byte("ok\n")) }

// readyz says that the database answers too.
func (n *Node) readyz(c *web.Call) error {
	ctx, cancel := context.WithTimeout(c.Context(), 2*time.Second)
	defer cancel()
	err := n.DB.Read(ctx, func(tx *db.Tx) error {
		var one int
		return tx.Get(ctx, "select 1", nil, &one)
	})
	select {
	case <-n.DB.Failed():
		err = ErrStorage
	default:
	}
	if err != nil {
		return fault.Because(fault.Unavailable("node.not_ready", "The database does not answer."), err)
	}
	return c.Write(200, "text/plain", []byte("ready\n"))
}

// noteTouched asks [Node.followInfo] to look, when what every page shows may have
// changed, here or in another process. It never waits.
func (n *Node) noteTouched(tags []string) {
	for _, t := range tags {
		if t == "site" || t == "*" {
			select {
			case n.infoChanged <- struct{}{}:
			default: // it will look anyway
			}
			return
		}
	}
}

// followInfo keeps the node's name and language as stored, until ctx ends.
func (n *Node) followInfo(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-n.infoChanged:
			if err := n.loadInfo(ctx); err != nil && ctx.Err() == nil {
				n.Log.Warn("reload the node's name", "error", err)
			}
		}
	}
}

// quiet keeps the server's own messages, which name addresses, out of the log.
func quiet(l *slog.Logger) *log.Logger {
	return log.New(discard{l}, "", 0)
}

type discard struct{ log *slog.Logger }

// Write counts a message as seen without repeating it.
func (d discard) Write(p []byte) (int, error) {
	d.log.Debug("a connection failed")
	return len(p), nil
}
