package members

import (
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"convoke/internal/api"
	"convoke/internal/day"
	"convoke/internal/web"
)

// apiSkillCode is a skill of the list.
type apiSkillCode string

// Schema implements huma.SchemaProvider.
func (apiSkillCode) Schema(huma.Registry) *huma.Schema {
	s := &huma.Schema{Type: huma.TypeString}
	for _, x := range skills {
		s.Enum = append(s.Enum, x.code)
	}
	s.PrecomputeMessages()
	return s
}

// apiStart is what a group tells those who are new.
type apiStart struct {
	Shown   bool        `json:"shown" doc:"Everybody may read it."`
	Does    string      `json:"does" doc:"What we do. Markdown."`
	First   string      `json:"first" doc:"First things to do. Markdown."`
	Tasks   []string    `json:"tasks" nullable:"false" doc:"Titles of open tasks that are good for a first time."`
	Ask     string      `json:"ask" doc:"Whom to ask: a role, or an address of the group."`
	Joining string      `json:"joining" enum:"open,request,invitation"`
	Next    *apiMeeting `json:"next,omitempty" doc:"The next public thing to come to."`
	Version int         `json:"version" doc:"A change may send it back."`
}

type apiMeeting struct {
	Title string    `json:"title"`
	URL   string    `json:"url"`
	Start time.Time `json:"start"`
	Where string    `json:"where,omitempty"`
}

type apiStartInput struct {
	Shown   bool   `json:"shown,omitempty"`
	Does    string `json:"does,omitempty"`
	First   string `json:"first,omitempty"`
	Ask     string `json:"ask,omitempty"`
	Version *int   `json:"version,omitempty" doc:"That of the page as it was read."`
}

type apiSkills struct {
	Skills []apiSkill `json:"skills" nullable:"false"`
	Words  []apiWords `json:"words,omitempty" doc:"For organizers: what members who want to be known wrote."`
	Mine   *apiOffer  `json:"mine,omitempty"`
}

type apiSkill struct {
	Skill   apiSkillCode `json:"skill"`
	People  *int         `json:"people,omitempty" doc:"Absent below three, but for organizers."`
	Handles []string     `json:"handles,omitempty" doc:"For organizers: those of them who want to be known."`
}

type apiWords struct {
	Handle string `json:"handle"`
	Line   string `json:"line"`
}

type apiOffer struct {
	Skill  []apiSkillCode `json:"skill" nullable:"false"`
	Line   string         `json:"line"`
	Shared bool           `json:"shared" doc:"Organizers of this group may see the handle."`
	Ends   string         `json:"ends" format:"date"`
}

type apiOfferInput struct {
	Skill  []apiSkillCode `json:"skill,omitempty" nullable:"false"`
	Line   string         `json:"line,omitempty"`
	Shared bool           `json:"shared,omitempty"`
}

type apiDigest struct {
	On   bool   `json:"on"`
	Next string `json:"next,omitempty" format:"date" doc:"After this day the next mail comes, if there is news."`
}

type apiQuiet struct {
	Phase  string `json:"phase" enum:"active,quiet,asked"`
	Months int    `json:"months" doc:"After which the group is quiet when no organizer does anything."`
	Since  string `json:"since,omitempty" format:"date" doc:"Of the phase."`
	Asker  string `json:"asker,omitempty" doc:"Handle of the member who asks to take it on."`
	Until  string `json:"until,omitempty" format:"date" doc:"When they become a steward."`
	From   string `json:"from,omitempty" format:"date" doc:"From when on the token's person may ask."`
}

type apiQuietDo struct {
	Do     string `json:"do" enum:"here,months,ask,withdraw"`
	Months int    `json:"months,omitempty" doc:"3, 6, 12 or 24."`
}

type (
	apiPath struct {
		Handle string `path:"handle"`
	}
	apiStartPut struct {
		Handle string `path:"handle"`
		Body   apiStartInput
	}
	apiOfferPut struct {
		Handle string `path:"handle"`
		Body   apiOfferInput
	}
	apiQuietPut struct {
		Handle string `path:"handle"`
		Body   apiQuietDo
	}
)

