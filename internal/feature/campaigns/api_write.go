package campaigns

import (
	"net/http"
	"strings"

	"convoke/internal/api"
	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/handle"
	"convoke/internal/media"
	"convoke/internal/web"
)

// apiSpanInput is a day, or the days from first to last.
type apiSpanInput struct {
	First string `json:"first" format:"date"`
	Last  string `json:"last,omitempty" format:"date" doc:"The first when absent."`
}

// apiCampaignChange is a campaign as its form takes it.
type apiCampaignChange struct {
	Title      string         `json:"title"`
	Statement  string         `json:"statement,omitempty" doc:"Markdown."`
	Lang       string         `json:"lang" doc:"BCP 47: in which it is written."`
	Dates      []apiSpanInput `json:"dates,omitempty" nullable:"false" doc:"None when nothing is fixed yet."`
	State      string         `json:"state" enum:"draft,open,ended" doc:"A draft is known to its owners only. What was published cannot become a draft again."`
	PictureAlt string         `json:"picture_alt,omitempty" doc:"What the picture shows."`
	Sequence   int            `json:"sequence,omitempty" doc:"That of the campaign as it was read. When somebody changed it meanwhile, nothing is overwritten."`
}

// apiNewCampaign is apiCampaignChange for a campaign that is not there yet.
// huma does not look into embedded types that are not exported.
type apiNewCampaign struct {
	Handle     string         `json:"handle" doc:"Of its address; it never changes."`
	Group      string         `json:"group" doc:"Handle of the group that owns it, for which you speak."`
	Title      string         `json:"title"`
	Statement  string         `json:"statement,omitempty" doc:"Markdown."`
	Lang       string         `json:"lang" doc:"BCP 47: in which it is written."`
	Dates      []apiSpanInput `json:"dates,omitempty" nullable:"false" doc:"None when nothing is fixed yet."`
	State      string         `json:"state" enum:"draft,open,ended" doc:"A draft is known to its owners only."`
	PictureAlt string         `json:"picture_alt,omitempty" doc:"What the picture shows."`
}

type apiTextInput struct {
	Title     string `json:"title"`
	Statement string `json:"statement,omitempty" doc:"Markdown."`
	Credit    string `json:"credit,omitempty" doc:"Who translated; everybody sees it."`
	Sequence  *int   `json:"sequence,omitempty" doc:"That of the campaign as it was read. When somebody changed it meanwhile, nothing is overwritten."`
}

type apiNewDemand struct {
	Text      string `json:"text" doc:"What is demanded. It never changes: who endorsed did so because of it."`
	Addressee string `json:"addressee" doc:"Of whom."`
}

type apiDemandStep struct {
	State string `json:"state" enum:"open,partly_met,met,withdrawn"`
	Note  string `json:"note,omitempty" doc:"What happened."`
}

type apiPointsInput struct {
	Version int    `json:"version" doc:"That which was read; 0 when there were none. When somebody changed them meanwhile, nothing is overwritten."`
	Text    string `json:"text" doc:"Markdown. Groups that have endorsed stay with the version that they agreed to."`
}

type (
	apiCampaignNew struct{ Body apiNewCampaign }
	apiChangeInput struct {
		Handle string `path:"handle"`
		Body   apiCampaignChange
	}
	apiTextPath struct {
		Handle string `path:"handle"`
		Lang   string `path:"lang" doc:"BCP 47."`
	}
	apiTextChange struct {
		Handle string `path:"handle"`
		Lang   string `path:"lang" doc:"BCP 47."`
		Body   apiTextInput
	}
	apiDemandNew struct {
		Handle string `path:"handle"`
		Body   apiNewDemand
	}
	apiDemandChange struct {
		Handle string `path:"handle"`
		Number int    `path:"number"`
		Body   apiDemandStep
	}
	apiPointsPath struct {
		Handle  string `path:"handle"`
		Version int    `path:"version"`
	}
	apiPointsChange struct {
		Handle string `path:"handle"`
		Body   apiPointsInput
	}
)

// op begins an operation on one campaign, for those who may change it.
func op(method, path, name, summary, doc string) api.Op {
	return api.Op{Method: method, Path: "/campaigns/{handle}" + path, ID: name, Tag: "campaigns", Summary: summary, Doc: doc, Scope: api.Campaigns}
}

