package app

import (
	"context"
	"crypto/rand"
	"strings"
	"time"

	"convoke/internal/authz"
	"convoke/internal/day"
	"convoke/internal/db"
	"convoke/internal/feature/assemblies"
	"convoke/internal/feature/events"
	"convoke/internal/feature/groups"
	"convoke/internal/feature/identity"
	"convoke/internal/feature/members"
	"convoke/internal/feature/statements"
	"convoke/internal/feature/tasks"
	"convoke/internal/i18n"
	"convoke/internal/id"
	"convoke/internal/notify"
	"convoke/internal/web"
)

// newMembers makes the features of tasks and of members.
func (n *Node) newMembers(f *facts, sender notify.Sender) {
	n.Tasks = tasks.New(tasks.Deps{DB: n.DB, IDs: n.IDs, Groups: taskGroups{n.Groups}})
	var post *members.Post
	if sender != nil {
		post = &members.Post{Addresses: n.Identity, Sender: sender, Locales: n.locales, BaseURL: strings.TrimSuffix(n.Config.BaseURL, "/")}
	}
	n.Members = members.New(members.Deps{
		DB: n.DB, IDs: n.IDs, Entropy: rand.Reader, Vault: n.Vault, Groups: memberGroups{n.Groups}, Jobs: n.Jobs, Audit: n.Identity.Audit, Post: post,
		First: n.Tasks.FirstTasks,
	})
	n.Groups.Acted = n.Members.Acted
	f.tasks, f.members = n.Tasks, n.Members
}

// memberPages puts both onto the pages of groups and of one's account. What else has
// meetings or news is added to n.Members.Meetings and n.Members.News.
func (n *Node) memberPages() {
	n.tasksWeb, n.membersWeb = &tasks.Web{Service: n.Tasks}, &members.Web{Service: n.Members}
	n.Groups.Panels = append([]groups.Panel{n.membersWeb.GroupPanel, n.tasksWeb.GroupPanel}, n.Groups.Panels...)
	n.Identity.Panels = append(n.Identity.Panels, n.membersWeb.MinePanel, n.tasksWeb.MinePanel)
	n.Members.Meetings = []members.NextMeeting{n.nextEvent, n.nextAssembly}
	n.Members.News = []members.News{n.assemblyNews, n.eventNews, n.announcementNews, n.statementNews, n.taskNews}
}

// scheduleMembers are the jobs of both.
func (n *Node) scheduleMembers() {
	n.Jobs.Every("delete tasks that were done long ago", time.Hour, n.Tasks.Expire)
	n.Jobs.Every("expire skills", time.Hour, n.Members.Expire)
	n.Jobs.Every("send weekly mails", time.Hour, n.Members.SendDigests)
	n.Jobs.Every("look after quiet groups", time.Hour, n.Members.Tick)
}

// audited notes who did what in a role, and that the groups which the subject names are
// looked after when it was one of their organizers.
func (n *Node) audited(ctx context.Context, tx *db.Tx, by id.Person, action, subject string) error {
	for _, word := range strings.Fields(subject) {
		if by == "" {
			break // it happened by itself
		}
		if _, err := n.Groups.Acting(ctx, tx, id.Group(word), by); err != nil {
			return err
		}
	}
	return n.Identity.Audit(ctx, tx, by, action, subject)
}

// taskGroups answers tasks about groups.
type taskGroups struct{ s *groups.Service }

func toTaskGroup(b groups.Brief, err error) (tasks.Group, error) {
	return tasks.Group{ID: b.ID, Handle: b.Handle, Name: b.Name, Zone: b.Zone, Suspended: b.Suspended, Ended: b.Over()}, err
}

// ByID implements tasks.Groups.
func (g taskGroups) ByID(ctx context.Context, tx *db.Tx, gid id.Group) (tasks.Group, error) {
	return toTaskGroup(g.s.ByID(ctx, tx, gid))
}

// ByHandle implements tasks.Groups.
func (g taskGroups) ByHandle(ctx context.Context, tx *db.Tx, h string) (tasks.Group, error) {
	return toTaskGroup(g.s.ByHandle(ctx, tx, h))
}

// Role implements tasks.Groups.
func (g taskGroups) Role(ctx context.Context, tx *db.Tx, gid id.Group, p id.Person) (authz.Role, error) {
	return g.s.Acting(ctx, tx, gid, p)
}

