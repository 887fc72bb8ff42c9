package groups

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/handle"
	"convoke/internal/id"
	"convoke/internal/web"
)

func wantKind(t *testing.T, err error, k fault.Kind) {
	t.Helper()
	if !fault.Is(err, k) {
		t.Errorf("got %v, want a fault with status %d", err, k.Status())
	}
}

func TestCreate(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, x *fixture) {
		ctx := t.Context()
		sam, ada := x.person("sam"), x.person("ada")
		in := CreateInput{
			Name: "Riverside Neighbours", Handle: " @Riverside ", Place: "leipzig", Langs: []string{"en", "de", "xx"}, About: "Come **along**",
		}
		_, err := x.Create(ctx, in, authz.Actor{})
		wantKind(t, err, fault.KindUnauthenticated)
		g, err := x.Create(ctx, in, sam)
		if err != nil {
			t.Fatal(err)
		}
		if x.role(g, sam) != authz.Steward || x.role(g, ada) != authz.None {
			t.Error("the creator is not the steward, or somebody else is something")
		}
		want := Brief{
			ID: g, Handle: "riverside", Name: "Riverside Neighbours", Place: "Leipzig, Germany", Zone: "Europe/Berlin",
			Lat: 51.34, Lon: 12.37, HasPoint: true, Langs: []string{"de", "en"},
		}
		err = x.DB.Read(ctx, func(tx *db.Tx) error {
			byHandle, err := x.ByHandle(ctx, tx, "riverside")
			if err != nil {
				return err
			}
			byID, err := x.ByID(ctx, tx, g)
			if d := cmp.Diff([]Brief{want, want}, []Brief{byHandle, byID}); d != "" {
				t.Error(d)
			}
			_, absent := x.ByHandle(ctx, tx, "nobody")
			wantKind(t, absent, fault.KindNotFound)
			_, absent = x.ByID(ctx, tx, "nobody")
			wantKind(t, absent, fault.KindNotFound)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		again, err := x.Create(ctx, in, sam)
		if err != nil || again != g {
			t.Errorf("the same form again: %q, %v", again, err)
		}
		in.Anyway = true
		_, err = x.Create(ctx, in, ada)
		if !fault.HasCode(err, "group.handle_taken") {
			t.Errorf("taken handle: %v", err)
		}
	})
}

func TestInputIsChecked(t *testing.T) {
	t.Parallel()
	f := newNode(t)
	sam := f.person("sam")
	good := CreateInput{Name: "Riverside", Handle: "riverside"}
	for code, change := range map[string]func(*CreateInput){
		"group.no_name":        func(in *CreateInput) { in.Name = "  " },
		"group.name_length":    func(in *CreateInput) { in.Name = strings.Repeat("ü", maxName+1) },
		"group.name_signs":     func(in *CreateInput) { in.Name = "!!! ---" },
		"handle.missing":       func(in *CreateInput) { in.Handle = "" },
		"handle.length":        func(in *CreateInput) { in.Handle = "ab" },
		"handle.shape_no_dots": func(in *CreateInput) { in.Handle = "river.json" },
		"handle.reserved":      func(in *CreateInput) { in.Handle = "NEW" },
		"group.place_unknown":  func(in *CreateInput) { in.Place = "Nowhere" },
		"group.place_long":     func(in *CreateInput) { in.Place = strings.Repeat("x", maxPlace+1) },
		"group.place_which":    func(in *CreateInput) { in.Place = "Springfield"; in.Pick = "Leipzig, Germany" },
		"group.many_langs": func(in *CreateInput) {
			for _, l := range web.Languages() {
				in.Langs = append(in.Langs, l.Value)
			}
		},
		"group.about_long": func(in *CreateInput) { in.About = strings.Repeat("x", 17<<10) },
	} {
		in := good
		change(&in)
		_, err := f.Create(t.Context(), in, sam)
		if !fault.Is(err, fault.KindInvalid) || !fault.HasCode(err, code) {
			t.Errorf("%s: got %v", code, err)
		}
	}
	_, err := f.Create(t.Context(), CreateInput{Place: "Nowhere"}, sam)
	if e := fault.Of(err); e == nil || len(e.Fields) != 3 {
		t.Errorf("all messages at once: %v", err)
	}
	picked := CreateInput{Name: "Spring Choir", Handle: "choir", Place: "springfield", Pick: "Springfield, Illinois, US"}
	if _, err := f.Create(t.Context(), picked, sam); err != nil {
		t.Error(err)
	}
}

