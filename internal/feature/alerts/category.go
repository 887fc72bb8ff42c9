package alerts

import (
	"slices"

	"convoke/internal/i18n"
)

// Category is what an alert is about. Its texts are fixed: nothing else is ever sent.
type Category struct {
	Code string
	Name string
	// Words are those by which people write it in a message, with commas between, the
	// most usual first.
	Words string
	// Hazard is what happens, in one sentence.
	Hazard string
	// Guidance are codes of what people can do, the most usual first.
	Guidance []string
	// Check is what a verifier has made sure of, beside what is the same for all.
	Check string
	// Life says that it cannot wait for the morning.
	Life bool
	// CAP is the category in the Common Alerting Protocol 1.2, section 3.2.2.
	CAP string
}

// Categories are all that there are. An operator may allow fewer.
func Categories() []Category {
	return []Category{
		{
			Code: "weather", Name: i18n.Mark("Weather and heat"), Words: i18n.Mark("weather, storm, heat"), Hazard: i18n.Mark("Dangerous weather or heat."), Life: true, CAP: "Met",
			Guidance: []string{"indoors", "water", "neighbours", "away", "official"}, Check: i18n.Mark("An official warning, or what I measured or saw, says the same."),
		},
		{
			Code: "fire", Name: i18n.Mark("Fire and smoke"), Words: i18n.Mark("fire, smoke"), Hazard: i18n.Mark("Fire or heavy smoke."), Life: true, CAP: "Fire",
			Guidance: []string{"away", "windows", "leave", "neighbours", "emergency"}, Check: i18n.Mark("The fire brigade knows of it."),
		},
		{
			Code: "eviction", Name: i18n.Mark("Eviction"), Words: i18n.Mark("eviction"), Hazard: i18n.Mark("An eviction is announced or under way."), CAP: "Other",
			Guidance: []string{"witness", "neighbours", "observers"}, Check: i18n.Mark("The people who live there want it to be known."),
		},
		{
			Code: "utility", Name: i18n.Mark("Water, power, heating or phones cut"), Words: i18n.Mark("power cut, no power, no water, no heating"), Hazard: i18n.Mark("Water, power, heating or phones are cut."), CAP: "Infra",
			Guidance: []string{"neighbours", "store", "official"}, Check: i18n.Mark("It is more than one house."),
		},
		{
			Code: "service", Name: i18n.Mark("Missing service"), Words: i18n.Mark("missing service"), Hazard: i18n.Mark("A service that people depend on is missing."), CAP: "Infra",
			Guidance: []string{"neighbours", "detour", "official"}, Check: i18n.Mark("I asked or looked on the spot, or the service itself says so."),
		},
		{
			Code: "road", Name: i18n.Mark("Road or transit closure"), Words: i18n.Mark("road, road closed, line closed"), Hazard: i18n.Mark("A road or a line is closed."), CAP: "Transport",
			Guidance: []string{"detour", "away"}, Check: i18n.Mark("It is closed now, and not only planned."),
		},
		{
			Code: "operation", Name: i18n.Mark("Large official operation in a public place"), Words: i18n.Mark("operation, raid"), CAP: "Security",
			Hazard:   i18n.Mark("There is a large official operation in a public place."),
			Guidance: []string{"observers", "detour", "calm", "away"}, Check: i18n.Mark("It is in a public place, and nothing is said of single officers or vehicles."),
		},
		{
			Code: "threat", Name: i18n.Mark("Threat to a gathering"), Words: i18n.Mark("threat"), Hazard: i18n.Mark("A gathering is threatened."), Life: true, CAP: "Security",
			Guidance: []string{"calm", "leave", "away", "emergency"}, Check: i18n.Mark("The organizers of the gathering know of it."),
		},
		{
			Code: "person", Name: i18n.Mark("Lost or found person"), Words: i18n.Mark("lost person, found person"), CAP: "Rescue",
			Hazard:   i18n.Mark("A person is lost or was found, and the family asks for help."),
			Guidance: []string{"look", "emergency"}, Check: i18n.Mark("The family itself asked for it: I spoke with them."),
		},
		{
			Code: "medical", Name: i18n.Mark("Medical need"), Words: i18n.Mark("medical, medical help, injured"), Hazard: i18n.Mark("Medical help is needed."), Life: true, CAP: "Health",
			Guidance: []string{"medics", "pass", "emergency"}, Check: i18n.Mark("The emergency number has been called."),
		},
		{
			Code: "observers", Name: i18n.Mark("Call for observers"), Words: i18n.Mark("observers"), Hazard: i18n.Mark("Observers are needed."), CAP: "Other",
			Guidance: []string{"observers", "calm"}, Check: i18n.Mark("Somebody on the spot asked for them."),
		},
	}
}

// categoryOf is not ok for a code that there is not.
func categoryOf(code string) (Category, bool) {
	all := Categories()
	i := slices.IndexFunc(all, func(c Category) bool { return c.Code == code })
	if i < 0 {
		return Category{}, false
	}
	return all[i], true
}

// guidance is a sentence of what people can do, by its code; "" for one that there is not.
func guidance(code string) string {
	switch code {
	case "indoors":
		return i18n.Mark("Stay indoors if you can.")
	case "windows":
		return i18n.Mark("Close windows and doors.")
	case "away":
		return i18n.Mark("Stay away from there.")
	case "leave":
		return i18n.Mark("If you are there, leave calmly, by the shortest safe way.")
	case "water":
		return i18n.Mark("Drink water and keep to the shade.")
	case "neighbours":
		return i18n.Mark("Look after neighbours who may need help.")
	case "store":
		return i18n.Mark("Keep some water and a charged phone at hand.")
	case "detour":
		return i18n.Mark("Take another way, and more time.")
	case "calm":
		return i18n.Mark("Stay calm and together, and listen to the marshals.")
	case "witness":
		return i18n.Mark("Come and be a peaceful witness, if you can.")
	case "observers":
		return i18n.Mark("Legal observers are asked to come: keep a distance and hinder nobody.")
	case "look":
		return i18n.Mark("If you know something that helps, call the emergency number.")
	case "medics":
		return i18n.Mark("If you know first aid and are near, come and help.")
	case "pass":
		return i18n.Mark("Keep the way free for the ambulance.")
	case "emergency":
		return i18n.Mark("In danger call the emergency number.")
	case "official":
		return i18n.Mark("Heed what the authorities say.")
	}
	return ""
}

// checks are what a verifier says they have made sure of, in their order.
func checks(c Category) []string {
	return []string{
		i18n.Mark("I did not report it myself, nor did somebody for me."),
		i18n.Mark("I know where it is, and since when."),
		c.Check,
	}
}
