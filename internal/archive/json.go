package archive

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// maxDepth bounds how deeply values lie within each other.
const maxDepth = 16

// Strict decodes one JSON value and refuses what different readers would
// understand differently: members that are unknown, doubled or written in other
// letters, text that is not UTF-8, and anything behind the value.
func Strict(b []byte, v any) error {
	if !utf8.Valid(b) {
		return errors.New("the text is not in UTF-8")
	}
	if err := checkMembers(b); err != nil {
		return err
	}
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		return plainJSON(err)
	}
	return nil
}

// plainJSON is what is wrong with a value, without words of the program.
func plainJSON(err error) error {
	var kind *json.UnmarshalTypeError
	if errors.As(err, &kind) {
		return fmt.Errorf("the member %q is a %s, which it cannot be", kind.Field, kind.Value)
	}
	return errors.New(strings.TrimPrefix(err.Error(), "json: "))
}

// checkMembers walks through a whole value.
func checkMembers(b []byte) error {
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.UseNumber()
	if err := checkValue(dec, 0); err != nil {
		return err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return errors.New("there is something behind the value")
	}
	return nil
}

func checkValue(dec *json.Decoder, depth int) error {
	if depth > maxDepth {
		return errors.New("values lie too deeply within each other")
	}
	t, err := dec.Token()
	if err != nil {
		return plainJSON(err)
	}
	open, is := t.(json.Delim)
	if !is {
		return nil
	}
	seen := map[string]bool{}
	for dec.More() {
		if open == '{' {
			k, err := dec.Token()
			if err != nil {
				return plainJSON(err)
			}
			name, _ := k.(string)
			if seen[name] {
				return fmt.Errorf("the member %q is there twice", name)
			}
			if seen[name] = true; strings.ToLower(name) != name {
				return fmt.Errorf("the member %q is unknown", name)
			}
		}
		if err := checkValue(dec, depth+1); err != nil {
			return err
		}
	}
	_, err = dec.Token()
	return err
}

// checkVersion refuses files of other formats and versions.
func checkVersion(b []byte) error {
	var m struct {
		Format  string
		Version int
	}
	if err := json.Unmarshal(b, &m); err != nil {
		return bad("%s: %v", manifestName, plainJSON(err))
	}
	if m.Format != format {
		return bad("%s says that it is something else", manifestName)
	}
	if m.Version != version {
		return bad("it is of version %d of the format, and this program reads version %d", m.Version, version)
	}
	return nil
}

// JSON reads a part that is one value.
func (x *Reader) JSON(name string, v any) error {
	if f := x.files[name]; f != nil && f.UncompressedSize64 > uint64(x.limits.Row) { //nolint:gosec // positive
		return bad("%q is too large", name)
	}
	b, err := x.read(name)
	if err != nil {
		return err
	}
	if err := Strict(b, v); err != nil {
		return bad("%s: %v", name, err)
	}
	return nil
}

// rows reads a list and lets each row be only so large.
type rows struct {
	r    io.Reader
	left int64
}

var errRow = errors.New("a row is too large")

func (r *rows) Read(b []byte) (int, error) {
	if r.left <= 0 {
		return 0, errRow
	}
	n, err := r.r.Read(b[:min(int64(len(b)), r.left)])
	r.left -= int64(n)
	return n, err
}

// Each reads a part that is a list, row by row; n counts from 1. A part that is
// not there has no rows.
func Each[T any](x *Reader, name string, f func(n int, row *T) error) (err error) {
	if !x.Has(name) {
		return nil
	}
	part, err := x.Part(name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, part.Close()) }()
	in := &rows{part, x.limits.Row}
	dec := json.NewDecoder(in)
	wrong := func(n int, err error) error {
		if errors.Is(err, ErrUnreadable) {
			return err
		}
		return bad("%s, row %d: %v", name, n, plainJSON(err))
	}
	t, err := dec.Token()
	if err != nil || t != json.Delim('[') {
		return bad("%s is not a list", name)
	}
	n := 0
	for dec.More() {
		n++
		var raw json.RawMessage
		in.left = x.limits.Row
		if err := dec.Decode(&raw); err != nil {
			return wrong(n, err)
		}
		row := new(T)
		if err := Strict(raw, row); err != nil {
			return wrong(n, err)
		}
		if err := f(n, row); err != nil {
			return err
		}
		in.left = x.limits.Row
	}
	if _, err := dec.Token(); err != nil {
		return wrong(n+1, err)
	}
	if t, err := dec.Token(); !errors.Is(err, io.EOF) {
		if err == nil {
			err = fmt.Errorf("there is %v behind the list", t)
		}
		return wrong(n+1, err)
	}
	return nil
}
