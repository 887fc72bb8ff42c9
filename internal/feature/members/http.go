package members

import (
	"embed"
	"html/template"
	"strconv"
	"time"

	"convoke/internal/authz"
	"convoke/internal/day"
	"convoke/internal/db"
	"convoke/internal/i18n"
	"convoke/internal/id"
	"convoke/internal/web"
)

//go:embed pages/*.html
var pages embed.FS

// Web is the feature's pages.
type Web struct{ *Service }

const pageTTL = 5 * time.Minute

// Mount adds the routes.
func (w *Web) Mount(site *web.Site) {
	site.Handle("GET /groups/{handle}/start", w.start)
	site.Handle("GET /groups/{handle}/start/edit", w.editStartForm)
	site.Handle("POST /groups/{handle}/start/edit", w.editStart)
	site.Handle("GET /groups/{handle}/skills", w.skills)
	site.Handle("POST /groups/{handle}/skills", w.offer)
	site.Handle("GET /groups/{handle}/digest", w.digest)
	site.Handle("POST /groups/{handle}/digest", w.subscribe)
	site.Handle("GET /digest/{secret}", w.digestLink)
	site.Handle("POST /digest/{secret}", w.endDigest)
	site.Handle("GET /groups/{handle}/quiet", w.quiet)
	site.Handle("POST /groups/{handle}/quiet", w.speak)
}

type startData struct {
	Started
	URL     string
	Next    Meeting
	HasNext bool
}

var startPage = web.NewPage[startData](pages, "pages/start.html")

func (w *Web) start(c *web.Call) error {
	tags, err := w.startTags(c)
	if err != nil {
		return err
	}
	return c.Cached(tags, pageTTL, func() error {
		t, err := w.Start(c.Context(), c.Actor(), c.Param("handle"))
		if err != nil {
			return err
		}
		d := startData{Started: t, URL: "/groups/" + t.Group.Handle}
		if d.Next, d.HasNext, err = w.next(c, t.Group.ID); err != nil {
			return err
		}
		return startPage.Render(c, d)
	})
}

// startTags are those of the newcomers' page, for those who may read it.
func (w *Web) startTags(c *web.Call) (tags []string, err error) {
	err = w.DB.Read(c.Context(), func(tx *db.Tx) error {
		t, err := w.started(c.Context(), tx, c.Actor(), c.Param("handle"))
		g := string(t.Group.ID)
		tags = []string{"group:" + g, "group-events:" + g, "site"}
		return err
	})
	return tags, err
}

// next is the earliest of what other features have.
func (w *Web) next(c *web.Call, g id.Group) (first Meeting, ok bool, err error) {
	for _, find := range w.Meetings {
		m, there, err := find(c, g)
		if err != nil {
			return Meeting{}, false, err
		}
		if there && (!ok || m.Start.Before(first.Start)) {
			first, ok = m, true
		}
	}
	return first, ok, nil
}

type editStartData struct {
	Form  *web.Form
	Group Group
}

var editStartPage = web.NewPage[editStartData](pages, "pages/start_edit.html")

func (w *Web) editStartForm(c *web.Call) error {
	g, t, err := w.EditableStart(c.Context(), c.Actor(), c.Param("handle"))
	if err != nil {
		return err
	}
	f := c.NewForm().Set("does", t.Does).Set("first", t.First).Set("ask", t.Ask).Set("version", strconv.Itoa(t.Version))
	if t.Shown {
		f.Set("shown", "1")
	}
	return editStartPage.RenderForm(c, f, editStartData{f, g})
}

func readStart(f *web.Form) StartInput {
	return StartInput{Shown: f.Has("shown", "1"), Does: f.Text("does"), First: f.Text("first"), Ask: f.Line("ask"), Version: f.Line("version")}
}

func (w *Web) editStart(c *web.Call) error {
	g, _, err := w.EditableStart(c.Context(), c.Actor(), c.Param("handle"))
	if err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	err = w.SetStart(c.Context(), c.Actor(), g.Handle, readStart(f))
	if f.Accepts(err) {
		return editStartPage.RenderForm(c, f, editStartData{f, g})
	}
	if err != nil {
		return err
	}
	return c.SeeOther("/groups/" + g.Handle + "/start")
}

type skillsData struct {
	Form    *web.Form
	Skills  Skills
	URL     string
	List    []skillView
	Words   []Offer // those with a line
	Choices []web.Choice
	Share   bool
	Ends    time.Time // of the reader's offer
}

type skillView struct {
	Name    string
	Count   string
	Handles []string
}

var skillsPage = web.NewPage[skillsData](pages, "pages/skills.html")

