package events

import (
	"errors"
	"net/http"
	"regexp"
	"slices"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"convoke/internal/api"
	"convoke/internal/fault"
	"convoke/internal/web"
)

// apiPoint is a point of the checklist, and apiHelper a role that has a name here.
type (
	apiPoint  string
	apiHelper string
)

// Schema implements huma.SchemaProvider.
func (apiPoint) Schema(huma.Registry) *huma.Schema { return choiceOf(checklist[:]) }

// Schema implements huma.SchemaProvider.
func (apiHelper) Schema(huma.Registry) *huma.Schema { return choiceOf(helpers[:]) }

func choiceOf(all []named) *huma.Schema {
	s := &huma.Schema{Type: huma.TypeString}
	for _, x := range all {
		s.Enum = append(s.Enum, x.Code)
	}
	s.PrecomputeMessages()
	return s
}

type (
	apiSafetyInput struct {
		Point  apiPoint `json:"point"`
		Answer string   `json:"answer" enum:"yes,no,not_yet,not_applicable"`
		Note   string   `json:"note,omitempty"`
	}
	apiContingentInput struct {
		Name  string `json:"name"`
		Place string `json:"place,omitempty" doc:"Where it meets."`
		Date  string `json:"date,omitempty" doc:"2027-05-08; the first day when absent."`
		Time  string `json:"time,omitempty" doc:"10:00, at the place."`
	}
	apiRoleNeedInput struct {
		Role   apiHelper `json:"role,omitempty" doc:"Absent when the group names the role itself."`
		Name   string    `json:"name,omitempty"`
		People int       `json:"people" doc:"How many are needed."`
	}
	apiProgrammeInput struct {
		Sequence    int                  `json:"sequence" doc:"That of the event as it was read."`
		Bring       string               `json:"bring,omitempty" doc:"Markdown. Where the event’s campaign says it, absent follows the campaign."`
		LegalHelp   string               `json:"legal_help,omitempty"`
		Offer       string               `json:"offer,omitempty" doc:"How to offer to take a role."`
		Safety      []apiSafetyInput     `json:"safety,omitempty" nullable:"false"`
		Contingents []apiContingentInput `json:"contingents,omitempty" nullable:"false" doc:"In the order in which they go."`
		Roles       []apiRoleNeedInput   `json:"roles,omitempty" nullable:"false"`
	}
	apiProgrammePut struct {
		ID   string `path:"id"`
		Body apiProgrammeInput
	}
)

func (w *Web) mountProgrammeAPI(a *api.API) {
	api.Add(a, api.Op{
		Method: http.MethodPut, Path: "/events/{id}/programme", ID: "setProgramme", Tag: "events", Summary: "Say what an event’s page says beyond time and place",
		Doc: "For those who may edit it. It becomes what is sent: what is left out is removed.", Scope: api.Events,
	}, func(c *web.Call, in *apiProgrammePut) (apiEvent, error) {
		e, _, err := w.load(c)
		if err != nil {
			return apiEvent{}, err
		}
		typed, err := in.Body.typed(c)
		if err != nil {
			return apiEvent{}, err
		}
		if err := w.SetProgramme(c.Context(), c.Actor(), e.ID, in.Body.Sequence, typed); err != nil {
			return apiEvent{}, inRows(err, in.Body.Safety)
		}
		return w.apiShow(c, e.ID)
	})
}

// typed is the body as the form would have it. Rows are called after their
// place in it.
func (in *apiProgrammeInput) typed(c *web.Call) (ProgrammeInput, error) {
	f, err := api.Form(c, in)
	if err != nil {
		return ProgrammeInput{}, err
	}
	out := ProgrammeInput{Bring: f.Text("bring"), LegalHelp: f.Line("legal_help"), Offer: f.Line("offer")}
	var wrong []fault.FieldError
	twice := func(name string) {
		wrong = append(wrong, fault.Field(name, "programme.twice", "This is there twice."))
	}
	for i, x := range in.Safety {
		if slices.ContainsFunc(in.Safety[:i], func(o apiSafetyInput) bool { return o.Point == x.Point }) {
			twice("safety/" + strconv.Itoa(i) + "/point")
		}
		if f, err = api.Form(c, x); err != nil {
			return out, err
		}
		out.Safety = append(out.Safety, SafetyAnswer{string(x.Point), x.Answer, f.Line("note")})
	}
	for i, x := range in.Contingents {
		if f, err = api.Form(c, x); err != nil {
			return out, err
		}
		out.Contingents = append(out.Contingents, ContingentInput{
			Row: "contingents/" + strconv.Itoa(i), Name: f.Line("name"), Place: f.Line("place"), Time: f.Line("time"), Date: f.Line("date"),
		})
	}
	var own []RoleInput
	for i, x := range in.Roles {
		if f, err = api.Form(c, x); err != nil {
			return out, err
		}
		r := RoleInput{Row: "roles/" + strconv.Itoa(i), Code: string(x.Role), People: f.Line("people")}
		if x.Role == "" {
			r.Name = f.Line("name")
			own = append(own, r)
			continue
		}
		if slices.ContainsFunc(out.Roles, func(o RoleInput) bool { return o.Code == r.Code }) {
			twice(r.Row + "/role")
		}
		out.Roles = append(out.Roles, r)
	}
	out.Roles = append(out.Roles, own...)
	return out, fault.Invalid(wrong...)
}

var (
	rowField    = regexp.MustCompile(`^((?:contingents|roles)/\d+)_(\w+)$`)
	safetyField = regexp.MustCompile(`^(safety|note)_(\w+)$`)
)

// inRows names the members of a body as a JSON pointer does.
func inRows(err error, safety []apiSafetyInput) error {
	var e *fault.Error
	if !errors.As(err, &e) || len(e.Fields) == 0 {
		return err
	}
	out := slices.Clone(e.Fields)
	for i, f := range out {
		if m := rowField.FindStringSubmatch(f.Name); m != nil {
			out[i].Name = m[1] + "/" + m[2]
		} else if m := safetyField.FindStringSubmatch(f.Name); m != nil {
			at := slices.IndexFunc(safety, func(x apiSafetyInput) bool { return string(x.Point) == m[2] })
			member := map[string]string{"safety": "answer", "note": "note"}[m[1]]
			out[i].Name = "safety/" + strconv.Itoa(max(at, 0)) + "/" + member
		} else if f.Name == roleName(1)+"_name" { // a role that is left out and confirmed
			out[i].Name = "roles"
		}
	}
	return fault.Invalid(out...)
}
