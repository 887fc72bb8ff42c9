package ical

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
)

// lines gives the unfolded lines of a file (RFC 5545, 3.1). It takes CRLF, LF
// and CR-CR-LF endings, joins folds before it looks at characters (some
// writers fold inside a UTF-8 sequence), and never holds more than maxLine.
type lines struct {
	r      *bufio.Reader
	buf    []byte
	number int // of the physical line last read
	next   []byte
	ahead  logical // what is known of next; ahead.at is 0 when next is used up
	err    error
}

// logical is one unfolded line.
type logical struct {
	text  string
	at    int  // number of its first physical line
	long  bool // it was cut at maxLine
	recod bool // it was not UTF-8
	last  bool // the input ended without a line end inside it
}

func newLines(r io.Reader) *lines {
	br := bufio.NewReaderSize(r, 8<<10)
	if head, _ := br.Peek(2); len(head) == 2 &&
		(head[0] == 0xFE && head[1] == 0xFF || head[0] == 0xFF && head[1] == 0xFE) {
		dec := unicode.UTF16(unicode.LittleEndian, unicode.ExpectBOM).NewDecoder()
		br = bufio.NewReaderSize(dec.Reader(br), 8<<10)
	} else if head, _ := br.Peek(3); bytes.Equal(head, []byte("\xEF\xBB\xBF")) {
		_, _ = br.Discard(3) // three bytes are buffered
	}
	return &lines{r: br}
}

// physical reads one line without its end into dst, keeping at most room
// bytes. ended is false when the input stopped before a line end.
func (l *lines) physical(dst []byte, room int) (line []byte, cut, ended bool, err error) {
	l.number++
	start := len(dst)
	for {
		part, err := l.r.ReadSlice('\n')
		if keep := room - (len(dst) - start); len(part) > keep {
			dst, cut = append(dst, part[:keep]...), true
		} else {
			dst = append(dst, part...)
		}
		switch {
		case err == nil:
			return bytes.TrimRight(dst, "\r\n"), cut, true, nil
		case errors.Is(err, bufio.ErrBufferFull):
		default:
			return bytes.TrimRight(dst, "\r\n"), cut, false, err
		}
	}
}

// read gives the next logical line that is not blank, or an error: io.EOF at
// the end, anything else from the reader.
func (l *lines) read() (logical, error) {
	var out logical
	l.buf = l.buf[:0]
	if l.ahead.at > 0 { // the first physical line was read with the previous one
		l.buf, out, l.ahead = append(l.buf, l.next...), l.ahead, logical{}
	}
	for l.err == nil {
		part, cut, ended, err := l.physical(l.next[:0], maxLine)
		l.next, l.err = part, err
		if len(bytes.TrimSpace(part)) == 0 {
			continue // blank lines occur even between a line and its fold
		}
		folded := part[0] == ' ' || part[0] == '\t'
		if folded && out.at > 0 {
			part = part[1:]
		} else if out.at > 0 {
			l.ahead = logical{at: l.number, long: cut, last: !ended}
			return l.finish(out), nil
		} else {
			out.at = l.number
			part = bytes.TrimLeft(part, " \t")
		}
		if room := maxLine - len(l.buf); len(part) > room {
			part, cut = part[:room], true
		}
		l.buf = append(l.buf, part...)
		out.long = out.long || cut
		out.last = !ended
	}
	if out.at > 0 {
		return l.finish(out), nil
	}
	if !errors.Is(l.err, io.EOF) {
		return out, fmt.Errorf("ical: read line %d: %w", l.number, l.err)
	}
	return out, io.EOF
}

func (l *lines) finish(out logical) logical {
	if utf8.Valid(l.buf) {
		out.text = string(l.buf)
		return out
	}
	// A line cut at its limit may end inside a character; that is not a
	// question of encoding.
	out.recod = !out.long
	out.text = fromWindows1252(l.buf)
	return out
}

// fromWindows1252 keeps what is UTF-8 and reads every other byte as
// Windows-1252, which is what programs that know no Unicode write.
func fromWindows1252(b []byte) string {
	var sb strings.Builder
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		if r == utf8.RuneError && n == 1 {
			r = charmap.Windows1252.DecodeByte(b[0])
		}
		sb.WriteRune(r)
		b = b[n:]
	}
	return sb.String()
}
