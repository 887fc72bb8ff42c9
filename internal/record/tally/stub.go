package tally

import "errors"

type Share struct {
	Num  int  `json:"num"`
	Den  int  `json:"den"`
	More bool `json:"more,omitempty"`
}
type Rules struct {
	Method        string `json:"method"`
	Options       int    `json:"options"`
	Winners       int    `json:"winners,omitempty"`
	Max           int    `json:"max,omitempty"`
	Quorum        int64  `json:"quorum,omitempty"`
	AgainstCounts bool   `json:"against_counts,omitempty"`
	Support       int64  `json:"support,omitempty"`
	Share         *Share `json:"share,omitempty"`
	Blocks        int    `json:"blocks,omitempty"`
	Lots          []int  `json:"lots,omitempty"`
}

func (r *Rules) Check() error              { return nil }
func (r *Rules) CheckPaper(p []byte) error {
	if len(p) == 0 {
		return errors.New("none")
	}
	return nil
}

type Counter struct{}

func New(r Rules) *Counter                            { return &Counter{} }
func (c *Counter) Add(p []byte, w int64)              {}
func (c *Counter) Result(eligible int64) Result       { return Result{} }

type Result struct{ Adopted bool }

func (r Result) JSON() ([]byte, error) { return []byte("{}"), nil }

const (
	Consent  = "consent"
	YesNo    = "yesno"
	Approval = "approval"
	Score    = "score"
	Schulze  = "schulze"
	STV      = "stv"
	Check    = "check"
)
