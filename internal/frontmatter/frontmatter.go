// Package frontmatter reads and writes text files that begin with fields in
// YAML between two lines of "---", as site generators keep their posts.
//
// Values are taken as the text that they are written with, never as what YAML
// thinks they mean: "date: 2015-06-11 11:30:00 -4" and "title: no" stay so.
package frontmatter

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
)

// MaxHead is the longest front matter that is read, in bytes.
const MaxHead = 64 << 10

// What is wrong with a file.
var (
	ErrUnclosed = errors.New("front matter: the closing --- is missing")
	ErrTooLong  = errors.New("front matter: too long")
	ErrFields   = errors.New("front matter: not a list of fields")
)

// Split takes a file apart. head is what stands between the lines of "---", nil
// when the file does not begin with one; body is what follows.
func Split(src []byte) (head, body []byte, err error) {
	src = bytes.TrimPrefix(src, []byte("\ufeff"))
	first, rest := cutLine(src)
	if !fence(first, "---") {
		return nil, src, nil
	}
	for at := rest; len(at) > 0; {
		if len(rest)-len(at) > MaxHead {
			return nil, nil, ErrTooLong
		}
		line, next := cutLine(at)
		if fence(line, "---") || fence(line, "...") {
			return rest[:len(rest)-len(at)], next, nil
		}
		at = next
	}
	return nil, nil, ErrUnclosed
}

func cutLine(b []byte) (line, rest []byte) {
	if i := bytes.IndexByte(b, '\n'); i >= 0 {
		return b[:i], b[i+1:]
	}
	return b, nil
}

func fence(line []byte, mark string) bool { return string(bytes.TrimRight(line, " \t\r")) == mark }

// Fields are the fields of a file by their names in lower case. When a name
// comes twice, the last one counts.
type Fields map[string]*yaml.Node

// Read takes a file apart and reads its fields.
func Read(src []byte) (Fields, []byte, error) {
	head, body, err := Split(src)
	if err != nil {
		return nil, nil, err
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(head, &doc); err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrFields, err)
	}
	if len(doc.Content) == 0 || doc.Content[0].Tag == "!!null" {
		return Fields{}, body, nil
	}
	top := doc.Content[0]
	if top.Kind != yaml.MappingNode {
		return nil, nil, ErrFields
	}
	f := Fields{}
	for i := 0; i+1 < len(top.Content); i += 2 {
		f[strings.ToLower(top.Content[i].Value)] = top.Content[i+1]
	}
	return f, body, nil
}

// Text is a single value, "" when there is none or several.
func (f Fields) Text(name string) string { return text(f[name]) }

func text(n *yaml.Node) string {
	if n == nil || n.Kind != yaml.ScalarNode || n.Tag == "!!null" {
		return ""
	}
	return strings.TrimSpace(n.Value)
}

// List is the values of a list, or a single value as a list of one. Of a value
// that has fields itself, its "name" is taken.
func (f Fields) List(name string) []string {
	n := f[name]
	if n == nil {
		return nil
	}
	items := []*yaml.Node{n}
	if n.Kind == yaml.SequenceNode {
		items = n.Content
	}
	var out []string
	for _, item := range items {
		if s := text(item); s != "" {
			out = append(out, s)
		} else if s := fieldsOf(item)["name"]; s != "" {
			out = append(out, s)
		}
	}
	return out
}

// Records is a list of values that have fields themselves.
func (f Fields) Records(name string) []map[string]string {
	n := f[name]
	if n == nil {
		return nil
	}
	items := []*yaml.Node{n}
	if n.Kind == yaml.SequenceNode {
		items = n.Content
	}
	var out []map[string]string
	for _, item := range items {
		if m := fieldsOf(item); m != nil {
			out = append(out, m)
		}
	}
	return out
}

// fieldsOf does not follow references (*name), so that nothing can be repeated
// without bound.
func fieldsOf(n *yaml.Node) map[string]string {
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	out := map[string]string{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		out[strings.ToLower(n.Content[i].Value)] = text(n.Content[i+1])
	}
	return out
}

// Write puts a file together. head is a struct with yaml tags: its fields are
// written in their order.
func Write(head any, body string) ([]byte, error) {
	var b bytes.Buffer
	b.WriteString("---\n")
	enc := yaml.NewEncoder(&b)
	enc.SetIndent(2)
	if err := errors.Join(enc.Encode(head), enc.Close()); err != nil {
		return nil, fmt.Errorf("front matter: write: %w", err)
	}
	b.WriteString("---\n\n" + strings.TrimRight(body, "\n") + "\n")
	return b.Bytes(), nil
}
