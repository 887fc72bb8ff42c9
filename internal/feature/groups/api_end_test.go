package groups

import (
	"testing"
	"time"

	"convoke/internal/authz"
)

// A steward's program ends the work of a group, goes on, and says where it is
// now; nobody else's does.
func TestAPIEndsAndMovesGroups(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, x *fixture) {
		c := x.programs()
		sam, mia := x.person("sam"), x.person("mia")
		x.join(x.group(sam, "riverside", "Riverside Neighbours"), mia, authz.Organizer)
		const ended, moved = "/groups/riverside/ended", "/groups/riverside/moved_to"
		end := map[string]any{"ended": true}
		c.Do("PUT", ended, end).Refused(401, "token.missing")
		by(c, sam, "read", "roles:write").Do("PUT", ended, end).Refused(403, "token.scope")
		by(c, mia).Do("PUT", ended, end).Refused(403, "authz.forbidden")
		by(c, mia).Do("PUT", moved, map[string]any{"moved_to": "https://example.org"}).Refused(403, "authz.forbidden")
		mine := by(c, sam, "groups:write")
		mine.Do("PUT", ended, map[string]any{}).Refused(422, "form.invalid", "#/ended", "api.missing")
		var g apiGroup
		for range 2 {
			mine.Do("PUT", ended, end).Want(200, &g)
		}
		if g.Ended != x.clock.Now().Format(time.DateOnly) {
			t.Errorf("%+v", g)
		}
		var open apiGroup
		mine.Do("PUT", ended, map[string]any{"ended": false}).Want(200, &open)
		if open.Ended != "" {
			t.Errorf("%+v", open)
		}
		mine.Do("PUT", ended, end).Want(200, nil)
		x.clock.Add(31 * 24 * time.Hour)
		mine.Do("PUT", ended, map[string]any{"ended": false}).Refused(409, "group.ended_for_good")

		for _, bad := range []string{"example.org", "javascript:alert(1)", "https://a@example.org", "https://example.org/a b"} {
			mine.Do("PUT", moved, map[string]any{"moved_to": bad}).Refused(422, "form.invalid", "#/moved_to", "group.moved_to")
		}
		for range 2 {
			mine.Do("PUT", moved, map[string]any{"moved_to": "https://riverside.example/groups/riverside"}).Want(200, &g)
		}
		c.Get("/groups/riverside").Want(200, &open)
		if g.MovedTo != "https://riverside.example/groups/riverside" || open.MovedTo != g.MovedTo {
			t.Errorf("%+v", g)
		}
		var back apiGroup
		mine.Do("PUT", moved, map[string]any{"moved_to": ""}).Want(200, &back)
		if back.MovedTo != "" {
			t.Errorf("%+v", back)
		}
	})
}
