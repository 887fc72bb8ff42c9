package feedback

import (
	"encoding/json"
	"fmt"
	"time"
	"unicode/utf8"

	"convoke/internal/fault"
	"convoke/internal/i18n"
	"convoke/internal/id"
)

// Limits.
const (
	maxText = 1000
	// fewAnswers: below it nothing is told, for so few could be known by it.
	fewAnswers = 5
	// maxTexts is how many texts one page shows.
	maxTexts = 200
)

// Event is what this feature shows of an event.
type Event struct {
	ID       id.Event
	Title    string
	Start    time.Time // in the zone of the place
	End      time.Time
	Datetime string
	ThisYear bool
	Day      string
	When     string
	Where    string
	State    string
}

// asks says whether those who signed up are asked now.
func (e Event) asks(now time.Time) bool {
	return !e.End.After(now) && e.State != "cancelled" && e.State != "postponed"
}

type option struct{ code, name string }

// question is one with its answers, in order.
type question struct {
	code, name string
	options    []option
}

var questions = [...]question{
	{"mood", i18n.Mark("How was it?"), []option{
		{"good", i18n.Mark("Good")}, {"mixed", i18n.Mark("Mixed")}, {"bad", i18n.Mark("Bad")},
	}},
	{"access", i18n.Mark("Was access as promised?"), []option{
		{"yes", i18n.Mark("Yes")}, {"partly", i18n.Mark("Partly")}, {"no", i18n.Mark("No")}, {"none", i18n.Mark("Does not concern me")},
	}},
	{"again", i18n.Mark("Would you come again?"), []option{{"yes", i18n.Mark("Yes")}, {"no", i18n.Mark("No")}}},
}

// Answer is what one sign-up says. Only the mood is required.
type Answer struct {
	Mood   string `json:"m"`
	Access string `json:"a,omitempty"`
	Again  string `json:"g,omitempty"`
	Text   string `json:"t,omitempty"`
}

// to is the answer to a question, "" when it was left open.
func (a Answer) to(question string) string {
	return map[string]string{"mood": a.Mood, "access": a.Access, "again": a.Again}[question]
}

func (a Answer) check() error {
	var bad []fault.FieldError
	for _, q := range questions {
		given, known := a.to(q.code), false
		for _, o := range q.options {
			known = known || o.code == given
		}
		switch {
		case given == "" && q.code == "mood":
			bad = append(bad, fault.Field("mood", "feedback.mood", "Choose how it was."))
		case given != "" && !known:
			bad = append(bad, fault.Field(q.code, "feedback.answer", "Choose one of the answers."))
		}
	}
	if utf8.RuneCountInString(a.Text) > maxText {
		bad = append(bad, fault.Field("text", "form.long", "This is too long: at most {limit} characters, please.", "limit", maxText))
	}
	return fault.Invalid(bad...)
}

func (a Answer) encode() ([]byte, error) {
	b, err := json.Marshal(a)
	if err != nil {
		return nil, fmt.Errorf("encode feedback: %w", err)
	}
	// Padded, so that the length does not tell what was answered.
	const block = 64
	for len(b)%block != 0 {
		b = append(b, ' ')
	}
	return b, nil
}

func decode(b []byte) (Answer, error) {
	var a Answer
	if err := json.Unmarshal(b, &a); err != nil {
		return a, fmt.Errorf("decode feedback: %w", err)
	}
	return a, nil
}

// Held is the sign-up of whoever answers.
type Held struct {
	Hash []byte
	End  time.Time // of the event
	Gone time.Time // when the sign-up is removed
}

func (h Held) open(now time.Time) error {
	switch {
	case now.Before(h.End):
		return errEarly()
	case !now.Before(h.Gone):
		return errLate()
	}
	return nil
}

func errEarly() error {
	return fault.Conflict("feedback.early", "This event is not over yet. Come back when it is.")
}

func errLate() error {
	return fault.Gone("feedback.over", "It is too late to say how it was: sign-ups are deleted a week after the event.")
}
