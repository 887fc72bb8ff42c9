package statements

import (
	"context"
	"errors"
	"strings"
	"time"

	"convoke/internal/authz"
	"convoke/internal/day"
	"convoke/internal/db"
	"convoke/internal/fact"
	"convoke/internal/fault"
	"convoke/internal/geo"
	"convoke/internal/id"
	"convoke/internal/slug"
)

// Group is what statements need to know of the group that speaks.
type Group struct {
	ID           id.Group
	Handle, Name string
	Zone         string
	Langs        []string
	Suspended    bool
	Ended        bool
}

// Groups answers about groups of this node.
type Groups interface {
	// ByID and ByHandle return a NotFound fault for a group that does not exist.
	ByID(ctx context.Context, tx *db.Tx, g id.Group) (Group, error)
	ByHandle(ctx context.Context, tx *db.Tx, handle string) (Group, error)
	Role(ctx context.Context, tx *db.Tx, g id.Group, p id.Person) (authz.Role, error)
}

// Campaign is a campaign that a statement is an update of.
type Campaign struct {
	ID            id.Campaign
	Handle, Title string
}

// Campaigns answers about campaigns of this node.
type Campaigns interface {
	// ByHandle and ByID return a NotFound fault for what is not public.
	ByHandle(ctx context.Context, tx *db.Tx, handle string) (Campaign, error)
	ByID(ctx context.Context, tx *db.Tx, c id.Campaign) (Campaign, error)
	// Owns reports whether a group is one of a campaign's owners.
	Owns(ctx context.Context, tx *db.Tx, c id.Campaign, g id.Group) (bool, error)
}

// Facts tells other features what happened, inside the transaction.
type Facts interface {
	Emit(ctx context.Context, tx *db.Tx, f any) error
}

// Deps are what the feature needs.
type Deps struct {
	DB        *db.DB
	IDs       *id.Source
	Groups    Groups
	Campaigns Campaigns
	Facts     Facts
}

// Service is the use cases of statements.
type Service struct{ Deps }

// New returns the service.
func New(d Deps) *Service { return &Service{d} }

func errNone() error {
	return fault.NotFound("statement.not_found", "There is no such statement, or it is not public.")
}

// today is the day at the group's place.
func (g *Group) today(now time.Time) int {
	if loc, err := geo.LoadZone(g.Zone); err == nil && g.Zone != "" {
		now = now.In(loc)
	}
	return day.Of(now)
}

// subject is what authz needs to know of the actor and a group.
func (s *Service) subject(ctx context.Context, tx *db.Tx, by authz.Actor, g *Group) (authz.Subject, error) {
	sub := authz.Subject{Suspended: g.Suspended, Ended: g.Ended}
	if by.Visitor() {
		return sub, nil
	}
	var err error
	sub.Role, err = s.Groups.Role(ctx, tx, g.ID, by.Person)
	return sub, err
}

// Found is a statement with what its page needs to know.
type Found struct {
	Statement Statement
	Group     Group
	Campaign  Campaign // zero for none, or one that is not public
	Subject   authz.Subject
}

// Get returns a statement that the actor may know of.
func (s *Service) Get(ctx context.Context, tx *db.Tx, by authz.Actor, sid ID) (Found, error) {
	st, err := byID(ctx, tx, sid)
	if errors.Is(err, db.ErrNoRows) {
		return Found{}, errNone()
	}
	if err != nil {
		return Found{}, err
	}
	g, err := s.Groups.ByID(ctx, tx, st.Group)
	if err != nil {
		return Found{}, err
	}
	sub, err := s.subject(ctx, tx, by, &g)
	if err != nil {
		return Found{}, err
	}
	if !authz.MayKnow(by, st.listed(), sub) {
		return Found{}, errNone()
	}
	camp, err := s.campaign(ctx, tx, st.Campaign)
	return Found{st, g, camp, sub}, err
}

// campaign is one that everybody may know of, else zero.
func (s *Service) campaign(ctx context.Context, tx *db.Tx, c id.Campaign) (Campaign, error) {
	if c == "" {
		return Campaign{}, nil
	}
	camp, err := s.Campaigns.ByID(ctx, tx, c)
	if fault.Is(err, fault.KindNotFound) {
		return Campaign{}, nil
	}
	return camp, err
}

