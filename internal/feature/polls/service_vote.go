package polls

import (
	"context"
	"crypto/sha256"
	"errors"
	"slices"
	"strconv"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/fact"
	"convoke/internal/fault"
	"convoke/internal/plaintext"
	"convoke/internal/record/box"
	"convoke/internal/record/leaf"
	"convoke/internal/record/tally"
	"convoke/internal/web"
)

// loadPoll finds a poll whose proposal the actor may know of.
func (s *Service) loadPoll(ctx context.Context, tx *db.Tx, by authz.Actor, column, value string) (Poll, Proposal, Group, inside, error) {
	p, err := pollBy(ctx, tx, column, value)
	if errors.Is(err, db.ErrNoRows) {
		return p, Proposal{}, Group{}, inside{}, web.ErrNotFound()
	}
	if err != nil {
		return p, Proposal{}, Group{}, inside{}, err
	}
	about, g, in, err := s.load(ctx, tx, by, string(p.Proposal))
	if fault.Is(err, fault.KindNotFound) && !by.Visitor() {
		return s.asMember(ctx, tx, by, p, g, err)
	}
	return p, about, g, in, err
}

// asMember lets members of a group that has a seat read the coalition's poll: they
// decide what is voted there in their name.
func (s *Service) asMember(ctx context.Context, tx *db.Tx, by authz.Actor, p Poll, g Group, absent error) (Poll, Proposal, Group, inside, error) {
	mine, err := s.Groups.Mine(ctx, tx, by.Person, false)
	if err != nil || !p.Named || len(mine) == 0 {
		return Poll{}, Proposal{}, Group{}, inside{}, errors.Join(err, absent)
	}
	seated := false
	for _, m := range mine {
		seats, err := seatsOfGroup(ctx, tx, p.ID, m.ID)
		if err != nil {
			return Poll{}, Proposal{}, Group{}, inside{}, err
		}
		seated = seated || len(seats) > 0
	}
	if !seated {
		return Poll{}, Proposal{}, Group{}, inside{}, absent
	}
	about, err := proposalBy(ctx, tx, "id", string(p.Proposal))
	if err == nil {
		g, err = s.Groups.ByID(ctx, tx, p.Group)
	}
	if err == nil && g.Suspended {
		err = absent
	}
	return p, about, g, inside{suspended: g.Suspended, ended: g.Ended}, err
}

// ownSeat is a seat in which an actor votes now.
type ownSeat struct {
	PollSeat
	Mandate string // "free", "advised" or "bound"
	ID      string // of the mandate
}

// seatsFor are the seats of a poll by name in which an actor votes now: by a mandate
// that holds at this moment. A vote that a group is bound to belongs to the group: what
// it decided itself nobody types over, and where groups decide all seats are bound,
// whatever mandates are. Other delegates vote in seats of their own.
func (s *Service) seatsFor(ctx context.Context, tx *db.Tx, by authz.Actor, p *Poll) (out []ownSeat, err error) {
	if by.Visitor() || s.Coalitions == nil || !p.Named {
		return nil, nil
	}
	mine, err := s.Coalitions.SeatsOf(ctx, tx, p.Group, by.Person)
	if err != nil {
		return nil, err
	}
	for _, m := range mine {
		all, err := s.Coalitions.SeatsOfGroup(ctx, tx, p.Group, m.Group)
		if err != nil {
			return nil, err
		}
		there, err := seatsOfGroup(ctx, tx, p.ID, m.Group)
		if err != nil {
			return nil, err
		}
		seat, ok := seatOf(there, all, m.ID)
		if p.ByGroups && len(there) > 0 { // a group has one seat
			seat, ok = there[0], true
		}
		if !ok || slices.ContainsFunc(out, func(x ownSeat) bool { return x.N == seat.N }) {
			continue
		}
		if seat.Carried || p.ByGroups {
			m.Mandate = bound
		}
		out = append(out, ownSeat{seat, m.Mandate, m.ID})
	}
	return out, nil
}

// errLate says when a poll closed.
func errLate(p *Poll) error {
	at := p.Local(p.Closes)
	return fault.Gone("poll.late", "This poll closed on {day} at {time}. Your vote came later and was not counted.", "day", at, "time", at.Format("15:04"))
}

func errNoSeat() error {
	return fault.Forbidden("poll.no_seat", "You have no vote in this poll: your mandate is over, or your group had no seat when it opened.")
}

