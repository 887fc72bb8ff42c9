package app_test

import "testing"

// TestAssembliesAndLaddersSentTwice: each form of an assembly or a ladder may be sent
// again, as [twice] says: it does the same once, or tells that it is of an older version.
func TestAssembliesAndLaddersSentTwice(t *testing.T) {
	t.Parallel()
	s := start(t, settings(t, ""))
	x := newClimb(t, s)
	twice := func(path string, again int, pairs ...string) {
		t.Helper()
		first, second := x.sam.Post(path, pairs...), x.sam.Post(path, pairs...)
		if first.Status != 303 || second.Status != again {
			t.Errorf("%s %q: %d, then %d", path, pairs, first.Status, second.Status)
		}
	}
	one := func(q string, want int) {
		t.Helper()
		if n := s.count(q); n != want {
			t.Errorf("%s: %d, not %d", q, n, want)
		}
	}
	twice("/groups/riverside/assemblies", 303, "notice", "2")
	call := []string{
		"group", "riverside", "title", "Plenary", "lang", "en", "place", "Old school", "day", "2026-05-09", "start", "18:00", "end", "20:00", "public", "all",
	}
	twice("/assemblies/new", 303, append([]string{"key", s.IDs.Secret()}, call...)...)
	one("select count(*) from assembly", 1)
	at := "/assemblies/" + s.column("select id from assembly")[0]
	twice(at+"/edit", 422, append([]string{"sequence", "0", "about", "We meet."}, call...)...)
	twice(at+"/agenda", 303, "do", "add", "key", s.IDs.Secret(), "item", "Benches")
	one("select count(*) from assembly_item", 1)
	twice(at+"/call", 303, "do", "call", "sequence", "1")
	twice(at+"/role", 303, "role", "notes", "do", "take")
	step := s.column("select cast(step as text) from assembly")[0]
	twice(at+"/run", 303, "do", "open", "step", step, "key", s.IDs.Secret())
	one("select step from assembly", 1)
	twice(at+"/hand", 303, "do", "up", "name", "Sam", "key", s.IDs.Secret())
	one("select count(*) from assembly_hand", 1)
	door := roomLink.FindStringSubmatch(x.sam.Get(at + "/run").Body)[1]
	key := s.IDs.Secret()
	twice(at+"/door/"+door, 303, "name", "Noor", "key", key)
	one("select count(*) from assembly_hand", 2)
	twice(at+"/hand/"+key, 303, "do", "down")
	twice(at+"/minutes/"+s.column("select id from assembly_item")[0], 422, "sequence", "0", "notes", "All agree.")
	twice(at+"/run", 303, "do", "close", "step", "1", "key", s.IDs.Secret())
	twice(at+"/minutes", 303, "do", "publish", "for", "public", "key", s.IDs.Secret())
	twice(at+"/minutes", 303, "do", "approve", "key", s.IDs.Secret())
	twice(at+"/minutes", 303, "do", "correct", "body", "Three.", "key", s.IDs.Secret())
	one("select count(*) from assembly_correction", 1)

	ladder := "/campaigns/benches/ladder"
	x.sam.Post(ladder+"/steps/new", "sequence", "0", "title", "First", "key", "first", "kind", "other", "zone", "UTC", "join", "all", "do", "save").Want(t, 303, ladder+"/edit")
	twice(ladder+"/steps/first", 303, "sequence", "1", "title", "Begin", "key", "first", "kind", "other", "zone", "UTC", "join", "all", "do", "save")
	twice(ladder+"/text", 303, "sequence", "2", "text", `{"steps":[{"key":"first","title":"First","kind":"other"},
		{"key":"next","title":"Next","kind":"other","gate":{"trigger":{"name":"No","k":2,"delegates":["sam","kim"]}}}]}`)
	twice(ladder+"/publish", 303, "sequence", "3")
	one("select count(*) from ladder_version", 1)
	twice(ladder+"/declare", 303, "trigger", "No", "do", "declare")
	one("select have from ladder_watch where kind = 'trigger'", 1)
	twice(ladder+"/act", 303, "step", "first", "group", "riverside", "do", "halt")
	one("select count(*) from ladder_move where state = 'halted'", 1)
}
