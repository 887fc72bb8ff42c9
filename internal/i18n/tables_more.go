package i18n

import (
	"strings"
	"time"
)

// moreTables are languages without a catalogue in the program, so that one of
// the operator's needs no other program. Values as in [tables].
func moreTables() map[string]table {
	return map[string]table{
		"de": european("Deutsch", ".", ",", 1, "E, d. M y", "d. m y", "M y",
			"Sonntag Montag Dienstag Mittwoch Donnerstag Freitag Samstag", "So Mo Di Mi Do Fr Sa",
			"Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
			"Jan. Feb. März Apr. Mai Juni Juli Aug. Sept. Okt. Nov. Dez."),
		"fr": european("Français", "\u202f", ",", 1, "E d M y", "d m y", "M y",
			"dimanche lundi mardi mercredi jeudi vendredi samedi", "dim. lun. mar. mer. jeu. ven. sam.",
			"janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
			"janv. févr. mars avr. mai juin juil. août sept. oct. nov. déc."),
		"it": european("Italiano", ".", ",", 1, "E d M y", "d m y", "M y",
			"domenica lunedì martedì mercoledì giovedì venerdì sabato", "dom lun mar mer gio ven sab",
			"gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
			"gen feb mar apr mag giu lug ago set ott nov dic"),
		"nl": european("Nederlands", ".", ",", 1, "E d M y", "d m y", "M y",
			"zondag maandag dinsdag woensdag donderdag vrijdag zaterdag", "zo ma di wo do vr za",
			"januari februari maart april mei juni juli augustus september oktober november december",
			"jan feb mrt apr mei jun jul aug sep okt nov dec"),
		"pl": european("Polski", "\u00a0", ",", 2, "E, d M y", "d m y", "m y",
			"niedziela poniedziałek wtorek środa czwartek piątek sobota", "niedz. pon. wt. śr. czw. pt. sob.",
			"stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada grudnia",
			"sty lut mar kwi maj cze lip sie wrz paź lis gru"),
		"pt": european("Português", ".", ",", 1, "E, d 'de' M 'de' y", "d 'de' m 'de' y", "M 'de' y",
			"domingo segunda-feira terça-feira quarta-feira quinta-feira sexta-feira sábado", "dom. seg. ter. qua. qui. sex. sáb.",
			"janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
			"jan. fev. mar. abr. mai. jun. jul. ago. set. out. nov. dez."),
		"ru": european("Русский", "\u00a0", ",", 1, "E, d M y 'г'.", "d m y 'г'.", "m y",
			"воскресенье понедельник вторник среда четверг пятница суббота", "вс пн вт ср чт пт сб",
			"января февраля марта апреля мая июня июля августа сентября октября ноября декабря",
			"янв. февр. март апр. май июнь июль авг. сент. окт. нояб. дек."),
		"tr": european("Türkçe", ".", ",", 1, "d M y E", "d m y", "M y",
			"Pazar Pazartesi Salı Çarşamba Perşembe Cuma Cumartesi", "Paz Pzt Sal Çar Per Cum Cmt",
			"Ocak Şubat Mart Nisan Mayıs Haziran Temmuz Ağustos Eylül Ekim Kasım Aralık",
			"Oca Şub Mar Nis May Haz Tem Ağu Eyl Eki Kas Ara"),
		"uk": european("Українська", "\u00a0", ",", 1, "E, d M y 'р'.", "d m y 'р'.", "m y",
			"неділя понеділок вівторок середа четвер пʼятниця субота", "нд пн вт ср чт пт сб",
			"січня лютого березня квітня травня червня липня серпня вересня жовтня листопада грудня",
			"січ. лют. бер. квіт. трав. черв. лип. серп. вер. жовт. лист. груд."),
	}
}

// european is a table of a language with European digits, weeks from Monday and
// days of 24 hours. Names are separated by blanks.
func european(name, group, point string, minGroup int, date, short, month, days, daysShort, months, monthsShort string) table {
	t := table{
		name: name, group: group, point: point, minGroup: minGroup, km: "km",
		date: date, dateShort: short, time: "H:i", month: month, firstDay: time.Monday, halves: [2]string{"AM", "PM"},
	}
	switch name {
	case "Русский", "Українська":
		t.km = "км"
	}
	copy(t.days[:], strings.Fields(days))
	copy(t.daysShort[:], strings.Fields(daysShort))
	copy(t.months[:], strings.Fields(months))
	copy(t.monthsShort[:], strings.Fields(monthsShort))
	return t
}
