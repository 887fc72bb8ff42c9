package po

import (
	"slices"
	"testing"
)

func TestCredits(t *testing.T) {
	t.Parallel()
	f, err := Parse([]byte(`msgid ""
msgstr ""
"Language: uk\n"
"X-Translators: Олена,  The language café, Олена\n"
"Last-Translator: Ana Ruiz <ana@example.org>\n"
`))
	if err != nil {
		t.Fatal(err)
	}
	f.Credit("Ben, <Jo>")
	f.Credit("Ana Ruiz")
	f.Credit(" ")
	again, err := Parse(f.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if got := again.Credits(); !slices.Equal(got, []string{"Олена", "The language café", "Ben Jo", "Ana Ruiz"}) {
		t.Errorf("%q", got)
	}
	for _, last := range []string{"FULL NAME <EMAIL@ADDRESS>", "", "ana@example.org"} {
		if got := (&File{Header: map[string]string{"Last-Translator": last}}).Credits(); len(got) != 0 {
			t.Errorf("%q names %q", last, got)
		}
	}
}
