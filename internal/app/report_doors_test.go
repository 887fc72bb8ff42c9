package app_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"convoke/internal/app"
	"convoke/internal/authz"
	"convoke/internal/config"
	"convoke/internal/db/dbtest"
	"convoke/internal/feature/alerts"
	"convoke/internal/notify/notifytest"
	"convoke/internal/notify/sms"
	"convoke/internal/web/webtest"
)

// doors is a node to which people write, with a network near Leipzig of which kim verifies.
type doors struct {
	*mailStand
	kim    *webtest.Browser
	phones chan string // what goes to telephones
	mail   net.Addr    // where the mail server hands over
}

func eachWithDoors(t *testing.T, f func(t *testing.T, d *doors)) {
	t.Helper()
	for name, url := range map[string]func(testing.TB) string{"sqlite": func(testing.TB) string { return "" }, "postgres": dbtest.Postgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg, sink, phones := settings(t, url(t)), notifytest.Sink(t), make(chan string, 100)
			gate := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { phones <- r.FormValue("to") + ": " + r.FormValue("text") }))
			t.Cleanup(gate.Close)
			cfg.SMTPURL, cfg.MailFrom, cfg.BaseURL = sink.URL(), "post@example.org", "http://example.org"
			cfg.SMSURL, cfg.SMSBody, cfg.SMSInboundSecret, cfg.SMSNumber = gate.URL, "to={to}&text={text}", "0123456789abcdef", "+49 341 99999"
			cfg.MailListen, cfg.MailReport = "127.0.0.1:0", "report@in.example.org"
			d := &doors{mailStand: &mailStand{start(t, cfg), sink}, phones: phones}
			d.begin()
			f(t, d)
		})
	}
}

func (d *doors) begin() {
	d.t.Helper()
	_, sam := d.signIn("sam")
	kim, k := d.signIn("kim")
	d.kim = kim
	d.group(sam, "riverside", "Riverside Neighbours")
	d.group(k, "hill", "Hill Gardeners")
	d.warns("near", "riverside", "hill", sam, k, sam, k)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	d.must(err)
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- d.TakeMail(ctx, l) }()
	d.mail = l.Addr()
	d.t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			d.t.Error(err)
		}
	})
}

func (d *doors) run() {
	d.t.Helper()
	_, err := d.Jobs.RunPending(d.t.Context())
	d.must(err)
}

// texts sends a text message, and returns the one that answers it, "" for none.
func (d *doors) texts(from, text string) string {
	d.t.Helper()
	d.visitor().Post("/subscriptions/0123456789abcdef/answer", "from", from, "text", text).Want(d.t, 200, "")
	if got := d.scan("1701234567", from); len(got) > 0 {
		d.t.Errorf("the number can be read in %v", got)
	}
	d.run()
	select {
	case a := <-d.phones:
		return a
	default:
		return ""
	}
}

// mails hands over a mail, and returns those that answer it and what the mail server is told.
func (d *doors) mails(from, raw string) (answers []notifytest.Mail, told string) {
	d.t.Helper()
	before := len(d.sink.Messages())
	conn, err := net.Dial("tcp", d.mail.String())
	d.must(err)
	defer conn.Close()
	fmt.Fprintf(conn, "LHLO x\r\nMAIL FROM:<%s>\r\nRCPT TO:<report@in.example.org>\r\nDATA\r\n%s\r\n.\r\nQUIT\r\n", from, strings.ReplaceAll(raw, "\n", "\r\n"))
	said, _ := io.ReadAll(conn) // the connection breaks where a mail is too large
	if got := d.scan("ann@example.com"); len(got) > 0 {
		d.t.Errorf("the address can be read in %v", got)
	}
	d.run()
	lines := strings.Split(strings.TrimSpace(string(said)), "\r\n")
	return d.sink.Messages()[before:], lines[max(len(lines)-2, 0)]
}

// queued is what the verifier reads of the only case.
func (d *doors) queued() string {
	d.t.Helper()
	page := d.kim.Get("/alerts/queue/near").Want(d.t, 200, "")
	if n := strings.Count(page.Body, "<article"); n != 1 {
		d.t.Fatalf("%d cases wait", n)
	}
	return d.kim.Get(page.Attr("article.card a", "href")).Want(d.t, 200, "").Text("main")
}

