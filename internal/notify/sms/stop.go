package sms

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// stopWords are the messages that mean: send me no more. Those of English and French
// are prescribed: 47 CFR 64.1200(a)(10) (United States) names stop, quit, end, revoke,
// opt out, cancel and unsubscribe; Canadian networks ask for ARRET; and the large
// gateways take stopall, remove and TD besides
// (https://docs.aws.amazon.com/sms-voice/latest/userguide/keywords-required.html).
// Those of the other languages are what senders there ask people to answer, or the
// plain word for stopping or leaving. Each is written without spaces and marks that
// do not matter; see [plain].
var stopWords = [...]string{
	"stop", "stopall", "quit", "end", "revoke", "optout", "cancel", "cancelall", "unsubscribe", "remove", "td", // English
	"arret", "arreter", "desabonner", "desinscription", // French
	"baja", "alto", "cancelar", "parar", "salir", "darmedebaja", // Spanish, Portuguese
	"sair", "descadastrar", // Portuguese
	"stopp", "abmelden", "abbestellen", // German, Swedish, Norwegian
	"basta", "cancella", "cancellami", "disiscrivi", // Italian
	"afmelden", "uitschrijven", // Dutch
	"afmeld", "avslutt", "avsluta", "lopeta", // Danish, Norwegian, Swedish, Finnish
	"rezygnuje", "wypisz", "odhlasit", "zrusit", "leiratkozas", "dezabonare", "odjava", "otkaz", // Polish, Czech, Slovak, Hungarian, Romanian, Serbo-Croatian, Bulgarian
	"iptal", "ret", "dur", // Turkish
	"berhenti", "batal", "unreg", // Indonesian, Malay
	"tuchoi", "huy", "dung", // Vietnamese: từ chối, hủy, dừng
	"sitisha", "simamisha", // Swahili
	"tigil", "itigil", // Filipino
	"стоп", "отписаться", "отписка", "отмена", // Russian
	"відписатися", "скасувати", // Ukrainian
	"откажи", "спри", "отпиши", "одјава", // Bulgarian, Serbian
	"στοπ", "διαγραφη", "ακυρωση", // Greek
	"ايقاف", "اوقف", "توقف", "قف", "الغاء", "الغاءالاشتراك", // Arabic
	"لغو", "انصراف", // Persian
	"بند", "بندکریں", "روکیں", // Urdu
	"הסר", "הסרה", "עצור", "הפסק", // Hebrew
	"रोकें", "रुकें", "बंद", "बंदकरें", // Hindi
	"বন্ধ", "বন্ধকরুন", "থামুন", // Bengali
	"நிறுத்து", "ఆపు", // Tamil, Telugu
	"หยุด", "ยกเลิก", // Thai
	"停止", "退订", "退訂", "取消", "取消订阅", "拒收", // Chinese
	"配信停止", "解除", "やめる", "ストップ", // Japanese
	"수신거부", "중지", "그만", "해지", // Korean
	"ይቁም", "አቁም", // Amharic
	"կանգ", "სტოპ", // Armenian, Georgian
}

// IsStop reports whether a text message says no more than that its writer wants no
// more of them, in whatever language, letters and marks.
func IsStop(text string) bool {
	if len(text) > 100 {
		return false
	}
	said := plain(text)
	return said != "" && slices.ContainsFunc(stopWords[:], func(w string) bool { return plain(w) == said })
}

// IsStart reports whether a text message says no more than a word by which networks let
// people take back a STOP: it is for them.
func IsStart(text string) bool {
	said := plain(text[:min(len(text), 100)])
	return said == "start" || said == "unstop"
}

// plain leaves letters and digits, small and without marks.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, norm.NFKD.String(s))
}
