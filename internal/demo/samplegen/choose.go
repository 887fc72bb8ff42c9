package main

import (
	_ "embed"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

//go:embed hosts.txt
var hostsFile string

// allowedHosts is the list in hosts.txt.
func allowedHosts() map[string]bool {
	hosts := make(map[string]bool)
	for l := range strings.Lines(hostsFile) {
		if l = strings.TrimSpace(l); l != "" && !strings.HasPrefix(l, "#") {
			hosts[l] = true
		}
	}
	return hosts
}

// minUse is how often a word for an event type must occur. Rarer ones are free
// text, which may say what an event was for.
const minUse = 5

// maxSources per row; their number is kept in n_sources.
const maxSources = 2

// chooser reduces a table to what takes no side and names nobody.
type chooser struct {
	table []row
	hosts map[string]bool
	use   map[string]int // how often an event type occurs
}

func newChooser(table []row, hosts map[string]bool) *chooser {
	c := &chooser{table: table, hosts: hosts, use: make(map[string]int)}
	for _, r := range table {
		for _, t := range types(r["event_type"]) {
			c.use[t]++
		}
	}
	return c
}

// choose returns every row that is no repeat and has a place.
func (c *chooser) choose() []row {
	var out []row
	for _, r := range c.table {
		if repeat.MatchString(r["id"]) {
			continue
		}
		s := c.reduce(r)
		if s["locality"]+s["region"]+s["lat"] == "" && s["online"] != "1" {
			continue
		}
		out = append(out, s)
	}
	return out
}

// repeat is the id of a row that repeats another one exactly.
var repeat = regexp.MustCompile(`-\d+$`)

// reduce copies the columns of the sample and nothing else.
func (c *chooser) reduce(r row) row {
	s := make(row, len(columns()))
	for _, name := range columns() {
		s[name] = r[name]
	}
	s["part"] = part(r["part"])
	s["locality"] = placeName(r["locality"])
	s["region"] = placeName(r["region"])
	s["county"] = placeName(r["county"])
	s["event_type"] = c.commonTypes(r["event_type"])
	s["size_text"] = sizeWords(r["size_text"])
	s["sources"] = c.sites(r["sources"])
	return s
}

// part keeps the names that only speak of the way of collecting.
func part(name string) string {
	if slices.Contains([]string{"raw", "p3", "subset", "campus"}, name) {
		return name
	}
	return "tab"
}

// placePattern tells the name of a place from a remark in the wrong column.
var placePattern = regexp.MustCompile(`^[\pL][\pL .,'’/-]{0,39}$`)

func placeName(s string) string {
	s = strings.TrimSpace(s)
	if !placePattern.MatchString(s) || strings.ContainsAny(s, "ÃÂ") {
		return ""
	}
	return s
}

func types(cell string) []string {
	var out []string
	for t := range strings.SplitSeq(cell, ";") {
		if t = strings.ToLower(strings.TrimSpace(t)); t != "" {
			out = append(out, t)
		}
	}
	return out
}

func (c *chooser) commonTypes(cell string) string {
	rare := func(t string) bool { return c.use[t] < minUse }
	return strings.Join(slices.DeleteFunc(types(cell), rare), "; ")
}

// sizeVocabulary is every word that a kept estimate may use.
const sizeVocabulary = ` a about above almost an and another approximately around as at atleast attendees between by
 capacity cars close closer count counted couple crowd crowds demonstrators dozen dozens eight estimate estimated
 estimates facebook fb few fewer fifty five forty four from going group groups half handful hundred hundreds in is
 large least less little lone many marchers more nearly nine number of one only or over participants people perhaps
 person photo photos pic pics picture plus protesters protestors roughly scores seven several seventy six sixty size
 small so some ten tens than the thirty thousand thousands three to total turnout twenty two under up upon upwards
 vehicles vid video well went `

var (
	letters  = regexp.MustCompile(`\pL+`)
	sizeForm = regexp.MustCompile(`^[A-Za-z0-9 ,.:;+~()/-]{1,80}$`)
)

// sizeWords keeps an estimate that says nothing but a number.
func sizeWords(s string) string {
	s = strings.TrimSpace(s)
	if !sizeForm.MatchString(s) || strings.EqualFold(s, "na") {
		return ""
	}
	for _, w := range letters.FindAllString(strings.ToLower(s), -1) {
		if !slices.Contains(strings.Fields(sizeVocabulary), w) {
			return ""
		}
	}
	return s
}

// sites cuts links to their site and keeps the first allowed ones.
func (c *chooser) sites(cell string) string {
	var out, seen []string
	for s := range strings.FieldsSeq(cell) {
		u, err := url.Parse(s)
		if err != nil {
			continue
		}
		host := strings.ToLower(u.Host)
		name := strings.TrimPrefix(host, "www.")
		if !c.hosts[name] || slices.Contains(seen, name) || len(out) == maxSources {
			continue
		}
		seen = append(seen, name)
		out = append(out, u.Scheme+"://"+host+"/")
	}
	return strings.Join(out, " ")
}
