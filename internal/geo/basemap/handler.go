package basemap

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"

	"convoke/internal/fault"
	"convoke/internal/geo"
)

// tileType is the registered media type of Mapbox Vector Tiles.
const tileType = "application/vnd.mapbox-vector-tile"

// Serve answers a GET for one tile, with the path values z, x and y, as in "/map/tiles/{z}/{x}/{y}".
//
// It sends 200 with the tile, compressed as it is stored when the client accepts that; 304 when the client has it; 204 for a tile inside the map that
// holds nothing. It returns a NotFound fault beyond the map or its zoom levels, and an internal error if the archive cannot be read. Tiles may be cached
// for a week by anyone, because they say nothing about who asks; the strong ETag is a hash of the bytes sent.
func (a *Archive) Serve(w http.ResponseWriter, r *http.Request) error {
	z, okZ := pathNumber(r, "z")
	x, okX := pathNumber(r, "x")
	y, okY := pathNumber(r, "y")
	if !okZ || !okX || !okY || !a.covers(z, x, y) {
		return fault.NotFound("map.no_tile", "The map does not reach that far.")
	}
	data, encoding, ok, err := a.Tile(z, x, y)
	if err != nil {
		return fmt.Errorf("read a tile: %w", err)
	}
	vary := encoding == "gzip"
	if vary && !acceptsGzip(r.Header.Values("Accept-Encoding")) {
		if data, err = decompress(data, compressionGzip, maxTileRaw); err != nil {
			return fmt.Errorf("read a tile: %w", err)
		}
		encoding = ""
	}
	head := w.Header()
	head.Set("Cache-Control", "public, max-age=604800")
	if !ok {
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	if vary {
		head.Set("Vary", "Accept-Encoding")
	}
	sendTile(w, r, data, encoding)
	return nil
}

func sendTile(w http.ResponseWriter, r *http.Request, data []byte, encoding string) {
	// The hash of what is sent is the only tag that is right for an archive of any size that an operator may replace, and costs microseconds.
	sum := sha256.Sum256(data)
	tag := `"` + hex.EncodeToString(sum[:12]) + `"`
	head := w.Header()
	head.Set("ETag", tag)
	if matches(r.Header.Values("If-None-Match"), tag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	head.Set("Content-Type", tileType)
	head.Set("Content-Length", strconv.Itoa(len(data)))
	head.Set("X-Content-Type-Options", "nosniff")
	if encoding != "" {
		head.Set("Content-Encoding", encoding)
	}
	if r.Method == http.MethodHead {
		return
	}
	// A client that went away is no failure of ours, and there is nobody left to tell.
	_, _ = w.Write(data)
}

// pathNumber reads a plain decimal number; signs, leading zeros and other spellings of the same tile are refused, so that each has one address.
func pathNumber(r *http.Request, name string) (int, bool) {
	s := r.PathValue(name)
	n, err := strconv.Atoi(s)
	return n, err == nil && n >= 0 && strconv.Itoa(n) == s
}

// covers says whether a tile lies within the archive's zoom levels and bounds.
func (a *Archive) covers(z, x, y int) bool {
	if z < a.head.minZoom || z > a.head.maxZoom || x >= 1<<z || y >= 1<<z {
		return false
	}
	n := math.Exp2(float64(z))
	b := a.head.bounds
	left, top := toWorld(geo.Point{Lat: b.North, Lon: b.West})
	right, bottom := toWorld(geo.Point{Lat: b.South, Lon: b.East})
	return float64(x+1) > left*n && float64(x) < right*n && float64(y+1) > top*n && float64(y) < bottom*n
}

// acceptsGzip reads Accept-Encoding (RFC 9110 section 12.5.3) as far as gzip is concerned.
func acceptsGzip(lines []string) bool {
	rest := false
	for _, part := range strings.Split(strings.Join(lines, ","), ",") {
		coding, params, _ := strings.Cut(part, ";")
		coding = strings.ToLower(strings.TrimSpace(coding))
		_, q, weighted := strings.Cut(strings.ReplaceAll(strings.ToLower(params), " ", ""), "q=")
		accepted := true
		if weighted {
			weight, err := strconv.ParseFloat(q, 64)
			accepted = err == nil && weight > 0
		}
		switch coding {
		case "gzip", "x-gzip":
			return accepted
		case "*":
			rest = accepted
		}
	}
	return rest
}

// matches compares If-None-Match with a tag; the weak comparison of RFC 9110 section 13.1.2.
func matches(lines []string, tag string) bool {
	for _, part := range strings.Split(strings.Join(lines, ","), ",") {
		part = strings.TrimSpace(part)
		if part == "*" || strings.TrimPrefix(part, "W/") == tag {
			return true
		}
	}
	return false
}
