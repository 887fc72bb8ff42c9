package i18n

import (
	"testing"

	"convoke/internal/i18n/po"
)

// TestAFormForSeveralNumbersNamesThem: words may stand for a number only where
// the form is for that number and no other; else 2 and 22 would read the same.
func TestAFormForSeveralNumbersNamesThem(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		rule  string
		forms []string
		wrong []int
	}{
		{"nplurals=2; plural=n != 1;", []string{"one", "{n} many"}, nil},
		{"nplurals=2; plural=n != 1;", []string{"one", "many"}, []int{1}},
		{"nplurals=2; plural=n > 1;", []string{"none or one", "{n} many"}, []int{0}}, // French
		{"nplurals=3; plural=n%10==1 && n%100!=11 ? 0 : n%10>=2 && n%10<=4 && (n%100<12 || n%100>14) ? 1 : 2;", []string{"one", "few", "{n} many"}, []int{0, 1}},
		{
			"nplurals=6; plural=n==0 ? 0 : n==1 ? 1 : n==2 ? 2 : n%100>=3 && n%100<=10 ? 3 : n%100>=11 ? 4 : 5;",
			[]string{"none", "one", "two", "{n} few", "many", "{n} other"},
			[]int{4},
		},
	} {
		rule, err := po.ParsePlural(c.rule)
		if err != nil {
			t.Fatal(err)
		}
		var wrong []int
		for _, m := range CheckForms("{n} is coming.", "{n} are coming.", c.forms, rule) {
			wrong = append(wrong, m.Form)
		}
		if len(wrong) != len(c.wrong) {
			t.Errorf("%q by %s: wrong are %v, want %v", c.forms, c.rule, wrong, c.wrong)
			continue
		}
		for i := range wrong {
			if wrong[i] != c.wrong[i] {
				t.Errorf("%q by %s: wrong are %v, want %v", c.forms, c.rule, wrong, c.wrong)
			}
		}
	}
}
