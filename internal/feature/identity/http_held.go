package identity

import (
	"fmt"
	"net/http"
	"time"

	"convoke/internal/day"
	"convoke/internal/fault"
	"convoke/internal/i18n"
	"convoke/internal/web"
)

type dataData struct {
	Held []heldView
}

type heldView struct {
	ID, Title, Note string
	Columns         []string
	Rows            [][]string
}

var dataPage = web.NewPage[dataData](pages, "pages/data.html")

// data shows what the server holds about the reader.
func (s *Service) data(c *web.Call) error {
	all, err := s.About(c.Context(), c.Actor())
	if err != nil {
		return err
	}
	var d dataData
	for _, h := range all {
		d.Held = append(d.Held, h.view(c.Locale))
	}
	return dataPage.Render(c, d)
}

func (h Held) view(l *i18n.Locale) heldView {
	v := heldView{ID: h.Table, Title: l.T(h.Title)}
	if h.Note != "" {
		v.Note = l.T(h.Note)
	}
	for _, c := range h.Columns {
		v.Columns = append(v.Columns, l.T(c.Label))
	}
	for _, r := range h.Rows {
		row := make([]string, len(r))
		for i, x := range r {
			row[i] = cell(l, x)
		}
		v.Rows = append(v.Rows, row)
	}
	return v
}

// cell says a value to people.
func cell(l *i18n.Locale, v any) string {
	switch x := v.(type) {
	case string:
		return x
	case bool:
		if x {
			return l.T("Yes")
		}
		return l.T("No")
	case Day:
		if x > 0 {
			return l.DateShort(day.Time(int(x)))
		}
		return ""
	case time.Time:
		if !x.IsZero() {
			return l.DateShort(x)
		}
		return ""
	case done:
		return actionText(l, string(x))
	case Said:
		return l.T(x.Text)
	}
	return fmt.Sprint(v)
}

// dataFile is the same for programs, and for keeping.
func (s *Service) dataFile(c *web.Call) error {
	if err := c.RequireActor(); err != nil {
		return err
	}
	b, err := s.AboutFile(c.Context(), c.Actor(), c.Now())
	if err != nil {
		return err
	}
	c.Header().Set("Content-Disposition", `attachment; filename="`+c.Actor().Handle+`.json"`)
	return c.Write(http.StatusOK, "application/json", b)
}

type eraseData struct {
	Form *web.Form
	Parting
	LastOperator bool
}

// Can reports that nothing stands in the way.
func (d eraseData) Can() bool { return !d.LastOperator && len(d.Needed) == 0 }

var erasePage = web.NewPage[eraseData](pages, "pages/erase.html")

func (s *Service) eraseForm(c *web.Call) error { return s.showErase(c, c.NewForm()) }

func (s *Service) showErase(c *web.Call, f *web.Form) error {
	p, err := s.Parting(c.Context(), c.Actor())
	last := fault.HasCode(err, "erase.last_operator")
	if err != nil && !last {
		return err
	}
	return erasePage.RenderForm(c, f, eraseData{Form: f, Parting: p, LastOperator: last})
}

func (s *Service) erase(c *web.Call) error {
	if err := c.RequireActor(); err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	if err = s.Prove(c, f); err == nil {
		err = s.Erase(c.Context(), c.Actor())
	}
	if f.Accepts(err) {
		return s.showErase(c, f)
	}
	if err != nil {
		return err
	}
	c.SignIn("")
	return c.SeeOther("/sign-in?erased=1")
}