func TestSkeleton(t *testing.T) {
	t.Parallel()
	for _, pair := range [][2]string{
		{"Riverside", "riverside"}, {"riverside", "river-side"}, {"riverside", "rіverѕіde"}, {"modern", "rnodern"},
		{"paypal", "paypa1"}, {"Zürich", "zurich"}, {"oslo", "ΟSL0"}, {"cloud", "doud"}, {"savvy", "sawy"}, {"ｒｉｖｅｒ", "river"},
	} {
		if a, b := skeleton(pair[0]), skeleton(pair[1]); a != b {
			t.Errorf("%q and %q can be told apart: %q, %q", pair[0], pair[1], a, b)
		}
	}
	for _, pair := range [][2]string{{"riverside", "riverbed"}, {"leipzig", "leipzig-west"}, {"東京", "京都"}} {
		if skeleton(pair[0]) == skeleton(pair[1]) {
			t.Errorf("%q and %q are taken for the same", pair[0], pair[1])
		}
	}
}

func TestLookAlikeAsksOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, x *fixture) {
		ctx := t.Context()
		sam := x.person("sam")
		x.group(sam, "riverside", "Riverside Neighbours")
		for _, in := range []CreateInput{
			{Name: "Other people", Handle: "rivers1de"}, {Name: "Rіverside  neighboürs", Handle: "others"}, {Name: "River-Side", Handle: "others"},
		} {
			if _, err := x.Create(ctx, in, sam); !fault.HasCode(err, "group.look_alike") {
				t.Errorf("%+v: %v", in, err)
			}
		}
		in := CreateInput{Name: "Riverside Neighbours", Handle: "riverside-two", Anyway: true}
		if _, err := x.Create(ctx, in, sam); err != nil {
			t.Error(err)
		}
		// Saving an own name again needs no second thought; taking another does.
		if err := x.Edit(ctx, sam, "riverside-two", CreateInput{Name: "Riverside Neighbours", About: "x"}); err != nil {
			t.Error(err)
		}
		x.group(sam, "bakers", "Bakers")
		if err := x.Edit(ctx, sam, "bakers", CreateInput{Name: "Rivers1de neighbours"}); !fault.HasCode(err, "group.look_alike") {
			t.Errorf("renamed to a look-alike: %v", err)
		}
	})
}

func TestEditKeepsThePlace(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, x *fixture) {
		ctx := t.Context()
		sam := x.person("sam")
		g, err := x.Create(ctx, CreateInput{Name: "Choir", Handle: "choir", Place: "Springfield", Pick: "Springfield, Missouri, US"}, sam)
		if err != nil {
			t.Fatal(err)
		}
		read := func() Brief {
			var b Brief
			if err := x.DB.Read(ctx, func(tx *db.Tx) error {
				var err error
				b, err = x.ByID(ctx, tx, g)
				return err
			}); err != nil {
				t.Fatal(err)
			}
			return b
		}
		was := read()
		if err := x.Edit(ctx, sam, "choir", CreateInput{Name: "The Choir", Handle: "ignored", Place: was.Place}); err != nil {
			t.Fatal(err)
		}
		now := read()
		if was.Name = "The Choir"; cmp.Diff(was, now) != "" {
			t.Error(cmp.Diff(was, now))
		}
		if err := x.Edit(ctx, sam, "choir", CreateInput{Name: "The Choir"}); err != nil {
			t.Fatal(err)
		}
		if now = read(); now.HasPoint || now.Zone != "UTC" || now.Place != "" {
			t.Errorf("the place was not removed: %+v", now)
		}
	})
}

