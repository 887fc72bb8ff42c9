package leaf

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"testing"

	"pgregory.net/rapid"
)

// decodeAny decodes and encodes a leaf of any kind.
func decodeAny(b []byte) ([]byte, error) {
	k, err := KindOf(b)
	if err != nil {
		return nil, err
	}
	switch k {
	case KindOpen:
		return again(DecodeOpen(b))
	case KindAnchor:
		return again(DecodeAnchor(b))
	case KindClose:
		return again(DecodeClose(b))
	case KindResult:
		return again(DecodeResult(b))
	case KindRelease:
		return again(DecodeRelease(b))
	case KindMilestone:
		return again(DecodeMilestone(b))
	case KindNote:
		return again(DecodeNote(b))
	case KindLadder:
		return again(DecodeLadder(b))
	case KindStep:
		return again(DecodeStep(b))
	case KindAlert:
		return again(DecodeAlert(b))
	case KindSign:
		l, err := DecodeSign(b)
		return l.Encode(), err
	case KindSay:
		l, err := DecodeSay(b)
		return l.Encode(), err
	case KindVote:
		l, err := DecodeVote(b)
		return l.Encode(), err
	case KindSeat:
		return again(DecodeSeat(b))
	case KindLedger:
		return again(DecodeLedger(b))
	case KindBatch:
		return again(DecodeBatch(b))
	case KindRoll:
		return again(DecodeRoll(b))
	case KindMember:
		return again(DecodeMember(b))
	case KindIssue:
		return again(DecodeIssue(b))
	case KindActivate:
		l, err := DecodeActivate(b)
		return l.Encode(), err
	case KindFreeze:
		return again(DecodeFreeze(b))
	}
	return nil, ErrLeaf
}

func again[T interface{ Encode() []byte }](l T, err error) ([]byte, error) { return l.Encode(), err }

func samples() [][]byte {
	say := Say{Key: Key{1}, Auth: make([]byte, AuthSize), Counter: 7, Body: Pledge{3, 2}.Encode()}
	bare := Say{Key: Key{1}, Counter: 8, Body: Withdraw()}
	return [][]byte{
		Open{[]byte(`{"a":1}`)}.Encode(), Anchor{[32]byte{1}, 5, [32]byte{2}}.Encode(), Close{ID{1}, 5, [32]byte{2}}.Encode(),
		Result{ID{1}, [32]byte{3}}.Encode(), Milestone{ID{1}, -1, 100, 101, 120, 1_700_000_000}.Encode(), Note{ID{1}, []byte(`{}`)}.Encode(),
		Ladder{[]byte(`{"v":1}`)}.Encode(), Step{ID{1}, []byte(`{}`)}.Encode(), Alert{[]byte(`{"v":1}`)}.Encode(),
		(&Sign{Key: Key{9}}).Encode(), say.Encode(), bare.Encode(), Ledger{1, true, 500, [3]byte{'E', 'U', 'R'}, [32]byte{4}}.Encode(),
		Release{ID{1}, 2, [32]byte{3}}.Encode(), Batch{40, [32]byte{1}}.Encode(), Roll{[]byte(`{}`)}.Encode(), Member{[32]byte{1}}.Encode(),
		Issue{NoMember, Assisted, 1, [32]byte{1}}.Encode(), (&Activate{Slot: 3}).Encode(), Freeze{1, 2, 3}.Encode(),
		(&Vote{Seat: 2, Counter: 3, Salt: [16]byte{4, 5}, Body: Withdraw()}).Encode(), Seat{[32]byte{1}, 7}.Encode(),
	}
}

// TestOneEncoding proves that each leaf decodes to itself, and nothing shorter or
// longer does.
func TestOneEncoding(t *testing.T) {
	for _, b := range samples() {
		got, err := decodeAny(b)
		if err != nil || !bytes.Equal(got, b) {
			t.Errorf("kind %#02x: %v", b[1], err)
		}
		for n := range b {
			if got, err := decodeAny(b[:n]); err == nil && bytes.Equal(got, b[:n]) && !json.Valid(b[2:n]) {
				t.Errorf("kind %#02x is also a leaf with %d bytes", b[1], n)
			}
		}
		if _, err := decodeAny(append(bytes.Clone(b), 1)); err == nil {
			t.Errorf("kind %#02x takes a byte more", b[1])
		}
		wrong := bytes.Clone(b)
		wrong[0] = 2
		if _, err := decodeAny(wrong); !errors.Is(err, ErrLeaf) {
			t.Errorf("kind %#02x takes version 2", b[1])
		}
	}
	if n := len((&Sign{}).Encode()); n != SignSize {
		t.Errorf("a sign leaf has %d bytes, want 290", n)
	}
}

