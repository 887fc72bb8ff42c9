package app

import (
	"context"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/feature/assemblies"
	"convoke/internal/feature/groups"
	"convoke/internal/id"
	"convoke/internal/web"
)

// newAssemblies makes the feature of assemblies.
func (n *Node) newAssemblies(f *facts) {
	n.Assemblies = assemblies.New(assemblies.Deps{
		DB: n.DB, IDs: n.IDs, Groups: assemblyGroups{n.Groups}, Facts: f, Vault: n.Vault, Audit: n.Identity.Audit,
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

// Following is how many pages follow assemblies here just now.
func (n *Node) Following() int { return n.assembliesWeb.Hub.Streams() }

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
