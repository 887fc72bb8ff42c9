package seal

import (
	"fmt"
	"testing"
	"time"
)

// A read that began before a key was destroyed must not bring it back.
func TestForgottenKeyIsNotPutBack(t *testing.T) {
	t.Parallel()
	c, now := newCache(), time.Unix(1_800_000_000, 0)
	_, generation := c.get("s", now)
	c.forget("s")
	c.put("s", &Key{}, now, generation)
	if k, _ := c.get("s", now); k != nil {
		t.Error("a destroyed key is cached")
	}
}

func TestCacheIsBoundedAndKeepsWhatIsUsed(t *testing.T) {
	t.Parallel()
	c, now := newCache(), time.Unix(1_800_000_000, 0)
	first := c.put("first", &Key{}, now, 0)
	for i := range 2 * maxCached {
		c.put(fmt.Sprint(i), &Key{}, now, 0)
		if k, _ := c.get("first", now); k != first {
			t.Fatal("a key in use was dropped")
		}
	}
	if len(c.byScope) != maxCached || c.used.Len() != maxCached {
		t.Errorf("%d keys, %d in order; want %d", len(c.byScope), c.used.Len(), maxCached)
	}
	if again := c.put("first", &Key{}, now, 0); again != first {
		t.Error("a scope has two keys in memory")
	}
}
