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
	// RoleManager lets somebody manage one event.
	RoleManager = "manager"
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
	// Event is set, beside its group, for an invitation to help with one event.
	Event *id.Event
	// Handle is who alone may use it, folded; "" is anybody. It is not looked up.
	Handle string
	// Secret, when it is not "", is the link's: the same again makes no other. It is
	// the key of a form.
	Secret string
	// Role is [RoleOperator] or [RoleAccount], with a group one of its roles, with
	// an event [RoleManager].
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
	if in.Event != nil {
		known = in.Group != nil && in.Role == RoleManager
	}
	if !known {
		return "", errors.New("invitation to an unknown role: " + in.Role)
	}
	ttl := in.TTL
	if ttl <= 0 || ttl > invitationTTL {
		ttl = invitationTTL
	}
	if secret, err = s.secretOf(in.Secret); err != nil {
		return "", err
	}
	row := invitationRow{id: s.IDs.Secret(), role: in.Role, madeBy: in.MadeBy, expires: tx.Now().Add(ttl), handle: in.Handle}
	subject := in.Role
	if in.Group != nil {
		row.group = *in.Group
		subject = string(row.group) + " " + in.Role
	}
	if in.Event != nil {
		row.event = *in.Event
		subject = string(row.event) + " " + in.Role
	}
	switch fresh, err := insertOnce(ctx, tx, secret, row); {
	case err != nil:
		return "", err
	case !fresh:
		return secret, checkSame(ctx, tx, secret, row)
	}
	return secret, s.Audit(ctx, tx, in.MadeBy, "invite", subject)
}

// secretOf is the key of a form, which becomes the secret of what it makes, so that
// a form sent twice makes one; without a key it is a new one.
func (s *Service) secretOf(key string) (string, error) {
	switch {
	case key == "":
		return s.IDs.Secret(), nil
	case !id.ValidSecret(key):
		return "", fault.Malformed("form.key", "This form is incomplete. Please open the page again.")
	}
	return key, nil
}

// errOther is for a key that has made something else.
func errOther() error {
	return fault.Conflict("form.key_used", "This form was used for something else. Please open the page again.")
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
	EventTitle             string // of a link to help with one event
	Conduct                int    // the version of the group's rules, 0 for none
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
	if row.role == roleSetup { // only while there is nobody to ask
		has, err := hasOperator(ctx, tx)
		if err != nil {
			return Invitation{}, err
		}
		if has {
			return Invitation{}, errGone()
		}
	}
	return s.describe(ctx, tx, row)
}

