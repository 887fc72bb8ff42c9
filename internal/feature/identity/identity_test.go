package identity

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"convoke/internal/authz"
	"convoke/internal/clock"
	"convoke/internal/day"
	"convoke/internal/db"
	"convoke/internal/db/dbtest"
	"convoke/internal/fault"
	"convoke/internal/id"
	"convoke/internal/web/webtest"
)

// fakeGroups knows one group and remembers who joined it.
type fakeGroups struct {
	mu        sync.Mutex
	joined    []string
	suspended bool
	conduct   int
	parting   Parting
	left      []id.Person
	// recovering is about the member with this handle.
	recovering Recovering
	member     string
}

func (g *fakeGroups) Parting(context.Context, *db.Tx, id.Person) (Parting, error) {
	return g.parting, nil
}

func (g *fakeGroups) Recovering(_ context.Context, _ *db.Tx, by id.Person, group, member string) (Recovering, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	r := g.recovering
	if group != r.Handle || member != g.member || !slices.Contains(r.Stewards, by) && by != r.Member {
		return Recovering{}, fault.NotFound("x", "x")
	}
	return r, nil
}

func (g *fakeGroups) Stewarding(_ context.Context, _ *db.Tx, by id.Person) ([]id.Group, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if slices.Contains(g.recovering.Stewards, by) {
		return []id.Group{g.recovering.Group}, nil
	}
	return nil, nil
}

func (g *fakeGroups) LeaveAll(_ context.Context, _ *db.Tx, p id.Person) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.parting.Needed) > 0 {
		return fault.Conflict("group.last_steward_of", "needed")
	}
	g.left = append(g.left, p)
	return nil
}

const riverside = id.Group("01jriverside00000000000000")

func (g *fakeGroups) Join(_ context.Context, _ *db.Tx, group id.Group, p id.Person, in Admission) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.suspended {
		return fault.Conflict("group.suspended", "suspended")
	}
	if in.Conduct != g.conduct {
		return fault.Invalid(fault.Field("conduct", "group.conduct", "accept them"))
	}
	g.joined = append(g.joined, string(group)+" "+in.Role)
	return nil
}

func (g *fakeGroups) Conduct(context.Context, *db.Tx, id.Group) (int, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.conduct, nil
}

func (g *fakeGroups) Title(_ context.Context, _ *db.Tx, group id.Group) (name, handle string, err error) {
	if group != riverside {
		return "", "", fault.NotFound("x", "x")
	}
	return "Riverside Neighbours", "riverside", nil
}

// insertRiverside satisfies the foreign key of invitations.
func insertRiverside(t *testing.T, d *db.DB) {
	t.Helper()
	err := d.Write(t.Context(), func(tx *db.Tx) error {
		_, err := tx.Exec(t.Context(), `insert into groups (id, handle, name, name_folded, about, about_html, place, lat, lon, zone,
			langs, suspended, sample, created_at) values ($1, 'riverside', 'Riverside Neighbours', '', '', '', '', null, null, 'UTC',
			'', $2, $2, 0)`, string(riverside), false)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func newService(t *testing.T, d *db.DB, c clock.Clock) (*Service, *fakeGroups) {
	t.Helper()
	g := &fakeGroups{}
	insertRiverside(t, d)
	return New(Deps{
		DB: d, IDs: id.NewSource(c, nil), Log: webtest.Log(t), Locales: webtest.Locales(t),
		Limit: always{}, Client: clientOf, Groups: g,
	}), g
}

// each runs f on both engines with a clock of its own.
func each(t *testing.T, f func(t *testing.T, s *Service, g *fakeGroups, c *clock.Manual)) {
	t.Helper()
	for _, engine := range []string{"sqlite", "postgres"} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			c := clock.NewManual(dbtest.Now)
			url := ""
			if engine == "sqlite" {
				url = dbtest.SQLite(t)
			} else {
				url = dbtest.Postgres(t)
			}
			s, g := newService(t, dbtest.Open(t, url, c), c)
			f(t, s, g, c)
		})
	}
}

