package tally_test

import (
	"encoding/json"
	"errors"
	"testing"

	"convoke/internal/record/tally"
)

func TestRules(t *testing.T) {
	t.Parallel()
	for _, s := range []string{
		`{"method":"consent","options":1}`,
		`{"method":"consent","options":1,"quorum":5,"against_counts":true,"support":3,"share":{"num":4,"den":5},"blocks":2}`,
		`{"method":"yesno","options":1,"quorum":5,"support":3,"share":{"num":2,"den":3,"more":true}}`,
		`{"method":"yesno","options":1,"share":{"num":1,"den":1}}`,
		`{"method":"check","options":1,"max":5}`,
		`{"method":"approval","options":2,"winners":2,"support":9,"share":{"num":1,"den":2},"lots":[1,0]}`,
		`{"method":"score","options":3,"winners":1,"max":10,"lots":[2,0,1]}`,
		`{"method":"schulze","options":2,"quorum":90000000000,"lots":[0,1]}`,
		`{"method":"stv","options":3,"winners":2,"lots":[0,2,1]}`,
	} {
		if err := rules(t, s).Check(); err != nil {
			t.Errorf("%s: %v", s, err)
		}
	}
}

func rules(t *testing.T, s string) *tally.Rules {
	t.Helper()
	var r tally.Rules
	if err := json.Unmarshal([]byte(s), &r); err != nil {
		t.Fatal(err)
	}
	if b, err := json.Marshal(r); err != nil || string(b) != s {
		t.Fatalf("%s comes back as %s, %v", s, b, err)
	}
	return &r
}

func TestBadRules(t *testing.T) {
	t.Parallel()
	for _, s := range []string{
		`{"method":"","options":1}`,
		`{"method":"YesNo","options":1}`,
		`{"method":"yesno","options":0}`,
		`{"method":"yesno","options":2}`,
		`{"method":"yesno","options":1,"winners":1}`,
		`{"method":"yesno","options":1,"max":5}`,
		`{"method":"yesno","options":1,"blocks":1}`,
		`{"method":"yesno","options":1,"lots":[0]}`,
		`{"method":"yesno","options":1,"quorum":-1}`,
		`{"method":"yesno","options":1,"quorum":90000000001}`,
		`{"method":"yesno","options":1,"support":-1}`,
		`{"method":"yesno","options":1,"support":90000000001}`,
		`{"method":"yesno","options":1,"share":{"num":0,"den":2}}`,
		`{"method":"yesno","options":1,"share":{"num":3,"den":2}}`,
		`{"method":"yesno","options":1,"share":{"num":1,"den":1,"more":true}}`,
		`{"method":"yesno","options":1,"share":{"num":1,"den":1000001}}`,
		`{"method":"consent","options":1,"blocks":-1}`,
		`{"method":"consent","options":1,"blocks":1000001}`,
		`{"method":"check","options":1}`,
		`{"method":"check","options":1,"max":1}`,
		`{"method":"check","options":1,"max":11}`,
		`{"method":"check","options":1,"max":5,"quorum":1}`,
		`{"method":"check","options":1,"max":5,"support":1}`,
		`{"method":"check","options":1,"max":5,"against_counts":true}`,
		`{"method":"approval","options":1,"lots":[0]}`,
		`{"method":"approval","options":33,"lots":[0]}`,
		`{"method":"approval","options":2}`,
		`{"method":"approval","options":2,"lots":[0]}`,
		`{"method":"approval","options":2,"lots":[0,0]}`,
		`{"method":"approval","options":2,"lots":[0,2]}`,
		`{"method":"approval","options":2,"lots":[0,-1]}`,
		`{"method":"approval","options":2,"lots":[0,1,2]}`,
		`{"method":"approval","options":2,"winners":3,"lots":[0,1]}`,
		`{"method":"approval","options":2,"winners":-1,"lots":[0,1]}`,
		`{"method":"approval","options":2,"against_counts":true,"lots":[0,1]}`,
		`{"method":"score","options":2,"lots":[0,1]}`,
		`{"method":"score","options":2,"max":11,"lots":[0,1]}`,
		`{"method":"score","options":2,"max":5,"support":1,"lots":[0,1]}`,
		`{"method":"schulze","options":2,"winners":1,"lots":[0,1]}`,
		`{"method":"schulze","options":2,"share":{"num":1,"den":2},"lots":[0,1]}`,
		`{"method":"stv","options":2,"winners":3,"lots":[0,1]}`,
		`{"method":"stv","options":2,"max":3,"lots":[0,1]}`,
	} {
		if err := rules(t, s).Check(); !errors.Is(err, tally.ErrRules) {
			t.Errorf("%s: %v", s, err)
		}
	}
}
