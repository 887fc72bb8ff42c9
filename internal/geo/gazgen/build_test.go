package main

import (
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"convoke/internal/geo/gazfile"
)

func writeTable(t *testing.T, dir, name, text string) {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name), b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
}

// build runs the whole generator on a few rows and gives what it filed, as
// "key region: name region" lines, and what it said.
func build(t *testing.T, localities string) (filed []string, said string) {
	t.Helper()
	dir := t.TempDir()
	writeTable(t, dir, "places.csv.gz", "name,country,admin1,population,lon,lat\n"+
		"Springfield,US,IL,116565,-89.6437,39.8017\nGary,US,IN,80294,-87.3464,41.5934\nEvansville,US,IN,120310,-87.5558,37.9748\n"+
		"Norfolk,US,VA,242803,-76.2859,36.8468\nLeipzig,DE,13,504971,12.3713,51.3396\nHamilton,CA,08,519949,-79.8496,43.2501\n"+
		"Donostia / San Sebastián,ES,59,185357,-1.975,43.3128\nChicago,US,IL,2695598,-87.65,41.85\nCalumet City,US,IL,37042,-87.5295,41.6156\n")
	writeTable(t, dir, "us-zcta-centroids.csv.gz", "zip,lat,lon\n62701,39.8,-89.65\n46402,41.6,-87.34\n")
	writeTable(t, dir, "us-localities.csv.gz", "name,region,lat,lon,resolved_name,resolved_region,county\n"+localities)
	polygons, err := finder()
	if err != nil {
		t.Fatal(err)
	}
	z := newZoner(polygons)
	var log bytes.Buffer
	b := newBuilder(z, &log)
	b.otherNames = "# comment\nLipsia|Lipsk\tLeipzig\tDE\n"
	if err := b.build(dir, ".."); err != nil {
		t.Fatal(err)
	}
	b.Zones = z.names
	data, err := b.Encode()
	if err != nil {
		t.Fatal(err)
	}
	f, err := gazfile.Parse(string(data))
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Check(); err != nil {
		t.Fatal(err)
	}
	for i := range f.Keys() {
		k := f.Key(i)
		e := f.Entry(k.Entry)
		filed = append(filed, strings.TrimSpace(k.Text+" "+k.Region)+": "+strings.TrimSpace(e.Name+" "+e.Region)+", "+f.Zones[e.Zone])
	}
	return filed, log.String()
}

func TestBuild(t *testing.T) {
	t.Parallel()
	filed, said := build(t, "Springfeld,IL,39.80,-89.64,Springfield,IL,Sangamon County\n"+ // misspelt
		"Gary,IL,41.5934,-87.3464,Gary,IN,Lake County\n"+ // across the border
		"Norfolk,IN,52.6,1.0,,England,\n"+ // another continent
		"Nowhere,IL,40.0,-89.0,,IL,\nNeverland,IL,40.0,-89.0,,IL,\n"+ // the middle of the state
		"Evansville,IL,39.0,-88.5,,IL,\n"+ // unresolved, and a town elsewhere
		"Sangamon County,IL,39.75,-89.65,,IL,Sangamon County\n"+
		"Pilsen,IL,41.85,-87.66,Chicago,IL,Cook County\n"+
		"Lost,ZZ,0,0,,,\n")
	for _, want := range []string{
		"springfield IL: Springfield IL, America/Chicago",
		"springfeld IL: Springfield IL, America/Chicago",
		"gary IL: Gary IN, America/Chicago",
		"gary IN: Gary IN, America/Chicago",
		"pilsen IL: Pilsen IL, America/Chicago",
		"sangamoncounty IL: Sangamon County IL, America/Chicago",
		"evansville IN: Evansville IN, America/Chicago",
		"hamilton ON: Hamilton ON, America/Toronto",
		"lipsk: Leipzig, Europe/Berlin",
		"donostia: Donostia, Europe/Madrid",
		"sansebastian: Donostia, Europe/Madrid",
		"germany: Germany, Europe/Berlin",
		"illinois IL: Illinois IL, America/Chicago",
	} {
		if !slices.Contains(filed, want) {
			t.Errorf("%q is not filed", want)
		}
	}
	for _, line := range filed {
		for _, never := range []string{"nowhere", "neverland", "norfolk IN", "evansville IL", "lost"} {
			if strings.HasPrefix(line, never) {
				t.Errorf("%q is filed", line)
			}
		}
	}
	for _, want := range []string{"Norfolk, IN", "Nowhere, IL", "Neverland, IL", "Evansville, IL", "Lost, ZZ"} {
		if !strings.Contains(said, "left out: "+want+":") {
			t.Errorf("nothing is said of %s", want)
		}
	}
}

func TestReadTableRefuses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	writeTable(t, dir, "columns.gz", "zip,lon,lat\n62701,1,2\n")
	writeTable(t, dir, "number.gz", "zip,lat,lon\n62701,x,2\n")
	writeTable(t, dir, "globe.gz", "zip,lat,lon\n62701,95,2\n")
	writeTable(t, dir, "nan.gz", "zip,lat,lon\n62701,NaN,2\n")
	writeTable(t, dir, "short.gz", "zip,lat,lon\n627,1,2\n")
	for _, name := range []string{"columns.gz", "number.gz", "globe.gz", "nan.gz", "short.gz", "missing.gz"} {
		if _, err := readZips(filepath.Join(dir, name)); err == nil {
			t.Errorf("%s was read", name)
		}
	}
}
