package identity

import (
	"crypto/sha256"
	"encoding/binary"
	"strings"
	"testing"
	"unicode"

	"github.com/sethvargo/go-diceware/diceware"

	"convoke/internal/fault"
)

func TestParseHandle(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]string{
		"sam": "sam", " @Sam.Reed ": "sam.reed", "ＡＤＡ": "ada", "a-1_b": "a-1_b", strings.Repeat("a", 30): strings.Repeat("a", 30),
		"": "handle.missing", "@": "handle.missing", "ab": "handle.length", strings.Repeat("a", 31): "handle.length",
		"1sam": "handle.shape", "_sam": "handle.shape", "sam reed": "handle.shape", "sаm": "handle.shape", // Cyrillic а
		"müller": "handle.shape", "a/b": "handle.shape", "a%00b": "handle.shape",
		"Admin": "handle.reserved", "operator": "handle.reserved", "ｓｅｔｕｐ": "handle.reserved",
	} {
		got, err := parseHandle(typed)
		if err != nil {
			got = fault.Of(err).Fields[0].Code
		}
		if got != want {
			t.Errorf("%q gives %q, want %q", typed, got, want)
		}
	}
	for _, h := range handles().Reserved {
		if _, err := parseHandle(h); foldHandle(h) != h || err == nil || fault.Of(err).Fields[0].Code != "handle.reserved" {
			t.Errorf("reserved %q could never be typed", h)
		}
	}
}

func FuzzFoldHandle(f *testing.F) {
	for _, s := range []string{"Sam", "@@a", "ＡＢＣ", "İstanbul", "ﬀoo", "\u1E9E", "a\u0301", "\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		h := foldHandle(s)
		if again := foldHandle(h); again != h {
			t.Errorf("%q folds to %q, then to %q", s, h, again)
		}
		stored, err := parseHandle(s)
		if err != nil {
			return
		}
		for _, r := range stored {
			if r > unicode.MaxASCII || unicode.IsUpper(r) {
				t.Errorf("%q is stored as %q", s, stored)
			}
		}
		if same, err := parseHandle(strings.ToUpper(stored)); err != nil || same != stored {
			t.Errorf("%q in capitals is %q, %v", stored, same, err)
		}
	})
}

func FuzzNormalPass(f *testing.F) {
	for _, s := range []string{"harbor lantern", "YO-YO", "１ ａ", "\xff", "é", "ﬁ", "İ"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n := normalPass(s)
		if len(n) <= maxPass && normalPass(n) != n {
			t.Errorf("%q becomes %q, then %q", s, n, normalPass(n))
		}
		for _, r := range n {
			if !unicode.IsLetter(r) {
				t.Errorf("%q keeps %q", s, r)
			}
		}
	})
}

// stream is a deterministic source of bytes.
func stream() func(int) []byte {
	n, buf := uint64(0), []byte(nil)
	return func(k int) []byte {
		for len(buf) < k {
			var b [8]byte
			binary.BigEndian.PutUint64(b[:], n)
			n++
			h := sha256.Sum256(b[:])
			buf = append(buf, h[:]...)
		}
		out := buf[:k:k]
		buf = buf[k:]
		return out
	}
}

func TestDraw(t *testing.T) {
	t.Parallel()
	random := stream()
	seen := map[string]int{}
	const rounds = 20_000
	for range rounds {
		words := strings.Fields(draw(random))
		if len(words) != passWords {
			t.Fatalf("%d words", len(words))
		}
		for _, w := range words {
			seen[w]++
		}
	}
	// 140,000 words are 18 of each; a word that is never drawn, or one drawn
	// three times as often, shows a broken draw.
	if len(seen) != listWords {
		t.Errorf("%d different words, want %d", len(seen), listWords)
	}
	for w, n := range seen {
		if n > 54 {
			t.Errorf("%q came %d times of %d", w, n, rounds*passWords)
		}
	}
}

func TestDrawRefusesTheUnevenRest(t *testing.T) {
	t.Parallel()
	first := true
	got := draw(func(int) []byte {
		if first {
			first = false
			return []byte{0xff, 0xff}
		}
		return []byte{0, 0}
	})
	if want := strings.TrimSpace(strings.Repeat("abacus ", passWords)); got != want {
		t.Errorf("%q", got)
	}
	if a, b := dice(0), dice(listWords-1); a != 11111 || b != 66666 {
		t.Errorf("dice %d and %d", a, b)
	}
}

// Two passphrases that differ stay different when only their letters count.
func TestWordsKeepTheirEntropy(t *testing.T) {
	t.Parallel()
	list, seen := diceware.WordListEffLarge(), map[string]bool{}
	for i := range listWords {
		w := list.WordAt(dice(i))
		// The list has both "yo-yo" and "yoyo": one word of 7776 lost, which is
		// nothing of 90 bits.
		if w == "" || seen[normalPass(w)] && w != "yoyo" {
			t.Errorf("%q at %d", w, i)
		}
		seen[normalPass(w)] = true
	}
	// No word begins with another, so joined words can be read in one way only.
	for w := range seen {
		for i := 1; i < len(w); i++ {
			if seen[w[:i]] {
				t.Errorf("%q begins with %q", w, w[:i])
			}
		}
	}
}

func TestHash(t *testing.T) {
	t.Parallel()
	h := newHasher()
	ctx := t.Context()
	stored, err := h.hash(ctx, "harbor lantern", make([]byte, argonSalt))
	if err != nil {
		t.Fatal(err)
	}
	for pass, want := range map[string]bool{"Harbor-LANTERN": true, "harbor lanterns": false, "": false} {
		if ok, err := h.verify(ctx, pass, stored); ok != want || err != nil {
			t.Errorf("%q: %v, %v", pass, ok, err)
		}
	}
	if ok, err := h.verify(ctx, "harbor lantern", ""); ok || err != nil {
		t.Errorf("an absent account: %v, %v", ok, err)
	}
	for _, bad := range []string{"x", "$argon2id$v=19$m=1,t=1,p=1$AAAA$AAAA", stored + "$", strings.TrimSuffix(stored, stored[len(stored)-4:])} {
		if ok, err := h.verify(ctx, "harbor lantern", bad); ok || err == nil {
			t.Errorf("%q: %v, %v", bad, ok, err)
		}
	}
}

func TestHashQueueIsBounded(t *testing.T) {
	t.Parallel()
	h := newHasher()
	for range cap(h.waiting) {
		h.waiting <- struct{}{}
	}
	_, err := h.verify(t.Context(), "a", "")
	if e := fault.Of(err); e == nil || e.Kind != fault.KindUnavailable || e.RetryAfter == 0 {
		t.Errorf("full queue: %v", err)
	}
}
