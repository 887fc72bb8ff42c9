package identity

import (
	"context"
	"fmt"
	"strings"
	"time"

	"convoke/internal/authz"
	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/i18n"
	"convoke/internal/id"
)

// heldAbout reads every row of the feature about a person.
func heldAbout(ctx context.Context, tx *db.Tx, p id.Person) ([]Held, error) {
	var out []Held
	for _, f := range []func(context.Context, *db.Tx, id.Person) (Held, error){
		heldAccount, heldSessions, heldCodes, heldPasskeys, heldChallenges, heldRecoveries, heldLinks, heldTokens, heldAudit,
	} {
		h, err := f(ctx, tx, p)
		if err != nil {
			return nil, fmt.Errorf("read what is held in %s: %w", h.Table, err)
		}
		out = append(out, h)
	}
	return out, nil
}

// hold fills h with the rows of a query; row reads one.
func hold(ctx context.Context, tx *db.Tx, h Held, q string, p id.Person, row func(scan func(...any) error) ([]any, error)) (Held, error) {
	var err error
	h.Rows, err = db.Query(ctx, tx, q, []any{string(p)}, row)
	return h, err
}

func heldAccount(ctx context.Context, tx *db.Tx, p id.Person) (Held, error) {
	return hold(ctx, tx, Held{
		Table: "person", Title: i18n.Mark("Your account"),
		Note: i18n.Mark("Also a hash of your passphrase, with which we can check the words but not show them."),
		Columns: []Column{
			{"handle", i18n.Mark("Handle")}, {"operator", i18n.Mark("Operator")}, {"suspended", i18n.Mark("Suspended")},
			{"locale", i18n.Mark("Language")}, {"created_day", i18n.Mark("Made on")},
		},
	}, "select handle, operator, suspended, locale, created_day from person where id = $1", p,
		func(scan func(...any) error) ([]any, error) {
			var handle, locale string
			var operator, suspended bool
			var created Day
			err := scan(&handle, &operator, &suspended, &locale, &created)
			return []any{handle, operator, suspended, locale, created}, err
		})
}

func heldSessions(ctx context.Context, tx *db.Tx, p id.Person) (Held, error) {
	return hold(ctx, tx, Held{
		Table: "session", Title: i18n.Mark("Where you are signed in"),
		Note: i18n.Mark("Also a hash of the cookie in that browser. The hour of a proof is forgotten soon after ten minutes."),
		Columns: []Column{
			{"label", i18n.Mark("Name")}, {"created_day", i18n.Mark("Signed in")}, {"used_day", i18n.Mark("Last used")},
			{"expires_at", i18n.Mark("Ends")}, {"proved_at", i18n.Mark("Last proof that it is you")},
		},
	}, "select label, created_day, used_day, expires_at, proved_at from session where person_id = $1 order by created_day, id", p,
		func(scan func(...any) error) ([]any, error) {
			var label string
			var created, used Day
			var ends, proved int64
			err := scan(&label, &created, &used, &ends, &proved)
			return []any{label, created, used, clock.FromMicros(ends), moment(proved)}, err
		})
}

// moment is a time in microseconds, or zero for none.
func moment(at int64) time.Time {
	if at <= 0 {
		return time.Time{}
	}
	return clock.FromMicros(at)
}

func heldLinks(ctx context.Context, tx *db.Tx, p id.Person) (Held, error) {
	return hold(ctx, tx, Held{
		Table: "invitation", Title: i18n.Mark("Links that you made or just used, or that are meant for you"),
		Note: i18n.Mark("Also a hash of each link. Who used a link is forgotten soon after ten minutes."),
		Columns: []Column{
			{"role", i18n.Mark("What the link is for")}, {"made_by_you", i18n.Mark("Made by you")},
			{"expires_at", i18n.Mark("Ends")}, {"used_day", i18n.Mark("Used")},
		},
	}, `select role, made_by = $1, expires_at, used_day from invitation where made_by = $1
		union all select role, false, expires_at, used_day from invitation where used_by = $1 and made_by is distinct from $1
		union all select role, false, expires_at, used_day from invitation where for_handle = (select handle from person where id = $1)
		and for_handle <> '' and used_by is distinct from $1 and made_by is distinct from $1`, p,
		func(scan func(...any) error) ([]any, error) {
			var role string
			var mine bool
			var ends int64
			var used Day
			err := scan(&role, &mine, &ends, &used)
			return []any{linkRole(role), mine, clock.FromMicros(ends), used}, err
		})
}

