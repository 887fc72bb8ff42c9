package eventcsv

import (
	"strings"
	"unicode"
)

// meaning is what a type says: its kind, and the noun that a title uses.
type meaning struct{ kind, noun string }

// squeeze keeps only lower-case letters, so that "Walk-out", "walk out" and
// "walkout" are one word.
func squeeze(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsLetter(r) {
			return -1
		}
		return unicode.ToLower(r)
	}, s)
}

// exactMeaning knows the squeezed words that are used alone, misspellings that
// occur in real tables among them.
func exactMeaning(word string) (meaning, bool) {
	switch word {
	case "protest", "protests", "prostest", "protetst", "protesst", "protoest", "protet", "protes", "prot", "protesting", "protested":
		return meaning{KindRally, "Protest"}, true
	case "demonstration", "demonstrations", "demo":
		return meaning{KindRally, "Demonstration"}, true
	case "counterprotest", "counterprotester", "counterdemonstration", "counterrally":
		return meaning{KindRally, "Counter-protest"}, true
	case "rally", "rallies", "raly", "rallly", "rall", "rakky", "rallying":
		return meaning{KindRally, "Rally"}, true
	case "gathering", "communitygathering", "solidaritygathering", "speakout", "speeches", "speakingevent", "flashmob",
		"celebration", "walkin", "concert", "festival", "uprising":
		return meaning{KindRally, "Gathering"}, true
	case "march", "marches", "macrh", "marach", "marcg", "marc":
		return meaning{KindMarch, "March"}, true
	case "parade":
		return meaning{KindMarch, "Parade"}, true
	case "walk":
		return meaning{KindMarch, "Walk"}, true
	case "run", "race", "relay":
		return meaning{KindMarch, "Run"}, true
	case "caravan", "caravans", "carcaravan", "carcaravans", "motorcade", "carparade", "carrally", "carprotest":
		return meaning{KindMarch, "Caravan"}, true
	case "bicycleride", "bikeride":
		return meaning{KindMarch, "Bicycle ride"}, true
	case "fast", "hungerstrike", "hungerstrikes":
		return meaning{KindPresence, "Hunger strike"}, true
	case "stike":
		return meaning{KindStrike, "Strike"}, true
	case "memorial", "mass", "funeral", "prayer", "observance":
		return meaning{KindVigil, "Vigil"}, true
	case "directaction":
		return meaning{KindPresence, "Direct action"}, true
	case "assembly", "peoplesassembly", "generalassembly":
		return meaning{KindAssembly, "Assembly"}, true
	case "online", "virtual", "virtualevent", "onlineevent", "digital":
		return meaning{KindOnline, "Event"}, true
	}
	return meaning{}, false
}

// rule recognises a type that has one of the words in it.
type rule struct {
	words []string // squeezed; each is found anywhere in the squeezed type
	meaning
}

