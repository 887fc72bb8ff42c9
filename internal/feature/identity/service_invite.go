package identity

import (
	"context"
	"errors"
	"time"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/id"
)

// What a link makes of whoever uses it, besides the roles of a group.
const (
	// RoleOperator makes an operator of the node.
	RoleOperator = "operator"
	// RoleAccount makes a plain account.
	RoleAccount = "account"
	// roleSetup makes the first operator and names the node.
	roleSetup = "setup"
	// roleReset gives the account made_by new words.
	roleReset = "reset"
)

// InviteInput says what an invitation is for. Its maker must have been
// authorized.
type InviteInput struct {
	// Group is nil for an invitation to the node.
	Group *id.Group
	// Role is [RoleOperator] or [RoleAccount], or with a group one of its roles.
	Role   string
	MadeBy id.Person     // "" for the command line
	TTL    time.Duration // 0 is 7 days, which is also the most
}

// Invite stores an invitation and returns its secret; the link is
// /invitations/SECRET. Only its hash is kept.
func (s *Service) Invite(ctx context.Context, tx *db.Tx, in InviteInput) (secret string, err error) {
	known := in.Role == RoleOperator || in.Role == RoleAccount
	if in.Group != nil {
		known = authz.Role(in.Role).Valid()
	}
	if !known {
		return "", errors.New("invitation to an unknown role: " + in.Role)
	}
	ttl := in.TTL
	if ttl <= 0 || ttl > invitationTTL {
		ttl = invitationTTL
	}
	secret = s.IDs.Secret()
	row := invitationRow{id: s.IDs.Secret(), role: in.Role, madeBy: in.MadeBy, expires: tx.Now().Add(ttl)}
	subject := in.Role
	if in.Group != nil {
		row.group = *in.Group
		subject = string(row.group) + " " + in.Role
	}
	if err := insertInvitation(ctx, tx, secret, row); err != nil {
		return "", err
	}
	return secret, s.Audit(ctx, tx, in.MadeBy, "invite", subject)
}

// OpenInvitation is a link of a group that nobody has used yet.
type OpenInvitation struct {
	ID   string
	Role string
	Ends time.Time // the day after which it no longer works
}

// OpenInvitations lists the unused links of a group, the newest first.
func (s *Service) OpenInvitations(ctx context.Context, tx *db.Tx, g id.Group) ([]OpenInvitation, error) {
	return openInvitations(ctx, tx, g)
}

// RevokeInvitation deletes an unused link of a group; false when there is none.
func (s *Service) RevokeInvitation(ctx context.Context, tx *db.Tx, g id.Group, iid string, by id.Person) (bool, error) {
	n, err := deleteInvitation(ctx, tx, g, iid)
	if err != nil || n == 0 {
		return false, err
	}
	return true, s.Audit(ctx, tx, by, "revoke invitation", string(g))
}

// RevokeInvitationsBy deletes the unused links that somebody made for a group,
// when they may not invite any more.
func (s *Service) RevokeInvitationsBy(ctx context.Context, tx *db.Tx, g id.Group, maker id.Person) error {
	return deleteInvitationsBy(ctx, tx, g, maker)
}

// Invitation is what a link's page shows.
type Invitation struct {
	Role                   string
	GroupName, GroupHandle string // "" for the node itself
	row                    invitationRow
}

func errGone() error {
	return fault.Gone("invitation.gone", "This link does not work any more.")
}

// Peek tells what a link is for, and changes nothing. For a link that is
// unknown, used, revoked or expired it returns the same Gone fault.
func (s *Service) Peek(ctx context.Context, secret string) (Invitation, error) {
	inv, err := s.peek(ctx, secret)
	if err == nil && (inv.Role == roleSetup || inv.Role == roleReset) {
		return Invitation{}, errGone() // these have pages of their own
	}
	return inv, err
}

func (s *Service) peek(ctx context.Context, secret string) (Invitation, error) {
	if !id.ValidSecret(secret) {
		return Invitation{}, errGone()
	}
	var inv Invitation
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		var err error
		inv, err = s.open(ctx, tx, secret)
		return err
	})
	return inv, err
}