// owned is a public campaign that the group owns now.
func (s *Service) owned(ctx context.Context, tx *db.Tx, handle string, g id.Group) (Campaign, error) {
	c, err := s.Campaigns.ByHandle(ctx, tx, handle)
	if fault.Is(err, fault.KindNotFound) {
		return c, fault.Invalid(fault.Field("campaign", "statement.campaign", "There is no public campaign with this handle."))
	}
	if err != nil {
		return c, err
	}
	owns, err := s.Campaigns.Owns(ctx, tx, c.ID, g)
	if err == nil && !owns {
		err = fault.Invalid(fault.Field("campaign", "statement.not_owner",
			"Your group does not own this campaign. Ask its owners whether you may own it with them."))
	}
	return c, err
}

// place makes st an update of the campaign with that handle, or of none. What
// is public already stays where it is, also when its group has left the campaign
// since, or when the campaign is not public, so that no form could name it.
func (s *Service) place(ctx context.Context, tx *db.Tx, old *Found, st *Statement, handle string) error {
	public := old.Statement.State.Listed()
	switch {
	case public && handle == old.Campaign.Handle:
		return nil
	case handle == "" && old.Campaign.Handle == "" && old.Statement.Campaign != "": // no form could name it
		st.Campaign, st.hidden = old.Statement.Campaign, true
		return nil
	case handle == "":
		st.Campaign, st.hidden = "", false
		return nil
	}
	c, err := s.owned(ctx, tx, handle, st.Group)
	st.Campaign, st.hidden = c.ID, false
	return err
}

// Editable is [Service.Get] for somebody who may change the statement now.
func (s *Service) Editable(ctx context.Context, tx *db.Tx, by authz.Actor, sid ID) (Found, error) {
	f, err := s.Get(ctx, tx, by, sid)
	if err != nil {
		return f, err
	}
	if err := authz.Check(by, authz.PublishStatement, f.Subject); err != nil {
		return f, err
	}
	if f.Statement.State == Withdrawn {
		return f, fault.Conflict("statement.withdrawn", "This statement was withdrawn and stays as it is. Publish a new one instead.")
	}
	return f, nil
}

// Speaker returns the group for somebody who may publish in its name.
func (s *Service) Speaker(ctx context.Context, tx *db.Tx, by authz.Actor, handle string) (Group, error) {
	g, err := s.Groups.ByHandle(ctx, tx, handle)
	if err != nil {
		return g, err
	}
	sub, err := s.subject(ctx, tx, by, &g)
	if err != nil {
		return g, err
	}
	return g, authz.Check(by, authz.PublishStatement, sub)
}

// Create publishes a new statement of a group, or keeps it as a draft. key is
// the form's: sent twice, it makes one statement.
func (s *Service) Create(ctx context.Context, by authz.Actor, handle, key string, in Input) (ID, error) {
	if !id.ValidSecret(key) {
		return "", fault.Malformed("form.key", "This form is incomplete. Please open the page again.")
	}
	parsed, text, err := in.parse()
	if err != nil {
		return "", err
	}
	made := ID(s.IDs.New())
	out := made
	err = s.DB.Write(ctx, func(tx *db.Tx) error {
		g, err := s.Speaker(ctx, tx, by, handle)
		if err != nil {
			return err
		}
		if out, err = byForm(ctx, tx, g.ID, key); !errors.Is(err, db.ErrNoRows) {
			return err // nil: the same form once more
		}
		st := parsed
		if err := st.checkDay(g.today(tx.Now())); err != nil {
			return err
		}
		out = made
		st.ID, st.Group, st.UID, st.Created = made, g.ID, key, tx.Now()
		if err := s.place(ctx, tx, &Found{Statement: Statement{State: Draft}}, &st, in.campaign()); err != nil {
			return err
		}
		if st.Slug, err = freeSlug(ctx, tx, g.ID, slug.Of(text.Title, slug.Length), string(made)); err != nil {
			return err
		}
		if err := save(ctx, tx, nil, &st); err != nil {
			return err
		}
		if err := putText(ctx, tx, &st, text, nil); err != nil {
			return err
		}
		return s.tell(ctx, tx, Draft, &st)
	})
	return out, err
}

// checkDay refuses to publish what is dated in the future.
func (s *Statement) checkDay(today int) error {
	if s.State == Draft || s.Day <= today {
		return nil
	}
	return fault.Invalid(fault.Field("day", "statement.day_ahead", "This day has not come yet. Keep the statement as a draft until then."))
}

// save stores the row of s, new when old is nil, and says which pages changed.
func save(ctx context.Context, tx *db.Tx, old, s *Statement) error {
	tx.Touch("statement:"+string(s.ID), "statements", "group-statements:"+string(s.Group), "group:"+string(s.Group))
	if s.Campaign != "" {
		tx.Touch("campaign:" + string(s.Campaign))
	}
	if old != nil && old.Campaign != "" {
		tx.Touch("campaign:" + string(old.Campaign))
	}
	s.Updated = tx.Now()
	if old == nil {
		return insertStatement(ctx, tx, s)
	}
	s.Sequence = old.Sequence + 1
	return updateStatement(ctx, tx, s)
}