func TestList(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, x *fixture) {
		ctx := t.Context()
		sam := x.person("sam")
		for handle, name := range map[string]string{
			"bakers": "Bäckers' Union", "aero": "Äro Club", "chess": "Chess 100%", "dance": "Dance_Hall", "twin-a": "Same name", "twin-b": "Same  name",
		} {
			if _, err := x.Create(ctx, CreateInput{Name: name, Handle: handle, Anyway: true}, sam); err != nil {
				t.Fatal(err)
			}
		}
		var seen []string
		after := ""
		for range 10 {
			page, more, err := x.List(ctx, "", after, 2)
			if err != nil {
				t.Fatal(err)
			}
			for _, g := range page {
				seen = append(seen, g.Handle)
			}
			if !more {
				break
			}
			after = page[len(page)-1].Handle
		}
		if got := strings.Join(seen[:4], " "); len(seen) != 6 || got != "aero bakers chess dance" {
			t.Errorf("pages give %q", seen)
		}
		for q, want := range map[string]string{"backers": "bakers", "UNION": "bakers", "%": "all", "d_h": "dance", "all": "", "zzz": "", "twin-a": "twin-a", "same b": "twin-b", "chess": "chess"} {
			page, _, err := x.List(ctx, q, "", 50)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, g := range page {
				got = append(got, g.Handle)
			}
			if s := strings.Join(got, " "); want == "all" && len(page) != 6 || want != "all" && s != want {
				t.Errorf("search %q gives %q, want %q", q, s, want)
			}
		}
		// A new name is found, and the old one is not.
		if err := x.Edit(ctx, sam, "chess", CreateInput{Name: "Backgammon", Anyway: true}); err != nil {
			t.Fatal(err)
		}
		for q, want := range map[string]int{"100": 0, "backgam": 1, "chess": 1} { // the handle stays
			if page, _, err := x.List(ctx, q, "", 50); err != nil || len(page) != want {
				t.Errorf("after a new name, %q finds %d groups, %v", q, len(page), err)
			}
		}
		if page, _, err := x.List(ctx, "", "gone-long-ago", 50); err != nil || len(page) != 6 {
			t.Errorf("an old cursor: %d groups, %v", len(page), err)
		}
	})
}

func TestTheLastStewardStays(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, x *fixture) {
		ctx := t.Context()
		sam, ada := x.person("sam"), x.person("ada")
		g := x.group(sam, "riverside", "Riverside")
		x.join(g, ada, authz.Organizer)
		for _, err := range []error{
			x.Leave(ctx, sam, "riverside"), x.SetRole(ctx, sam, "riverside", "sam", authz.Member), x.Remove(ctx, sam, "riverside", "sam"),
		} {
			if !fault.HasCode(err, "group.last_steward") {
				t.Errorf("the last steward went: %v", err)
			}
		}
		if err := x.SetRole(ctx, sam, "riverside", "ada", authz.Steward); err != nil {
			t.Fatal(err)
		}
		// Both try to go at once: one stays.
		errs := make(chan error, 2)
		for _, by := range []authz.Actor{sam, ada} {
			go func() { errs <- x.Leave(ctx, by, "riverside") }()
		}
		a, b := <-errs, <-errs
		if (a == nil) == (b == nil) {
			t.Errorf("both left or both stayed: %v, %v", a, b)
		}
	})
}