func (w *Web) skills(c *web.Call) error {
	s, err := w.Skills(c.Context(), c.Actor(), c.Param("handle"))
	if err != nil {
		return err
	}
	f := c.NewForm().Set("skill", s.Mine.Codes...).Set("line", s.Mine.Line)
	if s.Mine.Shared {
		f.Set("shared", "1")
	}
	return w.showSkills(c, f, s)
}

func (w *Web) showSkills(c *web.Call, f *web.Form, s Skills) error {
	d := skillsData{Form: f, Skills: s, URL: "/groups/" + s.Group.Handle + "/skills", Share: f.Has("shared", "1"), Ends: day.Time(s.Mine.Ends)}
	for _, x := range s.List {
		d.List = append(d.List, skillView{c.Locale.T(skillName(x.Code)), offering(c.Locale, x.People, s.Names), x.Handles})
	}
	for _, o := range s.Named {
		if o.Line != "" {
			d.Words = append(d.Words, o)
		}
	}
	for _, x := range skills {
		d.Choices = append(d.Choices, web.Choice{Value: x.code, Label: c.Locale.T(x.name)})
	}
	d.Choices = f.Choose("skill", d.Choices)
	c.Header().Set("Cache-Control", "no-store")
	return skillsPage.RenderForm(c, f, d)
}

// offering says how many offer a skill; of a few only organizers are told.
func offering(l *i18n.Locale, people int, named bool) string {
	if people < fewOffers && !named {
		return l.T("fewer than {n}", "n", fewOffers)
	}
	return l.N("{n} member", "{n} members", people)
}

func readSkills(f *web.Form) SkillInput {
	return SkillInput{Codes: f.All("skill"), Line: f.Line("line"), Shared: f.Has("shared", "1")}
}

func (w *Web) offer(c *web.Call) error {
	s, err := w.Skills(c.Context(), c.Actor(), c.Param("handle"))
	if err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	switch f.Line("do") {
	case "offer":
		err = w.OfferSkills(c.Context(), c.Actor(), s.Group.Handle, readSkills(f), c.Now())
	case "remove":
		err = w.DropSkills(c.Context(), c.Actor(), s.Group.Handle)
	default:
		err = errForm()
	}
	if f.Accepts(err) {
		return w.showSkills(c, f, s)
	}
	if err != nil {
		return err
	}
	return c.SeeOther("/groups/" + s.Group.Handle + "/skills")
}

type digestData struct {
	Form   *web.Form
	Digest Digest
	Next   time.Time
}

var digestPage = web.NewPage[digestData](pages, "pages/digest.html")

func (w *Web) digest(c *web.Call) error { return w.showDigest(c, c.NewForm()) }

func (w *Web) showDigest(c *web.Call, f *web.Form) error {
	d, err := w.Digest(c.Context(), c.Actor(), c.Param("handle"))
	if err != nil {
		return err
	}
	c.Header().Set("Cache-Control", "no-store")
	return digestPage.RenderForm(c, f, digestData{f, d, day.Time(d.Next)})
}

func (w *Web) subscribe(c *web.Call) error {
	if err := c.RequireActor(); err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	handle := c.Param("handle")
	switch f.Line("do") {
	case "ask":
		err = w.Subscribe(c.Context(), c.Actor(), handle)
	case "end":
		err = w.Unsubscribe(c.Context(), c.Actor(), handle)
	default:
		_, err = w.Digest(c.Context(), c.Actor(), handle)
		if err == nil {
			err = errForm()
		}
	}
	if f.Accepts(err) {
		return w.showDigest(c, f)
	}
	if err != nil {
		return err
	}
	return c.SeeOther("/groups/" + handle + "/digest")
}

type linkData struct {
	Group  Group
	Action string // "" once it is ended
}

var linkPage = web.NewPage[linkData](pages, "pages/digest_link.html")

// digestLink shows what the link of a mail does; only its button does it, because mail
// programs open links by themselves.
func (w *Web) digestLink(c *web.Call) error {
	g, err := w.Linked(c.Context(), c.Param("secret"))
	if err != nil {
		return err
	}
	c.Header().Set("Cache-Control", "no-store")
	return linkPage.Render(c, linkData{g, "/digest/" + c.Param("secret")})
}

func (w *Web) endDigest(c *web.Call) error {
	g, err := w.Linked(c.Context(), c.Param("secret"))
	if err != nil {
		return err
	}
	if err := w.UnsubscribeByLink(c.Context(), c.Param("secret")); err != nil {
		return err
	}
	return linkPage.Render(c, linkData{Group: g})
}

type quietData struct {
	Form     *web.Form
	S        Standing
	URL      string
	Steward  bool
	From     time.Time // from when on the reader may ask
	Choices  []web.Choice
	HasAsked bool
	IsQuiet  bool
	// What the rule says, in days.
	Answer, Members, Belonged, Shown int
}

var quietPage = web.NewPage[quietData](pages, "pages/quiet.html")

