package statements

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/db/dbtest"
	"convoke/internal/fault"
)

// update is an update of the campaign that the first group owns.
func update(title string) Input {
	in := some(title)
	in.Campaign = "open-doors"
	return in
}

func TestUpdatesAreOfCampaignsThatTheGroupOwns(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		ctx := t.Context()
		refused := func(code, handle, campaign string) {
			t.Helper()
			in := some("An update")
			in.Campaign = campaign
			_, err := s.Create(ctx, olga, handle, s.IDs.Secret(), in)
			if e := fault.Of(err); e == nil || len(e.Fields) != 1 || e.Fields[0].Name != "campaign" || e.Fields[0].Code != code {
				t.Errorf("%s speaks in %s: %v", handle, campaign, err)
			}
		}
		refused("statement.campaign", "riverside", "nothing")
		refused("statement.not_owner", "riverside", "of-others")
		refused("statement.not_owner", "harbour", "open-doors")
		refused("form.long", "riverside", strings.Repeat("x", 41))
		first := update("One")
		first.Campaign = " @Open-Doors "
		one := s.publish("riverside", first)
		in := update("Two")
		in.State, in.Day = Draft, "2026-05-02"
		two := s.publish("riverside", in)
		s.publish("riverside", some("Of no campaign"))
		if got := s.titles(Query{Campaign: "open-doors", Limit: 9}); !slices.Equal(got, []string{"One"}) {
			t.Errorf("updates: %q", got)
		}

		// Who has left adds none. What was said stays, and stays theirs to correct.
		s.camps.left = true
		refused("statement.not_owner", "riverside", "open-doors")
		in.State = Published
		if err := s.Update(ctx, olga, two, 0, in); !slices.Equal(fieldNames(err), []string{"campaign"}) {
			t.Errorf("a draft of before is published: %v", err)
		}
		kept := update("One, corrected")
		kept.Change = Change{Note: "It was wrong."}
		if err := s.Update(ctx, olga, one, 0, kept); err != nil {
			t.Errorf("an update cannot be corrected: %v", err)
		}
		s.camps.left = false
		if err := s.Update(ctx, olga, two, 0, in); err != nil {
			t.Fatal(err)
		}
		if got := s.titles(Query{Campaign: "open-doors", Handle: "riverside", Lang: "en", Limit: 9}); !slices.Equal(got, []string{"Two", "One, corrected"}) {
			t.Errorf("updates: %q", got)
		}

		// Of which campaign it is belongs to what was said.
		in.Campaign = ""
		if err := s.Update(ctx, olga, two, 1, in); !slices.Equal(fieldNames(err), []string{"note"}) {
			t.Errorf("taken out without a word: %v", err)
		}
		in.Change = Change{Note: "It was only about our street."}
		if err := s.Update(ctx, olga, two, 1, in); err != nil {
			t.Fatal(err)
		}
		if got := s.titles(Query{Campaign: "open-doors", Limit: 9}); !slices.Equal(got, []string{"One, corrected"}) {
			t.Errorf("updates: %q", got)
		}
	})
}

