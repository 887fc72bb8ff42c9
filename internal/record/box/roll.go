package box

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/record"
	"convoke/internal/record/blind"
	"convoke/internal/record/leaf"
	"convoke/internal/seal"
)

// The gates of rolls: how somebody shows that they may take part.
const (
	GateMembers = "members" // of a group, as they were when the roll was made
	GateCodes   = "codes"   // a closed list of codes that the organizers brought
	GateEmail   = "email"   // whoever has an address
	GatePaper   = "paper"   // codes that were printed here and given out
	GateBrowser = "browser" // anybody, slowed only
)

// Closed reports whether nobody can be added to a roll of the gate.
func Closed(gate string) bool { return gate == GateMembers || gate == GateCodes }

// RollInput says who may take part.
type RollInput struct {
	Gate string
	// References are those of a closed roll: what each person is known by to the
	// registrar.
	References []string
	Slots      int
}

// Draft is a roll that was made and is not stored yet: making keys takes a while
// and has no place in a transaction.
type Draft struct {
	ID      leaf.ID
	gate    string
	opening []byte
	keys    []*blind.SignKey
	sealed  [][]byte
	members [][32]byte
}

// RollScopes and SlotScopes begin the names of the keys that are destroyed when
// rolls and boxes end; the sealed rows of SlotTable and the tags in the TagTables
// are of no use without theirs.
const (
	RollScopes = "roll:"
	SlotScopes = "slot:"
	SlotTable  = "slot_key"
)

// TagTables hold keyed tags of people who may take, or have taken, a credential.
func TagTables() []string { return []string{"issued", "roll_code"} }

// RollScope is the scope of the tags of a roll.
func RollScope(roll leaf.ID) string { return RollScopes + roll.String() }

// SlotScope is the scope of one slot's key.
func SlotScope(roll leaf.ID, n int) string { return fmt.Sprintf("%s%s:%d", SlotScopes, roll, n) }

// Prepare makes a roll with fresh keys. Store it with [Boxes.StoreRoll].
func (b *Boxes) Prepare(ctx context.Context, in RollInput) (*Draft, error) {
	if in.Gate == GateEmail && b.NoMail {
		return nil, fault.Conflict("roll.no_mail", "This server sends no e-mail, so nobody would get a code. Choose another way.")
	}
	salt := make([]byte, 16)
	if _, err := rand.Read(salt); err != nil {
		return nil, err
	}
	m := leaf.RollManifest{
		V: 1, Node: b.Record.Node, Gate: in.Gate, Closed: Closed(in.Gate), Registrar: b.Record.Node, Salt: hex.EncodeToString(salt),
	}
	if m.Closed {
		m.Size = uint32(len(in.References))
	}
	d := &Draft{gate: in.Gate}
	for range max(in.Slots, 1) {
		k, err := blind.NewSignKey()
		if err != nil {
			return nil, err
		}
		d.keys = append(d.keys, k)
		m.Keys = append(m.Keys, k.Public().Marshal())
	}
	text, err := leaf.Canonical(m)
	if err != nil {
		return nil, err
	}
	if _, err := leaf.ParseRoll(text); err != nil {
		return nil, fmt.Errorf("make a roll: %w", err)
	}
	d.opening = leaf.Roll{Manifest: text}.Encode()
	d.ID = leaf.IDOf(d.opening)
	return d, b.seal(ctx, d, in)
}

// seal closes what is private in a roll.
func (b *Boxes) seal(ctx context.Context, d *Draft, in RollInput) error {
	rk, err := b.Vault.Key(ctx, RollScope(d.ID))
	if err != nil {
		return err
	}
	for n, k := range d.keys {
		sk, err := b.Vault.Key(ctx, SlotScope(d.ID, n))
		if err != nil {
			return err
		}
		d.sealed = append(d.sealed, sk.Seal(nil, SlotTable, "sealed", SlotScope(d.ID, n), k.Marshal()))
	}
	for _, ref := range in.References {
		d.members = append(d.members, commitment(rk, ref))
	}
	slices.SortFunc(d.members, func(a, b [32]byte) int { return bytes.Compare(a[:], b[:]) })
	if n := len(slices.Compact(slices.Clone(d.members))); n != len(d.members) {
		return fault.Invalid(fault.Field("references", "roll.twice", "Somebody is on this list twice."))
	}
	return nil
}

