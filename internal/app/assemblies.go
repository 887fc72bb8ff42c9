package app

import (
	"context"
	"time"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/feature/assemblies"
	"convoke/internal/feature/coalitions"
	"convoke/internal/feature/groups"
	"convoke/internal/feature/identity"
	"convoke/internal/feature/members"
	"convoke/internal/i18n"
	"convoke/internal/id"
	"convoke/internal/web"
)

// newAssemblies makes the feature of assemblies.
func (n *Node) newAssemblies(f *facts) {
	n.Assemblies = assemblies.New(assemblies.Deps{
		DB: n.DB, IDs: n.IDs, Groups: assemblyGroups{n.Groups}, Coalitions: assemblyCoalitions{n.Coalitions}, Facts: f, Vault: n.Vault,
		Locales: n.locales, Audit: n.audited,
	})
	f.assemblies = n.Assemblies
}

// assemblyPages puts assemblies onto the pages of groups.
func (n *Node) assemblyPages(limits *limiter) {
	n.assembliesWeb = &assemblies.Web{
		Service: n.Assemblies, Limiter: limits, Client: func(c *web.Call) string { return n.client(c.R) }, Hub: assemblies.NewHub(),
	}
	n.Groups.Panels = append(n.Groups.Panels, n.assembliesWeb.GroupPanel)
}

// assemblyNews are assemblies to come that were called, changed or called off: those of a
// group, and what its coalitions hold in public.
func (n *Node) assemblyNews(ctx context.Context, g id.Group, from, until time.Time, l *i18n.Locale) (out []members.Item, err error) {
	err = n.DB.Read(ctx, func(tx *db.Tx) error {
		out = nil
		of, err := n.Coalitions.MemberOf(ctx, tx, g)
		for i, x := range append([]id.Group{g}, of...) {
			if err != nil || len(out) >= newsOf {
				return err
			}
			var all []assemblies.Assembly
			all, err = n.Assemblies.Changed(ctx, tx, x, i == 0, from, until, newsOf-len(out))
			for _, a := range all {
				x := members.Item{
					Kind: i18n.Mark("Assembly, new or changed"), Title: a.Title + " (" + l.DateShort(a.Local(a.Starts)) + ")", URL: "/assemblies/" + string(a.ID), When: a.Starts,
				}
				if a.State == assemblies.Off {
					x.Kind, x.Off = i18n.Mark("Assembly, called off"), true
				}
				out = append(out, x)
			}
		}
		return err
	})
	return out, err
}

// Following is how many pages follow assemblies here just now.
func (n *Node) Following() int { return n.assembliesWeb.Hub.Streams() }

// heldAssemblies is what a person does in assemblies, and has to do since.
func (n *Node) heldAssemblies(ctx context.Context, tx *db.Tx, p id.Person) ([]identity.Held, error) {
	title := identity.Column{Name: "assembly", Label: i18n.Mark("Assembly")}
	roles := identity.Held{
		Table: "assembly", Title: i18n.Mark("Your roles in assemblies"), Note: i18n.Mark("Members of the group see them."),
		Columns: []identity.Column{
			title, {Name: "group", Label: i18n.Mark("Group")}, {Name: "facilitates", Label: i18n.Mark("Facilitates")},
			{Name: "takes_notes", Label: i18n.Mark("Takes notes")},
		},
	}
	tasks := identity.Held{
		Table: "assembly_line", Title: i18n.Mark("Your tasks in minutes"), Note: i18n.Mark("Members of the group see your handle beside it."),
		Columns: []identity.Column{title, {Name: "task", Label: i18n.Mark("Task")}, {Name: "until_day", Label: i18n.Mark("Until")}},
	}
	does, todo, err := n.Assemblies.Held(ctx, tx, p)
	for _, r := range does {
		roles.Rows = append(roles.Rows, []any{r.Title, r.Group, r.Facilitates, r.Notes})
	}
	for _, t := range todo {
		tasks.Rows = append(tasks.Rows, []any{t.Assembly, t.Task, identity.Day(t.Until)})
	}
	return []identity.Held{roles, tasks}, err
}

// assemblyGroups answers assemblies about groups.
type assemblyGroups struct{ s *groups.Service }

func toAssemblyGroup(b groups.Brief, err error) (assemblies.Group, error) {
	return assemblies.Group{ID: b.ID, Handle: b.Handle, Name: b.Name, Zone: b.Zone, Langs: b.Langs, Suspended: b.Suspended, Ended: b.Over()}, err
}

// ByID implements assemblies.Groups.
func (g assemblyGroups) ByID(ctx context.Context, tx *db.Tx, gid id.Group) (assemblies.Group, error) {
	return toAssemblyGroup(g.s.ByID(ctx, tx, gid))
}

// ByHandle implements assemblies.Groups.
func (g assemblyGroups) ByHandle(ctx context.Context, tx *db.Tx, handle string) (assemblies.Group, error) {
	return toAssemblyGroup(g.s.ByHandle(ctx, tx, handle))
}

// Role implements assemblies.Groups.
func (g assemblyGroups) Role(ctx context.Context, tx *db.Tx, gid id.Group, p id.Person) (authz.Role, error) {
	return g.s.Role(ctx, tx, gid, p)
}

// Member implements assemblies.Groups.
func (g assemblyGroups) Member(ctx context.Context, tx *db.Tx, gid id.Group, handle string) (id.Person, error) {
	return g.s.Member(ctx, tx, gid, handle)
}

// Organizes implements assemblies.Groups.
func (g assemblyGroups) Organizes(ctx context.Context, tx *db.Tx, p id.Person) ([]assemblies.Group, error) {
	all, err := g.s.Organizes(ctx, tx, p)
	out := make([]assemblies.Group, len(all))
	for i, b := range all {
		out[i], _ = toAssemblyGroup(b, nil)
	}
	return out, err
}

// Tell implements assemblies.Groups.
func (g assemblyGroups) Tell(ctx context.Context, tx *db.Tx, gid id.Group, key, title, body string) error {
	return g.s.Tell(ctx, tx, gid, key, title, body)
}

// assemblyCoalitions answers assemblies about groups of groups.
type assemblyCoalitions struct{ s *coalitions.Service }

// Notice implements assemblies.Coalitions.
func (c assemblyCoalitions) Notice(ctx context.Context, tx *db.Tx, g id.Group) (days int, ok bool, err error) {
	x, ok, err := c.s.Rules(ctx, tx, g)
	return x.Notice, ok, err
}

// Members implements assemblies.Coalitions.
func (c assemblyCoalitions) Members(ctx context.Context, tx *db.Tx, g id.Group) ([]id.Group, error) {
	return c.s.MembersOf(ctx, tx, g)
}
