package app

import (
	"context"
	"io"
	"log"
	"log/slog"
	"net/http"
	"time"

	"convoke/internal/db"
)

// healthz says that the process answers.
func (n *Node) healthz(w http.ResponseWriter, _ *http.Request) {
	_, _ = io.WriteString(w, "ok\n")
}

// readyz says that the database answers too.
func (n *Node) readyz(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
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
		n.Log.Warn("not ready", "error", err)
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = io.WriteString(w, "the database does not answer\n")
		return
	}
	_, _ = io.WriteString(w, "ready\n")
}

// reloadInfo follows a change by another process; it runs beside the commit
// that told of it.
func (n *Node) reloadInfo() {
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := n.loadInfo(ctx); err != nil {
			n.Log.Warn("reload the node's name", "error", err)
		}
	}()
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
