package seal

import (
	"context"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"

	"convoke/internal/clock"
	"convoke/internal/day"
	"convoke/internal/db"
)

// ErrBootKey says that a wrapped key does not open: the boot key belongs to
// other data, or the row is damaged.
var ErrBootKey = errors.New("the boot key does not fit the key database")

// Vault holds the data keys of all scopes. It is safe for concurrent use, and
// several processes may share its database.
type Vault struct {
	db    *db.DB
	clock clock.Clock
	wrap  cipher.AEAD
	cache *cache
}

// Open uses keys, a database of the schema migrations.Keys that was opened with
// SecureDelete. It does not read it; see [Vault.Check].
func Open(keys *db.DB, boot BootKey, c clock.Clock) (*Vault, error) {
	if boot == (BootKey{}) {
		return nil, errors.New("open the key vault: the boot key is empty")
	}
	k, err := hkdf.Expand(sha256.New, boot[:], "convoke seal 1 wrap", keySize)
	if err != nil {
		return nil, fmt.Errorf("open the key vault: %w", err)
	}
	a, err := newAEAD(k)
	if err != nil {
		return nil, fmt.Errorf("open the key vault: %w", err)
	}
	return &Vault{db: keys, clock: c, wrap: a, cache: newCache()}, nil
}

// Check reports [ErrBootKey] when the boot key does not open a stored key, so
// that a start with the wrong file stops at once and not at the first sign-up.
func (v *Vault) Check(ctx context.Context) error {
	var scope string
	var wrapped []byte
	err := v.db.Read(ctx, func(tx *db.Tx) error {
		return tx.Get(ctx, "select scope, wrapped from seal_key order by scope limit 1", nil, &scope, &wrapped)
	})
	if errors.Is(err, db.ErrNoRows) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("check the key database: %w", err)
	}
	_, err = v.unwrap(scope, wrapped)
	return err
}

// Key returns the key of scope and makes one, durably, when there is none. It
// returns [ErrDestroyed] for a scope that was destroyed. Call it before the
// write transaction that needs it: it has one of its own.
func (v *Vault) Key(ctx context.Context, scope string) (*Key, error) {
	k, err := v.Existing(ctx, scope)
	if !errors.Is(err, ErrDestroyed) {
		return k, err
	}
	_, generation := v.cache.get(scope, v.clock.Now())
	var raw [keySize]byte
	if _, err := rand.Read(raw[:]); err != nil {
		return nil, fmt.Errorf("make a key: %w", err)
	}
	fresh := seal(v.wrap, nil, raw[:], place("seal_key", "wrapped", scope))
	var kept []byte
	err = v.db.Write(ctx, func(tx *db.Tx) error {
		var n int
		if err := tx.Get(ctx, "select count(*) from tombstone where scope = $1", []any{scope}, &n); err != nil {
			return err
		}
		if n > 0 {
			return ErrDestroyed
		}
		_, err := tx.Exec(ctx, "insert into seal_key (scope, wrapped, created_day) values ($1, $2, $3) on conflict do nothing",
			scope, fresh, day.Of(tx.Now()))
		if err != nil {
			return err
		}
		// Another process may have been first; then its key counts.
		return tx.Get(ctx, "select wrapped from seal_key where scope = $1", []any{scope}, &kept)
	})
	if err != nil {
		return nil, fmt.Errorf("make the key of %s: %w", scope, err)
	}
	return v.keep(scope, kept, generation)
}

// Existing returns the key of scope, or [ErrDestroyed] when it has none.
func (v *Vault) Existing(ctx context.Context, scope string) (*Key, error) {
	k, generation := v.cache.get(scope, v.clock.Now())
	if k != nil {
		return k, nil
	}
	var wrapped []byte
	err := v.db.Read(ctx, func(tx *db.Tx) error {
		return tx.Get(ctx, "select wrapped from seal_key where scope = $1", []any{scope}, &wrapped)
	})
	if errors.Is(err, db.ErrNoRows) {
		v.cache.forget(scope)
		return nil, fmt.Errorf("find the key of %s: %w", scope, ErrDestroyed)
	}
	if err != nil {
		return nil, fmt.Errorf("find the key of %s: %w", scope, err)
	}
	return v.keep(scope, wrapped, generation)
}

func (v *Vault) keep(scope string, wrapped []byte, generation uint64) (*Key, error) {
	k, err := v.unwrap(scope, wrapped)
	if err != nil {
		return nil, err
	}
	return v.cache.put(scope, k, v.clock.Now(), generation), nil
}

func (v *Vault) unwrap(scope string, wrapped []byte) (*Key, error) {
	raw, err := open(v.wrap, wrapped, place("seal_key", "wrapped", scope))
	if err != nil {
		return nil, fmt.Errorf("unwrap the key of %s: %w", scope, ErrBootKey)
	}
	return newKey(raw)
}

// Destroy erases the key of scope for good, in the file and its write-ahead log
// too, and remembers that it did. It may be repeated. Other processes may use a
// cached key for up to a minute more.
//
// When it fails, the key may be destroyed and only traces of its wrapped form
// be left in the files; repeating it clears them.
func (v *Vault) Destroy(ctx context.Context, scope string) error {
	return v.Replay(ctx, []string{scope})
}

// Replay destroys the keys of many scopes at once: those known from elsewhere
// to be destroyed after a restore, or all that expired today.
func (v *Vault) Replay(ctx context.Context, scopes []string) error {
	for start := 0; start < len(scopes); start += 500 {
		part := scopes[start:min(start+500, len(scopes))]
		err := v.db.Write(ctx, func(tx *db.Tx) error {
			for _, s := range part {
				if err := destroy(ctx, tx, s); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("destroy keys: %w", err)
		}
		v.cache.forget(part...)
	}
	if len(scopes) == 0 {
		return nil
	}
	if err := v.db.Erase(ctx, "seal_key"); err != nil {
		return fmt.Errorf("destroy keys: %w", err)
	}
	return nil
}

func destroy(ctx context.Context, tx *db.Tx, scope string) error {
	if _, err := tx.Exec(ctx, "delete from seal_key where scope = $1", scope); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, "insert into tombstone (scope, day) values ($1, $2) on conflict do nothing", scope, day.Of(tx.Now()))
	return err
}

// Tombstones lists the destroyed scopes, for a backup of the main database to
// carry along.
func (v *Vault) Tombstones(ctx context.Context) ([]string, error) {
	var out []string
	err := v.db.Read(ctx, func(tx *db.Tx) (err error) {
		out, err = db.Column[string](ctx, tx, "select scope from tombstone order by scope")
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list destroyed keys: %w", err)
	}
	return out, nil
}

// Tags marks a word ([Key.Tag]) under the keys of many scopes at once, for finding it in
// each: prefix and a name make a scope, and the names are those of the answer. Scopes
// without a key are left out.
func (v *Vault) Tags(ctx context.Context, prefix string, names []string, use, word string) (map[string][]byte, error) {
	out := make(map[string][]byte, len(names))
	for _, n := range names {
		k, err := v.Existing(ctx, prefix+n)
		if errors.Is(err, ErrDestroyed) {
			continue
		}
		if err != nil {
			return nil, err
		}
		out[n] = k.Tag(use, word)
	}
	return out, nil
}
