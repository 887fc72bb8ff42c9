package alerts

import (
	"context"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"convoke/internal/fault"
	"convoke/internal/geo"
	"convoke/internal/geo/basemap"
)

var leipzig = geo.Point{Lat: 51.34, Lon: 12.37}

// TestDraw: after any drawing the area is what a plain set of cells would be, is written as
// text and read again as the same, and notes no more than it needs.
func TestDraw(t *testing.T) {
	t.Parallel()
	near, _ := geo.GridWithin(leipzig, 12, 1000)
	rapid.Check(t, func(t *rapid.T) {
		parts := []AreaPart{{Place: "Leipzig, Germany", Lat: leipzig.Lat, Lon: leipzig.Lon, Km: 6}}
		base, wrong := cellsOf(parts)
		if wrong != nil {
			t.Fatal(wrong)
		}
		model := setOf(base)
		for range rapid.IntRange(1, 6).Draw(t, "strokes") {
			want := map[geo.GridCell]bool{}
			for range rapid.IntRange(0, 20).Draw(t, "cells") {
				c := rapid.SampledFrom(near).Draw(t, "cell")
				want[c] = rapid.Bool().Draw(t, "in")
				model[c] = want[c]
			}
			parts = draw(parts, want)
		}
		cells, wrong := cellsOf(parts)
		in := setOf(cells)
		for _, c := range near {
			if wrong == nil && in[c] != model[c] {
				t.Fatalf("cell %s: %v, want %v", c, in[c], model[c])
			}
		}
		for _, p := range parts[1:] {
			for _, name := range p.Cells {
				c, _ := geo.ParseGridCell(name)
				if slices.Contains(base, c) != p.Without {
					t.Fatalf("%s is noted for nothing", name)
				}
			}
		}
		n := Network{Area: parts}
		again := Network{}
		read, wrong := again.parseArea(n.areaText(), places{})
		if wrong != nil || !slices.Equal(read, cells) || again.areaText() != n.areaText() {
			t.Fatalf("%q is read as %q, %v", n.areaText(), again.areaText(), wrong)
		}
	})
}

// TestAreaText: what looks like cells and is none is a place that nobody knows; an area has a
// place, and some cells.
func TestAreaText(t *testing.T) {
	t.Parallel()
	cell := geo.GridAt(leipzig).String()
	for typed, code := range map[string]string{
		"Leipzig; 6\n- " + cell:       "",
		"Leipzig; 6\n+ " + cell:       "",
		"+ " + cell:                   "alert.area",
		"Leipzig; 6\n- " + cell + "0": "alert.area_place",
		"Leipzig; 6\n-":               "alert.area_place",
		"Leipzig; 1\n- " + allOf(1):   "alert.area",
	} {
		var n Network
		_, wrong := n.parseArea(typed, places{})
		if err := fault.Invalid(wrong...); code == "" && err != nil || code != "" && !fault.HasCode(err, code) {
			t.Errorf("%.60q: %v, want %q", typed, err, code)
		}
	}
}

func allOf(km float64) string {
	cells, _ := geo.GridWithin(leipzig, km, 1000)
	var out []string
	for _, c := range cells {
		out = append(out, c.String())
	}
	return strings.Join(out, " ")
}

// sketch notes which picture was asked for.
type sketch struct{ last basemap.Picture }

func (s *sketch) Draw(_ context.Context, w io.Writer, p basemap.Picture) error {
	s.last = p
	_, err := io.WriteString(w, "PNG")
	return err
}

// filled counts the tinted areas of the picture.
func (s *sketch) filled() (n int) {
	for _, a := range s.last.Areas {
		if a.Filled {
			n++
		}
	}
	return n
}

// counted are places that count how often they are asked.
type counted struct {
	Places
	n int
}

func (c *counted) Find(query string, limit int) []geo.Place {
	c.n++
	return c.Places.Find(query, limit)
}

// TestEndlessArea: nobody keeps the node busy with an area of very many places.
func TestEndlessArea(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f *fixture) {
		asked := &counted{Places: f.Places}
		f.Places = asked
		in := NetworkInput{Handle: "near", Name: "Near", Group: "river", Area: strings.Repeat("Leipzig; 30\n", 1000), Categories: []string{"fire"}}
		if err := f.Start(f.ctx(), as("ada"), f.ids.Secret(), in); fault.Of(err) == nil || fault.Of(err).Fields[0].Code != "alert.area_large" || asked.n > 2*maxParts {
			t.Errorf("%v, after %d questions", err, asked.n)
		}
	})
}