func errBound() error {
	return fault.Forbidden("poll.bound", "Your group has bound its vote to its own decision. It is entered when your group’s poll has closed, and nobody can type it.")
}

func errByGroups() error {
	return fault.Forbidden("poll.by_groups", "In this poll each member group decides in its own poll, and nobody types its vote. It is entered when your group’s poll has closed.")
}

// VoteInput is a delegate's vote: the paper as package tally has it, and for a block
// why. Withdraw takes the vote back.
type VoteInput struct {
	Seat     int
	Paper    []byte
	Reason   string
	Withdraw bool
}

// Vote puts a delegate's vote by name into the box. It can be changed until the close.
func (s *Service) Vote(ctx context.Context, by authz.Actor, pid string, in VoteInput) error {
	p, err := s.voteLook(ctx, by, pid, &in)
	if err != nil {
		return err
	}
	body, why, err := s.paper(ctx, &p, &in)
	if err != nil {
		return err
	}
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		p, about, _, _, err := s.loadPoll(ctx, tx, by, "id", pid)
		if err != nil {
			return err
		}
		seat, err := s.mySeat(ctx, tx, by, &p, in.Seat)
		if err != nil {
			return err
		}
		if in.Withdraw && !seat.Voted {
			return nil
		}
		touch(tx, &about)
		mine := seat.PollSeat
		mine.Mandate = seat.ID
		return s.put(ctx, tx, &p, mine, body, why)
	})
}

// voteLook refuses early what cannot be voted.
func (s *Service) voteLook(ctx context.Context, by authz.Actor, pid string, in *VoteInput) (p Poll, err error) {
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		if p, _, _, _, err = s.loadPoll(ctx, tx, by, "id", pid); err != nil {
			return err
		}
		_, err = s.mySeat(ctx, tx, by, &p, in.Seat)
		return err
	})
	return p, err
}

// mySeat is the actor's seat, when they may vote in it by hand now.
func (s *Service) mySeat(ctx context.Context, tx *db.Tx, by authz.Actor, p *Poll, n int) (ownSeat, error) {
	switch {
	case by.Visitor():
		return ownSeat{}, fault.Unauthenticated("authz.sign_in", "Please sign in first.")
	case !p.Named:
		if role, err := s.Groups.Role(ctx, tx, p.Group, by.Person); err != nil || role == authz.None {
			return ownSeat{}, errors.Join(err, errNoSeat())
		}
		return ownSeat{}, fault.Conflict("poll.secret", "This is a secret poll. Vote on the page of its box, where nobody knows who you are.")
	case !p.takes(tx.Now()):
		return ownSeat{}, errLate(p)
	}
	mine, err := s.seatsFor(ctx, tx, by, p)
	if err != nil {
		return ownSeat{}, err
	}
	for _, seat := range mine {
		if seat.N != n {
			continue
		}
		switch {
		case p.ByGroups:
			return seat, errByGroups()
		case seat.Mandate == bound:
			return seat, errBound()
		}
		return seat, nil
	}
	return ownSeat{}, errNoSeat()
}

// paper is the body of a vote, with the reason of a block or a reservation.
func (s *Service) paper(ctx context.Context, p *Poll, in *VoteInput) (body []byte, why *box.Reason, err error) {
	if in.Withdraw {
		return leaf.Withdraw(), nil, nil
	}
	paper := in.Paper
	if p.Rules.Method == tally.Consent && len(paper) == 1 && (paper[0] == tally.Block || paper[0] == tally.Reservation && in.Reason != "") {
		var bad parser
		if in.Reason == "" {
			bad.fail("reason", "poll.no_reason", "Say why you block: without a reason a block does not count.")
		}
		bad.long("reason", in.Reason, box.MaxReason)
		if err := fault.Invalid(bad.fields...); err != nil {
			return nil, nil, err
		}
		k, err := s.Vault.Key(ctx, ScopePrefix+string(p.Proposal))
		if err != nil {
			return nil, nil, err
		}
		// The salt is the same for the same reason of the same seat, so that a vote
		// that is sent twice is one.
		from := string(p.ID) + " " + strconv.Itoa(in.Seat) + " " + in.Reason
		salt := append(k.Tag("reason", from), k.Tag("reason, second half", from)...)
		why = &box.Reason{Salt: [32]byte(salt), Text: in.Reason}
		h := why.Hash()
		paper = append(slices.Clone(paper), h[:]...)
	}
	if err := p.Rules.CheckPaper(paper); err != nil {
		return nil, nil, fault.Because(errPaper(), err)
	}
	return leaf.Ballot(paper), why, nil
}

