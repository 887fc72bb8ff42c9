package polls

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/fact"
	"convoke/internal/fault"
	"convoke/internal/id"
	"convoke/internal/record/box"
	"convoke/internal/record/leaf"
	"convoke/internal/record/tally"
	"convoke/internal/seal"
	"convoke/internal/web"
)

// electorate is who may vote in a poll that is about to open.
type electorate struct {
	weights string   // of a coalition's delegates; "" where members decide
	rule    bool     // delegates vote in secret
	people  []string // of a secret poll
	seats   []Seat   // of one by name
}

// weight is the sum of what all votes weigh.
func (e *electorate) weight() int {
	n := len(e.people)
	for _, s := range e.seats {
		n += int(s.Weight)
	}
	return n
}

func (e *electorate) same(o *electorate) bool {
	return slices.Equal(e.people, o.people) && slices.EqualFunc(e.seats, o.seats, func(a, b Seat) bool {
		return a.ID == b.ID && a.Group == b.Group && a.Weight == b.Weight
	})
}

// electorate reads who may vote now, as in says.
func (s *Service) electorate(ctx context.Context, tx *db.Tx, p *parser, g id.Group, in *OpenInput) (e electorate, err error) {
	if e.weights, e.rule, err = s.coalition(ctx, tx, g); err != nil {
		return e, err
	}
	if e.weights == "" {
		switch in.Gate {
		case box.GateCodes:
			e.people, err = box.ReadCodes("codes", in.Codes)
			if f := fault.Of(err); f != nil {
				p.fields = append(p.fields, f.Fields...)
				err = nil
			}
		case box.GateMembers:
			if e.people, err = s.Groups.Members(ctx, tx, g); err == nil {
				slices.Sort(e.people)
			}
		}
		return e, err
	}
	all, err := s.Coalitions.Electorate(ctx, tx, g)
	if err != nil {
		return e, err
	}
	if len(all) == 0 {
		p.fail("preset", "poll.nobody", "Nobody could vote: no group of this coalition has a delegate.")
	}
	switch {
	case in.Secrecy == "secret" || e.rule:
		e.people = p.secretly(all, in.ByGroups)
	case in.ByGroups:
		e.seats = byGroup(all)
	default:
		e.seats = all
	}
	return e, nil
}

// secretly are the delegates who vote in secret. Where votes weigh differently, or
// groups decide, nobody could.
func (p *parser) secretly(all []Seat, byGroups bool) (people []string) {
	if byGroups {
		p.fail("secrecy", "poll.secret_groups", "What member groups decide is entered by name, so this cannot be secret.")
	}
	for _, x := range all {
		if x.Weight != all[0].Weight || x.Mandate == bound {
			p.fail("secrecy", "poll.secret_weights", "Votes of different weight, or bound by a mandate, would show whose they are, so this can only be by name.")
			return nil
		}
		if x.Person == "" {
			continue
		}
		if slices.Contains(people, string(x.Person)) {
			p.fail("secrecy", "poll.double_delegate", "Somebody speaks for two groups, and in secret would have one vote only. Vote by name, or let one of the groups send somebody else.")
			return nil
		}
		people = append(people, string(x.Person))
	}
	slices.Sort(people)
	return people
}

// draft is a poll before it opens.
type draft struct {
	poll     Poll
	who      electorate
	trustees *TrusteeRun // nil where nobody keeps it shut
}

