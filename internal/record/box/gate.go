package box

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/id"
	"convoke/internal/record/leaf"
	"convoke/internal/seal"
)

// grantFor is how long a passed gate stays open: as long as an address may be
// known (docs/record.md).
const grantFor = 15 * time.Minute

// grant says, sealed under the roll's key, that its holder passed the gate. The
// server stores nothing of it.
type grant struct {
	Tag    []byte `json:"t"`
	Member uint32 `json:"m"` // index in a closed roll, or leaf.NoMember
	Ends   int64  `json:"e"` // microseconds since 1970
	// Code is what must be typed first, as a hash, while an address is unconfirmed.
	Code []byte `json:"c,omitempty"`
}

// purposes of tags: what somebody is recognised by, so that they count once.
const (
	byReference = "reference"
	byAddress   = "address"
	byCode      = "code"
	byForm      = "form"
)

func errGrant() error {
	return fault.Conflict("box.grant", "This took longer than 15 minutes, so we do not know you any more. Please begin again. Nothing was recorded.")
}

func (b *Boxes) rollKey(ctx context.Context, roll leaf.ID) (*seal.Key, error) {
	k, err := b.Vault.Existing(ctx, RollScope(roll))
	if !errors.Is(err, seal.ErrDestroyed) {
		return k, err
	}
	destroyed := err
	err = b.DB.Read(ctx, func(tx *db.Tx) error {
		_, _, err := rollState(ctx, tx, roll) // is there such a roll at all?
		return err
	})
	if err != nil {
		return nil, err
	}
	return nil, fault.Because(errClosed(), destroyed)
}

func sealGrant(k *seal.Key, roll leaf.ID, g grant) (string, error) {
	text, err := json.Marshal(g)
	if err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(k.Seal(nil, "grant", "", roll.String(), text)), nil
}

func openGrant(k *seal.Key, roll leaf.ID, s string, now time.Time) (g grant, err error) {
	sealed, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		return g, fault.Because(errGrant(), err)
	}
	text, err := k.Open("grant", "", roll.String(), sealed)
	if err != nil {
		return g, fault.Because(errGrant(), err)
	}
	if err := json.Unmarshal(text, &g); err != nil {
		return g, fault.Because(errGrant(), err)
	}
	if clock.Micros(now) >= g.Ends {
		return g, errGrant()
	}
	return g, nil
}

func (b *Boxes) admit(ctx context.Context, roll leaf.ID, purpose, what string, member uint32) (string, error) {
	k, err := b.rollKey(ctx, roll)
	if err != nil {
		return "", err
	}
	return sealGrant(k, roll, grant{Tag: k.Tag(purpose, what), Member: member, Ends: b.ends()})
}

// ends is when a gate that is passed now closes again.
func (b *Boxes) ends() int64 { return clock.Micros(b.Clock.Now().Add(grantFor)) }

// AdmitMember lets somebody in whom the closed roll has under ref. The caller has
// made sure that it is them.
func (b *Boxes) AdmitMember(ctx context.Context, roll leaf.ID, ref string) (string, error) {
	k, err := b.rollKey(ctx, roll)
	if err != nil {
		return "", err
	}
	c := commitment(k, ref)
	var member uint32
	err = b.DB.Read(ctx, func(tx *db.Tx) (err error) {
		member, err = memberIndex(ctx, tx, roll, c[:])
		return err
	})
	if errors.Is(err, db.ErrNoRows) {
		return "", fault.Forbidden("box.not_member", "You are not on the list of those who may take part: it was closed before you joined.")
	}
	if err != nil {
		return "", err
	}
	return b.admit(ctx, roll, byReference, ref, member)
}

// AdmitCode lets somebody in who has a code: of a closed list, or one that was
// printed here.
func (b *Boxes) AdmitCode(ctx context.Context, roll leaf.ID, gate, code string) (string, error) {
	code = CleanCode(code)
	if gate == GateCodes {
		g, err := b.AdmitMember(ctx, roll, code)
		if fault.HasCode(err, "box.not_member") {
			return "", errCode()
		}
		return g, err
	}
	k, err := b.rollKey(ctx, roll)
	if err != nil {
		return "", err
	}
	err = b.DB.Read(ctx, func(tx *db.Tx) error {
		tag := k.Tag(byCode, code)
		ok, err := codeThere(ctx, tx, roll, tag)
		if err != nil || ok {
			return err
		}
		_, _, err = issuedTo(ctx, tx, roll, tag) // used by themselves: a lost answer
		return err
	})
	if errors.Is(err, db.ErrNoRows) {
		return "", errCode()
	}
	if err != nil {
		return "", err
	}
	return b.admit(ctx, roll, byCode, code, leaf.NoMember)
}

func errCode() error {
	return fault.Invalid(fault.Field("code", "box.code", "We do not know this code. Please check each letter."))
}

