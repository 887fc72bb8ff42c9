package attendance

import (
	"strings"
	"time"

	"convoke/internal/i18n"
	"convoke/internal/notify"
)

// write makes the message of a to one reader.
func (m *Mailer) write(l *i18n.Locale, a tell, to reader, d NoticeData) notify.Message {
	out := notify.Message{To: to.address, Lang: l.Tag(), ID: to.messageID}
	var news, advice, link string
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
	case placed:
		out.Subject = l.T("Changed: {title}", "title", d.Title)
		news = l.T("The exact place of this event was set or changed. Please open your private link to see where it is: it is not for everybody, so this message does not say it.")
		advice = l.T("If you cannot come any more, please cancel with your private link, so that others get the place.")
	case cancelled:
		out.Subject = l.T("Cancelled: {title}", "title", d.Title)
		news = l.T("This event will not take place. You do not need to do anything.")
	case before, morning:
		out.Subject = l.T("Tomorrow: {title}", "title", d.Title)
		if a.What == morning {
			out.Subject = l.T("Today: {title}", "title", d.Title)
		}
		news = l.T("You signed up for this event. Are you still coming?")
		link = l.T("Still coming, or can’t come? Say it here: {url}", "url", m.BaseURL+"/events/"+string(a.Event)+"/coming/"+to.answer)
		advice = l.T("If you cannot come, please say so, so that others get the place.")
	case thanks:
		out.Subject = l.T("Thank you: {title}", "title", d.Title)
		news = l.T("Thank you for coming.")
		link = l.T("Tell the organizers how it was: {url}", "url", to.reminder.Feedback)
	case role:
		out.Subject = l.T("News of your role: {title}", "title", d.Title)
		news = l.T("You offered to take a role at this event, and there is news of it. Open your private page to read it.")
	case notice:
		out.Subject = l.T("From the organizers: {title}", "title", d.Title)
		news = to.notice
	case named:
		out.Subject = l.T("Who can see sign-ups: {title}", "title", d.Title)
		news = namedLines(l, to.named)
		advice = l.T("They see how many you are, what you chose and what you need, and your address if they ask for that one. If you do not want that, cancel with your private link: your sign-up is then deleted.")
	}
	out.Text = paragraphs(
		news,
		m.facts(l, a, d),
		slotLines(l, to.slots, d.Zone),
		link,
		l.T("The event’s page: {url}", "url", m.BaseURL+"/events/"+string(a.Event)),
		advice,
		l.T("You get this message because you signed up for this event and left your address. The address is deleted a week after the event."),
	)
	return out
}

// namedLines say who may see sign-ups, a line each.
func namedLines(l *i18n.Locale, all []Named) string {
	var lines []string
	for _, x := range all {
		lines = append(lines, l.T("@{handle} can see sign-ups of this event, since {day}.", "handle", x.Handle, "day", l.DateShort(x.Since)))
	}
	return strings.Join(lines, "\n")
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
