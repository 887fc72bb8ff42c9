package groups

import (
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"convoke/internal/api"
	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/handle"
	"convoke/internal/web"
)

// apiPage is the most groups or members that one page of a list holds.
const apiPage = 200

// apiRole is a role in a group.
type apiRole string

// Schema implements huma.SchemaProvider.
func (apiRole) Schema(huma.Registry) *huma.Schema {
	s := &huma.Schema{Type: huma.TypeString}
	for _, r := range authz.Roles() {
		s.Enum = append(s.Enum, string(r))
	}
	s.PrecomputeMessages()
	return s
}

type apiGroup struct {
	Handle string   `json:"handle"`
	URL    string   `json:"url" doc:"Of its page."`
	Name   string   `json:"name"`
	About  string   `json:"about" doc:"Markdown."`
	Place  string   `json:"place" doc:"Empty when it has none."`
	Zone   string   `json:"zone" doc:"IANA name of the time zone."`
	Lat    *float64 `json:"lat,omitempty"`
	Lon    *float64 `json:"lon,omitempty"`
	Langs  []string `json:"langs" nullable:"false" doc:"ISO 639 codes."`
	// What became of it.
	Ended   string `json:"ended,omitempty" doc:"The day on which it ended its work."`
	MovedTo string `json:"moved_to,omitempty" doc:"The address at which it says that it is now."`
	Version string `json:"version" doc:"Of what is said above; a change may send it back."`
}

// apiGroupInput is a group as the form takes it, field for member.
type apiGroupInput struct {
	Name    string   `json:"name"`
	About   string   `json:"about,omitempty" doc:"Markdown."`
	Place   string   `json:"place,omitempty" doc:"Town or postcode."`
	Pick    string   `json:"place_pick,omitempty" doc:"Which of several places of that name is meant: its name in full."`
	Langs   []string `json:"langs,omitempty" nullable:"false"`
	Anyway  bool     `json:"anyway,omitempty" doc:"The name looks like another group's, and is meant."`
	Version string   `json:"version,omitempty" doc:"That of the group as it was read. When somebody changed it meanwhile, nothing is overwritten."`
}

// apiNewGroup is apiGroupInput with the handle, which never changes. huma does
// not look into embedded types that are not exported.
type apiNewGroup struct {
	Handle string   `json:"handle" doc:"Of its address; it never changes."`
	Name   string   `json:"name"`
	About  string   `json:"about,omitempty" doc:"Markdown."`
	Place  string   `json:"place,omitempty" doc:"Town or postcode."`
	Pick   string   `json:"place_pick,omitempty" doc:"Which of several places of that name is meant: its name in full."`
	Langs  []string `json:"langs,omitempty" nullable:"false"`
	Anyway bool     `json:"anyway,omitempty" doc:"The name looks like another group's, and is meant."`
}

type apiMine struct {
	Handle    string  `json:"handle"`
	Name      string  `json:"name"`
	Role      apiRole `json:"role"`
	Suspended bool    `json:"suspended"`
}

type apiMember struct {
	Handle string  `json:"handle"`
	Role   apiRole `json:"role"`
	Since  string  `json:"since" format:"date"`
}

type apiInvitation struct {
	ID   string    `json:"id"`
	Role apiRole   `json:"role"`
	Ends time.Time `json:"ends"`
}

type apiLink struct {
	URL string `json:"url" doc:"Shown this once. It lets one person in, once."`
}

type apiInviteInput struct {
	Role  apiRole `json:"role"`
	Email string  `json:"email,omitempty" doc:"Where to send the link, too. It is used for that message and not kept."`
}

type apiRoleInput struct {
	Role apiRole `json:"role"`
}

type (
	apiListInput struct {
		Text  string `query:"q" doc:"The beginnings of words of the name or the handle."`
		After string `query:"after" doc:"The member next of the page before."`
		Limit int    `query:"limit" default:"50" minimum:"1" maximum:"200"`
	}
	apiHandle struct {
		Handle string `path:"handle"`
	}
	apiCreate struct{ Body apiNewGroup }
	apiChange struct {
		Handle string `path:"handle"`
		Body   apiGroupInput
	}
	apiMembersInput struct {
		Handle string `path:"handle"`
		After  string `query:"after" doc:"The member next of the page before."`
		Limit  int    `query:"limit" default:"50" minimum:"1" maximum:"200"`
	}
	apiMemberPath struct {
		Handle string `path:"handle"`
		Member string `path:"member" doc:"Handle."`
	}
	apiMemberChange struct {
		Handle string `path:"handle"`
		Member string `path:"member" doc:"Handle."`
		Body   apiRoleInput
	}
	apiInvite struct {
		Handle string `path:"handle"`
		Body   apiInviteInput
	}
	apiInvitationPath struct {
		Handle string `path:"handle"`
		ID     string `path:"id"`
	}
	apiNothing struct{}
)

