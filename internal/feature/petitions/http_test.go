package petitions

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"convoke/internal/authz"
	"convoke/internal/markdown"
	"convoke/internal/record/box"
	"convoke/internal/web/webtest"
)

func TestStartOnPages(t *testing.T) {
	t.Parallel()
	s := onSQLite(t)
	const at = "/groups/riverside/petitions/new"
	s.visitor().Get(at).Want(t, 303, "/sign-in?next=%2Fgroups%2Friverside%2Fpetitions%2Fnew")
	s.as(mia).Get(at).Want(t, 403, "")
	b := s.as(olga)
	key := b.Get(at).Want(t, 200, "").Attr("input[name=key]", "value")
	in := some("Keep <the> library open")
	in.Addressee, in.Stages = "", "many"
	a := b.Post(at, form(in, "key", key)...).Want(t, 422, "")
	if a.Text("#addressee-error") == "" || a.Text("#stages-error") == "" || a.Attr("#stages", "value") != "many" || a.Text("#markdown") != in.Markdown {
		t.Errorf("refused: %s", a.Text("main"))
	}
	in.Addressee, in.Stages = "The town council", "3, 2"
	const page = "/petitions/keep-the-library-open"
	b.Post(at, form(in, "key", key)...).Want(t, 303, page)
	b.Post(at, form(in, "key", key)...).Want(t, 303, page)
	for _, tail := range []string{"", ".json", "/edit", "/open", "/comment", "/sheet.pdf"} {
		if a := s.visitor().Get(page + tail); a.Status < 300 || strings.Contains(a.Body, "Keep &lt;the") {
			t.Errorf("a visitor gets %d for the draft at %s", a.Status, tail)
		}
	}
	if a := b.Get("/panel").Want(t, 200, ""); !strings.Contains(a.Text("article.draft h3"), "Keep <the> library") || len(a.All("a[href="+at+"]")) != 1 {
		t.Errorf("the panel: %s", a.Body)
	}
	if a := s.visitor().Get("/panel"); a.Body != "" {
		t.Errorf("a visitor's panel: %s", a.Body)
	}
	a = b.Get(page+"/edit").Want(t, 200, "")
	if a.Attr("#stages", "value") != "2, 3" || a.Attr("#slug", "value") != "keep-the-library-open" {
		t.Errorf("the form to change it: %s", a.Text("main"))
	}
	b.Post(page+"/edit", form(in, "sequence", "0")...).Want(t, 303, page)
	a = b.Post(page+"/edit", form(in, "sequence", "0")...).Want(t, 422, "")
	if !strings.Contains(a.Text(".error-summary"), "Somebody else") || a.Attr("#title", "value") != in.Title {
		t.Errorf("an old form: %s", a.Text("main"))
	}
	b.Get(page+"/open").Want(t, 200, "")
	b.Post(page+"/open", "sequence", "1").Want(t, 303, page)
	s.visitor().Get(page).Want(t, 200, "")
}

