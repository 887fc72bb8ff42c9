package petitions

import (
	"encoding/hex"
	"html/template"
	"net/http"

	"convoke/internal/day"
	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/record/leaf"
	"convoke/internal/web"
)

// afterData is the forms that are offered after signing.
type afterData struct {
	Form     *web.Form
	Petition Petition
	URL      string
	Key      string
	Mail     bool // addresses are asked for
	Asked    bool // a message is on its way
}

var (
	afterPage     = web.NewPage[afterData](pages, "pages/after.html", "pages/parts.html")
	afterFragment = web.NewPage[afterData](pages, "pages/afterpanel.html", "pages/parts.html")
)

// slow refuses what comes too often from one corner of the network.
func (w *Web) slow(c *web.Call) error {
	if ok, wait := w.Limiter.Allow("comment", w.Client(c)); !ok {
		return fault.After(fault.RateLimited("petition.often", "Very much came from your connection. Nothing was recorded. Please try again in a few minutes."), wait)
	}
	return nil
}

func (w *Web) after(p *Petition, f *web.Form, key string) afterData {
	return afterData{Form: f, Petition: *p, URL: p.url(), Key: key, Mail: w.Mail != nil}
}

// Subject is what a page of a box says of the petition that it is for.
type Subject struct {
	Title, Lang, URL string
	Kind             string // leaf.Petition
	Verb             string // English, translated with t
}

// boxed finds the petition of a box for a reader.
func (w *Web) boxed(c *web.Call, b leaf.ID) (f Found, err error) {
	err = w.DB.Read(c.Context(), func(tx *db.Tx) error {
		p, ok, err := byBox(c.Context(), tx, b)
		if err == nil && !ok {
			err = errNone()
		}
		if err != nil {
			return err
		}
		f, err = w.found(c.Context(), tx, c.Actor(), p, nil)
		return err
	})
	return f, err
}

// Subject finds what a box is for; NotFound when the reader may not know of it.
func (w *Web) Subject(c *web.Call, b leaf.ID) (Subject, error) {
	f, err := w.boxed(c, b)
	if err != nil {
		return Subject{}, err
	}
	t := &f.Petition.Text
	return Subject{Title: t.Title, Lang: t.Lang, URL: f.Petition.url(), Kind: leaf.Petition, Verb: signVerb}, nil
}

// Reference is what a closed roll knows the reader by: their account.
func (w *Web) Reference(c *web.Call, b leaf.ID) (ref string, ok bool, err error) {
	if _, err := w.boxed(c, b); err != nil {
		return "", false, err
	}
	return string(c.Actor().Person), !c.Actor().Visitor(), nil
}

// After is shown once to who has signed: a public name and a comment, and updates,
// if they want. What is written there is connected with no signature.
func (w *Web) After(c *web.Call, b leaf.ID) (template.HTML, error) {
	f, err := w.boxed(c, b)
	if err != nil || f.Petition.State != Open {
		return "", err
	}
	return afterFragment.Fragment(c, w.after(&f.Petition, c.NewForm(), c.NewKey()))
}

func (w *Web) commentForm(c *web.Call) error {
	f, err := w.public(c.Context(), c.Param("slug"))
	if err != nil {
		return err
	}
	d := w.after(&f.Petition, c.NewForm(), c.NewKey())
	d.Asked = c.Query().Get("asked") != ""
	c.Header().Set("Cache-Control", "no-store")
	return afterPage.Render(c, d)
}

func (w *Web) comment(c *web.Call) error {
	f, err := c.Form()
	if err == nil {
		err = w.slow(c)
	}
	if err != nil {
		return err
	}
	slug, key := c.Param("slug"), f.Line("key")
	err = w.Comment(c.Context(), slug, key, f.Line("name"), f.Text("comment"))
	if f.Accepts(err) {
		return w.again(c, f, key)
	}
	if err != nil {
		return err
	}
	return c.SeeOther("/petitions/" + slug + "/comment/" + key)
}

// again shows the forms with what is wrong.
func (w *Web) again(c *web.Call, f *web.Form, key string) error {
	found, err := w.public(c.Context(), c.Param("slug"))
	if err != nil {
		return err
	}
	c.Header().Set("Cache-Control", "no-store")
	return afterPage.RenderForm(c, f, w.after(&found.Petition, f, key))
}

type mineData struct {
	Petition Petition
	URL      string
	Link     string
	State    string
	Comment  commentView
}

var minePage = web.NewPage[mineData](pages, "pages/mine.html", "pages/parts.html")

func (w *Web) mine(c *web.Call) error {
	f, x, err := w.Mine(c.Context(), c.Param("slug"), c.Param("secret"))
	if err != nil {
		return err
	}
	c.Header().Set("Cache-Control", "no-store")
	return minePage.Render(c, mineData{
		Petition: f.Petition, URL: f.Petition.url(), Link: c.BaseURL() + f.Petition.url() + "/comment/" + c.Param("secret"), State: x.State,
		Comment: commentView{Name: x.Name, Text: x.Text, Reason: x.Reason},
	})
}

func (w *Web) eraseMine(c *web.Call) error {
	if _, err := c.Form(); err != nil {
		return err
	}
	if err := w.Erase(c.Context(), c.Param("slug"), c.Param("secret")); err != nil {
		return err
	}
	return c.SeeOther("/petitions/" + c.Param("slug"))
}