// Update changes a statement and its text in its own language. sequence is the
// one that the form was filled from: when somebody else has saved meanwhile,
// nothing is overwritten.
func (s *Service) Update(ctx context.Context, by authz.Actor, sid ID, sequence int, in Input) error {
	parsed, text, err := in.parse()
	if err != nil {
		return err
	}
	return s.edit(ctx, by, sid, sequence, func(tx *db.Tx, f *Found, st *Statement) error {
		old := &f.Statement
		st.State, st.Day, st.Byline, st.Tags, st.PictureAlt = parsed.State, parsed.Day, parsed.Byline, parsed.Tags, parsed.PictureAlt
		today := f.Group.today(tx.Now())
		if err := st.checkDay(today); err != nil {
			return err
		}
		if old.State == Published && st.State == Draft {
			return fault.Invalid(fault.Field("state", "statement.back_to_draft",
				"A published statement cannot become a draft again. Withdraw it, and say why."))
		}
		if err := s.place(ctx, tx, f, st, in.campaign()); err != nil {
			return err
		}
		if text.Lang != old.Lang {
			if old.Has(text.Lang) {
				return fault.Invalid(fault.Field("lang", "statement.lang_taken", "There is a version in this language already."))
			}
			if err := moveText(ctx, tx, sid, old.Lang, text.Lang); err != nil {
				return err
			}
			st.Lang = text.Lang
		}
		changed := !old.Original().says(text) || old.Day != st.Day || old.Byline != st.Byline || old.Campaign != st.Campaign
		if err := s.note(ctx, tx, old, st, changed, in.Change, text.Lang, today); err != nil {
			return err
		}
		return putText(ctx, tx, st, text, nil)
	})
}

// note keeps what a change of a public statement leaves behind.
func (s *Service) note(ctx context.Context, tx *db.Tx, old, st *Statement, changed bool, c Change, lang string, today int) error {
	if old.State != Published {
		return nil
	}
	note, revised, err := c.settle(changed, lang, today)
	if err != nil {
		return err
	}
	if revised > 0 {
		st.Revised = revised
	}
	if note == nil {
		return nil
	}
	return addCorrection(ctx, tx, old.ID, len(old.Corrections)+1, *note)
}

// Translate adds a version in another language, or changes one.
func (s *Service) Translate(ctx context.Context, by authz.Actor, sid ID, sequence int, in TextInput) error {
	text, err := in.parse()
	if err != nil {
		return err
	}
	return s.edit(ctx, by, sid, sequence, func(tx *db.Tx, f *Found, st *Statement) error {
		old := &f.Statement
		if text.Lang == old.Lang {
			return fault.Invalid(fault.Field("lang", "statement.own_lang", "The statement itself is in this language. Choose another one, or change the statement."))
		}
		changed := old.Has(text.Lang) && !old.In(text.Lang).says(text)
		if err := s.note(ctx, tx, old, st, changed, in.Change, text.Lang, f.Group.today(tx.Now())); err != nil {
			return err
		}
		text := text
		text.Of = old.Original().hash()
		return putText(ctx, tx, st, text, nil)
	})
}

// Withdraw takes a public statement back for good and says why.
func (s *Service) Withdraw(ctx context.Context, by authz.Actor, sid ID, sequence int, why string) error {
	var p parser
	if why = p.line("why", strings.Join(strings.Fields(why), " "), maxNote); why == "" {
		p.fail("why", "statement.no_reason", "Say why it is withdrawn. Everybody will see it.")
	}
	if err := fault.Invalid(p.fields...); err != nil {
		return err
	}
	return s.edit(ctx, by, sid, sequence, func(tx *db.Tx, f *Found, st *Statement) error {
		if st.State != Published {
			return fault.Conflict("statement.not_public", "This statement is not public, so there is nothing to withdraw.")
		}
		st.State, st.Why, st.Withdrawn = Withdrawn, why, f.Group.today(tx.Now())
		return nil
	})
}

// SetPicture stores the key of a picture, or removes it with "".
func (s *Service) SetPicture(ctx context.Context, by authz.Actor, sid ID, key string) error {
	return s.edit(ctx, by, sid, anySequence, func(_ *db.Tx, _ *Found, st *Statement) error {
		st.Picture = key
		return nil
	})
}

// anySequence is for changes that overwrite nobody's.
const anySequence = -1

