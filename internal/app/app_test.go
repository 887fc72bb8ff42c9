package app_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"convoke/internal/api/apitest"
	"convoke/internal/app"
	"convoke/internal/authz"
	"convoke/internal/clock"
	"convoke/internal/config"
	"convoke/internal/db"
	"convoke/internal/db/dbtest"
	"convoke/internal/feature/events"
	"convoke/internal/feature/groups"
	"convoke/internal/feature/identity"
	"convoke/internal/id"
	"convoke/internal/web/webtest"
)

// stand is an opened node, wired as the program wires it.
type stand struct {
	*app.Node
	t     *testing.T
	clock *clock.Manual
}

// settings are those of a node in a new folder, on the database at url, or with
// "" on SQLite in the folder.
func settings(t *testing.T, url string) config.Config {
	t.Helper()
	flags := map[string]string{"data": t.TempDir(), "listen": "127.0.0.1:0"}
	if url != "" {
		flags["database_url"] = url
	}
	cfg, err := config.Load(config.Source{Flags: flags})
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

// start opens a node whose clock stands at [dbtest.Now]; it is closed at the
// test's end.
func start(t *testing.T, cfg config.Config) *stand {
	t.Helper()
	c := clock.NewManual(dbtest.Now)
	n, err := app.Open(t.Context(), cfg, webtest.Log(t), app.Options{Clock: c, Create: true, Migrate: true})
	if err != nil {
		t.Fatal(err)
	}
	s := &stand{n, t, c}
	t.Cleanup(s.end)
	return s
}

// end closes the node and lets go of it.
func (s *stand) end() {
	if s.Node == nil {
		return
	}
	if err := s.Close(); err != nil {
		s.t.Errorf("close: %v", err)
	}
	s.Node = nil
}

// each runs f on a new node on SQLite and on one on PostgreSQL.
func each(t *testing.T, f func(t *testing.T, s *stand)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		f(t, start(t, settings(t, "")))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		f(t, start(t, settings(t, dbtest.Postgres(t))))
	})
}

func (s *stand) visitor() *webtest.Browser {
	return webtest.NewBrowser(s.t, apitest.Checked(s.t, s.Site))
}

// signIn makes an account by a real invitation and returns its browser. The
// first one sets the node up and is its operator.
func (s *stand) signIn(handle string) (*webtest.Browser, authz.Actor) {
	s.t.Helper()
	ctx := s.t.Context()
	path, first, err := s.Identity.SetupLink(ctx)
	if err != nil {
		s.t.Fatal(err)
	}
	var j identity.Joined
	if first {
		j, err = s.Identity.SetUp(ctx, strings.TrimPrefix(path, "/setup/"), "", identity.SetupInput{Name: "Test node", Language: "en", Handle: handle})
	} else {
		var secret string
		if err = s.DB.Write(ctx, func(tx *db.Tx) error {
			secret, err = s.Identity.Invite(ctx, tx, identity.InviteInput{Role: identity.RoleAccount})
			return err
		}); err == nil {
			j, err = s.Identity.AcceptNew(ctx, secret, "", handle, 0)
		}
	}
	if err != nil {
		s.t.Fatal(err)
	}
	session, ok, err := s.Identity.Session(ctx, j.Session)
	if err != nil || !ok {
		s.t.Fatalf("session: %v, %v", ok, err)
	}
	return s.visitor().WithSession(j.Session), session.Actor
}

// group starts a group in Leipzig.
func (s *stand) group(by authz.Actor, handle, name string) id.Group {
	s.t.Helper()
	g, err := s.Groups.Create(s.t.Context(), groups.CreateInput{
		Name: name, Handle: handle, Place: "Leipzig", Langs: []string{"de"}, About: "We are **neighbours**.", Anyway: true,
	}, by)
	if err != nil {
		s.t.Fatal(err)
	}
	return g
}

// meeting is an input that is accepted: on the day, in Leipzig, from 18:00.
func meeting(title, day string) events.Input {
	return events.Input{Title: title, Kind: "meeting", State: events.Confirmed, StartDate: day, StartTime: "18:00", Near: "Leipzig"}
}

func (s *stand) event(by authz.Actor, g id.Group, in events.Input) id.Event {
	s.t.Helper()
	e, err := s.Events.Create(s.t.Context(), by, g, s.IDs.Secret(), in)
	if err != nil {
		s.t.Fatalf("%s: %v", in.Title, err)
	}
	return e
}

// bulk stores many events in one transaction.
func (s *stand) bulk(g id.Group, ins []events.Input) {
	s.t.Helper()
	err := s.DB.Write(s.t.Context(), func(tx *db.Tx) error {
		for _, in := range ins {
			if _, err := s.Events.CreateSample(s.t.Context(), tx, g, in); err != nil {
				return fmt.Errorf("%s: %w", in.Title, err)
			}
		}
		return nil
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

// titles are those of the events that a page lists.
func titles(a webtest.Answer) []string {
	var out []string
	for _, n := range a.All("article.event h3") {
		out = append(out, webtest.Text(n))
	}
	return out
}

func sorted(s []string) []string {
	out := slices.Clone(s)
	slices.Sort(out)
	return out
}

// asForm is the input as a browser posts it.
func asForm(in events.Input, more ...string) []string {
	out := []string{
		"title", in.Title, "description", in.Description, "kind", string(in.Kind), "state", string(in.State),
		"start_date", in.StartDate, "start_time", in.StartTime, "end_date", in.EndDate, "end_time", in.EndTime, "zone", in.Zone,
		"place", in.Place, "address", in.Address, "near", in.Near, "online_url", in.OnlineURL, "lang", in.Lang,
		"access_note", in.AccessNote, "capacity", in.Capacity, "picture_alt", in.PictureAlt,
	}
	for _, a := range in.AccessYes {
		out = append(out, "access_yes", a)
	}
	return append(out, more...)
}

// background is a context for what a test does while it is being stopped.
func background(t *testing.T) context.Context { return context.WithoutCancel(t.Context()) }
