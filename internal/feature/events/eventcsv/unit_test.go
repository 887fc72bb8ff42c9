package eventcsv

import (
	"strings"
	"testing"
)

func TestKinds(t *testing.T) {
	t.Parallel()
	v := newVocabulary()
	for types, want := range map[string]string{
		"protest": KindRally, "demonstration": KindRally, "Demonsrtation": KindRally, "counter- protest": KindRally,
		"rally; walk-out": KindRally, "walk out": KindWalkout, "protest (walk-out)": KindRally, "walkout: sit-in": KindWalkout,
		"sit in": KindPresence, "die-in": KindPresence, "road blockade": KindPresence, "encampment": KindPresence,
		"bicycle ride": KindMarch, "car parade": KindMarch, "boat parade": KindMarch, "caravan": KindMarch, "march/parade": KindMarch,
		"hunger strike": KindPresence, "work stoppage": KindStrike, "rent strike": KindRentStrike, "informational picket": KindPicket,
		"virtual rally": KindRally, "virtual event": KindOnline, "online petition": KindOnline, "teach-in": KindTeachIn,
		"town hall": KindMeeting, "people's assembly": KindAssembly, "boycott classes": KindBoycott, "candlelight vigil": KindVigil,
		"press conference": KindOther, "press conference; march": KindMarch, "rally and vigil": KindRally, "": KindOther, "yoga": KindOther,
		"mutual aid": KindMutualAid, "training": KindTraining, "yoga; vigil": KindVigil,
	} {
		if got := v.meaningOf(list(types)).kind; got != want {
			t.Errorf("%q is %s, want %s", types, got, want)
		}
	}
}

func TestDates(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"2017-11-04": "2017-11-04", "2017-1-4": "2017-01-04", "11/4/2017": "2017-11-04", "4 Nov 2017": "2017-11-04",
		"4 November 2017": "2017-11-04", "November 4, 2017": "2017-11-04", "2017-11-04T00:00:00Z": "2017-11-04",
		"11/4/2017 0:00:00": "2017-11-04", "2024-02-29": "2024-02-29",
		"2023-02-29": "", "25/11/2017": "", "11/4/17": "", "": "", "soon": "", "0017-11-04": "", "2017": "",
	} {
		d, ok := parseDate(in)
		if ok != (want != "") || ok && d.String() != want {
			t.Errorf("%q is %v, %v, want %q", in, d, ok, want)
		}
	}
}

func TestPeople(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]int{
		"0": 0, "1200": 1200, "1,200": 1200, "1.200": 1200, "1 200": 1200, "28.5": 29, "1525000": 1525000, "20000000": 20_000_000,
		"20000001": -1, "-1": -1, "dozens": -1, "1e9": -1, "": -1, "NaN": -1, "Inf": -1, "0x10": -1, ".": -1,
	} {
		n, ok := parsePeople(in, maxPeople)
		if !ok {
			n = -1
		}
		if n != want {
			t.Errorf("%q is %d, want %d", in, n, want)
		}
	}
}

func TestClean(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"  a \t b ":             "a b",
		"donâ€™t":               "don’t",
		"donÃ¢Â\u0080Â\u0099t":  "don’t",
		"PeÃ±a":                 "Peña",
		"caf\xe9 \x93x\x94":     "café “x”",
		"RenÃ©eÂ\u00a0B":        "Renée B",
		"LA CAFÉ” said":         "LA CAFÉ” said", // not garbled
		"SÃO PAULO, Âge":        "SÃO PAULO, Âge",
		"a\x00b\u202ec\u0085d":  "abc d",
		"ð\u009f\u008c\u00b9 x": "🌹 x",
		"xâ‚›":                  "xâ‚›", // would be a subscript, which nobody types
		"plain":                 "plain",
		"日本\u3000語":             "日本 語",
	} {
		if got, _ := clean(in); got != want {
			t.Errorf("clean(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestPersonal(t *testing.T) {
	t.Parallel()
	for in, hidden := range map[string]bool{
		"write to a.b@c.example": true, "call (555) 123-4567": true, "555-123-4567": true, "+49 341 1234567": true,
		"1-555-123-4567": true, "Fridays@Fetter's": false, "2024-05-04 to 2024-05-06": false, "100-200 people": false,
		"1,525,000": false, "7055 S Main Rd.": false,
	} {
		if _, got := hidePersonal(in); got != hidden {
			t.Errorf("%q hidden: %v", in, got)
		}
	}
}

func TestLinks(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]bool{
		"http://a.example": true, "https://a.example/b?c#d": true, "javascript:alert(1)": false, "ftp://a.example": false,
		"https://user:pass@a.example": false, "https:///x": false, "a.example": false, "https://" + strings.Repeat("a", 3000): false,
	} {
		if _, ok := parseLink(in); ok != want {
			t.Errorf("%.40q: %v", in, ok)
		}
	}
}

// Beyond its bound the reader goes on, and says once that it no longer looks
// for repeats.
func TestSeenIsBounded(t *testing.T) {
	t.Parallel()
	in := "date,locality,event_type\n" + strings.Repeat("2024-01-01,A,rally\n2024-01-02,A,rally\n2024-01-03,A,rally\n", 2)
	var problems []Problem
	rows := 0
	tab := &table{
		scan: &scanner{}, vocab: newVocabulary(), seen: newSeen(2),
		yield:   func(Row) error { rows++; return nil },
		problem: func(p Problem) { problems = append(problems, p) },
	}
	br, err := open(strings.NewReader(in))
	if err != nil {
		t.Fatal(err)
	}
	tab.scan.in = br
	if err := tab.readHeader(); err != nil {
		t.Fatal(err)
	}
	if err := tab.readRows(); err != nil {
		t.Fatal(err)
	}
	many := 0
	for _, p := range problems {
		if p.Code == CodeMany {
			many++
		}
	}
	if many != 1 || rows != 4 || tab.sum.Left != 2 {
		t.Errorf("%d rows, %d warnings, %+v", rows, many, tab.sum)
	}
}

func TestPlaceNamesAreSaidOnce(t *testing.T) {
	t.Parallel()
	in := "date,locality,region,place,event_type\n2024-01-01,\"Springfield, IL\",IL,City Hall; city hall; Annex,rally\n2024-01-01,Lee,,,rally\n"
	var got []Row
	if _, err := Read(strings.NewReader(in), func(r Row) error { got = append(got, r); return nil }, nil); err != nil {
		t.Fatal(err)
	}
	if got[0].Locality != "Springfield" || got[0].Place != "City Hall; Annex" || got[1].Locality != "Lee" {
		t.Errorf("got %+v", got)
	}
}

func TestNullIslandIsNoPoint(t *testing.T) {
	t.Parallel()
	in := "date,locality,event_type,lat,lon\n2024-01-01,A,rally,0,0\n2024-01-01,B,rally,0,7\n2024-01-01,C,rally,NaN,7\n2024-01-01,D,rally,1,\n"
	points := ""
	_, err := Read(strings.NewReader(in), func(r Row) error {
		if r.HasPoint {
			points += r.Locality
		}
		return nil
	}, nil)
	if err != nil || points != "B" {
		t.Errorf("points %q, %v", points, err)
	}
}

func TestBuiltTitlesAreBounded(t *testing.T) {
	t.Parallel()
	in := "date,locality,event_type,place\n2024-01-01,,rally," + strings.Repeat("x", 199) + "\n"
	_, err := Read(strings.NewReader(in), func(r Row) error {
		if n := len([]rune(r.Title)); n != maxTitle {
			t.Errorf("title of %d characters", n)
		}
		return nil
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
}
