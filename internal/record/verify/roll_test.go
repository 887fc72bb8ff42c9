package verify

import (
	"fmt"
	"strings"
	"testing"

	"convoke/internal/record/blind"
	"convoke/internal/record/leaf"
)

// TestTwoCredentials: a member of a closed roll gets one for each slot.
func TestTwoCredentials(t *testing.T) {
	r := &roll{manifest: leaf.RollManifest{Closed: true, Size: 200}, members: 200, keys: make([]*blind.VerifyKey, 2)}
	for _, c := range []struct {
		member, slots uint32
		wrong         string
	}{
		{0, 1, ""},
		{64, 1, ""},
		{199, 3, ""},
		{0, 2, ""},
		{199, 2, "member 199 got two credentials for slot 1"},
		{64, 3, "member 64 got two credentials for slot 0"},
		{200, 1, "a credential was given to nobody of the roll"},
	} {
		l := leaf.Issue{Member: c.member, Slots: c.slots}
		if err := r.issue(l.Encode()); (err == nil) != (c.wrong == "") || err != nil && !strings.Contains(fmt.Sprint(err), c.wrong) {
			t.Errorf("member %d, slots %b: %v", c.member, c.slots, err)
		}
	}
}
