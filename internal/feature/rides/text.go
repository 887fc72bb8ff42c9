package rides

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"convoke/internal/fault"
	"convoke/internal/plaintext"
)

// checkText refuses a text that is too long, or that would tell where somebody
// lives or how to reach them: it is shown to everybody who signed up.
func checkText(name, text string, limit int) (fault.FieldError, bool) {
	if utf8.RuneCountInString(text) > limit {
		return fault.Field(name, "form.long", "This is too long: at most {limit} characters, please.", "limit", limit), false
	}
	s := plaintext.Judged(strings.ReplaceAll(text, "\n", " , "))
	switch {
	case plaintext.HasContact(s):
		return fault.Field(name, "ride.text_contact",
			"This looks like an e-mail address, an account or a link. Please leave it out: everybody who signed up can read this."), false
	case plaintext.HasPhone(s):
		return fault.Field(name, "ride.text_phone",
			"This looks like a phone number. Please leave it out: everybody who signed up can read this."), false
	case hasAddress(s):
		return fault.Field(name, "ride.text_address",
			"This looks like an address. Write a place that everybody knows, without a house number or postcode, such as “main station, north side”."), false
	}
	return fault.FieldError{}, true
}

var (
	pointText   = regexp.MustCompile(`[0-9]{1,3}\.[0-9]{3,}`)
	longNumber  = regexp.MustCompile(`(^|[^0-9])[0-9]{5,6}($|[^0-9])`)
	ukPostcode  = regexp.MustCompile(`\b[a-z]{1,2}[0-9][a-z0-9]? ?[0-9][a-z]{2}\b`)
	clockText   = regexp.MustCompile(`\b[0-9]{1,2}[:.h][0-9]{2}\b`)
	token       = regexp.MustCompile(`[\pL']+\.?|[0-9]+ ?[a-z]?\b(?:[-/][0-9]+[a-z]?)?|[0-9]+\pL+|[^\pL0-9 ]`)
	houseNumber = regexp.MustCompile(`^[0-9]{1,4} ?[a-z]?(?:[-/][0-9]+[a-z]?)?$`)
)

// hasAddress finds a house number, a postcode or a position. A number is a house
// number when it stands by a word for a street, or ends what is said after a
// name ("Kirkegata 12"); platforms, lines, hours and counts are none.
func hasAddress(s string) bool {
	s = plaintext.WithoutDates(s)
	if pointText.MatchString(s) || longNumber.MatchString(s) || ukPostcode.MatchString(s) {
		return true
	}
	all := token.FindAllString(clockText.ReplaceAllString(s, ","), -1)
	for i, x := range all {
		if houseNumber.MatchString(strings.TrimSpace(x)) && isHouse(all, i) {
			return true
		}
	}
	return false
}

// isHouse judges the number all[i] by the words around it.
func isHouse(all []string, i int) bool {
	before, after := "", ""
	if i > 0 {
		before = strings.Trim(all[i-1], ".'")
	}
	if i+1 < len(all) {
		after = strings.Trim(all[i+1], ".'")
	}
	if beforeNumber[before] || afterNumber[after] {
		return false
	}
	for k := max(0, i-4); k < min(len(all), i+5); k++ {
		if isStreet(strings.Trim(all[k], ".'")) {
			return true
		}
	}
	ends := after == "" || strings.ContainsAny(after, ",;:.!?()")
	return ends && utf8.RuneCountInString(before) >= 3 && !smallWord[before] && unicode.IsLetter([]rune(before)[0])
}

func isStreet(word string) bool {
	if streets[word] {
		return true
	}
	for _, end := range streetEnds {
		if rest, ok := strings.CutSuffix(word, end); ok && rest != "" {
			return true
		}
	}
	return false
}

func wordSet(text string) map[string]bool {
	out := map[string]bool{}
	for _, w := range strings.Fields(text) {
		out[plaintext.Judged(w)] = true
	}
	return out
}

// The words are those of the languages that pages speak or often meet. A word
// that is missing lets a street through, or asks somebody to write otherwise:
// the rule keeps people from a mistake, not from a will.
var (
	streets = wordSet(`street st road rd avenue ave av lane ln drive dr court ct boulevard blvd close crescent terrace
		square sq mews gardens row calle c avenida avda paseo camino carrera carretera glorieta rue chemin allée impasse
		viale corso piazza vicolo rua travessa largo ulica ul aleja straße strasse str weg platz allee gasse damm ufer
		ring chaussee straat laan plein gata gatan gaten gade vej veien vägen katu utca sokak caddesi شارع طريق زقاق حارة улица`)
	streetEnds   = [...]string{"straße", "strasse", "str", "weg", "platz", "allee", "gasse", "damm", "ufer", "chaussee", "straat", "laan", "gata", "gatan", "gade", "veien", "vagen", "katu"}
	beforeNumber = wordSet(`platform track gate exit bay stop line bus tram terminal entrance level floor hall park parking zone
		section route highway motorway junction pier berth stand row u s re ice rb train train metro gleis steig bussteig ausgang eingang
		haltestelle linie tor parkplatz parkhaus ebene halle abfahrt voie quai sortie porte arrêt ligne niveau parc andén anden vía via
		salida puerta parada línea linea dársena darsena nivel binario uscita perron spoor رصيف محطة خط بوابة مخرج حافلة gate`)
	afterNumber = wordSet(`minute minutes min mins m km metre metres meter meters h hour hours hrs am pm a.m p.m uhr o clock seat seats people persons
		person places place bike bikes bicycle bicycles bag bags dog dogs child children kid kids stop stops euro euros eur dollar
		dollars percent litres mile miles step steps day days minuten stunde stunden sitze sitz plätze platze personen leute kinder fahrräder rader
		räder taschen halte meter minuto minutos hora horas asiento asientos plaza plazas personas bicicletas niños metros heure heures
		places personnes vélos enfants دقيقة دقائق ساعة ساعات مقاعد مقعد أشخاص متر كم`)
	smallWord = wordSet(`for with about from and the has have are only until till than per von mit für und noch etwa bis nur por para con
		hasta solo pour avec environ jusque من على حتى until around after before nach vor um gegen desde sobre`)
)
