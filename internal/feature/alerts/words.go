package alerts

import (
	"convoke/internal/fact"
	"convoke/internal/i18n"
)

// name is the state of a case in words.
func (s State) name() string {
	switch s {
	case Fresh:
		return i18n.Mark("Waits for verifiers")
	case Checking:
		return i18n.Mark("Being checked")
	case Confirmed:
		return i18n.Mark("Confirmed")
	case Denied:
		return i18n.Mark("Not confirmed")
	case Duplicate:
		return i18n.Mark("The same as another one")
	case Expired:
		return i18n.Mark("Expired")
	}
	return ""
}

func basisName(b Basis) string {
	switch b {
	case Seen:
		return i18n.Mark("A verifier saw it")
	case Official:
		return i18n.Mark("An authority says so, too")
	case Several:
		return i18n.Mark("Several people who do not know of each other report it, too")
	}
	return ""
}

func confidenceName(c Confidence) string {
	if c == Likely {
		return i18n.Mark("Likely")
	}
	return i18n.Mark("Certain")
}

func kindName(k fact.AlertKind) string {
	switch k {
	case fact.AlertUpdate:
		return i18n.Mark("Update")
	case fact.AlertCorrect:
		return i18n.Mark("Correction")
	case fact.AlertClear:
		return i18n.Mark("All clear")
	case fact.AlertWithdraw:
		return i18n.Mark("Withdrawal")
	case fact.AlertNew:
	}
	return i18n.Mark("Alert")
}