// MountAPI adds the operations on groups. Suspending one is not among them.
func (s *Service) MountAPI(a *api.API) {
	cache := func(*web.Call) ([]string, time.Duration) { return []string{"groups", "site"}, pageTTL }
	op := func(method, path, name, summary, doc string) api.Op {
		return api.Op{Method: method, Path: path, ID: name, Tag: "groups", Summary: summary, Doc: doc, Scope: api.Roles}
	}
	list := op(http.MethodGet, "/groups", "listGroups", "Find groups", "In the order of their names.")
	list.Scope, list.Open, list.Cache = api.Read, true, cache
	api.Add(a, list, s.apiList)
	get := op(http.MethodGet, "/groups/{handle}", "getGroup", "One group", "")
	get.Scope, get.Open, get.Cache = api.Read, true, cache
	api.Add(a, get, func(c *web.Call, in *apiHandle) (apiGroup, error) { return s.apiShow(c, in.Handle) })
	create := op(http.MethodPost, "/groups", "createGroup", "Start a group",
		"Whoever starts it is its steward. Repeated, it answers with the group that it made.")
	create.Scope, create.Status = api.Groups, http.StatusCreated
	api.Add(a, create, s.apiCreate)
	change := op(http.MethodPut, "/groups/{handle}", "changeGroup", "Change what a group says of itself",
		"For stewards. The group becomes what is sent: what is left out is removed.")
	change.Scope = api.Groups
	api.Add(a, change, s.apiChange)
	file := op(http.MethodPost, "/groups/{handle}/archive", "archiveGroup", "All that a group owns, as one file",
		"For stewards. Nobody is in it: no members, no requests, no invitations, no sign-ups. It is noted who took it. "+
			"It takes the scope roles:write, as all that concerns a whole group, and can be had a few times an hour; while another archive is being made it answers 503.")
	api.File(a, file, "application/zip", s.apiArchive)
	s.mountEnd(a)
	s.mountInside(a)
	s.mountRules(a)
	s.mountPeople(a)
	mine := op(http.MethodGet, "/me/groups", "listMyGroups", "The groups of the token's person", "")
	mine.Scope = api.Read
	api.Add(a, mine, s.apiMine)
	api.Do(a, op(http.MethodDelete, "/me/groups/{handle}", "leaveGroup", "Leave a group", ""),
		func(c *web.Call, in *apiHandle) error { return s.Leave(c.Context(), c.Actor(), in.Handle) })
	api.Add(a, op(http.MethodGet, "/groups/{handle}/members", "listMembers", "The members of a group", "For its stewards, and for nobody else."), s.apiMembers)
	api.Add(a, op(http.MethodPut, "/groups/{handle}/members/{member}", "changeRole", "Give a member another role", "For stewards."),
		func(c *web.Call, in *apiMemberChange) (apiRoleInput, error) {
			return in.Body, s.SetRole(c.Context(), c.Actor(), in.Handle, in.Member, authz.Role(in.Body.Role))
		})
	api.Do(a, op(http.MethodDelete, "/groups/{handle}/members/{member}", "removeMember", "Take a member out of the group", "For stewards."),
		func(c *web.Call, in *apiMemberPath) error {
			return s.Remove(c.Context(), c.Actor(), in.Handle, in.Member)
		})
	api.Add(a, op(http.MethodGet, "/groups/{handle}/invitations", "listInvitations", "The links that are not used yet", "For organizers."), s.apiOpen)
	invite := op(http.MethodPost, "/groups/{handle}/invitations", "invite", "Make a link that lets somebody in",
		"Organizers invite members, stewards anybody.")
	invite.Status, invite.Keyed = http.StatusCreated, true
	api.Add(a, invite, func(c *web.Call, in *apiInvite) (apiLink, error) { return s.apiInvite(c, a, in) })
	api.Do(a, op(http.MethodDelete, "/groups/{handle}/invitations/{id}", "revokeInvitation", "Revoke a link that is not used yet", ""),
		func(c *web.Call, in *apiInvitationPath) error {
			return s.Revoke(c.Context(), c.Actor(), in.Handle, in.ID)
		})
}

