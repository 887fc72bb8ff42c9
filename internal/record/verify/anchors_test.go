package verify

import (
	"testing"
	"time"

	"convoke/internal/record/leaf"
)

// TestManyAnchors reads what the log of a busy node has after some weeks: an anchor of
// a box every ten seconds. Each costs the same, however many there were before.
func TestManyAnchors(t *testing.T) {
	const many = 200_000
	n, log := nodeLog{anchors: map[[32]byte]*anchors{}}, [32]byte{1}
	take := func(size uint64, root byte, cosigned int64) error {
		l := leaf.Anchor{Log: log, Size: size, Root: [32]byte{root}}
		return n.take(int64(size), l.Encode(), cosigned)
	}
	began := time.Now()
	for size := range uint64(many) {
		if err := take(size, 1, many/2); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took > 20*time.Second {
			t.Fatalf("%d of them took %v", size, took)
		}
	}
	if a := n.anchors[log]; len(a.at) != many || a.most != many-1 || a.cosigned != many/2-1 {
		t.Errorf("%d of them, up to %d, and %d are cosigned", len(a.at), a.most, a.cosigned)
	}
	if err := take(many-1, 1, 0); err != nil {
		t.Errorf("the same again: %v", err)
	}
	for size, root := range map[uint64]byte{many - 2: 1, 0: 1, many - 1: 2} {
		if take(size, root, 0) == nil {
			t.Errorf("it takes %d with root %d", size, root)
		}
	}
}
