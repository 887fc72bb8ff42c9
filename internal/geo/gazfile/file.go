package gazfile

import (
	"errors"
	"fmt"
	"strings"
)

// magic opens every gazetteer file; the digit is the version of the layout.
const magic = "CVGEO\x001\n"

// Sizes of the fixed records, in bytes. All numbers are little-endian.
const (
	entrySize = 28 // name offset 4, length 1, precision 1, country 2, region 4, people 4, lat 4, lon 4, zone 2, unused 2
	keySize   = 16 // text offset 4, entry 4, region 4, length 1, unused 3
	zipSize   = 20 // code 4, lat 4, lon 4, region 4, zone 2, unused 2
)

// The sections of the file, in order; the header holds offset and length of
// each after the magic.
const (
	secStrings = iota
	secZones
	secEntries
	secKeys
	secZips
	secTree
	secZipTree
	sections
)

const headerSize = len(magic) + 8*sections

// What an entry stands for.
const (
	Locality byte = iota // a city, town, village, quarter
	Region               // a state or province
	Country
	Stretch // a county, an island, a valley: land around a point
)

// Entry is one place.
type Entry struct {
	Name    string
	Kind    byte   // Locality, Region, Country or Stretch
	Country string // ISO 3166-1 alpha-2
	Region  string // postal or ISO 3166-2 code, "" where regions are not kept
	People  uint32 // 0 when unknown
	LatE6   int32  // microdegrees
	LonE6   int32
	Zone    uint16 // index into Zones
}

// Key files an entry under a name. Region is where that name is looked for,
// which differs from the entry's own where people misplace a town.
type Key struct {
	Text   string
	Entry  int
	Region string
}

// Zip is one postcode area of the US, by its centroid.
type Zip struct {
	Code   int // 5 digits, leading zeros dropped
	LatE6  int32
	LonE6  int32
	Region string
	Zone   uint16
}

// File reads a gazetteer in place. It is safe for concurrent use.
type File struct {
	Zones []string // IANA names

	strings, entries, keys, zips, tree, zipTree string
}

// ErrFormat says that the data is no gazetteer of this version, or is cut off.
var ErrFormat = errors.New("not a gazetteer file of this version")

// Parse opens the file. It reads the header only; [File.Check] reads it all.
func Parse(data string) (*File, error) {
	if len(data) < headerSize || data[:len(magic)] != magic {
		return nil, ErrFormat
	}
	var part [sections]string
	for i := range part {
		from, n := int(u32(data, len(magic)+8*i)), int(u32(data, len(magic)+8*i+4))
		if from < headerSize || from+n > len(data) {
			return nil, fmt.Errorf("section %d: %w", i, ErrFormat)
		}
		part[i] = data[from : from+n]
	}
	f := &File{
		strings: part[secStrings],
		entries: part[secEntries], keys: part[secKeys], zips: part[secZips],
		tree: part[secTree], zipTree: part[secZipTree],
		Zones: strings.Split(part[secZones], "\n"),
	}
	if len(f.entries)%entrySize+len(f.keys)%keySize+len(f.zips)%zipSize != 0 ||
		len(f.tree)%4 != 0 || len(f.zipTree) != len(f.zips)/zipSize*4 {
		return nil, fmt.Errorf("record sizes: %w", ErrFormat)
	}
	return f, nil
}

// Entries is how many places there are.
func (f *File) Entries() int { return len(f.entries) / entrySize }

// Keys is how many names the places are filed under.
func (f *File) Keys() int { return len(f.keys) / keySize }

// Zips is how many postcodes there are.
func (f *File) Zips() int { return len(f.zips) / zipSize }

// Entry reads place i.
func (f *File) Entry(i int) Entry {
	r := f.entries[i*entrySize : (i+1)*entrySize]
	from := int(u32(r, 0))
	return Entry{
		Name:    f.strings[from : from+int(r[4])],
		Kind:    r[5],
		Country: r[6:8],
		Region:  padded(r[8:12]),
		People:  u32(r, 12),
		LatE6:   int32(u32(r, 16)),
		LonE6:   int32(u32(r, 20)),
		Zone:    u16(r, 24),
	}
}

