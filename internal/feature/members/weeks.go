package members

import (
	"sync"
	"time"

	"convoke/internal/id"
)

// week is what one mail tells of: all who get one for the same days and in the same
// language are told the same.
type week struct {
	group       id.Group
	from, until int
	lang        string
}

// How long what was found for one mail serves the next ones, and for how many weeks
// at once.
const (
	weekTTL  = 15 * time.Minute
	maxWeeks = 64
)

// weeks remembers what is new in groups while their mails are sent, so that it is
// looked up once and not for each who gets one. The zero value is ready.
type weeks struct {
	mu  sync.Mutex
	all map[week]found
}

type found struct {
	at    time.Time
	items []Item
}

// news is what find finds, or what it found a short while ago.
func (w *weeks) news(k week, now time.Time, find func() ([]Item, error)) ([]Item, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if f, ok := w.all[k]; ok && now.Sub(f.at) < weekTTL {
		return f.items, nil
	}
	items, err := find()
	if err != nil {
		return nil, err
	}
	if w.all == nil || len(w.all) >= maxWeeks {
		w.all = map[week]found{}
	}
	w.all[k] = found{now, items}
	return items, nil
}