func TestBadInput(t *testing.T) {
	t.Parallel()
	s := onSQLite(t)
	s.draft(func() Input { in := some("Taken"); in.Slug = "taken"; return in }())
	for name, c := range map[string]struct {
		change func(in *Input)
		field  string
	}{
		"no title":          {func(in *Input) { in.Title = " " }, "title"},
		"a long title":      {func(in *Input) { in.Title = strings.Repeat("ä", 161) }, "title"},
		"no addressee":      {func(in *Input) { in.Addressee = "" }, "addressee"},
		"no text":           {func(in *Input) { in.Markdown = "\n" }, "markdown"},
		"a long text":       {func(in *Input) { in.Markdown = strings.Repeat("a", markdown.MaxBytes+1) }, "markdown"},
		"no language":       {func(in *Input) { in.Lang = "xx" }, "lang"},
		"no goal":           {func(in *Input) { in.Stages = "" }, "stages"},
		"nobody":            {func(in *Input) { in.Stages = "0" }, "stages"},
		"too many people":   {func(in *Input) { in.Stages = "100000001" }, "stages"},
		"a huge number":     {func(in *Input) { in.Stages = "99999999999999999999" }, "stages"},
		"nine stages":       {func(in *Input) { in.Stages = "1 2 3 4 5 6 7 8 9" }, "stages"},
		"a strange gate":    {func(in *Input) { in.Gate = "door" }, "gate"},
		"no day":            {func(in *Input) { in.Closes = "tomorrow" }, "closes"},
		"an impossible day": {func(in *Input) { in.Closes = "2026-02-30" }, "closes"},
		"the wrong order":   {func(in *Input) { in.Opens = "2026-07-01" }, "closes"},
		"a strange address": {func(in *Input) { in.Slug = "Hello World" }, "slug"},
		"a kept address":    {func(in *Input) { in.Slug = "new" }, "slug"},
		"a taken address":   {func(in *Input) { in.Slug = "taken" }, "slug"},
		"no campaign":       {func(in *Input) { in.Campaign = "nothing" }, "campaign"},
		"others' campaign":  {func(in *Input) { in.Campaign = "of-others" }, "campaign"},
	} {
		t.Run(name, func(t *testing.T) {
			in := some("Something else")
			c.change(&in)
			a := s.as(olga).Post("/groups/riverside/petitions/new", form(in, "key", s.ids.Secret())...).Want(t, 422, "")
			if a.Text("#"+c.field+"-error") == "" {
				t.Errorf("nothing beside %s: %s", c.field, a.Text(".error-summary"))
			}
		})
	}
	s.as(olga).Post("/groups/riverside/petitions/new", form(some("No key"))...).Want(t, 400, "")
	if n := s.count("select count(*) from petition"); n != 1 {
		t.Errorf("%d petitions are stored", n)
	}
	for path, want := range map[string]int{
		"/petitions?state=nonsense": 422, "/petitions?after=x": 422, "/petitions?limit=0": 422, "/petitions/nothing": 404, "/petitions/nothing.json": 404,
		"/petitions/nothing.xml": 404, "/petitions/nothing/comments?after=zz": 400, "/petitions/nothing/comment/short": 404,
	} {
		if got := s.visitor().Get(path).Status; got != want {
			t.Errorf("%s: %d, want %d", path, got, want)
		}
	}
}

