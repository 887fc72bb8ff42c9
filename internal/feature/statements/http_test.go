package statements

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"convoke/internal/frontmatter"
	"convoke/internal/web/webtest"
)

func TestWriteOne(t *testing.T) {
	t.Parallel()
	s := onSQLite(t)
	const at = "/groups/riverside/statements/new"
	s.visitor().Get(at).Want(t, 303, "/sign-in?next=%2Fgroups%2Friverside%2Fstatements%2Fnew")
	s.as(mia).Get(at).Want(t, 403, "")
	s.as(olga).Get("/groups/nobody/statements/new").Want(t, 404, "")
	b := s.as(olga)
	a := b.Get(at).Want(t, 200, "")
	if a.Attr("#day", "value") != "2026-05-02" || len(a.All("#lang option[value=en]")) != 1 || a.Attr("main form", "data-draft") != "statement-new-riverside" {
		t.Errorf("the empty form: %s", a.Text("main"))
	}
	key := a.Attr("input[name=key]", "value")
	in := some("")
	in.Markdown, in.Day = "## Kept <text>", "tomorrow"
	a = b.Post(at, form(in, "key", key)...).Want(t, 422, "")
	if len(a.All(".error-summary li")) != 2 || a.Text("#title-error") == "" || a.Text("#day-error") == "" || a.Text("#markdown") != "## Kept <text>" ||
		a.Attr("#day", "value") != "tomorrow" || a.Attr("input[name=key]", "value") != key {
		t.Errorf("refused: %s", a.Text("main"))
	}
	in.Title, in.Day = "Open <the> bridge", "2026-05-01"
	first := b.PostFile(at, "picture", "a.png", []byte("x"), form(in, "key", key)...)
	if first.Status != 303 || !strings.HasPrefix(first.Location, "/statements/") {
		t.Fatalf("%d %s", first.Status, first.Location)
	}
	b.Post(at, form(in, "key", key)...).Want(t, 303, first.Location)
	page := s.visitor().Get(first.Location).Want(t, 200, "")
	if page.Text("h1") != "Open <the> bridge" || page.Text(".prose h4") != "Kept <text>" && page.Text(".prose h3") != "Kept <text>" ||
		page.Attr("img.event-picture", "src") != "/pictures/picturekey" || len(page.All("a[href="+first.Location+"/edit]")) != 0 {
		t.Errorf("the page: %s", page.Body)
	}
	if mine := b.Get(first.Location); len(mine.All("a[href="+first.Location+"/edit]")) != 1 || len(mine.All("a[href="+first.Location+"/translate]")) != 1 {
		t.Error("an organizer finds no way to change it")
	}
}

func TestChangeOnPages(t *testing.T) {
	t.Parallel()
	s := onSQLite(t)
	in := some("Open the bridge")
	sid := s.publish("riverside", in)
	at := "/statements/" + string(sid)
	b := s.as(olga)
	s.visitor().Get(at+"/edit").Want(t, 303, "/sign-in?next="+strings.ReplaceAll(at+"/edit", "/", "%2F"))
	s.as(otto).Get(at+"/edit").Want(t, 403, "")
	a := b.Get(at+"/edit").Want(t, 200, "")
	if a.Attr("#title", "value") != in.Title || len(a.All("input[name=spelling]")) != 1 || len(a.All("#note")) != 1 || len(a.All("input[type=radio]")) != 0 {
		t.Errorf("the form: %s", a.Text("main"))
	}
	in.Markdown = "We say more."
	a = b.Post(at+"/edit", form(in, "sequence", "0")...).Want(t, 422, "")
	if a.Text("#note-error") == "" || a.Text("#markdown") != "We say more." || a.Attr("input[name=sequence]", "value") != "0" {
		t.Errorf("without a word: %s", a.Text("main"))
	}
	b.Post(at+"/edit", form(in, "sequence", "0", "note", "One sentence <b>more</b>.")...).Want(t, 303, at)
	a = b.Post(at+"/edit", form(some("Lost update"), "sequence", "0", "note", "x")...).Want(t, 422, "")
	if a.Attr("#title", "value") != "Lost update" || !strings.Contains(a.Text(".error-summary"), "Somebody else") {
		t.Errorf("an old form: %s", a.Text("main"))
	}
	in.Title = "Open the bridges"
	b.Post(at+"/edit", form(in, "sequence", "1", "spelling", "1")...).Want(t, 303, at)
	page := s.visitor().Get(at).Want(t, 200, "")
	if got := page.Text("ul.corrections"); got != "May 2, 2026 : One sentence <b>more</b>." || !strings.Contains(page.Text("dl.facts"), "Last changed on May 2, 2026.") {
		t.Errorf("what is seen of it: %q, %q", got, page.Text("dl.facts"))
	}
	b.Get("/statements/"+s.IDs.New()+"/edit").Want(t, 404, "")
	b.Get("/statements/x/edit").Want(t, 404, "")
}

