package version

import (
	"strings"
	"testing"
)

func TestChoose(t *testing.T) {
	t.Parallel()
	all := []Meta{{Lang: "ar"}, {Lang: "es"}}
	for _, x := range []struct {
		original, wanted, want string
	}{
		{"en", "es,en", "es"}, {"en", ",ar", "ar"}, {"en", "uk,en", "en"}, {"en", "uk,es", "es"}, {"en", "", "en"}, {"en", "en,es", "en"},
		{"en-GB", "en,es", "en-GB"}, {Unknown, "und,es", Unknown}, {Unknown, "es", "es"},
	} {
		if got := Choose(x.original, all, strings.Split(x.wanted, ",")...); got != x.want {
			t.Errorf("of %s, %q gives %s, want %s", x.original, x.wanted, got, x.want)
		}
	}
}

func TestOlder(t *testing.T) {
	t.Parallel()
	m := Meta{Of: Hash("Title", "Text")}
	if m.Older(Hash("Title", "Text")) || !m.Older(Hash("Title", "text")) || !m.Older(Hash("TitleT", "ext")) || (Meta{}).Older("x") {
		t.Error("a hash does not tell what changed")
	}
}

func TestDir(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]string{"ar": "rtl", "fa": "rtl", "ur": "rtl", "he": "rtl", "en": "ltr", "zh": "ltr", "": "auto", Unknown: "auto", "?": "auto"} {
		if got := Dir(code); got != want {
			t.Errorf("%q runs %s, want %s", code, got, want)
		}
	}
}

func TestCredit(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"  The  language café ": "", "": "", "مريم": "", strings.Repeat("x", MaxCredit+1): "form.long", "ana@example.org": "version.contact",
		"Ana 0341 555 0123": "version.contact", "https://example.org": "version.contact",
	} {
		credit, problems := Check("credit", name)
		if code := ""; len(problems) > 0 {
			if code = problems[0].Code; code != want {
				t.Errorf("%q is refused with %s, want %q", name, code, want)
			}
		} else if want != "" || strings.Contains(credit, "  ") {
			t.Errorf("%q is taken as %q", name, credit)
		}
	}
}
