package notify_test

import (
	"errors"
	"fmt"
	"io"
	"mime"
	netmail "net/mail"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"
	"pgregory.net/rapid"

	"convoke/internal/notify"
	"convoke/internal/notify/notifytest"
)

func invitation() notify.Body {
	return notify.Body{
		Parts: []notify.Part{
			notify.Paragraph("You signed up.\nAre you <still> coming?"),
			notify.Paragraph(""),
			notify.Heading("Repair & share"),
			notify.Facts(notify.Fact{Label: "When", Value: "2 May"}, notify.Fact{Label: "Where"}, notify.Fact{Label: "Who", Value: "all\nof us"}),
			notify.Button("Say it here", "https://example.org/coming/abc?a=1&b=2"),
			notify.Link("", "http://example.org"),
		},
		Footer: []notify.Part{notify.Paragraph("Why you get this."), notify.Link("End it", "https://example.org/end")},
	}
}

func TestBodyIsSaidOnce(t *testing.T) {
	t.Parallel()
	text, page, err := invitation().Render("A\nsubject", "ar")
	if err != nil {
		t.Fatal(err)
	}
	const want = `You signed up.
Are you <still> coming?

Repair & share

When: 2 May
Who: all of us

Say it here
https://example.org/coming/abc?a=1&b=2

http://example.org

Why you get this.

End it
https://example.org/end`
	if d := cmp.Diff(want, text); d != "" {
		t.Error(d)
	}
	for _, s := range []string{
		`<html lang="ar" dir="rtl">`, `<div lang="ar" dir="rtl" `, "<title>A subject</title>", `<meta name="color-scheme" content="light dark">`,
		"<p dir=\"auto\">You signed up.<br>\nAre you &lt;still&gt; coming?</p>", `<h2 dir="auto">Repair &amp; share</h2>`,
		"<b>When:</b> 2 May<br>\n<b>Who:</b> all of us</p>",
		`<a href="https://example.org/coming/abc?a=1&amp;b=2" dir="ltr">https://example.org/coming/abc?a=1&amp;b=2</a>`,
	} {
		if !strings.Contains(page, s) {
			t.Errorf("no %q in\n%s", s, page)
		}
	}
	if d := cmp.Diff(strings.Fields(strings.ReplaceAll(want, "\n\n", "\n")), strings.Fields(shown(t, page))); d != "" {
		t.Errorf("the forms do not say the same: %s", d)
	}
	if _, page, _ := invitation().Render("x", "es"); !strings.Contains(page, `lang="es" dir="ltr"`) {
		t.Error("Spanish is not written from the left")
	}
}

// shown is the text of a page's body. It fails for whatever could load something
// or act by itself, and for a link whose text is not its address.
func shown(t *testing.T, page string) string {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for n := range root.Descendants() {
		switch {
		case n.Type == html.TextNode && n.Parent.Data != "title":
			b.WriteString(n.Data + " ")
		case n.Type == html.ElementNode:
			if !slices.Contains([]string{"html", "head", "meta", "title", "body", "div", "p", "h2", "b", "br", "hr", "a"}, n.Data) {
				t.Errorf("there is <%s>", n.Data)
			}
			for _, a := range n.Attr {
				if !slices.Contains([]string{"lang", "dir", "charset", "name", "content", "style", "href"}, a.Key) || strings.Contains(a.Val, "url(") && a.Key == "style" {
					t.Errorf("there is %s=%q", a.Key, a.Val)
				}
				if a.Key == "href" && (n.FirstChild == nil || n.FirstChild.Data != a.Val || n.FirstChild.NextSibling != nil) {
					t.Errorf("a link to %q does not say so", a.Val)
				}
			}
		}
	}
	return b.String()
}

