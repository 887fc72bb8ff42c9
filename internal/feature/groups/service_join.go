package groups

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"

	"convoke/internal/authz"
	"convoke/internal/day"
	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/id"
	"convoke/internal/seal"
)

// Vault keeps the keys of notes; *seal.Vault does.
type Vault interface {
	Key(ctx context.Context, scope string) (*seal.Key, error)
	Existing(ctx context.Context, scope string) (*seal.Key, error)
	Destroy(ctx context.Context, scope string) error
}

// noteScope is, with the id of a request behind it, the scope of its key.
const noteScope = "request:"

// Joinable returns a group that the actor may join or ask to join, and what
// they asked before; sub has the role of who belongs to it already.
func (s *Service) Joinable(ctx context.Context, by authz.Actor, handle string) (g Group, sub authz.Subject, r Request, err error) {
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		var err error
		g, sub, r, err = s.joinable(ctx, tx, by, handle)
		return err
	})
	return g, sub, r, err
}

func (s *Service) joinable(ctx context.Context, tx *db.Tx, by authz.Actor, handle string) (Group, authz.Subject, Request, error) {
	if by.Visitor() {
		return Group{}, authz.Subject{}, Request{}, authz.Check(by, authz.JoinGroup, authz.Subject{})
	}
	g, sub, err := s.load(ctx, tx, by, handle)
	if err != nil {
		return g, sub, Request{}, err
	}
	if err := authz.Check(by, authz.JoinGroup, sub); err != nil {
		return g, sub, Request{}, err
	}
	if err := s.persons(ctx, tx, g.ID); err != nil && sub.Role == authz.None {
		return g, sub, Request{}, err
	}
	r, err := requestOf(ctx, tx, g.ID, by.Person)
	if errors.Is(err, db.ErrNoRows) {
		err = nil
	}
	if err == nil && sub.Role == authz.None && g.Joining == ByInvitation && r.ID == "" {
		err = fault.Conflict("group.by_invitation", "This group takes people by invitation only. Ask one of its members for a link.")
	}
	return g, sub, r, err
}

// Ask makes the actor a member of an open group, and leaves a request in one
// that wants to be asked. It reports whether they belong to the group now. Sent
// twice, it leaves one request.
func (s *Service) Ask(ctx context.Context, by authz.Actor, handle string, in JoinInput) (joined bool, err error) {
	g, sub, old, err := s.Joinable(ctx, by, handle)
	if err != nil || sub.Role != authz.None {
		return err == nil, err
	}
	if g.Joining != FreeForAll {
		switch old.State {
		case Waiting:
			return false, nil
		case Refused:
			return false, errRefused()
		case done: // never found
		}
	}
	if err := in.check(g); err != nil {
		return false, err
	}
	r := Request{ID: s.IDs.New(), Group: g.ID, Person: by.Person, conduct: in.Conduct}
	if in.Note != "" && g.Joining == ByRequest {
		k, err := s.Vault.Key(ctx, noteScope+r.ID)
		if err != nil {
			return false, fmt.Errorf("make the key of a request: %w", err)
		}
		r.sealed = k.Seal(rand.Reader, "join_request", "sealed", r.ID, []byte(in.Note))
	}
	kept := false
	err = s.DB.Write(ctx, func(tx *db.Tx) error {
		joined, kept = false, false
		g, sub, _, err := s.joinable(ctx, tx, by, handle) // it may have changed meanwhile
		if err != nil {
			return err
		}
		if wrong, is := g.unaccepted(in.Conduct); is {
			return fault.Invalid(wrong)
		}
		if joined = sub.Role != authz.None || g.Joining == FreeForAll; joined {
			return s.admit(ctx, tx, g, by.Person, Admission{Role: string(authz.Member), Conduct: in.Conduct})
		}
		kept, err = insertRequest(ctx, tx, r, day.Of(tx.Now().Add(keepRequest)))
		return err
	})
	if r.sealed != nil && !kept {
		_ = s.Vault.Destroy(ctx, noteScope+r.ID) // nothing is sealed under it that was kept
	}
	return joined, err
}

func errRefused() error {
	return fault.Conflict("group.refused", "This group has refused your request. You can ask again when the answer is a month old.")
}