func (s *Service) edit(ctx context.Context, by authz.Actor, sid ID, sequence int, change func(tx *db.Tx, f *Found, st *Statement) error) error {
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		f, err := s.Editable(ctx, tx, by, sid)
		if err != nil {
			return err
		}
		if sequence != anySequence && f.Statement.Sequence != sequence {
			return fault.Conflict("statement.changed_meanwhile",
				"Somebody else has changed this statement meanwhile. Please open the page again: what you typed is still here to copy.")
		}
		st := f.Statement
		if err := change(tx, &f, &st); err != nil {
			return err
		}
		if err := save(ctx, tx, &f.Statement, &st); err != nil {
			return err
		}
		return s.tell(ctx, tx, f.Statement.State, &st)
	})
}

// tell says that a statement became public.
func (s *Service) tell(ctx context.Context, tx *db.Tx, was State, st *Statement) error {
	if was != Draft || st.State != Published {
		return nil
	}
	return s.Facts.Emit(ctx, tx, fact.StatementPublished{Statement: string(st.ID), Group: st.Group})
}

// Find lists statements. A group that does not exist or is suspended has none, nor
// has a campaign that is not public.
func (s *Service) Find(ctx context.Context, q Query) (Result, error) {
	r := Result{Query: q}
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		r.Groups, r.Campaign = map[id.Group]Group{}, Campaign{}
		var only id.Group
		if q.Handle != "" {
			g, err := s.Groups.ByHandle(ctx, tx, q.Handle)
			if fault.Is(err, fault.KindNotFound) {
				return nil
			}
			if err != nil {
				return err
			}
			only, r.Groups[g.ID] = g.ID, g
		}
		if q.Campaign != "" {
			c, err := s.Campaigns.ByHandle(ctx, tx, q.Campaign)
			if fault.Is(err, fault.KindNotFound) {
				return nil
			}
			if err != nil {
				return err
			}
			r.Campaign = c
		}
		var err error
		if r.Statements, err = page(ctx, tx, &q, only, r.Campaign.ID, q.Limit+1); err != nil {
			return err
		}
		if r.Campaigns, err = s.campaignsOf(ctx, tx, r.Statements); err != nil {
			return err
		}
		if r.More = len(r.Statements) > q.Limit; r.More {
			r.Statements = r.Statements[:q.Limit]
		}
		return s.speakers(ctx, tx, &r)
	})
	return r, err
}

// campaignsOf are the campaigns that statements are updates of; zero for those that
// are not public.
func (s *Service) campaignsOf(ctx context.Context, tx *db.Tx, all []Statement) (map[id.Campaign]Campaign, error) {
	out := map[id.Campaign]Campaign{}
	for i := range all {
		cid := all[i].Campaign
		if _, ok := out[cid]; ok || cid == "" {
			continue
		}
		c, err := s.campaign(ctx, tx, cid)
		if err != nil {
			return nil, err
		}
		out[cid] = c
	}
	return out, nil
}

// speakers fills in the groups of a page.
func (s *Service) speakers(ctx context.Context, tx *db.Tx, r *Result) error {
	for i := range r.Statements {
		st := &r.Statements[i]
		*st = st.withheld()
		if _, ok := r.Groups[st.Group]; ok {
			continue
		}
		g, err := s.Groups.ByID(ctx, tx, st.Group)
		if err != nil {
			return err
		}
		r.Groups[g.ID] = g
	}
	return nil
}

// GroupSuspended hides the statements of a suspended group everywhere, and
// brings them back.
func (s *Service) GroupSuspended(ctx context.Context, tx *db.Tx, f fact.GroupSuspended) error {
	tx.Touch("*")
	return s.relist(ctx, tx, "group_id", string(f.Group))
}

// CampaignShown hides the updates of a campaign that is not public any more
// everywhere, and brings them back.
func (s *Service) CampaignShown(ctx context.Context, tx *db.Tx, f fact.CampaignShown) error {
	return s.relist(ctx, tx, "campaign_id", string(f.Campaign))
}

// relist makes public what may be, of all statements with that value in a column.
func (s *Service) relist(ctx context.Context, tx *db.Tx, column, value string) error {
	all, err := ownersWhere(ctx, tx, column, value)
	if err != nil {
		return err
	}
	for _, o := range all {
		g, err := s.Groups.ByID(ctx, tx, o.group)
		if err != nil {
			return err
		}
		c, err := s.campaign(ctx, tx, o.campaign)
		if err != nil {
			return err
		}
		if err := list(ctx, tx, o, !g.Suspended && c.ID == o.campaign); err != nil {
			return err
		}
		tx.Touch("statements", "group-statements:"+string(o.group), "group:"+string(o.group))
	}
	return nil
}