// mountWrites adds what organizers of owners do to a campaign.
func (w *Web) mountWrites(a *api.API) {
	create := op(http.MethodPost, "", "createCampaign", "Start a campaign", "For organizers of the group. Repeated with its key, it answers with the campaign that it made.")
	create.Path, create.Status, create.Keyed = "/campaigns", http.StatusCreated, true
	api.Add(a, create, func(c *web.Call, in *apiCampaignNew) (apiWhole, error) { return w.apiCreate(c, a, in.Body) })
	api.Add(a, op(http.MethodPut, "", "changeCampaign", "Change what a campaign says of itself",
		"For organizers of any owner. It becomes what is sent: what is left out is removed, but for the picture."), w.apiChange)
	api.Add(a, op(http.MethodPut, "/texts/{lang}", "setCampaignText", "Say it in a further language", ""), w.apiTranslate)
	api.Do(a, op(http.MethodDelete, "/texts/{lang}", "removeCampaignText", "Take a further language away", ""),
		func(c *web.Call, in *apiTextPath) error {
			return w.Translate(c.Context(), c.Actor(), in.Handle, in.Lang, "", "")
		})
	demand := op(http.MethodPost, "/demands", "addDemand", "Add a demand", "Under the next number. Repeated with its key, it is added once.")
	demand.Status, demand.Keyed = http.StatusCreated, true
	api.Add(a, demand, func(c *web.Call, in *apiDemandNew) (apiWhole, error) { return w.apiAddDemand(c, a, in) })
	api.Add(a, op(http.MethodPut, "/demands/{number}", "changeDemand", "Say where a demand stands", "Each step stays in its history. Repeated, it is one step."),
		func(c *web.Call, in *apiDemandChange) (apiWhole, error) {
			if _, err := w.editable(c, in.Handle); err != nil {
				return apiWhole{}, err
			}
			err := w.ChangeDemand(c.Context(), c.Actor(), in.Handle, in.Number, DemandInput{State: DemandState(in.Body.State), Note: oneText(c, in.Body.Note)})
			return w.shownAfter(c, in.Handle, err)
		})
	api.Add(a, op(http.MethodPut, "/points", "setPoints", "Make a new version of the points of unity", "Repeated, it makes one version."),
		func(c *web.Call, in *apiPointsChange) (apiWhole, error) {
			if _, err := w.editable(c, in.Handle); err != nil {
				return apiWhole{}, err
			}
			err := w.SetPoints(c.Context(), c.Actor(), in.Handle, in.Body.Version, oneText(c, in.Body.Text))
			return w.shownAfter(c, in.Handle, renamed(err, "body", "text"))
		})
	api.Upload(a, op(http.MethodPut, "/picture", "setCampaignPicture", "Give a campaign a picture", "What it shows is said by picture_alt of the campaign."), w.mayEdit, w.apiPicture)
	api.Do(a, op(http.MethodDelete, "/picture", "removeCampaignPicture", "Take the picture of a campaign away", ""),
		func(c *web.Call, in *apiPath) error {
			return w.SetPicture(c.Context(), c.Actor(), in.Handle, "")
		})
}

// shownAfter is the answer to a change that went well: the campaign as it is now.
func (w *Web) shownAfter(c *web.Call, handle string, err error) (apiWhole, error) {
	if err != nil {
		return apiWhole{}, err
	}
	return w.apiShow(c, &apiPath{handle})
}

// oneText and oneLine clean what was sent as forms do.
func oneText(c *web.Call, s string) string { return c.NewForm().Set("s", s).Text("s") }
func oneLine(c *web.Call, s string) string { return c.NewForm().Set("s", s).Line("s") }

// renamed gives fields the names that they have in what was sent: was and now in
// turn.
func renamed(err error, names ...string) error {
	e := fault.Of(err)
	if e == nil || e.Kind != fault.KindInvalid {
		return err
	}
	fields := append([]fault.FieldError(nil), e.Fields...)
	for i := range fields {
		for k := 0; k+1 < len(names); k += 2 {
			if fields[i].Name == names[k] {
				fields[i].Name = names[k+1]
				break
			}
		}
	}
	return fault.Invalid(fields...)
}

