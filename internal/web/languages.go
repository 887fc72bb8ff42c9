package web

// Languages are those that people can say a group or an event speaks, by ISO
// 639 code, each called as its speakers call it.
func Languages() []Choice {
	var out []Choice
	for _, l := range [][2]string{
		{"ar", "العربية"}, {"bn", "বাংলা"}, {"de", "Deutsch"}, {"en", "English"}, {"es", "Español"}, {"fa", "فارسی"},
		{"fr", "Français"}, {"hi", "हिन्दी"}, {"it", "Italiano"}, {"ja", "日本語"}, {"ko", "한국어"}, {"nl", "Nederlands"},
		{"pl", "Polski"}, {"pt", "Português"}, {"ru", "Русский"}, {"sw", "Kiswahili"}, {"tl", "Tagalog"}, {"tr", "Türkçe"},
		{"uk", "Українська"}, {"ur", "اردو"}, {"vi", "Tiếng Việt"}, {"zh", "中文"},
	} {
		out = append(out, Choice{Value: l[0], Label: l[1]})
	}
	return out
}
