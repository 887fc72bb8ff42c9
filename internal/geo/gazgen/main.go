package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/zstd"
	"github.com/ringsaturn/tzf"

	"convoke/internal/geo/gazfile"
)

func main() {
	in := flag.String("in", "", "folder with the source tables")
	out := flag.String("out", "internal/geo", "folder of package geo")
	flag.Parse()
	if err := run(context.Background(), *in, *out, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "gazgen:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, in, out string, log io.Writer) error {
	polygons, err := tzf.NewDefaultFinder()
	if err != nil {
		return fmt.Errorf("open the zone polygons: %w", err)
	}
	zones := newZoner(polygons)
	b := newBuilder(zones, log)
	if err := b.build(in, out); err != nil {
		return err
	}
	b.Zones = zones.names
	data, err := b.Encode()
	if err != nil {
		return err
	}
	f, err := gazfile.Parse(string(data))
	if err != nil {
		return err
	}
	if err := f.Check(); err != nil {
		return err
	}
	packed, err := pack(data)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(out, "gazetteer.bin.zst"), packed, 0o644); err != nil {
		return err
	}
	list, err := zones.list(ctx)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(out, "zones.txt"), []byte(list), 0o644); err != nil {
		return err
	}
	fmt.Fprintf(log, "%d places, %d names, %d postcodes, %d zones, %d bytes\n",
		f.Entries(), f.Keys(), f.Zips(), len(f.Zones), len(data))
	return nil
}

// placeKey finds places by how their name is filed and where they lie.
type placeKey struct{ key, country, region string }

// builder collects the contents of the file. Its steps run in the order of
// build: each looks at what the earlier ones left.
type builder struct {
	gazfile.Contents
	zones      *zoner
	log        io.Writer
	otherNames string             // othernames.tsv
	at         map[placeKey][]int // entries by name and area, most people first
	bounds     map[string]*bounds // of each US state, from its places and postcodes
}

func newBuilder(z *zoner, log io.Writer) *builder {
	return &builder{
		zones: z, log: log, otherNames: otherNames,
		at: map[placeKey][]int{}, bounds: map[string]*bounds{},
	}
}

func (b *builder) build(in, out string) error {
	places, err := readPlaces(filepath.Join(in, "places.csv.gz"))
	if err != nil {
		return err
	}
	zips, err := readZips(filepath.Join(in, "us-zcta-centroids.csv.gz"))
	if err != nil {
		return err
	}
	localities, err := readLocalities(filepath.Join(in, "us-localities.csv.gz"))
	if err != nil {
		return err
	}
	if err := b.addPlaces(places); err != nil {
		return err
	}
	if err := b.addZips(zips); err != nil {
		return err
	}
	if err := b.addLocalities(localities); err != nil {
		return err
	}
	if err := b.addOtherNames(); err != nil {
		return err
	}
	return b.addAreas(out)
}

// addEntry files a new entry under its own name.
func (b *builder) addEntry(e gazfile.Entry) int {
	i := len(b.Entries)
	b.Entries = append(b.Entries, e)
	b.addKey(gazfile.NameKey(e.Name), i, e.Region)
	return i
}

func (b *builder) addKey(text string, entry int, region string) {
	if text == "" {
		return
	}
	b.Keys = append(b.Keys, gazfile.Key{Text: text, Entry: entry, Region: region})
	k := placeKey{text, b.Entries[entry].Country, region}
	b.at[k] = append(b.at[k], entry)
}

func (b *builder) leaveOut(format string, args ...any) {
	fmt.Fprintln(b.log, "left out:", strings.TrimSpace(fmt.Sprintf(format, args...)))
}

// pack compresses for a small program: equal tables give equal bytes.
func pack(data []byte) ([]byte, error) {
	w, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedBestCompression), zstd.WithEncoderConcurrency(1))
	if err != nil {
		return nil, err
	}
	return w.EncodeAll(data, nil), nil
}
