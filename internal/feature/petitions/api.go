package petitions

import (
	"net/http"
	"strings"
	"time"

	"convoke/internal/api"
	"convoke/internal/db"
	"convoke/internal/web"
)

// apiPetitionInput is a petition as the form takes it, field for member.
type apiPetitionInput struct {
	Addressee string `json:"addressee"`
	Title     string `json:"title"`
	Markdown  string `json:"markdown"`
	Lang      string `json:"lang" doc:"ISO 639."`
	Slug      string `json:"slug,omitempty" doc:"Of its address; follows from the title when absent."`
	Stages    string `json:"stages" doc:"Counts with commas between; the highest is the goal."`
	Gate      string `json:"gate" enum:"email,browser,paper,codes,members"`
	Opens     string `json:"opens,omitempty" doc:"First day; empty is that of opening."`
	Closes    string `json:"closes,omitempty" doc:"Last day; empty is a year after it opens, which is the longest."`
	Campaign  string `json:"campaign,omitempty" doc:"Handle of one that the group owns."`
	Sequence  int    `json:"sequence,omitempty" doc:"For a change: that of the petition as it was read."`
}

type apiSay struct {
	Markdown string `json:"markdown"`
	Day      string `json:"day,omitempty" doc:"Empty is today."`
	URL      string `json:"url,omitempty" doc:"Where a reply can be read."`
	Refused  bool   `json:"refused,omitempty" doc:"A reply refuses what was asked."`
	ReplyBy  string `json:"reply_by,omitempty" doc:"Of a delivery: the day until which a reply is awaited."`
}

type (
	apiList struct {
		State string `query:"state" doc:"open, waiting, answered or closed; open when absent."`
		After string `query:"after" doc:"The member next of the page before."`
		Limit int    `query:"limit" doc:"1 to 100; 20 when absent."`
	}
	apiPath struct {
		Slug string `path:"slug"`
	}
	apiCreate struct {
		Handle string `path:"handle"`
		Body   apiPetitionInput
	}
	apiUpdate struct {
		Slug string `path:"slug"`
		Body apiPetitionInput
	}
	apiOpen struct {
		Slug string `path:"slug"`
		Body struct {
			Sequence int      `json:"sequence" doc:"That of the petition as it was read."`
			Codes    []string `json:"codes,omitempty" nullable:"false" doc:"For the gate codes: each lets one person sign once."`
		}
	}
	apiEntry struct {
		Slug string `path:"slug"`
		Body apiSay
	}
)

// MountAPI adds the operations on petitions.
func (w *Web) MountAPI(a *api.API) {
	op := func(method, path, name, summary, doc string) api.Op {
		return api.Op{Method: method, Path: path, ID: name, Tag: "petitions", Summary: summary, Doc: doc, Scope: api.Petitions}
	}
	list := op(http.MethodGet, "/petitions", "listPetitions", "Find petitions",
		"Those that are open, the latest first; or those that wait for a reply, the longest wait first.")
	list.Scope, list.Open = api.Read, true
	list.Cache = func(*web.Call) ([]string, time.Duration) { return []string{"petitions", "groups", "site"}, listTTL }
	api.Add(a, list, w.apiList)
	get := op(http.MethodGet, "/petitions/{slug}", "getPetition", "One petition", "With all that its text can be checked with against the record.")
	get.Scope, get.Open = api.Read, true
	get.Cache = func(c *web.Call) ([]string, time.Duration) {
		tags, err := w.tags(c, c.Param("slug"))
		if err != nil {
			return []string{"petitions"}, 0
		}
		return tags, pageTTL
	}
	api.Add(a, get, func(c *web.Call, in *apiPath) (file, error) { return w.apiShow(c, in.Slug) })
	create := op(http.MethodPost, "/groups/{handle}/petitions", "createPetition", "Start a petition, as a draft", "For organizers of the group.")
	create.Status, create.Keyed = http.StatusCreated, true
	api.Add(a, create, func(c *web.Call, in *apiCreate) (file, error) { return w.apiCreate(c, a, in) })
	api.Add(a, op(http.MethodPut, "/petitions/{slug}", "changePetition", "Change a draft, or correct a text that nobody has begun to sign", ""), w.apiUpdate)
	api.Add(a, op(http.MethodPost, "/petitions/{slug}/open", "openPetition", "Open a draft for signing", "Gate, stages and days cannot be changed afterwards."),
		func(c *web.Call, in *apiOpen) (file, error) {
			if err := w.OpenUp(c.Context(), c.Actor(), in.Slug, in.Body.Sequence, strings.Join(in.Body.Codes, "\n")); err != nil {
				return file{}, err
			}
			return w.apiShow(c, in.Slug)
		})
	w.mountVersionsAPI(a, op)
	api.Add(a, op(http.MethodPost, "/petitions/{slug}/close", "closePetition", "End signing for good", "For organizers of its group. Repeated, it changes nothing."),
		func(c *web.Call, in *apiPath) (file, error) {
			if err := w.CloseNow(c.Context(), c.Actor(), in.Slug); err != nil {
				return file{}, err
			}
			return w.apiShow(c, in.Slug)
		})
	api.Do(a, op(http.MethodDelete, "/petitions/{slug}", "discardPetition", "Delete a draft", "For organizers of its group. What was open once stays."),
		func(c *web.Call, in *apiPath) error {
			return w.Discard(c.Context(), c.Actor(), in.Slug, anySequence)
		})
	say := func(path, name, summary string, do func(c *web.Call, slug string, in SayInput) error) {
		o := op(http.MethodPost, "/petitions/{slug}/"+path, name, summary, "For organizers of its group.")
		o.Keyed = true
		api.Add(a, o, func(c *web.Call, in *apiEntry) (file, error) {
			if _, err := w.load(c); err != nil {
				return file{}, err
			}
			key, f, err := a.Keyed(c, in.Body)
			if err != nil {
				return file{}, err
			}
			typed := typed(f)
			typed.Key, typed.Refused = key, in.Body.Refused
			if err := do(c, in.Slug, typed); err != nil {
				return file{}, err
			}
			return w.apiShow(c, in.Slug)
		})
	}
	say("amendments", "amendPetition", "Add an amendment, which everybody sees beside the original", func(c *web.Call, slug string, in SayInput) error {
		return w.Amend(c.Context(), c.Actor(), slug, in)
	})
	say("updates", "tellFollowers", "Write an update, which is mailed to those who left an address, once a week at most", func(c *web.Call, slug string, in SayInput) error {
		return w.Tell(c.Context(), c.Actor(), slug, in)
	})
	say("delivery", "deliverPetition", "Say that it was handed over; this ends signing", func(c *web.Call, slug string, in SayInput) error {
		return w.Deliver(c.Context(), c.Actor(), slug, in)
	})
	say("reply", "answerPetition", "Publish the reply that came", func(c *web.Call, slug string, in SayInput) error {
		return w.Reply(c.Context(), c.Actor(), slug, in)
	})
}

