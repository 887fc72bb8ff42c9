package alerts

import (
	"net/http"
	"time"

	"convoke/internal/api"
	"convoke/internal/web"
)

type (
	apiOfficialIn struct {
		Handle  string `path:"handle"`
		Warning string `path:"warning"`
	}
	apiOfficial struct {
		ID         string            `json:"id"`
		Source     string            `json:"source" doc:"As the operator calls the feed, or its message the sender."`
		Sender     string            `json:"sender" doc:"In CAP; with identifier and sent the name of the message."`
		Identifier string            `json:"identifier"`
		Sent       time.Time         `json:"sent"`
		Category   string            `json:"category,omitempty" doc:"Absent when none of ours fits."`
		Severity   string            `json:"severity" enum:"Extreme,Severe,Moderate,Minor,Unknown"`
		Starts     time.Time         `json:"starts"`
		Expires    time.Time         `json:"expires"`
		CAP        string            `json:"cap" doc:"Where the message was fetched from."`
		Page       string            `json:"page,omitempty" doc:"For people, at the sender’s."`
		Failing    *time.Time        `json:"failing,omitempty" doc:"Since when its feed cannot be read."`
		Texts      []apiOfficialText `json:"texts" nullable:"false" doc:"One a language."`
	}
	apiOfficialText struct {
		Lang        string `json:"lang"`
		Event       string `json:"event"`
		Headline    string `json:"headline,omitempty"`
		Description string `json:"description,omitempty"`
		Instruction string `json:"instruction,omitempty"`
		Area        string `json:"area,omitempty"`
	}
)

func (w *Web) mountOfficialAPI(a *api.API, read func(path, name, summary, doc string) api.Op, op opOf) {
	api.Add(a, read("/official", "listOfficialWarnings", "Official warnings that hold", "Of feeds that the operator named, the newest first; no network has checked them, and nobody was sent them."), w.apiOfficial)
	report := op(http.MethodPost, "/queue/{handle}/official/{warning}", "reportOfficialWarning", "Make a report of an official warning", "For verifiers of the network, within whose area it holds.")
	report.Keyed, report.Status = true, http.StatusNoContent
	api.Do(a, report, func(c *web.Call, in *apiOfficialIn) error {
		key, err := a.Key(c)
		if err != nil {
			return err
		}
		return w.ReportOfficial(c.Context(), c.Actor(), in.Handle, key, in.Warning, c.Locale.T("An official warning says so."))
	})
}

func (w *Web) apiOfficial(c *web.Call, in *apiList) (api.Page[apiOfficial], error) {
	f := c.NewForm().Set("near", in.Near).Set("cell", in.Cell).Set("category", in.Category)
	q := w.query(f)
	if f.Failed() {
		return api.Page[apiOfficial]{}, errQuery()
	}
	_, all, err := w.official(c, q)
	var out []apiOfficial
	for i := range all {
		x := &all[i]
		one := apiOfficial{
			ID: x.ID, Source: w.Official.Name(x, x.In(c.Locale.Tag())), Sender: x.Sender, Identifier: x.Identifier, Sent: x.Sent.UTC(), Category: x.Category,
			Severity: string(x.Severity), Starts: x.Starts.UTC(), Expires: x.Expires.UTC(), CAP: x.Link, Page: x.Page, Texts: []apiOfficialText{},
		}
		if !x.Failing.IsZero() {
			one.Failing = &x.Failing
		}
		for _, t := range x.Texts {
			one.Texts = append(one.Texts, apiOfficialText{t.Lang, t.Event, t.Headline, t.Description, t.Instruction, t.Area})
		}
		out = append(out, one)
	}
	return api.PageOf(out, ""), err
}
