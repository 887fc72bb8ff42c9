package groups

import (
	"strings"

	"convoke/internal/authz"
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
func roleName(t func(string, ...any) string, r authz.Role) string {
	switch r {
	case authz.Steward:
		return t("Steward")
	case authz.Organizer:
		return t("Organiser")
	case authz.Member:
		return t("Member")
	case authz.None:
	}
	return ""
}

func roleHint(t func(string, ...any) string, r authz.Role) string {
	switch r {
	case authz.Steward:
		return t("Looks after the group and its members.")
	case authz.Organizer:
		return t("Publishes events.")
	case authz.Member:
		return t("Sees drafts.")
	case authz.None:
	}
	return ""
}

func roleChoices(t func(string, ...any) string, roles []authz.Role, on authz.Role) []web.Choice {
	var out []web.Choice
	for _, r := range roles {
		out = append(out, web.Choice{Value: string(r), Label: roleName(t, r), Hint: roleHint(t, r), On: r == on})
	}
	return out
}