func TestMembership(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, x *fixture) {
		ctx := t.Context()
		sam, ada, eve := x.person("sam"), x.person("ada"), x.person("eve")
		g := x.group(sam, "riverside", "Riverside")
		x.join(g, ada, authz.Organizer)
		x.join(g, ada, authz.Member) // never less
		if r := x.role(g, ada); r != authz.Organizer {
			t.Errorf("a link made an organizer a %s", r)
		}
		_, list, more, err := x.Members(ctx, sam, "riverside", "", 1)
		if err != nil || !more || len(list) != 1 || list[0].Handle != "ada" || list[0].Role != authz.Organizer {
			t.Errorf("%+v, %v, %v", list, more, err)
		}
		_, list, more, err = x.Members(ctx, sam, "riverside", "ada", 1)
		if err != nil || more || len(list) != 1 || list[0].Handle != "sam" {
			t.Errorf("%+v, %v, %v", list, more, err)
		}
		if _, err := x.Invite(ctx, ada, "riverside", authz.Member, ""); err != nil {
			t.Fatal(err)
		}
		_, err = x.Invite(ctx, ada, "riverside", authz.Steward, "")
		wantKind(t, err, fault.KindForbidden)
		_, err = x.Invite(ctx, ada, "riverside", "king", "")
		wantKind(t, err, fault.KindInvalid)
		if _, err := x.Invite(ctx, sam, "riverside", authz.Steward, ""); err != nil {
			t.Fatal(err)
		}
		_, open, may, err := x.OpenInvitations(ctx, ada, "riverside")
		if err != nil || len(open) != 2 || cmp.Diff([]authz.Role{authz.Member}, may) != "" {
			t.Errorf("%v, %v, %v", open, may, err)
		}
		wantKind(t, x.Revoke(ctx, ada, "riverside", open[1].ID), fault.KindForbidden)
		wantKind(t, x.Revoke(ctx, ada, "riverside", "none"), fault.KindNotFound)
		wantKind(t, x.Revoke(ctx, eve, "riverside", open[0].ID), fault.KindNotFound)
		// Whoever may not invite any more loses the links they gave out.
		if err := x.SetRole(ctx, sam, "riverside", "ada", authz.Member); err != nil {
			t.Fatal(err)
		}
		if _, open, _, _ = x.OpenInvitations(ctx, sam, "riverside"); len(open) != 1 || open[0].Role != authz.Steward {
			t.Errorf("open links %v", open)
		}
		if err := x.Revoke(ctx, sam, "riverside", open[0].ID); err != nil {
			t.Error(err)
		}
		wantKind(t, x.Remove(ctx, sam, "riverside", "eve"), fault.KindNotFound)
		wantKind(t, x.Leave(ctx, eve, "riverside"), fault.KindNotFound)
		wantKind(t, x.Leave(ctx, authz.Actor{}, "riverside"), fault.KindUnauthenticated)
		if err := x.Remove(ctx, sam, "riverside", "ada"); err != nil || x.role(g, ada) != authz.None {
			t.Errorf("not removed: %v", err)
		}
		want := []string{"start group", "change role", "fact.MemberLeft", "remove member"}
		if d := cmp.Diff(want, x.heard.all); d != "" {
			t.Errorf("audit: %s", d)
		}
	})
}

