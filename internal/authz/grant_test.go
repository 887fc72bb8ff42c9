package authz_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"convoke/internal/authz"
	"convoke/internal/fault"
)

// What a grant for one event allows, written out a second time, for every action:
// beside what the role allows, and nothing in a suspended group.
func TestGrants(t *testing.T) {
	t.Parallel()
	manager := []authz.Action{authz.EditEvent, authz.SeeDraft, authz.SeeNumbers, authz.AddEstimate}
	who := authz.Actor{Person: "p"}
	for _, role := range append(authz.Roles(), authz.None) {
		for _, do := range actions {
			plain := authz.May(who, do, authz.Subject{Role: role})
			if got, want := authz.May(who, do, authz.Subject{Role: role, Manages: true}), plain || slices.Contains(manager, do); got != want {
				t.Errorf("a manager with the role %q may %s: %v, want %v", role, do, got, want)
			}
			want := plain || do == authz.SeeRoster && role != authz.None
			if got := authz.May(who, do, authz.Subject{Role: role, Roster: true}); got != want {
				t.Errorf("a roster steward with the role %q may %s: %v, want %v", role, do, got, want)
			}
			rests := authz.May(who, do, authz.Subject{Role: role, Suspended: true})
			if got := authz.May(who, do, authz.Subject{Role: role, Suspended: true, Manages: true, Roster: true}); got != rests {
				t.Errorf("in a suspended group a grant lets the role %q %s", role, do)
			}
			if authz.May(authz.Actor{}, do, authz.Subject{Role: role, Manages: true, Roster: true}) {
				t.Errorf("a visitor may %s by a grant", do)
			}
		}
	}
}

// Whatever the role, and for operators too: nobody sees sign-ups who was not named.
func TestNoRoleSeesSignUps(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		who := authz.Actor{Person: "p", Operator: rapid.Bool().Draw(t, "operator")}
		s := authz.Subject{
			Role: rapid.SampledFrom(append(authz.Roles(), authz.None)).Draw(t, "role"), Manages: rapid.Bool().Draw(t, "manages"),
			Suspended: rapid.Bool().Draw(t, "suspended"),
		}
		if authz.May(who, authz.SeeRoster, s) {
			t.Fatalf("%+v sees sign-ups", s)
		}
	})
}

// A manager knows of the draft of their event, and is refused, not sent away, where
// they may not act.
func TestManagersKnowTheirDraft(t *testing.T) {
	t.Parallel()
	who := authz.Actor{Person: "p"}
	if !authz.MayKnow(who, false, authz.Subject{Manages: true}) || authz.MayKnow(who, false, authz.Subject{Roster: true}) ||
		authz.MayKnow(who, false, authz.Subject{Manages: true, Suspended: true}) {
		t.Error("who knows of a draft is wrong")
	}
	if err := authz.Check(who, authz.MakeManager, authz.Subject{Manages: true}); !fault.HasCode(err, "authz.forbidden") {
		t.Errorf("a manager makes managers: %v", err)
	}
}
