package alerts

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/geo"
	"convoke/internal/i18n"
	"convoke/internal/id"
)

// The ways on which messages come and answers go.
const (
	ByText = "sms"
	ByMail = "mail"
)

// Letter is a message that somebody wrote.
type Letter struct {
	Way     string // [ByText] or [ByMail]
	From    string // number or address to answer
	Subject string // one line
	Text    string
	Photo   []byte // a picture as it came; none when empty
}

// Door makes reports of messages. It is safe for concurrent use.
type Door struct {
	*Service
	Limiter Limiter
	// Language is the tag of the node's own language.
	Language func() string
	// Fresh makes a picture afresh, as [Pictures] does; a fault says what is wrong with it.
	Fresh func(ctx context.Context, picture []byte) ([]byte, error)

	mu   sync.Mutex
	hour int64  // of key, in hours since 1970
	key  []byte // in memory only
}

// Take makes a report of a message, or adds to one, and answers what became of it. Who wrote
// it stays in the answer alone, sealed until that has gone out. Somebody who writes very often
// is not heard; when all together do, a RateLimited fault says when to come again. The same
// message within an hour is one report.
func (d *Door) Take(ctx context.Context, m Letter) error {
	if m.Way == ByMail {
		m.Subject, m.Text = again.ReplaceAllString(m.Subject, ""), written(m.Text)
	}
	who := sender(&m)
	if ok, _ := d.Limiter.Allow("report-sender", who); !ok {
		return nil
	}
	if ok, wait := d.Limiter.Allow("report-door", m.Way); !ok {
		return fault.After(errOften(), wait)
	}
	a, err := d.answer(ctx, &m)
	if err != nil {
		return err
	}
	if ok, _ := d.Limiter.Allow("report-answer", who); !ok {
		return nil
	}
	if ok, _ := d.Limiter.Allow("report-answers", m.Way); !ok {
		return nil
	}
	return d.reply(ctx, m.Way, m.From, a)
}

// sender is who writes, for limits: one mailbox has many addresses with a plus sign.
func sender(m *Letter) string {
	local, domain, _ := strings.Cut(strings.ToLower(m.From), "@")
	if m.Way == ByMail {
		local, _, _ = strings.Cut(local, "+")
	}
	return m.Way + " " + local + "@" + domain
}

// answer does what a message asks for, and says what became of it.
func (d *Door) answer(ctx context.Context, m *Letter) (Answer, error) {
	usual := d.Locales.Match(d.Language())
	x := newLexicon(d.Locales.Locales())
	text, body := m.Text, 0
	if m.Subject != "" {
		text = m.Subject + "\n" + m.Text
		body = len(m.Subject) + 1
	}
	if more, ok := x.addition(text, body, usual); ok {
		a, err := d.add(ctx, &more)
		if !fault.Is(err, fault.KindNotFound) || more.sure {
			return d.refusal(more.locale, a, err)
		}
	}
	var r reading
	networks := map[geo.GridCell][]Network{}
	err := d.DB.Read(ctx, func(tx *db.Tx) (err error) {
		r = (&reader{x, d.Places, func(c geo.GridCell) bool {
			some, got := networksOf(ctx, tx, c)
			if got == nil {
				some, got = d.watched(ctx, tx, some)
			}
			networks[c] = some
			if got != nil {
				err = got
			}
			return len(some) > 0
		}}).read(text, body, usual)
		return err
	})
	if err != nil {
		return Answer{}, err
	}
	a, err := d.report(ctx, m, &r, networks[geo.GridAt(r.Place.Point)])
	return d.refusal(r.Locale, a, err)
}

// report makes a report of what was read, by the same call as the form. networks are those
// that watch its place.
func (d *Door) report(ctx context.Context, m *Letter, r *reading, networks []Network) (Answer, error) {
	network := r.network(networks)
	if err := guard("note", r.Note); err != nil {
		return Answer{}, err
	}
	if len(r.missing()) > 0 {
		return d.ask(r), nil
	}
	in := ReportInput{Category: r.Category, Place: point(r.Place.Point), Network: network, Ago: r.Ago, FirstHand: r.How, Note: r.Note}
	unread := false
	if len(m.Photo) > 0 {
		var err error
		if in.Photo, err = d.Fresh(ctx, m.Photo); fault.Of(err) != nil {
			unread = true
		} else if err != nil {
			return Answer{}, err
		}
	}
	code := d.code(ctx, m)
	err := d.Report(ctx, authz.Actor{}, keyOf(code), in)
	if e := fault.Of(err); e != nil && slices.ContainsFunc(e.Fields, func(f fault.FieldError) bool { return f.Name == "network" }) {
		return d.which(r.Locale, e, networks), nil
	}
	return d.thank(r, m.Way, code, unread), err
}

