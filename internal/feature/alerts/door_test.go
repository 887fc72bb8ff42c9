package alerts

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/id"
)

// answers keeps what goes back to whom.
type answers struct {
	to  []string
	all []Answer
	err error
}

func (a *answers) reply(_ context.Context, to string, x Answer) error {
	a.to, a.all = append(a.to, to), append(a.all, x)
	return a.err
}

// door is one of the fixture's node, with what it answers.
func (f *fixture) door() (*Door, *answers) {
	var out answers
	f.BaseURL = "http://example.org"
	f.Replies = map[string]Reply{ByText: out.reply, ByMail: out.reply}
	return &Door{
		Service: f.Service, Limiter: everybody{}, Language: func() string { return "en" },
		Fresh: func(_ context.Context, b []byte) ([]byte, error) {
			if string(b) == "broken" {
				return nil, fault.Invalid(fault.Field("photo", "picture.broken", "x"))
			}
			return b, nil
		},
	}, &out
}

// says takes a text message, and returns the answer.
func (f *fixture) says(d *Door, out *answers, m Letter) string {
	f.t.Helper()
	n := len(out.all)
	must(f.t, d.Take(context.Background(), m))
	f.run()
	if len(out.all) != n+1 || out.to[n] != m.From {
		f.t.Fatalf("%d answers to %q", len(out.all)-n, m.Text)
	}
	return strings.Join(out.all[n].Lines, " ")
}

func (f *fixture) run() {
	f.t.Helper()
	_, err := f.Jobs.RunPending(context.Background())
	must(f.t, err)
}

// TestTextMessage: a message becomes the report that the form makes, is answered with a code,
// and the code adds to it.
func TestTextMessage(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f *fixture) {
		f.network("bo")
		d, out := f.door()
		m := Letter{Way: ByText, From: "+491701234567", Text: "FIRE Leipzig seen now smoke from roof"}
		first := f.says(d, out, m)
		if !strings.Contains(first, "Fire and smoke, Leipzig") || !strings.Contains(first, "begin a message with: add ") {
			t.Fatalf("%s", first)
		}
		code := strings.Fields(first[strings.Index(first, ": add ")+2:])[1]
		c := f.first()
		v, err := f.Case(f.ctx(), as("bo"), "near", c.ID)
		must(t, err)
		if c.Category != "fire" || c.Reports != 1 || c.FirstHand != 1 || len(v.Reports) != 1 || v.Reports[0].Note != "smoke from roof" {
			t.Errorf("%+v %+v", c, v.Reports)
		}
		if again := f.says(d, out, m); again != first || f.count("alert_report") != 1 {
			t.Errorf("sent twice: %s", again)
		}
		other := m
		other.From = "+491701234568"
		if f.says(d, out, other) == first || f.count("alert_report") != 2 {
			t.Error("another number is the same report")
		}
		advance(f, time.Hour)
		for _, add := range []string{"ADD " + code + " it grows", "add: " + strings.ToUpper(strings.ReplaceAll(code, "-", " ")) + ", it grows"} {
			m.Text = add
			if a := f.says(d, out, m); !strings.Contains(a, "verifiers read it with your report") {
				t.Errorf("%q: %s", add, a)
			}
		}
		v, err = f.Case(f.ctx(), as("bo"), "near", c.ID)
		must(t, err)
		if all := fmt.Sprint(v.Reports[0].More, v.Reports[1].More); strings.Count(all, "it grows") != 1 || f.count("alert_report") != 2 {
			t.Errorf("%s", all)
		}
		for text, want := range map[string]string{
			"add 00000-00000 it grows":                            "There is no such report",
			"add " + code:                                         "Write what is new",
			"add " + code + " call 0341 123 4567":                 "looks like a phone number",
			"fire, Leipzig, seen, van L-XY 1234":                  "looks like a number plate",
			"call 0341 123 4567":                                  "looks like a phone number",
			"fire, Leipzig, seen, " + strings.Repeat("long ", 70): "At most 280 characters",
			strings.Repeat("fire, Leipzig, seen, ", 200):          "At most 280 characters",
			"medical, Leipzig, seen":                              "does not warn of that",
			"fire, 1.5, 2.5, seen":                                "No network watches this place",
			"fire Leipzig":                                        "“seen” or “heard”",
			"add smoke there":                                     "What is one of these: weather, fire, ",
			"fire, Leipzig, seen, 9 hours ago":                    "Choose when it was",
		} {
			m.Text = text
			if a := f.says(d, out, m); !strings.Contains(a, want) || strings.Contains(a, "4567") || strings.Contains(a, "1234") {
				t.Errorf("%q: %s", text, a)
			}
		}
		if n := f.count("alert_report"); n != 2 {
			t.Errorf("%d are stored", n)
		}
	})
}