// typedSpans are the dates as the form has them, a line each.
func typedSpans(all []apiSpanInput) string {
	var b strings.Builder
	for _, s := range all {
		b.WriteString(s.First)
		if s.Last != "" {
			b.WriteString(" – " + s.Last)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func (w *Web) apiCreate(c *web.Call, a *api.API, in apiNewCampaign) (apiWhole, error) {
	err := w.DB.Read(c.Context(), func(tx *db.Tx) error {
		_, err := w.speaker(c.Context(), tx, c.Actor(), in.Group, authz.StartCampaign)
		return err
	})
	if err != nil {
		return apiWhole{}, err
	}
	key, err := a.Key(c)
	if err != nil {
		return apiWhole{}, err
	}
	typed := Input{
		Handle: oneLine(c, in.Handle), Title: oneLine(c, in.Title), Statement: oneText(c, in.Statement), Lang: in.Lang,
		Dates: typedSpans(in.Dates), State: State(in.State), PictureAlt: oneLine(c, in.PictureAlt),
	}
	made, err := w.Create(c.Context(), c.Actor(), in.Group, key, typed)
	if err != nil {
		return apiWhole{}, err
	}
	out, err := w.apiShow(c, &apiPath{made})
	if err != nil {
		return out, err
	}
	if made != handle.Fold(typed.Handle) || out.Sequence == 0 && (out.Texts[0].Title != typed.Title || out.Texts[0].Statement != typed.Statement) {
		return apiWhole{}, api.ErrKeyReused()
	}
	c.Header().Set("Location", c.BaseURL()+"/api/v1/campaigns/"+made)
	return out, nil
}

func (w *Web) apiChange(c *web.Call, in *apiChangeInput) (apiWhole, error) {
	b := in.Body
	err := w.Edit(c.Context(), c.Actor(), in.Handle, b.Sequence, Input{
		Title: oneLine(c, b.Title), Statement: oneText(c, b.Statement), Lang: b.Lang, Dates: typedSpans(b.Dates), State: State(b.State),
		PictureAlt: oneLine(c, b.PictureAlt),
	})
	return w.shownAfter(c, in.Handle, err)
}

func (w *Web) apiTranslate(c *web.Call, in *apiTextChange) (apiWhole, error) {
	if _, err := w.editable(c, in.Handle); err != nil {
		return apiWhole{}, err
	}
	title := oneLine(c, in.Body.Title)
	if title == "" {
		return apiWhole{}, fault.Invalid(fault.Field("title", "campaign.no_title", "Give the campaign a title."))
	}
	sequence := anySequence
	if in.Body.Sequence != nil {
		sequence = *in.Body.Sequence
	}
	err := w.TranslateSince(c.Context(), c.Actor(), in.Handle, sequence, Text{
		Lang: in.Lang, Title: title, Statement: oneText(c, in.Body.Statement), Credit: oneLine(c, in.Body.Credit),
	})
	return w.shownAfter(c, in.Handle, err)
}

func (w *Web) apiAddDemand(c *web.Call, a *api.API, in *apiDemandNew) (apiWhole, error) {
	if _, err := w.editable(c, in.Handle); err != nil {
		return apiWhole{}, err
	}
	key, err := a.Key(c)
	if err != nil {
		return apiWhole{}, err
	}
	err = w.AddDemand(c.Context(), c.Actor(), in.Handle, 0, DemandInput{
		Body: oneText(c, in.Body.Text), Addressee: oneLine(c, in.Body.Addressee), Key: key,
	})
	return w.shownAfter(c, in.Handle, renamed(err, "body", "text"))
}

// mayEdit refuses whoever may not change the campaign of the address.
func (w *Web) mayEdit(c *web.Call) error {
	_, err := w.editable(c, c.Param("handle"))
	return err
}

func (w *Web) apiPicture(c *web.Call, in *apiPath) (apiWhole, error) {
	key, err := w.Pictures.Save(c, "picture")
	switch {
	case err != nil:
		return apiWhole{}, media.Fault("picture", err)
	case key == "":
		return apiWhole{}, api.ErrNoPicture()
	}
	return w.shownAfter(c, in.Handle, w.SetPicture(c.Context(), c.Actor(), in.Handle, key))
}
