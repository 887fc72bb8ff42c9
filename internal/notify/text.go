package notify

import (
	"bytes"
	"slices"
	"sync"

	"golang.org/x/text/language"
)

// texts keeps what was written last in each language to many: it is written once,
// and only the lines of the header are each reader's own. What goes to one is
// not kept.
type texts struct {
	mu    sync.Mutex
	known map[string]*text // by language
}

// mostKept bounds how many texts are kept.
const mostKept = 16

// text is what a message says, as it goes over the line.
type text struct {
	subject, plain string
	body           Body
	content        content
}

// content is the last part of a message's header, and its body.
type content struct {
	bytes []byte
	dots  bool // some lines begin with one
}

func contentOf(h *header) content {
	return content{h.Bytes(), bytes.Contains(h.Bytes(), []byte("\r\n."))}
}

// of is the content of m.
func (t *texts) of(m Message) (content, error) {
	var x *text
	if m.Bulk {
		t.mu.Lock()
		x = t.known[m.Lang]
		t.mu.Unlock()
	}
	if x != nil && x.subject == m.Subject && x.plain == m.Text && x.body.equal(m.Body) {
		return x.content, nil
	}
	var h header
	h.Grow(4096)
	if err := h.content(m); err != nil || !m.Bulk {
		return contentOf(&h), err
	}
	// What the caller may change later is not kept.
	body := Body{slices.Clone(m.Body.Parts), slices.Clone(m.Body.Footer)}
	for _, all := range [][]Part{body.Parts, body.Footer} {
		for i := range all {
			all[i].facts = slices.Clone(all[i].facts)
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.known) >= mostKept {
		clear(t.known)
	}
	x = &text{m.Subject, m.Text, body, contentOf(&h)}
	t.known[m.Lang] = x
	return x.content, nil
}

func (b Body) equal(c Body) bool {
	same := func(p, q Part) bool {
		return p.kind == q.kind && p.text == q.text && p.url == q.url && slices.Equal(p.facts, q.facts)
	}
	return slices.EqualFunc(b.Parts, c.Parts, same) && slices.EqualFunc(b.Footer, c.Footer, same)
}

// boundary can be in no part: "=" is never followed by "_" in quoted-printable
// nor in base64 (RFC 2045, section 6.7).
const boundary = "=_alternative"

// content ends the header and adds what the message says.
func (h *header) content(m Message) error {
	if t, err := language.Parse(m.Lang); err == nil && t != language.Und {
		h.add("Content-Language", t.String()) // RFC 3282
	}
	if len(m.Body.Parts) == 0 && len(m.Body.Footer) == 0 {
		h.part("text/plain", clean(m.Text))
		return nil
	}
	text, page, err := m.Body.Render(m.Subject, m.Lang)
	if err != nil {
		return err
	}
	h.add("Content-Type", `multipart/alternative; boundary="`+boundary+`"`)
	h.WriteString("\r\n--" + boundary + "\r\n")
	h.part("text/plain", clean(text))
	h.WriteString("\r\n--" + boundary + "\r\n")
	h.part("text/html", page)
	h.WriteString("\r\n--" + boundary + "--\r\n")
	return nil
}