// TestReportByText: a text message is on the verifiers' queue, is answered with a code, and the
// code adds to it; STOP still is STOP, and the number is nowhere.
func TestReportByText(t *testing.T) {
	t.Parallel()
	eachWithDoors(t, func(t *testing.T, d *doors) {
		form := d.visitor().Get("/alerts/report").Want(t, 200, "").Text("#write")
		if !strings.Contains(form, "+49 341 99999") || !strings.Contains(form, "report@in.example.org") || !strings.Contains(form, "weather, fire, ") {
			t.Errorf("the page says %q", form)
		}
		const phone = "+491701234567"
		a := d.texts(phone, "FIRE Leipzig seen 10 min ago. Smoke from a roof")
		if !strings.HasPrefix(a, phone+": Thank you.") || !strings.Contains(a, "Fire and smoke, Leipzig, Germany") {
			t.Fatalf("%q", a)
		}
		if c := d.queued(); !strings.Contains(c, "Smoke from a roof") || !strings.Contains(c, "Seen") {
			t.Errorf("%s", c)
		}
		_, code, _ := strings.Cut(a, ": add ")
		if a := d.texts(phone, "Add "+strings.Fields(code)[0]+" It grows"); !strings.Contains(a, "verifiers read it with your report") || !strings.Contains(d.queued(), "It grows") {
			t.Errorf("%q", a)
		}
		if a := d.texts(phone, "fire, Leipzig"); !strings.Contains(a, `"seen" or "heard"`) {
			t.Errorf("%q", a)
		} else if _, unicode := sms.Parts(a); unicode {
			t.Errorf("this costs twice as much as it need: %q", a)
		}
		if a := d.texts(phone, "fire, Leipzig, seen, call 0341 123 4567"); !strings.Contains(a, "phone number") || strings.Contains(a, "4567,") {
			t.Errorf("%q", a)
		}
		for _, quiet := range []string{"STOP", "ALTO", "إيقاف", "START", "123456"} {
			if a := d.texts(phone, quiet); a != "" {
				t.Errorf("%q is answered: %q", quiet, a)
			}
		}
		if n := d.count("select count(*) from alert_report"); n != 1 {
			t.Errorf("%d reports", n)
		}
		for i := range 12 { // nobody gets many answers
			d.texts("+491701234560", fmt.Sprintf("hello %d", i))
		}
		if n := len(d.phones); n > 0 {
			t.Errorf("%d more answers", n)
		}
	})
}

// TestReportByMail: likewise by mail, with a picture.
func TestReportByMail(t *testing.T) {
	t.Parallel()
	eachWithDoors(t, func(t *testing.T, d *doors) {
		var pic bytes.Buffer
		enc := base64.NewEncoder(base64.StdEncoding, &pic)
		enc.Write(picture(t))
		enc.Close()
		const from = "ann@example.com"
		all, told := d.mails(from, "From: Ann <"+from+">\nSubject: =?utf-8?q?Fire_?=\n =?iso-8859-1?q?in_Leipzig?=\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/html; charset=utf-8\n\n<p>seen<p>By the market\n--b\n"+
			"Content-Type: image/png\nContent-Transfer-Encoding: base64\n\n"+pic.String()+"\n--b--\n")
		if len(all) != 1 || all[0].To[0] != from || !strings.Contains(all[0].Subject, "Your report (add ") || !strings.HasPrefix(told, "250") {
			t.Fatalf("%s: %+v", told, all)
		}
		_, link, _ := strings.Cut(all[0].Text, "http://example.org/alerts/report/")
		if c := d.queued(); !strings.Contains(c, "By the market") {
			t.Errorf("%s", c)
		}
		d.visitor().Get("/alerts/report/"+strings.Fields(link)[0]).Want(t, 200, "")
		if d.count("select count(*) from alert_photo") != 1 {
			t.Error("there is no picture")
		}
		if to := all[0].Header.Get("Reply-To"); to != "<report@in.example.org>" {
			t.Errorf("who answers as the mail says writes to %q", to)
		}
		again, _ := d.mails(from, "From: "+from+"\nSubject: Re: "+all[0].Subject+"\n\nIt grows\n\nOn Sunday, Convoke wrote:\n> Thank you\n")
		if len(again) != 1 || !strings.Contains(d.queued(), "It grows") || strings.Contains(again[0].Text, "It grows") {
			t.Errorf("%+v", again)
		}
		for what, x := range map[string][2]string{
			"a list":        {from, "From: " + from + "\nList-Id: <x.example.org>\nSubject: fire, Leipzig, seen\n\n"},
			"a program":     {from, "From: " + from + "\nAuto-Submitted: auto-generated\nSubject: fire, Leipzig, seen\n\n"},
			"a bounce":      {"", "From: mailer-daemon@example.org\nSubject: fire, Leipzig, seen\n\n"},
			"nobody writes": {"noreply@example.org", "From: " + from + "\nSubject: fire, Leipzig, seen\n\n"},
		} {
			if all, told := d.mails(x[0], x[1]); len(all) > 0 || !strings.HasPrefix(told, "250") {
				t.Errorf("%s: %s, %d answers", what, told, len(all))
			}
		}
		if n := d.count("select count(*) from alert_report"); n != 1 {
			t.Errorf("%d reports", n)
		}
	})
}

