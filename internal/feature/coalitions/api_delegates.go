package coalitions

import (
	"net/http"

	"convoke/internal/api"
	"convoke/internal/db"
	"convoke/internal/plaintext"
	"convoke/internal/web"
)

// apiDelegateSeat is a seat as the reader may see it.
type apiDelegateSeat struct {
	ID           string `json:"id,omitempty" doc:"Absent for those who may not know who it is."`
	Nth          int    `json:"nth" doc:"Of the seats of the group, from 1."`
	Handle       string `json:"handle,omitempty" doc:"Of the delegate; for delegates of the coalition and members of the group alone."`
	Alternate    string `json:"alternate,omitempty" doc:"Likewise."`
	HasAlternate bool   `json:"has_alternate" doc:"Somebody accepted to stand in."`
	Mandate      string `json:"mandate" doc:"In the language of the request."`
	Until        string `json:"until" doc:"The last day, 2027-05-31."`
	StandsIn     bool   `json:"stands_in" doc:"An alternate, until a new delegate is chosen."`
	Accepted     bool   `json:"accepted"`
	Weight       int    `json:"weight"`
	Instructions string `json:"instructions,omitempty" doc:"Markdown, for those who may read them."`
}

func apiSeatOf(s *seatView) apiDelegateSeat {
	return apiDelegateSeat{
		ID: s.ID, Nth: s.N, Handle: s.Handle, Alternate: s.Alternate, HasAlternate: s.HasAlternate, Mandate: s.Mandate, Until: s.ISO,
		StandsIn: s.StandsIn, Accepted: !s.Asked, Weight: s.Weight, Instructions: s.Raw,
	}
}

type apiCoalitionMember struct {
	Handle  string            `json:"handle"`
	Name    string            `json:"name"`
	Size    string            `json:"size" doc:"As the group declared it, in the language of the request."`
	Weight  int               `json:"weight"`
	Version int               `json:"version" doc:"Of the points of unity that it agreed to."`
	Seats   []apiDelegateSeat `json:"seats" nullable:"false"`
}

type apiGroupPart struct {
	Coalition string            `json:"coalition" doc:"Handle."`
	Name      string            `json:"name"`
	State     string            `json:"state" enum:"applied,invited,member,rests"`
	Version   int               `json:"version" doc:"Of the points of unity that the group agreed to."`
	Points    int               `json:"points" doc:"Their last version."`
	Rule      string            `json:"rule" doc:"How weights come about."`
	Seats     []apiDelegateSeat `json:"seats" nullable:"false"`
}

// apiGroupDelegates is the page of a group's delegates.
type apiGroupDelegates struct {
	Handle    string               `json:"handle"`
	Coalition bool                 `json:"coalition" doc:"The members of this group are groups."`
	Weights   string               `json:"weights,omitempty" enum:"group,bands,delegates"`
	Rule      string               `json:"rule,omitempty" doc:"How weights come about, in the language of the request."`
	Groups    int                  `json:"groups" doc:"That belong to it."`
	Delegates int                  `json:"delegates" doc:"Who hold a seat in it."`
	Items     []apiCoalitionMember `json:"items" nullable:"false" doc:"Of a coalition: one page of its member groups, by handle."`
	BelongsTo []apiGroupPart       `json:"belongs_to" nullable:"false" doc:"The coalitions that the group belongs to, with its delegates there."`
	Next      string               `json:"next,omitempty" doc:"The parameter after of the next page."`
}

// apiAppointInput is a mandate as the form takes it.
type apiAppointInput struct {
	Coalition    string `json:"coalition" doc:"Handle."`
	Seat         int    `json:"seat,omitempty" doc:"0 is the first that is free."`
	Person       string `json:"person" doc:"Handle of a member of the group."`
	Alternate    string `json:"alternate,omitempty" doc:"Handle of another member."`
	Mandate      string `json:"mandate" enum:"free,advised,bound"`
	Instructions string `json:"instructions,omitempty" doc:"Markdown."`
	Everybody    bool   `json:"everybody,omitempty" doc:"May read the instructions."`
	Day          string `json:"day" doc:"The last day, 2027-05-31; at most two years from now."`
}

type (
	apiMembersIn struct {
		Handle string `path:"handle"`
		After  string `query:"after" doc:"The member next of the page before."`
	}
	apiAppoint struct {
		Handle string `path:"handle"`
		Body   apiAppointInput
	}
	apiSeatAct struct {
		Handle string `path:"handle"`
		Seat   string `path:"seat"`
		Body   apiSeatInput
	}
	apiWorkingAct struct {
		Handle string `path:"handle"`
		Body   apiWorkingInput
	}
)

type apiAppointed struct {
	ID string `json:"id" doc:"Of the mandate."`
}

type apiSeatInput struct {
	Do string `json:"do" enum:"take,decline,recall" doc:"Take and decline are for the delegate and the alternate, recall for organizers of the group."`
}

type apiWorkingInput struct {
	Group   string `json:"group" doc:"Handle of the other group."`
	Do      string `json:"do" enum:"ask,drop,yes,no" doc:"Ask and drop are about a working group of this group; yes and no are its own answers."`
	Purpose string `json:"purpose,omitempty" doc:"What it works on; to ask."`
}

