package statements

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"convoke/internal/api"
	"convoke/internal/authz"
	"convoke/internal/day"
	"convoke/internal/db"
	"convoke/internal/id"
	"convoke/internal/media"
	"convoke/internal/web"
)

// apiLang is a language that a statement can be written in.
type apiLang string

// Schema implements huma.SchemaProvider.
func (apiLang) Schema(huma.Registry) *huma.Schema {
	s := &huma.Schema{Type: huma.TypeString, Description: "ISO 639."}
	for _, l := range web.Languages() {
		s.Enum = append(s.Enum, l.Value)
	}
	s.PrecomputeMessages()
	return s
}

// apiStatement is a statement as its page shows it, in all its languages.
type apiStatement struct {
	ID          string                   `json:"id"`
	URL         string                   `json:"url" doc:"Of its page."`
	Group       string                   `json:"group" doc:"The handle of the group that speaks."`
	Campaign    string                   `json:"campaign,omitempty" doc:"The handle of the campaign that it is an update of."`
	State       string                   `json:"state" enum:"draft,published,withdrawn"`
	Day         string                   `json:"day" format:"date"`
	Lang        apiLang                  `json:"lang" doc:"In which it was written."`
	Byline      string                   `json:"byline" doc:"Who speaks; empty is the group."`
	Tags        []string                 `json:"tags" nullable:"false"`
	Texts       []apiStatementText       `json:"texts" nullable:"false" doc:"The original first. Without markdown when it was withdrawn."`
	Corrections []apiStatementCorrection `json:"corrections" nullable:"false" doc:"Oldest first; empty in lists."`
	Revised     string                   `json:"revised,omitempty" format:"date" doc:"Of the last change that only mended spelling."`
	Withdrawn   string                   `json:"withdrawn,omitempty" format:"date"`
	Why         string                   `json:"why,omitempty" doc:"It was withdrawn."`
	Picture     string                   `json:"picture,omitempty" doc:"Its address."`
	PictureAlt  string                   `json:"picture_alt"`
	Sequence    int                      `json:"sequence" doc:"Grows with every change; a change sends it back."`
	Updated     time.Time                `json:"updated"`
}

type apiStatementText struct {
	Lang     apiLang `json:"lang"`
	Title    string  `json:"title"`
	Markdown string  `json:"markdown"`
	Credit   string  `json:"credit" doc:"Who translated, as they want to be named."`
	Older    bool    `json:"older" doc:"The original was changed since."`
}

type apiStatementCorrection struct {
	Day  string  `json:"day" format:"date"`
	Lang apiLang `json:"lang"`
	Note string  `json:"note"`
}

// apiStatementInput is a statement as the form takes it, field for member.
type apiStatementInput struct {
	Title      string   `json:"title"`
	Markdown   string   `json:"markdown"`
	Lang       apiLang  `json:"lang"`
	Day        string   `json:"day" doc:"2027-05-08."`
	State      string   `json:"state" enum:"draft,published"`
	Byline     string   `json:"byline,omitempty"`
	Tags       []string `json:"tags,omitempty" nullable:"false"`
	PictureAlt string   `json:"picture_alt,omitempty"`
	Campaign   string   `json:"campaign,omitempty" doc:"Handle of one that the group owns, to make it an update of that."`
	Note       string   `json:"note,omitempty" doc:"What was corrected, for a change of what is public; everybody sees it."`
	Spelling   bool     `json:"spelling,omitempty" doc:"Only spelling was mended, so there is nothing to note."`
	Sequence   int      `json:"sequence,omitempty" doc:"For a change: that of the statement as it was read."`
}

// apiStatementTextInput is a version in another language.
type apiStatementTextInput struct {
	Title    string `json:"title"`
	Markdown string `json:"markdown"`
	Credit   string `json:"credit,omitempty" doc:"Who translated; everybody sees it."`
	Note     string `json:"note,omitempty" doc:"What was corrected, when this version is public already."`
	Spelling bool   `json:"spelling,omitempty" doc:"Only spelling was mended, so there is nothing to note."`
	Sequence int    `json:"sequence" doc:"That of the statement as it was read."`
}

type apiWithdrawal struct {
	Why      string `json:"why" doc:"Everybody sees it."`
	Sequence int    `json:"sequence" doc:"That of the statement as it was read."`
}

type (
	apiList struct {
		Group string `query:"group" doc:"Handle."`
		Of    string `query:"campaign" doc:"Handle: the updates of that campaign."`
		Lang  string `query:"lang" doc:"Has a text in this language."`
		After string `query:"after" doc:"The member next of the page before."`
		Limit int    `query:"limit" doc:"1 to 200; 30 when absent."`
	}
	apiPath struct {
		ID string `path:"id"`
	}
	apiCreate struct {
		Handle string `path:"handle"`
		Body   apiStatementInput
	}
	apiUpdate struct {
		ID   string `path:"id"`
		Body apiStatementInput
	}
	apiTranslate struct {
		ID   string  `path:"id"`
		Lang apiLang `path:"lang"`
		Body apiStatementTextInput
	}
	apiWithdraw struct {
		ID   string `path:"id"`
		Body apiWithdrawal
	}
)

