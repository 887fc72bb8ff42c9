package alerts

import (
	"context"
	"strings"
	"time"

	"convoke/internal/day"
	"convoke/internal/db"
	"convoke/internal/fact"
	"convoke/internal/geo"
	"convoke/internal/i18n"
)

// Part is one of the five parts of a warning, in the order in which people understand
// them best (source, guidance, hazard, place, time).
type Part struct{ Label, Text string }

// Said is what an alert says in one language.
type Said struct {
	Title string // what and where, in one line
	Parts []Part
	// Short is at most 160 characters where a language allows: for push messages and SMS.
	Short string
	Drill bool
	// Do is what to do, "" for nothing said, and When the last of the parts.
	Do, When string
	// Warn says what an earlier message of the chain got wrong, "" for others.
	Warn string
}

// Said puts an alert into words. Nothing in it is typed by anybody.
func (s *Service) Said(l *i18n.Locale, n *Network, m *Message, sent time.Time) Said {
	c, _ := categoryOf(m.Category)
	place, until := s.where(l, m), ends(l, sent, time.Duration(m.Lasts)*time.Minute, n.Zone)
	out := Said{Drill: m.Drill, Warn: warn(l, m.Kind)}
	out.Title = kinded(l, m, l.T("{what}, {place}", "what", l.T(c.Name), "place", place))
	out.Parts = []Part{{l.T("Source"), s.source(l, n, m)}}
	ended := m.Kind == fact.AlertWithdraw || m.Kind == fact.AlertClear
	var first string
	switch {
	case ended:
		first, out.Do = out.Warn, out.Warn
	case len(m.Guidance) > 0:
		var do []string
		for _, g := range m.Guidance {
			do = append(do, l.T(guidance(g)))
		}
		first, out.Do = do[0], strings.Join(do, " ")
	}
	if out.Do != "" {
		out.Parts = append(out.Parts, Part{l.T("What to do"), out.Do})
	}
	hazard := l.T(c.Hazard)
	if m.Drill {
		hazard = l.T("This is a drill. Nothing has happened, and there is nothing to do.")
		first = hazard
	}
	out.Parts = append(out.Parts, Part{l.T("What happens"), hazard}, Part{l.T("Where"), place})
	out.When = l.T("Seen {seen}; valid until {until}.", "seen", stamp(l, time.Unix(m.Seen, 0), n.Zone), "until", until)
	if ended {
		out.When = l.T("Seen {seen}.", "seen", stamp(l, time.Unix(m.Seen, 0), n.Zone))
	}
	out.Parts = append(out.Parts, Part{l.T("When"), out.When})
	out.Short = out.Title + ". " + first
	if !ended {
		out.Short += " " + l.T("Until {until}.", "until", until)
	}
	return out
}

// Say is an alert with its words in a language; a NotFound fault when it is forgotten.
func (s *Service) Say(ctx context.Context, tx *db.Tx, alert string, l *i18n.Locale) (*Alert, Said, error) {
	a, ok, err := alertByID(ctx, tx, alert)
	if err != nil || !ok {
		return nil, Said{}, cmpErr(err)
	}
	n, err := s.networkByID(ctx, tx, a.Network)
	if err != nil {
		return nil, Said{}, err
	}
	return a, s.Said(l, n, &a.Message, a.Sent), nil
}

// Urgent reports whether it cannot wait for the morning.
func (a *Alert) Urgent() bool {
	c, _ := categoryOf(a.Category)
	return c.Life && !a.Drill
}

// kinded sets before a title what it does to the chain.
func kinded(l *i18n.Locale, m *Message, title string) string {
	switch m.Kind {
	case fact.AlertUpdate:
		title = l.T("Update: {title}", "title", title)
	case fact.AlertCorrect:
		title = l.T("Correction: {title}", "title", title)
	case fact.AlertWithdraw:
		title = l.T("Withdrawn: {title}", "title", title)
	case fact.AlertClear:
		title = l.T("All clear: {title}", "title", title)
	case fact.AlertNew:
	}
	if m.Drill {
		return l.T("DRILL. {title}", "title", title)
	}
	return title
}

func warn(l *i18n.Locale, k fact.AlertKind) string {
	switch k {
	case fact.AlertCorrect:
		return l.T("What we told you before was not right. This is what holds.")
	case fact.AlertWithdraw:
		return l.T("What we told you was a mistake. There is nothing to do.")
	case fact.AlertClear:
		return l.T("It is over. There is nothing more to do.")
	case fact.AlertNew, fact.AlertUpdate:
	}
	return ""
}

// source says who says so, and how sure they are.
func (s *Service) source(l *i18n.Locale, n *Network, m *Message) string {
	if m.Passed != nil {
		of := *m
		of.Passed = nil
		how := s.source(l, &Network{Name: m.Passed.Network}, &of)
		if m.Kind == fact.AlertWithdraw {
			return how
		}
		return how + " " + l.T("The network {network} passes it on.", "network", n.Name)
	}
	if m.Drill {
		return l.T("The network {network} tries out how it warns.", "network", n.Name)
	}
	if m.Kind == fact.AlertWithdraw {
		return l.T("A verifier of the network {network} takes it back.", "network", n.Name)
	}
	var how string
	switch m.Basis {
	case Seen:
		how = l.T("Two verifiers of the network {network} confirm it; at least one saw it.", "network", n.Name)
	case Official:
		how = l.T("An authority says so; two verifiers of the network {network} confirm it.", "network", n.Name)
	case Several:
		how = l.T("Several people who do not know of each other report it; two verifiers of the network {network} confirm it.", "network", n.Name)
	}
	if m.Confidence == Likely {
		return how + " " + l.T("It is likely, not certain.")
	}
	return how + " " + l.T("It is certain.")
}

// where names the place nearest to the middle of the cells, and how far it is.
func (s *Service) where(l *i18n.Locale, m *Message) string {
	p := middle(m.at())
	place, km := s.Nearest(p)
	if place == "" {
		return l.T("around {lat}, {lon}", "lat", p.Lat, "lon", p.Lon)
	}
	if km < 3 {
		return place
	}
	return l.T("{distance} from {place}", "distance", l.Kilometers(km), "place", place)
}

// middle is the middle cell's: the one with the least distance to all others.
func middle(cells []geo.GridCell) geo.Point {
	best, least := geo.Point{}, -1.0
	for _, c := range cells {
		sum := 0.0
		for _, o := range cells {
			sum += geo.Distance(c.Middle(), o.Middle())
		}
		if least < 0 || sum < least {
			best, least = c.Middle(), sum
		}
	}
	return best
}

func local(t time.Time, zone string) time.Time {
	if z, err := geo.LoadZone(zone); err == nil {
		return t.In(z)
	}
	return t.UTC()
}

// ends is when something ends, on the clocks of the network: with the day, when that is
// another one.
func ends(l *i18n.Locale, sent time.Time, lasts time.Duration, zone string) string {
	if day.Of(local(sent.Add(lasts), zone)) != day.Of(local(sent, zone)) {
		return stamp(l, sent.Add(lasts), zone)
	}
	return l.Time(local(sent.Add(lasts), zone))
}

// stamp is a day and a time on the clocks of the network.
func stamp(l *i18n.Locale, t time.Time, zone string) string {
	at := local(t, zone)
	return l.DateShort(at) + ", " + l.Time(at)
}
