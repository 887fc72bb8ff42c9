package app_test

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"convoke/internal/authz"
	"convoke/internal/record/leaf"
	"convoke/internal/record/sealed"
	"convoke/internal/web/webtest"
)

// trustee is an organisation with a program of its own, which reads the page of a key
// and prints what is to be pasted there.
type trustee struct {
	s      *stand
	page   string
	secret *sealed.Secret
}

func (x *trustee) transcript() *sealed.Transcript {
	x.s.t.Helper()
	t, err := sealed.Parse([]byte(x.s.visitor().Get(x.page+".json").Want(x.s.t, 200, "").Body))
	if err != nil {
		x.s.t.Fatal(err)
	}
	return t
}

func (x *trustee) says(message []byte, err error) {
	x.s.t.Helper()
	if err != nil {
		x.s.t.Fatal(err)
	}
	x.s.visitor().Post(x.page, "message", base64.StdEncoding.EncodeToString(message)).Want(x.s.t, 303, x.page)
}

// key lets organisations make a key on a page.
func (s *stand) key(page string, n int) (all []*trustee) {
	s.t.Helper()
	for seat := range n {
		x := &trustee{s: s, page: page}
		var err error
		if x.secret, err = sealed.NewSecret(rand.Reader, x.transcript(), uint8(seat+1), fmt.Sprintf("Library %d", seat+1), nil); err != nil {
			s.t.Fatal(err)
		}
		x.says(x.secret.Join, nil)
		all = append(all, x)
	}
	for _, x := range all {
		x.says(x.secret.MakeDeal(x.transcript()))
	}
	for _, x := range all {
		m, wrong, err := x.secret.MakeCheck(x.transcript())
		if wrong != nil {
			s.t.Fatal(wrong)
		}
		x.says(m, err)
	}
	return all
}

// shuts puts a sealed paper into a box, as the member on its roll.
func (s *stand) shuts(by authz.Actor, box string, paper byte) {
	s.t.Helper()
	v := s.voter(by, box)
	body, err := v.Box.Manifest.Sealed.Seal(v.Box.Origin, v.Public(), 1, []byte{paper})
	if err != nil {
		s.t.Fatal(err)
	}
	s.puts(v, body)
}

// opening is what the form of a vote on a proposal has.
func opening(s *stand, b *webtest.Browser, url, preset, run string) []string {
	s.t.Helper()
	seq := b.Get(url+"/open").Want(s.t, 200, "").Attr("input[name=sequence]", "value")
	return pollForm(preset, "key", s.IDs.Secret(), "sequence", seq, "trustees", run)
}

