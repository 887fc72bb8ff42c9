package campaigns

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"convoke/internal/api"
	"convoke/internal/day"
	"convoke/internal/db"
	"convoke/internal/web"
)

// apiCampaign is a campaign as lists show it.
type apiCampaign struct {
	Handle string    `json:"handle"`
	URL    string    `json:"url" doc:"Of its page."`
	Title  string    `json:"title"`
	Lang   string    `json:"lang" doc:"BCP 47."`
	State  string    `json:"state" enum:"draft,open,ended"`
	Dates  []apiSpan `json:"dates" nullable:"false" doc:"Empty when nothing is fixed yet."`
}

type apiSpan struct {
	First string `json:"first" format:"date"`
	Last  string `json:"last" format:"date"`
}

// apiWhole is a campaign as its page shows it, in all its languages.
type apiWhole struct {
	Handle    string            `json:"handle"`
	URL       string            `json:"url" doc:"Of its page."`
	State     string            `json:"state" enum:"draft,open,ended"`
	Dates     []apiSpan         `json:"dates" nullable:"false" doc:"Empty when nothing is fixed yet."`
	Texts     []apiCampaignText `json:"texts" nullable:"false" doc:"That in which it was written first."`
	Demands   []apiDemand       `json:"demands" nullable:"false"`
	Points    *apiPoints        `json:"points_of_unity,omitempty"`
	Owners    []apiOwner        `json:"owners" nullable:"false"`
	Endorsers []apiEndorser     `json:"endorsers" nullable:"false"`
	Picture   string            `json:"picture,omitempty" doc:"Its address."`
	Alt       string            `json:"picture_alt"`
	Events    int               `json:"events"`
	Places    int               `json:"places"`
	Going     int               `json:"going" doc:"People who signed up for one of its events."`
	Sequence  int               `json:"sequence"`
	Updated   time.Time         `json:"updated"`
}

type apiCampaignText struct {
	Lang      string `json:"lang" doc:"BCP 47."`
	Title     string `json:"title"`
	Statement string `json:"statement" doc:"Markdown."`
	Credit    string `json:"credit" doc:"Who translated, as they want to be named."`
	Older     bool   `json:"older" doc:"That in which it was written was changed since."`
}

type apiDemand struct {
	Number    int       `json:"number"`
	Text      string    `json:"text"`
	Addressee string    `json:"addressee"`
	State     string    `json:"state" enum:"open,partly_met,met,withdrawn"`
	History   []apiStep `json:"history" nullable:"false" doc:"Oldest first."`
}

type apiStep struct {
	State string `json:"state" enum:"open,partly_met,met,withdrawn"`
	Note  string `json:"note" doc:"What happened."`
	Day   string `json:"day" format:"date"`
	Poll  string `json:"poll,omitempty" doc:"The poll that decided it."`
}

type apiPoints struct {
	Version int    `json:"version"`
	Text    string `json:"text" doc:"Markdown."`
	Day     string `json:"day" format:"date"`
}

type apiOwner struct {
	Handle string `json:"handle"`
	Name   string `json:"name"`
}

type apiEndorser struct {
	Handle  string `json:"handle"`
	Name    string `json:"name"`
	Version int    `json:"version" doc:"Of the points that it agreed to."`
}

type (
	apiList struct {
		When  string `query:"when" enum:"past" doc:"What is over; what is on or to come when absent."`
		After string `query:"after" doc:"The member next of the page before."`
	}
	apiPath struct {
		Handle string `path:"handle"`
	}
)

// MountAPI adds the operations on campaigns. Their events are found with the
// parameter campaign of the events.
func (w *Web) MountAPI(a *api.API) {
	api.Add(a, api.Op{
		Method: http.MethodGet, Path: "/campaigns", ID: "listCampaigns", Tag: "campaigns", Summary: "Find campaigns", Doc: "By their last day.",
		Scope: api.Read, Open: true,
		Cache: func(*web.Call) ([]string, time.Duration) { return []string{"campaigns", "site"}, pageTTL },
	}, w.apiList)
	api.Add(a, api.Op{
		Method: http.MethodGet, Path: "/campaigns/{handle}", ID: "getCampaign", Tag: "campaigns", Summary: "One campaign",
		Doc: "With its demands, its points of unity, and who stands behind it.", Scope: api.Read, Open: true,
	}, w.apiShow)
	w.mountWrites(a)
	w.mountGroups(a)
	w.mountCandidates(a)
	w.mountEvents(a)
}

