package main

import (
	"compress/gzip"
	"encoding/csv"
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// point is a position in degrees, as the tables give it.
type point struct{ lat, lon float64 }

func (p point) e6() (lat, lon int32) {
	return int32(math.Round(p.lat * 1e6)), int32(math.Round(p.lon * 1e6))
}

type placeRow struct {
	name, country, admin1 string
	people                uint32
	point
}

type localityRow struct {
	name, region                         string
	resolvedName, resolvedRegion, county string
	point
}

type zipRow struct {
	code int
	point
}

func readPlaces(path string) ([]placeRow, error) {
	var rows []placeRow
	err := readTable(path, []string{"name", "country", "admin1", "population", "lon", "lat"}, func(f []string) error {
		people, err := strconv.ParseUint(f[3], 10, 32)
		if err != nil {
			return err
		}
		p, err := parsePoint(f[5], f[4])
		rows = append(rows, placeRow{f[0], f[1], f[2], uint32(people), p})
		return err
	})
	return rows, err
}

func readLocalities(path string) ([]localityRow, error) {
	var rows []localityRow
	cols := []string{"name", "region", "lat", "lon", "resolved_name", "resolved_region", "county"}
	err := readTable(path, cols, func(f []string) error {
		p, err := parsePoint(f[2], f[3])
		rows = append(rows, localityRow{
			repaired(f[0]), f[1], repaired(f[4]), repaired(f[5]), f[6], p,
		})
		return err
	})
	return rows, err
}

func readZips(path string) ([]zipRow, error) {
	var rows []zipRow
	err := readTable(path, []string{"zip", "lat", "lon"}, func(f []string) error {
		code, err := strconv.Atoi(f[0])
		if err != nil || len(f[0]) != 5 {
			return fmt.Errorf("postcode %q", f[0])
		}
		p, err := parsePoint(f[1], f[2])
		rows = append(rows, zipRow{code, p})
		return err
	})
	slices.SortFunc(rows, func(a, b zipRow) int { return a.code - b.code })
	return rows, err
}

// readTable calls each for every row of a gzipped CSV with exactly these columns.
func readTable(path string, columns []string, each func(fields []string) error) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	unzipped, err := gzip.NewReader(file)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	rows, err := csv.NewReader(unzipped).ReadAll()
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if len(rows) == 0 || !slices.Equal(rows[0], columns) {
		return fmt.Errorf("%s: the columns are not %v", path, columns)
	}
	for i, row := range rows[1:] {
		if err := each(row); err != nil {
			return fmt.Errorf("%s, row %d: %w", path, i+2, err)
		}
	}
	return nil
}

func parsePoint(lat, lon string) (point, error) {
	la, err := strconv.ParseFloat(lat, 64)
	if err != nil {
		return point{}, err
	}
	lo, err := strconv.ParseFloat(lon, 64)
	if err != nil {
		return point{}, err
	}
	if !(math.Abs(la) <= 90 && math.Abs(lo) <= 180) {
		return point{}, fmt.Errorf("position %v, %v is not on the globe", la, lo)
	}
	return point{la, lo}, nil
}

// repaired undoes the two encoding accidents in the locality table: UTF-8 that
// was read as Windows-1252 or Latin-1 ("CaÃ±on"), and single Windows-1252
// bytes read as Latin-1 (U+0092 for an apostrophe).
func repaired(s string) string {
	for _, page := range []*charmap.Charmap{charmap.Windows1252, charmap.ISO8859_1} {
		raw, err := page.NewEncoder().String(s)
		if err == nil && raw != s && utf8.ValidString(raw) {
			return strings.TrimSpace(raw)
		}
	}
	return strings.TrimSpace(strings.ReplaceAll(s, "\u0092", "'"))
}