// Belongs implements tasks.Groups.
func (g taskGroups) Belongs(ctx context.Context, tx *db.Tx, gid id.Group, p id.Person) (bool, error) {
	r, err := g.s.Role(ctx, tx, gid, p)
	return r != authz.None, err
}

// Member implements tasks.Groups.
func (g taskGroups) Member(ctx context.Context, tx *db.Tx, gid id.Group, handle string) (id.Person, error) {
	return g.s.Member(ctx, tx, gid, handle)
}

// memberGroups answers members about groups.
type memberGroups struct{ *groups.Service }

func toMemberGroup(g groups.Group, err error) (members.Group, error) {
	return members.Group{ID: g.ID, Handle: g.Handle, Name: g.Name, Joining: string(g.Joining), Suspended: g.Suspended, Ended: g.Over()}, err
}

// ByID implements members.Groups.
func (g memberGroups) ByID(ctx context.Context, tx *db.Tx, gid id.Group) (members.Group, error) {
	x, err := toMemberGroup(g.Whole(ctx, tx, gid))
	if err == nil {
		x.Coalition, err = g.Coalitions.IsCoalition(ctx, tx, gid)
	}
	return x, err
}

// ByHandle implements members.Groups.
func (g memberGroups) ByHandle(ctx context.Context, tx *db.Tx, h string) (members.Group, error) {
	b, err := g.Service.ByHandle(ctx, tx, h)
	if err != nil {
		return members.Group{}, err
	}
	return g.ByID(ctx, tx, b.ID)
}

// Member implements members.Groups.
func (g memberGroups) Member(ctx context.Context, tx *db.Tx, gid id.Group, p id.Person) (authz.Role, int, error) {
	return g.Belonging(ctx, tx, gid, p)
}

// nextEvent is the next public event of a group that is not called off.
func (n *Node) nextEvent(c *web.Call, g id.Group) (m members.Meeting, ok bool, err error) {
	r, err := n.Events.Search(c.Context(), events.Query{Group: g, Limit: 10})
	if err != nil {
		return m, false, err
	}
	for _, e := range r.Events {
		if e.State == events.Cancelled || e.State == events.Postponed {
			continue
		}
		d, err := n.Events.Describe(c.Context(), e.ID, c.Locale)
		return members.Meeting{Title: d.Title, URL: "/events/" + string(e.ID), When: d.When, Where: d.Where, Start: e.Start}, err == nil, err
	}
	return m, false, nil
}

// newsOf is how many things of one kind a weekly mail tells at most, and how many are
// looked through at once.
const newsOf = 50

func within(t, from, until time.Time) bool { return !t.Before(from) && t.Before(until) }

// eventNews are coming events that were announced or changed.
func (n *Node) eventNews(ctx context.Context, g id.Group, from, until time.Time, l *i18n.Locale) (out []members.Item, err error) {
	q := events.Query{Group: g, Limit: newsOf, In: l.Tag()}
	for more := true; more && len(out) < newsOf; {
		r, err := n.Events.Search(ctx, q)
		if err != nil {
			return nil, err
		}
		for _, e := range r.Events {
			if within(e.Updated, from, until) || within(e.Created, from, until) {
				x := members.Item{Kind: i18n.Mark("Event, changed"), Title: e.Title + " (" + l.DateShort(e.Local(e.Start)) + ")", URL: "/events/" + string(e.ID), When: e.Start}
				switch {
				case e.State == events.Cancelled:
					x.Kind, x.Off = i18n.Mark("Event, called off"), true
				case within(e.Created, from, until):
					x.Kind = i18n.Mark("New event")
				}
				out = append(out, x)
			}
		}
		q.After, more = r.Next, r.More
	}
	return out, nil
}

// statementNews are statements that were published or changed.
func (n *Node) statementNews(ctx context.Context, g id.Group, from, until time.Time, l *i18n.Locale) (out []members.Item, err error) {
	b, err := n.brief(ctx, g)
	if err != nil {
		return nil, err
	}
	q := statements.Query{Handle: b.Handle, Limit: newsOf}
	for more := true; more && len(out) < newsOf; {
		r, err := n.Statements.Find(ctx, q)
		if err != nil {
			return nil, err
		}
		for i := range r.Statements {
			if s := &r.Statements[i]; within(s.Updated, from, until) {
				out = append(out, members.Item{Kind: i18n.Mark("Statement"), Title: s.In(l.Tag()).Title, URL: "/statements/" + string(s.ID)})
			}
		}
		q.After, more = r.Last(), r.More
	}
	return out, nil
}

