package leaf

import (
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"strings"
)

// ID names a box or a roll: the first 16 bytes of SHA-256 of the leaf that opens
// it.
type ID [16]byte

// alphabet of RFC 4648 in lower case, without padding.
var encoding = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// IDOf is the id of what an encoded leaf opens.
func IDOf(opening []byte) ID {
	h := sha256.Sum256(opening)
	return ID(h[:16])
}

// String is the id in 26 characters.
func (x ID) String() string { return encoding.EncodeToString(x[:]) }

// ParseID reads what [ID.String] wrote.
func ParseID(s string) (ID, error) {
	b, err := encoding.DecodeString(s)
	if err != nil || len(b) != 16 || ID(b).String() != s {
		return ID{}, fmt.Errorf("%q names no box or roll", s)
	}
	return ID(b), nil
}

// The origins of logs (C2SP tlog-checkpoint): the node's name and the path of the
// log, as in "convoke.example.org/b/mzxw6...".
const (
	nodePath = "/log"
	boxPath  = "/b/"
	rollPath = "/r/"
)

// NodeOrigin is the origin of a node's own log.
func NodeOrigin(node string) string { return node + nodePath }

// BoxOrigin is that of a box.
func BoxOrigin(node string, box ID) string { return node + boxPath + box.String() }

// RollOrigin is that of a roll.
func RollOrigin(node string, roll ID) string { return node + rollPath + roll.String() }

// NodeOf is the name of the node that an origin belongs to; "" when it is none.
func NodeOf(origin string) string {
	if s, ok := strings.CutSuffix(origin, nodePath); ok && s != "" {
		return s
	}
	for _, p := range []string{boxPath, rollPath} {
		if i := strings.LastIndex(origin, p); i > 0 {
			if _, err := ParseID(origin[i+len(p):]); err == nil {
				return origin[:i]
			}
		}
	}
	return ""
}