// Withdraw takes the actor's request back.
func (s *Service) Withdraw(ctx context.Context, by authz.Actor, handle string) error {
	if by.Visitor() {
		return fault.Unauthenticated("authz.sign_in", "Please sign in first.")
	}
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		g, _, err := s.load(ctx, tx, by, handle)
		if err != nil {
			return err
		}
		r, err := requestOf(ctx, tx, g.ID, by.Person)
		if errors.Is(err, db.ErrNoRows) || err == nil && r.State != Waiting {
			return nil
		}
		if err != nil {
			return err
		}
		return dropRequests(ctx, tx, g.ID, by.Person)
	})
}

// maxQueue bounds one look at the queue; what is answered makes room.
const maxQueue = 50

// Requests lists who asks to come in, the oldest first, for organizers.
func (s *Service) Requests(ctx context.Context, by authz.Actor, handle string) (g Group, list []Request, err error) {
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		var err error
		if g, _, err = s.check(ctx, tx, by, handle, authz.AnswerRequest); err != nil {
			return err
		}
		list, err = waitingIn(ctx, tx, g.ID, maxQueue)
		return err
	})
	for i := range list {
		if err == nil {
			err = s.open(ctx, &list[i])
		}
	}
	return g, list, err
}

// open reads a note; "" when its key is gone.
func (s *Service) open(ctx context.Context, r *Request) error {
	if len(r.sealed) == 0 {
		return nil
	}
	k, err := s.Vault.Existing(ctx, noteScope+r.ID)
	if errors.Is(err, seal.ErrDestroyed) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("find the key of a request: %w", err)
	}
	note, err := k.Open("join_request", "sealed", r.ID, r.sealed)
	if err != nil {
		return fmt.Errorf("open a request: %w", err)
	}
	r.Note = string(note)
	return nil
}

// Answer lets somebody in who asked, or refuses with a reason that they see, for
// organizers. The first answer counts.
func (s *Service) Answer(ctx context.Context, by authz.Actor, handle, rid string, accept bool, reason string) error {
	if !accept {
		if err := checkReason(reason); err != nil {
			return err
		}
	}
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		g, _, err := s.check(ctx, tx, by, handle, authz.AnswerRequest)
		if err != nil {
			return err
		}
		r, err := requestByID(ctx, tx, g.ID, rid)
		if err != nil {
			return absent(err)
		}
		if r.State != Waiting {
			return nil
		}
		if accept {
			err = s.admit(ctx, tx, g, r.Person, Admission{Role: string(authz.Member), By: by.Person, Conduct: r.conduct})
		} else {
			err = answerRequest(ctx, tx, r.ID, Refused, strings.TrimSpace(reason), day.Of(tx.Now().Add(keepRequest)))
		}
		if err != nil {
			return err
		}
		action := "refuse request"
		if accept {
			action = "accept request"
		}
		return s.Audit(ctx, tx, by.Person, action, string(g.ID)+" "+string(r.Person))
	})
}

// Expire destroys the keys of notes that are answered, and erases old
// announcements and requests that were answered long ago, or never.
func (s *Service) Expire(ctx context.Context) error {
	if err := s.clearEnded(ctx); err != nil {
		return err
	}
	for {
		var due []string
		err := s.DB.Read(ctx, func(tx *db.Tx) (err error) {
			due, err = keyedRequests(ctx, tx, day.Of(tx.Now()), 100)
			return err
		})
		if err != nil {
			return err
		}
		if len(due) == 0 {
			return s.DB.Write(ctx, func(tx *db.Tx) error {
				if err := dropAnnouncements(ctx, tx); err != nil {
					return err
				}
				return deleteEnded(ctx, tx, day.Of(tx.Now()))
			})
		}
		for _, rid := range due {
			if err := s.Vault.Destroy(ctx, noteScope+rid); err != nil {
				return fmt.Errorf("erase the note of a request: %w", err)
			}
			if err := s.DB.Write(ctx, func(tx *db.Tx) error { return unkeyRequest(ctx, tx, rid) }); err != nil {
				return fmt.Errorf("erase the note of a request: %w", err)
			}
		}
	}
}

// Asked lists what the actor asked for, with the groups. A suspended group is
// absent.
func (s *Service) Asked(ctx context.Context, by authz.Actor) (list []Request, of []Brief, err error) {
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		list, of = nil, nil
		all, err := requestsBy(ctx, tx, by.Person)
		for _, r := range all {
			g, err := s.ByID(ctx, tx, r.Group)
			if err != nil {
				return err
			}
			if !g.Suspended {
				list, of = append(list, r), append(of, g)
			}
		}
		return err
	})
	return list, of, err
}

