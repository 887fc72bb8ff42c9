package groups

import (
	"strings"

	"convoke/internal/authz"
	"convoke/internal/i18n"
	"convoke/internal/web"
)

// languageNames writes codes as "Deutsch, English".
func languageNames(codes []string) string {
	var out []string
	for _, l := range web.Languages() {
		for _, c := range codes {
			if c == l.Value {
				out = append(out, l.Label)
			}
		}
	}
	return strings.Join(out, ", ")
}

// roleName says a role to people.
func roleName(l *i18n.Locale, r authz.Role) string {
	switch r {
	case authz.Steward:
		return l.T("Steward")
	case authz.Organizer:
		return l.T("Organizer")
	case authz.Member:
		return l.T("Member")
	case authz.None:
	}
	return ""
}

func roleHint(l *i18n.Locale, r authz.Role) string {
	switch r {
	case authz.Steward:
		return l.T("Looks after the group and its members.")
	case authz.Organizer:
		return l.T("Publishes events.")
	case authz.Member:
		return l.T("Sees drafts.")
	case authz.None:
	}
	return ""
}

func roleChoices(l *i18n.Locale, roles []authz.Role, on authz.Role) []web.Choice {
	var out []web.Choice
	for _, r := range roles {
		out = append(out, web.Choice{Value: string(r), Label: roleName(l, r), Hint: roleHint(l, r), On: r == on})
	}
	return out
}
