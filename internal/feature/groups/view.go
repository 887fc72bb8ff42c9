package groups

import (
	"strings"

	"convoke/internal/authz"
	"convoke/internal/i18n"
	"convoke/internal/web"
)

// languages are those that a group can name, by ISO 639 code, each called as
// its speakers call it.
func languages() []web.Choice {
	var out []web.Choice
	for _, l := range [][2]string{
		{"ar", "العربية"}, {"bn", "বাংলা"}, {"de", "Deutsch"}, {"en", "English"}, {"es", "Español"}, {"fa", "فارسی"},
		{"fr", "Français"}, {"hi", "हिन्दी"}, {"it", "Italiano"}, {"ja", "日本語"}, {"ko", "한국어"}, {"nl", "Nederlands"},
		{"pl", "Polski"}, {"pt", "Português"}, {"ru", "Русский"}, {"sw", "Kiswahili"}, {"tl", "Tagalog"}, {"tr", "Türkçe"},
		{"uk", "Українська"}, {"ur", "اردو"}, {"vi", "Tiếng Việt"}, {"zh", "中文"},
	} {
		out = append(out, web.Choice{Value: l[0], Label: l[1]})
	}
	return out
}

// languageNames writes codes as "Deutsch, English".
func languageNames(codes []string) string {
	var out []string
	for _, l := range languages() {
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
		return l.T("Organiser")
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