// describe adds what the link's page shows.
func (s *Service) describe(ctx context.Context, tx *db.Tx, row invitationRow) (inv Invitation, err error) {
	inv = Invitation{Role: row.role, row: row}
	if row.event != "" {
		return s.describeEvent(ctx, tx, inv)
	}
	if row.group != "" {
		inv.GroupName, inv.GroupHandle, err = s.Groups.Title(ctx, tx, row.group)
		if fault.Is(err, fault.KindNotFound) {
			return Invitation{}, errGone()
		}
		if err == nil {
			inv.Conduct, err = s.Groups.Conduct(ctx, tx, row.group)
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

// Accept uses an invitation for somebody who is signed in. key and conduct are
// as in [Service.AcceptNew].
func (s *Service) Accept(ctx context.Context, by authz.Actor, secret, key string, conduct int) (Joined, error) {
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
		if !inv.isFor(by.Handle) {
			return fault.Conflict("invitation.not_yours", "This link is meant for somebody with another handle. It was not used up.")
		}
		if err := noteUse(ctx, tx, secret, key, ""); err != nil {
			return err
		}
		return s.admit(ctx, tx, inv, by.Person, conduct)
	})
}

// AcceptNew uses an invitation to make an account with the typed handle. key
// names the form, so that it may be sent again when its answer was lost: see
// [Service.Again]. conduct is the version of the group's rules that they accept.
func (s *Service) AcceptNew(ctx context.Context, secret, key, handle string, conduct int) (Joined, error) {
	if _, err := s.Peek(ctx, secret); err != nil {
		return Joined{}, err
	}
	return s.join(ctx, secret, key, handle, conduct, nil)
}

func (i Invitation) next() string {
	switch {
	case i.row.event != "":
		return "/events/" + string(i.row.event)
	case i.GroupHandle != "":
		return "/groups/" + i.GroupHandle + "/welcome"
	case i.Role == RoleOperator:
		return "/operator"
	case i.Role == roleSetup:
		return "/groups/new"
	}
	return "/me"
}

// join consumes a link, makes the account and its session, and runs also.
func (s *Service) join(ctx context.Context, secret, key, handle string, conduct int, also func(tx *db.Tx) error) (Joined, error) {
	p := id.Person(s.IDs.Secret())
	var inv Invitation
	return s.newAccount(ctx, p, handle, func(tx *db.Tx) (string, error) {
		var err error
		if inv, err = s.consume(ctx, tx, secret); err == nil && !inv.isFor(foldHandle(handle)) {
			err = fault.Invalid(fault.Field("handle", "invitation.not_yours", "This link is meant for somebody with another handle. It was not used up."))
		}
		return inv.next(), err
	}, func(tx *db.Tx) error {
		if err := noteUse(ctx, tx, secret, key, p); err != nil {
			return err
		}
		if err := s.admit(ctx, tx, inv, p, conduct); err != nil || also == nil {
			return err
		}
		return also(tx)
	})
}

// newAccount makes an account and its session in one transaction: use consumes
// what lets somebody in and returns the page to go on to, and then is run once
// the account is there.
func (s *Service) newAccount(ctx context.Context, p id.Person, handle string, use func(tx *db.Tx) (string, error), then func(tx *db.Tx) error) (Joined, error) {
	h, err := parseHandle(handle)
	if err != nil {
		return Joined{}, err
	}
	words, hash, err := s.newWords(ctx)
	if err != nil {
		return Joined{}, err
	}
	out := Joined{Handle: h, Words: words, Session: s.IDs.Secret()}
	sid := s.IDs.Secret()
	err = s.DB.Write(ctx, func(tx *db.Tx) error {
		var err error
		if out.Next, err = use(tx); err != nil {
			return err
		}
		ok, err := insertPerson(ctx, tx, personRow{id: p, handle: h, pass: hash})
		if err != nil {
			return err
		}
		if !ok {
			return fault.Invalid(fault.Field("handle", "handle.taken", "Somebody has this handle already. Choose another one."))
		}
		if err := then(tx); err != nil {
			return err
		}
		return insertSession(ctx, tx, p, sid, out.Session)
	})
	if err != nil {
		return Joined{}, err
	}
	return out, nil
}

// Again answers the form of a link that the same form, named by its key, used up
// a short while ago: the first answer was lost, and nobody has seen its words.
// The account gets other words and another session instead. Whoever had an
// account before is only led on. For every other form the link is used up.
func (s *Service) Again(ctx context.Context, by authz.Actor, secret, key string) (Joined, error) {
	var p personRow
	out := Joined{Handle: by.Handle}
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		var err error
		p, out.Next, err = s.sameForm(ctx, tx, by, secret, key)
		return err
	})
	if err != nil || p.id == "" {
		return out, err
	}
	words, hash, err := s.newWords(ctx)
	if err != nil {
		return Joined{}, err
	}
	out.Handle, out.Words, out.Session = p.handle, words, s.IDs.Secret()
	sid := s.IDs.Secret()
	err = s.DB.Write(ctx, func(tx *db.Tx) error {
		if _, _, err := s.sameForm(ctx, tx, by, secret, key); err != nil { // signed out meanwhile, perhaps
			return err
		}
		return s.restart(ctx, tx, p.id, hash, sid, out.Session)
	})
	if err != nil {
		return Joined{}, err
	}
	return out, nil
}

// sameForm finds the account that a form made by a link, and the page to go on
// to. The account is zero for somebody who had one before.
func (s *Service) sameForm(ctx context.Context, tx *db.Tx, by authz.Actor, secret, key string) (p personRow, next string, err error) {
	row, made, err := usedBefore(ctx, tx, secret, key)
	if errors.Is(err, db.ErrNoRows) {
		return p, "", errGone()
	}
	if err != nil {
		return p, "", err
	}
	inv, err := s.describe(ctx, tx, row)
	if err != nil {
		return p, "", err
	}
	// The lost answer may have signed its reader in all the same.
	if made == "" && by.Visitor() || made != "" && !by.Visitor() && by.Person != made {
		return p, "", errGone()
	}
	if made == "" {
		return p, inv.next(), nil
	}
	p, err = personByID(ctx, tx, made)
	if errors.Is(err, db.ErrNoRows) || err == nil && p.suspended {
		return personRow{}, "", errGone()
	}
	return p, inv.next(), err
}

// admit gives a person what the link is for.
func (s *Service) admit(ctx context.Context, tx *db.Tx, inv Invitation, p id.Person, conduct int) error {
	switch {
	case inv.row.event != "":
		if err := s.Helpers.Help(ctx, tx, inv.row.event, p, inv.row.madeBy); err != nil {
			return err
		}
	case inv.row.group != "":
		if err := s.Groups.Join(ctx, tx, inv.row.group, p, Admission{Role: inv.Role, By: inv.row.madeBy, Conduct: conduct}); err != nil {
			return err
		}
	case inv.Role == RoleOperator || inv.Role == roleSetup:
		if err := setOperator(ctx, tx, p); err != nil {
			return err
		}
	}
	subject := inv.Role
	switch {
	case inv.row.event != "":
		subject = string(inv.row.event) + " " + inv.Role
	case inv.row.group != "":
		subject = string(inv.row.group) + " " + inv.Role
	}
	return s.Audit(ctx, tx, p, "join", subject)
}