// open reads a link that works.
func (s *Service) open(ctx context.Context, tx *db.Tx, secret string) (Invitation, error) {
	row, err := invitationByHash(ctx, tx, id.Hash(secret))
	if errors.Is(err, db.ErrNoRows) {
		return Invitation{}, errGone()
	}
	if err != nil {
		return Invitation{}, err
	}
	inv := Invitation{Role: row.role, row: row}
	if row.role == roleSetup { // only while there is nobody to ask
		has, err := hasOperator(ctx, tx)
		if err != nil {
			return Invitation{}, err
		}
		if has {
			return Invitation{}, errGone()
		}
	}
	if row.group != "" {
		inv.GroupName, inv.GroupHandle, err = s.Groups.Title(ctx, tx, row.group)
		if fault.Is(err, fault.KindNotFound) {
			return Invitation{}, errGone()
		}
	}
	return inv, err
}

// consume uses a link up, once.
func (s *Service) consume(ctx context.Context, tx *db.Tx, secret string) (Invitation, error) {
	inv, err := s.open(ctx, tx, secret)
	if err != nil {
		return inv, err
	}
	n, err := useInvitation(ctx, tx, id.Hash(secret))
	if err == nil && n == 0 {
		err = errGone()
	}
	return inv, err
}

// Joined is the outcome of an invitation.
type Joined struct {
	Handle string
	// Words are the new account's passphrase, to be shown once; Session the
	// secret of its session. Both are "" for somebody who had an account.
	Words, Session string
	// Next is the page to go on to.
	Next string
}

// Accept uses an invitation for somebody who is signed in.
func (s *Service) Accept(ctx context.Context, by authz.Actor, secret string) (Joined, error) {
	if err := signedIn(by); err != nil {
		return Joined{}, err
	}
	inv, err := s.Peek(ctx, secret)
	if err != nil {
		return Joined{}, err
	}
	if inv.Role == RoleAccount && inv.GroupHandle == "" {
		return Joined{}, fault.Conflict("invitation.have_account",
			"You have an account already, so this invitation was not used up. Give it to somebody else.")
	}
	out := Joined{Handle: by.Handle, Next: inv.next()}
	return out, s.DB.Write(ctx, func(tx *db.Tx) error {
		inv, err := s.consume(ctx, tx, secret)
		if err != nil {
			return err
		}
		return s.admit(ctx, tx, inv, by.Person)
	})
}

// AcceptNew uses an invitation to make an account with the typed handle.
func (s *Service) AcceptNew(ctx context.Context, secret, handle string) (Joined, error) {
	inv, err := s.Peek(ctx, secret)
	if err != nil {
		return Joined{}, err
	}
	return s.join(ctx, secret, handle, inv.next(), nil)
}

func (i Invitation) next() string {
	switch {
	case i.GroupHandle != "":
		return "/groups/" + i.GroupHandle
	case i.Role == RoleOperator:
		return "/operator"
	}
	return "/me"
}

// join consumes a link, makes the account and its session, and runs also.
func (s *Service) join(ctx context.Context, secret, handle, next string, also func(tx *db.Tx) error) (Joined, error) {
	h, err := parseHandle(handle)
	if err != nil {
		return Joined{}, err
	}
	words, hash, err := s.newWords(ctx)
	if err != nil {
		return Joined{}, err
	}
	out := Joined{Handle: h, Words: words, Session: s.IDs.Secret(), Next: next}
	p, sid := id.Person(s.IDs.Secret()), s.IDs.Secret()
	err = s.DB.Write(ctx, func(tx *db.Tx) error {
		inv, err := s.consume(ctx, tx, secret)
		if err != nil {
			return err
		}
		ok, err := insertPerson(ctx, tx, personRow{id: p, handle: h, pass: hash})
		if err != nil {
			return err
		}
		if !ok {
			return fault.Invalid(fault.Field("handle", "handle.taken", "Somebody has this handle already. Choose another one."))
		}
		if err := s.admit(ctx, tx, inv, p); err != nil {
			return err
		}
		if also != nil {
			if err := also(tx); err != nil {
				return err
			}
		}
		return insertSession(ctx, tx, p, sid, out.Session)
	})
	if err != nil {
		return Joined{}, err
	}
	return out, nil
}

// admit gives a person what the link is for.
func (s *Service) admit(ctx context.Context, tx *db.Tx, inv Invitation, p id.Person) error {
	switch {
	case inv.row.group != "":
		if err := s.Groups.Join(ctx, tx, inv.row.group, p, inv.Role); err != nil {
			return err
		}
	case inv.Role == RoleOperator || inv.Role == roleSetup:
		if err := setOperator(ctx, tx, p); err != nil {
			return err
		}
	}
	subject := inv.Role
	if inv.row.group != "" {
		subject = string(inv.row.group) + " " + inv.Role
	}
	return s.Audit(ctx, tx, p, "join", subject)
}