func TestLanguagesOnPages(t *testing.T) {
	t.Parallel()
	s := onSQLite(t)
	sid := s.publish("riverside", some("Open the bridge"))
	at := "/statements/" + string(sid)
	b := s.as(olga)
	a := b.Get(at+"/translate").Want(t, 200, "")
	if len(a.All("#lang option[value=en]")) != 0 || a.Text("aside .prose") != "We say so." || len(a.All("#note")) != 0 {
		t.Errorf("the form: %s", a.Text("main"))
	}
	b.Post(at+"/translate", "sequence", "0", "lang", "", "title", "x", "markdown", "y").Want(t, 422, "")
	a = b.Post(at+"/translate", "sequence", "0", "lang", "ar", "title", "", "markdown", "نص").Want(t, 422, "")
	if a.Text("#title-error") == "" || a.Text("#markdown") != "نص" || len(a.All("#lang option[selected=]")) != 1 {
		t.Errorf("refused: %s", a.Text("main"))
	}
	b.Post(at+"/translate", "sequence", "0", "lang", "es", "title", "Abrid el puente", "markdown", "Lo decimos.").Want(t, 303, at+"?lang=es")
	a = s.visitor().Get(at+"?lang=es").Want(t, 200, "")
	if a.Text("h1") != "Abrid el puente" || a.Attr("h1", "lang") != "es" || a.Attr(".prose", "lang") != "es" || a.Attr("html", "lang") != "en" {
		t.Errorf("in Spanish: %s", a.Body)
	}
	if l := a.All("main a[hreflang=en]"); len(l) != 1 || webtest.Attr(l[0], "href") != at+"?lang=en" || webtest.Attr(l[0], "lang") != "en" || webtest.Text(l[0]) != "English" {
		t.Error("no link to the original")
	}
	if len(a.All("head link[hreflang=es]")) != 1 {
		t.Error("no alternate in the head")
	}
	for header, want := range map[string]string{"es": "Abrid el puente", "en": "Open the bridge", "fr": "Open the bridge"} {
		if got := s.visitor().Get(at, "Accept-Language", header).Text("h1"); got != want {
			t.Errorf("a reader of %s sees %q", header, got)
		}
	}
	a = b.Get(at+"/translate?lang=es").Want(t, 200, "")
	if a.Attr("#title", "value") != "Abrid el puente" || len(a.All("#note")) != 1 || a.Attr("input[name=lang]", "value") != "es" {
		t.Errorf("to change it: %s", a.Text("main"))
	}
	if got := s.visitor().Get("/statements?lang=es"); got.Text("article h3") != "Abrid el puente" || got.Attr("article h3 a", "href") != at+"?lang=es" {
		t.Errorf("list: %s", got.Text("main"))
	}
}