// An address that could be taken for another makes no message.
func TestLookAlikeLinks(t *testing.T) {
	t.Parallel()
	for _, a := range []string{
		"", "example.org", "javascript:alert(1)", "data:text/html,x", "ftp://example.org", "//example.org", "https://", "https:///x",
		"https://bank.example@evil.example", "https://b\u0430nk.example", "https://bank.example\u202egro", "https://bank.example\\@evil.example",
		"https://bank example", "https://ba%6ek.example",
	} {
		b := notify.Body{Parts: []notify.Part{notify.Link("bank.example", a)}}
		if _, _, err := b.Render("x", "en"); err == nil || a != "" && strings.Contains(err.Error(), a) {
			t.Errorf("%q: %v", a, err)
		}
		sink := notifytest.Sink(t)
		s := sender(t, notify.SMTPOptions{URL: sink.URL()})
		for _, m := range []notify.Message{{Body: b}, {Text: "x", Unsubscribe: a}} {
			m.To = "sam@example.org"
			if a == "" && m.Text != "" {
				continue // none is wanted
			}
			var e *notify.Error
			if err := s.Send(t.Context(), m); !errors.As(err, &e) || e.Step != notify.StepCompose || !errors.Is(err, notify.ErrPermanent) {
				t.Errorf("%q: %v", a, err)
			}
		}
	}
	// Letters in a path are shown as they travel.
	text, page, err := notify.Body{Parts: []notify.Part{notify.Link("", "https://example.org/\u202estra\u00dfe <b>")}}.Render("x", "en")
	if err != nil || strings.ContainsFunc(text, func(r rune) bool { return r > 127 }) || shown(t, page) == "" {
		t.Errorf("%q %v", text, err)
	}
	// Nor can words be shown in another order than they are written.
	if text, page, _ := (notify.Body{Parts: []notify.Part{notify.Paragraph("a\u202eb\u202dc")}}).Render("\u202ex", "en"); text != "abc" || strings.ContainsAny(page, "\u202e\u202d") {
		t.Errorf("%q", text)
	}
}

func TestBothFormsAreSent(t *testing.T) {
	t.Parallel()
	sink := notifytest.Sink(t)
	s := sender(t, notify.SMTPOptions{URL: sink.URL(), Bounces: "bounce@riverside.example"})
	body := invitation()
	body.Parts = append(body.Parts, notify.Paragraph(strings.Repeat("مرحبا بكم. ", 100)))
	var thread []string
	for _, id := range strings.Split("one two three four bad\r\nid five six seven eight nine ten eleven", " ") {
		thread = append(thread, id)
	}
	err := s.Send(t.Context(), notify.Message{
		To: "sam@example.org", Subject: "Tomorrow", Lang: "ar", Body: body, ID: "twelve", Thread: thread,
		Unsubscribe: "https://example.org/end/1", Bounce: "abc123", ReplyTo: "report@riverside.example",
	})
	if err != nil {
		t.Fatal(err)
	}
	g := sink.Messages()[0]
	text, page, err := body.Render("Tomorrow", "ar")
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{text + "\n", page}, []string{g.Text, g.HTML}); d != "" {
		t.Error(d)
	}
	for name, want := range map[string]string{
		"Content-Type": `multipart/alternative; boundary="=_alternative"`, "List-Unsubscribe": "<https://example.org/end/1>",
		"List-Unsubscribe-Post": "List-Unsubscribe=One-Click", "Reply-To": "<report@riverside.example>", "In-Reply-To": "<eleven@riverside.example>",
		"References": "<one@riverside.example> <three@riverside.example> <four@riverside.example> <five@riverside.example> <six@riverside.example>" +
			" <seven@riverside.example> <eight@riverside.example> <nine@riverside.example> <ten@riverside.example> <eleven@riverside.example>",
	} {
		if got := g.Header.Get(name); got != want {
			t.Errorf("%s: %s", name, got)
		}
	}
	if g.From != "bounce+abc123@riverside.example" {
		t.Errorf("from %s", g.From)
	}
	for line := range strings.SplitSeq(g.Raw, "\r\n") {
		if len(line) > 78 {
			t.Errorf("a line of %d bytes", len(line))
		}
	}
}