// TestPage shows where a petition stands from its opening to its reply.
func TestPage(t *testing.T) {
	t.Parallel()
	s := onSQLite(t)
	in := some("Open on Sundays")
	in.Campaign = "open-doors"
	slug := s.opened(in)
	at, bid := "/petitions/"+slug, s.get(slug).Box.String()
	v := s.visitor()
	a := v.Get(at).Want(t, 200, "")
	if a.Text(".card h2") != "0 signatures" || len(a.All("a[href=/b/"+bid+"/take]")) != 1 || len(a.All("a[href=/b/"+bid+"/mine]")) != 1 ||
		len(a.All("a[href=/campaigns/open-doors]")) != 1 || !strings.Contains(a.Body, "convoke verify") || strings.Contains(a.Body, at+"/edit") {
		t.Errorf("just open: %s", a.Text("main"))
	}
	b := s.as(olga)
	corrected := in
	corrected.Markdown = "Keep it open, please."
	b.Post(at+"/edit", form(corrected, "sequence", "1")...).Want(t, 303, at)
	s.signed(slug, 2)
	b.Get(at+"/edit").Want(t, 409, "")
	a = b.Post(at+"/edit", form(in, "sequence", "2")...).Want(t, 422, "")
	if !strings.Contains(a.Text(".error-summary"), "amendment") {
		t.Errorf("after the first signature: %s", a.Text(".error-summary"))
	}
	key := b.Get(at+"/amend").Want(t, 200, "").Attr("input[name=key]", "value")
	b.Post(at+"/amend", "key", key, "markdown", "").Want(t, 422, "")
	b.Post(at+"/amend", "key", key, "markdown", "Also on <Mondays>.").Want(t, 303, at)
	b.Post(at+"/amend", "key", key, "markdown", "Also on <Mondays>.").Want(t, 303, at)
	a = v.Get(at)
	if a.Text(".card h2") != "2 signatures" || strings.Count(a.Text("main"), "Also on <Mondays>.") != 1 || !strings.Contains(a.Text(".prose"), "Keep it open, please.") ||
		!strings.Contains(a.Text(".stages"), "2: reached on Saturday, May 2, 2026") {
		t.Errorf("amended: %s", a.Text("main"))
	}
	a = b.Post(at+"/deliver", "key", s.ids.Secret(), "day", "2026-05-03", "markdown", "In a box.", "reply_by", "").Want(t, 422, "")
	if a.Text("#day-error") == "" || s.numbers(slug).Closed {
		t.Error("a refused delivery closed the box")
	}
	b.Post(at+"/deliver", "key", s.ids.Secret(), "day", "2026-05-02", "markdown", "In a box.", "reply_by", "2026-05-10").Want(t, 303, at)
	s.Clock.Add(9 * 24 * time.Hour)
	s.must(s.FallSilent(t.Context()))
	a = v.Get(at)
	if !strings.Contains(a.Text(".warn"), "Waiting for a reply for 9 days.") || !strings.Contains(a.Text(".warn"), "none came") || len(a.All("a[href=/b/"+bid+"/take]")) != 0 {
		t.Errorf("silent: %s", a.Text(".notice"))
	}
	other := s.opened(func() Input { in := some("Later"); in.Closes = ""; return in }())
	s.must(s.Deliver(t.Context(), olga, other, s.say("Today.")))
	a = v.Get("/petitions?state=waiting")
	if l := a.All("article h3"); len(l) != 2 || webtest.Text(l[0]) != "Open on Sundays" {
		t.Errorf("who waits longest is not first: %s", a.Text("main"))
	}
	b.Post(at+"/reply", "key", s.ids.Secret(), "day", "2026-05-01", "markdown", "No.").Want(t, 422, "")
	b.Post(at+"/reply", "key", s.ids.Secret(), "day", "2026-05-11", "markdown", "No.", "url", "javascript:x").Want(t, 422, "")
	b.Post(at+"/reply", "key", s.ids.Secret(), "day", "2026-05-11", "markdown", "We will <not>.", "url", "https://example.org/r", "refused", "1").Want(t, 303, at)
	a = v.Get(at)
	if a.Text(".bad") == "" || !strings.Contains(a.Text("main"), "We will <not>.") || len(a.All("a[href=https://example.org/r]")) != 1 {
		t.Errorf("answered: %s", a.Text("main"))
	}
	if a := v.Get("/petitions?state=answered"); a.Text("article h3") != "Open on Sundays" {
		t.Errorf("among the answered: %s", a.Text("main"))
	}
}

func TestCommentsOnPages(t *testing.T) {
	t.Parallel()
	s := onSQLite(t)
	slug := s.opened(some("With comments"))
	at := "/petitions/" + slug
	v := s.visitor()
	a := v.Get("/after/"+s.get(slug).Box.String()).Want(t, 200, "")
	key := a.Attr("input[name=key]", "value")
	if key == "" || a.Attr("form", "action") != at+"/comment" {
		t.Fatalf("after signing: %s", a.Body)
	}
	for name, bad := range map[string][2]string{
		"nothing": {"", ""}, "mail": {"Ada", "write to ada@example.org"}, "phone": {"Ada 030 1234567", ""}, "link": {"", "see www.example.org"},
		"arabic digits": {"", "call ٠١٢٣٤٥٦٧٨"}, "hidden": {"", "ex\u200bample\u200b.com"}, "long name": {strings.Repeat("x", 61), ""}, "long": {"", strings.Repeat("x", 501)},
	} {
		if a := v.Post(at+"/comment", "key", key, "name", bad[0], "comment", bad[1]); a.Status != 422 || a.Text(".error-summary") == "" {
			t.Errorf("%s: %d", name, a.Status)
		}
	}
	v.Post(at+"/comment", "key", "x", "name", "Ada").Want(t, 400, "")
	mine := at + "/comment/" + key
	v.Post(at+"/comment", "key", key, "name", "Ada <b>", "comment", "For my children, since 2026-05-01.").Want(t, 303, mine)
	v.Post(at+"/comment", "key", key, "name", "Ada <b>", "comment", "For my children, since 2026-05-01.").Want(t, 303, mine)
	if n := s.count("select count(*) from petition_comment"); n != 1 {
		t.Errorf("%d comments", n)
	}
	if a := v.Get(at); strings.Contains(a.Body, "Ada") {
		t.Error("it is shown before anybody looked at it")
	}
	for _, who := range []*webtest.Browser{s.as(mia), s.as(otto)} {
		who.Get(at+"/moderate").Want(t, 403, "")
	}
	b := s.as(olga)
	ref := b.Get(at+"/moderate").Want(t, 200, "").Attr("input[name=comment]", "value")
	a = b.Post(at+"/moderate", "comment", ref, "do", "hide", "reason", "").Want(t, 422, "")
	b.Post(at+"/moderate", "comment", ref, "do", "hide", "reason", "Names a neighbour.").Want(t, 303, at+"/moderate")
	if a := v.Get(mine).Want(t, 200, ""); !strings.Contains(a.Text(".notice"), "Names a neighbour.") {
		t.Errorf("why it is not shown: %s", a.Text("main"))
	}
	b.Post(at+"/moderate", "comment", ref, "do", "show").Want(t, 303, at+"/moderate")
	b.Post(at+"/moderate", "comment", "00ff", "do", "show").Want(t, 404, "")
	for _, path := range []string{at, at + "/comments"} {
		if a := v.Get(path).Want(t, 200, ""); !strings.Contains(a.Text("main"), "Ada <b>") || !strings.Contains(a.Text("main"), "For my children") {
			t.Errorf("%s: %s", path, a.Text("main"))
		}
	}
	v.Post(mine).Want(t, 303, at)
	if a := v.Get(at); strings.Contains(a.Body, "Ada") || s.count("select count(*) from petition_comment") != 0 {
		t.Error("an erased comment is still there")
	}
	v.Get(mine).Want(t, 404, "")
	v.Post(mine).Want(t, 404, "")
	s.must(s.CloseNow(t.Context(), olga, slug))
	v.Post(at+"/comment", "key", s.ids.Secret(), "name", "Late").Want(t, 410, "")
}