// KeyText reads only the text of key i; texts ascend.
func (f *File) KeyText(i int) string {
	r := f.keys[i*keySize : (i+1)*keySize]
	from := int(u32(r, 0))
	return f.strings[from : from+int(r[12])]
}

// Key reads key i. Among equal texts the better known entry comes first.
func (f *File) Key(i int) Key {
	r := f.keys[i*keySize : (i+1)*keySize]
	return Key{Text: f.KeyText(i), Entry: int(u32(r, 4)), Region: padded(r[8:12])}
}

// Zip reads postcode i; codes ascend.
func (f *File) Zip(i int) Zip {
	r := f.zips[i*zipSize : (i+1)*zipSize]
	return Zip{
		Code:   int(u32(r, 0)),
		LatE6:  int32(u32(r, 4)),
		LonE6:  int32(u32(r, 8)),
		Region: padded(r[12:16]),
		Zone:   u16(r, 16),
	}
}

// NearestEntry gives the locality closest to the vector, or -1 when there is
// none within reach, a straight line through the earth in radii (2 is all).
func (f *File) NearestEntry(v Vec, reach float64) int {
	return nearest(f.tree, reach, func(i int) Vec {
		return Vector(int32(u32(f.entries, i*entrySize+16)), int32(u32(f.entries, i*entrySize+20)))
	}, v)
}

// NearestZip gives the postcode closest to the vector within reach, or -1.
func (f *File) NearestZip(v Vec, reach float64) int {
	return nearest(f.zipTree, reach, func(i int) Vec {
		return Vector(int32(u32(f.zips, i*zipSize+4)), int32(u32(f.zips, i*zipSize+8)))
	}, v)
}

// Check reads every record and reports the first that breaks a promise of
// this package. The generator and a test call it; the server need not.
func (f *File) Check() error {
	prev := ""
	for i := range f.Keys() {
		r := f.keys[i*keySize : (i+1)*keySize]
		if int(u32(r, 0))+int(r[12]) > len(f.strings) || int(u32(r, 4)) >= f.Entries() {
			return fmt.Errorf("key %d points outside", i)
		}
		if t := f.KeyText(i); t < prev || t == "" {
			return fmt.Errorf("key %d is out of order: %q after %q", i, t, prev)
		}
		prev = f.KeyText(i)
	}
	for i := range f.Entries() {
		r := f.entries[i*entrySize : (i+1)*entrySize]
		if int(u32(r, 0))+int(r[4]) > len(f.strings) {
			return fmt.Errorf("entry %d points outside", i)
		}
		if e := f.Entry(i); e.Name == "" || e.Kind > Stretch || !plausible(e.LatE6, e.LonE6, e.Zone, f) {
			return fmt.Errorf("entry %d is not plausible: %+v", i, e)
		}
	}
	code := -1
	for i := range f.Zips() {
		z := f.Zip(i)
		if z.Code <= code || z.Code > 99999 || !plausible(z.LatE6, z.LonE6, z.Zone, f) {
			return fmt.Errorf("postcode %d is not plausible: %+v", i, z)
		}
		code = z.Code
	}
	for i := 0; i < len(f.tree); i += 4 {
		if int(u32(f.tree, i)) >= f.Entries() {
			return fmt.Errorf("tree points outside at %d", i)
		}
	}
	for i := 0; i < len(f.zipTree); i += 4 {
		if int(u32(f.zipTree, i)) >= f.Zips() {
			return fmt.Errorf("postcode tree points outside at %d", i)
		}
	}
	return nil
}

func plausible(latE6, lonE6 int32, zone uint16, f *File) bool {
	return latE6 >= -90e6 && latE6 <= 90e6 && lonE6 >= -180e6 && lonE6 <= 180e6 && int(zone) < len(f.Zones)
}

// padded cuts the NUL bytes that fill a fixed-width code.
func padded(s string) string { return strings.TrimRight(s, "\x00") }

func u16(s string, i int) uint16 { return uint16(s[i]) | uint16(s[i+1])<<8 }

func u32(s string, i int) uint32 {
	_ = s[i+3]
	return uint32(s[i]) | uint32(s[i+1])<<8 | uint32(s[i+2])<<16 | uint32(s[i+3])<<24
}