// What goes to many is written once, and still each gets what was meant for them.
func TestWhatIsWrittenOnce(t *testing.T) {
	t.Parallel()
	sink := notifytest.Sink(t)
	s := sender(t, notify.SMTPOptions{URL: sink.URL(), Connections: 1})
	facts := []notify.Fact{{Label: "When", Value: "today"}}
	m := notify.Message{Subject: "One", Lang: "en", Bulk: true, Body: notify.Body{Parts: []notify.Part{notify.Facts(facts...)}}}
	var want []string
	send := func(said string) {
		t.Helper()
		m.To = fmt.Sprintf("reader%d@example.org", len(want))
		if err := s.Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		want = append(want, m.To+" "+said)
	}
	send("When: today en One")
	send("When: today en One")
	facts[0].Value = "tomorrow"
	send("When: tomorrow en One")
	m.Subject = "Two"
	send("When: tomorrow en Two")
	m.Lang = "ar"
	send("When: tomorrow ar Two")
	m.Lang, m.Body.Footer = "en", []notify.Part{notify.Paragraph("bye")}
	send("When: tomorrow bye en Two")
	m.Body = notify.Body{}
	m.Text = "plain"
	send("plain en Two")
	for i := range 20 {
		m.Lang = fmt.Sprintf("en-x-%02d", i)
		send("plain " + m.Lang + " Two")
	}
	for i, g := range sink.Messages() {
		title, tag := g.Subject, g.Header.Get("Content-Language")
		if g.HTML != "" {
			title = strings.TrimSuffix(strings.SplitAfterN(strings.SplitN(g.HTML, "</title>", 2)[0], "<title>", 2)[1], "</title>")
		}
		if got := g.To[0] + " " + strings.Join(strings.Fields(g.Text), " ") + " " + tag + " " + title; got != want[i] {
			t.Errorf("%s\nwant %s", got, want[i])
		}
	}
}

func TestReturnPath(t *testing.T) {
	t.Parallel()
	sink := notifytest.Sink(t)
	plain := sender(t, notify.SMTPOptions{URL: sink.URL()})
	m := hello("sam@example.org")
	m.Bounce, m.Unsubscribe = "abc", "http://abc.onion/end"
	if err := plain.Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	g := sink.Messages()[0]
	if g.From != "post@riverside.example" {
		t.Errorf("without a return path from %s", g.From)
	}
	// RFC 8058 asks for https.
	if g.Header.Get("List-Unsubscribe") != "<http://abc.onion/end>" || g.Header.Get("List-Unsubscribe-Post") != "" {
		t.Errorf("%v", g.Header)
	}
	set := sender(t, notify.SMTPOptions{URL: sink.URL(), Bounces: "bounce@riverside.example"})
	for _, token := range []string{"A", "a b", "a>", "a\r\nRCPT TO:<x@example.org>", strings.Repeat("a", 49)} {
		m.Bounce = token
		if err := set.Send(t.Context(), m); !errors.Is(err, notify.ErrPermanent) {
			t.Errorf("%q: %v", token, err)
		}
	}
	for _, b := range []string{"bounce", "Bounce <b@example.org>", "b\u00e9@example.org", "a-long-local-part@example.org", "a@b@c"} {
		if _, err := notify.NewSMTP(notify.SMTPOptions{URL: sink.URL(), From: from, Bounces: b}); err == nil {
			t.Errorf("%q was taken", b)
		}
	}
}

