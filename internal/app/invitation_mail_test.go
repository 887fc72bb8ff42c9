package app_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"convoke/internal/api/apitest"
)

// TestInvitationByMail: an organizer mails the link of an invitation; the message names people
// and groups by handle alone, the address is kept nowhere, and nobody writes to many strangers.
func TestInvitationByMail(t *testing.T) {
	t.Parallel()
	eachWithMail(t, func(t *testing.T, s *mailStand) {
		b, sam := s.signIn("sam")
		s.group(sam, "riverside", "BUY <b>CHEAP</b> THINGS")
		page := "/groups/riverside/invitations"
		if a := b.Post(page, "role", "member", "key", s.IDs.Secret(), "email", "robin"); a.Status != 422 || a.Attr("#email", "value") != "robin" || a.Text("#link") != "" {
			t.Errorf("no address: %d", a.Status)
		}
		a := b.Post(page, "role", "member", "key", s.IDs.Secret(), "email", "Robin@example.org").Want(t, 200, "")
		link := a.Text("#link")
		wants(t, a, "It is on its way to that address, too.")
		if a.Attr("#email", "value") != "" {
			t.Error("the address stays in the form")
		}
		if rows := s.scan("Robin@example.org", strings.TrimPrefix(link, s.Config.BaseURL)); len(rows) != 0 {
			t.Errorf("address or link stand in %v", rows)
		}
		s.run()
		all := s.sink.Messages()
		if len(all) != 1 || all[0].To[0] != "Robin@example.org" || !strings.Contains(all[0].Text, link) || !strings.Contains(all[0].Text, "@sam invites you into the group @riverside.") {
			t.Fatalf("%+v", all)
		}
		if strings.Contains(all[0].Raw, "CHEAP") {
			t.Error("the message carries what anybody may write")
		}
		path := regexp.MustCompile(`/invitations/\w+`).FindString(all[0].Text)
		s.visitor().Get(path).Want(t, 200, "")
		c := apitest.New(t, s.Site).As((&access{stand: s.stand}).token(sam))
		var made struct{ URL string }
		for range 9 {
			c.Do("POST", "/groups/riverside/invitations", map[string]any{"role": "member", "email": "ann@example.org"}, "Idempotency-Key", s.IDs.Secret()).Want(201, &made)
		}
		a = b.Post(page, "role", "member", "key", s.IDs.Secret(), "email", "eve@example.org")
		if a.Status != 422 || !strings.Contains(a.Text("main"), "You have sent many of these today.") || a.Text("#link") == "" {
			t.Errorf("the eleventh: %d\n%s", a.Status, a.Text("main"))
		}
		s.run()
		if all = s.sink.Messages(); len(all) != 10 || made.URL == "" {
			t.Errorf("%d messages", len(all))
		}
		s.clock.Add(26 * time.Hour)
		s.run()
		if n := s.keys("mail:day-"); n != 0 {
			t.Errorf("%d keys are left", n)
		}
	})
}