// network takes the name of one of several networks out of the note.
func (r *reading) network(all []Network) string {
	if len(all) < 2 {
		return ""
	}
	for i, f := range r.fields {
		for _, n := range all {
			if said := geo.Fold(f); said == geo.Fold(n.Handle) || said == geo.Fold(n.Name) {
				r.fields = slices.Delete(r.fields, i, i+1)
				r.Note = note(r.fields)
				return n.Handle
			}
		}
	}
	return ""
}

// add adds to the report of a code.
func (d *Door) add(ctx context.Context, x *addition) (Answer, error) {
	if _, err := d.Held(ctx, keyOf(x.code)); err != nil {
		return Answer{}, err
	}
	if err := d.More(ctx, keyOf(x.code), x.note); err != nil {
		return Answer{}, err
	}
	l := x.locale
	return Answer{Lang: l.Tag(), Subject: l.T("Added to your report"), Lines: []string{l.T("Thank you, verifiers read it with your report.")}}, nil
}

// refusal is the answer that tells of a fault, without quoting anything. Other errors stay.
func (d *Door) refusal(l *i18n.Locale, a Answer, err error) (Answer, error) {
	e := fault.Of(err)
	if e == nil || e.Kind == fault.KindRateLimited || e.Kind == fault.KindUnavailable {
		return a, err
	}
	a = Answer{Lang: l.Tag(), Subject: l.T("Nothing was stored")}
	if len(e.Fields) == 0 {
		a.Lines = append(a.Lines, l.T(e.Msg, e.Args...))
	}
	for _, f := range e.Fields {
		a.Lines = append(a.Lines, l.T(f.Msg, f.Args...))
	}
	return a, nil
}

// code names the report of a message: the same one, sent again within the hour, has the same.
// It follows from the message by a key that is in memory alone and forgotten with the hour, so
// that nobody can find the code of a number, or the number of a code.
func (d *Door) code(ctx context.Context, m *Letter) string {
	hour := d.now(ctx).Unix() / 3600
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.key == nil || hour != d.hour {
		d.key, d.hour = make([]byte, sha256.Size), hour
		if _, err := io.ReadFull(d.Entropy, d.key); err != nil {
			panic("alerts: no entropy: " + err.Error()) // crypto/rand never fails (Go 1.24)
		}
	}
	h := hmac.New(sha256.New, d.key)
	for _, s := range []string{m.Way, strings.ToLower(m.From), m.Subject, m.Text, string(m.Photo)} {
		h.Write([]byte(strconv.Itoa(len(s)) + ":" + s))
	}
	return id.SecretOf(h.Sum(nil))[:2*halfCode]
}

// A code is two groups of five letters and digits, 50 bits, as in "kq4m7-d2x8p".
const halfCode = 5

var codeForm = regexp.MustCompile(`^[\s:\x{200e}\x{200f}\x{2066}-\x{2069}]*([0-9A-Za-z]{5})[ -]?([0-9A-Za-z]{5})(?:[^0-9A-Za-z]|$)`)

// alike are letters that no code has, and the digits that they are taken for.
var alike = strings.NewReplacer("o", "0", "i", "1", "l", "1")

// keyOf is the secret of the report that a code is of.
func keyOf(code string) string {
	h := sha256.Sum256([]byte("convoke alerts report 1 " + code))
	return id.SecretOf(h[:])
}

// addition is what a message adds to a report.
type addition struct {
	locale     *i18n.Locale
	code, note string
	sure       bool // there are digits in the code: it is no two words
}

// addition finds the code of a report behind the word for adding: anywhere in a subject, or
// where the text begins. The note is what follows it in the text.
func (x *lexicon) addition(text string, body int, usual *i18n.Locale) (out addition, ok bool) {
	s := scan{reader: &reader{lexicon: x}, text: text, votes: make([]int, len(x.locales))}
	if len(text) <= maxRead {
		s.words = split(text)
	}
	for i, w := range s.words {
		if w.start >= body && i > 0 && s.words[i-1].start >= body {
			break
		}
		_, n := s.match(saysAdd, i)
		if n == 0 {
			continue
		}
		rest := text[s.words[i+n-1].end:]
		m := codeForm.FindStringSubmatchIndex(rest)
		if m == nil {
			continue
		}
		typed := rest[m[2]:m[3]] + rest[m[4]:m[5]]
		s.at = i
		s.take(saysAdd, n)
		note := text[max(len(text)-len(rest)+m[5], min(body, len(text))):]
		return addition{
			s.language(usual), alike.Replace(strings.ToLower(typed)), strings.Trim(note, " \n\t\r,;:.-،؛\u2066\u2067\u2068\u2069\u200e\u200f"), strings.ContainsAny(typed, "0123456789"),
		}, true
	}
	return out, false
}
