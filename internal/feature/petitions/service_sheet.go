package petitions

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/id"
	"convoke/internal/record/leaf"
)

// Limits of a batch of paper.
const (
	maxSheets   = 500
	maxPerSheet = 60 // lines on both sides of one sheet, generously
)

// States of batches.
const (
	counted   = "counted" // waits for a second organizer
	declared  = "declared"
	discarded = "discarded"
)

// Batch is sheets that were counted together.
type Batch struct {
	N          int
	form       string
	State      string
	Day        int
	Signatures int
	Codes      []string
	counter    []byte
	Note       string // canonical JSON of which the record has the hash; "" until declared
}

// declaration is what is published of a batch.
type declaration struct {
	V          int      `json:"v"`
	Petition   string   `json:"petition"`
	Batch      int      `json:"batch"`
	Day        int      `json:"day"`
	Sheets     []string `json:"sheets"`
	Signatures int      `json:"signatures"`
}

// sheetLetters are those of sheet codes: none that is taken for another.
const sheetLetters = "0123456789abcdefghjkmnpqrstvwxyz"

// SheetCode makes the code of a sheet of seven random bytes: seven letters and one
// that catches a slip of the pen.
func SheetCode(random []byte) string {
	var b strings.Builder
	for _, x := range random[:7] {
		b.WriteByte(sheetLetters[x&31])
	}
	return b.String() + check(b.String())
}

func check(letters string) string {
	h := sha256.Sum256([]byte("petition sheet\n" + letters))
	return string(sheetLetters[h[0]&31])
}

// cleanSheetCode reads a code as people write it; ok is false for what is none.
func cleanSheetCode(s string) (string, bool) {
	s = strings.Map(func(r rune) rune {
		switch r {
		case 'o':
			return '0'
		case 'i', 'l':
			return '1'
		case '-':
			return -1
		}
		return r
	}, strings.ToLower(s))
	if len(s) != 8 || strings.Trim(s, sheetLetters) != "" {
		return "", false
	}
	return s, check(s[:7]) == s[7:]
}

// showSheetCode writes a code for people.
func showSheetCode(s string) string { return s[:4] + "-" + s[4:] }

// BatchInput is a counted batch as somebody typed it.
type BatchInput struct {
	Key        string
	Codes      string // with spaces or commas between
	Signatures string
}

func (in *BatchInput) parse() (Batch, error) {
	b := Batch{State: counted, form: in.Key}
	if !id.ValidSecret(in.Key) {
		return b, errKey()
	}
	var p parser
	for _, w := range stageWords(strings.ReplaceAll(in.Codes, "\t", " ")) {
		c, ok := cleanSheetCode(w)
		if !ok {
			p.fail("codes", "petition.sheet_code", "“{code}” is no code of a sheet. It stands beside the square.", "code", w)
			break
		}
		b.Codes = append(b.Codes, c)
	}
	slices.Sort(b.Codes)
	switch n := len(slices.Compact(slices.Clone(b.Codes))); {
	case len(p.fields) > 0:
	case n == 0 || n > maxSheets:
		p.fail("codes", "petition.sheets", "Write the codes of 1 to {max} sheets.", "max", maxSheets)
	case n < len(b.Codes):
		p.fail("codes", "petition.sheet_again", "A sheet is on this list twice.")
	}
	if _, err := fmt.Sscanf(in.Signatures, "%d", &b.Signatures); err != nil || b.Signatures < 1 || b.Signatures > maxSheets*maxPerSheet ||
		fmt.Sprint(b.Signatures) != strings.TrimSpace(in.Signatures) {
		p.fail("signatures", "petition.signatures", "Write how many signatures are on these sheets, in digits.")
	} else if len(p.fields) == 0 && b.Signatures > len(b.Codes)*maxPerSheet {
		p.fail("signatures", "petition.signatures_many", "These are more than fit on so many sheets. Count again.")
	}
	return b, fault.Invalid(p.fields...)
}

// counterTag says who counted, without saying it to anybody: only that the second
// organizer is another one can be seen.
func (s *Service) counterTag(ctx context.Context, by authz.Actor, slug string) ([]byte, error) {
	var f Found
	err := s.DB.Read(ctx, func(tx *db.Tx) (err error) {
		f, err = s.Editable(ctx, tx, by, slug)
		return err
	})
	if err != nil {
		return nil, err
	}
	if f.Petition.State != Open {
		return nil, errPaperClosed()
	}
	k, err := s.Vault.Key(ctx, f.Petition.scope())
	if err != nil {
		return nil, err
	}
	return k.Tag("counted by", string(by.Person)), nil
}

func errPaperClosed() error {
	return fault.Conflict("petition.paper_closed", "Signing has ended, so nothing can be added. Nothing was recorded.")
}

