package petitions

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"convoke/internal/record/box"
)

// Elsewhere is where a petition was signed before its group moved to this server.
// The record stays there; the numbers are those that the other server told.
type Elsewhere struct {
	Server    string    `json:"server"` // "https://one.example"
	Box       string    `json:"box"`
	Day       string    `json:"day"` // of the numbers
	Counted   int64     `json:"counted"`
	Withdrawn int64     `json:"withdrawn"`
	Declared  int64     `json:"declared"`
	Issued    int64     `json:"issued"`
	Reached   []reached `json:"reached"`
}

type reached struct {
	Goal uint64    `json:"goal"`
	At   time.Time `json:"at"`
}

// url is where the record of the box is.
func (e *Elsewhere) url() string { return e.Server + "/b/" + e.Box }

func (e *Elsewhere) host() string {
	_, host, _ := strings.Cut(e.Server, "://")
	return host
}

func (e *Elsewhere) numbers() box.Numbers {
	n := box.Numbers{Counted: e.Counted, Withdrawn: e.Withdrawn, Declared: e.Declared, Issued: e.Issued, Closed: true}
	for _, r := range e.Reached {
		n.Reached = append(n.Reached, box.Reached{Goal: r.Goal, At: r.At})
	}
	return n
}

// text is how a row keeps it; "" for a petition of this server.
func (e *Elsewhere) text() string {
	if e == nil {
		return ""
	}
	b, err := json.Marshal(e)
	if err != nil {
		panic(err) // it has nothing that JSON lacks
	}
	return string(b)
}

func readElsewhere(s string) (*Elsewhere, error) {
	if s == "" {
		return nil, nil
	}
	e := &Elsewhere{}
	if err := json.Unmarshal([]byte(s), e); err != nil {
		return nil, fmt.Errorf("read where a petition was signed: %w", err)
	}
	return e, nil
}