type apiWorkingGroup struct {
	Handle  string `json:"handle"`
	Name    string `json:"name"`
	Purpose string `json:"purpose"`
	Listed  bool   `json:"listed" doc:"It has agreed."`
}

type apiWorkingGroups struct {
	Items []apiWorkingGroup `json:"items" nullable:"false" doc:"Groups that work for this one."`
	For   []apiWorkingGroup `json:"for" nullable:"false" doc:"Groups that this one works for."`
}

func (w *Web) mountDelegates(a *api.API) {
	get := op(http.MethodGet, "/groups/{handle}/delegates", "listDelegates", "Delegates of a group",
		"Of a coalition: its member groups with their seats and weights. Of every group: the coalitions it belongs to, and its delegates there.")
	api.Add(a, open(get, w.groupTags), w.apiDelegates)
	appoint := op(http.MethodPost, "/groups/{handle}/delegates", "appointDelegate", "Choose a delegate", "For organizers of the group. The delegate has to accept.")
	appoint.Status, appoint.Keyed = http.StatusCreated, true
	api.Add(a, appoint, func(c *web.Call, in *apiAppoint) (apiAppointed, error) {
		key, err := a.Key(c)
		if err != nil {
			return apiAppointed{}, err
		}
		b := in.Body
		did, err := w.Appoint(c.Context(), c.Actor(), in.Handle, key, AppointInput{
			Coalition: b.Coalition, Seat: b.Seat, Person: plaintext.Line(b.Person), Alternate: plaintext.Line(b.Alternate), Mandate: b.Mandate,
			Instructions: plaintext.Text(b.Instructions), Everybody: b.Everybody, Day: b.Day,
		})
		return apiAppointed{did}, err
	})
	api.Do(a, op(http.MethodPost, "/groups/{handle}/delegates/{seat}", "changeMandate", "Accept, give back or recall a mandate", ""),
		func(c *web.Call, in *apiSeatAct) error { return w.doSeat(c, in.Body.Do, in.Handle, in.Seat) })
}

func (w *Web) apiDelegates(c *web.Call, in *apiMembersIn) (out apiGroupDelegates, err error) {
	err = w.DB.Read(c.Context(), func(tx *db.Tx) error {
		ctx := c.Context()
		v, err := w.known(ctx, tx, c.Actor(), in.Handle)
		if err != nil {
			return err
		}
		out = apiGroupDelegates{Handle: v.Handle, Items: []apiCoalitionMember{}, BelongsTo: []apiGroupPart{}}
		x, is, err := w.Rules(ctx, tx, v.ID)
		if err != nil {
			return err
		}
		if out.Coalition = is; is {
			b, err := w.board(ctx, tx, c.Locale, c.Actor(), &x, v, memberCursor(c), maxPage)
			if err != nil {
				return err
			}
			_, rule := x.Weights.words()
			out.Weights, out.Rule, out.Groups, out.Delegates, out.Next = string(x.Weights), c.Locale.T(rule), b.Members, b.Seats, b.Next
			for _, m := range b.Rows {
				out.Items = append(out.Items, apiCoalitionMember{m.Handle, m.Name, m.Band, m.Weight, m.Version, apiSeats(m.Seats)})
			}
		}
		parts, err := w.parts(ctx, tx, c.Locale, c.Actor(), v)
		for _, p := range parts {
			out.BelongsTo = append(out.BelongsTo, apiGroupPart{p.Coalition.Handle, p.Coalition.Name, string(p.State), p.Version, p.Points, p.Rule, apiSeats(p.Seats)})
		}
		return err
	})
	return out, err
}

func apiSeats(all []seatView) []apiDelegateSeat {
	out := make([]apiDelegateSeat, len(all))
	for i := range all {
		out[i] = apiSeatOf(&all[i])
	}
	return out
}

func (w *Web) mountWorking(a *api.API) {
	get := op(http.MethodGet, "/groups/{handle}/working-groups", "listWorkingGroups", "Working groups of a group", "")
	api.Add(a, open(get, w.groupTags), func(c *web.Call, in *apiCoalitionPath) (out apiWorkingGroups, err error) {
		err = w.DB.Read(c.Context(), func(tx *db.Tx) error {
			v, err := w.known(c.Context(), tx, c.Actor(), in.Handle)
			if err != nil {
				return err
			}
			has, of, err := w.Service.working(c.Context(), tx, v, c.Actor())
			out = apiWorkingGroups{apiWorkingOf(has), apiWorkingOf(of)}
			return err
		})
		return out, err
	})
	api.Do(a, op(http.MethodPost, "/groups/{handle}/working-groups", "changeWorkingGroup", "Ask a group to work on something, answer, or end it", ""),
		func(c *web.Call, in *apiWorkingAct) error {
			return w.doWorking(c, in.Body.Do, in.Handle, trimAt(in.Body.Group), plaintext.Line(in.Body.Purpose))
		})
}

func apiWorkingOf(all []workingView) []apiWorkingGroup {
	out := make([]apiWorkingGroup, len(all))
	for i, w := range all {
		out[i] = apiWorkingGroup(w)
	}
	return out
}
