package eventjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// ErrNoEvents says that a file is JSON and holds no events of its format.
var ErrNoEvents = errors.New("the file holds no list of events of this format")

// maxElement bounds one event's JSON.
const maxElement = 2 << 20

// reader walks through answers of an API, one after the other: an array of
// events, an object that holds one under a name, or a single event.
type reader struct {
	dec   *json.Decoder
	names map[string]bool // of members that hold events, or what holds them
	take  func(n int, raw json.RawMessage) error
	n     int
}

// ReadOSDI takes the events of a collection, of a list or by themselves. It
// fails when the file cannot be read on; what came before was taken.
func ReadOSDI(r io.Reader, take func(Event) error, problem func(Problem)) error {
	return read(r, []string{"_embedded", "osdi:events", "events"}, func(n int, raw json.RawMessage) error {
		e, code := osdi(n, raw)
		return one(e, code, take, problem)
	})
}

// ReadMobilize takes an event for each timeslot. It fails like [ReadOSDI].
func ReadMobilize(r io.Reader, take func(Event) error, problem func(Problem)) error {
	return read(r, []string{"data"}, func(n int, raw json.RawMessage) error {
		all, uid, code := mobilize(n, raw)
		if code != "" {
			problem(Problem{uid, code})
		}
		for _, e := range all {
			if err := one(e, "", take, problem); err != nil {
				return err
			}
		}
		return nil
	})
}

func one(e Event, code string, take func(Event) error, problem func(Problem)) error {
	if code != "" {
		problem(Problem{e.UID, code})
		return nil
	}
	return take(e)
}

func read(r io.Reader, names []string, take func(int, json.RawMessage) error) error {
	x := reader{dec: json.NewDecoder(r), names: map[string]bool{}, take: take}
	for _, n := range names {
		x.names[n] = true
	}
	found := false
	for {
		ok, err := x.value(0)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		found = found || ok
	}
	if !found {
		return ErrNoEvents
	}
	return nil
}

// value reads the next value: a list of events, or an object. found says that
// there was a list or an event. io.EOF means that nothing follows.
func (x *reader) value(depth int) (found bool, err error) {
	t, err := x.dec.Token()
	if err != nil {
		if errors.Is(err, io.EOF) && depth == 0 {
			return false, io.EOF
		}
		return false, wrap(err)
	}
	switch t {
	case json.Delim('['):
		for x.dec.More() {
			if err := x.element(); err != nil {
				return true, err
			}
		}
		_, err = x.dec.Token()
		return true, wrap(err)
	case json.Delim('{'):
		return x.object(depth)
	}
	return false, nil
}

// wrap tells an end in the middle from the end.
func wrap(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, io.EOF):
		err = io.ErrUnexpectedEOF
	}
	return fmt.Errorf("read JSON: %w", err)
}

// element takes one event of a list.
func (x *reader) element() error {
	var raw json.RawMessage
	if err := x.dec.Decode(&raw); err != nil {
		return wrap(err)
	}
	x.n++
	return x.take(x.n, raw)
}

// object looks for a list in an object that was opened. One that holds none may
// be an event itself.
func (x *reader) object(depth int) (found bool, err error) {
	single := map[string]json.RawMessage{}
	size := 0
	for x.dec.More() {
		t, err := x.dec.Token()
		if err != nil {
			return found, wrap(err)
		}
		name, _ := t.(string)
		if x.names[name] && depth < 3 {
			ok, err := x.value(depth + 1)
			if err != nil {
				return found, err
			}
			found = found || ok
			continue
		}
		var raw json.RawMessage
		if err := x.dec.Decode(&raw); err != nil {
			return found, wrap(err)
		}
		if size += len(raw); size <= maxElement {
			single[name] = raw
		}
	}
	if _, err := x.dec.Token(); err != nil {
		return found, wrap(err)
	}
	if found || single["title"] == nil && single["name"] == nil {
		return found, nil
	}
	raw, err := json.Marshal(single)
	if err != nil {
		return found, fmt.Errorf("read JSON: %w", err)
	}
	x.n++
	return true, x.take(x.n, raw)
}

// decode reports whether raw is an object that fits v.
func decode(raw json.RawMessage, v any) bool {
	return len(raw) <= maxElement && bytes.HasPrefix(bytes.TrimSpace(raw), []byte("{")) && json.Unmarshal(raw, v) == nil
}
