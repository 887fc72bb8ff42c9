package rides

import (
	"cmp"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"convoke/internal/id"
	"convoke/internal/seal"
)

func rowName(e id.Event, offer string) string { return string(e) + "/" + offer }

func (r *seatRow) name(e id.Event) string {
	return rowName(e, r.offer) + "/" + hex.EncodeToString(r.hash)
}

func (s *Service) seal(k *seal.Key, e id.Event, o *Offer) error {
	b, err := encode(o.Details)
	if err != nil {
		return err
	}
	o.sealed = k.Seal(s.Entropy, "ride_offer", "sealed", rowName(e, o.ID), b)
	return nil
}

func (s *Service) unseal(k *seal.Key, e id.Event, o *Offer) error {
	return open(k, "ride_offer", rowName(e, o.ID), o.sealed, &o.Details)
}

// open reads what is sealed in the column "sealed" of a row.
func open(k *seal.Key, table, row string, sealed []byte, into any) error {
	b, err := k.Open(table, "sealed", row, sealed)
	if err != nil {
		return fmt.Errorf("open ride: %w", err)
	}
	if err := json.Unmarshal(b, into); err != nil {
		return fmt.Errorf("decode ride: %w", err)
	}
	return nil
}

func (s *Service) unsealAll(k *seal.Key, ev *Event, all []Offer) error {
	for i := range all {
		o := &all[i]
		if err := s.unseal(k, ev.ID, o); err != nil {
			return err
		}
		o.Moved = !o.starts.Equal(ev.Start) || o.place != ev.Place
	}
	return nil
}

func openMessages(k *seal.Key, e id.Event, rows []messageRow) ([]said, error) {
	var out []said
	for _, r := range rows {
		m := said{hash: r.hash}
		if err := open(k, "ride_message", rowName(e, r.id), r.sealed, &m.Message); err != nil {
			return nil, err
		}
		m.At = micros(r.at)
		out = append(out, m)
	}
	slices.SortStableFunc(out, func(a, b said) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Nth, b.Nth)) })
	return out, nil
}

func sortedKeys(m map[string]int) []string { return slices.Sorted(maps.Keys(m)) }
