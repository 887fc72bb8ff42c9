package alerts

import (
	"regexp"
	"slices"
	"strings"
	"unicode"

	"convoke/internal/fault"
)

// maxNote bounds what a reporter or verifier writes, in characters.
const maxNote = 280

// What points to a person or a vehicle. The patterns are broad on purpose: who is
// refused once too often writes it in other words. What they miss is seen by verifiers
// alone, and never sent.
var (
	contact = regexp.MustCompile(`(?i)\S@\S+\.\S|https?://|www\.|(^|\s)@\w|[\pL\pN]\.\pL{2,}/`)
	date    = regexp.MustCompile(`\b(\d{4}-\d{1,2}-\d{1,2}|\d{1,2}[./]\d{1,2}[./](19|20)\d{2})\b`)
	phone   = regexp.MustCompile(`\+?\d[\d ()./-]{4,}\d`)
	plate   = regexp.MustCompile(`\b[A-Z]{1,3}[ -]?[A-Z]{0,2}[ -]?\d{2,4}[A-Z]{0,3}\d{0,3}\b|\b\d{1,4}[ -]?[A-Z]{2,3}([ -]?\d{1,4})?\b|\b\d{1,4}( [A-Z]){2,3}\b|\b([A-Z] ){2,3}\d{1,4}\b`)
	smaller = regexp.MustCompile(`\b[a-z]{1,3}-?[a-z]{0,2}-?\d{2,4}[a-z]{0,3}\d{0,3}\b|\b\d{2,4}-?[a-z]{2,3}(-?\d{1,4})?\b|\b[a-z]{1,3}-[a-z]{1,2} ?\d{1,4}\b|\b\d{4} [b-df-hj-np-tv-xz]{3}\b`)
	street  = regexp.MustCompile(`(?i)\b(street|st|avenue|ave|road|rd|lane|drive|boulevard|blvd|square|calle|avda|avenida|plaza|rue|via|ul)\b|(stra(ß|ss)e|platz|weg|gasse|allee|straat|gatan)\b|str\.|(^|\s)c/|شارع|ساحة|улица`)
	numeral = regexp.MustCompile(`\d`)
)

// notPlates are letters that stand beside numbers in an ordinary report: times,
// measures, roads.
func notPlates() []string {
	return []string{
		"AM", "PM", "H", "HRS", "MIN", "KM", "KMH", "CM", "MM", "KG", "KW", "KV", "C", "F", "ST", "ND", "RD", "TH", "AT", "TO", "US", "RN", "BR", "SR", "CR", "HWY", "BUS", "LINE",
	}
}

// guard refuses a text that could point to a person, an officer or a vehicle, or is
// longer than a note may be. It is asked before anything is stored.
func guard(field, text string) error {
	text = date.ReplaceAllString(plain(text), "")
	switch {
	case len([]rune(text)) > maxNote:
		return fault.Invalid(fault.Field(field, "alert.note_long", "At most {max} characters, please.", "max", maxNote))
	case contact.MatchString(text):
		return fault.Invalid(fault.Field(field, "alert.note_contact", "Please leave out addresses of mail, pages and accounts. Nothing was stored."))
	case slices.ContainsFunc(phone.FindAllString(text, -1), func(m string) bool { return len(numeral.FindAllString(m, -1)) >= 7 }):
		return fault.Invalid(fault.Field(field, "alert.note_phone", "This looks like a phone number. Please leave it out: nothing was stored."))
	case slices.ContainsFunc(append(plate.FindAllString(asPlate(text), -1), smaller.FindAllString(asPlate(text), -1)...), isPlate):
		return fault.Invalid(fault.Field(field, "alert.note_plate", "This looks like a number plate. Please leave it out: nothing was stored."))
	case street.MatchString(text) && numeral.MatchString(text):
		return fault.Invalid(fault.Field(field, "alert.note_address", "This looks like the address of a house. Say only the street or the square: nothing was stored."))
	}
	return nil
}

func isPlate(m string) bool {
	letters := strings.ToUpper(strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) {
			return r
		}
		return -1
	}, m))
	// One letter before up to three digits is a road or a line: A14, S3.
	road := len(letters) == 1 && len(numeral.FindAllString(m, -1)) <= 3
	return letters != "" && !road && !slices.Contains(notPlates(), letters)
}

// asPlate writes letters of other scripts as those of ASCII, so that one pattern finds plates
// of any country: large and small ones as such; of scripts that know no difference, those that
// stand alone as large, since that is how plates have them, and the others as small.
func asPlate(s string) string {
	all := []rune(s)
	alone := func(i int) bool {
		return (i == 0 || !unicode.IsLetter(all[i-1])) && (i+1 == len(all) || !unicode.IsLetter(all[i+1]))
	}
	out := make([]rune, len(all))
	for i, r := range all {
		switch {
		case r < unicode.MaxASCII || !unicode.IsLetter(r):
			out[i] = r
		case unicode.IsUpper(r) || !unicode.IsLower(r) && alone(i):
			out[i] = 'X'
		default:
			out[i] = 'x'
		}
	}
	return string(out)
}

// plain writes digits of every script, letters of full width, spaces and dashes as those of
// ASCII, and drops what cannot be seen, so that nothing hides in them.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 0xFF01 && r <= 0xFF5E:
			return r - 0xFEE0
		case unicode.Is(unicode.Cf, r):
			return -1
		case unicode.Is(unicode.Zs, r):
			return ' '
		case unicode.Is(unicode.Pd, r) || r == '−':
			return '-'
		case unicode.Is(unicode.Nd, r):
			for zero := r; ; zero-- { // the ten digits of a script follow one another
				if !unicode.Is(unicode.Nd, zero-1) || r-zero == 9 {
					return '0' + (r-zero)%10
				}
			}
		}
		return r
	}, s)
}