func TestMine(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, x *fixture) {
		ctx := t.Context()
		sam, ada := x.person("sam"), x.person("ada")
		a, b := x.group(sam, "bakers", "Bakers"), x.group(sam, "anglers", "Anglers")
		x.join(a, ada, authz.Member)
		x.join(b, ada, authz.Organizer)
		mine, err := x.Mine(ctx, ada)
		if err != nil || len(mine) != 2 || mine[0].Handle != "anglers" || mine[0].Role != authz.Organizer || mine[1].Role != authz.Member {
			t.Errorf("%+v, %v", mine, err)
		}
		_, err = x.Mine(ctx, authz.Actor{})
		wantKind(t, err, fault.KindUnauthenticated)
		err = x.DB.Read(ctx, func(tx *db.Tx) error {
			got, err := x.Organizes(ctx, tx, ada.Person)
			if len(got) != 1 || got[0].ID != b {
				t.Errorf("organizes %+v", got)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

func TestSuspension(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, x *fixture) {
		ctx := t.Context()
		sam, eve, oper := x.person("sam"), x.person("eve"), x.person("op")
		oper.Operator = true
		g := x.group(sam, "riverside", "Riverside")
		wantKind(t, x.Suspend(ctx, authz.Actor{}, "riverside", true), fault.KindUnauthenticated)
		wantKind(t, x.Suspend(ctx, sam, "riverside", true), fault.KindNotFound)
		wantKind(t, x.Suspend(ctx, oper, "nobody", true), fault.KindNotFound)
		for range 2 {
			if err := x.Suspend(ctx, oper, "riverside", true); err != nil {
				t.Fatal(err)
			}
		}
		if page, _, _ := x.List(ctx, "", "", 10); len(page) != 0 {
			t.Error("a suspended group is listed")
		}
		wantKind(t, x.Edit(ctx, sam, "riverside", CreateInput{Name: "New"}), fault.KindForbidden)
		wantKind(t, x.Edit(ctx, eve, "riverside", CreateInput{Name: "New"}), fault.KindNotFound)
		_, err := x.Invite(ctx, sam, "riverside", authz.Member, "")
		wantKind(t, err, fault.KindForbidden)
		err = x.DB.Write(ctx, func(tx *db.Tx) error { return x.Join(ctx, tx, g, eve.Person, Admission{Role: "member"}) })
		wantKind(t, err, fault.KindConflict)
		err = x.DB.Read(ctx, func(tx *db.Tx) error {
			_, _, err := x.Title(ctx, tx, g)
			wantKind(t, err, fault.KindNotFound)
			got, err := x.Organizes(ctx, tx, sam.Person)
			if len(got) != 0 {
				t.Error("a suspended group takes events")
			}
			b, err2 := x.ByID(ctx, tx, g)
			if !b.Suspended || err2 != nil {
				t.Errorf("%+v, %v", b, err2)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := x.Suspend(ctx, oper, "riverside", false); err != nil {
			t.Fatal(err)
		}
		want := []string{"start group", "fact.GroupSuspended", "suspend group", "fact.GroupSuspended", "lift group suspension"}
		if d := cmp.Diff(want, x.heard.all); d != "" {
			t.Error(d)
		}
	})
}

func TestCreateSample(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, x *fixture) {
		ctx := t.Context()
		in := CreateInput{Name: "Riverside Neighbours", Handle: "riverside", Place: "Leipzig"}
		var ids [2]id.Group
		for i := range ids {
			err := x.DB.Write(ctx, func(tx *db.Tx) error {
				var err error
				ids[i], err = x.CreateSample(ctx, tx, in)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		if ids[0] != ids[1] || ids[0] == "" {
			t.Errorf("loaded twice: %v", ids)
		}
		page, _, err := x.List(ctx, "", "", 10)
		if err != nil || len(page) != 1 || !page[0].Sample {
			t.Errorf("%+v, %v", page, err)
		}
	})
}

func FuzzFoldHandle(f *testing.F) {
	for _, s := range []string{"Riverside", "@@a", "ＡＢＣ", "İ", "a.json", "\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		h := handle.Fold(s)
		if again := handle.Fold(h); again != h {
			t.Errorf("%q folds to %q, then to %q", s, h, again)
		}
		if _, bad := handles().Check(h); !bad && (strings.ContainsAny(h, "./%? ") || h != strings.ToLower(h)) {
			t.Errorf("%q is taken as %q", s, h)
		}
	})
}

func FuzzSkeleton(f *testing.F) {
	for _, s := range []string{"Riverside", "cІ", "rnrn", "vvv", "\xff", "Ⅷ"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if k := skeleton(s); strings.Contains(k, " ") || skeleton(strings.ToUpper(k)) != skeleton(k) {
			t.Errorf("%q looks like %q", s, k)
		}
	})
}
