package webhooks

import (
	"context"
	"errors"
	"slices"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/fact"
	"convoke/internal/fault"
	"convoke/internal/id"
	"convoke/internal/job"
	"convoke/internal/notify/hook"
	"convoke/internal/web"
)

// Group is what webhooks need to know of a group.
type Group struct {
	ID           id.Group
	Handle, Name string
	Suspended    bool
	Ended        bool
}

// Groups answers about groups; ByID and ByHandle return a NotFound fault for one
// that does not exist.
type Groups interface {
	ByID(ctx context.Context, tx *db.Tx, g id.Group) (Group, error)
	ByHandle(ctx context.Context, tx *db.Tx, handle string) (Group, error)
	Role(ctx context.Context, tx *db.Tx, g id.Group, p id.Person) (authz.Role, error)
}

// Keys makes a keyed hash under a secret of this node.
type Keys interface {
	Tag(ctx context.Context, purpose, value string) ([]byte, error)
}

// Deps are what the feature needs.
type Deps struct {
	DB     *db.DB
	IDs    *id.Source
	Jobs   *job.Queue
	Groups Groups
	Sender hook.Poster
	Keys   Keys
	// BaseURL begins the addresses in messages; "" when it is not configured.
	BaseURL string
}

// Service is the use cases of webhooks.
type Service struct{ Deps }

// New returns the service and registers its worker.
func New(d Deps) *Service {
	s := &Service{d}
	job.Register(d.Jobs, s.deliver, job.MaxAttempts(2*maxTries)) // one that dies on the way is no try
	return s
}

// group finds a group of which the actor may manage the webhooks. To somebody
// outside of it they do not exist.
func (s *Service) group(ctx context.Context, tx *db.Tx, by authz.Actor, handle string) (Group, error) {
	if by.Visitor() {
		return Group{}, authz.Check(by, authz.ManageWebhooks, authz.Subject{})
	}
	g, err := s.Groups.ByHandle(ctx, tx, handle)
	if err != nil {
		return g, err
	}
	role, err := s.Groups.Role(ctx, tx, g.ID, by.Person)
	if err != nil {
		return g, err
	}
	err = authz.Check(by, authz.ManageWebhooks, authz.Subject{Role: role, Suspended: g.Suspended, Ended: g.Ended})
	if err != nil && role == authz.None {
		err = web.ErrNotFound()
	}
	return g, err
}

// hook finds a webhook of the group.
func (s *Service) hook(ctx context.Context, tx *db.Tx, by authz.Actor, handle, hid string) (Webhook, error) {
	g, err := s.group(ctx, tx, by, handle)
	if err != nil {
		return Webhook{}, err
	}
	h, err := hookByID(ctx, tx, hid)
	if errors.Is(err, db.ErrNoRows) || err == nil && h.Group != g.ID {
		return Webhook{}, web.ErrNotFound()
	}
	return h, err
}

// Add makes a webhook and returns it with its secret, to be shown once. key is
// the form's: sent twice, it makes one, and answers the same.
func (s *Service) Add(ctx context.Context, by authz.Actor, handle, key string, in Input) (Webhook, string, error) {
	h, err := in.parse()
	if err != nil {
		return h, "", err
	}
	if !id.ValidSecret(key) {
		return h, "", fault.Malformed("form.key", "This form is incomplete. Please open the page again.")
	}
	h.ID = key
	err = s.DB.Write(ctx, func(tx *db.Tx) error {
		g, err := s.group(ctx, tx, by, handle)
		if err != nil {
			return err
		}
		h.Group = g.ID
		old, err := hookByID(ctx, tx, key)
		switch {
		case err == nil && old.Group == g.ID && old.URL == h.URL && slices.Equal(old.Kinds, h.Kinds):
			return nil // the same form once more
		case err == nil:
			return fault.Conflict("webhook.key_used", "This form was used for another webhook. Please open the page again.")
		case !errors.Is(err, db.ErrNoRows):
			return err
		}
		all, err := hooksOf(ctx, tx, g.ID)
		if err != nil {
			return err
		}
		if len(all) >= maxHooks {
			return fault.Conflict("webhook.many", "This group has {n} webhooks already. Remove one that is needed no more.", "n", maxHooks)
		}
		if err := insertHook(ctx, tx, h); err != nil {
			return err
		}
		return s.send(ctx, tx, h, Ping, s.groupThing(g))
	})
	if err != nil {
		return h, "", err
	}
	k, err := s.key(ctx, h.ID)
	return h, hook.SecretText(k), err
}

// key is what signs the messages of a webhook.
func (s *Service) key(ctx context.Context, hid string) ([]byte, error) {
	var out []byte
	for _, part := range [...]string{"webhook 1", "webhook 2"} {
		b, err := s.Keys.Tag(ctx, part, hid)
		if err != nil {
			return nil, err
		}
		out = append(out, b...)
	}
	return out, nil
}

// List returns the group's webhooks, and the latest deliveries of each.
func (s *Service) List(ctx context.Context, by authz.Actor, handle string, latest int) (g Group, all []Webhook, sent map[string][]Delivery, err error) {
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		var err error
		if g, err = s.group(ctx, tx, by, handle); err != nil {
			return err
		}
		if all, err = hooksOf(ctx, tx, g.ID); err != nil {
			return err
		}
		sent = map[string][]Delivery{}
		for _, h := range all {
			if sent[h.ID], err = deliveriesOf(ctx, tx, h.ID, "", latest); err != nil {
				return err
			}
		}
		return nil
	})
	return g, all, sent, err
}

