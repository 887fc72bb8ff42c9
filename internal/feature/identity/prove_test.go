package identity

import (
	"strings"
	"testing"
	"time"

	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/db/dbtest"
	"convoke/internal/fault"
	"convoke/internal/web"
)

func TestProveWords(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *Service, _ *fakeGroups, c *clock.Manual) {
		ctx := t.Context()
		j, sam, here := account(t, s, RoleAccount, "sam")
		other, err := s.SignIn(ctx, "sam", j.Words, "")
		if err != nil {
			t.Fatal(err)
		}
		proved := func(secret string) time.Time {
			t.Helper()
			x, ok, err := s.Session(ctx, secret)
			if err != nil || !ok {
				t.Fatalf("session: %v, %v", ok, err)
			}
			return x.Proved
		}
		if got := proved(other); !got.Equal(dbtest.Now) {
			t.Errorf("signing in proves it at %v", got)
		}
		c.Add(time.Hour)
		for _, words := range []string{"", "- 1 -", "wrong words"} {
			wantKind(t, s.ProveWords(ctx, sam, here, words), fault.KindInvalid)
		}
		if got := proved(j.Session); !got.Equal(dbtest.Now) {
			t.Error("wrong words prove something")
		}
		if err := s.ProveWords(ctx, sam, here, j.Words); err != nil {
			t.Fatal(err)
		}
		if got := proved(j.Session); !got.Equal(dbtest.Now.Add(time.Hour)) {
			t.Errorf("proved at %v", got)
		}
		if got := proved(other); !got.Equal(dbtest.Now) {
			t.Error("another browser is proved too")
		}
		// Words that were replaced between the check and the note prove nothing.
		err = s.DB.Write(ctx, func(tx *db.Tx) error {
			n, err := proveSession(ctx, tx, personRow{id: sam.Person, pass: "other"}, here)
			if err == nil && n != 0 {
				t.Error("old words prove something")
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		// The hour of a proof is forgotten as soon as it does not count.
		if err := s.Expire(ctx); err != nil {
			t.Fatal(err)
		}
		if proved(j.Session).IsZero() || !proved(other).IsZero() {
			t.Error("the wrong times were forgotten")
		}
		c.Add(web.ProofLasts)
		if err := s.Expire(ctx); err != nil {
			t.Fatal(err)
		}
		if !proved(j.Session).IsZero() {
			t.Error("the time of a proof is kept")
		}
		if err := s.EndOthers(ctx, sam, "none"); err != nil {
			t.Fatal(err)
		}
		wantKind(t, s.ProveWords(ctx, sam, here, j.Words), fault.KindUnauthenticated)
	})
}

func TestProvingIsLimitedAsSigningIn(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	j, _, _ := account(t, n.Service, RoleOperator, "sam")
	n.Limit = never{}
	b := n.as(j.Session)
	b.Post("/operator", "role", RoleAccount).Want(t, 200, "") // nothing to check
	n.clock.Add(web.ProofLasts)
	b.Post("/operator", "role", RoleAccount).Want(t, 422, "")
	b.Post("/operator", "role", RoleAccount, "passphrase", j.Words).Want(t, 429, "")
}

// No page and no cleaning reads a whole table.
func TestLookupsUseIndices(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, dbtest.SQLite(t), clock.NewManual(dbtest.Now))
	for _, x := range []struct {
		q, index string
		args     []any
	}{
		{selectOperators, "person_operator", nil},
		{selectSuspended, "person_suspended", nil},
		{selectOperator, "person_operator", nil},
		{selectAudit, "COVERING INDEX audit_day (day>?)", []any{20260101}},
		{selectSession, "s USING PRIMARY KEY (hash=?)", []any{[]byte{1}, 1, false}},
		{forgetProofs, "session_proved (proved_at>? AND proved_at<?)", []any{1}},
		{forgetOldUses, "invitation_used (used_at>? AND used_at<?)", []any{1}},
		{forgetUsesOf, "invitation_used_by (used_by=?)", []any{"p"}},
		{selectAuditOf, "audit_person (person_id=?)", []any{"p"}},
		{selectAuditOf, "audit_about (about=?)", []any{"p"}},
		{selectMailByHash, "mail_link_2 (hash=?)", []any{[]byte{1}, 1}},
		{selectMailByForm, "mail_link_form (form=? AND made_at>?)", []any{[]byte{1}, 1}},
		{selectMailed, "mail_link_tag (tag=? AND made_at>?)", []any{[]byte{1}, 1}},
		{deleteOldMail, "mail_link_age (made_at<?)", []any{1}},
		{deleteOldChallenges, "passkey_challenge_age (made_at<?)", []any{1}},
		{selectPasskey + "where person_id = $1", "passkey_person (person_id=?)", []any{"p"}},
		{selectRecovery + "where group_id = $1", "recovery_group (group_id=?)", []any{"g"}},
	} {
		if plan := dbtest.Plan(t, d, x.q, x.args...); !strings.Contains(plan, x.index) {
			t.Errorf("%s: no %s in\n%s", x.q, x.index, plan)
		}
	}
}
