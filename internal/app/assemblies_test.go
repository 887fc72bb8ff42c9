package app_test

import (
	"bufio"
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"convoke/internal/app"
	"convoke/internal/authz"
	"convoke/internal/clock"
	"convoke/internal/feature/assemblies"
	"convoke/internal/web/webtest"
)

// plenary is an assembly that is accepted: on 9 May, from 18:00.
func plenary() assemblies.Input {
	return assemblies.Input{
		Title: "Spring plenary", Lang: "en", Place: "Old school", Day: "2026-05-09", Start: "18:00", End: "20:00", Public: true,
	}
}

// assemblies are one that is called, and a draft.
func (x *access) assemblies(steward authz.Actor) (called, draft string) {
	x.t.Helper()
	var ids []string
	for range 2 {
		aid, err := x.Assemblies.Create(x.t.Context(), steward, "riverside", x.IDs.Secret(), plenary())
		if err != nil {
			x.t.Fatal(err)
		}
		ids = append(ids, string(aid))
	}
	if err := x.Assemblies.Call(x.t.Context(), steward, assemblies.ID(ids[0]), 0, false); err != nil {
		x.t.Fatal(err)
	}
	return ids[0], ids[1]
}

// What one process changes reaches who follows on another: the version travels
// through the database, and the page that is asked for then is new.
func TestAssemblyIsFollowedAcrossProcesses(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, here *stand) {
		_, steward := here.signIn("ann")
		here.group(steward, "riverside", "Riverside Neighbours")
		aid, err := here.Assemblies.Create(t.Context(), steward, "riverside", here.IDs.Secret(), plenary())
		if err == nil {
			err = here.Assemblies.Call(t.Context(), steward, aid, 0, false)
		}
		if err != nil {
			t.Fatal(err)
		}
		// The other process has a clock that moves, so that it can hurry slow readers.
		there, err := app.Open(t.Context(), here.Config, webtest.Log(t), app.Options{Clock: clock.System{}})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = there.Close() })
		s := httptest.NewServer(there.Site)
		t.Cleanup(s.Close)
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		t.Cleanup(cancel)
		ask := func(path string) *http.Response {
			r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL+"/assemblies/"+string(aid)+path, http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			res, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = res.Body.Close() })
			return res
		}
		lines := bufio.NewScanner(ask("/live").Body)
		until := func(want string) {
			for lines.Scan() {
				if lines.Text() == want {
					return
				}
			}
			t.Fatalf("the stream ends before %q: %v", want, lines.Err())
		}
		until("data: 1")
		old := bufio.NewScanner(ask("/now").Body)
		for old.Scan() && !strings.Contains(old.Text(), `data-v="1"`) {
		}
		err = here.Assemblies.AddItem(t.Context(), steward, aid, here.IDs.Secret(), "", assemblies.ItemInput{Title: "Welcome"})
		if err != nil {
			t.Fatal(err)
		}
		until("data: 2")
		fresh := bufio.NewScanner(ask("/now").Body)
		for fresh.Scan() {
			if strings.Contains(fresh.Text(), "Welcome") {
				return
			}
		}
		t.Error("the page is old")
	})
}

// gathered is an assembly of riverside that is over, with minutes that were approved and
// corrected, and one that is called.
func (s *stand) gathered(by authz.Actor) {
	s.t.Helper()
	ctx := s.t.Context()
	if err := s.Assemblies.SetNotice(ctx, by, "riverside", "3"); err != nil {
		s.t.Fatal(err)
	}
	var ids []assemblies.ID
	for range 2 {
		aid, err := s.Assemblies.Create(ctx, by, "riverside", s.IDs.Secret(), plenary())
		if err == nil {
			err = s.Assemblies.Call(ctx, by, aid, 0, false)
		}
		if err == nil {
			err = s.Assemblies.AddItem(ctx, by, aid, s.IDs.Secret(), "", assemblies.ItemInput{Title: "Benches", Minutes: "20", Link: "/about"})
		}
		if err != nil {
			s.t.Fatal(err)
		}
		ids = append(ids, aid)
	}
	aid := ids[0]
	minutes := func(in assemblies.MinutesInput) func() error {
		in.Form = s.IDs.Secret()
		return func() error { return s.Assemblies.ActOnMinutes(ctx, by, aid, in) }
	}
	run := func(do string) func() error {
		return func() error {
			return s.Assemblies.Run(ctx, by, aid, assemblies.RunInput{Form: s.IDs.Secret(), Do: do, Step: s.count("select step from assembly where id = $1", string(aid))})
		}
	}
	for i, do := range []func() error{
		func() error { return s.Assemblies.TakeOn(ctx, by, aid, "facilitator", "take") }, run("open"),
		func() error {
			return s.Assemblies.WriteNotes(ctx, by, aid, s.column("select id from assembly_item where assembly_id = $1", string(aid))[0], 0, assemblies.NotesInput{
				Notes: "All *agreed*.", Decisions: "Two benches.", Tasks: []assemblies.TaskInput{{Body: "Find wood", Owner: by.Handle, Until: "2026-06-01"}},
			})
		},
		run("close"), minutes(assemblies.MinutesInput{Do: "publish", For: "public"}), minutes(assemblies.MinutesInput{Do: "approve"}),
		minutes(assemblies.MinutesInput{Do: "correct", Body: "Three benches."}),
	} {
		if err := do(); err != nil {
			s.t.Fatalf("%d: %v", i, err)
		}
	}
}

// meets has somebody facilitate an assembly of riverside, take notes, and have a task.
func (s *stand) meets(by authz.Actor) {
	s.t.Helper()
	ctx := s.t.Context()
	aid, err := s.Assemblies.Create(ctx, by, "riverside", s.IDs.Secret(), plenary())
	if err != nil {
		s.t.Fatal(err)
	}
	for _, do := range []func() error{
		func() error { return s.Assemblies.Call(ctx, by, aid, 0, false) },
		func() error {
			return s.Assemblies.AddItem(ctx, by, aid, s.IDs.Secret(), "", assemblies.ItemInput{Title: "Benches"})
		},
		func() error { return s.Assemblies.TakeOn(ctx, by, aid, "facilitator", "take") },
		func() error { return s.Assemblies.TakeOn(ctx, by, aid, "notes", "take") },
		func() error {
			return s.Assemblies.Run(ctx, by, aid, assemblies.RunInput{Form: s.IDs.Secret(), Do: "open"})
		},
		func() error {
			return s.Assemblies.WriteNotes(ctx, by, aid, s.column("select id from assembly_item")[0], 0, assemblies.NotesInput{
				Decisions: "Two benches.", Tasks: []assemblies.TaskInput{{Body: "Find wood", Owner: by.Handle}},
			})
		},
	} {
		if err := do(); err != nil {
			s.t.Fatal(err)
		}
	}
}