// A list asks once who a group is, however many petitions it has.
func TestListAsksOnce(t *testing.T) {
	t.Parallel()
	s := onSQLite(t)
	for _, title := range []string{"One", "Two", "Three"} {
		s.opened(some(title + " more benches"))
	}
	before := s.groups.asked.Load()
	if a := s.visitor().Get("/petitions").Want(t, 200, ""); strings.Count(a.Text("main"), "Riverside Neighbours") != 3 {
		t.Errorf("the list says %s", a.Text("main"))
	}
	if n := s.groups.asked.Load() - before; n != 1 {
		t.Errorf("the group was read %d times", n)
	}
}

func TestUpdates(t *testing.T) {
	t.Parallel()
	s := onSQLite(t)
	slug := s.opened(some("With updates"))
	at, ctx := "/petitions/"+slug, t.Context()
	v := s.visitor()
	v.Post(at+"/updates", "email", "nobody").Want(t, 422, "")
	v.Post(at+"/updates", "email", "a@example.org, b@example.org").Want(t, 422, "")
	run := func() {
		t.Helper()
		for range 5 {
			if _, err := s.jobs.RunPending(ctx); err != nil {
				t.Fatal(err)
			}
		}
	}
	for range 2 {
		v.Post(at+"/updates", "email", "ada@example.org").Want(t, 303, at+"/comment?asked=1")
	}
	run()
	if len(s.heard.mail) != 1 || s.heard.mail[0].To != "ada@example.org" {
		t.Fatalf("mail: %+v", s.heard.mail)
	}
	_, link, _ := strings.Cut(s.heard.mail[0].Text, "https://node.example")
	link, _, _ = strings.Cut(link, "\n")
	b := s.as(olga)
	b.Post(at+"/update", "key", s.ids.Secret(), "markdown", "Too early for Ada.").Want(t, 303, at)
	run()
	v.Get(link).Want(t, 200, "")
	if s.count("select count(*) from petition_follower where confirmed") != 0 {
		t.Error("opening the link confirmed the address")
	}
	if s.count("select count(*) from petition_follower where asked_at % 60000000 <> 0") != 0 {
		t.Error("to the second is kept when somebody asked")
	}
	v.Post(link, "do", "confirm").Want(t, 303, link)
	if s.count("select count(*) from petition_follower where asked_at = 0") != 1 {
		t.Error("when somebody asked is kept")
	}
	if a := b.Post(at+"/update", "key", s.ids.Secret(), "markdown", "Again.").Want(t, 422, ""); !strings.Contains(a.Text(".error-summary"), "week") {
		t.Errorf("twice a week: %s", a.Text("main"))
	}
	s.Clock.Add(7 * 24 * time.Hour)
	key := s.ids.Secret()
	for range 2 {
		b.Post(at+"/update", "key", key, "markdown", "We **met** the council.").Want(t, 303, at)
	}
	run()
	if len(s.heard.mail) != 2 || !strings.Contains(s.heard.mail[1].Text, "We met the council.") || !strings.Contains(s.heard.mail[1].Text, link) {
		t.Fatalf("mail: %+v", s.heard.mail)
	}
	if a := v.Get(at); !strings.Contains(a.Text("main"), "We met the council.") {
		t.Error("the page does not show the update")
	}
	// The button of a mail program ends it with one click (RFC 8058), any number of times.
	if m := s.heard.mail[1]; m.Unsubscribe != "https://node.example"+link || s.heard.mail[0].Unsubscribe != "" {
		t.Errorf("to leave: %q", m.Unsubscribe)
	}
	v.Post(link, "List-Unsubscribe", "One-Click").Want(t, 200, "")
	v.Post(link, "List-Unsubscribe", "One-Click").Want(t, 200, "")
	v.Get(link).Want(t, 404, "")
	if s.count("select count(*) from petition_follower") != 0 {
		t.Error("the address is still here")
	}
}

