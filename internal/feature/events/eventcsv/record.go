package eventcsv

import (
	"bufio"
	"errors"
	"fmt"
	"io"
)

const (
	maxRecord = 1 << 20 // bytes of one record
	maxLines  = 100     // lines of one record; bounds the work of going back
)

// line is one physical line without its ending.
type line struct {
	n    int // 1 is the first line of the file
	text []byte
	over bool // longer than maxRecord; text is not kept
}

// record is one row of cells.
type record struct {
	line   int
	cells  []string
	broken bool // the line could not be split; cells is nil
}

// blank says that no cell has anything in it.
func (r record) blank() bool {
	if r.broken {
		return false
	}
	for _, c := range r.cells {
		if !isBlank(c) {
			return false
		}
	}
	return true
}

func isBlank(s string) bool {
	for i := range len(s) {
		if s[i] != ' ' && s[i] != '\t' {
			return false
		}
	}
	return true
}

// scanner splits text into records as RFC 4180 says, and forgives: any of the
// three line endings, quotation marks inside a cell, and a quotation mark that
// is opened and never closed. The last one would swallow the rest of the file,
// so the scanner keeps the lines of the record and, when they make no sense
// together, gives up the first line alone and goes on with the second.
type scanner struct {
	in     *bufio.Reader
	delim  byte
	want   int    // cells of the header; 0 while it is being read
	line   int    // lines read from in
	queued []line // lines given back, in order
	err    error  // what in ended with
}

// next returns io.EOF after the last record.
func (s *scanner) next() (record, error) {
	first, err := s.takeLine()
	if err != nil {
		return record{}, err
	}
	if first.over {
		return record{line: first.n, broken: true}, nil
	}
	p := splitter{delim: s.delim}
	p.feed(first.text)
	used, size := []line{first}, len(first.text)
	for p.quoted {
		l, err := s.takeLine()
		if err != nil && !errors.Is(err, io.EOF) {
			return record{}, err
		}
		if err == nil {
			used = append(used, l)
			size += len(l.text) + 1
		}
		if err != nil || l.over || size > maxRecord || len(used) > maxLines || p.loose {
			return s.giveUp(used), nil
		}
		p.newline()
		p.feed(l.text)
	}
	cells := p.finish()
	// A quotation mark inside a cell and a cell over several lines are both
	// fine, but together they mean that two rows have been glued.
	if len(used) > 1 && (p.loose || s.want > 0 && !fits(cells, s.want)) {
		return s.giveUp(used), nil
	}
	return record{line: first.n, cells: cells}, nil
}

// giveUp marks the first of the lines as broken and gives the others back.
func (s *scanner) giveUp(used []line) record {
	rest := make([]line, 0, len(used)-1+len(s.queued))
	s.queued = append(append(rest, used[1:]...), s.queued...)
	return record{line: used[0].n, broken: true}
}

// fits says whether the cells belong to want columns: as many, or more of
// which the last ones are empty.
func fits(cells []string, want int) bool {
	if len(cells) < want {
		return false
	}
	for _, c := range cells[want:] {
		if !isBlank(c) {
			return false
		}
	}
	return true
}

func (s *scanner) takeLine() (line, error) {
	if len(s.queued) > 0 {
		l := s.queued[0]
		s.queued = s.queued[1:]
		return l, nil
	}
	return s.readLine()
}

// readLine reads up to a line feed, a carriage return or both.
func (s *scanner) readLine() (line, error) {
	if s.err != nil {
		return line{}, s.err
	}
	l := line{n: s.line + 1}
	for started := false; ; started = true {
		b, err := s.in.ReadByte()
		if err != nil {
			s.err = err
			if !errors.Is(err, io.EOF) {
				s.err = fmt.Errorf("read line %d: %w", l.n, err)
				return line{}, s.err
			}
			if !started {
				return line{}, io.EOF
			}
			break
		}
		if b == '\n' {
			break
		}
		if b == '\r' {
			if next, err := s.in.Peek(1); err == nil && next[0] == '\n' {
				_, _ = s.in.Discard(1) // cannot fail: the byte has been peeked
			}
			break
		}
		if len(l.text) >= maxRecord {
			l.over, l.text = true, nil
		}
		if !l.over {
			l.text = append(l.text, b)
		}
	}
	s.line++
	return l, nil
}

// splitter divides the text of one record into cells.
type splitter struct {
	delim  byte
	cells  []string
	cell   []byte
	quoted bool // inside a quoted cell
	opened bool // the cell began with a quotation mark
	loose  bool // a quoted cell has a quotation mark that is not doubled
}

// feed takes one line.
func (p *splitter) feed(text []byte) {
	for i := 0; i < len(text); i++ {
		b := text[i]
		switch {
		case p.quoted && b == '"':
			switch {
			case i+1 < len(text) && text[i+1] == '"':
				p.cell = append(p.cell, '"')
				i++
			case i+1 == len(text) || text[i+1] == p.delim:
				p.quoted = false
			default:
				p.loose = true
				p.cell = append(p.cell, '"')
			}
		case p.quoted:
			p.cell = append(p.cell, b)
		case b == p.delim:
			p.endCell()
		case b == '"' && !p.opened && len(p.cell) == 0:
			p.quoted, p.opened = true, true
		default:
			p.cell = append(p.cell, b)
		}
	}
}

// newline puts the line break of a quoted cell into it.
func (p *splitter) newline() { p.cell = append(p.cell, '\n') }

func (p *splitter) endCell() {
	p.cells = append(p.cells, string(p.cell))
	p.cell, p.opened = p.cell[:0], false
}

func (p *splitter) finish() []string {
	p.endCell()
	return p.cells
}
