package config

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// Source is where the settings come from.
type Source struct {
	// Flags are those that were given, by key ("base_url") or by name
	// ("base-url").
	Flags map[string]string
	// Environ is in the form of os.Environ. Empty values count as not set.
	// CONVOKE_CONFIG and CONVOKE_TEST_... are left to others.
	Environ []string
	// File is the path of a TOML file, or empty for none.
	File string
}

// Problem is one thing that is wrong.
type Problem struct {
	Key     string // "listen"; empty when it concerns a whole file
	Origin  string // "flag --listen"
	Message string // to be read after the key
}

// String is the problem as a line for an operator.
func (p Problem) String() string {
	s := strings.TrimSpace(p.Key + " " + p.Message)
	if p.Origin != "" {
		s += " (" + p.Origin + ")"
	}
	return s
}

// Problems is the error of [Load]: everything that is wrong.
type Problems []Problem

// Error lists the problems, one a line.
func (p Problems) Error() string {
	lines := make([]string, 0, len(p)+1)
	lines = append(lines, "The settings have a problem:")
	if len(p) > 1 {
		lines[0] = fmt.Sprintf("The settings have %d problems:", len(p))
	}
	for _, q := range p {
		lines = append(lines, "  "+q.String())
	}
	return strings.Join(lines, "\n")
}

// maxFile bounds the file in bytes.
const maxFile = 1 << 20

// Load reads all sources. Its error is [Problems].
func Load(s Source) (Config, error) {
	if s.File == "" {
		return load(s, nil)
	}
	b, err := readFile(s.File)
	if err != nil {
		c, rest := load(s, nil)
		p := Problems{{Origin: "file " + s.File, Message: err.Error()}}
		var more Problems
		if errors.As(rest, &more) {
			p = append(p, more...)
		}
		return c, p
	}
	return load(s, b)
}

func readFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil, errors.New("the configuration file does not exist")
	case err != nil:
		return nil, fmt.Errorf("the configuration file cannot be read: %w", err)
	case !info.Mode().IsRegular() || info.Size() > maxFile:
		return nil, errors.New("the configuration file is not a file of at most 1 MiB")
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("the configuration file cannot be read: %w", err)
	}
	return b, nil
}

// loader gathers values and problems.
type loader struct {
	c        Config
	byKey    map[string]option
	problems Problems
}

func load(s Source, file []byte) (Config, error) {
	l := &loader{byKey: map[string]option{}}
	l.c.origins = map[string]string{}
	for _, o := range options() {
		l.byKey[o.key] = o
		l.c.origins[o.key] = "default"
		if o.def != "" {
			if err := o.set(&l.c, o.def); err != nil {
				return Config{}, Problems{{Key: o.key, Origin: "default", Message: err.Error()}}
			}
		}
	}
	l.file(file, "file "+s.File)
	l.environment(s.Environ)
	for _, name := range slices.Sorted(maps.Keys(s.Flags)) {
		l.set(strings.ReplaceAll(name, "-", "_"), s.Flags[name], "flag --"+strings.ReplaceAll(name, "_", "-"))
	}
	l.c.derive()
	l.problems = append(l.problems, l.c.conflicts()...)
	if len(l.problems) > 0 {
		return l.c, l.problems
	}
	return l.c, nil
}

func (l *loader) problem(key, origin, msg string) {
	l.problems = append(l.problems, Problem{key, origin, msg})
}

func (l *loader) set(key, value, origin string) {
	o, ok := l.byKey[key]
	if !ok {
		l.unknown(key, origin)
		return
	}
	err := plain(value)
	if err == nil {
		err = o.set(&l.c, value)
	}
	if err != nil {
		l.problem(key, origin, err.Error())
		return
	}
	l.c.origins[key] = origin
}

func (l *loader) unknown(key, origin string) {
	msg := "is not a known key"
	best, near := 3, ""
	for _, k := range slices.Sorted(maps.Keys(l.byKey)) {
		if d := distance(strings.ToLower(key), k); d < best {
			best, near = d, k
		}
	}
	if near != "" {
		msg += "; did you mean " + near + "?"
	}
	if plain(key) != nil {
		key = strconv.QuoteToASCII(key)
	}
	l.problem(key, origin, msg)
}

// distance is the number of letters to change, add or remove (Levenshtein);
// long words are far away without counting.
func distance(a, b string) int {
	if len(a) > 40 {
		return 40
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

func (l *loader) environment(environ []string) {
	for _, e := range slices.Sorted(slices.Values(environ)) {
		name, value, _ := strings.Cut(e, "=")
		key, ours := strings.CutPrefix(name, envPrefix)
		if !ours || value == "" || key == "CONFIG" || strings.HasPrefix(key, "TEST_") {
			continue
		}
		l.set(strings.ToLower(key), value, "environment "+name)
	}
}

func (l *loader) file(b []byte, origin string) {
	b = bytes.TrimPrefix(b, []byte("\xef\xbb\xbf")) // some editors' mark
	var values map[string]any
	if err := toml.Unmarshal(b, &values); err != nil {
		var at *toml.DecodeError
		msg := "the file is not TOML"
		if errors.As(err, &at) {
			row, column := at.Position()
			msg = fmt.Sprintf("line %d, column %d cannot be read as TOML: %s", row, column, strings.TrimPrefix(at.Error(), "toml: "))
		}
		l.problem("", origin, msg)
		return
	}
	for _, key := range slices.Sorted(maps.Keys(values)) {
		l.fromFile(key, values[key], origin)
	}
}

// fromFile sets one key when its TOML type is right: "yes" is not true there.
func (l *loader) fromFile(key string, value any, origin string) {
	o, ok := l.byKey[key]
	if !ok {
		l.unknown(key, origin)
		return
	}
	switch v := value.(type) {
	case string:
		if o.shape == aText {
			l.set(key, v, origin)
			return
		}
	case bool:
		if o.shape == aBool {
			l.set(key, strconv.FormatBool(v), origin)
			return
		}
	case int64:
		if o.shape == aNumber {
			l.set(key, strconv.FormatInt(v, 10), origin)
			return
		}
	case []any:
		if texts, ok := listOf(v); ok && o.shape == aList {
			l.set(key, strings.Join(texts, ","), origin)
			return
		}
	}
	examples := map[shape]string{
		aText: `a text in quotes, as in "..."`, aBool: "true or false, without quotes",
		aNumber: "a whole number, without quotes", aList: `a list of texts, as in ["one", "two"]`,
	}
	l.problem(key, origin, "must be "+examples[o.shape])
}

func listOf(v []any) ([]string, bool) {
	out := make([]string, len(v))
	for i, e := range v {
		s, ok := e.(string)
		if !ok {
			return nil, false
		}
		out[i] = s
	}
	return out, true
}
