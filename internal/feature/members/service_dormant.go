package members

import (
	"context"
	"slices"
	"strconv"

	"convoke/internal/authz"
	"convoke/internal/day"
	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/id"
	"convoke/internal/job"
	"convoke/internal/web"
)

// Audited actions.
const (
	auditQuiet    = "group is quiet"
	auditBack     = "group is looked after again"
	auditAsk      = "ask to take a group on"
	auditWithdraw = "no longer ask to take a group on"
	auditHanded   = "group handed over"
)

// Acted notes that somebody with a role did something in a group. What is written is
// a day, once a week at most.
func (s *Service) Acted(ctx context.Context, tx *db.Tx, g id.Group, r authz.Role) error {
	if !r.AtLeast(authz.Organizer) {
		return nil
	}
	d, ok, err := dormancyOf(ctx, tx, g)
	if err != nil {
		return err
	}
	next, what := d.acted(r, day.Of(tx.Now()))
	if ok && next == d {
		return nil
	}
	if of, err := s.Groups.ByID(ctx, tx, g); err != nil || of.Coalition {
		return err
	}
	if what == cameBack {
		tx.Touch("group:" + string(g))
		if err := s.Audit(ctx, tx, "", auditBack, string(g)); err != nil {
			return err
		}
	}
	return s.putDormancy(ctx, tx, g, next)
}

// Standing is where a group stands, for one of its members.
type Standing struct {
	Dormancy
	Group Group
	Role  authz.Role
	Asker string // handle of who asks to take it on
	Me    bool   // that is the reader
	// From is the day from which the reader may ask, 0 when they may not.
	From int
	May  bool // ask, today
}

func (s *Service) standing(ctx context.Context, tx *db.Tx, by authz.Actor, m *member) (st Standing, err error) {
	st.Group, st.Role = m.Group, m.sub.Role
	if st.Dormancy, _, err = dormancyOf(ctx, tx, m.Group.ID); err != nil {
		return st, err
	}
	if st.By != "" {
		st.Me = st.By == by.Person
		all, err := s.Groups.Handles(ctx, tx, []id.Person{st.By})
		if err != nil {
			return st, err
		}
		st.Asker = all[st.By]
	}
	if from, ok := st.opens(m.sub.Role, m.since); ok {
		st.From, st.May = from, from <= m.today && authz.May(by, authz.AskForHelm, m.sub)
	}
	return st, nil
}

// looked is inside for where a group stands; for a coalition there is no such page.
func (s *Service) looked(ctx context.Context, tx *db.Tx, by authz.Actor, handle string, do authz.Action) (member, error) {
	m, err := s.inside(ctx, tx, by, handle, do)
	if err == nil && m.Group.Coalition {
		return member{}, web.ErrNotFound()
	}
	return m, err
}

// Standing tells a member how the group is looked after.
func (s *Service) Standing(ctx context.Context, by authz.Actor, handle string) (st Standing, err error) {
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		m, err := s.looked(ctx, tx, by, handle, authz.SeeInside)
		if err == nil {
			st, err = s.standing(ctx, tx, by, &m)
		}
		return err
	})
	return st, err
}

// Here is a steward who says that the group is looked after. It declines whoever asks
// to take it on.
func (s *Service) Here(ctx context.Context, by authz.Actor, handle string) error {
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		m, err := s.looked(ctx, tx, by, handle, authz.StillHere)
		if err != nil {
			return err
		}
		return s.Acted(ctx, tx, m.Group.ID, m.sub.Role)
	})
}

// SetMonths says after how long without an organizer the group is quiet, for stewards.
func (s *Service) SetMonths(ctx context.Context, by authz.Actor, handle string, typed string) error {
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		m, err := s.looked(ctx, tx, by, handle, authz.StillHere)
		if err != nil {
			return err
		}
		n, err := strconv.Atoi(typed)
		if err != nil || !slices.Contains(monthChoices(), n) {
			return fault.Invalid(fault.Field("months", "quiet.months", "Choose after how many months."))
		}
		if err := s.Acted(ctx, tx, m.Group.ID, m.sub.Role); err != nil {
			return err
		}
		d, _, err := dormancyOf(ctx, tx, m.Group.ID)
		if err != nil || d.Months == n {
			return err
		}
		d.Months = n
		return s.putDormancy(ctx, tx, m.Group.ID, d)
	})
}

// Ask is a member who would take the group on.
func (s *Service) Ask(ctx context.Context, by authz.Actor, handle string) error {
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		m, err := s.looked(ctx, tx, by, handle, authz.AskForHelm)
		if err != nil {
			return err
		}
		st, err := s.standing(ctx, tx, by, &m)
		switch {
		case err != nil || st.Me:
			return err
		case st.Phase == Asked:
			return fault.Conflict("quiet.asked", "Somebody else asks to take this group on already.")
		case st.Phase == Active:
			return fault.Conflict("quiet.active", "This group is looked after.")
		case m.sub.Role == authz.Steward:
			return fault.Conflict("quiet.steward", "You are a steward of this group: say that it is still there.")
		case !st.May:
			return fault.Conflict("quiet.early", "It is too early to ask. The page says from when on you can.")
		}
		if err := s.putDormancy(ctx, tx, m.Group.ID, st.asks(by.Person, m.today)); err != nil {
			return err
		}
		if err := s.tellStewards(ctx, tx, m.Group.ID, true); err != nil {
			return err
		}
		return s.Audit(ctx, tx, by.Person, auditAsk, string(m.Group.ID))
	})
}

