package archive

import (
	"bytes"
	"encoding/json"
	"path"
	"strings"
	"time"

	"convoke/internal/id"
)

// Import is one look at a file on its way in. It may be taken several times: to
// see what would happen, and to do it.
type Import struct {
	*Reader
	Report *Report
	// Write says that what is new is stored; otherwise it is only looked at.
	Write bool
	// Group is the one here that the file is about. There says that it was here
	// before: then everything is compared, and nothing is changed.
	Group id.Group
	There bool
	Now   time.Time
	// Kept has the keys of the pictures by their names in the file.
	Kept map[string]string
	// Campaigns has the campaigns of the file that the group owns here, by their
	// ids in the file.
	Campaigns map[string]id.Campaign
	// Events has the events of the file that are here, or come in, likewise.
	Events map[string]id.Event
}

// Picture is the key of a picture that a row names; ok is false when it is not in
// the file, or not one that is kept. have is the key that a row here has: the
// picture may be the same although it was made anew.
func (in *Import) Picture(name, have string) (key string, ok bool) {
	if name == "" {
		return "", true
	}
	if have != "" && strings.TrimSuffix(path.Base(name), path.Ext(name)) == have {
		return have, true
	}
	key = in.Kept[name]
	return key, key != ""
}

// Moment is t when it can have been, else now: nothing was changed tomorrow.
func (in *Import) Moment(t time.Time) time.Time {
	if t.Year() < 1971 || t.After(in.Now) {
		return in.Now
	}
	return t.UTC().Truncate(time.Microsecond)
}

// Same reports whether two values are the same in the file.
func Same(a, b any) bool {
	x, err := json.Marshal(a)
	if err != nil {
		return false
	}
	y, err := json.Marshal(b)
	return err == nil && bytes.Equal(x, y)
}

// SameJSON reports whether two raw values are the same but for their spaces.
func SameJSON(a, b []byte) bool {
	var x, y bytes.Buffer
	return json.Compact(&x, a) == nil && json.Compact(&y, b) == nil && bytes.Equal(x.Bytes(), y.Bytes())
}