// CountBatch keeps what one organizer has counted, until another one confirms it.
func (s *Service) CountBatch(ctx context.Context, by authz.Actor, slug string, in BatchInput) error {
	b, err := in.parse()
	if err != nil {
		return err
	}
	if b.counter, err = s.counterTag(ctx, by, slug); err != nil {
		return err
	}
	return s.change(ctx, by, slug, anySequence, func(tx *db.Tx, f *Found) (bool, error) {
		p := &f.Petition
		all, err := batchesOf(ctx, tx, p.ID)
		if err != nil {
			return false, err
		}
		if slices.ContainsFunc(all, func(x Batch) bool { return x.form == b.form }) {
			return false, nil // the same form once more
		}
		if p.State != Open {
			return false, errPaperClosed()
		}
		b := b
		b.N, b.Day = len(all)+1, f.today(tx.Now())
		for _, code := range b.Codes {
			taken, err := takeSheet(ctx, tx, p.ID, code, b.N)
			if err != nil {
				return false, err
			}
			if !taken {
				return false, fault.Invalid(fault.Field("codes", "petition.sheet_counted", "The sheet {code} is in another batch already.", "code", showSheetCode(code)))
			}
		}
		return true, insertBatch(ctx, tx, p.ID, &b)
	})
}

// settle is what a second organizer does to a counted batch, or its counter when
// they take it back.
func (s *Service) settle(ctx context.Context, by authz.Actor, slug string, n int, do func(tx *db.Tx, f *Found, b *Batch, me []byte) error) error {
	me, err := s.counterTag(ctx, by, slug)
	if err != nil {
		return err
	}
	return s.change(ctx, by, slug, anySequence, func(tx *db.Tx, f *Found) (bool, error) {
		if f.Petition.State != Open {
			return false, errPaperClosed()
		}
		b, err := batchBy(ctx, tx, f.Petition.ID, n)
		if errors.Is(err, db.ErrNoRows) {
			return false, errNone()
		}
		if err != nil {
			return false, err
		}
		return true, do(tx, f, &b, me)
	})
}

// ConfirmBatch declares a batch in the record: somebody else has counted the same.
// signatures is what they counted.
func (s *Service) ConfirmBatch(ctx context.Context, by authz.Actor, slug string, n, signatures int) error {
	return s.settle(ctx, by, slug, n, func(tx *db.Tx, f *Found, b *Batch, me []byte) error {
		switch {
		case b.State == declared:
			return nil
		case b.State != counted:
			return errState()
		case slices.Equal(b.counter, me):
			return fault.Conflict("petition.same_counter", "You counted this batch. Another organizer must confirm it.")
		case signatures != b.Signatures:
			return fault.Conflict("petition.other_count", "You have counted another number. Count again together, or discard the batch. Nothing was recorded.")
		}
		note, err := leaf.Canonical(declaration{1, f.Petition.Slug, b.N, b.Day, b.Codes, b.Signatures})
		if err != nil {
			return err
		}
		if err := s.Boxes.Declare(ctx, tx, f.Petition.Box, uint32(b.Signatures), note); err != nil { //nolint:gosec // bounded by parse
			return err
		}
		b.State, b.Note = declared, string(note)
		return updateBatch(ctx, tx, f.Petition.ID, b)
	})
}

// DiscardBatch removes a batch that was not confirmed; its sheets can be counted again.
func (s *Service) DiscardBatch(ctx context.Context, by authz.Actor, slug string, n int) error {
	return s.settle(ctx, by, slug, n, func(tx *db.Tx, f *Found, b *Batch, _ []byte) error {
		if b.State == declared {
			return fault.Conflict("petition.declared", "This batch is in the record and stays. Add a word on it instead.")
		}
		b.State = discarded
		if err := freeSheets(ctx, tx, f.Petition.ID, b.N); err != nil {
			return err
		}
		return updateBatch(ctx, tx, f.Petition.ID, b)
	})
}

// NoteBatch adds a word on a batch that is in the record, which everybody sees.
func (s *Service) NoteBatch(ctx context.Context, by authz.Actor, slug string, n int, in SayInput) error {
	in.Day, in.URL, in.Refused = "", "", false
	e, _, err := in.entry(entryBatch)
	if err != nil {
		return err
	}
	e.Ref = fmt.Sprint(n)
	salt := newSalt(s.IDs)
	return s.change(ctx, by, slug, anySequence, func(tx *db.Tx, f *Found) (bool, error) {
		b, err := batchBy(ctx, tx, f.Petition.ID, n)
		if errors.Is(err, db.ErrNoRows) || err == nil && b.State != declared {
			return false, errState()
		}
		if err != nil {
			return false, err
		}
		return s.say(ctx, tx, f, e, salt)
	})
}

// Batches are those of a petition, for organizers.
func (s *Service) Batches(ctx context.Context, by authz.Actor, slug string) (f Found, all []Batch, err error) {
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		if f, err = s.Editable(ctx, tx, by, slug); err == nil {
			all, err = batchesOf(ctx, tx, f.Petition.ID)
		}
		return err
	})
	return f, all, err
}

func encodeCodes(codes []string) string {
	b, _ := json.Marshal(codes)
	return string(b)
}