func TestWithdrawnOnPages(t *testing.T) {
	t.Parallel()
	s := onSQLite(t)
	in := some("Open the bridge")
	in.Markdown = "Words that were wrong."
	sid := s.publish("riverside", in)
	at := "/statements/" + string(sid)
	b := s.as(olga)
	if err := s.SetPicture(t.Context(), olga, sid, "picturekey"); err != nil {
		t.Fatal(err)
	}
	before := s.visitor().Get("/statements.atom")
	b.Get(at+"/withdraw").Want(t, 200, "")
	b.Post(at+"/withdraw", "sequence", "1", "why", " ").Want(t, 422, "")
	b.Post(at+"/withdraw", "sequence", "1", "why", "We were <told> wrong.").Want(t, 303, at)
	b.Get(at+"/edit").Want(t, 409, "")
	for _, path := range []string{at, at + ".md", at + ".json", "/statements", "/statements.atom", "/statements.json", "/groups/riverside/statements", "/panel?g=g1"} {
		a := s.visitor().Get(path).Want(t, 200, "")
		if strings.Contains(a.Body, "were wrong") || strings.Contains(a.Body, "picturekey") {
			t.Errorf("%s still shows the text or its picture: %s", path, a.Body)
		}
		if !strings.Contains(a.Body, "Open the bridge") {
			t.Errorf("%s does not name it any more", path)
		}
	}
	if a := s.visitor().Get(at); a.Text(".bad") == "" || !strings.Contains(a.Text("main"), "We were <told> wrong.") || !strings.Contains(a.Text("main"), "May 2, 2026") {
		t.Errorf("the page: %s", a.Text("main"))
	}
	feed := s.visitor().Get("/statements.atom")
	if !strings.Contains(feed.Body, "was withdrawn") || !strings.Contains(feed.Body, "We were") || feed.Body == before.Body {
		t.Errorf("subscribers are not told: %s", feed.Body)
	}
}

// A draft is told from nothing only by those who may see it.
func TestDraftsOnPages(t *testing.T) {
	t.Parallel()
	s := onSQLite(t)
	in := some("Secret")
	in.State = Draft
	sid := string(s.publish("riverside", in))
	nothing := s.IDs.New()
	for _, b := range []*webtest.Browser{s.visitor(), s.as(otto)} {
		for _, tail := range []string{"", ".md", ".json", ".xml", "/edit", "/translate", "/withdraw"} {
			got, want := b.Get("/statements/"+sid+tail), b.Get("/statements/"+nothing+tail)
			if got.Status != want.Status || got.Status < 300 || strings.Contains(got.Body, "Secret") || strings.ReplaceAll(got.Location, sid, nothing) != want.Location {
				t.Errorf("%s: %d and %d", tail, got.Status, want.Status)
			}
		}
		for _, path := range []string{"/statements", "/statements.atom", "/statements.json", "/groups/riverside/statements", "/panel?g=g1"} {
			if a := b.Get(path).Want(t, 200, ""); strings.Contains(a.Body, "Secret") {
				t.Errorf("%s shows it", path)
			}
		}
	}
	a := s.as(mia).Get("/groups/riverside/statements").Want(t, 200, "")
	if a.Text("article.draft h3") != "Secret" || len(a.All("a[href=/groups/riverside/statements/new]")) != 0 {
		t.Errorf("a member: %s", a.Text("main"))
	}
	s.as(mia).Get("/statements/"+sid).Want(t, 200, "")
}