func (w *Web) apiList(c *web.Call, in *apiList) (api.Page[apiCampaign], error) {
	page, more, err := w.List(c.Context(), in.When == "past", readCursor(in.After), pageSize)
	if err != nil {
		return api.Page[apiCampaign]{}, err
	}
	out := make([]apiCampaign, len(page))
	for i := range page {
		x := &page[i]
		out[i] = apiCampaign{x.Handle, c.BaseURL() + "/campaigns/" + x.Handle, x.Text.Title, x.Text.Lang, string(x.State), apiSpans(x.Dates)}
	}
	next := ""
	if more {
		last := &page[len(page)-1]
		next = strconv.Itoa(last.lastDay()) + "." + string(last.ID)
	}
	return api.PageOf(out, next), nil
}

func apiSpans(all []Span) []apiSpan {
	out := make([]apiSpan, len(all))
	for i, s := range all {
		out[i] = apiSpan{day.ISO(s.First), day.ISO(s.Last)}
	}
	return out
}

func (w *Web) apiShow(c *web.Call, in *apiPath) (apiWhole, error) {
	ctx := c.Context()
	camp, _, err := w.read(c, c.Actor(), in.Handle)
	if err != nil {
		return apiWhole{}, err
	}
	out := apiWhole{
		Handle: camp.Handle, URL: c.BaseURL() + "/campaigns/" + camp.Handle, State: string(camp.State), Dates: apiSpans(camp.Dates),
		Texts: []apiCampaignText{}, Demands: []apiDemand{}, Owners: []apiOwner{}, Endorsers: []apiEndorser{}, Sequence: camp.Sequence, Updated: camp.Updated, Alt: camp.Alt,
	}
	if camp.Picture != "" {
		out.Picture = c.BaseURL() + "/pictures/" + camp.Picture
	}
	err = w.DB.Read(ctx, func(tx *db.Tx) error {
		if err := out.say(ctx, tx, &camp); err != nil {
			return err
		}
		var people showData
		if err := w.people(ctx, tx, &camp, &people); err != nil {
			return err
		}
		for _, g := range people.Owners {
			out.Owners = append(out.Owners, apiOwner{g.Handle, g.Name})
		}
		for _, g := range people.Endorsers {
			out.Endorsers = append(out.Endorsers, apiEndorser{g.Handle, g.Name, g.Version})
		}
		places, err := w.Shown.Places(ctx, tx, camp.ID)
		if err != nil {
			return err
		}
		for _, p := range places {
			out.Events += p.Events
			if p.Label != "" {
				out.Places++
			}
		}
		out.Going, err = w.Shown.Going(ctx, tx, camp.ID)
		return err
	})
	return out, err
}

// say fills in what the campaign says: its texts, demands and points of unity.
func (out *apiWhole) say(ctx context.Context, tx *db.Tx, camp *Campaign) error {
	texts, err := textsOf(ctx, tx, camp.ID)
	if err != nil {
		return err
	}
	for _, t := range append([]Text{camp.Text}, texts...) {
		out.Texts = append(out.Texts, apiCampaignText{t.Lang, t.Title, t.Statement, t.Credit, t.older(&camp.Text)})
	}
	demands, err := demandsOf(ctx, tx, camp.ID)
	if err != nil {
		return err
	}
	for _, d := range demands {
		x := apiDemand{d.Number, d.Body, d.Addressee, string(d.State), []apiStep{}}
		for _, h := range d.History {
			x.History = append(x.History, apiStep{string(h.State), h.Note, day.ISO(h.Day), h.Poll})
		}
		out.Demands = append(out.Demands, x)
	}
	points, err := pointsOf(ctx, tx, camp.ID, camp.Points)
	if err != nil {
		return err
	}
	if points.Body != "" {
		out.Points = &apiPoints{points.Version, points.Body, day.ISO(points.Day)}
	}
	return nil
}
