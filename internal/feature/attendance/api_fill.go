package attendance

import (
	"errors"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"convoke/internal/api"
	"convoke/internal/fault"
	"convoke/internal/web"
)

// apiShiftInput is a shift, the same on each day.
type apiShiftInput struct {
	Title    string `json:"title"`
	Start    string `json:"start" doc:"06:00, at the place."`
	End      string `json:"end" doc:"When it is not after the start, on the next day."`
	Capacity int    `json:"capacity,omitempty" doc:"People; 0 or absent is no limit."`
	Least    int    `json:"least,omitempty" doc:"People that it needs; 0 or absent when nothing is said."`
}

type apiFillInput struct {
	From     string          `json:"from" doc:"The first day, 2027-05-08; a day of the event."`
	To       string          `json:"to" doc:"The last one."`
	Weekdays []string        `json:"weekday,omitempty" nullable:"false" enum:"MO,TU,WE,TH,FR,SA,SU" doc:"Every day when absent."`
	Shifts   []apiShiftInput `json:"shifts" nullable:"false" minItems:"1" maxItems:"8"`
}

// apiFillSlot is a time that is made.
type apiFillSlot struct {
	Title    string `json:"title"`
	Start    string `json:"start" doc:"Local to the place, as in 2027-05-08T10:00+02:00."`
	End      string `json:"end"`
	Capacity int    `json:"capacity"`
	Least    int    `json:"least"`
}

// apiFillSkipped is a shift of one day that is not made.
type apiFillSkipped struct {
	Title string `json:"title"`
	Day   string `json:"day"`
	Start string `json:"start"`
	End   string `json:"end"`
	Why   string `json:"why" enum:"clock_change,outside" doc:"The clocks skip its start or its end, or it is not within the event."`
}

// apiFilling is what filling makes.
type apiFilling struct {
	Made    int              `json:"made" doc:"Times that this request makes; with dry_run, would make."`
	There   int              `json:"there" doc:"Times that are there already, from elsewhere."`
	Slots   []apiFillSlot    `json:"slots" nullable:"false" doc:"All of these, as they follow in time."`
	Skipped []apiFillSkipped `json:"skipped" nullable:"false"`
}

type apiFill struct {
	ID     string `path:"id"`
	DryRun bool   `query:"dry_run" doc:"Says what would be made, and changes nothing."`
	Body   apiFillInput
}

func (w *Web) mountFill(a *api.API) {
	api.Add(a, api.Op{
		Method: http.MethodPost, Path: "/events/{id}/timeslots/fill", ID: "fillTimeslots", Tag: "attendance", Scope: api.Events, Keyed: true,
		Summary: "Fill the days of an event with shifts",
		Doc: "For those who may edit it; all of them or none are made. Repeated, nothing is made twice, nor is a time of the same name and hours " +
			"that is there already. Look first with dry_run and the same key.",
	}, func(c *web.Call, in *apiFill) (apiFilling, error) { return w.apiFill(c, a, in) })
}

// weekdays are the days of iCalendar as time.Weekday counts them.
const weekdays = "SU MO TU WE TH FR SA"

func (in *apiFillInput) typed(c *web.Call) (FillInput, error) {
	f, err := api.Form(c, struct {
		From string `json:"from"`
		To   string `json:"to"`
	}{in.From, in.To})
	out := FillInput{From: f.Line("from"), To: f.Line("to")}
	for _, d := range in.Weekdays {
		out.Weekdays = append(out.Weekdays, strconv.Itoa(strings.Index(weekdays, d)/3))
	}
	for _, s := range in.Shifts {
		if f, err = api.Form(c, s); err != nil {
			return out, err
		}
		x := ShiftInput{Title: f.Line("title"), Start: f.Line("start"), End: f.Line("end"), Capacity: f.Line("capacity"), Least: f.Line("least")}
		out.Shifts = append(out.Shifts, x)
	}
	return out, err
}

func (w *Web) apiFill(c *web.Call, a *api.API, in *apiFill) (apiFilling, error) {
	b, err := w.edits(c)
	if err != nil {
		return apiFilling{}, err
	}
	key, err := a.Key(c)
	if err != nil {
		return apiFilling{}, err
	}
	typed, err := in.Body.typed(c)
	if err != nil {
		return apiFilling{}, err
	}
	f, err := w.LookAtFill(c.Context(), b.ID, key, b.Start, b.End, typed)
	if err == nil && !in.DryRun {
		if err = w.sameFill(c, b, &f); err == nil {
			f, err = w.Fill(c.Context(), b.ID, key, b.Start, b.End, typed)
		}
	}
	if err != nil {
		return apiFilling{}, inShifts(err)
	}
	return viewFill(b, &f), nil
}

// sameFill refuses a key under which other times were made.
func (w *Web) sameFill(c *web.Call, b Brief, f *Filling) error {
	all, err := w.Slots(c.Context(), b.ID)
	if err != nil {
		return err
	}
	for i := range f.Slots {
		want := &f.Slots[i]
		if s := slotByID(all, want.ID); s != nil && (s.Capacity != want.Capacity || s.Least != want.Least) {
			return api.ErrKeyReused() // or it was changed since
		}
	}
	return nil
}

func viewFill(b Brief, f *Filling) apiFilling {
	out := apiFilling{Made: len(f.Slots) - f.There, There: f.There, Slots: []apiFillSlot{}, Skipped: []apiFillSkipped{}}
	for i := range f.Slots {
		s := &f.Slots[i]
		out.Slots = append(out.Slots, apiFillSlot{s.Title, apiTime(s.Start, b), apiTime(s.End, b), s.Capacity, s.Least})
	}
	for _, s := range f.Skipped {
		why := "outside"
		if s.Gap {
			why = "clock_change"
		}
		out.Skipped = append(out.Skipped, apiFillSkipped{s.Title, s.Day.Format(time.DateOnly), s.From, s.To, why})
	}
	return out
}

// shiftField is a field of one of the form's rows: start2.
var shiftField = regexp.MustCompile(`^(title|start|end|capacity|least)([1-9])$`)

// inShifts names the members of a body as a JSON pointer does, where the form
// has numbered fields.
func inShifts(err error) error {
	var e *fault.Error
	if !errors.As(err, &e) || len(e.Fields) == 0 {
		return err
	}
	named := slices.Clone(e.Fields)
	for i, f := range named {
		if m := shiftField.FindStringSubmatch(f.Name); m != nil {
			n, _ := strconv.Atoi(m[2]) // a digit
			named[i].Name = "shifts/" + strconv.Itoa(n-1) + "/" + m[1]
		}
	}
	return fault.Invalid(named...)
}
