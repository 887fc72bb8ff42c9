package trustees

import (
	"encoding/base64"
	"errors"
	"strings"

	"convoke/internal/fault"
	"convoke/internal/record/leaf"
	"convoke/internal/record/sealed"
)

// Run is one row, and what it says.
type Run struct {
	ID       string
	Proposal string
	// Box is the poll that these trustees keep shut; "" while there is none.
	Box string
	*sealed.Transcript
	why error // why there is no key, nil when there is
}

// newRun computes once whether the key is made.
func newRun(r Run) *Run {
	_, r.why = r.Transcript.Done()
	return &r
}

// Names are the organisations, in the order of their seats; "" where nobody has taken
// one yet.
func (r *Run) Names() []string {
	out := make([]string, r.Setup().Trustees)
	for i := range out {
		if j := r.Join(uint8(i + 1)); j != nil {
			out[i] = j.Name
		}
	}
	return out
}

// Done reports whether the key is made.
func (r *Run) Done() bool { return r.why == nil }

// Void is the trustee who dealt a wrong share; ok is false where nobody did.
func (r *Run) Void() (dealer string, ok bool) {
	var v sealed.VoidError
	if !errors.As(r.why, &v) {
		return "", false
	}
	return r.Join(v.Dealer).Name, true
}

// maxMessage bounds a pasted message, in characters.
const maxMessage = 4096

func errMessage(err error) error {
	return fault.Because(fault.Invalid(fault.Field("message", "trustees.message", "This is no message of a trustee, or not all of it. Copy it again.")), err)
}

// read takes a message out of what was pasted.
func read(pasted string) ([]byte, error) {
	text := strings.Join(strings.Fields(pasted), "")
	if text == "" || len(text) > maxMessage {
		return nil, errMessage(nil)
	}
	b, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, errMessage(err)
	}
	return b, nil
}

// add takes what a trustee says into the run.
func (r *Run) add(message []byte) error {
	err := r.Add(message)
	if err == nil {
		return nil
	}
	why := fault.Field("message", "trustees.message", "This is no message of a trustee, or not all of it. Copy it again.")
	var wrong sealed.WrongError
	switch {
	case errors.Is(err, sealed.ErrVoid):
		why = fault.Field("message", "trustees.void", "One of the trustees dealt a wrong share, so nobody can go on with this key. An organizer begins another one.")
	case errors.Is(err, sealed.ErrEarly):
		why = fault.Field("message", "trustees.early", "The others are not that far yet. Wait until this page asks for it, and let your program read the page again.")
	case errors.Is(err, sealed.ErrTaken):
		why = fault.Field("message", "trustees.taken", "This seat has said something else before, and nobody can say it in another way.")
	case errors.As(err, &wrong):
		why = fault.Field("message", "trustees.wrong", "This message does not fit what was said here before: it belongs to another key, or something in it was changed. Let your program read the page again.")
	}
	return fault.Because(fault.Invalid(why), err)
}

// share reads a share of the box.
func share(message []byte, b leaf.ID) (leaf.Release, error) {
	l, err := leaf.DecodeRelease(message)
	if err != nil || l.Box != b {
		return l, errMessage(err)
	}
	return l, nil
}