// Deliveries is one page of what was sent to a webhook, the latest first, from
// behind the delivery after.
func (s *Service) Deliveries(ctx context.Context, by authz.Actor, handle, hid, after string, limit int) (page []Delivery, more bool, err error) {
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		h, err := s.hook(ctx, tx, by, handle, hid)
		if err != nil {
			return err
		}
		page, err = deliveriesOf(ctx, tx, h.ID, after, limit+1)
		return err
	})
	if len(page) > limit {
		return page[:limit], true, err
	}
	return page, false, err
}

// Remove deletes a webhook with all that was sent to it.
func (s *Service) Remove(ctx context.Context, by authz.Actor, handle, hid string) error {
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		h, err := s.hook(ctx, tx, by, handle, hid)
		if err != nil {
			return err
		}
		return deleteHook(ctx, tx, h.ID)
	})
}

// Enable lets a webhook that failed too often hear of things again.
func (s *Service) Enable(ctx context.Context, by authz.Actor, handle, hid string) error {
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		h, err := s.hook(ctx, tx, by, handle, hid)
		if err != nil {
			return err
		}
		h.Failures, h.Disabled = 0, false
		return updateHook(ctx, tx, h)
	})
}

// Replay sends a delivery once more, under its own id and with its own body.
func (s *Service) Replay(ctx context.Context, by authz.Actor, handle, hid, did string) (Delivery, error) {
	var d Delivery
	err := s.DB.Write(ctx, func(tx *db.Tx) error {
		h, err := s.hook(ctx, tx, by, handle, hid)
		if err != nil {
			return err
		}
		d, err = deliveryByID(ctx, tx, did)
		if errors.Is(err, db.ErrNoRows) || err == nil && d.Webhook != h.ID {
			return web.ErrNotFound()
		}
		if err != nil {
			return err
		}
		if h.Disabled {
			return fault.Conflict("webhook.disabled", "This webhook failed too often and is off. Switch it on first.")
		}
		d.State, d.Tries = Pending, 0
		if err := updateDelivery(ctx, tx, d); err != nil {
			return err
		}
		return s.Jobs.Enqueue(ctx, tx, delivery{d.ID}, job.Insert{Unique: d.ID})
	})
	return d, err
}

// EventChanged tells of a public event.
func (s *Service) EventChanged(ctx context.Context, tx *db.Tx, f fact.EventChanged) error {
	kind := EventChanged
	switch {
	case f.Group == "" || f.State == "draft":
		return nil
	case f.Published:
		kind = EventPublished
	case f.Cancelled:
		kind = EventCancelled
	}
	name := string(f.Event)
	return s.tell(ctx, tx, f.Group, kind, func(Group) thing {
		return thing{ID: name, Page: s.BaseURL + "/events/" + name, API: s.BaseURL + "/api/v1/events/" + name}
	})
}

// StatementPublished tells of a statement.
func (s *Service) StatementPublished(ctx context.Context, tx *db.Tx, f fact.StatementPublished) error {
	return s.tell(ctx, tx, f.Group, Statement, func(Group) thing {
		return thing{ID: f.Statement, Page: s.BaseURL + "/statements/" + f.Statement, API: s.BaseURL + "/api/v1/statements/" + f.Statement}
	})
}

// GroupChanged tells of a group's page.
func (s *Service) GroupChanged(ctx context.Context, tx *db.Tx, f fact.GroupChanged) error {
	return s.tell(ctx, tx, f.Group, GroupChanged, s.groupThing)
}

func (s *Service) groupThing(g Group) thing {
	return thing{ID: g.Handle, Page: s.BaseURL + "/groups/" + g.Handle, API: s.BaseURL + "/api/v1/groups/" + g.Handle}
}

// tell writes a delivery to each webhook of the group that wants to hear of it,
// in the transaction of what happened.
func (s *Service) tell(ctx context.Context, tx *db.Tx, gid id.Group, kind Kind, what func(Group) thing) error {
	all, err := hooksOf(ctx, tx, gid)
	if err != nil || len(all) == 0 {
		return err
	}
	g, err := s.Groups.ByID(ctx, tx, gid)
	if err != nil || g.Suspended { // what it holds is public no more
		return err
	}
	for _, h := range all {
		if h.Disabled || !slices.Contains(h.Kinds, kind) {
			continue
		}
		if err := s.send(ctx, tx, h, kind, what(g)); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) send(ctx context.Context, tx *db.Tx, h Webhook, kind Kind, what thing) error {
	b, err := message{kind, tx.Now(), what}.encode()
	if err != nil {
		return err
	}
	d := Delivery{ID: s.IDs.New(), Webhook: h.ID, Kind: kind, Body: b, State: Pending, Created: tx.Now()}
	if err := insertDelivery(ctx, tx, d); err != nil {
		return err
	}
	return s.Jobs.Enqueue(ctx, tx, delivery{d.ID}, job.Insert{Unique: d.ID, Priority: 5})
}

// Expire forgets what is older than seven days. A schedule calls it.
func (s *Service) Expire(ctx context.Context) error {
	return s.DB.Write(ctx, func(tx *db.Tx) error { return deleteOld(ctx, tx, tx.Now().Add(-keepFor)) })
}