func TestLists(t *testing.T) {
	t.Parallel()
	s := onSQLite(t)
	if a := s.visitor().Get("/panel?g=g1").Want(t, 200, ""); a.Body != "" {
		t.Errorf("an empty panel: %s", a.Body)
	}
	if a := s.as(olga).Get("/panel?g=g1"); len(a.All("a[href=/groups/riverside/statements/new]")) != 1 {
		t.Error("an organizer cannot begin")
	}
	for i := range 5 {
		s.publish("riverside", some(fmt.Sprint("Number ", i)))
		s.clock.Add(time.Millisecond)
	}
	s.publish("harbour", some("Of the harbour"))
	a := s.visitor().Get("/statements?limit=4").Want(t, 200, "")
	if len(a.All("article.event")) != 4 || a.Text("article.event h3") != "Of the harbour" || !strings.Contains(a.Text("article.event"), "Harbour <Choir>") {
		t.Errorf("the list: %s", a.Text("main"))
	}
	next := a.Attr("a[rel=next]", "href")
	if !strings.Contains(next, "limit=4") {
		t.Errorf("next: %s", next)
	}
	if b := s.visitor().Get(next).Want(t, 200, ""); len(b.All("article.event")) != 2 || len(b.All("a[rel=next]")) != 0 {
		t.Errorf("the next page: %s", b.Text("main"))
	}
	if b := s.visitor().Get("/panel?g=g1"); len(b.All("article.event")) != 3 || b.Text("article.event h3") != "Number 4" || len(b.All("a[href=/groups/riverside/statements]")) != 1 {
		t.Errorf("the panel: %s", b.Body)
	}
	for path, want := range map[string]int{
		"/groups/riverside/statements": 5, "/groups/harbour/statements?lang=en": 1, "/statements?group=@Harbour": 1, "/statements?group=nobody": 0,
		"/statements?lang=de": 0, "/groups/harbour/statements?group=riverside": 1,
	} {
		if got := len(s.visitor().Get(path).Want(t, 200, "").All("article.event")); got != want {
			t.Errorf("%s shows %d, want %d", path, got, want)
		}
	}
	for _, path := range []string{"/statements?lang=x", "/statements?limit=0", "/statements?after=x", "/groups/riverside/statements?lang=x"} {
		if b := s.visitor().Get(path).Want(t, 422, ""); len(b.All(".error-summary li")) != 1 {
			t.Errorf("%s: %s", path, b.Text("main"))
		}
	}
	// Whoever is said to speak, it is seen which group published it.
	in := some("Signed")
	in.Byline = "Riverside Neighbours"
	s.publish("harbour", in)
	if b := s.visitor().Get("/statements?group=harbour"); !strings.Contains(b.Text("main"), "Harbour <Choir> · Riverside Neighbours") {
		t.Errorf("signed: %s", b.Text("main"))
	}
	s.visitor().Get("/groups/nobody/statements").Want(t, 404, "")
	s.suspend("g1", true)
	for _, path := range []string{"/groups/riverside/statements", "/groups/riverside/statements.atom", "/groups/riverside/statements.json"} {
		s.visitor().Get(path).Want(t, 404, "")
	}
	if b := s.visitor().Get("/statements"); len(b.All("article.event")) != 2 {
		t.Errorf("suspended: %s", b.Text("main"))
	}
}

func TestAtom(t *testing.T) {
	t.Parallel()
	s := onSQLite(t)
	empty := s.visitor().Get("/statements.atom").Want(t, 200, "")
	var f atomFeed
	if err := xml.Unmarshal([]byte(empty.Body), &f); err != nil || f.Updated == "" || len(f.Entries) != 0 {
		t.Errorf("empty: %v\n%s", err, empty.Body)
	}
	in := some("Open <the> bridge & more")
	in.Tags, in.Byline = "traffic, bridges", "The committee"
	sid := s.publish("riverside", in)
	if err := s.Translate(t.Context(), olga, sid, 0, TextInput{Lang: "es", Title: "Abrid", Markdown: "Sí"}); err != nil {
		t.Fatal(err)
	}
	s.clock.Add(time.Hour)
	s.publish("harbour", some("Of the harbour"))
	a := s.visitor().Get("/groups/riverside/statements.atom").Want(t, 200, "")
	if got := a.Header.Get("Content-Type"); got != "application/atom+xml; charset=utf-8" {
		t.Error(got)
	}
	f = atomFeed{}
	if err := xml.Unmarshal([]byte(a.Body), &f); err != nil || len(f.Entries) != 1 {
		t.Fatalf("%v\n%s", err, a.Body)
	}
	checkAtom(t, a.Body)
	e, at := f.Entries[0], "http://localhost/statements/"+string(sid)
	if e.Title != in.Title || e.ID != at || e.Updated != "2026-05-02T12:00:00Z" || e.Published != "2026-05-01T00:00:00Z" || e.Author.Name != "The committee · Riverside Neighbours" ||
		e.Content.Type != "html" || !strings.Contains(e.Content.Body, "<strong>say</strong>") || len(e.Categories) != 2 || len(e.Links) != 2 ||
		e.Links[1].Href != at+"?lang=es" || e.Links[1].Lang != "es" {
		t.Errorf("%+v", e)
	}
	if f.ID != "http://localhost/groups/riverside/statements.atom" || f.Title != "Statements of Riverside Neighbours" || f.Updated != e.Updated {
		t.Errorf("%+v", f)
	}
	a = s.visitor().Get("/statements.atom?lang=es&limit=1").Want(t, 200, "")
	checkAtom(t, a.Body)
	if !strings.Contains(a.Body, `<entry xml:lang="es">`) || !strings.Contains(a.Body, "<title>Abrid</title>") {
		t.Error(a.Body)
	}
	a = s.visitor().Get("/statements.atom?limit=1")
	checkAtom(t, a.Body)
	if !strings.Contains(a.Body, `rel="next" href="http://localhost/statements.atom?after=`) {
		t.Error(a.Body)
	}
	s.visitor().Get("/statements.atom?lang=x").Want(t, 422, "")
}