// FuzzHeader holds that no field of a message adds a line to the header, changes
// who gets it, or is anything that the message did not say.
func FuzzHeader(f *testing.F) {
	for _, s := range []string{
		"x\r\nBcc: evil@example.org", "x\nBcc: y\n\nbody", "x\rBcc: y", "=?utf-8?q?=0ABcc:_y?=", "a\u2028Bcc: y", "a\u0085b", "\x00", strings.Repeat("é", 300),
		strings.Repeat("a", 2000), "https://example.org/\r\nBcc: y", "a>\r\n", "\xff\xfe", "\r\n.\r\nMAIL FROM:<x@y>", `"`, `\`, "--=_alternative--",
	} {
		for i := range 9 {
			f.Add(s, i)
		}
	}
	f.Fuzz(func(t *testing.T, s string, field int) {
		m := notify.Message{To: "sam@example.org", Subject: "Hello", Text: "Hello there.", Lang: "en", ID: "one"}
		name := "Riverside"
		switch field {
		case 0:
			m.To = s
		case 1:
			m.Subject = s
		case 2:
			m.Text = s
		case 3:
			m.Lang = s
		case 4:
			m.ID = s
		case 5:
			m.Thread = []string{s}
		case 6:
			m.Unsubscribe = s
		case 7:
			m.Bounce = s
		case 8:
			name = s
		default:
			m.Body = notify.Body{Parts: []notify.Part{
				notify.Paragraph(s), notify.Heading(s), notify.Facts(notify.Fact{Label: s, Value: s}), notify.Link(s, "https://example.org/?q="+s),
			}}
		}
		envelope, raw, err := notify.Compose(name, m)
		if err != nil {
			return
		}
		head, _, _ := strings.Cut(raw, "\r\n\r\n")
		for line := range strings.SplitSeq(head, "\r\n") {
			if strings.ContainsAny(line, "\r\n\x00") || len(line) > 998 || strings.TrimSpace(line) == "" {
				t.Fatalf("a line %q", line)
			}
		}
		if strings.Contains(strings.ReplaceAll(raw, "\r\n", ""), "\n") || !strings.HasSuffix(raw, "\r\n") {
			t.Fatal("a line does not end as lines do")
		}
		p, err := netmail.ReadMessage(strings.NewReader(raw))
		if err != nil {
			t.Fatalf("%v\n%s", err, raw)
		}
		known := []string{
			"From", "To", "Subject", "Date", "Message-Id", "In-Reply-To", "References", "List-Unsubscribe", "List-Unsubscribe-Post", "Auto-Submitted",
			"Content-Language", "Mime-Version", "Content-Type", "Content-Transfer-Encoding",
		}
		for k, v := range p.Header {
			if !slices.Contains(known, k) || len(v) != 1 {
				t.Fatalf("%s: %q", k, v)
			}
		}
		if envelope[1] != m.To || strings.ContainsAny(envelope[0]+envelope[1], "\r\n<> ") {
			t.Fatalf("envelope %q", envelope)
		}
		subject, err := new(mime.WordDecoder).DecodeHeader(p.Header.Get("Subject"))
		if err != nil || field == 1 && subject != strings.Join(strings.Fields(notify.OneLine(m.Subject)), " ") {
			t.Fatalf("subject %q, %v", subject, err)
		}
		if a, err := p.Header.AddressList("From"); err != nil || len(a) != 1 || a[0].Address != "post@riverside.example" {
			t.Fatalf("from %v, %v", a, err)
		}
		if _, err := io.ReadAll(p.Body); err != nil {
			t.Fatal(err)
		}
		if _, page, err := m.Body.Render(m.Subject, m.Lang); err == nil {
			shown(t, page)
		}
	})
}

// Whoever writes a value wrongly still cannot begin another line with it.
func TestNoValueBeginsALine(t *testing.T) {
	t.Parallel()
	for v, want := range map[string]string{
		"a\r\nBcc: b": "X: a Bcc: b\r\n", "a\nb\x00c\td\x7fe": "X: a b c d e\r\n", "": "X:\r\n", "\r\n": "X:\r\n",
		strings.Repeat("aaaa ", 20): "X: " + strings.Repeat("aaaa ", 13) + "aaaa\r\n " + strings.Repeat("aaaa ", 5) + "aaaa\r\n",
	} {
		if got := notify.Field("X", v); got != want {
			t.Errorf("%q: %q", v, got)
		}
	}
}

// What is taken as it is would come out of the parser the same.
func TestPlainAddress(t *testing.T) {
	t.Parallel()
	plain := 0
	rapid.Check(t, func(t *rapid.T) {
		s := "https://" + rapid.StringMatching(`[a-z0-9.:@%A-Z-]{0,12}(/[a-zA-Z0-9_./?#%é -]{0,12})?`).Draw(t, "rest")
		if !notify.PlainAddress(s) {
			return
		}
		plain++
		if got, err := notify.ParsedAddress(s); err != nil || got != s {
			t.Fatalf("%q: %q, %v", s, got, err)
		}
	})
	if plain == 0 || !notify.PlainAddress("https://example.org/events/01jd0000/coming/abc_D-1") {
		t.Error("nothing is plain")
	}
}

// What somebody types is one bare address, or none.
func TestAddress(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]string{
		" sam@example.org ": "sam@example.org", "Sam@Example.org": "Sam@Example.org", "": "", "sam": "", "Sam <sam@example.org>": "", "sam@example.org, ann@example.org": "",
		"sam@example.org\r\nBcc: ann@example.org": "", "\"a b\"@example.org": "", strings.Repeat("a", 250) + "@example.org": "",
	} {
		if got, ok := notify.Address(typed); got != want || ok != (want != "") {
			t.Errorf("%q: %q, %v", typed, got, ok)
		}
	}
}