// TestDrawTheArea: a steward presses on squares of a picture, or ticks them in a list.
func TestDrawTheArea(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f *fixture) {
		f.network()
		paper := &sketch{}
		f.Map = paper
		ada, page := f.browser("ada"), "/alerts/networks/near/area"
		for _, who := range []string{"", "bo"} {
			if a := f.browser(who).Get(page); a.Status == 200 {
				t.Errorf("%q draws", who)
			}
		}
		at := geo.GridAt(leipzig)
		cells := func() map[geo.GridCell]bool {
			t.Helper()
			a := ada.Get("/alerts/networks/near/area.png?at="+at.String()+"&v="+strconv.Itoa(paper.filled())+f.ids.Secret()).Want(t, 200, "")
			if a.Header.Get("Content-Type") != "image/png" {
				t.Errorf("a picture is %s", a.Header.Get("Content-Type"))
			}
			return setOf(f.areaCells())
		}
		before := cells()
		if len(paper.last.Areas) < 100 || paper.filled() == 0 || paper.filled() == len(paper.last.Areas) {
			t.Errorf("%d squares, %d of them tinted", len(paper.last.Areas), paper.filled())
		}
		form := ada.Get(page).Want(t, 200, "")
		if n := strings.Count(form.Body, `name="cell"`); n != len(paper.last.Areas) {
			t.Errorf("%d squares in the list, %d in the picture", n, len(paper.last.Areas))
		}
		// In the middle of the picture lies the middle cell; near its edge, one that is not in.
		press := func(x, y float64) []string {
			return []string{"sequence", ada.Get(page).Attr("input[name=sequence]", "value"), "at", at.String(), "press.x", strconv.Itoa(int(x)), "press.y", strconv.Itoa(int(y))}
		}
		for _, want := range []bool{false, true} {
			ada.Post(page, press(side/2, side/2)...).Want(t, 303, page+"?at="+at.String())
			if cells()[at] != want {
				t.Errorf("pressed: in the area: %v", !want)
			}
		}
		far := geo.GridAt(basemap.Unproject(window(at.Middle()), 30.5, 30.5))
		once := press(30, 30)
		ada.Post(page, once...).Want(t, 303, page+"?at="+at.String())
		if after := cells(); before[far] || !after[far] || len(after) != len(before)+1 {
			t.Errorf("%s is in the area: %v; %d cells, then %d", far, after[far], len(before), len(after))
		}
		if a := ada.Post(page, once...); a.Status != 422 || !cells()[far] {
			t.Errorf("sent twice: %d", a.Status)
		}
		ada.Post(page, press(0, 0)...).Want(t, 303, page+"?at="+at.String()) // by keyboard
		if got := cells(); len(got) != len(before)+1 {
			t.Errorf("a keyboard's press draws: %d cells", len(got))
		}
		for _, bad := range [][]string{{"at", "zz", "press.x", "1", "press.y", "1"}, {}} {
			ada.Post(page, bad...).Want(t, 400, "")
		}
		// The list, of which everything is left out but one.
		list := []string{"sequence", ada.Get(page).Attr("input[name=sequence]", "value"), "at", at.String(), "do", "list", "cell", at.String()}
		ada.Post(page, list...).Want(t, 303, page+"?at="+at.String())
		if got := f.areaCells(); len(got) != 1 || got[0] != at {
			t.Errorf("%d cells, want one", len(got))
		}
		none := []string{"sequence", ada.Get(page).Attr("input[name=sequence]", "value"), "at", at.String(), "do", "list"}
		if a := ada.Post(page, none...); a.Status != 422 || len(f.areaCells()) != 1 {
			t.Errorf("nothing at all: %d", a.Status)
		}
		// The text of the form still says it, and saving it changes nothing.
		edit := ada.Get("/alerts/networks/near/edit").Want(t, 200, "")
		if !strings.Contains(edit.Text("textarea[name=area]"), "- ") {
			t.Errorf("the text is %q", edit.Text("textarea[name=area]"))
		}
		ada.Get(page+"?near=Nowhere").Want(t, 422, "")
		if a := ada.Get(page+"?near=Leipzig").Want(t, 200, ""); a.Attr("input[name=at]", "value") != at.String() {
			t.Error("the place is not shown")
		}
	})
}

// TestWindow: each square of the list can be pressed in the picture, wherever on the earth.
func TestWindow(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := geo.Point{Lat: rapid.Float64Range(-75, 75).Draw(t, "lat"), Lon: rapid.Float64Range(-180, 180).Draw(t, "lon")}
		pic := window(geo.GridAt(p).Middle())
		for _, c := range seen(geo.GridAt(p).Middle()) {
			x, y := basemap.Project(pic, c.Middle())
			if got := geo.GridAt(basemap.Unproject(pic, math.Floor(x)+0.5, math.Floor(y)+0.5)); got != c {
				t.Fatalf("pressing on %s means %s", c, got)
			}
		}
	})
}

func (f *fixture) areaCells() (out []geo.GridCell) {
	f.t.Helper()
	must(f.t, f.DB.Read(context.Background(), func(tx *dbTx) (err error) {
		n, err := f.Service.network(context.Background(), tx, "near")
		if err == nil {
			out, err = areaOf(context.Background(), tx, n.ID)
		}
		return err
	}))
	return out
}
