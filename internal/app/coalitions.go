package app

import (
	"context"
	"time"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/feature/coalitions"
	"convoke/internal/feature/groups"
	"convoke/internal/feature/identity"
	"convoke/internal/i18n"
	"convoke/internal/id"
	"convoke/internal/web"
)

// newCoalitions makes the feature of coalitions, and tells groups which of them are.
func (n *Node) newCoalitions(f *facts) *coalitions.Service {
	s := coalitions.New(coalitions.Deps{
		DB: n.DB, IDs: n.IDs, Groups: coalitionGroups{n.Groups}, Facts: f, Audit: n.audited,
	})
	n.Groups.Coalitions, f.coalitions = s, s
	return s
}

// coalitionPages puts coalitions onto the pages of groups.
func (n *Node) coalitionPages() {
	n.coalitionsWeb = &coalitions.Web{Service: n.Coalitions}
	n.Groups.Panels = append(n.Groups.Panels, n.coalitionsWeb.GroupPanel)
}

// scheduleCoalitions are the jobs of coalitions, besides [Node.closeDue].
func (n *Node) scheduleCoalitions() {
	n.Jobs.Every("forget mandates that ended", time.Hour, n.Coalitions.Expire)
}

// heldMandates are those of a person in coalitions.
func (n *Node) heldMandates(ctx context.Context, tx *db.Tx, p id.Person) (identity.Held, error) {
	h := identity.Held{
		Table: "delegate", Title: i18n.Mark("Your mandates in coalitions"),
		Note: i18n.Mark("Kept until a month after they ended."),
		Columns: []identity.Column{
			{Name: "group", Label: i18n.Mark("Group")}, {Name: "coalition", Label: i18n.Mark("Coalition")},
			{Name: "as", Label: i18n.Mark("As")}, {Name: "state", Label: i18n.Mark("State")}, {Name: "until_day", Label: i18n.Mark("Until")},
		},
	}
	state := map[coalitions.SeatState]string{coalitions.Asked: i18n.Mark("Asked"), coalitions.Holds: i18n.Mark("Holds"), coalitions.Ended: i18n.Mark("Ended")}
	all, err := n.Coalitions.Held(ctx, tx, p)
	for _, m := range all {
		as := identity.Said{Raw: "delegate", Text: i18n.Mark("Delegate")}
		if m.Alternate {
			as = identity.Said{Raw: "alternate", Text: i18n.Mark("Alternate")}
		}
		h.Rows = append(h.Rows, []any{m.Group, m.Coalition, as, identity.Said{Raw: string(m.State), Text: state[m.State]}, identity.Day(m.Until)})
	}
	return h, err
}

// coalitionGroups answers coalitions about groups.
type coalitionGroups struct{ s *groups.Service }

func toCoalitionGroup(b groups.Brief, err error) (coalitions.Group, error) {
	return coalitions.Group{ID: b.ID, Handle: b.Handle, Name: b.Name, Place: b.Place, Zone: b.Zone, Suspended: b.Suspended, Ended: b.Over()}, err
}

func toCoalitionGroups(all []groups.Brief, err error) ([]coalitions.Group, error) {
	out := make([]coalitions.Group, len(all))
	for i, b := range all {
		out[i], _ = toCoalitionGroup(b, nil)
	}
	return out, err
}

// ByID implements coalitions.Groups.
func (g coalitionGroups) ByID(ctx context.Context, tx *db.Tx, gid id.Group) (coalitions.Group, error) {
	return toCoalitionGroup(g.s.ByID(ctx, tx, gid))
}

// ByHandle implements coalitions.Groups.
func (g coalitionGroups) ByHandle(ctx context.Context, tx *db.Tx, h string) (coalitions.Group, error) {
	return toCoalitionGroup(g.s.ByHandle(ctx, tx, h))
}

// ByIDs implements coalitions.Groups.
func (g coalitionGroups) ByIDs(ctx context.Context, tx *db.Tx, all []id.Group) ([]coalitions.Group, error) {
	return toCoalitionGroups(g.s.ByIDs(ctx, tx, all))
}

// Role implements coalitions.Groups.
func (g coalitionGroups) Role(ctx context.Context, tx *db.Tx, gid id.Group, p id.Person) (authz.Role, error) {
	return g.s.Role(ctx, tx, gid, p)
}

// Roles implements coalitions.Groups.
func (g coalitionGroups) Roles(ctx context.Context, tx *db.Tx, p id.Person) (map[id.Group]authz.Role, error) {
	return g.s.Roles(ctx, tx, p)
}

// Organizes implements coalitions.Groups.
func (g coalitionGroups) Organizes(ctx context.Context, tx *db.Tx, p id.Person) ([]coalitions.Group, error) {
	return toCoalitionGroups(g.s.Organizes(ctx, tx, p))
}

// Member implements coalitions.Groups.
func (g coalitionGroups) Member(ctx context.Context, tx *db.Tx, gid id.Group, handle string) (id.Person, error) {
	return g.s.Member(ctx, tx, gid, handle)
}

// Found implements coalitions.Groups.
func (g coalitionGroups) Found(ctx context.Context, tx *db.Tx, in coalitions.NewGroup, by authz.Actor) (id.Group, error) {
	typed := groups.CreateInput{Name: in.Name, Handle: in.Handle, About: in.About, Place: in.Place, Pick: in.Pick, Anyway: in.Anyway}
	return g.s.Found(ctx, tx, typed, in.From, by)
}

// PlaceChoices implements coalitions.Groups.
func (g coalitionGroups) PlaceChoices(f *web.Form, err error) []web.Choice {
	return g.s.PlaceChoices(f, err)
}

// Close implements coalitions.Groups.
func (g coalitionGroups) Close(ctx context.Context, tx *db.Tx, gid id.Group) error {
	return g.s.Close(ctx, tx, gid)
}

// Seat implements coalitions.Groups.
func (g coalitionGroups) Seat(ctx context.Context, tx *db.Tx, gid id.Group, p id.Person, r authz.Role) error {
	return g.s.Seat(ctx, tx, gid, p, r)
}

// Unseat implements coalitions.Groups.
func (g coalitionGroups) Unseat(ctx context.Context, tx *db.Tx, gid id.Group, p id.Person) error {
	return g.s.Unseat(ctx, tx, gid, p)
}

// Stewards implements coalitions.Groups.
func (g coalitionGroups) Stewards(ctx context.Context, tx *db.Tx, gid id.Group) (int, error) {
	return g.s.CountStewards(ctx, tx, gid)
}

// Others implements coalitions.Groups.
func (g coalitionGroups) Others(ctx context.Context, tx *db.Tx, gid id.Group, p id.Person) ([]id.Person, error) {
	return g.s.Others(ctx, tx, gid, p)
}
