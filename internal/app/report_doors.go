package app

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"time"

	"convoke/internal/feature/alerts"
	"convoke/internal/media"
	"convoke/internal/notify"
	"convoke/internal/notify/failure"
	"convoke/internal/notify/inbound"
	"convoke/internal/notify/sms"
)

// replies answer those who report by text message or mail, where the operator lets them.
func (n *Node) replies(sender notify.Sender) (map[string]alerts.Reply, error) {
	out := map[string]alerts.Reply{}
	if n.Config.MailReport != "" && sender != nil {
		out[alerts.ByMail] = func(ctx context.Context, to string, a alerts.Answer) error {
			m := answerMail(n.locales.Match(a.Lang).T("Where your report stands"), to, a)
			m.ReplyTo = n.Config.MailReport // what is added to a report lands in nobody's mailbox
			return sender.Send(ctx, m)
		}
	}
	if n.Config.SMSNumber != "" {
		gateway, err := sms.New(n.Config.SMS())
		if err != nil {
			return nil, err
		}
		out[alerts.ByText] = func(ctx context.Context, to string, a alerts.Answer) error {
			if !sameCountry(n.Config.SMSNumber, to) {
				return nil // the report is taken all the same
			}
			err := gateway.Send(ctx, sms.Number(to), sms.Marked(strings.Join(a.Lines, " ")), n.Clock.Now())
			if err != nil && failure.KindOf(err) != failure.Later {
				err = final{err}
			}
			return err
		}
	}
	return out, nil
}

// final is an error for which a new try is of no use; the queue of jobs asks.
type final struct{ error }

// Permanent tells the queue.
func (final) Permanent() bool { return true }

// Unwrap gives the error itself.
func (f final) Unwrap() error { return f.error }

// sameCountry reports numbers of one country (ITU-T E.164), as far as two digits tell, and of
// the zones of 1 and 7 one: answers cost money, and somebody may send reports in the name of a
// number far away that earns by being written to.
// A number of ours that names no country says nothing.
func sameCountry(a, b string) bool {
	if !strings.HasPrefix(a, "+") && !strings.HasPrefix(a, "00") {
		return true
	}
	a, b = strings.TrimLeft(a, "+0"), strings.TrimLeft(b, "+0")
	most := 2
	if strings.HasPrefix(a, "1") || strings.HasPrefix(a, "7") {
		most = 1
	}
	return len(a) >= most && len(b) >= most && a[:most] == b[:most]
}

// answerMail is an answer as a mail, with a button of that name. Whoever gets it may not have
// written.
func answerMail(button, to string, a alerts.Answer) notify.Message {
	m := notify.Message{To: to, Lang: a.Lang, Subject: a.Subject, Class: notify.Asked}
	for _, line := range a.Lines {
		m.Body.Parts = append(m.Body.Parts, notify.Paragraph(line))
	}
	if a.Link != "" {
		m.Body.Parts = append(m.Body.Parts, notify.Button(button, a.Link))
	}
	return m
}

// reportDoors lets in what people write to the number and the address for reports.
func (n *Node) reportDoors(limits *limiter) {
	door := &alerts.Door{
		Service: n.Alerts, Limiter: limits, Language: func() string { return n.Site.Info().Language },
		Fresh: func(ctx context.Context, picture []byte) ([]byte, error) {
			ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
			defer cancel()
			pic, err := n.pictures.norm.Normalize(ctx, bytes.NewReader(picture), media.Limits{MaxBytes: n.pictures.maxBytes, MaxWidth: 1280})
			if err != nil {
				return nil, media.Fault("photo", err)
			}
			return pic.Data, nil
		},
	}
	n.alertsWeb.Number, n.alertsWeb.Address = n.Config.SMSNumber, n.Config.MailReport
	if n.Config.SMSNumber != "" {
		n.subscriptionsWeb.Wrote = func(ctx context.Context, from, text string) error {
			return door.Take(ctx, alerts.Letter{Way: alerts.ByText, From: from, Text: text})
		}
	}
	if box, _, ok := strings.Cut(strings.ToLower(n.Config.MailReport), "@"); ok {
		n.mailBoxes = map[string]mailBox{box: func(ctx context.Context, l inbound.Letter) error {
			m := alerts.Letter{Way: alerts.ByMail, From: l.ReturnPath, Subject: l.Subject, Text: l.Text}
			if len(l.Images) > 0 {
				m.Photo = l.Images[0].Data
			}
			return door.Take(ctx, m)
		}}
	}
}

// reportDoors says how people can report beside the page.
func (d *Doctor) reportDoors() {
	var ways []string
	if d.Config.SMSNumber != "" {
		ways = append(ways, fmt.Sprintf("by text message to %s, which the gateway hands on to %s/subscriptions/SECRET/answer", d.Config.SMSNumber, strings.TrimSuffix(d.Config.BaseURL, "/")))
	}
	if d.Config.MailReport != "" {
		ways = append(ways, fmt.Sprintf("by mail to %s, which the mail server hands over to %s", d.Config.MailReport, d.Config.MailListen))
	}
	if len(ways) == 0 {
		ways = []string{"on the page only: set sms_number or mail_report to open other ways"}
	}
	d.add("reports", OK, strings.Join(ways, "; "), "")
}
