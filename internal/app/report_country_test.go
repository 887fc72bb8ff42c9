package app

import "testing"

// TestSameCountry: answers to reports cost money, and go no further than the country of the
// number that is shown.
func TestSameCountry(t *testing.T) {
	t.Parallel()
	for _, x := range []struct {
		ours, to string
		want     bool
	}{
		{"+49 341 99999", "+491701234567", true}, {"+49 341 99999", "+436601234567", false}, {"0049 341 1", "+49170", true},
		{"+1 212 5550100", "+14155550100", true}, {"+7 495 1", "+79161234567", true}, {"+34 91 1", "+1900", false},
		{"0341 99999", "+436601234567", true}, {"+49", "", false},
	} {
		if got := sameCountry(x.ours, x.to); got != x.want {
			t.Errorf("%s to %s: %v", x.ours, x.to, got)
		}
	}
}
