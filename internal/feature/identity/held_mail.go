package identity

import (
	"context"

	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/i18n"
	"convoke/internal/id"
)

// heldMail is what is held of a person's address, opened for its owner.
func (s *Service) heldMail(ctx context.Context, tx *db.Tx, p id.Person) ([]Held, error) {
	own := Held{
		Table: "person_mail", Title: i18n.Mark("Your e-mail address"),
		Note:    i18n.Mark("It is stored encrypted, with a mark by which we find it when you type it."),
		Columns: []Column{{"address", i18n.Mark("Address")}, {"confirmed_day", i18n.Mark("Confirmed on")}},
	}
	a, err := addressOf(ctx, tx, p)
	if err == nil {
		to, err := s.openOwn(ctx, p, a)
		if err != nil {
			return nil, err
		}
		own.Rows = [][]any{{to, a.confirmed}}
	} else if !isNone(err) {
		return nil, err
	}
	links, err := hold(ctx, tx, Held{
		Table: "mail_link", Title: i18n.Mark("E-mail addresses that you have not confirmed"),
		Note:    i18n.Mark("Encrypted, and for some minutes only."),
		Columns: []Column{{"made_at", i18n.Mark("Made on")}},
	}, "select made_at from mail_link where person_id = $1 order by made_at", p, func(scan func(...any) error) ([]any, error) {
		var at int64
		err := scan(&at)
		return []any{clock.FromMicros(at)}, err
	})
	return []Held{own, links}, err
}
