package attendance

import (
	"testing"
	"time"

	"convoke/internal/fault"
)

// Who of the heads of the lines moves up.
func TestNext(t *testing.T) {
	t.Parallel()
	h := func(name string, queue, party, slotRoom int, in bool) head {
		return head{choice{slot: name, queue: queue, party: party, in: in}, slotRoom}
	}
	for _, x := range []struct {
		name  string
		room  int
		heads []head
		want  string
	}{
		{"nobody", 5, nil, ""},
		{"the first", 5, []head{h("b", 2, 1, 9, false), h("a", 1, 1, 9, false)}, "a"},
		{"who waits for a slot holds nobody up", 5, []head{h("a", 1, 3, 2, false), h("b", 2, 1, 9, false)}, "b"},
		{"who waits for the event claims its room", 2, []head{h("a", 1, 3, 9, false), h("b", 2, 1, 9, false)}, ""},
		{"who is in needs no room of the event", 0, []head{h("a", 1, 3, 9, false), h("b", 2, 4, 9, true)}, "b"},
		{"who is in needs room in the slot", 9, []head{h("b", 2, 4, 3, true)}, ""},
	} {
		got := ""
		if i := next(x.heads, x.room); i >= 0 {
			got = x.heads[i].slot
		}
		if got != x.want {
			t.Errorf("%s: %q, want %q", x.name, got, x.want)
		}
	}
}

func TestSlotInput(t *testing.T) {
	t.Parallel()
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	// The clocks go forward in the night to 29 March 2026.
	start := time.Date(2026, 3, 28, 10, 0, 0, 0, berlin)
	end := time.Date(2026, 3, 30, 18, 0, 0, 0, berlin)
	good := SlotInput{Title: "Morning shift", StartDate: "2026-03-28", StartTime: "10:00", EndTime: "13:00", Capacity: "12"}
	for _, x := range []struct {
		name   string
		change func(*SlotInput)
		code   string
	}{
		{"good", func(*SlotInput) {}, ""},
		{"no limit", func(in *SlotInput) { in.Capacity = "" }, ""},
		{"over night", func(in *SlotInput) { in.StartTime, in.EndTime, in.EndDate = "22:00", "06:00", "2026-03-29" }, ""},
		{"to set up", func(in *SlotInput) { in.StartDate = "2026-03-21" }, ""},
		{"no title", func(in *SlotInput) { in.Title = "  " }, "slot.title"},
		{"a long title", func(in *SlotInput) { in.Title = string(make([]rune, 101)) }, "form.long"},
		{"no day", func(in *SlotInput) { in.StartDate = "" }, "slot.date"},
		{"a day that is none", func(in *SlotInput) { in.StartDate = "2026-02-30" }, "slot.date"},
		{"the year 0", func(in *SlotInput) { in.StartDate = "0000-01-01" }, "slot.date"},
		{"no hour", func(in *SlotInput) { in.StartTime = "" }, "slot.time"},
		{"an hour that is none", func(in *SlotInput) { in.EndTime = "25:00" }, "slot.time"},
		{"an hour that is skipped", func(in *SlotInput) { in.StartDate, in.StartTime = "2026-03-29", "02:30" }, "slot.time_skipped"},
		{"the end first", func(in *SlotInput) { in.EndTime = "09:00" }, "slot.end"},
		{"too late", func(in *SlotInput) { in.EndDate = "2026-03-31" }, "slot.late"},
		{"too early", func(in *SlotInput) { in.StartDate = "2026-03-20" }, "slot.early"},
		{"no people", func(in *SlotInput) { in.Capacity = "0" }, "slot.capacity_number"},
		{"too many", func(in *SlotInput) { in.Capacity = "99999999999999999999" }, "slot.capacity_number"},
		{"words", func(in *SlotInput) { in.Capacity = "many" }, "slot.capacity_number"},
	} {
		in := good
		x.change(&in)
		s, err := in.parse(start, end)
		switch {
		case x.code == "" && err != nil:
			t.Errorf("%s: %v", x.name, err)
		case x.code != "" && !fault.HasCode(err, x.code):
			t.Errorf("%s: %v, want %s", x.name, err, x.code)
		case x.code == "" && !s.End.After(s.Start):
			t.Errorf("%s: %+v", x.name, s)
		}
	}
}
