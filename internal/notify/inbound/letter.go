package inbound

import (
	"errors"
	"io"
	"mime"
	"net/mail"
	"net/textproto"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

var errAutomatic = errors.New("a program wrote this message")

// readLetter reads a letter. It returns errAutomatic for one that a program
// wrote (RFC 3834), and errMessage for what is none.
func readLetter(raw []byte) (Letter, error) {
	h, body, err := parse(raw)
	if err != nil {
		return Letter{}, err
	}
	if automatic(h) {
		return Letter{}, errAutomatic
	}
	l := Letter{Subject: subject(h)}
	if a, err := (&mail.AddressParser{WordDecoder: words()}).Parse(h.Get("From")); err == nil {
		l.From = a.Address
	}
	seen, page := false, "" // text in plain, and in HTML
	walk(h, body, func(p part) bool {
		attached, _, _ := mime.ParseMediaType(p.header.Get("Content-Disposition"))
		switch {
		case p.kind == "text/plain" && !seen && attached != "attachment":
			seen, l.Text = true, p.text(maxText)
		case p.kind == "text/html" && page == "" && attached != "attachment":
			page = p.text(maxPage)
		case slices.Contains([]string{"image/jpeg", "image/png", "image/webp", "image/gif"}, p.kind) && len(l.Images) < maxImages:
			if data := p.read(maxImage + 1); len(data) > 0 && len(data) <= maxImage {
				l.Images = append(l.Images, Image{p.kind, data})
			}
		}
		return true
	})
	if !seen {
		l.Text = textOf(page)
	}
	return l, nil
}

// automatic reports whether a program wrote a message by itself.
func automatic(h textproto.MIMEHeader) bool {
	auto, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(h.Get("Auto-Submitted"))), ";")
	switch strings.ToLower(strings.TrimSpace(h.Get("Precedence"))) {
	case "bulk", "junk", "list", "auto_reply":
		return true
	}
	for _, name := range []string{"List-Id", "List-Unsubscribe", "List-Post", "X-Autoreply", "X-Autorespond"} {
		if h.Get(name) != "" {
			return true
		}
	}
	return auto != "" && strings.TrimSpace(auto) != "no"
}

// robot reports whether an address that a message comes from is none, or that of a
// program, as RFC 3834 names them in section 2.
func robot(address string) bool {
	local, _, _ := strings.Cut(strings.ToLower(address), "@")
	for _, name := range []string{"", "mailer-daemon", "postmaster", "listserv", "majordomo", "noreply", "no-reply", "donotreply", "do-not-reply"} {
		if local == name {
			return true
		}
	}
	return strings.HasPrefix(local, "owner-") || strings.HasSuffix(local, "-request") || strings.Contains(local, "-bounce")
}

func subject(h textproto.MIMEHeader) string {
	s, err := words().DecodeHeader(h.Get("Subject"))
	if err != nil {
		s = h.Get("Subject")
	}
	s = strings.Join(strings.FieldsFunc(strings.ToValidUTF8(s, "\uFFFD"), func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }), " ")
	if utf8.RuneCountInString(s) > maxSubject {
		s = string([]rune(s)[:maxSubject])
	}
	return s
}

func words() *mime.WordDecoder {
	return &mime.WordDecoder{CharsetReader: func(name string, r io.Reader) (io.Reader, error) {
		if e := charset(name); e != nil {
			return e.NewDecoder().Reader(r), nil
		}
		return r, nil
	}}
}
