package attendance

import (
	"slices"
	"strings"
	"time"

	"convoke/internal/i18n"
	"convoke/internal/notify"
)

// words are what a message says besides the facts.
type words struct {
	subject, news, advice string
	answer                notify.Part // zero for none
}

// write makes the message of a to one reader.
func (m *Mailer) write(l *i18n.Locale, a tell, to reader, d NoticeData) notify.Message {
	page := m.BaseURL + "/events/" + string(a.Event)
	out := notify.Message{To: to.address, Lang: l.Tag(), ID: to.messageID, Unsubscribe: page + "/coming/" + to.answer}
	if slices.Contains([]what{moved, placed, cancelled, promoted, named}, a.What) {
		out.Class = notify.Soon
	}
	w := m.words(l, a, to, d)
	out.Subject = w.subject
	out.Body.Parts = []notify.Part{
		notify.Paragraph(w.news),
		notify.Heading(d.Title),
		facts(l, a, d),
		notify.Paragraph(slotLines(l, to.slots, d.Zone)),
		w.answer,
		notify.Link(l.T("The event’s page:"), page),
		notify.Paragraph(w.advice),
	}
	out.Body.Footer = []notify.Part{
		notify.Paragraph(l.T("You get this message because you signed up for this event and left your address. The address is deleted a week after the event.")),
		notify.Link(l.T("To get no more of them, and keep your place:"), out.Unsubscribe),
	}
	return out
}

func (m *Mailer) words(l *i18n.Locale, a tell, to reader, d NoticeData) (w words) {
	switch a.What {
	case promoted:
		w.subject = l.T("You have a place: {title}", "title", d.Title)
		w.news = l.N("You were on the waiting list. Now there is a place for you, and you are signed up.",
			"You were on the waiting list. Now there is room for all {n} of you, and you are signed up.", to.party)
		w.advice = l.T("If you cannot come, please cancel with your private link, so that others get the place.")
	case moved:
		w.subject = l.T("Changed: {title}", "title", d.Title)
		w.news = l.T("The time or the place of this event has changed. Your sign-up is kept.")
		w.advice = l.T("If you cannot come any more, please cancel with your private link, so that others get the place.")
	case placed:
		w.subject = l.T("Changed: {title}", "title", d.Title)
		w.news = l.T("The exact place of this event was set or changed. Please open your private link to see where it is: it is not for everybody, so this message does not say it.")
		w.advice = l.T("If you cannot come any more, please cancel with your private link, so that others get the place.")
	case cancelled:
		w.subject = l.T("Cancelled: {title}", "title", d.Title)
		w.news = l.T("This event will not take place. You do not need to do anything.")
	case before, morning:
		w.subject = l.T("Tomorrow: {title}", "title", d.Title)
		if a.What == morning {
			w.subject = l.T("Today: {title}", "title", d.Title)
		}
		w.news = l.T("You signed up for this event. Are you still coming?")
		w.answer = notify.Button(l.T("Still coming, or can’t come? Say it here:"), m.BaseURL+"/events/"+string(a.Event)+"/coming/"+to.answer)
		w.advice = l.T("If you cannot come, please say so, so that others get the place.")
	case thanks:
		w.subject = l.T("Thank you: {title}", "title", d.Title)
		w.news = l.T("Thank you for coming.")
		w.answer = notify.Button(l.T("Tell the organizers how it was:"), to.reminder.Feedback)
		if !notify.CanLink(to.reminder.Feedback) { // it was stored when more was taken
			w.answer = notify.Paragraph(l.T("Tell the organizers how it was:") + "\n" + to.reminder.Feedback)
		}
	case role:
		w.subject = l.T("News of your role: {title}", "title", d.Title)
		w.news = l.T("You offered to take a role at this event, and there is news of it. Open your private page to read it.")
	case notice:
		w.subject = l.T("From the organizers: {title}", "title", d.Title)
		w.news = to.notice
	case named:
		w.subject = l.T("Who can see sign-ups: {title}", "title", d.Title)
		w.news = namedLines(l, to.named)
		w.advice = l.T("They see how many you are, what you chose and what you need, and your address if they ask for that one. If you do not want that, cancel with your private link: your sign-up is then deleted.")
	}
	return w
}

// namedLines say who may see sign-ups, a line each.
func namedLines(l *i18n.Locale, all []Named) string {
	var lines []string
	for _, x := range all {
		lines = append(lines, l.T("@{handle} can see sign-ups of this event, since {day}.", "handle", x.Handle, "day", l.DateShort(x.Since)))
	}
	return strings.Join(lines, "\n")
}

// facts are time and place, and what they were before a change.
func facts(l *i18n.Locale, a tell, d NoticeData) notify.Part {
	if a.What != moved {
		d.WasWhen, d.WasWhere = "", ""
	}
	return notify.Facts(
		notify.Fact{Label: l.T("When"), Value: d.When}, notify.Fact{Label: l.T("Before"), Value: d.WasWhen},
		notify.Fact{Label: l.T("Where"), Value: d.Where}, notify.Fact{Label: l.T("Before"), Value: d.WasWhere},
	)
}

// slotLines are the times that somebody chose, a line each.
func slotLines(l *i18n.Locale, chosen []Chosen, zone *time.Location) string {
	if zone == nil {
		zone = time.UTC
	}
	var lines []string
	for _, c := range chosen {
		title := c.Title + ": " + span(l, c.Start.In(zone), c.End.In(zone))
		if c.State == Going {
			lines = append(lines, l.T("You have a place in {time}", "time", title))
		} else {
			lines = append(lines, l.T("You wait for {time}", "time", title))
		}
	}
	return strings.Join(lines, "\n")
}

// span is a slot's time in one line, in the zone of from and to.
func span(l *i18n.Locale, from, to time.Time) string {
	if from.Format(time.DateOnly) == to.Add(-time.Nanosecond).Format(time.DateOnly) { // midnight ends a day
		return l.DateShort(from) + ", " + l.Time(from) + "–" + l.Time(to)
	}
	return l.DateShort(from) + ", " + l.Time(from) + " – " + l.DateShort(to) + ", " + l.Time(to)
}