func errPaper() error {
	return fault.Malformed("poll.paper", "This is no vote in this poll. Nothing was recorded.")
}

// put writes the vote of a seat, and whose it is; why is nil where it gives no reason.
func (s *Service) put(ctx context.Context, tx *db.Tx, p *Poll, seat PollSeat, body []byte, why *box.Reason) error {
	b, err := p.box()
	if err != nil {
		return err
	}
	if err := s.Boxes.Vote(ctx, tx, b, uint32(seat.N), body, why); err != nil {
		return err
	}
	tx.Touch("proposal:" + string(p.Proposal))
	seat.Voted = leaf.BodyKind(body) == leaf.SayBallot
	return putSeat(ctx, tx, p.ID, seat)
}

// MandateEnded hears that somebody no longer speaks for a group: what they voted in
// polls that are open is withdrawn. Whoever follows them can vote again. What the group
// decided itself stays, as long as anybody speaks for it.
func (s *Service) MandateEnded(ctx context.Context, tx *db.Tx, f fact.MandateEnded) error {
	uses, err := openSeats(ctx, tx, f.Seat)
	if err != nil {
		return err
	}
	alone := true
	if s.Coalitions != nil {
		left, err := s.Coalitions.SeatsOfGroup(ctx, tx, f.Coalition, f.Group)
		if err != nil {
			return err
		}
		alone = !slices.ContainsFunc(left, func(x Seat) bool { return x.ID != f.Seat })
	}
	if alone {
		if uses, err = openSeatsOfGroup(ctx, tx, f.Coalition, f.Group); err != nil {
			return err
		}
	}
	for _, u := range uses {
		p, err := pollBy(ctx, tx, "id", string(u.Poll))
		if err != nil {
			return err
		}
		if p.Group != f.Coalition || !f.At.Before(p.Closes) {
			continue // it was over before the mandate was
		}
		if err := s.put(ctx, tx, &p, PollSeat{N: u.N}, leaf.Withdraw(), nil); err != nil {
			return err
		}
	}
	return nil
}

// carry enters what a group decided in its own poll as its vote in the coalition's, in
// all its seats that are bound to it, unless that poll has closed or nobody speaks for
// the group any more. It reports in how many.
func (s *Service) carry(ctx context.Context, tx *db.Tx, from *Poll, r *tally.Result) (seats int, err error) {
	into, err := pollBy(ctx, tx, "id", from.Subject)
	if errors.Is(err, db.ErrNoRows) {
		return 0, nil
	}
	if err != nil || !into.takes(tx.Now()) {
		return 0, err
	}
	paper, ok := carried(r, &into.Rules)
	var why *box.Reason
	if ok && into.Rules.Method == tally.Consent && paper[0] == tally.Block {
		paper, why = s.blocked(from, &into)
	}
	if !ok || into.Rules.CheckPaper(paper) != nil {
		return 0, nil
	}
	if s.Coalitions == nil {
		return 0, nil
	}
	now, err := s.Coalitions.SeatsOfGroup(ctx, tx, into.Group, from.Group)
	if err != nil {
		return 0, err
	}
	mine, err := seatsOfGroup(ctx, tx, into.ID, from.Group)
	if err != nil {
		return 0, err
	}
	for _, seat := range boundSeats(mine, now, into.ByGroups) {
		seat.Carried = true
		if err := s.put(ctx, tx, &into, seat, leaf.Ballot(paper), why); err != nil {
			return seats, err
		}
		seats++
	}
	return seats, nil
}

// blocked is the vote of a group that blocked in its own poll: why stands there. Everybody
// can guess this text, so its salt hides nothing; as it is the same each time, what is
// entered twice is one vote.
func (s *Service) blocked(own, into *Poll) (paper []byte, why *box.Reason) {
	l := s.Locales.Match(into.Lang)
	why = &box.Reason{Text: plaintext.Text(l.T("The group blocked it in its own poll.")) + " " + own.url()}
	why.Salt = sha256.Sum256([]byte(why.Text))
	h := why.Hash()
	return append([]byte{tally.Block}, h[:]...), why
}
