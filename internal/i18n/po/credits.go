package po

import (
	"slices"
	"strings"
)

// Translators is the header that names who translated a file, with commas between.
const Translators = "X-Translators"

// maxCredits bounds how many are named.
const maxCredits = 500

// Credits are the names of who translated the file: those of the header
// [Translators], then the last translator as tools write one. Addresses are left
// out, and what stands for no name.
func (f *File) Credits() []string {
	var out []string
	for name := range strings.SplitSeq(f.Header[Translators]+","+f.Header["Last-Translator"], ",") {
		name, _, _ = strings.Cut(name, "<")
		name = strings.Join(strings.Fields(name), " ")
		if name == "" || strings.Contains(name, "@") || name == "FULL NAME" || slices.Contains(out, name) || len(out) == maxCredits {
			continue
		}
		out = append(out, name)
	}
	return out
}

// Credit adds a name to the header [Translators].
func (f *File) Credit(name string) {
	name = strings.Join(strings.Fields(strings.NewReplacer(",", " ", "<", " ", ">", " ").Replace(name)), " ")
	if name == "" || slices.Contains(f.Credits(), name) {
		return
	}
	if !slices.Contains(f.Order, Translators) {
		f.Order = append(f.Order, Translators)
	}
	if was := f.Header[Translators]; was != "" {
		name = was + ", " + name
	}
	f.Header[Translators] = name
}