// AdmitAnybody lets the holder of a form in: nothing is asked. form is its key.
func (b *Boxes) AdmitAnybody(ctx context.Context, roll leaf.ID, form string) (string, error) {
	if !id.ValidSecret(form) {
		return "", errGrant()
	}
	return b.admit(ctx, roll, byForm, form, leaf.NoMember)
}

// AskAddress begins to let in whoever reads the mail of an address, to which the
// caller sends the code: it returns what the form keeps meanwhile. The address is
// stored nowhere.
func (b *Boxes) AskAddress(ctx context.Context, roll leaf.ID, address, code string) (pending string, err error) {
	k, err := b.rollKey(ctx, roll)
	if err != nil {
		return "", err
	}
	return sealGrant(k, roll, grant{
		Tag: k.Tag(byAddress, canonicalAddress(address)), Member: leaf.NoMember, Ends: b.ends(), Code: k.Tag("mailed", CleanCode(code)),
	})
}

// ConfirmAddress turns what the form kept and the code from the mail into a grant.
func (b *Boxes) ConfirmAddress(ctx context.Context, roll leaf.ID, pending, code string) (string, error) {
	k, err := b.rollKey(ctx, roll)
	if err != nil {
		return "", err
	}
	g, err := openGrant(k, roll, pending, b.Clock.Now())
	if err != nil {
		return "", err
	}
	if g.Code == nil || string(g.Code) != string(k.Tag("mailed", CleanCode(code))) {
		return "", fault.Invalid(fault.Field("code", "box.mailed", "This is not the code that we sent. Please check each letter."))
	}
	return sealGrant(k, roll, grant{Tag: g.Tag, Member: g.Member, Ends: g.Ends})
}

// canonicalAddress folds what reaches the same mailbox for most servers: case, and
// what follows a plus. Aliases of other kinds cannot be known.
func canonicalAddress(a string) string {
	a = strings.ToLower(strings.TrimSpace(a))
	at := strings.LastIndexByte(a, '@')
	if at < 0 {
		return a
	}
	local, _, _ := strings.Cut(a[:at], "+")
	return local + a[at:]
}

// codeLetters are the letters of codes: none that is taken for another.
const codeLetters = "0123456789abcdefghjkmnpqrstvwxyz"

// CleanCode reads a code as people type it: spaces and dashes, capitals, and the
// letters that look like others.
func CleanCode(s string) string {
	return strings.Map(func(r rune) rune {
		switch r {
		case 'o':
			return '0'
		case 'i', 'l':
			return '1'
		}
		if strings.ContainsRune(codeLetters, r) {
			return r
		}
		return -1
	}, strings.ToLower(s))
}

// Bounds of a list of codes that organizers bring: enough letters and digits that
// nobody guesses one at the door, and what fits into a form.
const (
	minCode  = 8
	maxCodes = 10_000
)

// ReadCodes reads the one-time codes of a closed roll, one a line, as they were
// pasted into a field of that name.
func ReadCodes(field, text string) ([]string, error) {
	var out []string
	seen := map[string]bool{}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		c := CleanCode(line)
		switch {
		case line == "":
			continue
		case len(c) < minCode:
			return nil, fault.Invalid(fault.Field(field, "roll.short_code",
				"“{code}” is too short: at least {min} letters and digits, so that nobody can guess it.", "code", line, "min", minCode))
		case seen[c]:
			return nil, fault.Invalid(fault.Field(field, "roll.code_twice", "“{code}” is there twice, or only differs by letters that look alike.", "code", line))
		}
		seen[c] = true
		out = append(out, c)
	}
	if len(out) == 0 || len(out) > maxCodes {
		return nil, fault.Invalid(fault.Field(field, "roll.codes", "Paste the codes that you give out, one a line: from 1 to {max}.", "max", maxCodes))
	}
	return out, nil
}

// FormatCode writes 5-bit letters of random bytes in groups of four: n letters,
// one for each byte.
func FormatCode(random []byte) string {
	var b strings.Builder
	for i, x := range random {
		if i > 0 && i%4 == 0 {
			b.WriteByte('-')
		}
		b.WriteByte(codeLetters[x&31])
	}
	return b.String()
}

// PrintCodes adds codes to give out on paper or at a door: they are shown once and
// kept as tags only. n is how many of them were not there yet.
func (b *Boxes) PrintCodes(ctx context.Context, tx *db.Tx, roll leaf.ID, codes []string) (n int, err error) {
	k, err := b.rollKey(ctx, roll)
	if err != nil {
		return 0, err
	}
	for _, c := range codes {
		fresh, err := insertCode(ctx, tx, roll, k.Tag(byCode, CleanCode(c)))
		if err != nil {
			return 0, err
		}
		if fresh {
			n++
		}
	}
	return n, nil
}