// TestTrusteesOnPages: three libraries make a key on a page, a vote is opened with it,
// nobody knows the result before two of them have given their shares, and a stranger
// counts it again.
func TestTrusteesOnPages(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		sam, actor := s.signIn("sam")
		ana, member := s.signIn("ana")
		g := s.group(actor, "riverside", "Riverside Neighbours")
		s.join(g, member)
		visitor := s.visitor()
		url := led(t, sam.Post("/proposals/new", proposalForm("key", s.IDs.Secret(), "group", "riverside")...))
		sam.Post(url, "do", "discuss").Want(t, 303, url)
		sam.Post(url, "do", "publish").Want(t, 303, url)

		ana.Get(url+"/trustees").Want(t, 403, "")
		form := []string{"key", s.IDs.Secret(), "trustees", "3", "need", "2"}
		ana.Post(url+"/trustees", form...).Want(t, 403, "")
		wants(t, sam.Get(url+"/open"), "whoever runs it cannot look either")
		sam.Post(url+"/trustees", "key", s.IDs.Secret(), "trustees", "10", "need", "2").Want(t, 422, "")
		sam.Post(url+"/trustees", "key", s.IDs.Secret(), "trustees", "3", "need", "4").Want(t, 422, "")
		page := led(t, sam.Post(url+"/trustees", form...))
		sam.Post(url+"/trustees", form...).Want(t, 303, page)
		wants(t, sam.Get(url+"/trustees"), "nobody yet", "Waits for trustees to take their seats")
		wants(t, visitor.Get(page), "convoke trustee new", "is missing")
		for _, nonsense := range []string{"", "no base64!", "AQED", strings.Repeat("A", 5000)} {
			visitor.Post(page, "message", nonsense).Want(t, 422, "")
		}
		all := s.key(page, 3)
		wants(t, visitor.Get(page), "The key is made.", "Library 2")
		_, run, _ := strings.Cut(page, "/trustees/")

		wants(t, sam.Get(url+"/open"), "Any 2 of these: Library 1, Library 2, Library 3")
		sam.Post(url+"/open", opening(s, sam, url, "consent", run)...).Want(t, 422, "")
		sam.Post(url+"/open", opening(s, sam, url, "majority", s.IDs.New())...).Want(t, 422, "")
		poll := led(t, sam.Post(url+"/open", opening(s, sam, url, "majority", run)...))
		p := s.pollJSON(visitor, poll)
		wants(t, visitor.Get(poll), "Any 2 of these: Library 1")
		wants(t, visitor.Get(page), "People are voting.")
		s.shuts(actor, p.Box, 0)
		s.shuts(member, p.Box, 0)
		share := func(x *trustee) []byte {
			t.Helper()
			sh, err := x.secret.Share(x.transcript())
			if err != nil {
				t.Fatal(err)
			}
			b, err := leaf.ParseID(p.Box)
			if err != nil {
				t.Fatal(err)
			}
			return leaf.Release{Box: b, Trustee: sh.Seat, Share: sh.Secret}.Encode()
		}
		if early := visitor.Post(page, "message", base64.StdEncoding.EncodeToString(share(all[0]))).Want(t, 422, "").Text("main"); !strings.Contains(early, "The poll has not closed yet.") {
			t.Errorf("a share before the close: %s", early)
		}
		s.closes(p.Box)
		s.later()
		wants(t, visitor.Get(poll), "Until trustees open it nobody knows the result: 0 shares are here.", "Closed, waits for trustees")
		wants(t, visitor.Get(poll+"/ballots"), "Until trustees open them nobody can read the votes.")
		visitor.Get(poll+"/ballots?from=100").Want(t, 404, "")
		wants(t, visitor.Get(page), "convoke trustee release")
		if err := s.Polls.CountDue(t.Context()); err != nil {
			t.Error(err)
		}
		visitor.Post(page, "message", base64.StdEncoding.EncodeToString(all[0].secret.Join)).Want(t, 422, "")
		all[2].says(share(all[2]), nil)
		all[2].says(share(all[2]), nil)
		wants(t, visitor.Get(poll), "1 share is here.")
		all[1].says(share(all[1]), nil)
		if _, err := s.Jobs.RunPending(t.Context()); err != nil {
			t.Error(err)
		}
		s.later()
		wants(t, visitor.Get(poll), "Adopted.", "2 votes were cast")
		wants(t, visitor.Get(poll+"/ballots"), "Yes")
		s.pollRecounted(p.Box)
		if text := visitor.Get("/b/"+p.Box+"/trustees.json").Want(t, 200, "").Body; text != visitor.Get(page+".json").Body {
			t.Error("the record has other trustees than the page")
		}
	})
}