func TestSheetsOnPages(t *testing.T) {
	t.Parallel()
	s := onSQLite(t)
	in := some("On paper")
	in.Markdown = strings.Repeat("A sentence that many people want to read before they sign. ", 200)
	slug := s.opened(in)
	at := "/petitions/" + slug
	v := s.visitor()
	a, other := v.Get(at+"/sheet.pdf"), v.Get(at+"/sheet.pdf")
	if a.Status != 303 || a.Location == other.Location {
		t.Errorf("two sheets have one code: %s %s", a.Location, other.Location)
	}
	pdf := v.Get(a.Location).Want(t, 200, "")
	if !strings.HasPrefix(pdf.Body, "%PDF") {
		t.Error("no PDF")
	}
	_, made := s.site.Cache().Counts()
	if again := v.Get(a.Location+"&x=1").Want(t, 200, ""); again.Body != pdf.Body {
		t.Error("another sheet under the same code")
	}
	if _, n := s.site.Cache().Counts(); n != made {
		t.Error("a sheet is drawn again for what stands behind its address")
	}
	if more := v.Get(a.Location+"&pages=2").Want(t, 200, ""); bytes.Count([]byte(more.Body), []byte("/Type /Page\n")) <= bytes.Count([]byte(pdf.Body), []byte("/Type /Page\n")) {
		t.Error("two sheets have no more pages than one")
	}
	for lang, want := range map[string]int{"ar": 200, "hi": 409} {
		in := some(map[string]string{"ar": "حديقة النهر للجميع", "hi": "नदी का बगीचा"}[lang])
		in.Lang, in.Slug = lang, "river-"+lang
		sheet := v.Get("/petitions/" + s.opened(in) + "/sheet.pdf")
		if got := v.Get(sheet.Location).Want(t, want, ""); want == 200 && !strings.HasPrefix(got.Body, "%PDF") {
			t.Errorf("%s: no PDF", lang)
		}
	}
	v.Get(at+"/sheet.pdf?pages=21").Want(t, 400, "")
	v.Get(at+"/sheet.pdf?code=aaaaaaaa").Want(t, 404, "")
	_, code, _ := strings.Cut(a.Location, "code=")
	b := s.as(olga)
	key := b.Get(at+"/sheets").Want(t, 200, "").Attr("input[name=key]", "value")
	bad := b.Post(at+"/sheets", "do", "count", "key", key, "codes", "nonsense", "signatures", "x").Want(t, 422, "")
	if bad.Text("#codes-error") == "" || bad.Text("#signatures-error") == "" || bad.Text("#codes") != "nonsense" {
		t.Errorf("refused: %s", bad.Text("main"))
	}
	for range 2 {
		b.Post(at+"/sheets", "do", "count", "key", key, "codes", code, "signatures", "14").Want(t, 303, at+"/sheets")
	}
	b.Post(at+"/sheets", "do", "confirm", "batch", "1", "counted", "14").Want(t, 422, "")
	s.as(olaf).Post(at+"/sheets", "do", "confirm", "batch", "1", "counted", "13").Want(t, 422, "")
	s.as(olaf).Post(at+"/sheets", "do", "confirm", "batch", "1", "counted", "14").Want(t, 303, at+"/sheets")
	b.Post(at+"/sheets", "do", "note", "batch", "1", "key", s.ids.Secret(), "markdown", "One line was crossed out.").Want(t, 303, at+"/sheets")
	page := v.Get(at)
	if page.Text(".card h2") != "0 signatures" || !strings.Contains(page.Text(".card"), "and 14 on paper") || !strings.Contains(page.Text("main"), "One line was crossed out.") {
		t.Errorf("paper on the page: %s", page.Text("main"))
	}
	s.as(mia).Get(at+"/sheets").Want(t, 403, "")
}

