package verify

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/tlog"
)

// Since is an earlier checkpoint of the node's log that somebody kept.
type Since struct {
	Size int64 `json:"size"`
	// Extended says that the log as it is now begins with what was signed then.
	Extended bool `json:"extended"`
}

// stale is the age from which cosignatures prove little while boxes are open.
const stale = time.Hour

// earlier reads the checkpoint that was kept; nil when there is none.
func (v *verifier) earlier(path string) (*signed, error) {
	if v.opt.Since == nil {
		return nil, nil
	}
	origin, _, _ := strings.Cut(string(v.opt.Since), "\n")
	if want := v.report.Node + "/" + path; origin != want {
		return nil, Wrong{path, -1, fmt.Sprintf("the earlier checkpoint is one of %.100q, and this log is %q", origin, want)}
	}
	s, err := v.parse(path, "the earlier checkpoint", v.opt.Since)
	if err != nil {
		return nil, err
	}
	v.report.Since = &Since{Size: s.size}
	return &s, nil
}

// extends compares the log as it was signed now with an earlier checkpoint of it.
// then is the root of as many leaves as that one had.
func (v *verifier) extends(path string, old *signed, now int64, then tlog.Hash) error {
	if old.size > now {
		return Wrong{path, -1, fmt.Sprintf("it was rolled back: the earlier checkpoint has %d lines, and now there are %d", old.size, now)}
	}
	if old.root != then {
		return Wrong{path, -1, fmt.Sprintf("it was forked: the node signed other %d lines in the earlier checkpoint than the first %d of the %d that there are now", old.size, old.size, now)}
	}
	v.report.Since.Extended = true
	return nil
}

// cosignedAt is the latest time since which enough witnesses have signed a
// checkpoint; 0 when they have not.
func (v *verifier) cosignedAt(checkpoint []byte) int64 {
	text, sigs, _ := strings.Cut(string(checkpoint), "\n\n")
	var lines []string
	var times []int64
	for l := range strings.Lines(sigs) {
		lines, times = append(lines, l), append(times, timeOf(l))
	}
	all := slices.Compact(slices.Sorted(slices.Values(times)))
	for _, t := range slices.Backward(all) {
		if t <= 0 {
			break
		}
		recent := text + "\n\n"
		for i, l := range lines {
			if times[i] >= t || times[i] == 0 { // the node's own has none
				recent += l
			}
		}
		if v.policy.Satisfied([]byte(recent)) {
			return t
		}
	}
	return 0
}

// timeOf is the time in a line with a cosignature (C2SP tlog-cosignature), and 0 in
// others.
func timeOf(line string) int64 {
	f := strings.Fields(line)
	if len(f) != 3 {
		return 0
	}
	b, err := base64.StdEncoding.DecodeString(f[2])
	if err != nil || len(b) != 4+8+64 {
		return 0
	}
	return int64(binary.BigEndian.Uint64(b[4:]))
}

// old says that the cosignatures are too old for boxes that are open.
func (v *verifier) old() (string, bool) {
	at := time.Unix(v.report.CosignedAt, 0)
	open := slices.ContainsFunc(v.report.Boxes, func(b Box) bool { return !b.Closed })
	age := v.opt.Now.Sub(at)
	if v.opt.Now.IsZero() || v.report.CosignedAt == 0 || !open || age <= stale {
		return "", false
	}
	return fmt.Sprintf("the witnesses signed this %d minutes ago (%s), and boxes are open: what was recorded since could be held back",
		int64(age.Minutes()), at.UTC().Format(time.RFC3339)), true
}