// seat is the message with which a library takes the first seat of a run.
func (s *stand) seat(run string) string {
	s.t.Helper()
	x := &trustee{s: s, page: "/trustees/" + run}
	secret, err := sealed.NewSecret(rand.Reader, x.transcript(), 1, "Library 1", nil)
	if err != nil {
		s.t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(secret.Join)
}

// TestTrusteesWhoNeverCome: 90 days after the close a vote that nobody can open is given
// up, and the proposal can be voted on again.
func TestTrusteesWhoNeverCome(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		sam, actor := s.signIn("sam")
		s.group(actor, "riverside", "Riverside Neighbours")
		url := led(t, sam.Post("/proposals/new", proposalForm("key", s.IDs.Secret(), "group", "riverside")...))
		sam.Post(url, "do", "discuss").Want(t, 303, url)
		sam.Post(url, "do", "publish").Want(t, 303, url)
		page := led(t, sam.Post(url+"/trustees", "key", s.IDs.Secret(), "trustees", "2", "need", "2"))
		s.key(page, 2)
		_, run, _ := strings.Cut(page, "/trustees/")
		poll := led(t, sam.Post(url+"/open", opening(s, sam, url, "majority", run)...))
		s.shuts(actor, s.pollJSON(s.visitor(), poll).Box, 0)
		s.closes(s.pollJSON(s.visitor(), poll).Box)
		count := func() {
			t.Helper()
			if err := s.Polls.CountDue(t.Context()); err != nil {
				t.Error(err)
			}
			if _, err := s.Jobs.RunPending(t.Context()); err != nil {
				t.Error(err)
			}
		}
		s.clock.Add(60 * 24 * time.Hour)
		count()
		wants(t, s.visitor().Get(poll), "Closed, waits for trustees")
		s.clock.Add(60 * 24 * time.Hour)
		count()
		wants(t, s.visitor().Get(poll), "Never opened", "Too few trustees gave their shares in 90 days")
		if text := s.visitor().Get(url + ".json").Body; !strings.Contains(text, `"state": "discussed"`) {
			t.Errorf("the proposal says %s", text)
		}
	})
}

// TestTrusteesOutlastTheGroup: when a group ends its work or is suspended while its vote
// is open, trustees open the vote all the same, and it is counted.
func TestTrusteesOutlastTheGroup(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		ctx := t.Context()
		sam, actor := s.signIn("sam")
		_, keeper := s.signIn("keeper")
		keeper.Operator = true
		goes := map[string]func() error{
			"suspended": func() error { return s.Groups.Suspend(ctx, keeper, "suspended", true) },
			"ended": func() error {
				err := s.Groups.End(ctx, actor, "ended", true)
				s.clock.Add(31 * 24 * time.Hour) // what served its members is deleted
				return errors.Join(err, s.Groups.Expire(ctx), s.Polls.Expire(ctx), s.Trustees.Expire(ctx))
			},
		}
		for _, handle := range []string{"suspended", "ended"} {
			s.group(actor, handle, "Group "+handle)
			url := led(t, sam.Post("/proposals/new", proposalForm("key", s.IDs.Secret(), "group", handle)...))
			sam.Post(url, "do", "discuss").Want(t, 303, url)
			sam.Post(url, "do", "publish").Want(t, 303, url)
			page := led(t, sam.Post(url+"/trustees", "key", s.IDs.Secret(), "trustees", "2", "need", "2"))
			all := s.key(page, 2)
			_, run, _ := strings.Cut(page, "/trustees/")
			poll := led(t, sam.Post(url+"/open", opening(s, sam, url, "majority", run)...))
			box := s.pollJSON(sam, poll).Box
			s.shuts(actor, box, 0)
			if err := goes[handle](); err != nil {
				t.Fatal(err)
			}
			s.closes(box)
			wants(t, s.visitor().Get(page), "convoke trustee release", "0 shares are here.")
			b, err := leaf.ParseID(box)
			if err != nil {
				t.Fatal(err)
			}
			for _, x := range all {
				sh, err := x.secret.Share(x.transcript())
				if err != nil {
					t.Fatal(err)
				}
				x.says(leaf.Release{Box: b, Trustee: sh.Seat, Share: sh.Secret}.Encode(), nil)
			}
			if _, err := s.Jobs.RunPending(ctx); err != nil {
				t.Error(err)
			}
			if got := s.column("select state from poll where box_id = $1", box); got[0] != "counted" {
				t.Errorf("%s: the poll is %s", handle, got[0])
			}
			s.pollRecounted(box)
		}
	})
}
