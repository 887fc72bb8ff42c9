package alerts

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/i18n"
	"convoke/internal/job"
	"convoke/internal/seal"
)

// Answer is what somebody is told who wrote a message. It quotes nothing of it.
type Answer struct {
	Lang    string // BCP 47
	Subject string
	Lines   []string
	Link    string // absolute address of the page of their report; may be empty
}

// Reply hands an answer over to a number or an address. No error holds it.
type Reply func(ctx context.Context, to string, a Answer) error

// ask says what is missing, and how to write it.
func (d *Door) ask(r *reading) Answer {
	l := r.Locale
	a := Answer{Lang: l.Tag(), Subject: l.T("Please write once more"), Lines: []string{
		l.T("Nothing was stored yet. Please write it all in one message, with commas between: what, where, “{seen}” or “{heard}”, and what verifiers should know.",
			"seen", firstOf(l, seenWords()), "heard", firstOf(l, heardWords())),
	}}
	missing := r.missing()
	if slices.Contains(missing, "category") {
		a.Lines = append(a.Lines, l.T("What is one of these: {words}.", "words", d.words(l)))
	}
	if slices.Contains(missing, "place") {
		switch {
		case r.manyPlaces:
			a.Lines = append(a.Lines, l.T("That could be several places. Write one, with its region, or a postcode or coordinates."))
		case r.elsewhere:
			a.Lines = append(a.Lines, l.T("No network watches this place, so nobody here could check it."))
		default:
			a.Lines = append(a.Lines, l.T("Where is a town, a postcode or coordinates, such as 51.34, 12.37."))
		}
	}
	a.Lines = append(a.Lines, l.T("In danger call the emergency number."))
	return a
}

// words are the categories as messages name them in a language.
func (s *Service) words(l *i18n.Locale) string {
	var out []string
	for _, code := range s.allowed() {
		c, _ := categoryOf(code)
		out = append(out, firstOf(l, c.Words))
	}
	return strings.Join(out, ", ")
}

// which asks for one of several networks.
func (d *Door) which(l *i18n.Locale, e *fault.Error, all []Network) Answer {
	var names []string
	for _, n := range all {
		names = append(names, n.Handle)
	}
	return Answer{Lang: l.Tag(), Subject: l.T("Please write once more"), Lines: []string{
		l.T(e.Fields[0].Msg, e.Fields[0].Args...), l.T("Write it all once more, with one of these behind a comma: {words}.", "words", strings.Join(names, ", ")),
	}}
}

// thank says that a report is taken, and how to add to it.
func (d *Door) thank(r *reading, way, code string, unread bool) Answer {
	l := r.Locale
	k, _ := categoryOf(r.Category)
	word, shown := firstOf(l, addWords()), code[:halfCode]+"-"+code[halfCode:]
	a := Answer{Lang: l.Tag(), Subject: l.T("Your report ({add} {code})", "add", word, "code", shown), Lines: []string{
		l.T("Thank you. Verifiers check it before anybody is warned: {what}, {place}.", "what", l.T(k.Name), "place", r.Place.Label()),
	}}
	if unread {
		a.Lines = append(a.Lines, l.T("The picture could not be read."))
	}
	if way == ByMail {
		a.Lines = append(a.Lines, l.T("To add to it, answer this mail and leave its subject as it is. Nothing of it is kept longer than a day."))
		a.Link = d.BaseURL + "/alerts/report/" + keyOf(code)
	} else {
		a.Lines = append(a.Lines, l.T("To add to it, begin a message with: {add} {code}", "add", word, "code", shown))
	}
	if k.Life {
		a.Lines = append(a.Lines, l.T("In danger call the emergency number."))
	}
	return a
}

// Answers are sealed, with whom they go to, under a key an hour, which is destroyed a while
// after.
const (
	answerTable = "alert_answer"
	answerFor   = 2 * time.Hour
	answerTries = 6
)

// answerJob is the job of one answer.
type answerJob struct {
	Way    string `json:"way"`
	Scope  string `json:"scope"`
	Row    string `json:"row"`
	Sealed []byte `json:"sealed"`
}

// Kind implements job.Args.
func (answerJob) Kind() string { return "alerts.answer" }

// forgetAnswersJob destroys the key of an hour's answers.
type forgetAnswersJob struct {
	Scope string `json:"scope"`
}

// Kind implements job.Args.
func (forgetAnswersJob) Kind() string { return "alerts.forget_answers" }

// sealedAnswer is what is sealed of an answer.
type sealedAnswer struct {
	To     string
	Answer Answer
}

// reply lets a job hand an answer over.
func (s *Service) reply(ctx context.Context, way, to string, a Answer) error {
	if to == "" || s.Replies[way] == nil {
		return nil
	}
	hour := s.now(ctx).UTC().Truncate(time.Hour)
	j := answerJob{Way: way, Scope: "alerts:answer:" + hour.Format("2006010215"), Row: s.IDs.New()}
	k, err := s.Vault.Key(ctx, j.Scope)
	if err != nil {
		return err
	}
	b, err := json.Marshal(sealedAnswer{to, a})
	if err != nil {
		return fmt.Errorf("seal an answer: %w", err)
	}
	b = append(b, strings.Repeat(" ", 1023-(len(b)+1023)%1024)...) // its length tells little
	j.Sealed = k.Seal(s.Entropy, answerTable, "sealed", j.Row, b)
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		if err := s.Jobs.Enqueue(ctx, tx, forgetAnswersJob{j.Scope}, job.Insert{Unique: j.Scope, RunAt: hour.Add(time.Hour + answerFor)}); err != nil {
			return err
		}
		return s.Jobs.Enqueue(ctx, tx, j, job.Insert{})
	})
}

// sendAnswer is the worker of one answer.
func (s *Service) sendAnswer(ctx context.Context, j answerJob) error {
	hand := s.Replies[j.Way]
	if hand == nil {
		return nil // the operator has closed this way since
	}
	k, err := s.Vault.Existing(ctx, j.Scope)
	if errors.Is(err, seal.ErrDestroyed) {
		return nil // too late
	}
	if err != nil {
		return err
	}
	b, err := k.Open(answerTable, "sealed", j.Row, j.Sealed)
	if err != nil {
		return err
	}
	var x sealedAnswer
	if err := json.Unmarshal(b, &x); err != nil {
		return errors.New("a sealed answer cannot be read") // the cause quotes it
	}
	return hand(ctx, x.To, x.Answer)
}

func (s *Service) forgetAnswers(ctx context.Context, j forgetAnswersJob) error {
	return s.Vault.Destroy(ctx, j.Scope)
}