// account makes an account by an invitation, and signs it in.
func account(t *testing.T, s *Service, role, handle string) (Joined, authz.Actor, string) {
	t.Helper()
	j, err := s.AcceptNew(t.Context(), invite(t, s, InviteInput{Role: role}), "", handle, 0)
	if err != nil {
		t.Fatal(err)
	}
	x, ok, err := s.Session(t.Context(), j.Session)
	if err != nil || !ok {
		t.Fatalf("session of a new account: %v, %v", ok, err)
	}
	return j, x.Actor, x.ID
}

func invite(t *testing.T, s *Service, in InviteInput) string {
	t.Helper()
	var secret string
	err := s.DB.Write(t.Context(), func(tx *db.Tx) error {
		var err error
		secret, err = s.Invite(t.Context(), tx, in)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return secret
}

func wantKind(t *testing.T, err error, k fault.Kind) {
	t.Helper()
	if !fault.Is(err, k) {
		t.Helper()
		t.Errorf("got %v, want a fault with status %d", err, k.Status())
	}
}

func TestSignIn(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *Service, _ *fakeGroups, c *clock.Manual) {
		ctx := t.Context()
		j, by, _ := account(t, s, RoleAccount, "Sam.Reed")
		if by.Handle != "sam.reed" || by.Operator || j.Next != "/me" {
			t.Errorf("account is %+v, next %s", by, j.Next)
		}
		// Capitals, hyphens and numbers of a list do not matter.
		typed := "1. " + strings.ToUpper(strings.ReplaceAll(j.Words, " ", "-\n"))
		secret, err := s.SignIn(ctx, "@SAM.reed ", typed, "")
		if err != nil {
			t.Fatal(err)
		}
		x, ok, err := s.Session(ctx, secret)
		if err != nil || !ok || x.Actor != by {
			t.Errorf("session %+v, %v, %v", x, ok, err)
		}
		for _, bad := range [][2]string{
			{"sam.reed", j.Words + " more"}, {"nobody", j.Words}, {"sam.reed", "... - 12"}, {"sam.reed", strings.Repeat("a", 600)},
		} {
			_, err := s.SignIn(ctx, bad[0], bad[1], "")
			wantKind(t, err, fault.KindInvalid)
			if !fault.HasCode(err, "sign_in.wrong") {
				t.Errorf("%q: %v", bad, err)
			}
		}
		_, err = s.SignIn(ctx, "", "", "")
		if e := fault.Of(err); e == nil || len(e.Fields) != 2 {
			t.Errorf("empty form: %v", err)
		}
		// Signing in again ends the session of this browser.
		again, err := s.SignIn(ctx, "sam.reed", j.Words, x.ID)
		if err != nil {
			t.Fatal(err)
		}
		if _, ok, _ := s.Session(ctx, secret); ok {
			t.Error("the old session of the browser still works")
		}
		other, _, browser := account(t, s, RoleAccount, "ada") // on a shared computer
		if again, err = s.SignIn(ctx, "sam.reed", j.Words, browser); err != nil {
			t.Fatal(err)
		}
		if _, ok, _ := s.Session(ctx, other.Session); ok {
			t.Error("the other account's session stays behind in the browser")
		}
		c.Add(32 * 24 * time.Hour)
		if _, ok, _ := s.Session(ctx, again); ok {
			t.Error("a session works after 30 idle days")
		}
		for _, junk := range []string{"", "x", strings.Repeat("z", 26), s.IDs.Secret()} {
			if _, ok, err := s.Session(ctx, junk); ok || err != nil {
				t.Errorf("session of %q: %v, %v", junk, ok, err)
			}
		}
	})
}