func (n *Node) brief(ctx context.Context, g id.Group) (b groups.Brief, err error) {
	err = n.DB.Read(ctx, func(tx *db.Tx) (err error) {
		b, err = n.Groups.ByID(ctx, tx, g)
		return err
	})
	return b, err
}

// announcementNews are what members were told, besides what [Node.assemblyNews] has.
func (n *Node) announcementNews(ctx context.Context, g id.Group, from, until time.Time, _ *i18n.Locale) (out []members.Item, err error) {
	err = n.DB.Read(ctx, func(tx *db.Tx) error {
		out = nil
		b, err := n.Groups.ByID(ctx, tx, g)
		if err != nil {
			return err
		}
		all, err := n.Groups.Announced(ctx, tx, g, from, until)
		for _, a := range all {
			if strings.HasPrefix(a.Key, assemblies.TellKey) {
				continue
			}
			out = append(out, members.Item{Kind: i18n.Mark("Announcement"), Title: a.Title, URL: "/groups/" + b.Handle + "/announcements#a-" + a.ID})
		}
		return err
	})
	return out, err
}

// taskNews are tasks that wait for somebody.
func (n *Node) taskNews(ctx context.Context, g id.Group, from, until time.Time, _ *i18n.Locale) (out []members.Item, err error) {
	err = n.DB.Read(ctx, func(tx *db.Tx) error {
		out = nil
		b, err := n.Groups.ByID(ctx, tx, g)
		if err != nil {
			return err
		}
		all, err := n.Tasks.Unowned(ctx, tx, g, day.Of(from), day.Of(until))
		for _, t := range all {
			out = append(out, members.Item{Kind: i18n.Mark("Task that waits for somebody"), Title: t.Title, URL: "/groups/" + b.Handle + "/tasks/" + t.ID})
		}
		return err
	})
	return out, err
}

// heldInside is what is held of a person inside groups: tasks, skills, weekly mails,
// and that they ask to take one on.
func (n *Node) heldInside(ctx context.Context, tx *db.Tx, p id.Person) ([]identity.Held, error) {
	group := []identity.Column{{Name: "group", Label: i18n.Mark("Group")}, {Name: "handle", Label: i18n.Mark("Handle")}}
	held := func(table, title string, more ...identity.Column) identity.Held {
		return identity.Held{Table: table, Title: title, Columns: append(group[:2:2], more...)}
	}
	own := held("task", i18n.Mark("Your tasks"), identity.Column{Name: "title", Label: i18n.Mark("Task")}, identity.Column{Name: "until_day", Label: i18n.Mark("Until")})
	list, of, err := n.Tasks.Held(ctx, tx, p)
	if err != nil {
		return nil, err
	}
	for i, t := range list {
		own.Rows = append(own.Rows, []any{of[i].Name, of[i].Handle, t.Title, identity.Day(t.Until)})
	}
	skills := held("skill", i18n.Mark("Skills that you offer"), identity.Column{Name: "codes", Label: i18n.Mark("Skills")},
		identity.Column{Name: "line", Label: i18n.Mark("What you wrote")}, identity.Column{Name: "ends_day", Label: i18n.Mark("Ends")})
	offers, where, err := n.Members.HeldSkills(ctx, tx, p)
	if err != nil {
		return nil, err
	}
	for i, o := range offers {
		skills.Rows = append(skills.Rows, []any{where[i].Name, where[i].Handle, strings.Join(o.Codes, " "), o.Line, identity.Day(o.Ends)})
	}
	digest := held("digest", i18n.Mark("Weekly mails that you asked for"), identity.Column{Name: "since_day", Label: i18n.Mark("Last one")})
	digest.Note = i18n.Mark("Also the mark of the link in them.")
	mails, since, err := n.Members.HeldDigests(ctx, tx, p)
	if err != nil {
		return nil, err
	}
	for i, g := range mails {
		digest.Rows = append(digest.Rows, []any{g.Name, g.Handle, identity.Day(since[i])})
	}
	asked := held("dormancy", i18n.Mark("Groups that you ask to take on"))
	quiet, err := n.Members.HeldAsked(ctx, tx, p)
	for _, g := range quiet {
		asked.Rows = append(asked.Rows, []any{g.Name, g.Handle})
	}
	return []identity.Held{own, skills, digest, asked}, err
}
