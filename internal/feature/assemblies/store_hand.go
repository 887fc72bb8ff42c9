package assemblies

import (
	"context"
	"fmt"
	"strings"

	"convoke/internal/db"
	"convoke/internal/seal"
)

// scope is of the key under which the names of an assembly are sealed.
func scope(a ID) string { return "assembly:" + string(a) }

// nameTag keeps apart who would be called by the same name.
func nameTag(k *seal.Key, name string) []byte { return k.Tag("name", strings.ToLower(name)) }

// scanHand reads a hand and its sealed name: its Name is the tag of that.
func scanHand(scan func(...any) error) (h Hand, name []byte, err error) {
	var who, tag []byte
	err = scan(&who, &name, &tag, &h.State, &h.Spoke, &h.Turn)
	h.Who, h.Name = string(who), string(tag)
	return h, name, err
}

const (
	selectHands  = "select who, name, name_tag, state, spoke, turn from assembly_hand where assembly_id = $1"
	selectHandUp = selectHands + " and state <> 'down' order by turn"
	selectHand   = selectHands + " and who = $2"
)

// stackOf reads everybody, each with the tag of their name for a name.
func stackOf(ctx context.Context, tx *db.Tx, a ID) (stack, error) {
	return db.Query(ctx, tx, selectHands, []any{string(a)}, func(scan func(...any) error) (Hand, error) {
		h, _, err := scanHand(scan)
		return h, err
	})
}

// upOf reads whose hand is up or who speaks. Without a key they have no names.
func upOf(ctx context.Context, tx *db.Tx, a ID, k *seal.Key) (stack, error) {
	return db.Query(ctx, tx, selectHandUp, []any{string(a)}, func(scan func(...any) error) (Hand, error) {
		h, name, err := scanHand(scan)
		if err != nil {
			return h, err
		}
		if h.Name = ""; k != nil {
			plain, err := k.Open("assembly_hand", "name", string(a)+h.Who, name)
			h.Name = string(plain)
			return h, err
		}
		return h, nil
	})
}

func handOf(ctx context.Context, tx *db.Tx, a ID, who string) (Hand, error) {
	var h Hand
	err := db.ErrNoRows
	all, e := db.Query(ctx, tx, selectHand, []any{string(a), []byte(who)}, func(scan func(...any) error) (Hand, error) {
		h, _, err := scanHand(scan)
		return h, err
	})
	if e != nil {
		return h, fmt.Errorf("read a hand: %w", e)
	}
	if len(all) == 1 {
		h, err = all[0], nil
	}
	return h, err
}

func putHand(ctx context.Context, tx *db.Tx, a ID, h Hand, name []byte) error {
	_, err := tx.Exec(ctx, `insert into assembly_hand (assembly_id, who, name, name_tag, state, spoke, turn) values ($1, $2, $3, $4, $5, $6, $7)
		on conflict (assembly_id, who) do update set name = excluded.name, name_tag = excluded.name_tag, state = excluded.state, turn = excluded.turn`,
		string(a), []byte(h.Who), name, []byte(h.Name), string(h.State), h.Spoke, h.Turn)
	if err != nil {
		return fmt.Errorf("put a hand up: %w", err)
	}
	return nil
}

func setHand(ctx context.Context, tx *db.Tx, a ID, h Hand) error {
	_, err := tx.Exec(ctx, "update assembly_hand set state = $3, spoke = $4 where assembly_id = $1 and who = $2",
		string(a), []byte(h.Who), string(h.State), h.Spoke)
	if err != nil {
		return fmt.Errorf("change a hand: %w", err)
	}
	return nil
}

// dropHands erases who asked to speak, and the forms that were used.
func dropHands(ctx context.Context, tx *db.Tx, a ID) error {
	for _, table := range [...]string{"assembly_hand", "assembly_form"} {
		if _, err := tx.Exec(ctx, "delete from "+table+" where assembly_id = $1", string(a)); err != nil {
			return fmt.Errorf("erase who asked to speak: %w", err)
		}
	}
	return nil
}

// turnHand puts a hand up again that was up before.
func turnHand(ctx context.Context, tx *db.Tx, a ID, h Hand) error {
	_, err := tx.Exec(ctx, "update assembly_hand set state = $3, turn = $4 where assembly_id = $1 and who = $2",
		string(a), []byte(h.Who), string(h.State), h.Turn)
	if err != nil {
		return fmt.Errorf("put a hand up: %w", err)
	}
	return nil
}
