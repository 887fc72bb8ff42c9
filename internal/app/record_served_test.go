package app_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"convoke/internal/record/leaf"
	"convoke/internal/record/verify"
	"convoke/internal/web/webtest"
)

// served is the record as a stranger gets it over HTTP.
type served struct{ b *webtest.Browser }

// Get implements [verify.Source].
func (s served) Get(_ context.Context, path string) ([]byte, error) {
	a := s.b.Get("/" + path)
	switch a.Status {
	case 404:
		return nil, verify.ErrAbsent
	case 200:
		return []byte(a.Body), nil
	}
	return nil, fmt.Errorf("%s: status %d", path, a.Status)
}

// recounted counts a box again from what the node serves, place by place or group by
// group.
func (s *stand) recounted(b leaf.ID, standing []uint64) {
	s.t.Helper()
	if err := s.Record.Anchor(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
	r, err := verify.Verify(s.t.Context(), served{s.visitor()}, verify.Options{Box: b.String()})
	if err != nil || !r.Right() || len(r.Boxes) != 1 || !slices.Equal(r.Boxes[0].Standing, standing) {
		s.t.Errorf("counted again: %+v, %v, want %d", r, err, standing)
	}
}

var (
	clientLine = regexp.MustCompile("(?m)^`client` .*$")
	scriptName = regexp.MustCompile("`(?:/static/)?([a-z/]+\\.js)`")
	imported   = regexp.MustCompile(`(?m)^import .* from "\./(.*)";$`)
)

// TestClientOfManifests: the hash in a box's manifest is that of the scripts which
// docs/record.md lists, as a browser gets them, and the pages on which people take
// part and count again run these and no others.
func TestClientOfManifests(t *testing.T) {
	t.Parallel()
	s := start(t, settings(t, ""))
	_, actor := s.signIn("sam")
	s.group(actor, "riverside", "Riverside Neighbours")
	_, box := s.pledge(actor, "riverside", toolDay())
	i, err := s.Boxes.Info(t.Context(), box)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("../../docs/record.md")
	if err != nil {
		t.Fatal(err)
	}
	b, h := s.visitor(), sha256.New()
	var listed []string
	for _, m := range scriptName.FindAllStringSubmatch(clientLine.FindString(string(text)), -1) {
		listed = append(listed, m[1])
		h.Write([]byte(b.Get("/static/"+m[1]).Want(t, 200, "").Body))
	}
	if sum := hex.EncodeToString(h.Sum(nil)); sum != i.Manifest.Client {
		t.Errorf("the scripts %v have the hash %s, and the manifest says %s", listed, sum, i.Manifest.Client)
	}
	run := map[string]bool{}
	for _, page := range []string{"take", "mine", "paste", ""} {
		a := b.Get(strings.TrimSuffix("/b/"+box.String()+"/"+page, "/")).Want(t, 200, "")
		for _, n := range a.All("script") {
			s.runs(run, webtest.Attr(n, "src"))
		}
		if worker := a.Attr("form", "data-worker"); worker != "" {
			s.runs(run, worker)
		}
	}
	slices.Sort(listed)
	if d := cmp.Diff(listed, slices.Sorted(maps.Keys(run))); d != "" {
		t.Errorf("the pages run other scripts than are listed (-listed +run):\n%s", d)
	}
}

// runs adds the script at an address, and those that it imports.
func (s *stand) runs(all map[string]bool, address string) {
	s.t.Helper()
	name, _, _ := strings.Cut(strings.TrimPrefix(address, "/static/"), "?")
	all[name] = true
	for _, m := range imported.FindAllStringSubmatch(s.visitor().Get(address).Want(s.t, 200, "").Body, -1) {
		s.runs(all, "/static/"+path.Join(path.Dir(name), m[1]))
	}
}