// rules are tried in order, the more special ones first: a rent strike is also
// a strike, a sit-in protest also a protest.
func rules() []rule {
	return []rule{
		{[]string{"rentstrike"}, meaning{KindRentStrike, "Rent strike"}},
		{[]string{"hungerstrike"}, meaning{KindPresence, "Hunger strike"}},
		{[]string{"teachin", "educationalevent"}, meaning{KindTeachIn, "Teach-in"}},
		{[]string{"training", "workshop"}, meaning{KindTraining, "Training"}},
		{[]string{"mutualaid", "fooddistribution", "fooddrive"}, meaning{KindMutualAid, "Mutual aid"}},
		{[]string{"walkout", "walkedout", "marchout"}, meaning{KindWalkout, "Walkout"}},
		{[]string{"boycott", "divestment"}, meaning{KindBoycott, "Boycott"}},
		{[]string{"sickout", "workstoppage", "strike"}, meaning{KindStrike, "Strike"}},
		{[]string{"picket"}, meaning{KindPicket, "Picket"}},
		{[]string{"vigil", "remembrance", "memorialservice", "memorialceremony", "commemorat", "prayer", "momentofsilence",
			"dayofsilence", "churchservice", "mockfuneral"}, meaning{KindVigil, "Vigil"}},
		{[]string{"sitin", "sitdown"}, meaning{KindPresence, "Sit-in"}},
		{[]string{"diein", "liein"}, meaning{KindPresence, "Die-in"}},
		{[]string{"encampment", "campout", "sleepout", "sleepin"}, meaning{KindPresence, "Encampment"}},
		{[]string{"occupation"}, meaning{KindPresence, "Occupation"}},
		{[]string{"blockade", "roadblock", "blockstreet", "blockhighway", "lockdown"}, meaning{KindPresence, "Blockade"}},
		{[]string{"bannerdrop", "bannerhang", "hangingofbanner"}, meaning{KindPresence, "Banner drop"}},
		{[]string{"civildisob"}, meaning{KindPresence, "Civil disobedience"}},
		{[]string{"humanchain", "nursein", "prayin", "standin", "kneel"}, meaning{KindPresence, "Action"}},
		{[]string{"caravan", "motorcade", "convoy", "tractorcade", "carprotest", "carrally", "carparade", "slowroll", "vehicle",
			"drivein", "driveby", "drivearound"}, meaning{KindMarch, "Caravan"}},
		{[]string{"bicycle", "bike"}, meaning{KindMarch, "Bicycle ride"}},
		{[]string{"parade", "procession"}, meaning{KindMarch, "Parade"}},
		{[]string{"paddleout", "flotilla", "kayak", "boatrally", "boatprotest", "hike", "motorcycle", "truckrally", "truckprotest",
			"tractorrally", "busrally", "horseride", "rideout", "skate", "march"}, meaning{KindMarch, "March"}},
		{[]string{"townhall", "forum", "meeting", "meetandgreet"}, meaning{KindMeeting, "Meeting"}},
		{[]string{"pressconference", "newsconference"}, meaning{KindOther, "Press conference"}},
		{[]string{"counterprotest", "counterdemo", "counterrally"}, meaning{KindRally, "Counter-protest"}},
		{[]string{"rally", "rallies", "raly"}, meaning{KindRally, "Rally"}},
		{[]string{"demon", "demos", "monstration"}, meaning{KindRally, "Demonstration"}},
		{[]string{"protest"}, meaning{KindRally, "Protest"}},
	}
}

// vocabulary turns types into kinds. It remembers what it has seen, up to a
// bound, because a table has few different types.
type vocabulary struct {
	rules []rule
	seen  map[string]meaning
}

const maxVocabulary = 4096

func newVocabulary() *vocabulary {
	return &vocabulary{rules: rules(), seen: make(map[string]meaning)}
}

// meaningOf returns the meaning of the first type that is recognised; one that
// is recognised as nothing special gives way to a later one.
func (v *vocabulary) meaningOf(types []string) meaning {
	other := meaning{KindOther, "Event"}
	for _, t := range types {
		switch m := v.lookUp(t); m.kind {
		case "":
		case KindOther:
			other = m
		default:
			return m
		}
	}
	return other
}

// lookUp returns a meaning without kind for an unknown type.
func (v *vocabulary) lookUp(t string) meaning {
	m, ok := v.seen[t]
	if ok {
		return m
	}
	parts := strings.FieldsFunc(t, func(r rune) bool { return strings.ContainsRune(",/&:()", r) })
	for _, part := range parts {
		for sub := range strings.SplitSeq(part, " and ") {
			if m = v.word(squeeze(offline(sub))); m.kind != "" {
				break
			}
		}
		if m.kind != "" {
			break
		}
	}
	if m.kind == "" && netType(t) {
		m = meaning{KindOnline, "Event"}
	}
	if len(v.seen) < maxVocabulary {
		v.seen[t] = m
	}
	return m
}

func (v *vocabulary) word(w string) meaning {
	if m, ok := exactMeaning(w); ok {
		return m
	}
	for _, r := range v.rules {
		for _, k := range r.words {
			if strings.Contains(w, k) {
				return r.meaning
			}
		}
	}
	return meaning{}
}

// netWord says that a word of a type means "on the network".
func netWord(w string) bool { return w == "online" || w == "virtual" || w == "digital" }

// netType says whether a type is one on the network, as "virtual rally".
func netType(t string) bool {
	for w := range strings.FieldsSeq(strings.ToLower(t)) {
		if netWord(w) {
			return true
		}
	}
	return false
}

// offline drops the network words, so that a "virtual rally" is a rally; a
// type of nothing else stays.
func offline(t string) string {
	var kept []string
	for w := range strings.FieldsSeq(strings.ToLower(t)) {
		if !netWord(w) {
			kept = append(kept, w)
		}
	}
	if kept == nil {
		return t
	}
	return strings.Join(kept, " ")
}