func TestUpdatesAreAsVisibleAsTheirCampaign(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		ctx := t.Context()
		sid := s.publish("riverside", update("An update"))
		s.publish("riverside", some("Of no campaign"))
		all := []Query{{Limit: 9}, {Limit: 9, Lang: "en"}, {Limit: 9, Handle: "riverside"}, {Limit: 9, Campaign: "open-doors"}}
		want := func(when string, counts ...int) {
			t.Helper()
			for i, n := range counts {
				if got := s.titles(all[i]); len(got) != n {
					t.Errorf("%s, %+v: %q", when, all[i], got)
				}
			}
		}
		want("shown", 2, 2, 2, 1)
		s.hide(true)
		want("hidden", 1, 1, 1, 0)
		for _, by := range []authz.Actor{{}, otto} {
			if _, err := s.get(by, sid); !fault.Is(err, fault.KindNotFound) {
				t.Errorf("%q sees the page: %v", by.Handle, err)
			}
		}
		if _, err := s.get(mia, sid); err != nil {
			t.Errorf("a member: %v", err)
		}
		// A correction meanwhile brings nothing out and takes it out of nothing.
		in := some("An update, corrected") // the form cannot name the campaign
		in.Change = Change{Note: "The day was wrong."}
		if err := s.Update(ctx, olga, sid, 0, in); err != nil {
			t.Fatal(err)
		}
		want("corrected", 1, 1, 1, 0)
		// The group comes and goes; the campaign decides, too.
		s.suspend("g1", true)
		want("both", 0, 0, 0, 0)
		s.suspend("g1", false)
		want("the group is back", 1, 1, 1, 0)
		s.suspend("g1", true)
		s.hide(false)
		want("only the campaign is back", 0, 0, 0, 0)
		s.suspend("g1", false)
		want("both are back", 2, 2, 2, 1)
		if st, err := s.get(authz.Actor{}, sid); err != nil || st.Campaign != "c-open-doors" {
			t.Errorf("%q, %v", st.Campaign, err)
		}
	})
}

func TestUpdatesOnPages(t *testing.T) {
	t.Parallel()
	s := onSQLite(t)
	const at = "/groups/riverside/statements/new"
	b, visitor := s.as(olga), s.visitor()
	a := b.Get(at+"?campaign=open-doors").Want(t, 200, "")
	if a.Attr("#campaign", "value") != "open-doors" {
		t.Errorf("the form does not know the campaign")
	}
	in := update("What came of it")
	in.Campaign = "of-others"
	a = b.Post(at, form(in, "key", s.IDs.Secret())...).Want(t, 422, "")
	if a.Text("#campaign-error") == "" || a.Attr("#campaign", "value") != "of-others" || a.Attr("#title", "value") != "What came of it" {
		t.Errorf("refused: %s", a.Text("main"))
	}
	if h := visitor.Get("/campaigns/open-doors").Body; h != "" {
		t.Errorf("a panel without updates: %s", h)
	}
	for i := range panelSize + 1 {
		in = update(fmt.Sprint("Update ", i))
		in.Byline = "The committee"
		if a := b.Post(at, form(in, "key", s.IDs.Secret())...); a.Status != 303 {
			t.Fatalf("%d %s", a.Status, a.Text(".error-summary"))
		}
	}
	s.publish("riverside", some("Of no campaign"))
	panel := visitor.Get("/campaigns/open-doors")
	if got := panel.All("article h3 a"); len(got) != panelSize || len(panel.All("a[href=/statements?campaign=open-doors]")) != 1 || panel.Text("#statements-title") != "Updates" {
		t.Errorf("the panel: %s", panel.Body)
	}
	page := visitor.Get(panel.Attr("article h3 a", "href")).Want(t, 200, "")
	if page.Text(".facts a[href=/campaigns/open-doors]") != "Open <doors>" || !strings.Contains(page.Text(".facts"), "Riverside Neighbours") {
		t.Errorf("the page says: %s", page.Text(".facts"))
	}
	list := visitor.Get("/statements?campaign=open-doors&limit=2").Want(t, 200, "")
	if list.Text("h1") != "Updates of Open <doors>" || len(list.All("article")) != 2 || list.Attr("input[name=campaign]", "value") != "open-doors" ||
		!strings.HasPrefix(list.Attr("a[rel=next]", "href"), "/statements?after=") || !strings.Contains(list.Attr("a[rel=next]", "href"), "campaign=open-doors") {
		t.Errorf("the list: %s", list.Body)
	}
	if next := visitor.Get(list.Attr("a[rel=next]", "href")); len(next.All("article")) != 2 {
		t.Errorf("what follows: %s", next.Text("main"))
	}
	if text := visitor.Get("/statements").Text("main"); strings.Count(text, "Open <doors>") != panelSize+1 {
		t.Errorf("the list of all does not name the campaign: %s", text)
	}
	atom := visitor.Get("/statements.atom?campaign=open-doors").Want(t, 200, "")
	checkAtom(t, atom.Body)
	if strings.Count(atom.Body, "<entry") != panelSize+1 || !strings.Contains(atom.Body, `rel="related" href="http://localhost/campaigns/open-doors"`) ||
		!strings.Contains(atom.Body, "<title>Updates of Open &lt;doors&gt;</title>") {
		t.Errorf("the feed: %s", atom.Body)
	}
	if feed := visitor.Get("/statements.json?campaign=open-doors").Want(t, 200, ""); strings.Count(feed.Body, `"content_html"`) != panelSize+1 {
		t.Errorf("the feed: %s", feed.Body)
	}
	if md := visitor.Get(panel.Attr("article h3 a", "href") + ".md"); !strings.Contains(md.Body, "campaign: open-doors\n") {
		t.Errorf("the file: %s", md.Body)
	}
	if edit := b.Get(panel.Attr("article h3 a", "href") + "/edit"); edit.Attr("#campaign", "value") != "open-doors" {
		t.Error("the form for changes does not know the campaign")
	}

	// What was rendered before goes with the campaign.
	s.hide(true)
	visitor.Get(panel.Attr("article h3 a", "href")).Want(t, 404, "")
	for _, path := range []string{"/statements?campaign=open-doors", "/statements", "/groups/riverside/statements"} {
		if text := visitor.Get(path).Want(t, 200, "").Text("main"); strings.Contains(text, "Update 0") || strings.Contains(text, "doors") {
			t.Errorf("%s still shows an update: %s", path, text)
		}
	}
	if text := b.Get(panel.Attr("article h3 a", "href")).Want(t, 200, "").Text("main"); strings.Contains(text, "doors") {
		t.Errorf("the page names a campaign that is not public: %s", text)
	}
}

