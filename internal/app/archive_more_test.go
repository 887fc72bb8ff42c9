package app_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"convoke/internal/app"
	"convoke/internal/feature/events"
	"convoke/internal/feature/groups"
)

// Nobody is in an archive: no handle, no invitation, nothing that a visitor typed.
func TestNobodyIsInAnArchive(t *testing.T) {
	t.Parallel()
	s := start(t, settings(t, ""))
	sam, g, ids := s.riverside()
	v, page := s.visitor(), "/events/"+string(ids["far"])+"/attend"
	form := v.Get(page)
	key := form.Attr("input[name=key]", "value")
	v.Post(page, "key", key, "party", "2", "need", "interpreting", "slot", form.Attr("input[name=slot]", "value")).Want(t, 303, page+"/"+key+"?new=1")
	_, robin := s.signIn("robin-the-asker")
	if _, err := s.Groups.Ask(t.Context(), robin, "riverside", groups.JoinInput{Note: "I am Robin Unverwechselbar", Conduct: 2}); err != nil {
		t.Fatal(err)
	}
	if err := s.Events.SetExact(t.Context(), sam, ids["far"], 0, events.ExactInput{Address: "Lindenhof 17b", Directions: "Ring twice", Early: true}); err != nil {
		t.Fatal(err)
	}
	parts := contents(t, s.archived(g))
	if !strings.Contains(parts["events.json"], `"sign_ups":{"going":2`) {
		t.Error("the number of sign-ups is missing")
	}
	for name, text := range parts {
		for _, word := range []string{"Unverwechselbar", "robin-the-asker", key, "interpreting", "Lindenhof", "Ring twice", `"sam"`, string(robin.Person)} {
			if strings.Contains(text, word) {
				t.Errorf("%s holds %q", name, word)
			}
		}
	}
}

// A large group goes through: its rows are read and written one by one.
func TestALargeGroupMoves(t *testing.T) {
	t.Parallel()
	a := start(t, settings(t, ""))
	_, sam := a.signIn("sam")
	g := a.group(sam, "riverside", "Riverside Neighbours")
	var ins []events.Input
	for i := range 3000 {
		ins = append(ins, meeting(fmt.Sprintf("Meeting %d", i), "2026-06-06"))
	}
	a.bulk(g, ins)
	file := a.archived(g)
	b := start(t, settings(t, ""))
	seen := 0
	_, r := b.takeIn(file, app.ImportGroupOptions{Progress: func(n int) { seen = n }})
	if r.Parts["events"].New != 3000 || len(r.Rows) > 0 || seen < 3000 {
		t.Fatalf("%+v, %d, %+v", r.Parts["events"], seen, r.Rows)
	}
	drifts(t, b)
}

// The file says what it is for other programs: its JSON is plain JSON.
func TestPartsAreWhatTheyAreCalled(t *testing.T) {
	t.Parallel()
	s := start(t, settings(t, ""))
	_, g, _ := s.riverside()
	for name, text := range contents(t, s.archived(g)) {
		if strings.HasSuffix(name, ".json") && !json.Valid([]byte(text)) {
			t.Errorf("%s is not JSON", name)
		}
	}
	if !bytes.Equal(s.archived(g), s.archived(g)) {
		t.Error("two archives of one moment differ")
	}
}
