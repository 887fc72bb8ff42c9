package leaf

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// maxInteger is the largest that every JSON reader keeps exactly (RFC 8785
// section 3.2.2.3).
const maxInteger = 1<<53 - 1

// ErrCanonical says that bytes are not canonical JSON.
var ErrCanonical = errors.New("this is not canonical JSON")

// Canonical is v as the JSON Canonicalization Scheme writes it (RFC 8785), of
// the kinds of value that the record uses: objects, lists, strings, whole numbers
// up to 2^53 − 1, true and false.
func Canonical(v any) ([]byte, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("write canonical JSON: %w", err)
	}
	return canonical(b)
}

func canonical(b []byte) ([]byte, error) {
	if !utf8.Valid(b) {
		return nil, fmt.Errorf("%w: it is not UTF-8", ErrCanonical)
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	var x any
	if err := d.Decode(&x); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCanonical, err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%w: something follows", ErrCanonical)
	}
	return appendValue(nil, x)
}

// checkCanonical refuses what has another form than the canonical one: two keys
// of one name, spaces, another order.
func checkCanonical(b []byte) error {
	again, err := canonical(b)
	if err != nil {
		return err
	}
	if !bytes.Equal(again, b) {
		return ErrCanonical
	}
	return nil
}

func appendValue(b []byte, x any) ([]byte, error) {
	switch x := x.(type) {
	case bool:
		return strconv.AppendBool(b, x), nil
	case string:
		return appendString(b, x), nil
	case json.Number:
		n, err := strconv.ParseInt(x.String(), 10, 64)
		if err != nil || n > maxInteger || n < -maxInteger {
			return nil, fmt.Errorf("%w: %s is no whole number", ErrCanonical, x)
		}
		return strconv.AppendInt(b, n, 10), nil
	case []any:
		return appendList(b, x)
	case map[string]any:
		return appendObject(b, x)
	}
	return nil, fmt.Errorf("%w: a value of type %T", ErrCanonical, x)
}

func appendList(b []byte, all []any) (_ []byte, err error) {
	b = append(b, '[')
	for i, x := range all {
		if i > 0 {
			b = append(b, ',')
		}
		if b, err = appendValue(b, x); err != nil {
			return nil, err
		}
	}
	return append(b, ']'), nil
}

func appendObject(b []byte, m map[string]any) (_ []byte, err error) {
	names := make([]string, 0, len(m))
	for k := range m {
		names = append(names, k)
	}
	// By UTF-16 code units, as the scheme says.
	slices.SortFunc(names, func(a, b string) int { return slices.Compare(utf16.Encode([]rune(a)), utf16.Encode([]rune(b))) })
	b = append(b, '{')
	for i, k := range names {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendString(b, k), ':')
		if b, err = appendValue(b, m[k]); err != nil {
			return nil, err
		}
	}
	return append(b, '}'), nil
}

// appendString escapes only what must be (RFC 8785 section 3.2.2.2).
func appendString(b []byte, s string) []byte {
	b = append(b, '"')
	for _, r := range s {
		switch r {
		case '"', '\\':
			b = append(b, '\\', byte(r))
		case '\b':
			b = append(b, `\b`...)
		case '\f':
			b = append(b, `\f`...)
		case '\n':
			b = append(b, `\n`...)
		case '\r':
			b = append(b, `\r`...)
		case '\t':
			b = append(b, `\t`...)
		default:
			if r < 0x20 {
				b = fmt.Appendf(b, `\u%04x`, r)
			} else {
				b = utf8.AppendRune(b, r)
			}
		}
	}
	return append(b, '"')
}