func TestAPIUpdates(t *testing.T) {
	t.Parallel()
	s := onSQLite(t)
	c := s.programs()
	mine := c.As("olga")
	var st apiStatement
	const path = "/groups/riverside/statements"
	mine.Do("POST", path, body("campaign", "of-others"), "Idempotency-Key", "update-1").Refused(422, "form.invalid", "#/campaign", "statement.not_owner")
	mine.Do("POST", path, body("campaign", "open-doors"), "Idempotency-Key", "update-2").Want(201, &st)
	if st.Campaign != "open-doors" {
		t.Errorf("%+v", st)
	}
	mine.Do("POST", path, body(), "Idempotency-Key", "update-2").Refused(409, "api.key_reused")
	s.publish("riverside", some("Of no campaign"))
	var page struct{ Items []apiStatement }
	c.Get("/statements?campaign=open-doors").Want(200, &page)
	if len(page.Items) != 1 || page.Items[0].ID != st.ID || page.Items[0].Campaign != "open-doors" {
		t.Errorf("%+v", page.Items)
	}
	s.hide(true)
	c.Get("/statements?campaign=open-doors").Want(200, &page)
	if len(page.Items) != 0 {
		t.Errorf("hidden: %+v", page.Items)
	}
	c.Get("/statements/"+st.ID).Refused(404, "statement.not_found")
}

