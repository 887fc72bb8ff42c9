package record

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/note"

	"convoke/internal/db"
	"convoke/internal/seal"
)

// The scope KeyScopes and a name seals the key of that name; the sealed rows of
// KeyTable are of no use without it.
const (
	KeyScopes = "record:"
	KeyTable  = "record_key"
	KeyName   = "name" // the column

	nodeKey = "node"
	// WitnessKey cosigns the logs of others.
	WitnessKey = "witness"
)

// LoadKey reads a key that signs; the first start makes it.
func LoadKey(ctx context.Context, d *db.DB, v *seal.Vault, name string) (ed25519.PrivateKey, error) {
	k, err := v.Key(ctx, KeyScopes+name)
	if err != nil {
		return nil, fmt.Errorf("find the key of the record: %w", err)
	}
	seed := make([]byte, ed25519.SeedSize)
	if _, err := rand.Read(seed); err != nil {
		return nil, fmt.Errorf("make the key of the record: %w", err)
	}
	fresh := k.Seal(nil, KeyTable, "sealed", name, seed)
	var sealed []byte
	err = d.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, "insert into record_key (name, sealed) values ($1, $2) on conflict do nothing", name, fresh)
		if err != nil {
			return err
		}
		return tx.Get(ctx, "select sealed from record_key where name = $1", []any{name}, &sealed)
	})
	if err != nil {
		return nil, fmt.Errorf("store the key of the record: %w", err)
	}
	if seed, err = k.Open(KeyTable, "sealed", name, sealed); err != nil {
		return nil, fmt.Errorf("open the key of the record: %w", err)
	}
	return ed25519.NewKeyFromSeed(seed), nil
}

// signer signs checkpoints of one log (C2SP signed-note, type 0x01): its name is
// the log's origin, so that each log has a key id of its own.
type signer struct {
	name string
	hash uint32
	key  ed25519.PrivateKey
}

func newSigner(origin string, key ed25519.PrivateKey) *signer {
	return &signer{origin, keyHash(origin, key.Public().(ed25519.PublicKey)), key}
}

// keyHash is the key id of an Ed25519 key (C2SP signed-note).
func keyHash(name string, pub ed25519.PublicKey) uint32 {
	h := sha256.Sum256(append([]byte(name+"\n\x01"), pub...))
	return binary.BigEndian.Uint32(h[:])
}

// Name implements note.Signer.
func (s *signer) Name() string { return s.name }

// KeyHash implements note.Signer.
func (s *signer) KeyHash() uint32 { return s.hash }

// Sign implements note.Signer.
func (s *signer) Sign(msg []byte) ([]byte, error) { return ed25519.Sign(s.key, msg), nil }

// VerifierKey is the key of a log in the form that other programs take, as in
// "convoke.example.org/log+1a2b3c4d+AZ...".
func (r *Record) VerifierKey(log string) (string, error) {
	s, err := note.NewEd25519VerifierKey(r.origin(log), r.key.Public().(ed25519.PublicKey))
	if err != nil {
		return "", fmt.Errorf("write the key of log %s: %w", log, err)
	}
	return s, nil
}

// PublicKey is the node's key, which signs all its logs.
func (r *Record) PublicKey() ed25519.PublicKey { return r.key.Public().(ed25519.PublicKey) }

// errClosed is what appending to a closed log gives.
var errClosed = errors.New("this log is closed")