// HeldRequests lists what is held of a person's requests, with their notes.
func (s *Service) HeldRequests(ctx context.Context, tx *db.Tx, p id.Person) (list []Request, of []Brief, err error) {
	list, err = requestsBy(ctx, tx, p)
	for i := range list {
		if err == nil {
			err = s.open(ctx, &list[i])
		}
		if err == nil {
			var g Brief
			g, err = s.ByID(ctx, tx, list[i].Group)
			of = append(of, g)
		}
	}
	return list, of, err
}

// Newcomers returns how people join and what new members see first, for
// stewards.
func (s *Service) Newcomers(ctx context.Context, by authz.Actor, handle string) (g Group, set SettingsInput, err error) {
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		var err error
		if g, _, err = s.check(ctx, tx, by, handle, authz.EditGroup); err != nil {
			return err
		}
		set, err = settingsOf(ctx, tx, g)
		return err
	})
	return g, set, err
}

func settingsOf(ctx context.Context, tx *db.Tx, g Group) (SettingsInput, error) {
	welcome, _, err := welcomeOf(ctx, tx, g.ID)
	set := SettingsInput{Joining: g.Joining, Welcome: welcome}
	set.Version = set.version()
	return set, err
}

// SetNewcomers changes that, unless somebody else did meanwhile.
func (s *Service) SetNewcomers(ctx context.Context, by authz.Actor, handle string, in SettingsInput) error {
	html, wrong := in.parse()
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		g, _, err := s.check(ctx, tx, by, handle, authz.EditGroup)
		if err != nil {
			return err
		}
		if wrong != nil {
			return wrong
		}
		now, err := settingsOf(ctx, tx, g)
		if err != nil {
			return err
		}
		if in.Version != "" && in.Version != now.Version && in.version() != now.Version {
			return errChanged()
		}
		tx.Touch("group:" + string(g.ID))
		return putSettings(ctx, tx, g.ID, in, html)
	})
}

// Welcome is what new members see first; its Body is "" for nothing.
func (s *Service) Welcome(ctx context.Context, by authz.Actor, handle string) (g Group, t Text, err error) {
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		var err error
		if g, _, err = s.check(ctx, tx, by, handle, authz.SeeInside); err != nil {
			return err
		}
		t.Body, t.HTML, err = welcomeOf(ctx, tx, g.ID)
		return err
	})
	return g, t, err
}

// Admission is on which terms somebody becomes a member.
type Admission struct {
	Role    string
	By      id.Person // who lets them in, "" for nobody
	Conduct int       // the version of the rules that they accepted
}

// admit makes a person a member with at least a role; a higher role is kept.
func (s *Service) admit(ctx context.Context, tx *db.Tx, g Group, p id.Person, in Admission) error {
	r := authz.Role(in.Role)
	if !r.Valid() {
		return errors.New("join with an unknown role: " + in.Role)
	}
	if g.Suspended {
		return fault.Conflict("group.suspended", "This group is suspended and takes nobody just now. The invitation was not used up.")
	}
	if g.Over() {
		return fault.Conflict("group.ended", "This group has ended its work and takes nobody any more.")
	}
	if err := s.admits(ctx, tx, g.ID); err != nil {
		return err
	}
	was, err := s.Role(ctx, tx, g.ID, p)
	if err != nil {
		return err
	}
	if err := dropRequests(ctx, tx, g.ID, p); err != nil {
		return err
	}
	if !was.AtLeast(r) {
		if err := putMember(ctx, tx, g.ID, p, r, day.Of(tx.Now())); err != nil {
			return err
		}
	}
	if was == authz.None {
		if err := vouch(ctx, tx, g.ID, p, in.By); err != nil {
			return err
		}
	}
	return acceptConduct(ctx, tx, g.ID, p, in.Conduct)
}

// Join uses an invitation. A suspended group takes nobody; one with rules of
// conduct only who accepts them as they are.
func (s *Service) Join(ctx context.Context, tx *db.Tx, gid id.Group, p id.Person, in Admission) error {
	g, err := groupByID(ctx, tx, gid)
	if err != nil {
		return absent(err)
	}
	if wrong, is := g.unaccepted(in.Conduct); is {
		return fault.Invalid(wrong)
	}
	return s.admit(ctx, tx, g, p, in)
}