func TestUseIsNotedOnceADay(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *Service, _ *fakeGroups, c *clock.Manual) {
		ctx := t.Context()
		j, by, _ := account(t, s, RoleAccount, "sam")
		if len(s.used) != 0 {
			t.Error("the day of signing in is noted again")
		}
		for range 6 { // far beyond the 30 days of an unused session
			c.Add(20 * 24 * time.Hour)
			if _, ok, err := s.Session(ctx, j.Session); !ok || err != nil {
				t.Fatalf("session in use ended: %v", err)
			}
			if err := s.noteUse(ctx, <-s.used); err != nil {
				t.Fatal(err)
			}
			if _, _, err := s.Session(ctx, j.Session); err != nil || len(s.used) != 0 {
				t.Fatalf("noted twice a day (%v)", err)
			}
		}
		list, err := s.Sessions(ctx, by)
		if err != nil || len(list) != 1 {
			t.Fatalf("%v, %v", list, err)
		}
		today := c.Now().Truncate(24 * time.Hour)
		want := SessionInfo{ID: list[0].ID, Created: dbtest.Now.Truncate(24 * time.Hour), Used: today, Ends: today.Add(30 * 24 * time.Hour)}
		if d := cmp.Diff(want, list[0]); d != "" {
			t.Error(d)
		}
		// Nobody takes them: reading goes on.
		c.Add(24 * time.Hour)
		for range cap(s.used) + 10 {
			if _, ok, _ := s.Session(ctx, j.Session); !ok {
				t.Fatal("session ended")
			}
		}
	})
}

func TestRunStops(t *testing.T) {
	t.Parallel()
	c := clock.NewManual(dbtest.Now)
	s, _ := newService(t, dbtest.Open(t, dbtest.SQLite(t), c), c)
	j, by, _ := account(t, s, RoleAccount, "sam")
	c.Add(24 * time.Hour)
	if _, _, err := s.Session(t.Context(), j.Session); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	for deadline := time.Now().Add(10 * time.Second); ; {
		list, err := s.Sessions(t.Context(), by)
		if err != nil {
			t.Fatal(err)
		}
		if day.Of(list[0].Used) == day.Of(c.Now()) {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the use was not noted")
		}
	}
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestOwnSessionsOnly(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *Service, _ *fakeGroups, _ *clock.Manual) {
		ctx := t.Context()
		j, sam, first := account(t, s, RoleAccount, "sam")
		_, ada, theirs := account(t, s, RoleAccount, "ada")
		second, err := s.SignIn(ctx, "sam", j.Words, "")
		if err != nil {
			t.Fatal(err)
		}
		wantKind(t, s.EndSession(ctx, sam, theirs), fault.KindNotFound)
		wantKind(t, s.Label(ctx, sam, theirs, "mine"), fault.KindNotFound)
		wantKind(t, s.EndSession(ctx, authz.Actor{}, theirs), fault.KindUnauthenticated)
		wantKind(t, s.Label(ctx, sam, first, strings.Repeat("ü", maxLabel+1)), fault.KindInvalid)
		if err := s.Label(ctx, sam, first, strings.Repeat("ü", maxLabel)); err != nil {
			t.Error(err)
		}
		if err := s.EndOthers(ctx, sam, first); err != nil {
			t.Fatal(err)
		}
		if _, ok, _ := s.Session(ctx, second); ok {
			t.Error("the other session still works")
		}
		if _, ok, _ := s.Session(ctx, j.Session); !ok {
			t.Error("the present session ended")
		}
		if list, _ := s.Sessions(ctx, ada); len(list) != 1 {
			t.Error("somebody else's session ended")
		}
		if err := s.SignOut(ctx, sam, first); err != nil {
			t.Fatal(err)
		}
		if _, ok, _ := s.Session(ctx, j.Session); ok {
			t.Error("signed in after signing out")
		}
	})
}

func TestNewPassphrase(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *Service, _ *fakeGroups, _ *clock.Manual) {
		ctx := t.Context()
		j, sam, here := account(t, s, RoleAccount, "sam")
		other, err := s.SignIn(ctx, "sam", j.Words, "")
		if err != nil {
			t.Fatal(err)
		}
		_, err = s.NewPassphrase(ctx, sam, here, "", "wrong words")
		wantKind(t, err, fault.KindInvalid)
		if _, ok, _ := s.Session(ctx, other); !ok {
			t.Error("a failed attempt ended a session")
		}
		words, err := s.NewPassphrase(ctx, sam, here, "", j.Words)
		if err != nil {
			t.Fatal(err)
		}
		if _, ok, _ := s.Session(ctx, other); ok {
			t.Error("the other session outlived the passphrase")
		}
		if _, ok, _ := s.Session(ctx, j.Session); !ok {
			t.Error("the present session ended")
		}
		_, err = s.SignIn(ctx, "sam", j.Words, "")
		wantKind(t, err, fault.KindInvalid)
		if _, err := s.SignIn(ctx, "sam", words, ""); err != nil {
			t.Error(err)
		}
	})
}