// MountAPI adds the operations on statements.
func (w *Web) MountAPI(a *api.API) {
	op := func(method, path, name, summary, doc string) api.Op {
		return api.Op{Method: method, Path: path, ID: name, Tag: "statements", Summary: summary, Doc: doc, Scope: api.Statements}
	}
	list := op(http.MethodGet, "/statements", "listStatements", "Find statements", "The latest first.")
	list.Scope, list.Open = api.Read, true
	list.Cache = func(*web.Call) ([]string, time.Duration) {
		return []string{"statements", "groups", "campaigns", "site"}, listTTL
	}
	api.Add(a, list, w.apiList)
	get := op(http.MethodGet, "/statements/{id}", "getStatement", "One statement", "In all its languages, with what was corrected.")
	get.Scope, get.Open = api.Read, true
	get.Cache = func(c *web.Call) ([]string, time.Duration) {
		return []string{"statement:" + c.Param("id"), "groups", "campaigns", "site"}, pageTTL
	}
	api.Add(a, get, func(c *web.Call, in *apiPath) (apiStatement, error) { return w.apiShow(c, in.ID) })
	create := op(http.MethodPost, "/groups/{handle}/statements", "createStatement", "Publish a statement, or keep a draft", "For organizers of the group.")
	create.Status, create.Keyed = http.StatusCreated, true
	api.Add(a, create, func(c *web.Call, in *apiCreate) (apiStatement, error) { return w.apiCreate(c, a, in) })
	api.Add(a, op(http.MethodPut, "/statements/{id}", "changeStatement", "Change a statement",
		"For organizers of its group. What is public asks for a note of what was corrected, or that only spelling was."), w.apiUpdate)
	api.Add(a, op(http.MethodPut, "/statements/{id}/texts/{lang}", "translateStatement", "Add or change a version in another language", ""), w.apiTranslate)
	api.Add(a, op(http.MethodPost, "/statements/{id}/withdraw", "withdrawStatement", "Withdraw a statement for good", "Its page says that it was withdrawn, and why."), w.apiWithdraw)
	api.Upload(a, op(http.MethodPut, "/statements/{id}/picture", "setStatementPicture", "Give a statement a picture",
		"For organizers of its group. What it shows is said by picture_alt of the statement."), w.mayEdit, w.apiPicture)
	api.Do(a, op(http.MethodDelete, "/statements/{id}/picture", "removeStatementPicture", "Take the picture of a statement away", ""),
		func(c *web.Call, in *apiPath) error { return w.SetPicture(c.Context(), c.Actor(), ID(in.ID), "") })
}

// mayEdit refuses whoever may not change the statement of the address.
func (w *Web) mayEdit(c *web.Call) error {
	_, err := w.load(c)
	return err
}

func (w *Web) apiPicture(c *web.Call, in *apiPath) (apiStatement, error) {
	key, err := w.Pictures.Save(c, "picture")
	switch {
	case err != nil:
		return apiStatement{}, media.Fault("picture", err)
	case key == "":
		return apiStatement{}, api.ErrNoPicture()
	}
	if err := w.SetPicture(c.Context(), c.Actor(), ID(in.ID), key); err != nil {
		return apiStatement{}, err
	}
	return w.apiShow(c, in.ID)
}

func (w *Web) apiList(c *web.Call, _ *apiList) (api.Page[apiStatement], error) {
	q, err := ParseQuery(c.Query())
	if err != nil {
		return api.Page[apiStatement]{}, err
	}
	r, err := w.Find(c.Context(), q)
	if err != nil {
		return api.Page[apiStatement]{}, err
	}
	out := make([]apiStatement, len(r.Statements))
	for i := range r.Statements {
		out[i] = apiOf(c.BaseURL(), &r.Statements[i], r.Groups[r.Statements[i].Group], r.Campaigns[r.Statements[i].Campaign])
	}
	next := ""
	if r.More {
		next = r.Statements[len(r.Statements)-1].cursor()
	}
	return api.PageOf(out, next), nil
}

func (w *Web) apiShow(c *web.Call, name string) (apiStatement, error) {
	if !id.Valid(name) {
		return apiStatement{}, errNone()
	}
	var f Found
	err := w.DB.Read(c.Context(), func(tx *db.Tx) error {
		var err error
		f, err = w.Get(c.Context(), tx, c.Actor(), ID(name))
		return err
	})
	if err != nil {
		return apiStatement{}, err
	}
	f.Statement = f.Statement.withheld()
	return apiOf(c.BaseURL(), &f.Statement, f.Group, f.Campaign), nil
}

