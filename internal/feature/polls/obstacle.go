package polls

import (
	"strings"

	"convoke/internal/fact"
	"convoke/internal/i18n"
)

// obstacle is what pages say of why something cannot be done: beside the form of what is
// proposed, and with the result of what was decided.
func obstacle(why fact.Obstacle) string {
	switch why {
	case fact.NotOwner:
		return i18n.Mark("The group is no owner of this campaign, so it cannot decide that.")
	case fact.NotOpen:
		return i18n.Mark("This campaign is not open, or has ended.")
	case fact.ManyDemands:
		return i18n.Mark("This campaign has as many demands as it can have.")
	case fact.NoDemand:
		return i18n.Mark("This campaign has no demand with this number.")
	case fact.NoStep:
		return i18n.Mark("The campaign has no published ladder with a step of this key.")
	case fact.StepOver:
		return i18n.Mark("This step is over: it was met or has lapsed.")
	case fact.IsDown:
		return i18n.Mark("This campaign has stood down, so no step of it opens or halts.")
	case fact.NoCoalition:
		return i18n.Mark("The group belongs to no coalition of this handle that can act.")
	case fact.NoSeat:
		return i18n.Mark("The group has no such seat in the coalition, or none that is free.")
	case fact.WrongTerm:
		return i18n.Mark("The last day of the mandate is over, or more than two years away.")
	case fact.LeftGroup:
		return i18n.Mark("They have left the group.")
	case fact.SitsAlready:
		return i18n.Mark("They have another seat in the coalition.")
	case fact.NotInvolved:
		return i18n.Mark("This group does not belong to the coalition.")
	case fact.Unclear:
	}
	return i18n.Mark("This cannot be done, or not by this group. Look at the hint.")
}

// bar refuses what cannot be done.
func (p *parser) bar(field string, why fact.Obstacle) {
	p.fail(field, "proposal."+string(why), obstacle(why))
}

// undoneLines say what of a decision could not be carried out, and why.
func undoneLines(l *i18n.Locale, p *Poll) (out []string) {
	for _, x := range p.Undone {
		why, option, _ := strings.Cut(x, " ")
		line := l.T(obstacle(fact.Obstacle(why)))
		if option != "" {
			line = option + ": " + line
		}
		out = append(out, line)
	}
	return out
}