// rollManifest is the manifest that opened a roll.
func (b *Boxes) rollManifest(ctx context.Context, tx *db.Tx, roll leaf.ID) (leaf.RollManifest, error) {
	opening, err := rollOpening(ctx, tx, roll)
	if errors.Is(err, db.ErrNoRows) {
		return leaf.RollManifest{}, errNoBox()
	}
	if err != nil {
		return leaf.RollManifest{}, err
	}
	r, err := leaf.DecodeRoll(opening)
	if err != nil {
		return leaf.RollManifest{}, err
	}
	return leaf.ParseRoll(r.Manifest)
}

// StoreRoll stores a roll and starts its log: the manifest and, of a closed one,
// all commitments.
func (b *Boxes) StoreRoll(ctx context.Context, tx *db.Tx, d *Draft) error {
	if err := insertRoll(ctx, tx, d); err != nil {
		return err
	}
	log := record.RollLog(d.ID)
	if err := b.Record.Start(ctx, tx, log); err != nil {
		return err
	}
	leaves := [][]byte{d.opening}
	for _, c := range d.members {
		leaves = append(leaves, leaf.Member{Commitment: c}.Encode())
	}
	_, err := b.Record.Append(ctx, tx, log, leaves...)
	return err
}

// salt is what hides a reference of a closed roll in its commitment. It follows
// from the roll's key, so that it need not be stored for each person.
func salt(k *seal.Key, ref string) []byte {
	return append(k.Tag("salt 1", ref), k.Tag("salt 2", ref)...)
}

func commitment(k *seal.Key, ref string) [32]byte {
	return leaf.Commitment([32]byte(salt(k, ref)), ref)
}

// Salt is what a member checks their commitment with: hexadecimal, and only for
// who passed the gate with that reference.
func (b *Boxes) Salt(ctx context.Context, roll leaf.ID, ref string) (string, error) {
	k, err := b.Vault.Existing(ctx, RollScope(roll))
	if err != nil {
		return "", fault.Because(errClosed(), err)
	}
	return hex.EncodeToString(salt(k, ref)), nil
}

// slotKey is an opened signing key.
type slotKey struct {
	key  *blind.SignKey
	read time.Time
}

// keepSlot is how long an opened key is used: a key that another process destroyed
// is noticed after that.
const keepSlot = time.Minute

// signKey opens the key of a slot.
func (b *Boxes) signKey(ctx context.Context, roll leaf.ID, n int, now time.Time) (*blind.SignKey, error) {
	scope := SlotScope(roll, n)
	b.mu.Lock()
	k := b.slots[scope]
	b.mu.Unlock()
	if k != nil && now.Sub(k.read) < keepSlot {
		return k.key, nil
	}
	var sealed []byte
	err := b.DB.Read(ctx, func(tx *db.Tx) (err error) {
		sealed, err = sealedSlot(ctx, tx, roll, n)
		return err
	})
	if err != nil {
		return nil, err
	}
	vk, err := b.Vault.Existing(ctx, scope)
	if errors.Is(err, seal.ErrDestroyed) {
		return nil, fault.Because(errClosed(), err)
	}
	if err != nil {
		return nil, err
	}
	der, err := vk.Open(SlotTable, "sealed", scope, sealed)
	if err != nil {
		return nil, fmt.Errorf("open the key of a slot: %w", err)
	}
	key, err := blind.ParseSignKey(der)
	if err != nil {
		return nil, err
	}
	b.mu.Lock()
	b.slots[scope] = &slotKey{key, now}
	b.mu.Unlock()
	return key, nil
}
