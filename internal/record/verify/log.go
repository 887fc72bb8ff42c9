package verify

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
	"golang.org/x/sync/errgroup"

	"convoke/internal/record/tile"
)

// ahead is how many bundles are fetched at once.
const ahead = 8

// signed is a checkpoint whose signature fits.
type signed struct {
	size int64
	root tlog.Hash
	text []byte // with all its signatures
}

// checkpoint reads and verifies the checkpoint of a log.
func (v *verifier) checkpoint(ctx context.Context, path string) (signed, error) {
	b, err := v.src.Get(ctx, path+"/checkpoint")
	if err != nil {
		return signed{}, fmt.Errorf("read the checkpoint of %s: %w", path, err)
	}
	return v.parse(path, "its checkpoint", b)
}

// parse verifies a checkpoint of a log; what is what it is called when it is wrong.
func (v *verifier) parse(path, what string, b []byte) (signed, error) {
	origin := v.report.Node + "/" + path
	key, err := verifierOf(origin, v.key)
	if err != nil {
		return signed{}, err
	}
	n, err := note.Open(b, note.VerifierList(key))
	if err != nil {
		return signed{}, Wrong{path, -1, what + " is not signed by the node"}
	}
	lines := strings.Split(n.Text, "\n")
	if len(lines) != 4 || lines[0] != origin {
		return signed{}, Wrong{path, -1, what + " is one of another log"}
	}
	s := signed{text: b}
	s.size, err = strconv.ParseInt(lines[1], 10, 64)
	root, err2 := base64.StdEncoding.DecodeString(lines[2])
	if err != nil || err2 != nil || len(root) != tlog.HashSize || s.size < 0 ||
		n.Text != fmt.Sprintf("%s\n%d\n%s\n", origin, s.size, base64.StdEncoding.EncodeToString(root)) { // there is one way to write it
		return signed{}, Wrong{path, -1, what + " cannot be read"}
	}
	s.root = tlog.Hash(root)
	return s, nil
}

func verifierOf(origin string, key ed25519.PublicKey) (note.Verifier, error) {
	s, err := note.NewEd25519VerifierKey(origin, key)
	if err != nil {
		return nil, err
	}
	return note.NewVerifier(s)
}

// bundle is some leaves in their order.
type bundle struct {
	first  int64
	leaves [][]byte
}

// tree grows as leaves are read: the roots of its largest full subtrees.
type tree struct {
	size int64
	edge []tlog.Hash
}

func (t *tree) push(h tlog.Hash) {
	for bit := t.size; bit&1 == 1; bit >>= 1 {
		h = tlog.NodeHash(t.edge[len(t.edge)-1], h)
		t.edge = t.edge[:len(t.edge)-1]
	}
	t.edge = append(t.edge, h)
	t.size++
}

func (t *tree) root() tlog.Hash {
	if len(t.edge) == 0 {
		h, _ := tlog.TreeHash(0, nil) // of no leaves: cannot fail
		return h
	}
	r := t.edge[len(t.edge)-1]
	for i := len(t.edge) - 2; i >= 0; i-- {
		r = tlog.NodeHash(t.edge[i], r)
	}
	return r
}

// walk reads all leaves of a log in order, compares the tiles of hashes and the root
// with what was signed, and each root in at with that of its size. each is called with
// every bundle; it may keep it.
func (v *verifier) walk(ctx context.Context, path string, s signed, at map[int64]tlog.Hash, each func(bundle) error) error {
	t, row := &tree{}, rows(nil)
	count := (s.size + tile.Width - 1) / tile.Width
	for from := int64(0); from < count; from += ahead {
		if err := ctx.Err(); err != nil { // a folder does not ask
			return err
		}
		n := min(ahead, count-from)
		fetched := make([]bundle, n)
		hashes := make([][]byte, n)
		g, gctx := errgroup.WithContext(ctx)
		for i := range n {
			g.Go(func() (err error) {
				fetched[i], hashes[i], err = v.fetch(gctx, path, s.size, from+i)
				return err
			})
		}
		if err := g.Wait(); err != nil {
			return err
		}
		for i, b := range fetched {
			if err := t.take(path, b, hashes[i], at); err != nil {
				return err
			}
			if err := each(b); err != nil {
				return err
			}
			row.add(hashes[i])
			v.progress(path, b.first+int64(len(b.leaves)), s.size)
		}
	}
	if t.root() != s.root {
		return Wrong{path, -1, "its leaves do not make the root that was signed"}
	}
	if err := v.upper(ctx, path, row); err != nil {
		return err
	}
	if h, ok := at[0]; ok && h != (&tree{}).root() {
		return Wrong{path, -1, "an empty log has another root than the node's log says"}
	}
	for _, size := range slices.Sorted(maps.Keys(at)) {
		if size > s.size {
			return Wrong{path, -1, fmt.Sprintf("the node's log tells of %d leaves, and there are %d: leaves were dropped", size, s.size)}
		}
	}
	return nil
}

// take adds a bundle to the tree.
func (t *tree) take(path string, b bundle, hashes []byte, at map[int64]tlog.Hash) error {
	for i, l := range b.leaves {
		h := tlog.RecordHash(l)
		if string(h[:]) != string(hashes[i*tlog.HashSize:(i+1)*tlog.HashSize]) {
			return Wrong{path, b.first + int64(i), "it differs from its hash in the tiles"}
		}
		t.push(h)
		if want, ok := at[t.size]; ok && t.root() != want {
			return Wrong{path, b.first + int64(i), fmt.Sprintf("the first %d leaves differ from what the node's log says of them", t.size)}
		}
	}
	return nil
}

// bundle reads a bundle of leaves.
func (v *verifier) bundle(ctx context.Context, path string, size, index int64) (bundle, error) {
	n := tile.Name{Level: tile.Entries, Index: index, Width: int(min(tile.Width, size-index*tile.Width))}
	b, err := v.src.Get(ctx, path+"/"+n.Path())
	if err != nil {
		return bundle{}, absent(path, n, err)
	}
	leaves, err := tile.ReadEntries(b, n.Width)
	if err != nil {
		return bundle{}, Wrong{path, index * tile.Width, "the bundle that begins here is damaged"}
	}
	return bundle{index * tile.Width, leaves}, nil
}

// fetch reads a bundle and its tile of hashes.
func (v *verifier) fetch(ctx context.Context, path string, size, index int64) (bundle, []byte, error) {
	b, err := v.bundle(ctx, path, size, index)
	if err != nil {
		return bundle{}, nil, err
	}
	n := tile.Name{Index: index, Width: len(b.leaves)}
	hashes, err := v.src.Get(ctx, path+"/"+n.Path())
	if err != nil {
		return bundle{}, nil, absent(path, n, err)
	}
	if len(hashes) != n.Width*tlog.HashSize {
		return bundle{}, nil, Wrong{path, b.first, "the tile of hashes that begins here is damaged"}
	}
	return b, hashes, nil
}

func absent(path string, n tile.Name, err error) error {
	if errors.Is(err, ErrAbsent) {
		return Wrong{path, n.Index * tile.Width, n.Path() + " is missing"}
	}
	return fmt.Errorf("read %s of %s: %w", n.Path(), path, err)
}
