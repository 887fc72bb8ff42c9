package alerts

import (
	"testing"

	"convoke/internal/fault"
)

// TestGuard keeps out what could point to a person or a vehicle, and lets ordinary
// reports through.
func TestGuard(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, code string }{
		{"", ""},
		{"Smoke comes out of the third floor since 14:05", ""},
		{"Line 12 is closed, buses run every 20 min", ""},
		{"About 200 people, it is 38 C here at 3 pm", ""},
		{"The A14 and US 101 are closed for 5 km", ""},
		{"Power is out in the whole quarter since 2026-11-29", ""},
		{"Hay humo en la plaza mayor", ""},
		{"دخان كثيف في الساحة منذ ١٤:٠٥", "alert.note_address"}, // a number beside a square: better once too often
		{"call 0341 123 4567", "alert.note_phone"},
		{"+49 (341) 1234567", "alert.note_phone"},
		{"٠٣٤١١٢٣٤٥٦٧", "alert.note_phone"},
		{"０３４１１２３４５６７", "alert.note_phone"},
		{"a van L-XY 1234", "alert.note_plate"},
		{"plate ABC 1234", "alert.note_plate"},
		{"abc1234 drove past", "alert.note_plate"},
		{"1234 BCD", "alert.note_plate"},
		{"AB12 CDE", "alert.note_plate"},
		{"smoke at 12 Main Square", "alert.note_address"},
		{"Hauptstraße 5", "alert.note_address"},
		{"12 rue de la Paix", "alert.note_address"},
		{"0341\u00a0123\u00a0456", "alert.note_phone"},
		{"0341–123–456", "alert.note_phone"},
		{"+49‑341‑123456", "alert.note_phone"},
		{"03\u200b41 12\u200b34 56", "alert.note_phone"},
		{"12.03.4567", "alert.note_phone"},
		{"since 11/29/2026", ""},
		{"А123ВС77", "alert.note_plate"},
		{"١٢٣ أ ب ج", "alert.note_plate"},
		{"l-ab 123", "alert.note_plate"},
		{"1234 bcd", "alert.note_plate"},
		{"in 2026 the bridge was closed", ""},
		{"دخان كثيف منذ ٢٠ دقيقة", ""},
		{"Дым уже 20 минут", ""},
		{"Marktplatz 3", "alert.note_address"},
		{"Hauptstr. 5", "alert.note_address"},
		{"Lindenweg 12", "alert.note_address"},
		{"Karlsgasse 4", "alert.note_address"},
		{"C/ Mayor 5", "alert.note_address"},
		{"t.me/foo", "alert.note_contact"},
		{"look at bit.ly/abc", "alert.note_contact"},
		{"ask sam@example.org", "alert.note_contact"},
		{"see https://example.org/x", "alert.note_contact"},
		{"it is @sam again", "alert.note_contact"},
	} {
		err := guard("note", c.text)
		got := ""
		if e := fault.Of(err); e != nil && len(e.Fields) == 1 {
			got = e.Fields[0].Code
		}
		if got != c.code {
			t.Errorf("%q: %q, not %q", c.text, got, c.code)
		}
	}
}

func FuzzGuard(f *testing.F) {
	f.Add("AB12 CDE ٣")
	f.Fuzz(func(t *testing.T, s string) {
		if p := plain(s); plain(p) != p {
			t.Errorf("%q is %q, then %q", s, p, plain(p))
		}
		_ = guard("note", s)
	})
}
