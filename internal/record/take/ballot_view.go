package take

import (
	"slices"

	"convoke/internal/i18n"
	"convoke/internal/record/tally"
	"convoke/internal/web"
)

// ballot is the questions of a poll.
type ballot struct {
	Form           *web.Form
	Question, Lang string
	// Choices are what one chooses one of; otherwise Options are what one ticks,
	// ranks or gives points.
	Choices []web.Choice
	Options []option
	Ticks   bool
	Ranks   bool
	Equal   bool // ranks may be shared
	Reasons bool
	Blank   paper // what the script fills in
}

// option is one of several in a poll.
type option struct {
	Name  string
	On    bool
	Value string
	// Field and Values are its drop-down.
	Field  web.FieldView
	Values []web.Choice
}

// paper is what a vote says, in words.
type paper struct {
	Ranks    bool // lines have a rank, and the lowest is first
	Lines    []mark
	Rest     []string
	RestIs   string // what is said of them
	Abstains bool
	Empty    bool // nothing is said yet: the script fills it in
	Reason   string
	Reasons  bool
	Lang     string // of options; "" where words are the page's own
}

// mark is one thing that a vote names; Points are those of a score.
type mark struct {
	Name   string
	Rank   int
	Points string
}

// word is one answer to a question that has no options.
type word struct {
	value      int
	label, why string
}

func yesNoWords() []word {
	return []word{
		{tally.Yes, i18n.Mark("Yes"), ""},
		{tally.No, i18n.Mark("No"), ""},
		{tally.Abstain, i18n.Mark("Abstain"), i18n.Mark("I take part, and say neither.")},
	}
}

func consentWords() []word {
	return []word{
		{tally.Agree, i18n.Mark("Agree"), i18n.Mark("I can carry this.")},
		{tally.Aside, i18n.Mark("Stand aside"), i18n.Mark("I will not do it myself, and do not stop it.")},
		{tally.Reservation, i18n.Mark("Reservation"), i18n.Mark("I agree, and have a concern that should be heard.")},
		{tally.Block, i18n.Mark("Block"), i18n.Mark("This must not happen as it is. A block needs its reason.")},
	}
}

// words are the answers where there are no options, nil otherwise.
func (k *call) words() []word {
	switch r := k.rules(); r.Method {
	case tally.YesNo:
		return yesNoWords()
	case tally.Consent:
		return consentWords()
	case tally.Check:
		out := []word{}
		for n := 1; n <= r.Max; n++ {
			out = append(out, word{value: n})
		}
		return out
	}
	return nil
}

// label is what an answer is called.
func (k *call) label(w word) string {
	switch l := k.Locale; {
	case w.label != "":
		return l.T(w.label)
	case w.value == 1:
		return l.T("{n}: not at all", "n", w.value)
	case w.value == k.rules().Max:
		return l.T("{n}: very much", "n", w.value)
	default:
		return l.Number(int64(w.value))
	}
}

// names are those of the options; one that the feature does not name has a number.
func (k *call) names() []string {
	out := make([]string, k.rules().Options)
	for o := range out {
		out[o] = partName(k.what.Ballot.Options, o)
	}
	return out
}

// ballot is the form of a poll, nil of other boxes.
func (k *call) ballot(f *web.Form) *ballot {
	r, q := k.rules(), k.what.Ballot
	if r == nil || q == nil {
		return nil
	}
	b := &ballot{
		Form: f, Question: q.Question, Lang: q.Lang, Ticks: r.Method == tally.Approval, Equal: r.Method == tally.Schulze,
		Ranks: r.Method == tally.Schulze || r.Method == tally.STV, Reasons: r.Method == tally.Consent,
	}
	b.Blank = k.blank()
	b.Blank.Empty = true
	for _, w := range k.words() {
		c := web.Choice{Value: itoa(w.value), Label: k.label(w), On: f.Line("choice") == itoa(w.value)}
		if w.why != "" {
			c.Hint = k.Locale.T(w.why)
		}
		b.Choices = append(b.Choices, c)
	}
	if b.Choices != nil {
		return b
	}
	for o, name := range k.names() {
		x := option{Name: name, Value: itoa(o), On: f.Has("approve", itoa(o))}
		if !b.Ticks {
			x.Field, x.Values = k.dropDown(f, o, name)
		}
		b.Options = append(b.Options, x)
	}
	return b
}

// dropDown is the ranks or points of an option.
func (k *call) dropDown(f *web.Form, o int, name string) (web.FieldView, []web.Choice) {
	r, l := k.rules(), k.Locale
	field, most, none := rankField(o), r.Options, l.T("not ranked")
	if r.Method == tally.Score {
		field, most, none = scoreField(o), r.Max, l.Number(0)
	}
	all := []web.Choice{{Value: "0", Label: none}}
	for n := 1; n <= most; n++ {
		c := web.Choice{Value: itoa(n), Label: l.Number(int64(n)), On: f.Line(field) == itoa(n)}
		if n == 1 && r.Method != tally.Score {
			c.Label = l.T("1, first choice")
		}
		all = append(all, c)
	}
	return f.Field(field, name), all
}

// blank is a paper that says nothing yet.
func (k *call) blank() paper {
	r, l := k.rules(), k.Locale
	p := paper{Ranks: r.Method == tally.Schulze || r.Method == tally.STV, Reasons: r.Method == tally.Consent}
	switch r.Method {
	case tally.YesNo, tally.Consent, tally.Check:
		return p
	case tally.Approval:
		p.RestIs = l.T("Not approved:")
	case tally.Score:
		p.RestIs = l.T("Without points:")
	default:
		p.RestIs = l.T("Not ranked:")
	}
	p.Lang = k.what.Ballot.Lang
	return p
}

// inWords says what a vote says: what is ranked first comes first.
func (k *call) inWords(v *vote) *paper {
	if v == nil || k.what.Ballot == nil {
		return nil
	}
	p, r := k.blank(), k.rules()
	p.Reason = v.reason
	for _, w := range k.words() {
		if w.value == int(v.paper[0]) {
			p.Lines = []mark{{Name: k.label(w)}}
		}
	}
	if p.Lines != nil {
		return &p
	}
	values := v.paper
	if r.Method == tally.Approval {
		values = make([]byte, r.Options)
		for o := range values {
			if approved(v.paper, o) {
				values[o] = 1
			}
		}
	}
	names, order := k.names(), ranked(values)
	if r.Method == tally.Score {
		slices.SortStableFunc(order, func(a, b int) int { return int(values[b]) - int(values[a]) })
	}
	for _, o := range order {
		x := mark{Name: names[o], Rank: int(values[o])}
		if r.Method == tally.Score {
			x.Points = k.Locale.Number(int64(values[o]))
		}
		p.Lines = append(p.Lines, x)
	}
	for o, n := range values {
		if n == 0 {
			p.Rest = append(p.Rest, names[o])
		}
	}
	p.Abstains = r.Abstains(v.paper)
	return &p
}