// TestWhichNetwork asks for one of several.
func TestWhichNetwork(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f *fixture) {
		f.network("bo")
		must(t, f.Start(f.ctx(), as("fay"), f.ids.Secret(), NetworkInput{Handle: "across", Name: "Across the river", Group: "river", Area: "Leipzig; 8", Categories: []string{"fire"}}))
		d, out := f.door()
		m := Letter{Way: ByText, From: "+491701234567", Text: "fire, Leipzig, seen"}
		if a := f.says(d, out, m); !strings.Contains(a, "across, near") {
			t.Error(a)
		}
		m.Text = "fire, Leipzig, seen, Across the River, smoke"
		if a := f.says(d, out, m); !strings.Contains(a, "Thank you") || f.count("alert_case c join alert_network n on n.id = c.network_id where n.handle = 'across'") != 1 {
			t.Error(a)
		}
		m.Text = "road, Leipzig, seen"
		if a := f.says(d, out, m); !strings.Contains(a, "Thank you") {
			t.Error(a)
		}
	})
}

// TestMailedReport has the subject read with the text, and a picture; the answer has the code
// in its subject, and answering it adds to the report.
func TestMailedReport(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f *fixture) {
		f.network("bo")
		d, out := f.door()
		f.says(d, out, Letter{Way: ByMail, From: "ann@example.org", Subject: "Re: FWD: Fire in Leipzig", Text: "\n  I saw it,   \n\nby the market\n-- \nAnn, 0341 123 4567\n", Photo: []byte("a picture")})
		a := out.all[0]
		if !strings.HasPrefix(a.Subject, "Your report (add ") || !strings.HasPrefix(a.Link, "http://example.org/alerts/report/") || f.count("alert_photo") != 1 {
			t.Fatalf("%+v", a)
		}
		if _, err := f.Held(f.ctx(), strings.TrimPrefix(a.Link, "http://example.org/alerts/report/")); err != nil {
			t.Error(err)
		}
		said := f.says(d, out, Letter{Way: ByMail, From: "ann@example.org", Subject: "Re: " + a.Subject, Text: "It grows\n\nOn Sunday Convoke <report@example.org> wrote:\n> Thank you.\n"})
		v, err := f.Case(f.ctx(), as("bo"), "near", f.first().ID)
		must(t, err)
		if r := v.Reports[0]; r.Note != "it, by the market" || len(r.More) != 1 || r.More[0] != "It grows" {
			t.Errorf("%s: %+v", said, r)
		}
		f.says(d, out, Letter{Way: ByMail, From: "ann@example.org", Subject: "RE: " + a.Subject, Text: "It is out\n________________________________\nFrom: Convoke <report@example.org>\n"})
		if v, err = f.Case(f.ctx(), as("bo"), "near", f.first().ID); err != nil || len(v.Reports[0].More) != 2 || v.Reports[0].More[1] != "It is out" {
			t.Errorf("%+v, %v", v.Reports, err)
		}
		if s := f.says(d, out, Letter{Way: ByMail, From: "ann@example.org", Subject: "fire, Leipzig, heard", Photo: []byte("broken")}); !strings.Contains(s, "The picture could not be read") || !strings.Contains(s, "Thank you") {
			t.Error(s)
		}
	})
}

