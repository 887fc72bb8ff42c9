package archive

import (
	"archive/zip"
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
)

// Writer writes a file, one part after the other. The same parts make the same
// bytes. It holds the names of parts and pictures in memory, and nothing else.
type Writer struct {
	// Picture returns a stored picture and the ending of its file's name; its error
	// is fs.ErrNotExist when there is none.
	Picture func(ctx context.Context, key string) (data []byte, ending string, err error)

	zip      *zip.Writer
	manifest Manifest
	names    map[string]bool
	pictures map[string]string // key by name
}

// NewWriter begins a file; of the manifest, the entries and the format are filled
// in here.
func NewWriter(w io.Writer, m Manifest) *Writer {
	m.Format, m.Version, m.Entries = format, version, []Entry{}
	return &Writer{zip: zip.NewWriter(w), manifest: m, names: map[string]bool{}, pictures: map[string]string{}}
}

// part is one that is being written.
type part struct {
	w    *Writer
	to   io.Writer
	name string
	size int64
	sum  hash.Hash
}

func (p *part) Write(b []byte) (int, error) {
	n, err := p.to.Write(b)
	p.size += int64(n)
	p.sum.Write(b[:n])
	return n, err
}

// Create begins a part; it ends with its Close, before the next one begins.
func (w *Writer) Create(name string) (io.WriteCloser, error) {
	if w.names[name] {
		return nil, fmt.Errorf("archive: %s is written twice", name)
	}
	if len(w.names) >= defaults().Entries-1 {
		return nil, errors.New("the group has too many texts and pictures for one file")
	}
	w.names[name] = true
	method := zip.Deflate
	if ext := path.Ext(name); ext == ".jpg" || ext == ".png" {
		method = zip.Store
	}
	to, err := w.zip.CreateHeader(&zip.FileHeader{Name: name, Method: method})
	if err != nil {
		return nil, fmt.Errorf("archive: begin %s: %w", name, err)
	}
	return &part{w: w, to: to, name: name, sum: sha256.New()}, nil
}

// Close ends a part.
func (p *part) Close() error {
	p.w.manifest.Entries = append(p.w.manifest.Entries, Entry{p.name, p.size, hex.EncodeToString(p.sum.Sum(nil))})
	return nil
}

// File writes a whole part. One that is there already, which can only be the same
// picture, stays.
func (w *Writer) File(name string, data []byte) error {
	if w.names[name] {
		return nil
	}
	p, err := w.Create(name)
	if err != nil {
		return err
	}
	if _, err := p.Write(data); err != nil {
		return fmt.Errorf("archive: write %s: %w", name, err)
	}
	return p.Close()
}

// JSON writes a part that is one value.
func (w *Writer) JSON(name string, v any) error {
	b, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		return fmt.Errorf("archive: encode %s: %w", name, err)
	}
	return w.File(name, append(b, '\n'))
}

// List writes a part that is a JSON list, a line for each row.
func (w *Writer) List(name string, each func(add func(row any) error) error) error {
	p, err := w.Create(name)
	if err != nil {
		return err
	}
	out := bufio.NewWriterSize(p, 64<<10)
	n := 0
	err = each(func(row any) error {
		b, err := json.Marshal(row)
		if err != nil {
			return fmt.Errorf("archive: encode a row of %s: %w", name, err)
		}
		sep := ",\n"
		if n == 0 {
			sep = "[\n"
		}
		n++
		if _, err := out.WriteString(sep); err != nil {
			return err
		}
		_, err = out.Write(b)
		return err
	})
	if err != nil {
		return err
	}
	end := "\n]\n"
	if n == 0 {
		end = "[]\n"
	}
	if _, err := out.WriteString(end); err != nil {
		return err
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("archive: write %s: %w", name, err)
	}
	return p.Close()
}

// PictureName is the name under which a picture will be in the file, "" for none
// or one that is lost. [Writer.Close] writes it.
func (w *Writer) PictureName(ctx context.Context, key string) (string, error) {
	if key == "" {
		return "", nil
	}
	for _, ending := range [...]string{".jpg", ".png"} {
		if name := "pictures/" + key + ending; w.pictures[name] != "" {
			return name, nil
		}
	}
	_, ending, err := w.Picture(ctx, key)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("read a picture: %w", err)
	}
	name := "pictures/" + key + ending
	w.pictures[name] = key
	return name, nil
}

// Close writes the pictures and the manifest, and ends the file.
func (w *Writer) Close(ctx context.Context) error {
	for _, name := range slices.Sorted(maps.Keys(w.pictures)) {
		data, _, err := w.Picture(ctx, w.pictures[name])
		if err != nil {
			return fmt.Errorf("read a picture: %w", err)
		}
		if err := w.File(name, data); err != nil {
			return err
		}
	}
	m := w.manifest
	b, err := json.MarshalIndent(m, "", " ")
	if err != nil {
		return fmt.Errorf("archive: encode the manifest: %w", err)
	}
	if err := w.File(manifestName, append(b, '\n')); err != nil {
		return err
	}
	if err := w.zip.Close(); err != nil {
		return fmt.Errorf("archive: end the file: %w", err)
	}
	return nil
}