// An export names the campaign, and an import takes the update back to it, where
// the group may publish one.
func TestUpdatesAsFiles(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		s.publish("riverside", update("An update"))
		out := s.export(nil)
		if got := s.importAll(out, ImportOptions{}); got.Summary.Unchanged != 1 {
			t.Errorf("where it is: %+v", got)
		}
		const file = "2026-05-01-an-update.md"
		src := string(out[file].Data)
		if !strings.Contains(src, "campaign: open-doors") {
			t.Fatal(src)
		}
		in := folder("other.md", strings.Replace(src, "slug: an-update", "slug: other", 1),
			"third.md", strings.NewReplacer("slug: an-update", "slug: third", "open-doors", "of-others").Replace(src))
		for _, dry := range []bool{true, false} {
			if got := s.importAll(in, ImportOptions{DryRun: dry}); got.Summary.New != 2 || got.codes("other.md") != "" || got.codes("third.md") != "campaign" {
				t.Errorf("dry run %v: %+v", dry, got)
			}
		}
		if a, b := s.bySlug("other"), s.bySlug("third"); a.Campaign != "c-open-doors" || b.Campaign != "" {
			t.Errorf("they are of %q and %q", a.Campaign, b.Campaign)
		}
		s.camps.left = true
		in["other.md"].Data = append(in["other.md"].Data, "More.\n"...)
		if got := s.importAll(in, ImportOptions{}); got.Summary.Updated != 1 || strings.Contains(got.codes("other.md"), "campaign") || s.bySlug("other").Campaign != "c-open-doors" {
			t.Errorf("after the group left: %+v", got)
		}
	})
}

// Statements of before are updates of no campaign.
func TestStatementsOfBeforeAreOfNoCampaign(t *testing.T) {
	t.Parallel()
	dbtest.Upgrade(t, "202611281110", func(t *testing.T, d *db.DB) {
		err := d.Write(t.Context(), func(tx *db.Tx) error {
			_, err := tx.Exec(t.Context(), `insert into groups (id, handle, name, name_folded, about, about_html, place, zone, langs, suspended, sample, created_at)
				values ('g', 'g', 'G', 'g', '', '', '', '', '', $1, $1, 0)`, false)
			if err == nil {
				_, err = tx.Exec(t.Context(), `insert into statement (id, group_id, uid, slug, state, listed, day, lang, byline, tags, picture, picture_alt,
					revised, withdrawn, why, sequence, created_at, updated_at) values ('s', 'g', 'u', 's', 'published', $1, 20260501, 'en', '', '', '', '', 0, 0, '', 0, 0, 0)`, true)
			}
			if err == nil {
				_, err = tx.Exec(t.Context(), `insert into statement_text (statement_id, lang, day, listed, title, markdown, html)
					values ('s', 'en', 20260501, $1, 'T', 'M', 'M')`, true)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}, func(t *testing.T, d *db.DB) {
		err := d.Read(t.Context(), func(tx *db.Tx) error {
			all, err := page(t.Context(), tx, &Query{}, "g", "", 9)
			if err == nil && (len(all) != 1 || all[0].Campaign != "" || !all[0].listed()) {
				t.Errorf("%+v", all)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

// A draft of a campaign that is hidden just now keeps it, and becomes public with it:
// neither a form, which cannot name it, nor a file brings it out before.
func TestDraftsOfAHiddenCampaignStayHidden(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *stand) {
		draft := func(title string) (ID, Input) {
			in := update(title)
			in.State = Draft
			return s.publish("riverside", in), in
		}
		byForm, in := draft("By form")
		draft("By file")
		out := s.export(nil)
		files := fstest.MapFS{}
		for name, f := range out {
			if strings.HasSuffix(name, "by-file.md") {
				files[name] = &fstest.MapFile{Data: []byte(strings.NewReplacer("draft: true", "draft: false", "published: false", "published: true").Replace(string(f.Data)))}
			}
		}
		s.hide(true)
		in.Campaign, in.State, in.Day = "", Published, "2026-05-01"
		if err := s.Update(t.Context(), olga, byForm, 0, in); err != nil {
			t.Fatal(err)
		}
		if got := s.importAll(files, ImportOptions{}); got.Summary.Updated != 1 {
			t.Fatalf("%+v of %v", got, out)
		}
		for _, q := range []Query{{Limit: 9}, {Limit: 9, Campaign: "open-doors"}, {Limit: 9, Handle: "riverside"}} {
			if got := s.titles(q); len(got) != 0 {
				t.Errorf("while it is hidden: %q", got)
			}
		}
		s.hide(false)
		if got := s.titles(Query{Limit: 9, Campaign: "open-doors"}); len(got) != 2 {
			t.Errorf("when it is back: %q", got)
		}
	})
}
