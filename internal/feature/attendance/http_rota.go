package attendance

import (
	"slices"
	"time"

	"convoke/internal/fault"
	"convoke/internal/web"
)

const (
	rotaColumns = 8  // of the table of a week; a week with more is a list
	rotaGaps    = 12 // what is missing, named at the top
	rotaTTL     = 5 * time.Minute
)

// rotaCell is one slot on the rota.
type rotaCell struct {
	ID, Shift string
	Day       string // for the list of what is missing
	State     string // in words
	Numbers   string
	Class     string
	Open      bool // can be chosen now
	Missing   bool
	column    string // by hours and name; it sorts as it reads
}

type rotaDay struct {
	Label, Datetime string
	Today           bool
	Cells           [][]rotaCell // by column
}

type rotaWeek struct {
	Label   string
	Shifts  []string // columns; none where they are too many
	Days    []rotaDay
	columns []string
}

type rotaData struct {
	Event   Brief
	Day, Of int // which day it is, of how many; 0 when it is not on
	Open    bool
	Gaps    []rotaCell
	More    int // gaps that are not named
	Enough  bool
	Weeks   []rotaWeek
	Past    bool // some days are over and not shown
}

var rotaPage = web.NewPage[rotaData](pages, "pages/rota.html")

func errNoRota() error {
	return fault.NotFound("slot.no_rota", "This event has no shifts to choose from.")
}

// rota shows all slots of an event by day, and first where people are missing.
func (w *Web) rota(c *web.Call) error {
	return c.Cached([]string{"event:" + c.Param("id"), "site"}, rotaTTL, func() error {
		b, err := w.eventOf(c)
		if err != nil {
			return err
		}
		n, _, err := w.Numbers(c.Context(), b.ID)
		if err != nil {
			return err
		}
		if n.Slots == nil { // a draft takes no sign-ups yet
			if n.Slots, err = w.Slots(c.Context(), b.ID); err != nil {
				return err
			}
		}
		if len(n.Slots) == 0 {
			return errNoRota()
		}
		return rotaPage.Render(c, viewRota(c, b, n))
	}, "all")
}

func viewRota(c *web.Call, b Brief, n Numbers) rotaData {
	d := rotaData{Event: b, Open: n.Open}
	if day, of := dayNumber(b.Start, b.End, c.Now()); of > 1 && day >= 1 && day <= of && !c.Now().Before(b.Start) {
		d.Day, d.Of = day, of
	}
	all := c.Query().Has("all")
	asks := false
	for i := range n.Slots {
		s := &n.Slots[i]
		asks = asks || s.Least > 0 && s.End.After(c.Now())
		cell := viewCell(c, s, b.zone(), n.Open)
		if cell.Missing && len(d.Gaps) < rotaGaps {
			d.Gaps = append(d.Gaps, cell)
		} else if cell.Missing {
			d.More++
		}
		if s.day(b.zone()) < c.Now().In(b.zone()).Format(time.DateOnly) && !s.End.After(c.Now()) && !all {
			d.Past = true
			continue
		}
		d.add(c, s, b.zone(), cell)
	}
	d.Enough = asks && len(d.Gaps) == 0
	for i := range d.Weeks {
		d.Weeks[i].arrange()
	}
	return d
}

// viewCell says in words how a slot stands.
func viewCell(c *web.Call, s *Slot, loc *time.Location, open bool) rotaCell {
	l, from, to := c.Locale, s.Start.In(loc), s.End.In(loc)
	x := rotaCell{
		ID: s.ID, column: from.Format("15:04") + to.Format("15:04") + s.Title, Shift: s.Title + ", " + l.Time(from) + "–" + l.Time(to), Day: l.WeekdayShort(from) + " " + l.DateShort(from),
		Open: open && s.Takes(c.Now()), Numbers: l.N("{n} is coming.", "{n} are coming.", s.Going),
	}
	if s.Capacity > 0 {
		x.Numbers = l.T("{going} of {places}", "going", s.Going, "places", s.Capacity)
	}
	switch {
	case !s.End.After(c.Now()):
		x.State, x.Class = l.T("Over"), "past"
	case s.Closed:
		x.State, x.Class = l.T("Closed"), "past"
	case s.missing() > 0:
		x.State, x.Class, x.Missing = l.N("{n} more needed", "{n} more needed", s.missing()), "needed", true
	case s.full():
		x.State, x.Class = l.T("Full"), "past"
	case s.Least > 0:
		x.State = l.T("Enough")
	default:
		x.State = l.T("There is room")
	}
	return x
}

// add puts a slot into its week and day. Slots come as they follow in time.
func (d *rotaData) add(c *web.Call, s *Slot, loc *time.Location, cell rotaCell) {
	from := s.Start.In(loc)
	monday := midnight(from)
	for monday.Weekday() != c.Locale.FirstWeekday() {
		monday = monday.AddDate(0, 0, -1)
	}
	label := c.Locale.DateShort(monday)
	if k := len(d.Weeks); k == 0 || d.Weeks[k-1].Label != label {
		d.Weeks = append(d.Weeks, rotaWeek{Label: label})
	}
	w := &d.Weeks[len(d.Weeks)-1]
	day := s.day(loc)
	if k := len(w.Days); k == 0 || w.Days[k-1].Datetime != day {
		w.Days = append(w.Days, rotaDay{
			Label: cell.Day, Datetime: day, Today: day == c.Now().In(loc).Format(time.DateOnly),
		})
	}
	at, known := slices.BinarySearch(w.columns, cell.column)
	if !known {
		w.columns = slices.Insert(w.columns, at, cell.column)
		w.Shifts = slices.Insert(w.Shifts, at, cell.Shift)
	}
	today := &w.Days[len(w.Days)-1]
	today.Cells = append(today.Cells, []rotaCell{cell})
}

// arrange brings the cells of each day under the columns of the week.
func (w *rotaWeek) arrange() {
	if len(w.columns) > rotaColumns {
		w.Shifts = nil
		return
	}
	for i := range w.Days {
		cells := make([][]rotaCell, len(w.columns))
		for _, of := range w.Days[i].Cells {
			at := slices.Index(w.columns, of[0].column)
			cells[at] = append(cells[at], of[0])
		}
		w.Days[i].Cells = cells
	}
}
