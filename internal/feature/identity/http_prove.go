package identity

import (
	"convoke/internal/web"
)

// Prove makes sure that the form of a dangerous act comes from the account's
// owner and not from whoever finds their browser: unless that was proved a short
// while ago, the words must be in the form's field "passphrase". What is wrong
// with them is an Invalid fault beside that field. Call it after it is clear
// that the reader may see the form.
func (s *Service) Prove(c *web.Call, f *web.Form) error {
	if err := c.RequireActor(); err != nil {
		return err
	}
	words := f.Raw("passphrase")
	f.Set("passphrase") // never sent back
	if c.Proved() {
		return nil
	}
	if words != "" {
		if err := s.allow(c.R, "sign-in"); err != nil {
			return err
		}
	}
	if err := s.ProveWords(c.Context(), c.Actor(), c.Session.ID, words); err != nil {
		return err
	}
	c.Session.Proved = c.Now()
	return nil
}
