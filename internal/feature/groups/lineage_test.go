package groups

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/id"
)

// Whatever the rows say, everybody is in the trees once, and sizes add up.
func TestLineageHasEverybodyOnce(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 20).Draw(t, "members")
		var all []vouched
		for i := range n {
			by := id.Person(fmt.Sprint(rapid.IntRange(0, n+3).Draw(t, "by"))) // itself and strangers, too
			all = append(all, vouched{Person: id.Person(fmt.Sprint(i)), Handle: fmt.Sprint("h", i), By: by})
		}
		seen := map[string]int{}
		var count func(bs []*branch) int
		count = func(bs []*branch) int {
			sum := 0
			for _, b := range bs {
				seen[b.Handle]++
				if got := 1 + count(b.Below); got != b.Size {
					t.Fatalf("%s has size %d, want %d", b.Handle, b.Size, got)
				}
				sum += b.Size
			}
			return sum
		}
		if got := count(lineage(all)); got != n || len(seen) != n {
			t.Fatalf("%d of %d, %v", got, n, seen)
		}
		for _, m := range all {
			if s := subtree(all, m.Handle); s[0] != m || len(s) > n {
				t.Fatalf("subtree of %s: %v", m.Handle, s)
			}
		}
	})
}

// draw writes trees as "sam(ada(bea))".
func draw(bs []*branch) string {
	var out []string
	for _, b := range bs {
		s := b.Handle
		if len(b.Below) > 0 {
			s += "(" + draw(b.Below) + ")"
		}
		out = append(out, s)
	}
	return strings.Join(out, " ")
}

func TestLineage(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, x *fixture) {
		ctx := t.Context()
		sam, ada, bea, cat, dan := x.person("sam"), x.person("ada"), x.person("bea"), x.person("cat"), x.person("dan")
		g := x.group(sam, "riverside", "Riverside")
		bring := func(by, who authz.Actor, role authz.Role) {
			t.Helper()
			err := x.DB.Write(ctx, func(tx *db.Tx) error {
				return x.Join(ctx, tx, g, who.Person, Admission{Role: string(role), By: by.Person})
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		want := func(trees string) {
			t.Helper()
			if _, roots, err := x.Lineage(ctx, sam, "riverside"); err != nil || draw(roots) != trees {
				t.Errorf("%s, want %s, %v", draw(roots), trees, err)
			}
		}
		bring(sam, ada, authz.Organizer)
		bring(ada, bea, authz.Organizer)
		bring(bea, cat, authz.Member)
		bring(dan, dan, authz.Member) // no member, and oneself
		want("dan sam(ada(bea(cat)))")
		bring(dan, bea, authz.Steward) // a better role changes no lineage
		want("dan sam(ada(bea(cat)))")
		if err := x.Remove(ctx, sam, "riverside", "ada"); err != nil {
			t.Fatal(err)
		}
		want("dan sam(bea(cat))")
		bring(cat, ada, authz.Member) // who brings back who once brought them
		want("dan sam(bea(cat(ada)))")
		_, err := x.Invite(ctx, bea, "riverside", authz.Member, "")
		if err != nil {
			t.Fatal(err)
		}
		_, handles, err := x.Going(ctx, sam, "riverside", "bea")
		if err != nil || cmp.Diff([]string{"bea", "cat", "ada"}, handles) != "" {
			t.Errorf("%v, %v", handles, err)
		}
		wantKind(t, x.RemoveLineage(ctx, cat, "riverside", "bea", 3), fault.KindForbidden)
		wantKind(t, x.RemoveLineage(ctx, sam, "riverside", "nobody", 1), fault.KindNotFound)
		if err := x.RemoveLineage(ctx, sam, "riverside", "bea", 2); !fault.HasCode(err, "group.lineage_changed") {
			t.Errorf("others came meanwhile: %v", err)
		}
		// All stewards are in the tree of the first.
		if err := x.RemoveLineage(ctx, bea, "riverside", "sam", 4); !fault.HasCode(err, "group.last_steward") {
			t.Errorf("nobody is left to look after the group: %v", err)
		}
		x.heard.all = nil
		if err := x.RemoveLineage(ctx, sam, "riverside", "bea", 3); err != nil {
			t.Fatal(err)
		}
		want("dan sam")
		if n := len(slices.DeleteFunc(x.heard.all, func(a string) bool { return a != "remove lineage" })); n != 3 {
			t.Errorf("%d rows of audit", n)
		}
		if _, open, _, err := x.OpenInvitations(ctx, sam, "riverside"); err != nil || len(open) != 0 {
			t.Errorf("links go on working: %v, %v", open, err)
		}
		// An account's end hands down as leaving does.
		bring(sam, ada, authz.Organizer)
		bring(ada, bea, authz.Member)
		err = x.DB.Write(ctx, func(tx *db.Tx) error {
			if err := x.LeaveAll(ctx, tx, ada.Person); err != nil {
				return err
			}
			_, err := tx.Exec(ctx, "delete from person where id = $1", string(ada.Person))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		want("dan sam(bea)")
	})
}

func TestLineagePages(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	sam, ada := n.person("sam"), n.person("ada")
	g := n.group(sam, "riverside", "Riverside")
	n.settings(sam, "riverside", SettingsInput{Joining: ByRequest})
	n.as(ada).Post("/groups/riverside/join").Want(t, 303, "/groups/mine")
	b := n.as(sam)
	rid := b.Get("/groups/riverside/requests").Attr("input[name=request]", "value")
	b.Post("/groups/riverside/requests", "request", rid, "do", "accept").Want(t, 303, "/groups/riverside/requests")
	if len(b.Get("/groups/riverside/members").All("main a[href=/groups/riverside/lineage]")) != 1 {
		t.Error("nothing leads to the lineage")
	}
	a := b.Get("/groups/riverside/lineage").Want(t, 200, "")
	if a.Text("li li a") != "ada" || a.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("tree: %s", a.Text("main"))
	}
	const path = "/groups/riverside/lineage/ada"
	if a = b.Get(path).Want(t, 200, ""); a.Attr("input[name=count]", "value") != "1" || n.role(g, ada) != authz.Member {
		t.Errorf("confirm: %s", a.Text("main"))
	}
	if a = b.Post(path, "count", "7").Want(t, 422, ""); a.Text(".error-summary") == "" {
		t.Error("no message")
	}
	b.Post(path, "count", "1").Want(t, 303, "/groups/riverside/lineage")
	if n.role(g, ada) != authz.None {
		t.Error("still a member")
	}
	if a = b.Post("/groups/riverside/lineage/sam", "count", "1").Want(t, 422, ""); !strings.Contains(a.Text(".error-summary"), "steward") {
		t.Error("the last steward goes")
	}
}
