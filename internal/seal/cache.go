package seal

import (
	"container/list"
	"sync"
	"time"
)

const (
	// maxCached bounds the unwrapped keys in memory.
	maxCached = 4096
	// maxAge is how long a key that another process destroyed may live here.
	maxAge = time.Minute
)

// cache holds the keys used last. Forgetting raises the generation, so that a
// read which began before it cannot bring a destroyed key back.
type cache struct {
	mu         sync.Mutex
	byScope    map[string]*list.Element // of *entry
	used       *list.List               // last used in front
	generation uint64
}

type entry struct {
	scope string
	key   *Key
	at    time.Time // when the database was last seen to have it
}

func newCache() *cache {
	return &cache{byScope: map[string]*list.Element{}, used: list.New()}
}

// get returns the key of scope, if it was seen lately, and the generation to
// give to put otherwise.
func (c *cache) get(scope string, now time.Time) (*Key, uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.byScope[scope]
	if !ok {
		return nil, c.generation
	}
	// A clock that was set back must not make a key immortal.
	if age := now.Sub(e.Value.(*entry).at); age < 0 || age >= maxAge {
		return nil, c.generation
	}
	c.used.MoveToFront(e)
	return e.Value.(*entry).key, c.generation
}

// put keeps k, and returns the key to use: the one already there when another
// goroutine was first, so that all share one that can be marked dead.
func (c *cache) put(scope string, k *Key, now time.Time, generation uint64) *Key {
	c.mu.Lock()
	defer c.mu.Unlock()
	if generation != c.generation {
		return k
	}
	if e, ok := c.byScope[scope]; ok {
		e.Value.(*entry).at = now
		c.used.MoveToFront(e)
		return e.Value.(*entry).key
	}
	c.byScope[scope] = c.used.PushFront(&entry{scope, k, now})
	if len(c.byScope) > maxCached {
		delete(c.byScope, c.used.Remove(c.used.Back()).(*entry).scope)
	}
	return k
}

// forget drops the keys of scopes and marks them dead.
func (c *cache) forget(scopes ...string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.generation++
	for _, s := range scopes {
		if e, ok := c.byScope[s]; ok {
			c.used.Remove(e).(*entry).key.dead.Store(true)
			delete(c.byScope, s)
		}
	}
}