// draft checks how a poll is to be held and puts it together; nothing is stored.
func (s *Service) draft(ctx context.Context, tx *db.Tx, p *Proposal, g Group, k *seal.Key, in *OpenInput) (d draft, err error) {
	var bad parser
	x := &d.poll
	x.Closes, x.Zone, x.Opens = in.open(&bad, g.Zone, tx.Now()), g.Zone, tx.Now()
	if d.who, err = s.electorate(ctx, tx, &bad, g.ID, in); err != nil {
		return d, err
	}
	if x.CodesFirst = in.FromDay != "" || in.FromTime != ""; x.CodesFirst {
		x.Opens = bad.begins(in, g.Zone, len(d.who.seats) > 0, tx.Now(), x.Closes)
	}
	x.Named, x.ByGroups = len(d.who.seats) > 0, in.ByGroups && len(d.who.seats) > 0
	x.Gate, x.Weights = box.GateMembers, d.who.weights
	if x.Weights == "" {
		x.Gate = in.Gate
	}
	if x.Gate == box.GateCodes && !p.Public {
		bad.fail("gate", "poll.codes_public", "Who has a code may be no member, so everybody must be able to read the proposal. Publish it first.")
	}
	if x.Eligible = d.who.weight(); x.Eligible > maxElectorate {
		bad.fail("gate", "poll.many", "These are more votes than one poll can count.")
	}
	text := p.Text
	if in.Amendment != "" {
		if text, err = s.amended(ctx, tx, p, in.Amendment, k); err != nil {
			return d, err
		}
	}
	options := len(text.Options)
	if in.Amendment != "" {
		options = 0 // as amended or not
	}
	x.Rules = in.rules(&bad, options, x.Eligible)
	x.Amendment, x.Title, x.Lang, x.Preset, x.Early = in.Amendment, text.Title, text.Lang, in.Preset, in.Early
	if x.ByGroups && x.Rules.Method == tally.Check {
		bad.fail("by_groups", "poll.groups_check", "How a group feels is no decision that could be entered as its vote. Choose another way to decide, or let delegates vote.")
	}
	x.Decides = in.Amendment == "" && x.Rules.Method != tally.Check
	if err := s.shut(ctx, tx, &bad, p, in.Trustees, &d); err != nil {
		return d, err
	}
	if x.Decides {
		x.Effect, x.Subject, x.Campaign = p.Effect, p.Subject, p.Campaign
		if err := s.carries(ctx, tx, &bad, x); err != nil {
			return d, err
		}
		if err := s.lasts(ctx, tx, &bad, g, x); err != nil {
			return d, err
		}
		if x.Candidates, err = s.stand(ctx, tx, &bad, "preset", g, x.Effect, x.Campaign, &text); err != nil {
			return d, err
		}
	}
	if in.Amendment == "" {
		x.Options = text.Options
	} else if several(x.Rules.Method) || x.Rules.Method == tally.Check {
		bad.fail("preset", "poll.amendment", "A change is voted on with yes and no, or by consent.")
	}
	x.Body = text.canonical(x.tail())
	return d, fault.Invalid(bad.fields...)
}

// lasts refuses what could be done when it was proposed, and cannot any more.
func (s *Service) lasts(ctx context.Context, tx *db.Tx, bad *parser, g Group, x *Poll) error {
	switch x.Effect {
	case fact.EffectNone, fact.EffectVote, fact.EffectTask:
		return nil
	}
	_, why, err := s.Elsewhere.Subject(ctx, tx, g.ID, x.Effect, x.Campaign, x.Subject)
	if why != "" {
		bad.bar("preset", why)
	}
	return err
}

// stand finds what the options of an effect name. A poll keeps that as it is when it
// opens: a handle may be somebody else's later, and a demand that was put forward be
// merged into another one.
func (s *Service) stand(ctx context.Context, tx *db.Tx, bad *parser, field string, g Group, e fact.Effect, c id.Campaign, t *Text) (out []string, err error) {
	switch {
	case e == fact.EffectDemand:
		return s.demands(ctx, tx, bad, field, c, t)
	case e == fact.EffectPart && len(t.Options) > 0:
		bad.fail(field, "proposal.part_options", "Whether a group stays is decided with yes and no. Leave the options empty.")
	case e == fact.EffectDelegate && len(t.Options) == 0:
		bad.fail(field, "proposal.no_candidates", "Write the handles of those who can be elected as options, one a line, at least two.")
	case e == fact.EffectDelegate:
		for _, o := range t.Options {
			p, err := s.Groups.Member(ctx, tx, g.ID, strings.TrimPrefix(o, "@"))
			if fault.Is(err, fault.KindNotFound) {
				bad.fail(field, "poll.no_candidate", "“{name}” is no handle of a member, so they cannot be elected.", "name", o)
			} else if err != nil {
				return nil, err
			}
			out = append(out, string(p))
		}
	}
	return out, nil
}

// demands finds those that were put forward in a campaign and that a ballot names. One of
// several options can be that it is none of them.
func (s *Service) demands(ctx context.Context, tx *db.Tx, bad *parser, field string, c id.Campaign, t *Text) ([]string, error) {
	ballot, left := t.Options, 1
	if len(ballot) == 0 {
		ballot, left = []string{t.Title}, 0
	}
	all, err := s.Elsewhere.Forward(ctx, tx, c, ballot)
	for i, k := range all {
		if k == "" {
			left--
		}
		if k == "" && left < 0 {
			bad.fail(field, "proposal.no_demand", "“{name}” is no demand that was put forward in this campaign. Put it forward first, or write it just as it stands there.", "name", ballot[i])
		}
	}
	return all, err
}

// maxElectorate bounds the weight of all votes.
const maxElectorate = 50_000_000

// amended is the text that an amendment would have.
func (s *Service) amended(ctx context.Context, tx *db.Tx, p *Proposal, aid string, k *seal.Key) (Text, error) {
	a, ok, err := amendmentBy(ctx, tx, p.ID, aid)
	switch {
	case err != nil:
		return Text{}, err
	case !ok || k == nil:
		return Text{}, web.ErrNotFound()
	case a.State != Proposed:
		return Text{}, errFrozen()
	case a.Base != p.Version:
		return Text{}, errOlder()
	}
	w, err := openJSON[wanted](k, AmendmentTable, a.ID, a.Sealed)
	return Text{Title: p.Title, Lang: p.Lang, Body: w.Body, Options: w.Options}, err
}

