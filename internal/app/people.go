package app

import (
	"context"
	"slices"

	"convoke/internal/authz"
	"convoke/internal/backup"
	"convoke/internal/day"
	"convoke/internal/db"
	"convoke/internal/feature/alerts"
	"convoke/internal/feature/attendance"
	"convoke/internal/feature/groups"
	"convoke/internal/feature/identity"
	"convoke/internal/feature/ladders"
	"convoke/internal/feature/mailings"
	"convoke/internal/feature/members"
	"convoke/internal/feature/petitions"
	"convoke/internal/feature/pledges"
	"convoke/internal/feature/subscriptions"
	"convoke/internal/i18n"
	"convoke/internal/id"
	"convoke/internal/notify"
)

// signInMail lets people sign in by mail, where there is some.
func (n *Node) signInMail(sender notify.Sender) *identity.Mail {
	if sender == nil {
		return nil
	}
	return &identity.Mail{Sender: sender, Register: n.Config.Registration == "email", BaseURL: n.Config.BaseURL}
}

// messageKinds are the jobs that reach people outside.
func messageKinds() []string {
	return slices.Concat(attendance.MessageKinds(), identity.MessageKinds(), petitions.MessageKinds(), pledges.MessageKinds(),
		members.MessageKinds(), ladders.MessageKinds(), alerts.MessageKinds(), subscriptions.MessageKinds(), mailings.MessageKinds())
}

// mailRows are addresses, which only keys make useful.
func mailRows() []backup.Sealed {
	var out []backup.Sealed
	for _, table := range identity.SealedTables() {
		out = append(out, backup.Sealed{Table: table, Column: identity.SealedColumn, Prefix: identity.MailScope})
	}
	return out
}

// identityGroups answers identity about groups.
type identityGroups struct {
	*groups.Service
	n *Node
}

// LeaveAll implements identity.Groups.
func (g identityGroups) LeaveAll(ctx context.Context, tx *db.Tx, p id.Person) error {
	if err := g.Service.LeaveAll(ctx, tx, p); err != nil {
		return err
	}
	return g.n.Ladders.PersonGone(ctx, tx, p)
}

// Join implements identity.Groups.
func (g identityGroups) Join(ctx context.Context, tx *db.Tx, group id.Group, p id.Person, in identity.Admission) error {
	return g.Service.Join(ctx, tx, group, p, groups.Admission(in))
}

// Conduct implements identity.Groups.
func (g identityGroups) Conduct(ctx context.Context, tx *db.Tx, group id.Group) (int, error) {
	return g.Rules(ctx, tx, group)
}

// Parting implements identity.Groups.
func (g identityGroups) Parting(ctx context.Context, tx *db.Tx, p id.Person) (identity.Parting, error) {
	needed, alone, err := g.Service.Parting(ctx, tx, p)
	var out identity.Parting
	for _, b := range needed {
		out.Needed = append(out.Needed, b.Name)
	}
	for _, b := range alone {
		out.Alone = append(out.Alone, b.Name)
	}
	return out, err
}

// heldElsewhere is what features besides identity hold about a person.
func (n *Node) heldElsewhere(ctx context.Context, tx *db.Tx, p id.Person) ([]identity.Held, error) {
	h := identity.Held{
		Table: "member", Title: i18n.Mark("Your groups"),
		Note: i18n.Mark("Also who let you in, and whom you let in, for the stewards of each group; and which version of its rules you accepted."),
		Columns: []identity.Column{
			{Name: "group", Label: i18n.Mark("Group")}, {Name: "handle", Label: i18n.Mark("Handle")},
			{Name: "role", Label: i18n.Mark("Role")}, {Name: "since_day", Label: i18n.Mark("Since")},
		},
	}
	all, err := n.Groups.Memberships(ctx, tx, p)
	for _, m := range all {
		h.Rows = append(h.Rows, []any{m.Group.Name, m.Group.Handle, saidRole(m.Role), identity.Day(day.Of(m.Since))})
	}
	if err != nil {
		return nil, err
	}
	asked, err := n.heldRequests(ctx, tx, p)
	if err != nil {
		return nil, err
	}
	confirmed, err := n.heldConfirmations(ctx, tx, p)
	if err != nil {
		return nil, err
	}
	granted, err := n.heldGrants(ctx, tx, p)
	if err != nil {
		return nil, err
	}
	sent, err := n.heldMandates(ctx, tx, p)
	if err != nil {
		return nil, err
	}
	wrote, err := n.heldProposals(ctx, tx, p)
	if err != nil {
		return nil, err
	}
	meets, err := n.heldAssemblies(ctx, tx, p)
	if err != nil {
		return nil, err
	}
	climbs, err := n.heldLadders(ctx, tx, p)
	if err != nil {
		return nil, err
	}
	warns, err := n.heldAlerts(ctx, tx, p)
	if err != nil {
		return nil, err
	}
	inside, err := n.heldInside(ctx, tx, p)
	return slices.Concat([]identity.Held{h, asked, confirmed, granted, sent}, wrote, meets, climbs, warns, inside), err
}

// heldRequests is what a person said who asked to join groups.
func (n *Node) heldRequests(ctx context.Context, tx *db.Tx, p id.Person) (identity.Held, error) {
	h := identity.Held{
		Table: "join_request", Title: i18n.Mark("What you asked groups"),
		Columns: []identity.Column{
			{Name: "group", Label: i18n.Mark("Group")}, {Name: "handle", Label: i18n.Mark("Handle")},
			{Name: "note", Label: i18n.Mark("What you wrote")}, {Name: "state", Label: i18n.Mark("State")},
			{Name: "reason", Label: i18n.Mark("Answer")}, {Name: "day", Label: i18n.Mark("Asked on")},
		},
	}
	state := map[groups.RequestState]string{groups.Waiting: i18n.Mark("Waits"), groups.Refused: i18n.Mark("Refused")}
	list, of, err := n.Groups.HeldRequests(ctx, tx, p)
	for i, r := range list {
		h.Rows = append(h.Rows, []any{
			of[i].Name, of[i].Handle, r.Note, identity.Said{Raw: string(r.State), Text: state[r.State]}, r.Reason, identity.Day(day.Of(r.Day)),
		})
	}
	return h, err
}

func saidRole(r authz.Role) identity.Said {
	text := map[authz.Role]string{
		authz.Member: i18n.Mark("Member"), authz.Organizer: i18n.Mark("Organizer"), authz.Steward: i18n.Mark("Steward"),
	}[r]
	return identity.Said{Raw: string(r), Text: text}
}

// Recovering implements identity.Groups.
func (g identityGroups) Recovering(ctx context.Context, tx *db.Tx, steward id.Person, group, member string) (identity.Recovering, error) {
	r, err := g.Service.Recovering(ctx, tx, steward, group, member)
	return identity.Recovering{
		Group: r.ID, Handle: r.Handle, Name: r.Name, Member: r.Member, Stewards: r.Stewards, Higher: r.Higher,
	}, err
}
