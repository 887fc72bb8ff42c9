package trustees

import (
	"net/http"

	"convoke/internal/api"
	"convoke/internal/db"
	"convoke/internal/web"
)

// apiTrustees is a run as its page shows it.
type apiTrustees struct {
	ID         string    `json:"id"`
	URL        string    `json:"url" doc:"Of its page."`
	Transcript string    `json:"transcript" doc:"Address of all that was said, as docs/sealed.md has it."`
	Need       int       `json:"need" doc:"How many of them open the votes."`
	Seats      []apiSeat `json:"seats" nullable:"false"`
	State      string    `json:"state" enum:"joining,dealing,checking,done,void" doc:"What they wait for, or how it ended."`
	Box        string    `json:"box,omitempty" doc:"The poll that they keep shut."`
	Released   int       `json:"released" doc:"How many have given their shares."`
}

type apiSeat struct {
	Name     string `json:"name" doc:"Empty while nobody has the seat."`
	Identity string `json:"identity" doc:"Base64 of the public key by which people know the organisation."`
}

type (
	apiBegin struct {
		ID   string `path:"id"`
		Body struct {
			Trustees int `json:"trustees" doc:"2 to 9."`
			Need     int `json:"need" doc:"At least 2."`
		}
	}
	apiPath struct {
		ID string `path:"id"`
	}
	apiSay struct {
		ID   string `path:"id"`
		Body struct {
			Message string `json:"message" doc:"Base64, as convoke trustee prints it."`
		}
	}
)

// MountAPI adds the operations.
func (w *Web) MountAPI(a *api.API) {
	op := func(method, path, name, summary, doc string) api.Op {
		return api.Op{Method: method, Path: path, ID: name, Tag: "polls", Summary: summary, Doc: doc, Scope: api.Groups}
	}
	begin := op(http.MethodPost, "/proposals/{id}/trustees", "beginTrustees", "Let trustees make a key", "For organizers. With it a poll can be opened whose votes nobody reads before the close.")
	begin.Status, begin.Keyed = http.StatusCreated, true
	api.Add(a, begin, func(c *web.Call, in *apiBegin) (apiTrustees, error) {
		key, err := a.Key(c)
		if err != nil {
			return apiTrustees{}, err
		}
		run, err := w.Begin(c.Context(), c.Actor(), in.ID, key, in.Body.Trustees, in.Body.Need)
		if err != nil {
			return apiTrustees{}, err
		}
		c.Header().Set("Location", c.BaseURL()+"/api/v1/trustees/"+run)
		return w.apiRun(c, run)
	})
	get := op(http.MethodGet, "/trustees/{id}", "getTrustees", "Those who keep a poll shut", "")
	get.Scope, get.Open = api.Read, true
	api.Add(a, get, func(c *web.Call, in *apiPath) (apiTrustees, error) { return w.apiRun(c, in.ID) })
	say := op(http.MethodPost, "/trustees/{id}/messages", "sayAsTrustee", "What a trustee says", "A message while the key is made, a share when the poll has closed. Each is right or wrong by itself, so nobody needs to be signed in; sent again it changes nothing.")
	say.Open = true
	api.Add(a, say, func(c *web.Call, in *apiSay) (apiTrustees, error) {
		if err := w.slow(c); err != nil {
			return apiTrustees{}, err
		}
		if err := w.Say(c.Context(), in.ID, in.Body.Message); err != nil {
			return apiTrustees{}, err
		}
		return w.apiRun(c, in.ID)
	})
}

func (w *Web) apiRun(c *web.Call, run string) (out apiTrustees, err error) {
	var r *Run
	var d showData
	err = w.DB.Read(c.Context(), func(tx *db.Tx) (err error) {
		d = showData{}
		if r, err = w.find(c.Context(), tx, run); err != nil {
			return err
		}
		return w.fill(c, tx, r, &d)
	})
	if err != nil {
		return out, err
	}
	base := c.BaseURL() + urlOf(r)
	out = apiTrustees{ID: run, URL: base, Transcript: base + ".json", Need: int(r.Setup().Need), Seats: []apiSeat{}, Box: r.Box, Released: d.Released}
	for _, s := range d.Seats {
		out.Seats = append(out.Seats, apiSeat{s.Name, s.Identity})
	}
	switch {
	case d.Void != "":
		out.State = "void"
	case d.Step == "new":
		out.State = "joining"
	case d.Step == "deal":
		out.State = "dealing"
	case d.Step == "check":
		out.State = "checking"
	default:
		out.State = "done"
	}
	return out, nil
}