// carries checks a group's own poll whose outcome is its vote in a coalition's: it has
// the same options and a method that gives such a vote, and it ends before.
func (s *Service) carries(ctx context.Context, tx *db.Tx, bad *parser, x *Poll) error {
	if x.Effect != fact.EffectVote {
		return nil
	}
	into, err := pollBy(ctx, tx, "id", x.Subject)
	if errors.Is(err, db.ErrNoRows) {
		bad.fail("preset", "poll.coalition_over", "The coalition’s poll has closed, so nothing can be entered there any more.")
		return nil
	}
	if err != nil {
		return err
	}
	if !into.takes(tx.Now()) {
		bad.fail("preset", "poll.coalition_over", "The coalition’s poll has closed, so nothing can be entered there any more.")
	}
	if x.Rules.Method != into.Rules.Method && !(several(x.Rules.Method) && several(into.Rules.Method)) {
		bad.fail("preset", "poll.coalition_method", "The coalition decides this in another way, so the outcome would be no vote there. Take the same way.")
	}
	if !slices.Equal(x.Options, into.Options) && several(into.Rules.Method) {
		bad.fail("preset", "poll.coalition_options", "The options are not those of the coalition’s poll. Put them back as they are there.")
	}
	if !x.Closes.Before(into.Closes) {
		bad.fail("day", "poll.coalition_later", "The coalition’s poll closes before that. Choose an earlier time.")
	}
	return nil
}

// Opens opens a poll about a proposal in discussion, for an organizer, and freezes all
// that it is decided by. key is the form's: sent twice, it opens one, and with something
// else in it it is refused.
func (s *Service) Opens(ctx context.Context, by authz.Actor, pid, key string, in OpenInput) (PollID, error) {
	if !id.ValidSecret(key) {
		return "", errKey()
	}
	k, err := s.key(ctx, pid)
	if err != nil {
		return "", err
	}
	first, old, err := s.firstLook(ctx, by, pid, key, k, &in)
	if err != nil || old != "" {
		return old, err
	}
	if k == nil { // nobody has said anything yet
		if k, err = s.Vault.Key(ctx, ScopePrefix+pid); err != nil {
			return "", err
		}
	}
	asked, err := in.mark(k)
	if err != nil {
		return "", err
	}
	var roll *box.Draft
	if !first.poll.Named {
		roll, err = s.Boxes.Prepare(ctx, box.RollInput{Gate: first.poll.Gate, Slots: 1, References: first.who.people})
		if err != nil {
			return "", err
		}
	}
	salt, fresh, order := s.IDs.Bytes(16), PollID(s.IDs.New()), []int(nil)
	if several(first.poll.Rules.Method) {
		order = lots(first.poll.Rules.Options, s.IDs.Bytes)
	}
	err = s.act(ctx, by, pid, authz.RunPoll, func(tx *db.Tx, p *Proposal, g Group, _ inside) error {
		if err := openable(p, &in); err != nil {
			return err
		}
		d, err := s.draft(ctx, tx, p, g, k, &in)
		if err != nil {
			return err
		}
		if !d.who.same(&first.who) {
			return fault.Conflict("poll.members_changed", "Somebody joined or left just now. Please look at the numbers and send it again.")
		}
		x := &d.poll
		x.ID, x.Form, x.Asked, x.Proposal, x.Group, x.By, x.State, x.Rules.Lots = fresh, key, asked, p.ID, g.ID, by.Person, Open, order
		if err := s.begin(ctx, tx, &d, roll, salt); err != nil {
			return err
		}
		if in.Amendment != "" {
			if err := putAmendmentState(ctx, tx, in.Amendment, Voting); err != nil {
				return err
			}
		}
		p.State = Frozen
		if err := s.announce(ctx, tx, x, g, "open"); err != nil {
			return err
		}
		if err := s.Audit(ctx, tx, by.Person, "open poll", string(x.ID)+" "+string(p.Group)); err != nil {
			return err
		}
		return s.store(ctx, tx, p)
	})
	return fresh, err
}

