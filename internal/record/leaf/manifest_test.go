package leaf

import (
	"strings"
	"testing"
)

// A manifest has one form: no other spelling of a name, nothing that says what
// leaving it out says, nothing left out that is always there.
func TestOneManifest(t *testing.T) {
	t.Parallel()
	const right = `{"closes":0,"node":"node.example","opens":0,"roll":"aaaaaaaaaaaaaaaaaaaaaaaaaa","slot":0,"takes":"sign","text":"","type":"petition","v":1}`
	if _, err := ParseBox([]byte(right)); err != nil {
		t.Fatal(err)
	}
	for name, r := range map[string]*strings.Replacer{
		"a zero":         strings.NewReplacer(`"node"`, `"min_batch":0,"node"`),
		"an empty list":  strings.NewReplacer(`"node"`, `"goals":[],"node"`),
		"left out":       strings.NewReplacer(`"closes":0,`, ``),
		"a capital":      strings.NewReplacer(`"closes":0,"node"`, `"Closes":0,"node"`),
		"an unknown one": strings.NewReplacer(`"slot"`, `"secret":1,"slot"`),
		"a space":        strings.NewReplacer(`,"slot"`, `, "slot"`),
	} {
		b := r.Replace(right)
		if b == right {
			t.Fatalf("%s: nothing was changed", name)
		}
		if _, err := ParseBox([]byte(b)); err == nil {
			t.Errorf("%s: %s is taken", name, b)
		}
	}
}