// checkAtom holds a feed to what RFC 4287 says must and must not be there.
func checkAtom(t *testing.T, body string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(body))
	var path []string
	count := map[string]int{}
	check := func(in string) {
		for _, name := range []string{"id", "title", "updated"} {
			if count[in+"/"+name] != 1 {
				t.Errorf("%d %s in %s", count[in+"/"+name], name, in)
			}
		}
	}
	for {
		tok, err := d.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		switch x := tok.(type) {
		case xml.StartElement:
			if x.Name.Space != "http://www.w3.org/2005/Atom" {
				t.Errorf("%v is not of Atom", x.Name)
			}
			path = append(path, x.Name.Local)
			count[strings.Join(path, "/")]++
			for _, a := range x.Attr {
				if a.Name.Local == "href" && !strings.HasPrefix(a.Value, "http://localhost/") {
					t.Errorf("the address %s is not absolute", a.Value)
				}
				if a.Name.Local == "rel" && a.Value == "alternate" && len(path) == 3 {
					for _, b := range x.Attr {
						if b.Name.Local == "hreflang" {
							count["alternate "+b.Value]++
						}
					}
				}
			}
		case xml.EndElement:
			if x.Name.Local == "entry" {
				check("feed/entry")
				if count["feed/entry/author/name"] != 1 || count["feed/entry/content"] != 1 {
					t.Error("an entry without author or content")
				}
				for name, n := range count {
					if strings.HasPrefix(name, "alternate ") && n > 1 {
						t.Errorf("two links: %s", name)
					}
					if strings.HasPrefix(name, "alternate ") || strings.HasPrefix(name, "feed/entry/") {
						delete(count, name)
					}
				}
			}
			path = path[:len(path)-1]
		case xml.CharData:
			if n := len(path); n > 0 && (path[n-1] == "updated" || path[n-1] == "published") {
				if _, err := time.Parse(time.RFC3339, string(x)); err != nil {
					t.Error(err)
				}
			}
		}
	}
	check("feed")
}

