// Package sealedtest makes trustees for tests of sealed polls.
package sealedtest

import (
	"crypto/rand"
	"fmt"

	"convoke/internal/record/sealed"
)

// Run lets so many trustees of a node make a key. The secrets are those of seats 1
// and on.
func Run(node string, trustees, need uint8) (*sealed.Transcript, []*sealed.Secret, error) {
	t := &sealed.Transcript{}
	setup := sealed.Setup{Trustees: trustees, Need: need, Node: node}
	if _, err := rand.Read(setup.Salt[:]); err != nil {
		return nil, nil, err
	}
	if err := t.Add(setup.Encode()); err != nil {
		return nil, nil, err
	}
	all := make([]*sealed.Secret, trustees)
	steps := []func(seat int) ([]byte, error){
		func(seat int) (_ []byte, err error) {
			all[seat], err = sealed.NewSecret(rand.Reader, t, uint8(seat+1), fmt.Sprintf("Organisation %d", seat+1), nil)
			if err != nil {
				return nil, err
			}
			return all[seat].Join, nil
		},
		func(seat int) ([]byte, error) { return all[seat].MakeDeal(t) },
		func(seat int) ([]byte, error) {
			m, wrong, err := all[seat].MakeCheck(t)
			if err == nil {
				err = wrong
			}
			return m, err
		},
	}
	for _, step := range steps {
		for seat := range all {
			m, err := step(seat)
			if err == nil {
				err = t.Add(m)
			}
			if err != nil {
				return nil, nil, err
			}
		}
	}
	return t, all, nil
}
