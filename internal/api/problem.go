package api

import (
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"convoke/internal/fault"
)

// Problem describes the answer to what is wrong, which package web writes.
type Problem struct {
	Type      string         `json:"type" doc:"Always about:blank: the code tells."`
	Title     string         `json:"title" doc:"In words, in the language that was asked for."`
	Status    int            `json:"status" doc:"As the answer's own."`
	Code      string         `json:"code" doc:"Stable; for programs."`
	Errors    []ProblemField `json:"errors,omitempty" nullable:"false"`
	RequestID string         `json:"request_id" doc:"Names the request in the server's log."`
}

// ProblemField is what is wrong with one member or parameter.
type ProblemField struct {
	Pointer string `json:"pointer" doc:"JSON pointer to the member of what was sent, or the parameter's name after #/."`
	Code    string `json:"code" doc:"Stable; for programs."`
	Detail  string `json:"detail" doc:"In words."`
}

// faultOf translates what does not fit a schema.
func faultOf(wrong []error) error {
	fields := make([]fault.FieldError, len(wrong))
	for i, err := range wrong {
		d := err.(huma.ErrorDetailer).ErrorDetail()
		fields[i] = fieldOf(d.Location, d.Message)
	}
	// huma walks maps: the same request gets the same answer.
	slices.SortStableFunc(fields, func(a, b fault.FieldError) int { return strings.Compare(a.Name, b.Name) })
	return fault.Invalid(fields...)
}

// words of huma's messages that a name or a value follows; see its package
// validation.
const (
	wordsRequired   = "expected required property "
	wordsPresent    = " to be present"
	wordsMissing    = "parameter is missing"
	wordsUnexpected = "unexpected property"
	wordsUnknown    = "unknown query parameter"
	wordsOneOf      = "expected value to be one of "
)

// fieldOf translates one of huma's messages. Types and choices are left to it,
// all else to the features.
func fieldOf(location, msg string) fault.FieldError {
	name := pointer(location)
	switch {
	case strings.HasPrefix(msg, wordsRequired):
		member := strings.TrimSuffix(strings.TrimPrefix(msg, wordsRequired), wordsPresent)
		if name != "" {
			name += "/"
		}
		return fault.Field(name+member, "api.missing", "This is missing.")
	case strings.HasSuffix(msg, wordsMissing):
		return fault.Field(name, "api.missing", "This is missing.")
	case msg == wordsUnexpected, msg == wordsUnknown:
		return fault.Field(name, "api.unknown", "There is nothing of this name here.")
	case strings.HasPrefix(msg, wordsOneOf):
		return fault.Field(name, "api.choice", "This must be one of: {choices}.", "choices", strings.Trim(strings.TrimPrefix(msg, wordsOneOf), `"`))
	}
	return fault.Field(name, "api.value", "This value does not fit. The API’s description says what is expected here.")
}

// pointer makes a/0/b of body.a[0].b, as a JSON pointer goes on after "#/".
func pointer(location string) string {
	_, rest, _ := strings.Cut(location, ".")
	return strings.NewReplacer(".", "/", "[", "/", "]", "").Replace(rest)
}