// TestHostileMail: no header, part or charset of a mail gets into an answer, and nothing large
// or deep gets in.
func TestHostileMail(t *testing.T) {
	t.Parallel()
	eachWithDoors(t, func(t *testing.T, d *doors) {
		deep := "From: x@example.com\n"
		for i := range 100 {
			deep += fmt.Sprintf("Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n", i, i)
		}
		for what, raw := range map[string]string{
			"header in the subject": "From: x@example.com\nSubject: =?utf-8?q?hello=0D=0ABcc:_all@example.com=0D=0A=0D=0Abuy?=\n\nthis\n",
			"header in the sender":  "From: =?utf-8?q?x=0D=0ABcc:_all@example.com?= <x@example.com>\nSubject: hello\n\nbuy this\n",
			"boxes in boxes":        deep + "\nbuy this\n",
			"a charset of none":     "From: x@example.com\nSubject: =?x-none?b?YnV5?=\nContent-Type: text/plain; charset=x-none\n\nbuy \xff\xfe this\n",
			"half of a charset":     "From: x@example.com\nSubject: hello\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\n/////w==\n",
			"a wrong picture":       "From: x@example.com\nSubject: buy this\nContent-Type: image/png\nContent-Transfer-Encoding: base64\n\naGVsbG8=\n",
		} {
			all, told := d.mails(fmt.Sprintf("x%d@example.com", len(d.sink.Messages())), raw)
			if len(all) != 1 || !strings.HasPrefix(told, "250") {
				t.Errorf("%s: %s, %d answers", what, told, len(all))
				continue
			}
			if all[0].Header.Get("Bcc") != "" || all[0].Header.Get("Auto-Submitted") == "" || len(all[0].To) != 1 || strings.Contains(all[0].Subject+all[0].Text, "buy") {
				t.Errorf("%s: %+v", what, all[0])
			}
		}
		if all, told := d.mails("x@example.com", "Subject: large\n\n"+strings.Repeat("fire, Leipzig, seen\n", 9<<20/20)); len(all) > 0 || strings.HasPrefix(told, "250 2.0.0") {
			t.Errorf("a large one: %s, %d answers", told, len(all))
		}
		answers := 0
		for i := range 12 {
			all, _ := d.mails(fmt.Sprintf("often+%d@example.com", i), fmt.Sprintf("Subject: hello %d\n\n", i))
			answers += len(all)
		}
		if n := d.count("select count(*) from alert_report"); n != 0 || answers != 6 {
			t.Errorf("%d reports, %d answers to one address", n, answers)
		}
	})
}

// TestCalledByText: a verifier who subscribes by text message can be called so.
func TestCalledByText(t *testing.T) {
	t.Parallel()
	eachWithDoors(t, func(t *testing.T, d *doors) {
		const phone, page = "+491701234567", "/alerts/networks/near/people"
		form := []string{"channel", "sms", "near", "Leipzig, Germany", "size", "near", "contact", phone, "lang", "en"}
		at := d.kim.Post("/alerts/subscribe", form...).Location
		d.run()
		d.kim.Post(at, "code", (<-d.phones)[len(phone)+2:][:6]).Want(t, 200, "")
		d.clock.Add(time.Hour)
		d.kim.Post("/alerts/subscribe", form...)
		d.run()
		_, link, _ := strings.Cut(<-d.phones, "leave: ")
		d.kim.Post(page, "do", "call", "link", link).Want(t, 303, page)
		if got := d.scan(link[strings.LastIndex(link, "/")+1:]); len(got) > 0 {
			t.Errorf("the link can be read in %v", got)
		}
		d.must(d.Alerts.Report(t.Context(), authz.Actor{}, d.IDs.Secret(), alerts.ReportInput{Category: "fire", Place: "Leipzig", Ago: "0", FirstHand: "seen"}))
		before := len(d.sink.Messages())
		d.clock.Add(time.Minute)
		d.run()
		if n := len(d.phones); n != 1 {
			t.Fatalf("%d text messages, %d mails", n, len(d.sink.Messages())-before)
		}
		if a := <-d.phones; !strings.HasPrefix(a, phone+": 1 report waits for verifiers of Near the river. http://example.org/alerts/queue/near") {
			t.Errorf("%q", a)
		}
		d.texts(phone, "STOP")
		if a := d.kim.Get(page).Want(t, 200, ""); !strings.Contains(a.Text("main"), "By mail.") {
			t.Errorf("after STOP: %s", a.Text("main"))
		}
	})
}

// TestDoctorNamesTheDoors says how people can report.
func TestDoctorNamesTheDoors(t *testing.T) {
	t.Parallel()
	for word, set := range map[string]func(*config.Config){
		"on the page only":                   func(*config.Config) {},
		"report@example.org, which the mail": func(c *config.Config) { c.MailReport = "report@example.org" },
		"+49 341 99999, which the gateway":   func(c *config.Config) { c.SMSNumber = "+49 341 99999" },
	} {
		cfg := settings(t, "")
		set(&cfg)
		d := app.Doctor{Config: cfg, Log: webtest.Log(t), Clock: wallClock{}}
		if found := fmt.Sprint(d.Run(t.Context())); !strings.Contains(found, word) {
			t.Errorf("%q is missing: %s", word, found)
		}
	}
}
