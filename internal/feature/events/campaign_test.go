package events

import (
	"testing"

	"pgregory.net/rapid"
)

var words4 = rapid.SampledFrom([]string{"", "one", "two", "three"})

func drawTemplate(t *rapid.T, name string, version int) Template {
	return Template{
		Version: version, Title: words4.Draw(t, name+" title"), Kind: Kind(words4.Draw(t, name+" kind")),
		Description: words4.Draw(t, name+" description"), AccessNote: words4.Draw(t, name+" access"), Bring: words4.Draw(t, name+" bring"),
	}
}

func fieldsOf(e *Event, bring string) [5]string {
	return [5]string{e.Title, string(e.Kind), e.Description, e.Access.Note, bring}
}

func fieldsIn(t Template) [5]string {
	return [5]string{t.Title, string(t.Kind), t.Description, t.AccessNote, t.Bring}
}

// first4 are the fields that the form of an event has.
func first4(t Template) [4]string { f := fieldsIn(t); return [4]string(f[:4]) }

// TestTemplateReachesWhatFollowsAndNothingElse: after any template, an event
// says the template's words in each field that it left open, and its own in all
// others; no field is emptied but a note.
func TestTemplateReachesWhatFollowsAndNothingElse(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		first := drawTemplate(r, "first", 1)
		own := Event{Title: words4.Draw(r, "title"), Kind: Kind(words4.Draw(r, "kind")), Description: words4.Draw(r, "description")}
		own.Access.Note = words4.Draw(r, "access")
		e := own
		ownBring := words4.Draw(r, "bring")
		bring := ownBring
		first.join(&e, &bring)
		for i, was := range fieldsOf(&own, ownBring) {
			want := was
			if was == "" {
				want = fieldsIn(first)[i]
			}
			if got := fieldsOf(&e, bring)[i]; got != want {
				r.Fatalf("field %d of %q joins %q and says %q", i, was, fieldsIn(first)[i], got)
			}
		}
		for version := 2; version < 5; version++ {
			next := drawTemplate(r, "next", version)
			before, brought := e, bring
			changed := next.retell(&e, &bring)
			same := fieldsOf(&before, brought) == fieldsOf(&e, bring) && before.Follows == e.Follows
			if changed == same {
				r.Fatalf("changed is %v, and the event is the same: %v", changed, same)
			}
			for i, was := range fieldsOf(&before, brought) {
				now, told := fieldsOf(&e, bring)[i], fieldsIn(next)[i]
				follows := before.Follows&(1<<i) != 0
				switch {
				case !follows && now != was:
					r.Fatalf("field %d had its own words %q and says %q", i, was, now)
				case follows && told != "" && now != told:
					r.Fatalf("field %d follows %q and says %q", i, told, now)
				case follows && told == "" && i < 3 && now != was:
					r.Fatalf("field %d lost %q", i, was)
				}
			}
		}
	})
}

// TestFormAndTemplateMeet: a template that changed while a form was open takes
// nothing that was typed, and reaches what was left alone.
func TestFormAndTemplateMeet(t *testing.T) {
	t.Parallel()
	was := Template{Version: 1, Title: "Day of care", Kind: "march", Description: "Bring gloves."}
	now := Template{Version: 2, Title: "Days of care", Kind: "rally", Description: "Bring gloves and tea.", AccessNote: "Step-free."}
	for name, c := range map[string]struct {
		in      Input
		want    [4]string
		follows int64
	}{
		"left as it was":  {Input{Title: "Day of care", Kind: "march", Description: "Bring gloves."}, first4(now), 15},
		"emptied":         {Input{}, first4(now), 15},
		"own title":       {Input{Title: "Ours", Kind: "march", Description: "Bring gloves."}, [4]string{"Ours", "rally", now.Description, "Step-free."}, 14},
		"all of its own":  {Input{Title: "Ours", Kind: "vigil", Description: "Come.", AccessNote: "Stairs."}, [4]string{"Ours", "vigil", "Come.", "Stairs."}, 0},
		"the newest text": {Input{Title: "Days of care", Kind: "march", Description: "x"}, [4]string{"Days of care", "rally", "x", "Step-free."}, 10},
	} {
		got, follows := c.in.follow(was, now)
		if f := [4]string{got.Title, string(got.Kind), got.Description, got.AccessNote}; f != c.want || follows != c.follows {
			t.Errorf("%s: %q follows %b, want %q and %b", name, f, follows, c.want, c.follows)
		}
	}
}
