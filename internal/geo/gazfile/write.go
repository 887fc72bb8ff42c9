package gazfile

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
)

// Contents is what a file is made from.
type Contents struct {
	Zones   []string
	Entries []Entry
	Keys    []Key // any order; Encode sorts and drops repetitions
	Zips    []Zip // ascending codes
}

// Weight orders entries of one name: by people, with countries counted as a
// million and regions as a quarter of one, so that "Mexico" means the country
// before the town in Missouri and "New York" the city before the state.
func Weight(kind byte, people uint32) uint32 {
	switch kind {
	case Country:
		return max(people, 1_000_000)
	case Region:
		return max(people, 250_000)
	}
	return people
}

// Encode writes the file. The same contents give the same bytes.
func (c Contents) Encode() ([]byte, error) {
	pool := pool{at: map[string]uint32{}}
	entries, err := c.encodeEntries(&pool)
	if err != nil {
		return nil, err
	}
	keys, err := c.encodeKeys(&pool)
	if err != nil {
		return nil, err
	}
	var zips []byte
	for _, z := range c.Zips {
		zips = binary.LittleEndian.AppendUint32(zips, uint32(z.Code))
		zips = binary.LittleEndian.AppendUint32(zips, uint32(z.LatE6))
		zips = binary.LittleEndian.AppendUint32(zips, uint32(z.LonE6))
		zips = append(zips, code4(z.Region)...)
		zips = binary.LittleEndian.AppendUint16(zips, z.Zone)
		zips = append(zips, 0, 0)
	}
	tree, zipTree := c.trees()
	return join([sections][]byte{
		secStrings: pool.data, secZones: []byte(strings.Join(c.Zones, "\n")),
		secEntries: entries, secKeys: keys, secZips: zips, secTree: tree, secZipTree: zipTree,
	}), nil
}

func (c Contents) encodeEntries(p *pool) ([]byte, error) {
	var out []byte
	for _, e := range c.Entries {
		at, err := p.add(e.Name)
		if err != nil {
			return nil, err
		}
		if len(e.Country) != 2 || len(e.Region) > 4 {
			return nil, fmt.Errorf("entry %q: country %q, region %q do not fit", e.Name, e.Country, e.Region)
		}
		out = binary.LittleEndian.AppendUint32(out, at)
		out = append(out, byte(len(e.Name)), e.Kind)
		out = append(out, e.Country...)
		out = append(out, code4(e.Region)...)
		out = binary.LittleEndian.AppendUint32(out, e.People)
		out = binary.LittleEndian.AppendUint32(out, uint32(e.LatE6))
		out = binary.LittleEndian.AppendUint32(out, uint32(e.LonE6))
		out = binary.LittleEndian.AppendUint16(out, e.Zone)
		out = append(out, 0, 0)
	}
	return out, nil
}

func (c Contents) encodeKeys(p *pool) ([]byte, error) {
	weight := func(k Key) uint32 {
		e := c.Entries[k.Entry]
		return Weight(e.Kind, e.People)
	}
	keys := slices.Clone(c.Keys)
	slices.SortFunc(keys, func(a, b Key) int {
		return cmp.Or(cmp.Compare(a.Text, b.Text), cmp.Compare(weight(b), weight(a)),
			cmp.Compare(a.Entry, b.Entry), cmp.Compare(a.Region, b.Region))
	})
	keys = slices.Compact(keys)
	var out []byte
	for _, k := range keys {
		at, err := p.add(k.Text)
		if err != nil {
			return nil, err
		}
		out = binary.LittleEndian.AppendUint32(out, at)
		out = binary.LittleEndian.AppendUint32(out, uint32(k.Entry))
		out = append(out, code4(k.Region)...)
		out = append(out, byte(len(k.Text)), 0, 0, 0)
	}
	return out, nil
}

// trees plants the localities and the postcodes; regions and countries are
// nowhere in particular and stay out.
func (c Contents) trees() (localities, zips []byte) {
	var points []Vec
	var index []uint32
	for i, e := range c.Entries {
		if e.Kind == Locality {
			points = append(points, Vector(e.LatE6, e.LonE6))
			index = append(index, uint32(i))
		}
	}
	for _, i := range Plant(points) {
		localities = binary.LittleEndian.AppendUint32(localities, index[i])
	}
	points = points[:0]
	for _, z := range c.Zips {
		points = append(points, Vector(z.LatE6, z.LonE6))
	}
	for _, i := range Plant(points) {
		zips = binary.LittleEndian.AppendUint32(zips, i)
	}
	return localities, zips
}

func join(parts [sections][]byte) []byte {
	out := []byte(magic)
	at := headerSize
	for _, p := range parts {
		out = binary.LittleEndian.AppendUint32(out, uint32(at))
		out = binary.LittleEndian.AppendUint32(out, uint32(len(p)))
		at += len(p)
	}
	for _, p := range parts {
		out = append(out, p...)
	}
	return out
}

// pool is the string table; equal strings are stored once.
type pool struct {
	data []byte
	at   map[string]uint32
}

func (p *pool) add(s string) (uint32, error) {
	if at, ok := p.at[s]; ok {
		return at, nil
	}
	if len(s) > 255 {
		return 0, fmt.Errorf("name of %d bytes does not fit: %.40q", len(s), s)
	}
	at := uint32(len(p.data))
	p.data = append(p.data, s...)
	p.at[s] = at
	return at, nil
}

// code4 pads a short code with NUL bytes to four.
func code4(s string) []byte {
	var b [4]byte
	copy(b[:], s)
	return b[:]
}