// linkRole says what a link is for.
func linkRole(role string) Said {
	text := map[string]string{
		string(authz.Member): i18n.Mark("Member"), string(authz.Organizer): i18n.Mark("Organizer"), string(authz.Steward): i18n.Mark("Steward"),
		RoleManager:  i18n.Mark("Manages an event"),
		RoleOperator: i18n.Mark("Operator"), RoleAccount: i18n.Mark("A plain account"),
		roleSetup: i18n.Mark("Set up"), roleReset: i18n.Mark("New passphrase"),
	}[role]
	return Said{role, text}
}

func heldTokens(ctx context.Context, tx *db.Tx, p id.Person) (Held, error) {
	return hold(ctx, tx, Held{
		Table: "api_token", Title: i18n.Mark("Your tokens"), Note: i18n.Mark("Also a hash of each token."),
		Columns: []Column{
			{"name", i18n.Mark("What for")}, {"scopes", i18n.Mark("Allows")}, {"created_day", i18n.Mark("Made on")},
			{"used_day", i18n.Mark("Last used")}, {"expires_at", i18n.Mark("Ends")},
		},
	}, "select name, scopes, created_day, used_day, expires_at from api_token where person_id = $1 order by created_day, id", p,
		func(scan func(...any) error) ([]any, error) {
			var name, scopes string
			var created, used Day
			var ends int64
			err := scan(&name, &scopes, &created, &used, &ends)
			return []any{name, scopes, created, used, clock.FromMicros(ends)}, err
		})
}

const selectAuditOf = `select day, action, person_id = $1, id from audit where person_id = $1
	union all select day, action, person_id = $1, id from audit where about = $1 and about <> '' and person_id <> $1 order by 1, 4`

func heldAudit(ctx context.Context, tx *db.Tx, p id.Person) (Held, error) {
	return hold(ctx, tx, Held{
		Table: "audit", Title: i18n.Mark("What was done in a role, 180 days"),
		Note:    i18n.Mark("Also the ids of the group and of the other person concerned, which name nobody."),
		Columns: []Column{{"day", i18n.Mark("Day")}, {"action", i18n.Mark("What")}, {"by_you", i18n.Mark("Done by you")}},
	}, selectAuditOf, p, func(scan func(...any) error) ([]any, error) {
		var d Day
		var what done
		var mine bool
		var aid string
		err := scan(&d, &what, &mine, &aid)
		return []any{d, what, mine}, err
	})
}

// personAmong returns the first of words that is an account's id, or "".
func personAmong(ctx context.Context, tx *db.Tx, words string) (id.Person, error) {
	for _, w := range strings.Fields(words) {
		if !id.ValidSecret(w) {
			continue
		}
		found, err := db.Column[string](ctx, tx, "select id from person where id = $1", w)
		if err != nil || len(found) > 0 {
			return id.Person(w), err
		}
	}
	return "", nil
}

// renameAudit gives what an account did, and what was done to it, to a
// pseudonym that belongs to nobody.
func renameAudit(ctx context.Context, tx *db.Tx, p, pseudonym id.Person) error {
	for _, q := range []string{
		"update audit set subject = replace(subject, $1, $2) where person_id = $1",
		"update audit set subject = replace(subject, $1, $2), about = $2 where about = $1 and about <> ''",
		"update audit set person_id = $2 where person_id = $1",
	} {
		if _, err := tx.Exec(ctx, q, string(p), string(pseudonym)); err != nil {
			return fmt.Errorf("rename in the audit: %w", err)
		}
	}
	return nil
}

// deletePerson removes an account, and with it its sessions, memberships and
// tokens.
func deletePerson(ctx context.Context, tx *db.Tx, p id.Person) error {
	_, err := tx.Exec(ctx, "delete from person where id = $1", string(p))
	return err
}

// otherOperator reports whether somebody else can keep the node.
func otherOperator(ctx context.Context, tx *db.Tx, p id.Person) (bool, error) {
	n, err := db.Column[string](ctx, tx, "select id from person where operator and not suspended and id <> $1 limit 1", string(p))
	return len(n) > 0, err
}
