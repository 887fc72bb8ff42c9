package alerts

import (
	"convoke/internal/id"
	"convoke/internal/seal"
)

// Link is a member on the way from somebody up to whoever came into a group first: each
// let in the one before. Root says that nobody let them in.
type Link struct {
	Group  id.Group
	Person id.Person
	Root   bool
}

// related reports whether two people are of one lineage: in some group one of them let
// the other in, over however many others, or somebody whom others let in themselves let
// in both. Only what came in directly through a group's first member stands apart from
// all else: everybody there came through them.
func related(a, b id.Person, chainA, chainB []Link) bool {
	if a == b {
		return true
	}
	mine := map[Link]bool{}
	for _, l := range chainA {
		if l.Person == b {
			return true
		}
		mine[l] = !l.Root
	}
	for _, l := range chainB {
		if l.Person == a || mine[l] {
			return true
		}
	}
	return false
}

// The lineage of a verifier who reports is kept as keyed hashes, so that neither they nor
// anybody related to them verifies it: traces are those of a reporter, suspicions those
// that somebody who wants to verify must not share with them. They meet if and only if
// the two are related.
func traces(k *seal.Key, p id.Person, chain []Link) [][]byte {
	out := [][]byte{tag(k, "self", "", p)}
	for _, l := range chain {
		out = append(out, tag(k, "above", "", l.Person))
		if !l.Root {
			out = append(out, tag(k, "branch", l.Group, l.Person))
		}
	}
	return out
}

func suspicions(k *seal.Key, p id.Person, chain []Link) [][]byte {
	out := [][]byte{tag(k, "self", "", p), tag(k, "above", "", p)}
	for _, l := range chain {
		out = append(out, tag(k, "self", "", l.Person))
		if !l.Root {
			out = append(out, tag(k, "branch", l.Group, l.Person))
		}
	}
	return out
}

func tag(k *seal.Key, what string, g id.Group, p id.Person) []byte {
	return k.Tag("lineage "+what, string(g)+" "+string(p))
}
