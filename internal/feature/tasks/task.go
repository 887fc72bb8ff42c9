package tasks

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"html/template"
	"net/url"
	"slices"
	"strings"
	"time"

	"convoke/internal/authz"
	"convoke/internal/day"
	"convoke/internal/fact"
	"convoke/internal/fault"
	"convoke/internal/id"
	"convoke/internal/markdown"
)

// Limits: of a title in characters, of the address of a page in bytes, of tasks that
// members may leave open in one group, and how long what is closed is kept, and what is
// open after its day and the last change.
const (
	maxTitle  = 120
	maxSource = 500
	maxOpen   = 200
	maxFirst  = 50  // titles on the newcomers' page
	keepDone  = 90  // days
	keepOpen  = 180 // days
)

// State is where a task stands.
type State string

// The states.
const (
	Open    State = "open"
	Done    State = "done"
	Dropped State = "dropped"
)

// Task is one thing to do.
type Task struct {
	ID, Title string
	Group     id.Group
	Note      string // Markdown
	HTML      template.HTML
	Source    string // address of the page where it was decided, or ""
	Owner     id.Person
	Handle    string // of the owner, "" for nobody yet
	Until     int    // yyyymmdd, 0 for no day
	First     bool   // good for a first time
	State     State
	Made      int
	Closed    int
}

// Do is what somebody does to a task.
type Do string

// What can be done to a task.
const (
	Take   Do = "take"
	Back   Do = "back"
	Finish Do = "finish"
	Reopen Do = "reopen"
	Give   Do = "give"
	Drop   Do = "drop"
	First  Do = "first"
	Later  Do = "later" // no longer good for a first time
)

func dos() []Do { return []Do{Take, Back, Finish, Reopen, Give, Drop, First, Later} }

// needs is what an act takes of whoever does it.
func (d Do) needs() authz.Action {
	switch d {
	case Give, Drop, First, Later:
		return authz.RunTasks
	case Take, Back, Finish, Reopen:
	}
	return authz.TakeTask
}

// allows reports whether somebody with a role may do it to the task as it is. What
// is open without owner can be finished by whoever did it.
func (t *Task) allows(do Do, who id.Person, sub authz.Subject) bool {
	if !authz.May(authz.Actor{Person: who}, do.needs(), sub) {
		return false
	}
	own, runs := t.Owner == who, authz.May(authz.Actor{Person: who}, authz.RunTasks, sub)
	switch do {
	case Take:
		return t.State == Open && t.Owner == ""
	case Back:
		return t.State == Open && own
	case Finish:
		return t.State == Open && (own || runs || t.Owner == "")
	case Reopen:
		return t.State != Open && (runs || own && t.State == Done)
	case Give, Drop:
		return t.State == Open
	case First:
		return t.State == Open && !t.First
	case Later:
		return t.State == Open && t.First
	}
	return false
}

// is reports whether the task is already as it would be: what was done twice is done
// once.
func (t *Task) is(do Do, who, to id.Person) bool {
	switch do {
	case Take:
		return t.State == Open && t.Owner == who
	case Back:
		return t.State == Open && t.Owner == ""
	case Finish:
		return t.State == Done
	case Reopen:
		return t.State == Open
	case Give:
		return t.State == Open && t.Owner == to
	case Drop:
		return t.State == Dropped
	case First:
		return t.First
	case Later:
		return !t.First
	}
	return false
}

// done is the task after an act; to is who is given it.
func (t Task) done(do Do, who, to id.Person, today int) Task {
	switch do {
	case Take:
		t.Owner = who
	case Back:
		t.Owner = ""
	case Finish:
		t.State, t.Closed = Done, today
		if t.Owner == "" {
			t.Owner = who
		}
	case Drop:
		t.State, t.Closed = Dropped, today
	case Reopen:
		t.State, t.Closed = Open, 0
	case Give:
		t.Owner = to
	case First, Later:
		t.First = do == First
	}
	return t
}