// firstLook is [Service.draft] before keys are made; old is the poll that the same form
// opened before.
func (s *Service) firstLook(ctx context.Context, by authz.Actor, pid, key string, k *seal.Key, in *OpenInput) (d draft, old PollID, err error) {
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		p, g, is, err := s.load(ctx, tx, by, pid)
		if err != nil {
			return err
		}
		if err := authz.Check(by, authz.RunPoll, is.subject()); err != nil {
			return err
		}
		if before, err := pollBy(ctx, tx, "form", key); !errors.Is(err, db.ErrNoRows) {
			old = before.ID
			return errors.Join(err, before.asked(p.ID, k, in))
		}
		if err := openable(&p, in); err != nil {
			return err
		}
		d, err = s.draft(ctx, tx, &p, g, k, in)
		return err
	})
	return d, old, err
}

// mark is what tells an input from others. Codes are in it, so nobody can guess them
// without the key.
func (in *OpenInput) mark(k *seal.Key) (string, error) {
	text, err := json.Marshal(in)
	return hex.EncodeToString(k.Tag("open poll", string(text))), err
}

// asked refuses what did not open p.
func (p *Poll) asked(about ID, k *seal.Key, in *OpenInput) error {
	if p.Proposal != about || k == nil {
		return errUsed()
	}
	asked, err := in.mark(k)
	if err == nil && asked != p.Asked {
		err = errUsed()
	}
	return err
}

// openable refuses a second poll, and one on a text that somebody has not read.
func openable(p *Proposal, in *OpenInput) error {
	switch {
	case p.State == Frozen:
		return fault.Conflict("poll.open_already", "Somebody else has opened a poll about this just now. Its rules count, not yours.")
	case p.State == Draft:
		return fault.Conflict("poll.draft", "This is a draft. Put it up for discussion first, so that everybody has read it.")
	case !p.open():
		return errFrozen()
	case p.Sequence != in.Sequence:
		return errChanged()
	}
	return nil
}

// begin freezes a poll and opens its box.
func (s *Service) begin(ctx context.Context, tx *db.Tx, d *draft, roll *box.Draft, salt []byte) error {
	x := &d.poll
	h := sha256.Sum256(append(append([]byte(nil), salt...), x.Body...))
	x.Salt, x.Hash = hex.EncodeToString(salt), hex.EncodeToString(h[:])
	if err := x.Rules.Check(); err != nil {
		return err
	}
	m := x.manifest()
	var b leaf.ID
	var err error
	if x.Named {
		var named []box.NamedSeat
		for n, seat := range d.who.seats {
			salt, err := box.Salt()
			if err != nil {
				return err
			}
			named = append(named, box.NamedSeat{Weight: seat.Weight, Name: seat.GroupName, Salt: salt})
			x.Seats = append(x.Seats, PollSeat{N: n, Mandate: seat.ID, Group: seat.Group, Name: seat.GroupName, Salt: salt[:], Weight: seat.Weight})
		}
		b, err = s.Boxes.OpenNamed(ctx, tx, m, named)
	} else {
		if err := s.Boxes.StoreRoll(ctx, tx, roll); err != nil {
			return err
		}
		m.MinBatch = roll.MinBatch()
		b, err = s.openSecret(ctx, tx, roll.ID, m, d.trustees)
	}
	if err != nil {
		return err
	}
	x.Box = b.String()
	return insertPoll(ctx, tx, x)
}

// announce tells everybody in the electorate, whether they have voted or not: nobody
// knows that. why makes it once.
func (s *Service) announce(ctx context.Context, tx *db.Tx, x *Poll, g Group, why string) error {
	if x.Gate == box.GateCodes {
		return nil // who has a code is known to nobody here
	}
	to := []id.Group{g.ID}
	if weights, _, err := s.coalition(ctx, tx, g.ID); err != nil {
		return err
	} else if weights != "" {
		all, err := s.Coalitions.Electorate(ctx, tx, g.ID)
		if err != nil {
			return err
		}
		for _, seat := range byGroup(all) {
			to = append(to, seat.Group)
		}
	}
	l := s.Locales.Match(append(slices.Clone(g.Langs), x.Lang)...)
	at := x.Local(x.Closes)
	title := []rune(l.T("Vote: {title}", "title", x.Title))
	if len(title) > maxNotice {
		title = append(title[:maxNotice-1], '…')
	}
	body, link := l.T("There is a vote until {day}, {time} ({zone}).", "day", at, "time", l.Time(at), "zone", x.Zone), l.T("Read it and vote")
	switch {
	case x.State == CalledOff:
		body, link = l.T("This vote was called off before voting began: {reason}", "reason", x.Why), l.T("Look at the vote")
	case x.CodesFirst:
		body += "\n\n" + x.codesLine(l)
	}
	body += "\n\n[" + link + "](/polls/" + string(x.ID) + ")"
	for _, gid := range to {
		if err := s.Groups.Tell(ctx, tx, gid, "poll "+string(x.ID)+" "+why, string(title), body); err != nil {
			return err
		}
	}
	return nil
}

// maxNotice is how long the title of what members are told can be.
const maxNotice = 120
