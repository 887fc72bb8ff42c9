package app_test

import (
	"net/http/httptest"
	"slices"
	"testing"

	"convoke/internal/feature/pledges"
	"convoke/internal/record/verify"
)

// takes pledges by the form of browsers without script.
func (s *stand) takes(box, threshold, part string) {
	s.t.Helper()
	b := s.visitor()
	form := b.Get(box+"/take").Want(s.t, 200, "")
	wants(s.t, b.Post(box+"/take", "step", "assist", "way", "assisted", "threshold", threshold, "part", part,
		"key", form.Attr("input[name=key]", "value"), "grant", form.Attr("input[name=grant]", "value")), "It is in the record.")
}

// TestPledgeByGroupOnPages: a pledge that counts each group apart is drafted, opened,
// taken and counted again, all of it as browsers and strangers do.
func TestPledgeByGroupOnPages(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		sam, actor := s.signIn("sam")
		s.group(actor, "riverside", "Riverside Neighbours")
		s.group(actor, "hillside", "Hillside Neighbours")
		in := toolDay()
		in.Split, in.Parts, in.Rule, in.People = pledges.ByGroup, "@riverside\nhillside\n", "own", "2"
		const url = "/pledges/a-tool-for-the-garden-day"
		sam.Post("/pledges/new", pledgeForm(in, "key", s.IDs.Secret(), "group", "riverside")...).Want(t, 303, url)
		sam.Post(url+"/open", "sequence", sam.Get(url+"/open").Want(t, 200, "").Attr("input[name=sequence]", "value")).Want(t, 303, url)
		box := "/b/" + s.boxOf(actor, "a-tool-for-the-garden-day").String()
		wants(t, s.visitor().Get(url), "@riverside", "@hillside", "0 of 2; 2 more and it happens.")
		s.takes(box, "1", "0")
		s.takes(box, "3", "0")
		s.takes(box, "1", "1")
		s.takes(box, "2", "1")
		s.later()
		wants(t, s.visitor().Get(url), "1 of 2; 1 more and it happens.", "Reached on")
		if err := s.Record.Anchor(t.Context()); err != nil {
			t.Fatal(err)
		}
		node := httptest.NewServer(s.Site)
		defer node.Close()
		src, id, closer, err := verify.Open(node.URL + box)
		if err != nil {
			t.Fatal(err)
		}
		defer closer.Close()
		r, err := verify.Verify(t.Context(), src, verify.Options{Box: id})
		if err != nil || !r.Right() || len(r.Boxes) != 1 || r.Boxes[0].Counted != 4 || !slices.Equal(r.Boxes[0].Standing, []uint64{1, 2}) {
			t.Errorf("counted again: %+v, %v", r, err)
		}
	})
}
