package extract

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"convoke/internal/i18n"
	"convoke/internal/i18n/po"
)

// Message is one text of the program.
type Message struct {
	po.Key
	Plural string   // English plural, or "" for none
	Refs   []string // files of use, slash-separated, sorted, each once
}

// Catalogue is every text, sorted by first file, then text.
type Catalogue struct {
	Messages []Message
	// Problems are mistakes in uses, "file:line: what": one text with two
	// plurals, a placeholder that gets no value, a value without its
	// placeholder, an empty text.
	Problems []string
}

// Find reads the given folders of root.
func Find(root fs.FS, folders ...string) (Catalogue, error) {
	c := collector{byKey: map[po.Key]*Message{}}
	for _, folder := range folders {
		err := fs.WalkDir(root, folder, func(p string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if d.IsDir() {
				if name := d.Name(); name == "testdata" || len(name) > 1 && (name[0] == '.' || name[0] == '_') {
					return fs.SkipDir
				}
				return nil
			}
			return c.file(root, p)
		})
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return Catalogue{}, fmt.Errorf("extract: %w", err)
		}
	}
	return c.catalogue(), nil
}

type collector struct {
	byKey    map[po.Key]*Message
	problems []string
}

// use is one place that shows a text.
type use struct {
	file   string
	line   int
	msg    Message
	names  []string // of the placeholders given values
	checks bool     // whether names is all of them
}

func (c *collector) file(root fs.FS, p string) error {
	var read func(name string, src []byte, found func(use)) error
	switch path.Ext(p) {
	case ".go":
		if strings.HasSuffix(p, "_test.go") {
			return nil
		}
		read = goFile
	case ".html", ".tmpl", ".txt":
		read = templateFile
	default:
		return nil
	}
	src, err := fs.ReadFile(root, p)
	if err != nil {
		return err
	}
	if path.Ext(p) == ".txt" && !strings.Contains(string(src), "{{") {
		return nil
	}
	return read(p, src, c.add)
}

func (c *collector) add(u use) {
	problem := func(format string, args ...any) {
		c.problems = append(c.problems, fmt.Sprintf("%s:%d: ", u.file, u.line)+fmt.Sprintf(format, args...))
	}
	if u.msg.ID == "" {
		problem("an empty text")
		return
	}
	if u.checks {
		checkNames(u, problem)
	}
	m := c.byKey[u.msg.Key]
	if m == nil {
		m = &Message{Key: u.msg.Key, Plural: u.msg.Plural}
		c.byKey[u.msg.Key] = m
	}
	switch {
	case m.Plural == "":
		m.Plural = u.msg.Plural
	case u.msg.Plural != "" && u.msg.Plural != m.Plural:
		problem("%q has two plurals: %q and %q", m.ID, m.Plural, u.msg.Plural)
	}
	if !slices.Contains(m.Refs, u.file) {
		m.Refs = append(m.Refs, u.file)
	}
}

// checkNames compares the values given at a use with the placeholders.
func checkNames(u use, problem func(string, ...any)) {
	wanted := i18n.Placeholders(u.msg.ID + u.msg.Plural)
	for _, w := range wanted {
		if !slices.Contains(u.names, w) && (w != "n" || u.msg.Plural == "") {
			problem("%q: {%s} gets no value", u.msg.ID, w)
		}
	}
	for _, n := range u.names {
		if !slices.Contains(wanted, n) {
			problem("%q: a value for {%s}, which is not there", u.msg.ID, n)
		}
	}
}

func (c *collector) catalogue() Catalogue {
	out := Catalogue{Problems: c.problems}
	for _, m := range c.byKey {
		slices.Sort(m.Refs)
		out.Messages = append(out.Messages, *m)
	}
	slices.SortFunc(out.Messages, func(a, b Message) int {
		return cmp.Or(cmp.Compare(a.Refs[0], b.Refs[0]), cmp.Compare(a.ID, b.ID), cmp.Compare(a.Context, b.Context))
	})
	slices.Sort(out.Problems)
	return out
}