type commentsData struct {
	Petition Petition
	URL      string
	Items    []commentView
	Next     string
	Form     *web.Form
	Shown    bool // of the queue: those that are shown already
}

var (
	commentsPage = web.NewPage[commentsData](pages, "pages/comments.html", "pages/parts.html")
	queuePage    = web.NewPage[commentsData](pages, "pages/moderate.html", "pages/parts.html")
)

// commentsPageSize is how many comments are on one page.
const commentsPageSize = 50

func afterHash(c *web.Call) ([]byte, error) {
	s := c.Query().Get("after")
	b, err := hex.DecodeString(s)
	if err != nil || len(b) > 64 {
		return nil, fault.Malformed("search.cursor", "This page link cannot be read. Please search again.")
	}
	return b, nil
}

func (d *commentsData) fill(c *web.Call, all []Comment, address string) {
	day := func(n int) string { return c.Locale.Date(day.Time(n)) }
	for i, x := range all {
		if i == commentsPageSize {
			d.Next = address + "after=" + all[i-1].Ref()
			break
		}
		d.Items = append(d.Items, viewOf(x, day))
	}
}

// comments is all that is shown beside a petition.
func (w *Web) comments(c *web.Call) error {
	after, err := afterHash(c)
	if err != nil {
		return err
	}
	tags, err := w.tags(c, c.Param("slug"))
	if err != nil {
		return err
	}
	return c.Cached(tags, pageTTL, func() error {
		var f Found
		var all []Comment
		err := w.DB.Read(c.Context(), func(tx *db.Tx) error {
			if f, err = w.Get(c.Context(), tx, c.Actor(), c.Param("slug")); err == nil {
				all, err = commentsOf(c.Context(), tx, f.Petition.ID, shown, after, commentsPageSize+1)
			}
			return err
		})
		if err == nil {
			err = w.openComments(c, &f.Petition, &all)
		}
		if err != nil {
			return err
		}
		d := commentsData{Petition: f.Petition, URL: f.Petition.url()}
		d.fill(c, all, d.URL+"/comments?")
		return commentsPage.Render(c, d)
	}, "after")
}

func (w *Web) queue(c *web.Call) error {
	if err := c.RequireActor(); err != nil {
		return err
	}
	return w.queuePage(c, c.NewForm())
}

func (w *Web) queuePage(c *web.Call, form *web.Form) error {
	after, err := afterHash(c)
	if err != nil {
		return err
	}
	d := commentsData{Form: form, Shown: c.Query().Get("state") == shown}
	state := waiting
	if d.Shown {
		state = shown
	}
	f, all, err := w.Queue(c.Context(), c.Actor(), c.Param("slug"), state, after, commentsPageSize+1)
	if err != nil {
		return err
	}
	d.Petition, d.URL = f.Petition, f.Petition.url()
	address := d.URL + "/moderate?"
	if d.Shown {
		address += "state=shown&"
	}
	d.fill(c, all, address)
	c.Header().Set("Cache-Control", "no-store")
	return queuePage.RenderForm(c, form, d)
}

func (w *Web) judge(c *web.Call) error {
	if err := c.RequireActor(); err != nil {
		return err
	}
	f, err := c.Form()
	if err != nil {
		return err
	}
	err = w.Judge(c.Context(), c.Actor(), c.Param("slug"), f.Line("comment"), f.Has("do", "show"), f.Line("reason"))
	if f.Accepts(err) {
		return w.queuePage(c, f)
	}
	if err != nil {
		return err
	}
	return c.SeeOther("/petitions/" + c.Param("slug") + "/moderate")
}

func (w *Web) follow(c *web.Call) error {
	f, err := c.Form()
	if err == nil {
		err = w.slow(c)
	}
	if err != nil {
		return err
	}
	err = w.Follow(c.Context(), c.Param("slug"), f.Line("email"), c.Locale.Tag())
	if f.Accepts(err) {
		return w.again(c, f, c.NewKey())
	}
	if err != nil {
		return err
	}
	return c.SeeOther("/petitions/" + c.Param("slug") + "/comment?asked=1")
}

type followedData struct {
	Petition  Petition
	URL       string
	Confirmed bool
}

var followedPage = web.NewPage[followedData](pages, "pages/followed.html", "pages/parts.html")

func (w *Web) followed(c *web.Call) error {
	f, confirmed, err := w.Followed(c.Context(), c.Param("slug"), c.Param("secret"))
	if err != nil {
		return err
	}
	c.Header().Set("Cache-Control", "no-store")
	return followedPage.Render(c, followedData{Petition: f.Petition, URL: f.Petition.url(), Confirmed: confirmed})
}

func (w *Web) answer(c *web.Call) error {
	f, err := c.Form()
	if err != nil {
		return err
	}
	leave := f.Has("do", "leave") || f.OneClick()
	if err := w.Answer(c.Context(), c.Param("slug"), c.Param("secret"), leave); err != nil {
		return err
	}
	if f.OneClick() {
		return c.Write(http.StatusOK, "text/plain; charset=utf-8", nil)
	}
	if leave {
		return c.SeeOther("/petitions/" + c.Param("slug"))
	}
	return c.SeeOther("/petitions/" + c.Param("slug") + "/updates/" + c.Param("secret"))
}