func (w *Web) apiList(c *web.Call, _ *apiList) (api.Page[file], error) {
	q, err := ParseQuery(c.Query())
	if err != nil {
		return api.Page[file]{}, err
	}
	var out []file
	next := ""
	err = w.DB.Read(c.Context(), func(tx *db.Tx) error {
		all, err := page(c.Context(), tx, &q, q.Limit+1)
		if err != nil {
			return err
		}
		out, next = nil, ""
		if len(all) > q.Limit {
			all = all[:q.Limit]
			next = all[q.Limit-1].cursor()
		}
		groups := groupsOnce{}
		for i := range all {
			v := view{Found: Found{Petition: all[i]}}
			if v.Group, err = groups.byID(c.Context(), tx, w.Groups, all[i].Group); err != nil {
				return err
			}
			if v.Numbers, err = w.numbers(c.Context(), tx, &all[i]); err != nil {
				return err
			}
			if v.Versions, err = versionsOf(c.Context(), tx, &all[i]); err != nil {
				return err
			}
			for k := range v.Versions {
				v.Versions[k].Markdown = v.Versions[k].summary()
			}
			f := v.file(c.BaseURL())
			f.Markdown, f.Text = all[i].Text.summary(), nil
			out = append(out, f)
		}
		return nil
	})
	return api.PageOf(out, next), err
}

func (w *Web) apiShow(c *web.Call, slug string) (file, error) {
	v, err := w.view(c, slug)
	if err != nil {
		return file{}, err
	}
	return v.file(c.BaseURL()), nil
}

func (w *Web) apiCreate(c *web.Call, a *api.API, in *apiCreate) (file, error) {
	if _, err := w.starter(c); err != nil {
		return file{}, err
	}
	key, f, err := a.Keyed(c, in.Body)
	if err != nil {
		return file{}, err
	}
	slug, err := w.Create(c.Context(), c.Actor(), in.Handle, key, readInput(f))
	if err != nil {
		return file{}, err
	}
	c.Header().Set("Location", c.BaseURL()+"/api/v1/petitions/"+slug)
	return w.apiShow(c, slug)
}

func (w *Web) apiUpdate(c *web.Call, in *apiUpdate) (file, error) {
	if _, err := w.load(c); err != nil {
		return file{}, err
	}
	f, err := api.Form(c, in.Body)
	if err != nil {
		return file{}, err
	}
	slug, err := w.Update(c.Context(), c.Actor(), in.Slug, in.Body.Sequence, readInput(f))
	if err != nil {
		return file{}, err
	}
	return w.apiShow(c, slug)
}
