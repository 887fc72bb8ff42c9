package assemblies

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/web"
)

// Bounds of streams.
const (
	maxStreams = 4000             // of a process
	maxCorner  = maxStreams / 2   // of them from one corner of the network: a hall shares one
	beat       = 25 * time.Second // a line that says nothing, so that nobody between us gives up
	slowest    = 10 * time.Second // for a reader to take what is sent
	apart      = 250 * time.Millisecond
	lifetime   = 15 * time.Minute // then the page asks again, and is asked who it is
)

// Hub tells streams that an assembly has changed. It holds no personal data and no
// goroutines: each stream waits in its own request.
type Hub struct {
	mu    sync.Mutex
	rooms map[ID]*hubRoom
	from  map[string]int
	all   int
	ended chan struct{}
	over  bool
}

// hubRoom is all streams of one assembly.
type hubRoom struct {
	streams int
	changed chan struct{} // closed by the next change
	// read guards what is known, so that one stream reads the version for all.
	read    sync.Mutex
	known   chan struct{} // the change before which it was read
	version int
	over    bool
}

// NewHub returns one without streams.
func NewHub() *Hub {
	return &Hub{rooms: map[ID]*hubRoom{}, from: map[string]int{}, ended: make(chan struct{})}
}

// Touched is told of the tags of each commit, here or in another process, after the
// cache of pages was.
func (h *Hub) Touched(tags []string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, t := range tags {
		if t == "*" {
			for _, r := range h.rooms {
				r.wake()
			}
			continue
		}
		if aid, ok := strings.CutPrefix(t, "assembly:"); ok && h.rooms[ID(aid)] != nil {
			h.rooms[ID(aid)].wake()
		}
	}
}

// wake is called under the hub's lock.
func (r *hubRoom) wake() {
	close(r.changed)
	r.changed = make(chan struct{})
}

// Close ends all streams, and lets no others begin: the process stops.
func (h *Hub) Close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.over {
		h.over = true
		close(h.ended)
	}
}

// Streams is how many there are.
func (h *Hub) Streams() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.all
}

// join is the room of an assembly for one more stream, nil where there is no place
// for it.
func (h *Hub) join(aid ID, corner string) *hubRoom {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.over || h.all >= maxStreams || corner != "" && h.from[corner] >= maxCorner {
		return nil
	}
	h.all++
	if corner != "" {
		h.from[corner]++
	}
	r := h.rooms[aid]
	if r == nil {
		r = &hubRoom{changed: make(chan struct{})}
		h.rooms[aid] = r
	}
	r.streams++
	return r
}

func (h *Hub) leave(aid ID, corner string, r *hubRoom) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.all--
	if h.from[corner]--; h.from[corner] <= 0 {
		delete(h.from, corner)
	}
	if r.streams--; r.streams == 0 {
		delete(h.rooms, aid)
	}
}

// next is closed by the next change.
func (h *Hub) next(r *hubRoom) chan struct{} {
	h.mu.Lock()
	defer h.mu.Unlock()
	return r.changed
}

// stream is one page that listens.
type stream struct {
	c    *web.Call
	rc   *http.ResponseController
	aid  ID
	room *hubRoom
}

// live answers with a stream of Server-Sent Events that says which version there is,
// and nothing else.
func (w *Web) live(c *web.Call) error {
	aid := ID(c.Param("id"))
	version, over, err := w.Version(c.Context(), c.Actor(), aid)
	if err != nil {
		return err
	}
	c.Header().Set("Cache-Control", "no-store")
	if over { // tells browsers not to ask again
		c.W.WriteHeader(http.StatusNoContent)
		return nil
	}
	corner := w.Client(c)
	if ok, wait := w.Limiter.Allow("live", corner); !ok {
		return fault.After(fault.RateLimited("assembly.often", "Very many pages follow from your connection. Look again by hand for some minutes."), wait)
	}
	s := stream{c: c, rc: http.NewResponseController(c.W), aid: aid}
	if s.room = w.Hub.join(aid, corner); s.room == nil {
		return fault.After(fault.Unavailable("assembly.full", "Very many pages follow just now. Look again by hand for some minutes."), time.Minute)
	}
	defer w.Hub.leave(aid, corner, s.room)
	return w.follow(&s, version)
}

func (w *Web) follow(s *stream, version int) error {
	h := s.c.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("X-Accel-Buffering", "no") // a web server in front passes each line on
	patient := s.rc.SetReadDeadline(time.Time{}) == nil
	// After a restart not all pages come back in the same moment.
	retry := 2000 + 16*int(w.IDs.Bytes(1)[0])
	// Taken before the version is read again: no change falls between.
	changed := w.Hub.next(s.room)
	now, over, err := w.version(s, changed)
	if err != nil {
		return nil //nolint:nilerr // it is gone since, or not for this reader any more: the stream ends
	}
	if now > version {
		version = now
	}
	if !s.send(fmt.Sprintf("retry: %d\nid: %d\ndata: %d\n\n", retry, version, version)) || !patient || over {
		return nil // where no deadline can be set, a slow reader would hold us
	}
	w.wait(s, changed)
	return nil
}

// wait sends what changes until the reader leaves, or the stream's time is over.
func (w *Web) wait(s *stream, changed chan struct{}) {
	heart, end := time.NewTicker(beat), time.NewTimer(lifetime)
	defer heart.Stop()
	defer end.Stop()
	for {
		select {
		case <-s.c.Context().Done():
			return
		case <-w.Hub.ended:
			return
		case <-end.C:
			return
		case <-heart.C:
			if !s.send(":\n\n") {
				return
			}
		case <-changed:
			changed = w.Hub.next(s.room)
			version, over, err := w.version(s, changed)
			if err != nil || !s.send(fmt.Sprintf("id: %d\ndata: %d\n\n", version, version)) || over {
				return
			}
			if !s.pause(w.Hub.ended) {
				return
			}
		}
	}
}

// version reads the version, once for all streams that wait for the same change next:
// what was read since that is awaited holds all changes before.
func (w *Web) version(s *stream, next chan struct{}) (n int, over bool, err error) {
	r := s.room
	r.read.Lock()
	defer r.read.Unlock()
	if r.known == next {
		return r.version, r.over, nil
	}
	var a Assembly
	err = w.DB.Read(s.c.Context(), func(tx *db.Tx) (err error) {
		a, err = assemblyBy(s.c.Context(), tx, "id", string(s.aid))
		return err
	})
	if err != nil {
		return 0, false, err
	}
	r.known, r.version, r.over = next, a.Version, a.State.Over()
	return a.Version, r.over, nil
}

// send reports false when the reader is gone or too slow.
func (s *stream) send(text string) bool {
	_ = s.rc.SetWriteDeadline(s.c.Now().Add(slowest)) // where the server can
	if _, err := s.c.W.Write([]byte(text)); err != nil {
		return false
	}
	return s.rc.Flush() == nil
}

// pause keeps changes apart that come one upon the other.
func (s *stream) pause(ended chan struct{}) bool {
	t := time.NewTimer(apart)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-s.c.Context().Done():
	case <-ended:
	}
	return false
}