// TestAnswersAreForgotten: of who wrote, nothing can be read, neither while the answer waits nor
// after; and its key goes.
func TestAnswersAreForgotten(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f *fixture) {
		f.network("bo")
		d, out := f.door()
		out.err = errors.New("the gateway sleeps")
		must(t, d.Take(f.ctx(), Letter{Way: ByText, From: "+491701234567", Text: "fire, Leipzig, seen"}))
		args := func() (out []string) {
			must(t, f.DB.Read(f.ctx(), func(tx *db.Tx) (err error) {
				out, err = db.Column[string](f.ctx(), tx, "select args from job where kind = 'alerts.answer'")
				return err
			}))
			return out
		}
		code := d.code(f.ctx(), &Letter{Way: ByText, From: "+491701234567", Text: "fire, Leipzig, seen"})
		if all := args(); len(all) != 1 || strings.Contains(all[0], "1234567") || strings.Contains(all[0], "Leipzig") || strings.Contains(all[0], code) {
			t.Fatalf("%q", all)
		}
		scope := "alerts:answer:" + f.clock.Now().UTC().Format("2006010215")
		run := func() { _, _ = f.Jobs.RunPending(f.ctx()) } // which fails
		for range 3 {
			run()
			advance(f, time.Hour)
		}
		run()
		if _, err := f.vault.Existing(f.ctx(), scope); err == nil {
			t.Error("the key is there after three hours")
		}
		n := len(out.all)
		for range 30 {
			advance(f, time.Hour)
			run()
		}
		if len(out.all) != n || len(args()) != 0 {
			t.Errorf("it is sent after its time, or waits: %d, %q", len(out.all)-n, args())
		}
		if d.code(f.ctx(), &Letter{Way: ByText, From: "+491701234567", Text: "fire, Leipzig, seen"}) == code {
			t.Error("a code can be found again after its hour")
		}
	})
}

// slots lets so many through of each bucket.
type slots map[string]int

func (s slots) Allow(bucket, who string) (bool, time.Duration) {
	n, bounded := s[bucket]
	if !bounded {
		return true, 0
	}
	key := bucket + " " + who
	s[key]++
	return s[key] <= n, time.Minute
}

// TestDoorIsNotFlooded bounds what comes from one, what comes from all, and what is answered.
func TestDoorIsNotFlooded(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, f *fixture) {
		f.network("bo")
		d, out := f.door()
		d.Limiter = slots{"report-sender": 3, "report-door": 5, "report-answer": 2, "report-answers": 3}
		take := func(from string, i int) error {
			return d.Take(f.ctx(), Letter{Way: ByText, From: from, Text: fmt.Sprintf("fire, Leipzig, seen, smoke %d", i)})
		}
		for i := range 10 {
			must(t, take("+491701234567", i))
		}
		f.run()
		if n := f.count("alert_report"); n != 3 || len(out.all) != 2 {
			t.Errorf("%d reports and %d answers of one number", n, len(out.all))
		}
		must(t, take("+491701234568", 0))
		must(t, take("+491701234569", 0))
		f.run()
		if n := f.count("alert_report"); n != 5 || len(out.all) != 3 {
			t.Errorf("%d reports and %d answers of all", n, len(out.all))
		}
		if err := take("+491701234570", 0); !fault.Is(err, fault.KindRateLimited) || fault.Of(err).RetryAfter == 0 {
			t.Error(err)
		}
	})
}

// FuzzAddition finds codes, however they are typed, and never panics.
func FuzzAddition(f *testing.F) {
	f.Add("ADD kq4m7-d2x8p it grows", 0)
	f.Add("Re: Your report (add \u2068kq4m7-d2x8p\u2069)\nmore", 40)
	r, en := testReader(f)
	f.Fuzz(func(t *testing.T, text string, body int) {
		x, ok := r.addition(text, body, en)
		if ok && (len(x.code) != 2*halfCode || x.locale == nil || len(x.note) > len(text) || !id.ValidSecret(keyOf(x.code))) {
			t.Errorf("%q: %+v", text, x)
		}
		_ = written(text)
	})
}