func (s *Service) apiList(c *web.Call, in *apiListInput) (api.Page[apiGroup], error) {
	page, more, err := s.List(c.Context(), short(in.Text, maxName), short(in.After, handle.Max), min(in.Limit, apiPage))
	if err != nil {
		return api.Page[apiGroup]{}, err
	}
	out := make([]apiGroup, len(page))
	for i, g := range page {
		out[i] = apiOf(c, g)
	}
	next := ""
	if more {
		next = page[len(page)-1].Handle
	}
	return api.PageOf(out, next), nil
}

func (s *Service) apiShow(c *web.Call, handle string) (apiGroup, error) {
	var g Group
	err := s.DB.Read(c.Context(), func(tx *db.Tx) error {
		var err error
		g, _, err = s.load(c.Context(), tx, c.Actor(), handle)
		return err
	})
	return apiOf(c, g), err
}

func (s *Service) apiArchive(c *web.Call, in *apiHandle) error {
	g, err := s.Archivable(c.Context(), c.Actor(), in.Handle, authz.ExportGroup)
	if err != nil {
		return err
	}
	return s.sendArchive(c, g)
}

func (s *Service) apiCreate(c *web.Call, in *apiCreate) (apiGroup, error) {
	f, err := api.Form(c, in.Body)
	if err != nil {
		return apiGroup{}, err
	}
	typed := readInput(f)
	if _, err := s.Create(c.Context(), typed, c.Actor()); err != nil {
		return apiGroup{}, err
	}
	c.Header().Set("Location", c.BaseURL()+"/api/v1/groups/"+handle.Fold(typed.Handle))
	return s.apiShow(c, handle.Fold(typed.Handle))
}

func (s *Service) apiChange(c *web.Call, in *apiChange) (apiGroup, error) {
	f, err := api.Form(c, in.Body)
	if err != nil {
		return apiGroup{}, err
	}
	if err := s.Edit(c.Context(), c.Actor(), in.Handle, readInput(f)); err != nil {
		return apiGroup{}, err
	}
	return s.apiShow(c, in.Handle)
}

func apiOf(c *web.Call, g Group) apiGroup {
	out := apiGroup{
		Handle: g.Handle, URL: c.BaseURL() + "/groups/" + g.Handle, Name: g.Name, About: g.About, Place: g.Place, Zone: g.Zone,
		Langs: append([]string{}, g.Langs...), Ended: g.endDay(), MovedTo: g.MovedTo, Version: g.version(),
	}
	if g.HasPoint {
		out.Lat, out.Lon = &g.Lat, &g.Lon
	}
	return out
}

func (s *Service) apiMine(c *web.Call, _ *apiNothing) (api.Page[apiMine], error) {
	list, err := s.Mine(c.Context(), c.Actor())
	out := make([]apiMine, len(list))
	for i, m := range list {
		out[i] = apiMine{m.Handle, m.Name, apiRole(m.Role), m.Suspended}
	}
	return api.PageOf(out, ""), err
}

func (s *Service) apiMembers(c *web.Call, in *apiMembersInput) (api.Page[apiMember], error) {
	_, list, more, err := s.Members(c.Context(), c.Actor(), in.Handle, short(in.After, handle.Max), min(in.Limit, apiPage))
	if err != nil {
		return api.Page[apiMember]{}, err
	}
	out := make([]apiMember, len(list))
	for i, m := range list {
		out[i] = apiMember{m.Handle, apiRole(m.Role), m.Since.Format(time.DateOnly)}
	}
	next := ""
	if more {
		next = list[len(list)-1].Handle
	}
	c.Header().Set("Cache-Control", "no-store")
	return api.PageOf(out, next), nil
}

func (s *Service) apiOpen(c *web.Call, in *apiHandle) (api.Page[apiInvitation], error) {
	_, open, _, err := s.OpenInvitations(c.Context(), c.Actor(), in.Handle)
	out := make([]apiInvitation, len(open))
	for i, o := range open {
		out[i] = apiInvitation{o.ID, apiRole(o.Role), o.Ends}
	}
	return api.PageOf(out, ""), err
}

func (s *Service) apiInvite(c *web.Call, a *api.API, in *apiInvite) (apiLink, error) {
	key, err := a.Key(c)
	if err != nil {
		return apiLink{}, err
	}
	path, err := s.inviteBy(c, in.Handle, authz.Role(in.Body.Role), key, in.Body.Email)
	if fault.HasCode(err, "form.key_used") {
		err = api.ErrKeyReused()
	}
	if err != nil {
		return apiLink{}, err
	}
	c.Header().Set("Cache-Control", "no-store")
	return apiLink{c.BaseURL() + path}, nil
}