// MountAPI adds the operations on members.
func (w *Web) MountAPI(a *api.API) {
	op := func(method, path, name, summary, doc string, scope api.Scope) api.Op {
		return api.Op{Method: method, Path: "/groups/{handle}" + path, ID: name, Tag: "groups", Summary: summary, Doc: doc, Scope: scope}
	}
	start := op(http.MethodGet, "/start", "getStart", "What a group tells those who are new", "For everybody where the group says so, else for members.", api.Read)
	start.Open, start.Cache = true, func(c *web.Call) ([]string, time.Duration) {
		tags, err := w.startTags(c)
		if err != nil {
			return []string{"groups"}, 0
		}
		return tags, pageTTL
	}
	api.Add(a, start, w.apiStart)
	api.Add(a, op(http.MethodPut, "/start", "setStart", "Write the page for those who are new", "For organizers. The page becomes what is sent.", api.Groups), w.apiSetStart)
	api.Add(a, op(http.MethodGet, "/skills", "listSkills", "Skills that members offer", "For members. Who offers what is for organizers, as far as members want it.", api.Read), w.apiSkills)
	api.Add(a, op(http.MethodPut, "/skills/mine", "offerSkills", "Offer skills in a group", "For 180 days; again, for another 180.", api.Groups), w.apiOffer)
	api.Do(a, op(http.MethodDelete, "/skills/mine", "dropSkills", "Take back what one offers", "", api.Groups),
		func(c *web.Call, in *apiPath) error { return w.DropSkills(c.Context(), c.Actor(), in.Handle) })
	api.Add(a, op(http.MethodGet, "/digest", "getDigest", "Whether one gets the weekly mail", "For members.", api.Read), w.apiDigest)
	api.Add(a, op(http.MethodPut, "/digest", "askForDigest", "Get the weekly mail", "At the address of one's account.", api.Groups),
		func(c *web.Call, in *apiPath) (apiDigest, error) {
			if err := w.Subscribe(c.Context(), c.Actor(), in.Handle); err != nil {
				return apiDigest{}, err
			}
			return w.apiDigest(c, in)
		})
	api.Do(a, op(http.MethodDelete, "/digest", "endDigest", "End the weekly mail", "", api.Groups),
		func(c *web.Call, in *apiPath) error { return w.Unsubscribe(c.Context(), c.Actor(), in.Handle) })
	api.Add(a, op(http.MethodGet, "/quiet", "getQuiet", "Whether anybody looks after a group", "For members.", api.Read), w.apiQuiet)
	api.Add(a, op(http.MethodPut, "/quiet", "speakForGroup", "Say that a group is still there, or ask to take it on",
		"Stewards say that it is there, and after how many months it is quiet; members ask, by the rule on the page.", api.Roles),
		func(c *web.Call, in *apiQuietPut) (apiQuiet, error) {
			if err := w.speakAs(c, in.Body.Do, strconv.Itoa(in.Body.Months)); err != nil {
				return apiQuiet{}, err
			}
			return w.apiQuiet(c, &apiPath{in.Handle})
		})
}

func (w *Web) apiStart(c *web.Call, in *apiPath) (apiStart, error) {
	t, err := w.Start(c.Context(), c.Actor(), in.Handle)
	if err != nil {
		return apiStart{}, err
	}
	out := apiStart{
		Shown: t.Shown, Does: t.Does, First: t.First, Tasks: append([]string{}, t.Tasks...), Ask: t.Ask, Joining: t.Group.Joining, Version: t.Version,
	}
	m, ok, err := w.next(c, t.Group.ID)
	if ok {
		out.Next = &apiMeeting{m.Title, c.BaseURL() + m.URL, m.Start, m.Where}
	}
	return out, err
}

func (w *Web) apiSetStart(c *web.Call, in *apiStartPut) (apiStart, error) {
	f, err := api.Form(c, in.Body)
	if err != nil {
		return apiStart{}, err
	}
	typed := readStart(f)
	typed.Shown = in.Body.Shown
	if err := w.SetStart(c.Context(), c.Actor(), in.Handle, typed); err != nil {
		return apiStart{}, err
	}
	return w.apiStart(c, &apiPath{in.Handle})
}

func (w *Web) apiSkills(c *web.Call, in *apiPath) (apiSkills, error) {
	s, err := w.Skills(c.Context(), c.Actor(), in.Handle)
	if err != nil {
		return apiSkills{}, err
	}
	out := apiSkills{Skills: []apiSkill{}}
	for _, x := range s.List {
		one := apiSkill{Skill: apiSkillCode(x.Code), Handles: x.Handles}
		if x.People >= fewOffers || s.Names {
			one.People = &x.People
		}
		out.Skills = append(out.Skills, one)
	}
	for _, o := range s.Named {
		if o.Line != "" {
			out.Words = append(out.Words, apiWords{o.Handle, o.Line})
		}
	}
	if s.Mine.Person != "" {
		out.Mine = &apiOffer{codesOf(s.Mine.Codes), s.Mine.Line, s.Mine.Shared, day.ISO(s.Mine.Ends)}
	}
	c.Header().Set("Cache-Control", "no-store")
	return out, nil
}

func codesOf(all []string) []apiSkillCode {
	out := []apiSkillCode{}
	for _, code := range all {
		out = append(out, apiSkillCode(code))
	}
	return out
}

func (w *Web) apiOffer(c *web.Call, in *apiOfferPut) (apiSkills, error) {
	f, err := api.Form(c, in.Body)
	if err != nil {
		return apiSkills{}, err
	}
	typed := readSkills(f)
	typed.Codes = slices.DeleteFunc(typed.Codes, func(s string) bool { return s == "" })
	typed.Shared = in.Body.Shared
	if err := w.OfferSkills(c.Context(), c.Actor(), in.Handle, typed, c.Now()); err != nil {
		return apiSkills{}, err
	}
	return w.apiSkills(c, &apiPath{in.Handle})
}

func (w *Web) apiDigest(c *web.Call, in *apiPath) (apiDigest, error) {
	d, err := w.Digest(c.Context(), c.Actor(), in.Handle)
	c.Header().Set("Cache-Control", "no-store")
	return apiDigest{d.On, day.ISO(d.Next)}, err
}

func (w *Web) apiQuiet(c *web.Call, in *apiPath) (apiQuiet, error) {
	s, err := w.Standing(c.Context(), c.Actor(), in.Handle)
	if err != nil {
		return apiQuiet{}, err
	}
	out := apiQuiet{Phase: string(s.Phase), Months: s.Months, Since: day.ISO(s.phaseBegan()), Asker: s.Asker, From: day.ISO(s.From)}
	if s.Phase == Asked {
		out.Until = s.Dormancy.Shown().Format(time.DateOnly)
	}
	c.Header().Set("Cache-Control", "no-store")
	return out, nil
}
