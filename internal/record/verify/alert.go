package verify

import (
	"errors"

	"convoke/internal/record/leaf"
)

// alert reads an alert, which continues its chain: what was withdrawn stays so, and all
// of a chain is of one network, and a drill or not.
func (n *nodeLog) alert(b []byte) error {
	l, err := leaf.DecodeAlert(b)
	if err != nil {
		return err
	}
	a, err := leaf.ParseAlert(l.JSON)
	if err != nil {
		return err
	}
	if n.alerts == nil {
		n.alerts, n.alertIDs = map[string]leaf.AlertLine{}, map[string]bool{}
	}
	last, known := n.alerts[a.Chain]
	switch {
	case n.alertIDs[a.Alert]:
		return errors.New("an alert goes out twice")
	case known != (a.N > 1):
		return errors.New("it follows an alert that never went out")
	case known && (a.N != last.N+1 || a.Sent < last.Sent || a.Network != last.Network || a.Drill != last.Drill):
		return errors.New("it is not the next alert of its chain")
	case known && last.Kind == "withdraw":
		return errors.New("it follows an alert that was withdrawn")
	case known && last.Kind == "clear" && a.Kind != "correct" && a.Kind != "withdraw":
		return errors.New("it follows an all-clear")
	}
	n.alerts[a.Chain], n.alertIDs[a.Alert] = a, true
	return nil
}