func (w *Web) quiet(c *web.Call) error { return w.showQuiet(c, c.NewForm()) }

func (w *Web) showQuiet(c *web.Call, f *web.Form) error {
	s, err := w.Standing(c.Context(), c.Actor(), c.Param("handle"))
	if err != nil {
		return err
	}
	d := quietData{
		Form: f, S: s, URL: "/groups/" + s.Group.Handle + "/quiet", Steward: authz.May(c.Actor(), authz.StillHere, authz.Subject{
			Role: s.Role, Suspended: s.Group.Suspended, Ended: s.Group.Ended,
		}),
		From: day.Time(s.From), HasAsked: s.Phase == Asked, IsQuiet: s.Phase == Quiet,
		Answer: answerDays, Members: membersWait, Belonged: memberFor, Shown: shownDays,
	}
	if f.Raw("months") == "" {
		f.Set("months", strconv.Itoa(s.Months))
	}
	for _, n := range monthChoices() {
		d.Choices = append(d.Choices, web.Choice{Value: strconv.Itoa(n), Label: c.Locale.N("{n} month", "{n} months", n)})
	}
	d.Choices = f.Choose("months", d.Choices)
	c.Header().Set("Cache-Control", "no-store")
	return quietPage.RenderForm(c, f, d)
}

// speakAs does what a button or a program says.
func (w *Web) speakAs(c *web.Call, do, months string) error {
	ctx, by, handle := c.Context(), c.Actor(), c.Param("handle")
	switch do {
	case "here":
		return w.Here(ctx, by, handle)
	case "months":
		return w.SetMonths(ctx, by, handle, months)
	case "ask":
		return w.Ask(ctx, by, handle)
	case "withdraw":
		return w.Withdraw(ctx, by, handle)
	}
	if _, err := w.Standing(ctx, by, handle); err != nil {
		return err
	}
	return errForm()
}

func (w *Web) speak(c *web.Call) error {
	if err := c.RequireActor(); err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	err = w.speakAs(c, f.Line("do"), f.Line("months"))
	if f.Accepts(err) {
		return w.showQuiet(c, f)
	}
	if err != nil {
		return err
	}
	return c.SeeOther("/groups/" + c.Param("handle") + "/quiet")
}

type panelData struct {
	URL     string
	Quiet   bool
	Sent    bool // it is a coalition: who looks after it is sent
	Months  int
	Asker   string // for members
	Until   time.Time
	Steward bool
	Member  bool
	Start   bool // the newcomers' page can be read
	Edit    bool // there is none yet, and the reader may write it
	Ended   bool
}

var groupPanel = web.NewPage[panelData](pages, "pages/group.html")

// GroupPanel is this feature's part of a group's page: that the group is quiet, for
// everybody; the newcomers' page; and links for members.
func (w *Web) GroupPanel(c *web.Call, gid id.Group) (template.HTML, error) {
	var d panelData
	err := w.DB.Read(c.Context(), func(tx *db.Tx) (err error) {
		m := member{today: day.Of(tx.Now())}
		if m.Group, err = w.Groups.ByID(c.Context(), tx, gid); err != nil {
			return err
		}
		if err := w.role(c.Context(), tx, c.Actor(), &m); err != nil {
			return err
		}
		s, err := w.standing(c.Context(), tx, c.Actor(), &m)
		if err != nil {
			return err
		}
		t, err := startOf(c.Context(), tx, gid)
		d = panelData{
			URL: "/groups/" + m.Group.Handle, Quiet: s.Phase != Active && !m.Group.Ended && !m.Group.Coalition, Months: s.Months, Sent: m.Group.Coalition,
			Until: s.Shown(), Steward: s.Role == authz.Steward, Member: s.Role != authz.None, Ended: m.Group.Ended,
		}
		d.Start = t.Version > 0 && (t.Shown || d.Member)
		d.Edit = t.Version == 0 && authz.May(c.Actor(), authz.RunTasks, m.sub)
		if d.Member {
			d.Asker = s.Asker
		}
		return err
	})
	if err != nil || !d.Quiet && !d.Start && !d.Member {
		return "", err
	}
	return groupPanel.Fragment(c, d)
}

type mineData struct{ Groups []Group }

var minePanel = web.NewPage[mineData](pages, "pages/mine.html")

// MinePanel tells stewards on their own page which of their groups are quiet; it is
// empty for everybody else.
func (w *Web) MinePanel(c *web.Call) (template.HTML, error) {
	var d mineData
	err := w.DB.Read(c.Context(), func(tx *db.Tx) (err error) {
		d.Groups, err = w.QuietOf(c.Context(), tx, c.Actor().Person)
		return err
	})
	if err != nil || len(d.Groups) == 0 {
		return "", err
	}
	return minePanel.Fragment(c, d)
}
