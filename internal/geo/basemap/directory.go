package basemap

import (
	"encoding/binary"
	"fmt"
	"math"
	"sort"
)

// entry is one line of a PMTiles directory: run tiles that share the bytes at offset, beginning with tile id; run 0 marks a leaf directory.
type entry struct {
	id     uint64
	offset uint64 // within the data section, or the leaf section if run is 0
	length uint32
	run    uint32
}

// parseDirectory decodes a directory: a count, then four columns of varints (PMTiles v3 section 4).
func parseDirectory(b []byte) ([]entry, error) {
	c := cursor{b: b}
	n := c.uvarint()
	// Every entry takes at least one byte in each column, so a count beyond that is a lie and must not be allocated.
	if c.bad || n > uint64(len(c.b))/4 {
		return nil, fmt.Errorf("directory of %d bytes claims %d entries: %w", len(b), n, ErrFormat)
	}
	dir := make([]entry, n)
	var id uint64
	for i := range dir {
		step := c.uvarint()
		if (i > 0 && step == 0) || step > math.MaxUint64-id {
			return nil, fmt.Errorf("directory not in order: %w", ErrFormat)
		}
		id += step
		dir[i].id = id
	}
	for i := range dir {
		dir[i].run = c.uint32()
	}
	for i := range dir {
		if dir[i].length = c.uint32(); dir[i].length == 0 {
			return nil, fmt.Errorf("directory entry without length: %w", ErrFormat)
		}
	}
	for i := range dir {
		v := c.uvarint()
		switch {
		case v > 0:
			dir[i].offset = v - 1
		case i == 0:
			return nil, fmt.Errorf("first directory entry without offset: %w", ErrFormat)
		default: // 0: follows the entry before it
			dir[i].offset = dir[i-1].offset + uint64(dir[i-1].length)
		}
	}
	if c.bad {
		return nil, fmt.Errorf("directory cut short: %w", ErrFormat)
	}
	return dir, nil
}

// lookup finds the entry that holds tile id: the last one at or before it, if its run reaches that far or it is a leaf.
func lookup(dir []entry, id uint64) (entry, bool) {
	i := sort.Search(len(dir), func(i int) bool { return dir[i].id > id })
	if i == 0 {
		return entry{}, false
	}
	e := dir[i-1]
	return e, e.run == 0 || id-e.id < uint64(e.run)
}

// tileID numbers tiles along a Hilbert curve, all of zoom 0, then all of zoom 1, and so on (PMTiles v3 section 4.1).
func tileID(z, x, y int) uint64 {
	id := (uint64(1)<<(2*z) - 1) / 3
	for s := z - 1; s >= 0; s-- {
		rx, ry := (x>>s)&1, (y>>s)&1
		id += uint64((3*rx)^ry) << (2 * s)
		if ry == 0 {
			if rx == 1 {
				x, y = 1<<s-1-x&(1<<s-1), 1<<s-1-y&(1<<s-1)
			}
			x, y = y, x
		}
	}
	return id
}

// cursor reads the wire format of directories and tiles. After the first fault bad is set and everything reads as zero, so that callers check once.
type cursor struct {
	b   []byte
	bad bool
}

func (c *cursor) more() bool { return !c.bad && len(c.b) > 0 }

func (c *cursor) uvarint() uint64 {
	// One byte is by far the most frequent length.
	if len(c.b) > 0 && c.b[0] < 0x80 {
		v := c.b[0]
		c.b = c.b[1:]
		return uint64(v)
	}
	v, n := binary.Uvarint(c.b)
	if n <= 0 {
		c.b, c.bad = nil, true
		return 0
	}
	c.b = c.b[n:]
	return v
}

func (c *cursor) uint32() uint32 {
	v := c.uvarint()
	if v > math.MaxUint32 {
		c.b, c.bad = nil, true
		return 0
	}
	return uint32(v)
}

func (c *cursor) take(n uint64) []byte {
	if n > uint64(len(c.b)) {
		c.b, c.bad = nil, true
		return nil
	}
	out := c.b[:n]
	c.b = c.b[n:]
	return out
}

func (c *cursor) bytes() []byte { return c.take(c.uvarint()) }

// skip passes over a protocol buffer field of the given wire type.
func (c *cursor) skip(wire uint64) {
	switch wire {
	case 0:
		c.uvarint()
	case 1:
		c.take(8)
	case 2:
		c.bytes()
	case 5:
		c.take(4)
	default:
		c.b, c.bad = nil, true
	}
}
