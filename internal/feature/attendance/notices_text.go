package attendance

import (
	"strings"

	"convoke/internal/i18n"
	"convoke/internal/notify"
)

// write makes the message of a to one reader.
func (m *Mailer) write(l *i18n.Locale, a tell, to reader, d NoticeData) notify.Message {
	out := notify.Message{To: to.address, Lang: l.Tag(), ID: to.messageID}
	var news, advice string
	switch a.What {
	case promoted:
		out.Subject = l.T("You have a place: {title}", "title", d.Title)
		news = l.N("You were on the waiting list. Now there is a place for you, and you are signed up.",
			"You were on the waiting list. Now there is room for all {n} of you, and you are signed up.", to.party)
		advice = l.T("If you cannot come, please cancel with your private link, so that others get the place.")
	case moved:
		out.Subject = l.T("Changed: {title}", "title", d.Title)
		news = l.T("The time or the place of this event has changed. Your sign-up is kept.")
		advice = l.T("If you cannot come any more, please cancel with your private link, so that others get the place.")
	case cancelled:
		out.Subject = l.T("Cancelled: {title}", "title", d.Title)
		news = l.T("This event will not take place. You do not need to do anything.")
	}
	out.Text = paragraphs(
		news,
		m.facts(l, a, d),
		l.T("The event’s page: {url}", "url", m.BaseURL+"/events/"+string(a.Event)),
		advice,
		l.T("You get this message because you signed up for this event and left your address. The address is deleted a week after the event."),
	)
	return out
}

// facts are title, time and place, a line each.
func (m *Mailer) facts(l *i18n.Locale, a tell, d NoticeData) string {
	lines := []string{d.Title}
	add := func(now, was, nowText, wasText string) {
		if now != "" {
			lines = append(lines, nowText)
		}
		if was != "" && a.What == moved {
			lines = append(lines, wasText)
		}
	}
	add(d.When, d.WasWhen, l.T("When: {when}", "when", d.When), l.T("Before: {was}", "was", d.WasWhen))
	add(d.Where, d.WasWhere, l.T("Where: {where}", "where", d.Where), l.T("Before: {was}", "was", d.WasWhere))
	return strings.Join(lines, "\n")
}

// paragraphs joins those that are not empty.
func paragraphs(ps ...string) string {
	var out []string
	for _, p := range ps {
		if p != "" {
			out = append(out, p)
		}
	}
	return strings.Join(out, "\n\n")
}