func FuzzDecode(f *testing.F) {
	for _, b := range samples() {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if got, err := decodeAny(b); err == nil && !bytes.Equal(got, b) {
			t.Errorf("%x encodes as %x", b, got)
		}
	})
}

func TestSayVerifies(t *testing.T) {
	pub, priv, _ := ed25519.GenerateKey(nil)
	l := Say{Key: Key(pub), Counter: 1, Body: Pledge{10, 0}.Encode()}
	copy(l.Sig[:], ed25519.Sign(priv, Signed("n.example/b/x", 1, l.Body)))
	if !l.Verify("n.example/b/x") {
		t.Fatal("a good signature is refused")
	}
	if l.Verify("n.example/b/y") {
		t.Error("it fits another box")
	}
	other := l
	other.Counter = 2
	if other.Verify("n.example/b/x") {
		t.Error("it fits another counter")
	}
}

// TestSmallOrder tries the keys under which one signature fits every message.
func TestSmallOrder(t *testing.T) {
	for y := range smallOrder {
		for _, sign := range []byte{0, 0x80} {
			l := Say{Key: y, Body: Withdraw()}
			l.Key[31] |= sign
			l.Sig[0] = 1 // R is the neutral element and S is 0: fits when k·A is neutral
			if l.Verify("n.example/b/x") {
				t.Errorf("key %x is taken", l.Key)
			}
		}
	}
	if validKey(Key{1}) {
		t.Error("the neutral element is a key")
	}
}

// TestCanonical has the strings and the order of RFC 8785 section 3.2.
func TestCanonical(t *testing.T) {
	in := map[string]any{
		"\u20ac": "Euro Sign", "\r": "Carriage Return", "\ufb33": "Hebrew Letter Dalet With Dagesh", "1": "One",
		"\U0001F600": "Emoji: Grinning Face", "\u0080": "Control", "\u00f6": "Latin Small Letter O With Diaeresis",
	}
	want := "{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\u0080\":\"Control\",\"\u00f6\":\"Latin Small Letter O With Diaeresis\"," +
		"\"\u20ac\":\"Euro Sign\",\"\U0001F600\":\"Emoji: Grinning Face\",\"\ufb33\":\"Hebrew Letter Dalet With Dagesh\"}"
	got, err := Canonical(in)
	if err != nil || string(got) != want {
		t.Errorf("%v\n got %s\nwant %s", err, got, want)
	}
	got, err = Canonical([]any{"\u20ac$\u000f\nA'B\"\\\\\"/<>&", true, int64(maxInteger)})
	if err != nil || string(got) != "[\"\u20ac$\\u000f\\nA'B\\\"\\\\\\\\\\\"/<>&\",true,9007199254740991]" {
		t.Errorf("%v: %s", err, got)
	}
	for _, bad := range []string{`{"b":1,"a":2}`, `{"a":1,"a":1}`, `{ }`, `[1.5]`, `[1e3]`, `[9007199254740992]`, `null`, `{} `, `["\u0041"]`, "[\"\xff\"]", `{}{}`, ``} {
		if err := checkCanonical([]byte(bad)); !errors.Is(err, ErrCanonical) {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

func TestCanonicalTwice(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		m := rapid.MapOf(rapid.String(), rapid.OneOf(rapid.String().AsAny(), rapid.Int32().AsAny(), rapid.Bool().AsAny())).Draw(rt, "m")
		b, err := Canonical(m)
		if err != nil {
			rt.Fatal(err)
		}
		if err := checkCanonical(b); err != nil {
			rt.Fatalf("%s: %v", b, err)
		}
	})
}

func TestNames(t *testing.T) {
	x := IDOf([]byte("leaf"))
	if y, err := ParseID(x.String()); err != nil || x != y || len(x.String()) != 26 {
		t.Errorf("%v %v", y, err)
	}
	for _, s := range []string{"", "a", x.String() + "a", x.String()[:25] + "b", "A" + x.String()[1:]} {
		if _, err := ParseID(s); err == nil {
			t.Errorf("%q is an id", s)
		}
	}
	for origin, node := range map[string]string{
		NodeOrigin("a.example"): "a.example", BoxOrigin("localhost:80", x): "localhost:80", RollOrigin("a.example", x): "a.example",
		"a.example/b/nonsense": "", "/log": "", "": "",
	} {
		if got := NodeOf(origin); got != node {
			t.Errorf("%q is of %q, want %q", origin, got, node)
		}
	}
}
