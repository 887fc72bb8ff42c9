package rides

import (
	"strings"
	"testing"
)

// What would tell where somebody lives or how to reach them, with the code of
// the refusal.
var refused = map[string]string{
	"12 Main Street":                              "ride.text_address",
	"221B Baker St.":                              "ride.text_address",
	"Meet at 4 Elm Road":                          "ride.text_address",
	"Hauptstraße 12":                              "ride.text_address",
	"HAUPTSTRASSE 12a":                            "ride.text_address",
	"Lindenstr. 7":                                "ride.text_address",
	"Am Marktplatz 3":                             "ride.text_address",
	"Kirkegata 12":                                "ride.text_address",
	"Calle Mayor, 5":                              "ride.text_address",
	"12 rue de la Paix":                           "ride.text_address",
	"Rua Augusta 100, by the kiosk":               "ride.text_address",
	"شارع الحرية ١٢":                              "ride.text_address",
	"Ulica Długa 5":                               "ride.text_address",
	"Hauptstraße １２":                              "ride.text_address",
	"Hauptstraße\u200b 1\u200b2":                  "ride.text_address",
	"04109 Leipzig":                               "ride.text_address",
	"SW1A 1AA":                                    "ride.text_address",
	"51.3397, 12.3731":                            "ride.text_address",
	"The blue house, Oakwood 12":                  "ride.text_address",
	"Call 0341 987654":                            "ride.text_phone",
	"+49 (341) 98-76-54":                          "ride.text_phone",
	"(555) 010-4477":                              "ride.text_phone",
	"٠٣٤١ ٩٨٧٦٥٤":                                 "ride.text_phone",
	"0341–987–654":                                "ride.text_phone",
	"tel 0 3 4 1 9 8 7 6 5":                       "ride.text_phone",
	"ask ada@example.org":                         "ride.text_contact",
	"ada (at) example.org":                        "ride.text_contact",
	"ada ＠ example":                               "ride.text_contact",
	"on Mastodon @ada":                            "ride.text_contact",
	"https://chat.example/join":                   "ride.text_contact",
	"look at www.example.net":                     "ride.text_contact",
	"///filled.count.soap":                        "ride.text_contact",
	strings.Repeat("a", maxNote+1):                "form.long",
	"example.com/ada is my page, write there now": "ride.text_contact",
}

// What people write about meeting points.
var accepted = []string{
	"", "main station, north side", "Main Street", "Bus stop in front of the library", "Platform 3", "Gleis 5, Hauptbahnhof",
	"Exit 2 of the underground", "Park and ride, entrance B", "Marktplatz, 5 minutes before", "Main St, 10 minutes walk from the station",
	"10:30 at the latest", "We leave at 7:45, not later", "Room for 2 bikes", "2 seats in front, 1 behind", "Line 12, last stop",
	"Ausgang 4", "Puerta 2, estación central", "محطة القطار، رصيف 3", "المحطة المركزية، المدخل الشمالي", "Car park, level 2, by the lift",
	"The square in front of the town hall", "3rd bench by the fountain", "A 9, junction 20", "Costs about 5 euros each",
	"Way back on 2026-05-09", "We are 4, the car is small", "Raststätte, Ausfahrt Nord", "Quai 3", "No smoking. Two stops on the way.",
}

func TestTextThatTellsTooMuch(t *testing.T) {
	t.Parallel()
	for text, code := range refused {
		if f, ok := checkText("note", text, maxNote); ok || f.Code != code || f.Name != "note" || f.Msg == "" {
			t.Errorf("%q: %v, %q; want %s", text, ok, f.Code, code)
		}
	}
	for _, text := range accepted {
		if f, ok := checkText("note", text, maxNote); !ok {
			t.Errorf("%q is refused: %s", text, f.Code)
		}
	}
}

// Whatever stands around it, a number to call, an address to write to and a
// house number are found.
func FuzzText(f *testing.F) {
	for text := range refused {
		f.Add(text, "")
	}
	for _, text := range accepted {
		f.Add(text, " and so on")
	}
	f.Fuzz(func(t *testing.T, before, after string) {
		for _, telling := range []string{"+49 341 987654", "ada@example.org", "Hauptstraße 12,", "04109"} {
			if _, ok := checkText("note", before+" "+telling+" "+after, 1<<20); ok {
				t.Errorf("%q between %q and %q is not found", telling, before, after)
			}
		}
		checkText("note", before+after, maxNote)
	})
}