func TestCodesOnPages(t *testing.T) {
	t.Parallel()
	s := onSQLite(t)
	in := some("By code")
	in.Gate = box.GatePaper
	slug := s.opened(in)
	at := "/petitions/" + slug
	b := s.as(olga)
	key := b.Get(at+"/codes").Want(t, 200, "").Attr("input[name=key]", "value")
	b.Post(at+"/codes", "key", key, "n", "0").Want(t, 422, "")
	if a := b.Post(at+"/codes", "key", key, "n", "3").Want(t, 200, ""); len(a.All("li code")) != 3 {
		t.Errorf("codes: %s", a.Text("main"))
	}
	if a := s.visitor().Get(at); !strings.Contains(a.Text("main"), "3 codes printed") {
		t.Error("the page does not say how many codes there are")
	}
}

// Subject, Reference and After are what the pages of a box ask.
func TestForBoxes(t *testing.T) {
	t.Parallel()
	s := onSQLite(t)
	slug := s.opened(some("For boxes"))
	bid := s.get(slug).Box.String()
	if a := s.visitor().Get("/after/"+bid).Want(t, 200, ""); len(a.All("form")) != 2 {
		t.Errorf("after signing: %s", a.Body)
	}
	s.visitor().Get("/after/"+strings.Repeat("a", 26)).Want(t, 404, "")
	s.must(s.CloseNow(t.Context(), olga, slug))
	if a := s.visitor().Get("/after/"+bid).Want(t, 200, ""); a.Body != "" {
		t.Errorf("after its end: %s", a.Body)
	}
}

func TestDiscard(t *testing.T) {
	t.Parallel()
	s := onSQLite(t)
	slug := s.draft(some("Never mind"))
	s.as(olga).Post("/petitions/"+slug+"/discard", "sequence", "0").Want(t, 303, "/groups/riverside")
	if s.count("select count(*) from petition") != 0 {
		t.Error("the draft is still here")
	}
	opened := s.opened(some("Stays"))
	s.as(olga).Post("/petitions/"+opened+"/discard", "sequence", "1").Want(t, 422, "")
	for _, a := range []authz.Actor{mia, otto} {
		for name := range acts() {
			if got := s.as(a).Post("/petitions/"+opened+"/"+name, "sequence", "1", "key", s.ids.Secret(), "markdown", "x", "day", "2026-05-02").Status; got != 403 {
				t.Errorf("%s gets %d for %s", a.Handle, got, name)
			}
		}
	}
}

// The list is there for programs, too, and says what of the record is witnessed.
func TestListAsJSON(t *testing.T) {
	each(t, func(t *testing.T, s *stand) {
		slug := s.opened(some("Open on Sundays"))
		for _, path := range []string{"/petitions.json", "/petitions/" + slug + ".json"} {
			a := s.visitor().Get(path).Want(t, 200, "")
			for _, want := range []string{`"slug": "` + slug, `"witnessed": 0`} {
				if !strings.Contains(a.Body, want) {
					t.Errorf("%s lacks %s: %s", path, want, a.Body)
				}
			}
		}
		s.visitor().Get("/petitions.json?state=lost").Want(t, 422, "")
	})
}
