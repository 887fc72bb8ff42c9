package eventcsv

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"

	"golang.org/x/text/encoding/unicode"
)

// Errors of files that are no text tables at all.
var (
	ErrEmpty  = errors.New("the file is empty")
	ErrOffice = errors.New("this is a spreadsheet or zip file; save the sheet as CSV and import that")
)

const bufferSize = 64 << 10

// open undoes gzip and byte order marks. What it returns is bytes that should
// be UTF-8 but may not be.
func open(r io.Reader) (*bufio.Reader, error) {
	br := bufio.NewReaderSize(r, bufferSize)
	head, err := peek(br)
	if err != nil {
		return nil, err
	}
	if bytes.HasPrefix(head, []byte{0x1f, 0x8b}) { // RFC 1952, section 2.3.1
		zr, err := gzip.NewReader(br)
		if err != nil {
			return nil, fmt.Errorf("open gzip: %w", err)
		}
		br = bufio.NewReaderSize(zr, bufferSize)
		if head, err = peek(br); err != nil {
			return nil, err
		}
	}
	switch {
	case len(head) == 0:
		return nil, ErrEmpty
	case bytes.HasPrefix(head, []byte("PK\x03\x04")), bytes.HasPrefix(head, []byte("\xd0\xcf\x11\xe0")):
		return nil, ErrOffice
	case bytes.HasPrefix(head, []byte("\xef\xbb\xbf")):
		if _, err := br.Discard(3); err != nil {
			return nil, fmt.Errorf("read byte order mark: %w", err)
		}
	case bytes.HasPrefix(head, []byte("\xff\xfe")), bytes.HasPrefix(head, []byte("\xfe\xff")):
		// Spreadsheets save "Unicode text" as UTF-16 with tabs.
		dec := unicode.UTF16(unicode.LittleEndian, unicode.ExpectBOM).NewDecoder()
		br = bufio.NewReaderSize(dec.Reader(br), bufferSize)
	}
	return br, nil
}

// peek returns up to four bytes without consuming them; fewer at the end.
func peek(br *bufio.Reader) ([]byte, error) {
	head, err := br.Peek(4)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("read the file: %w", err)
	}
	return head, nil
}
