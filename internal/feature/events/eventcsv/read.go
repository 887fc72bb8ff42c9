package eventcsv

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Read reads an event table from r and calls yield for every row that can be
// used, in the order of the file, and problem for every row that is left out
// or changed, before its yield. problem may be nil.
//
// Read stops at the first error of yield and returns it wrapped, with the
// counts so far. It returns [ErrEmpty], [ErrOffice] or a [HeaderError] for a
// file that is not an event table, and what r returned when it failed.
func Read(r io.Reader, yield func(Row) error, problem func(Problem)) (Summary, error) {
	if problem == nil {
		problem = func(Problem) {}
	}
	in, err := open(r)
	if err != nil {
		return Summary{}, err
	}
	t := &table{
		scan: &scanner{in: in}, vocab: newVocabulary(), seen: newSeen(maxSeen),
		yield: yield, problem: problem,
	}
	if err := t.readHeader(); err != nil {
		return t.sum, err
	}
	return t.sum, t.readRows()
}

// table is the state of one reading.
type table struct {
	scan    *scanner
	head    header
	vocab   *vocabulary
	seen    *seen
	sum     Summary
	yield   func(Row) error
	problem func(Problem)
	warned  bool // CodeMany has been reported
}

func (t *table) readHeader() error {
	first, err := t.firstLine()
	if err != nil {
		return err
	}
	t.scan.delim = detectDelimiter(first.text)
	t.scan.queued = append([]line{first}, t.scan.queued...)
	rec, err := t.scan.next()
	if err != nil {
		return fmt.Errorf("read the header: %w", err)
	}
	t.head = bindBest(rec.cells)
	t.sum.Layout = t.head.layout.name
	if err := t.head.missing(); err != nil {
		return err
	}
	t.scan.want = t.head.columns
	if len(t.head.unknown) > 0 {
		p := newProblem(CodeColumns, "value", cutAt(strings.Join(t.head.unknown, ", "), 500))
		p.Line = rec.line
		t.problem(p)
	}
	return nil
}

// firstLine skips blank lines and the "sep=;" that spreadsheets put first.
func (t *table) firstLine() (line, error) {
	for {
		l, err := t.scan.takeLine()
		if errors.Is(err, io.EOF) {
			return line{}, ErrEmpty
		}
		if err != nil {
			return line{}, err
		}
		text := bytes.TrimSpace(l.text)
		if l.over || len(text) > 0 && !(len(text) <= 6 && bytes.HasPrefix(bytes.ToLower(text), []byte("sep="))) {
			return l, nil
		}
	}
}

func (t *table) readRows() error {
	for {
		rec, err := t.scan.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if rec.blank() {
			continue
		}
		t.sum.Rows++
		if err := t.readRow(rec); err != nil {
			return err
		}
	}
}

func (t *table) readRow(rec record) error {
	if rec.broken {
		t.leave(newProblem(CodeQuotes), rec.line, "")
		return nil
	}
	if !fits(rec.cells, t.head.columns) {
		t.leave(newProblem(CodeCells, "got", len(rec.cells), "want", t.head.columns), rec.line, "")
		return nil
	}
	b := &builder{h: &t.head, vocab: t.vocab, cells: rec.cells}
	b.row.Line = rec.line
	if p := b.build(); p != nil {
		t.leave(*p, rec.line, b.row.UID)
		return nil
	}
	if t.seen.repeated(t.contentHash(rec, b.row.UID)) {
		t.leave(newProblem(CodeRepeat), rec.line, b.row.UID)
		return nil
	}
	t.warnWhenFull(rec.line)
	if uid := t.seen.unique(b.row.UID); uid != b.row.UID {
		if t.head.at[fieldID] >= 0 {
			b.note(CodeID, "value", uid)
		}
		b.row.UID = uid
	}
	return t.take(b)
}

// contentHash stands for the whole row: every cell, also those that are not
// read, but of the id only what comes before "-2".
func (t *table) contentHash(rec record, uid string) uint64 {
	parts := make([]string, 0, t.head.columns+1)
	parts = append(parts, baseID(uid))
	for i, c := range rec.cells[:t.head.columns] {
		if i != t.head.at[fieldID] {
			parts = append(parts, strings.TrimSpace(c))
		}
	}
	return hash64(parts...)
}

func (t *table) warnWhenFull(n int) {
	if t.warned || !t.seen.full() {
		return
	}
	t.warned = true
	p := newProblem(CodeMany, "value", t.seen.max)
	p.Line = n
	t.problem(p)
}

func (t *table) leave(p Problem, n int, uid string) {
	p.Line, p.UID, p.Left = n, uid, true
	t.sum.Left++
	t.problem(p)
}

func (t *table) take(b *builder) error {
	for _, p := range b.problems {
		p.Line, p.UID = b.row.Line, b.row.UID
		t.problem(p)
	}
	if err := t.yield(b.row); err != nil {
		return fmt.Errorf("take the row on line %d: %w", b.row.Line, err)
	}
	t.sum.Taken++
	if len(b.problems) > 0 {
		t.sum.Changed++
	}
	return nil
}
