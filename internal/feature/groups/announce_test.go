package groups

import (
	"strings"
	"testing"
	"time"

	"convoke/internal/authz"
	"convoke/internal/fault"
)

func TestAnnouncements(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, x *fixture) {
		ctx := t.Context()
		sam, ada, bea, eve := x.person("sam"), x.person("ada"), x.person("bea"), x.person("eve")
		g := x.group(sam, "riverside", "Riverside")
		x.join(g, ada, authz.Organizer)
		x.join(g, bea, authz.Member)
		in := AnnounceInput{Key: x.IDs.Secret(), Title: "Keys", Body: "With **Ada**"}
		wantKind(t, x.Announce(ctx, bea, "riverside", in), fault.KindForbidden)
		wantKind(t, x.Announce(ctx, eve, "riverside", in), fault.KindNotFound)
		for range 2 { // sent twice
			if err := x.Announce(ctx, ada, "riverside", in); err != nil {
				t.Fatal(err)
			}
		}
		x.clock.Add(48 * time.Hour)
		if err := x.Announce(ctx, sam, "riverside", AnnounceInput{Key: x.IDs.Secret(), Title: "Later", Body: "x"}); err != nil {
			t.Fatal(err)
		}
		_, list, may, err := x.Announcements(ctx, bea, "riverside")
		if err != nil || may || len(list) != 2 || list[0].Title != "Later" || string(list[1].HTML) != "<p>With <strong>Ada</strong></p>\n" {
			t.Errorf("%+v, %v, %v", list, may, err)
		}
		_, _, _, err = x.Announcements(ctx, eve, "riverside")
		wantKind(t, err, fault.KindNotFound)
		wantKind(t, x.Retract(ctx, bea, "riverside", list[0].ID), fault.KindForbidden)
		wantKind(t, x.Retract(ctx, ada, "riverside", "none"), fault.KindNotFound)
		if err := x.Retract(ctx, ada, "riverside", list[0].ID); err != nil {
			t.Fatal(err)
		}
		x.clock.Add(keepAnnouncement)
		if _, list, _, err = x.Announcements(ctx, sam, "riverside"); err != nil || len(list) != 0 {
			t.Errorf("an old one is shown: %+v, %v", list, err)
		}
		x.clock.Add(-keepAnnouncement)
		if err := x.Expire(ctx); err != nil {
			t.Fatal(err)
		}
		if _, list, _, _ = x.Announcements(ctx, sam, "riverside"); len(list) != 1 {
			t.Error("one was deleted too early")
		}
		x.clock.Add(keepAnnouncement)
		if err := x.Expire(ctx); err != nil {
			t.Fatal(err)
		}
		x.clock.Add(-keepAnnouncement)
		if _, list, _, _ = x.Announcements(ctx, sam, "riverside"); len(list) != 0 {
			t.Error("an old one is kept")
		}
	})
}

func TestAnnouncementPages(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	sam, bea := n.person("sam"), n.person("bea")
	g := n.group(sam, "riverside", "Riverside")
	n.join(g, bea, authz.Member)
	const path = "/groups/riverside/announcements"
	steward, member := n.as(sam), n.as(bea)
	key := steward.Get(path).Want(t, 200, "").Attr("input[name=key]", "value")
	a := steward.Post(path, "key", key, "title", strings.Repeat("x", maxTitle+1), "body", " ").Want(t, 422, "")
	if a.Text("#title-error") == "" || a.Text("#body-error") == "" || len(a.Attr("#title", "value")) != maxTitle+1 || a.Attr("input[name=key]", "value") != key {
		t.Errorf("form: %s", a.Text("main"))
	}
	steward.Post(path, "key", "x", "title", "Keys", "body", "x").Want(t, 400, "")
	steward.Post(path, "key", key, "title", "Keys <b>", "body", "With **Ada**").Want(t, 303, path)
	a = member.Get(path).Want(t, 200, "")
	if a.Text("article h2") != "Keys <b>" || a.Text("article strong") != "Ada" || len(a.All("main form")) != 0 {
		t.Errorf("a member sees: %s", a.Text("main"))
	}
	if a = member.Get("/groups/riverside"); !strings.Contains(a.Text("main"), "Keys <b>") {
		t.Error("the group's page does not tell members")
	}
	if a = n.browser().Get("/groups/riverside"); strings.Contains(a.Text("main"), "Keys") {
		t.Error("the group's page tells visitors")
	}
	form := steward.Get(path).Attr("article form", "action")
	member.Post(form).Want(t, 403, "")
	steward.Post(form).Want(t, 303, path)
	steward.Post(form).Want(t, 404, "")
}