// expires is the day on which the task is deleted when nothing more happens to it.
func (t *Task) expires(today int) int {
	if t.State != Open {
		return day.After(t.Closed, keepDone)
	}
	return day.After(max(t.Until, today), keepOpen)
}

// Late reports whether its day has passed.
func (t *Task) Late(today int) bool { return t.State == Open && t.Until > 0 && t.Until < today }

// inOrder sorts by day, those without one last.
func inOrder(all []Task) {
	slices.SortStableFunc(all, func(a, b Task) int {
		switch {
		case a.Until == b.Until:
			return strings.Compare(a.ID, b.ID)
		case a.Until == 0:
			return 1
		case b.Until == 0:
			return -1
		}
		return a.Until - b.Until
	})
}

// Input is a task as somebody typed it. Key names the form.
type Input struct {
	Key, Title, Note string
	Until            string // 2027-05-08, or ""
	Mine             bool   // whoever adds it takes it
}

// parse checks everything at once; today is the day in the group's zone, 0 for a task
// that was made before.
func (in Input) parse(today int) (Task, error) {
	if !id.ValidSecret(in.Key) {
		return Task{}, fault.Malformed("form.key", "This form is incomplete. Please open the page again.")
	}
	t := Task{Title: in.Title, Note: in.Note, State: Open}
	var bad []fault.FieldError
	switch n := len([]rune(in.Title)); {
	case n == 0:
		bad = append(bad, fault.Field("title", "task.no_title", "Say what there is to do."))
	case n > maxTitle:
		bad = append(bad, fault.Field("title", "task.title_long", "This is too long: at most {max} characters.", "max", maxTitle))
	}
	html, err := markdown.Render(in.Note)
	switch {
	case errors.Is(err, markdown.ErrTooLong):
		bad = append(bad, fault.Field("note", "task.note_long", "This text is too long: at most {kib} KiB.", "kib", markdown.MaxBytes>>10))
	case err != nil:
		bad = append(bad, fault.Field("note", "task.note_unreadable", "This text cannot be shown. Remove what is unusual in it."))
	}
	t.HTML = html
	if in.Until != "" {
		d, ok := day.Read(in.Until)
		switch {
		case !ok:
			bad = append(bad, fault.Field("until", "task.day", "Write the day as year-month-day, like 2027-05-08, or leave it empty."))
		case d < today:
			bad = append(bad, fault.Field("until", "task.day_past", "This day is over."))
		case today > 0 && d > day.After(today, 5*366):
			bad = append(bad, fault.Field("until", "task.day_far", "This day is too far away."))
		}
		t.Until = d
	}
	return t, fault.Invalid(bad...)
}

// given is the task that a decision makes, and what tells it from others. What a
// decision says is never refused: too long a title is cut, a note that cannot be shown
// is left out.
func given(f fact.TaskGiven) (t Task, uid string) {
	t = Task{Group: f.Group, Owner: f.Owner, State: Open, Title: strings.Join(strings.Fields(f.Title), " ")}
	if r := []rune(t.Title); len(r) > maxTitle {
		t.Title = string(r[:maxTitle-1]) + "…"
	}
	if html, err := markdown.Render(f.Note); err == nil {
		t.Note, t.HTML = f.Note, html
	}
	if ours(f.From) {
		t.Source = f.From
	}
	if !f.Until.IsZero() {
		t.Until = day.Of(f.Until)
	}
	sum := sha256.Sum256([]byte(strings.Join([]string{f.From, f.Title, string(f.Owner), f.Until.UTC().Format(time.DateOnly)}, "\x00")))
	return t, "given " + hex.EncodeToString(sum[:12])
}

// ours reports whether an address is a page of this site, as a path.
func ours(s string) bool {
	u, err := url.Parse(s)
	return err == nil && len(s) <= maxSource && strings.HasPrefix(s, "/") && !strings.HasPrefix(s, "//") && u.Host == "" && u.Scheme == "" &&
		!strings.ContainsAny(s, "\\\r\n\t")
}