// apiInput reads and cleans what was sent, as the form does.
func apiInput(c *web.Call, body apiStatementInput) (Input, error) {
	f, err := api.Form(c, body)
	if err != nil {
		return Input{}, err
	}
	return readInput(f.Set("tags", strings.Join(body.Tags, ", "))), nil
}

func (w *Web) apiCreate(c *web.Call, a *api.API, in *apiCreate) (apiStatement, error) {
	if _, err := w.speaker(c); err != nil {
		return apiStatement{}, err
	}
	key, err := a.Key(c)
	if err != nil {
		return apiStatement{}, err
	}
	typed, err := apiInput(c, in.Body)
	if err != nil {
		return apiStatement{}, err
	}
	sid, err := w.Create(c.Context(), c.Actor(), in.Handle, key, typed)
	if err != nil {
		return apiStatement{}, err
	}
	if err := w.madeOf(c.Context(), c.Actor(), sid, typed); err != nil {
		return apiStatement{}, err
	}
	c.Header().Set("Location", c.BaseURL()+"/api/v1/statements/"+string(sid))
	return w.apiShow(c, string(sid))
}

// madeOf refuses a key that made another statement than what was typed would.
// One that was changed since cannot tell.
func (w *Web) madeOf(ctx context.Context, by authz.Actor, sid ID, typed Input) error {
	want, text, err := typed.parse()
	if err != nil {
		return err
	}
	return w.DB.Read(ctx, func(tx *db.Tx) error {
		f, err := w.Get(ctx, tx, by, sid)
		if err != nil {
			return err
		}
		s := &f.Statement
		if s.Sequence == 0 && (!s.Original().says(text) || s.Lang != want.Lang || s.Day != want.Day || s.State != want.State || f.Campaign.Handle != typed.campaign()) {
			return api.ErrKeyReused()
		}
		return nil
	})
}

func (w *Web) apiUpdate(c *web.Call, in *apiUpdate) (apiStatement, error) {
	if err := w.mayEdit(c); err != nil {
		return apiStatement{}, err
	}
	typed, err := apiInput(c, in.Body)
	if err == nil {
		err = w.Update(c.Context(), c.Actor(), ID(in.ID), in.Body.Sequence, typed)
	}
	if err != nil {
		return apiStatement{}, err
	}
	return w.apiShow(c, in.ID)
}

func (w *Web) apiTranslate(c *web.Call, in *apiTranslate) (apiStatement, error) {
	if err := w.mayEdit(c); err != nil {
		return apiStatement{}, err
	}
	f, err := api.Form(c, in.Body)
	if err != nil {
		return apiStatement{}, err
	}
	text := TextInput{Lang: string(in.Lang), Title: f.Line("title"), Markdown: f.Text("markdown"), Credit: f.Line("credit"), Change: readChange(f)}
	if err := w.Translate(c.Context(), c.Actor(), ID(in.ID), in.Body.Sequence, text); err != nil {
		return apiStatement{}, err
	}
	return w.apiShow(c, in.ID)
}

func (w *Web) apiWithdraw(c *web.Call, in *apiWithdraw) (apiStatement, error) {
	if err := w.mayEdit(c); err != nil {
		return apiStatement{}, err
	}
	f, err := api.Form(c, in.Body)
	if err == nil {
		err = w.Withdraw(c.Context(), c.Actor(), ID(in.ID), in.Body.Sequence, f.Line("why"))
	}
	if err != nil {
		return apiStatement{}, err
	}
	return w.apiShow(c, in.ID)
}

// apiOf is a statement for programs. base begins addresses.
func apiOf(base string, s *Statement, g Group, of Campaign) apiStatement {
	out := apiStatement{
		ID: string(s.ID), URL: s.url(base), Group: g.Handle, Campaign: of.Handle, State: string(s.State), Day: day.ISO(s.Day), Lang: apiLang(s.Lang), Byline: s.Byline,
		Tags: append([]string{}, s.Tags...), Texts: []apiStatementText{}, Corrections: []apiStatementCorrection{}, Revised: day.ISO(s.Revised),
		Withdrawn: day.ISO(s.Withdrawn), Why: s.Why, PictureAlt: s.PictureAlt, Sequence: s.Sequence, Updated: s.Updated,
	}
	for _, t := range s.Texts {
		out.Texts = append(out.Texts, apiStatementText{apiLang(t.Lang), t.Title, t.Markdown, t.Credit, s.State != Withdrawn && s.older(t)})
	}
	for _, x := range s.Corrections {
		out.Corrections = append(out.Corrections, apiStatementCorrection{day.ISO(x.Day), apiLang(x.Lang), x.Note})
	}
	if s.Picture != "" {
		out.Picture = base + "/pictures/" + s.Picture
	}
	return out
}