func TestSuspend(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *Service, _ *fakeGroups, _ *clock.Manual) {
		ctx := t.Context()
		j, sam, _ := account(t, s, RoleOperator, "sam")
		group := riverside
		given := invite(t, s, InviteInput{Group: &group, Role: "member", MadeBy: sam.Person})
		wantKind(t, s.Suspend(ctx, "nobody", true), fault.KindNotFound)
		if err := s.Suspend(ctx, "sam", true); err != nil {
			t.Fatal(err)
		}
		if _, ok, _ := s.Session(ctx, j.Session); ok {
			t.Error("a session outlived the suspension")
		}
		if _, err := s.SignIn(ctx, "sam", j.Words, ""); !fault.HasCode(err, "sign_in.wrong") {
			t.Errorf("a suspended person signs in: %v", err)
		}
		_, err := s.Peek(ctx, given)
		wantKind(t, err, fault.KindGone)
		// Nor would a session that had been left over.
		secret := s.IDs.Secret()
		err = s.DB.Write(ctx, func(tx *db.Tx) error { return insertSession(ctx, tx, sam.Person, s.IDs.New(), secret) })
		if _, ok, _ := s.Session(ctx, secret); ok || err != nil {
			t.Errorf("a session of a suspended person works (%v)", err)
		}
		var got []Person
		if err := s.List(ctx, func(p Person) error { got = append(got, p); return nil }); err != nil {
			t.Fatal(err)
		}
		want := []Person{{Handle: "sam", Operator: true, Suspended: true, Created: day.Time(day.Of(dbtest.Now))}}
		if d := cmp.Diff(want, got); d != "" {
			t.Error(d)
		}
		if err := s.Suspend(ctx, "sam", false); err != nil {
			t.Fatal(err)
		}
		if _, err := s.SignIn(ctx, "sam", j.Words, ""); err != nil {
			t.Error(err)
		}
	})
}

func TestExpire(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *Service, _ *fakeGroups, c *clock.Manual) {
		ctx := t.Context()
		account(t, s, RoleAccount, "sam")
		invite(t, s, InviteInput{Role: RoleAccount})
		rows := func() [3]int {
			var n [3]int
			err := s.DB.Read(ctx, func(tx *db.Tx) error {
				for i, table := range []string{"session", "invitation", "audit"} {
					if err := tx.Get(ctx, "select count(*) from "+table, nil, &n[i]); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		for _, step := range []struct {
			days int
			want [3]int
		}{{0, [3]int{1, 2, 3}}, {7, [3]int{1, 0, 3}}, {25, [3]int{0, 0, 3}}, {149, [3]int{0, 0, 0}}} {
			c.Add(time.Duration(step.days) * 24 * time.Hour)
			if err := s.Expire(ctx); err != nil {
				t.Fatal(err)
			}
			if got := rows(); got != step.want {
				t.Errorf("after %d more days: %v rows, want %v", step.days, got, step.want)
			}
		}
	})
}

// No secret is stored as it is.
func TestNothingStoredOpensADoor(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *Service, _ *fakeGroups, _ *clock.Manual) {
		ctx := t.Context()
		j, _, _ := account(t, s, RoleAccount, "sam")
		secret := invite(t, s, InviteInput{Role: RoleAccount})
		err := s.DB.Read(ctx, func(tx *db.Tx) error {
			hashes, err := db.Column[[]byte](ctx, tx, "select hash from session union all select hash from invitation")
			if err != nil {
				return err
			}
			for _, h := range hashes {
				if bytes.Contains(h, []byte(j.Session)) || bytes.Contains(h, []byte(secret)) {
					t.Error("a secret is stored")
				}
			}
			pass, err := db.Column[string](ctx, tx, "select pass from person")
			if err == nil && (len(pass) != 1 || strings.Contains(pass[0], strings.Fields(j.Words)[0]) || !strings.HasPrefix(pass[0], "$argon2id$v=19$m=19456,t=2,p=1$")) {
				t.Errorf("stored passphrase %q", pass)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}