// Withdraw is whoever asked and does so no more.
func (s *Service) Withdraw(ctx context.Context, by authz.Actor, handle string) error {
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		m, err := s.looked(ctx, tx, by, handle, authz.AskForHelm)
		if err != nil {
			return err
		}
		d, _, err := dormancyOf(ctx, tx, m.Group.ID)
		if err != nil || d.By != by.Person {
			return err
		}
		if err := s.putDormancy(ctx, tx, m.Group.ID, d.withdrawn()); err != nil {
			return err
		}
		return s.Audit(ctx, tx, by.Person, auditWithdraw, string(m.Group.ID))
	})
}

// QuietOf lists the groups of a steward that are quiet.
func (s *Service) QuietOf(ctx context.Context, tx *db.Tx, p id.Person) (out []Group, err error) {
	all, err := s.Groups.Stewarding(ctx, tx, p)
	for _, g := range all {
		if err != nil {
			return nil, err
		}
		var d Dormancy
		if d, _, err = dormancyOf(ctx, tx, g); err != nil || d.Phase == Active {
			continue
		}
		var x Group
		if x, err = s.Groups.ByID(ctx, tx, g); !x.Coalition {
			out = append(out, x)
		}
	}
	return out, err
}

// HeldAsked lists the groups that a person asks to take on, for their own eyes.
func (s *Service) HeldAsked(ctx context.Context, tx *db.Tx, p id.Person) (out []Group, err error) {
	all, err := askedBy(ctx, tx, p)
	for _, g := range all {
		if err != nil {
			return nil, err
		}
		var x Group
		x, err = s.Groups.ByID(ctx, tx, g)
		out = append(out, x)
	}
	return out, err
}

// restDays is how much later a suspended group is looked at again.
const restDays = 30

// Tick takes the steps whose day has come. It runs every hour.
func (s *Service) Tick(ctx context.Context) error {
	for {
		var due []id.Group
		err := s.DB.Read(ctx, func(tx *db.Tx) (err error) {
			due, err = dueGroups(ctx, tx, day.Of(tx.Now()), 50)
			return err
		})
		if err != nil || len(due) == 0 {
			return err
		}
		for _, g := range due {
			if err := s.DB.Write(ctx, func(tx *db.Tx) error { return s.tick(ctx, tx, g) }); err != nil {
				return err
			}
		}
	}
}

func (s *Service) tick(ctx context.Context, tx *db.Tx, gid id.Group) error {
	g, err := s.Groups.ByID(ctx, tx, gid)
	if err != nil {
		return err
	}
	d, ok, err := dormancyOf(ctx, tx, gid)
	today := day.Of(tx.Now())
	switch {
	case err != nil || !ok:
		return err
	case g.Coalition: // noted before it was one, as when an archive comes in
		return dropDormancy(ctx, tx, gid)
	case g.Ended:
		return putDue(ctx, tx, gid, d, 0)
	case g.Suspended: // nobody could act
		return putDue(ctx, tx, gid, d, day.After(today, restDays))
	case d.due() == 0 || d.due() > today: // somebody was back meanwhile
		return s.putDormancy(ctx, tx, gid, d)
	}
	role := authz.None
	if d.By != "" {
		if role, _, err = s.Groups.Member(ctx, tx, gid, d.By); err != nil {
			return err
		}
	}
	next, what := d.tick(today, role != authz.None)
	switch what {
	case fellOff:
		err = s.tellStewards(ctx, tx, gid, false)
		if err == nil {
			err = s.Audit(ctx, tx, "", auditQuiet, string(gid))
		}
	case handed:
		if err = s.Groups.MakeSteward(ctx, tx, gid, d.By); err == nil {
			err = s.Audit(ctx, tx, "", auditHanded, string(gid)+" "+string(d.By))
		}
	case gone:
		err = s.Audit(ctx, tx, "", auditWithdraw, string(gid))
	case nothing, cameBack:
	}
	if err != nil {
		return err
	}
	tx.Touch("group:" + string(gid))
	return s.putDormancy(ctx, tx, gid, next)
}

// tellStewards leaves mail to the stewards of a quiet group; asked says that somebody
// would take it on.
func (s *Service) tellStewards(ctx context.Context, tx *db.Tx, g id.Group, asked bool) error {
	if s.Post == nil {
		return nil
	}
	all, err := s.Groups.Stewards(ctx, tx, g)
	if err != nil {
		return err
	}
	for _, p := range all {
		if err := s.Jobs.Enqueue(ctx, tx, quietMail{Group: g, Person: p, Asked: asked, Day: day.Of(tx.Now())}, job.Insert{}); err != nil {
			return err
		}
	}
	return nil
}