func TestJSONFeed(t *testing.T) {
	t.Parallel()
	s := onSQLite(t)
	in := some("Open the bridge")
	in.Tags = "traffic"
	sid := s.publish("riverside", in)
	if err := s.SetPicture(t.Context(), olga, sid, "picturekey"); err != nil {
		t.Fatal(err)
	}
	s.publish("harbour", some("Of the harbour"))
	a := s.visitor().Get("/groups/riverside/statements.json").Want(t, 200, "")
	if got := a.Header.Get("Content-Type"); got != "application/feed+json" {
		t.Error(got)
	}
	var f jsonFeed
	if err := json.Unmarshal([]byte(a.Body), &f); err != nil || len(f.Items) != 1 {
		t.Fatalf("%v\n%s", err, a.Body)
	}
	it, at := f.Items[0], "http://localhost/statements/"+string(sid)
	if f.Version != "https://jsonfeed.org/version/1.1" || f.FeedURL != "http://localhost/groups/riverside/statements.json" || f.HomePage != "http://localhost/groups/riverside/statements" ||
		it.ID != at || it.URL != at || it.Title != in.Title || !strings.Contains(it.HTML, "<strong>") || it.Image != "http://localhost/pictures/picturekey" ||
		it.Published != "2026-05-01T00:00:00Z" || it.Language != "en" || len(it.Tags) != 1 || it.Authors[0].Name != "Riverside Neighbours" {
		t.Errorf("%+v", f)
	}
	a = s.visitor().Get("/statements.json?limit=1")
	if err := json.Unmarshal([]byte(a.Body), &f); err != nil || !strings.HasPrefix(f.NextURL, "http://localhost/statements.json?after=") {
		t.Errorf("%v\n%s", err, a.Body)
	}
	if a = s.visitor().Get("/statements.json?limit=x").Want(t, 422, ""); a.Header.Get("Content-Type") != "application/problem+json" {
		t.Error(a.Body)
	}
}

func TestOneAsFiles(t *testing.T) {
	t.Parallel()
	s := onSQLite(t)
	in := some("Open the </script> bridge")
	in.Tags = "a, b"
	sid := s.publish("riverside", in)
	at := "/statements/" + string(sid)
	if err := s.Translate(t.Context(), olga, sid, 0, TextInput{Lang: "es", Title: "Abrid", Markdown: "Sí"}); err != nil {
		t.Fatal(err)
	}
	a := s.visitor().Get(at+".md?lang=es").Want(t, 200, "")
	f, body, err := frontmatter.Read([]byte(a.Body))
	if err != nil || f.Text("title") != "Abrid" || f.Text("lang") != "es" || f.Text("date") != "2026-05-01" || f.Text("author") != "Riverside Neighbours" ||
		f.Text("canonical_url") != "http://localhost"+at+"?lang=es" || strings.TrimSpace(string(body)) != "Sí" || a.Header.Get("Content-Type") != "text/markdown; charset=utf-8" {
		t.Errorf("%v, %s", err, a.Body)
	}
	var j schemaArticle
	if err := json.Unmarshal([]byte(s.visitor().Get(at+".json").Want(t, 200, "").Body), &j); err != nil || j.Headline != in.Title || j.Body != in.Markdown ||
		j.Published != "2026-05-01" || j.Language != "en" || len(j.Versions) != 1 || j.Versions[0].Language != "es" || j.Author.URL != "http://localhost/groups/riverside" {
		t.Errorf("%+v, %v", j, err)
	}
	page := s.visitor().Get(at)
	block := page.All("script[type=application/ld+json]")
	if len(block) != 1 || block[0].FirstChild == nil || json.Unmarshal([]byte(block[0].FirstChild.Data), &j) != nil || j.Type != "Article" {
		t.Errorf("JSON-LD: %s", page.Body)
	}
	s.visitor().Get(at+".xml").Want(t, 404, "")
	s.visitor().Get("/statements/x").Want(t, 404, "")
}

func TestUnchangedIsNotSentAgain(t *testing.T) {
	t.Parallel()
	s := onSQLite(t)
	sid := s.publish("riverside", some("One"))
	for _, path := range []string{"/statements", "/statements.atom", "/statements.json", "/groups/riverside/statements", "/statements/" + string(sid)} {
		etag := s.visitor().Get(path).Want(t, 200, "").Header.Get("ETag")
		s.visitor().Get(path, "If-None-Match", etag).Want(t, 304, "")
		in := some("One " + path)
		in.Change.Note = "x"
		st, _ := s.get(olga, sid)
		if err := s.Update(t.Context(), olga, sid, st.Sequence, in); err != nil {
			t.Fatal(err)
		}
		if a := s.visitor().Get(path, "If-None-Match", etag).Want(t, 200, ""); !strings.Contains(a.Body, "One "+path) {
			t.Errorf("%s shows an old one", path)
		}
	}
}
