package main

import (
	"io"
	"time"

	"github.com/schollz/progressbar/v3"
)

// progress shows how far long work is, on standard error and only to people.
type progress struct{ bar *progressbar.ProgressBar }

// progress starts a bar; total is -1 when it is not known.
func (p *program) progress(total int64, what string) progress {
	if !p.terminal {
		return progress{}
	}
	return progress{progressbar.NewOptions64(total, progressbar.OptionSetWriter(p.err), progressbar.OptionSetDescription(what),
		progressbar.OptionShowCount(), progressbar.OptionShowIts(), progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionClearOnFinish())}
}

// set tells how much is done. A bar that cannot be drawn stops nothing.
func (b progress) set(done int) {
	if b.bar != nil {
		_ = b.bar.Set(done)
	}
}

func (b progress) end() {
	if b.bar != nil {
		_ = b.bar.Finish()
	}
}

// watched tells a bar how much of a file was read.
type watched struct {
	io.Reader
	bar  progress
	done int
}

func (w *watched) Read(b []byte) (int, error) {
	n, err := w.Reader.Read(b)
	w.done += n
	w.bar.set(w.done)
	return n, err
}
