package basemap

import (
	"encoding/binary"
	"fmt"
	"math"
)

// Geometry types of Mapbox Vector Tile 2.1, section 4.3.4.
const (
	geomPoint   = 1
	geomLine    = 2
	geomPolygon = 3
)

// point is a place inside a tile, in units of the layer's extent.
type point struct{ x, y float32 }

// feature is one shape of a tile. Its slices are reused for the next one: visitors copy what they keep.
type feature struct {
	layer  string
	extent float32 // units along one side of the tile
	kind   int     // geomPoint, geomLine or geomPolygon
	parts  [][]point
	props  properties
}

// properties are the few attributes that drawing asks for; absent ones are zero.
type properties struct {
	name, kind string
	pop, rank  float64
}

// value is an attribute value: text or a number.
type value struct {
	text   string
	number float64
}

// decodeTile reads an uncompressed vector tile and calls visit for every feature of the layers that want accepts. Memory use is proportional to the
// tile's size. The error wraps ErrFormat if the tile is damaged; features before the damage have been visited.
func decodeTile(b []byte, want func(layer string) bool, visit func(*feature)) error {
	c := cursor{b: b}
	for c.more() {
		tag := c.uvarint()
		if tag != 3<<3|2 { // Tile.layers
			c.skip(tag & 7)
			continue
		}
		if err := decodeLayer(c.bytes(), want, visit); err != nil {
			return err
		}
	}
	if c.bad {
		return fmt.Errorf("tile cut short: %w", ErrFormat)
	}
	return nil
}

// layerData is a layer whose features have not been decoded yet: keys and values may stand after the features that use them.
type layerData struct {
	name     string
	extent   uint32
	features [][]byte
	keys     []string
	values   []value
}

func decodeLayer(b []byte, want func(string) bool, visit func(*feature)) error {
	l := layerData{extent: 4096}
	c := cursor{b: b}
	for c.more() {
		switch tag := c.uvarint(); tag {
		case 1<<3 | 2:
			l.name = string(c.bytes())
			if !want(l.name) {
				return nil
			}
		case 2<<3 | 2:
			l.features = append(l.features, c.bytes())
		case 3<<3 | 2:
			l.keys = append(l.keys, string(c.bytes()))
		case 4<<3 | 2:
			v, ok := decodeValue(c.bytes())
			c.bad = c.bad || !ok
			l.values = append(l.values, v)
		case 5<<3 | 0:
			l.extent = c.uint32()
		default:
			c.skip(tag & 7)
		}
	}
	if c.bad || l.extent == 0 || l.extent > 1<<16 {
		return fmt.Errorf("tile layer %.40q damaged: %w", l.name, ErrFormat)
	}
	if !want(l.name) {
		return nil
	}
	f := feature{layer: l.name, extent: float32(l.extent)}
	for _, raw := range l.features {
		if !l.decodeFeature(raw, &f) {
			return fmt.Errorf("feature in tile layer %.40q damaged: %w", l.name, ErrFormat)
		}
		visit(&f)
	}
	return nil
}

// decodeFeature fills f and says whether the bytes were sound.
func (l *layerData) decodeFeature(b []byte, f *feature) bool {
	f.kind, f.props, f.parts = 0, properties{}, f.parts[:0]
	var geometry []byte
	c := cursor{b: b}
	for c.more() {
		switch tag := c.uvarint(); tag {
		case 2<<3 | 2:
			if !l.decodeTags(c.bytes(), &f.props) {
				return false
			}
		case 3<<3 | 0:
			f.kind = int(c.uint32())
		case 4<<3 | 2:
			geometry = c.bytes()
		default:
			c.skip(tag & 7)
		}
	}
	return !c.bad && decodeGeometry(geometry, f)
}

func (l *layerData) decodeTags(b []byte, p *properties) bool {
	c := cursor{b: b}
	for c.more() {
		k, v := c.uvarint(), c.uvarint()
		if c.bad || k >= uint64(len(l.keys)) || v >= uint64(len(l.values)) {
			return false
		}
		switch val := l.values[v]; l.keys[k] {
		case "name":
			p.name = val.text
		case "kind":
			p.kind = val.text
		case "pop":
			p.pop = val.number
		case "rank":
			p.rank = val.number
		}
	}
	return !c.bad
}

// decodeGeometry runs the drawing commands of section 4.3.
func decodeGeometry(b []byte, f *feature) bool {
	c := cursor{b: b}
	var x, y int32
	for c.more() {
		command := c.uint32()
		id, count := command&7, command>>3
		if id == 7 { // ClosePath: polygons are closed anyway
			continue
		}
		if id != 1 && id != 2 {
			return false
		}
		for ; count > 0 && !c.bad; count-- {
			x += zigzag(c.uint32())
			y += zigzag(c.uint32())
			if c.bad {
				return false
			}
			if id == 1 {
				f.addPart()
			} else if len(f.parts) == 0 {
				return false
			}
			last := &f.parts[len(f.parts)-1]
			*last = append(*last, point{float32(x), float32(y)})
		}
	}
	return !c.bad
}

// addPart begins a new part, on memory of an earlier feature if there is some.
func (f *feature) addPart() {
	if n := len(f.parts); n < cap(f.parts) {
		f.parts = f.parts[:n+1]
		f.parts[n] = f.parts[n][:0]
		return
	}
	f.parts = append(f.parts, nil)
}

func zigzag(v uint32) int32 { return int32(v>>1) ^ -int32(v&1) }

func decodeValue(b []byte) (value, bool) {
	c := cursor{b: b}
	var v value
	for c.more() {
		switch tag := c.uvarint(); tag {
		case 1<<3 | 2:
			v.text = string(c.bytes())
		case 2<<3 | 5:
			if raw := c.take(4); raw != nil {
				v.number = float64(math.Float32frombits(binary.LittleEndian.Uint32(raw)))
			}
		case 3<<3 | 1:
			if raw := c.take(8); raw != nil {
				v.number = math.Float64frombits(binary.LittleEndian.Uint64(raw))
			}
		case 4<<3 | 0, 5<<3 | 0, 7<<3 | 0: // int64, uint64, bool
			v.number = float64(int64(c.uvarint()))
		case 6<<3 | 0: // sint64
			u := c.uvarint()
			v.number = float64(int64(u>>1) ^ -int64(u&1))
		default:
			c.skip(tag & 7)
		}
	}
	return v, !c.bad
}
