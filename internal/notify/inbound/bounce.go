package inbound

import (
	"net/mail"
	"net/textproto"
	"regexp"
	"strings"
)

// bounce is what a message that came back says. The zero value says nothing.
type bounce struct {
	failed    bool   // given up; not only late
	permanent bool   // the address will not take the next one either
	status    string // enhanced (RFC 3463), or empty
}

var (
	// codes finds an enhanced status, and no IP address.
	codes = regexp.MustCompile(`(?:^|[^0-9.])([45]\.[0-9]{1,3}\.[0-9]{1,3})(?:$|[^0-9.]|\.(?:$|[^0-9]))`)
	// replies finds the codes of RFC 5321 with which mailboxes are refused.
	replies = regexp.MustCompile(`(?:^|[^0-9.-])(55[0-4])[ -]`)
)

// forGood finds what qmail, Exim and Gmail write where they name no code.
var forGood = regexp.MustCompile(`(?i)permanent (?:error|failure)|failed permanently`)

const maxReport = 64 << 10 // bytes that are looked at

// readBounce reads what came to an address that messages come back to: a
// delivery status notification (RFC 3464), or what older servers write. from is
// the envelope's sender. Answers of people who are away (RFC 3834), and letters
// of people, say nothing.
func readBounce(from string, raw []byte) bounce {
	h, body, err := parse(raw)
	if err != nil {
		if from == "" {
			return plainBounce(string(raw[:min(len(raw), maxReport)]))
		}
		return bounce{}
	}
	var found, report bool
	var b bounce
	text := strings.Builder{}
	walk(h, body, func(p part) bool {
		switch p.kind {
		case "message/delivery-status", "message/global-delivery-status":
			var told bool
			b, told = statusOf(p.text(maxReport))
			report, found = report || told, b.failed
		case "message/feedback-report": // a complaint (RFC 5965): it was delivered
			report = true
		case "text/plain":
			text.WriteString(p.text(maxReport) + "\n")
		case "message/rfc822", "text/rfc822-headers", "message/global", "message/global-headers", "message/partial":
			return !report // it is ours, and says nothing new
		}
		return !found && text.Len() < maxReport
	})
	switch {
	case report:
		return b
	case from != "" && !byMailer(h):
		return bounce{} // somebody wrote to this address
	case automatic(h) && !byMailer(h):
		return bounce{}
	}
	return plainBounce(h.Get("Subject") + "\n" + original.Split(text.String(), 2)[0])
}

// original begins the copy of our own message in what older servers write: what
// it says is no reason.
var original = regexp.MustCompile(`(?mi)^-+ *(?:this is a copy|below this line|the body of the message|original message|returned message|unsent message).*$`)

// byMailer reports whether a mail server says that it wrote a message.
func byMailer(h textproto.MIMEHeader) bool {
	if h.Get("X-Failed-Recipients") != "" {
		return true
	}
	a, err := mail.ParseAddress(h.Get("From"))
	if err != nil {
		return strings.Contains(strings.ToLower(h.Get("From")), "mailer-daemon")
	}
	local, _, _ := strings.Cut(strings.ToLower(a.Address), "@")
	return local == "mailer-daemon" || local == "postmaster" || local == "mailerdaemon"
}

// plainBounce finds the reason in words.
func plainBounce(text string) bounce {
	b := bounce{failed: true}
	if m := codes.FindStringSubmatch(text); m != nil {
		b.status = m[1]
		b.permanent = m[1][0] == '5'
		return b
	}
	b.permanent = replies.MatchString(text) || forGood.MatchString(text)
	return b
}

// statusOf reads the groups of fields of RFC 3464, section 2. A message of ours
// has one recipient; of several groups the first that failed counts. told is false
// when none says what became of a recipient.
func statusOf(text string) (b bounce, told bool) {
	for group := range strings.SplitSeq(strings.ReplaceAll(text, "\r", ""), "\n\n") {
		f := fields(group)
		action, _, _ := strings.Cut(strings.ToLower(f["action"]), " ")
		told = told || action != ""
		b := bounce{failed: true, status: firstCode(f["status"])}
		if action != "failed" && action != "expired" && (action != "" || !strings.HasPrefix(b.status, "5")) {
			continue
		}
		// "5.0.0" says that there is a reason; the server that refused may name it.
		if d := firstCode(f["diagnostic-code"]); d != "" && (b.status == "" || b.status[1:] == ".0.0" && d[0] == b.status[0]) {
			b.status = d
		}
		b.permanent = strings.HasPrefix(b.status, "5") || b.status == "" && replies.MatchString(f["diagnostic-code"])
		return b, true
	}
	return bounce{}, told
}

func firstCode(s string) string {
	if m := codes.FindStringSubmatch(s); m != nil {
		return m[1]
	}
	return ""
}

// fields reads lines of "Name: value"; those that begin with a blank go on.
func fields(group string) map[string]string {
	out := map[string]string{}
	last := ""
	for line := range strings.SplitSeq(group, "\n") {
		if line == "" {
			continue
		}
		if line[0] == ' ' || line[0] == '\t' {
			if last != "" {
				out[last] += " " + strings.TrimSpace(line)
			}
			continue
		}
		name, value, ok := strings.Cut(line, ":")
		if !ok {
			continue
		}
		last = strings.ToLower(strings.TrimSpace(name))
		if _, twice := out[last]; twice {
			last = ""
			continue
		}
		out[last] = strings.TrimSpace(value)
	}
	return out
}
