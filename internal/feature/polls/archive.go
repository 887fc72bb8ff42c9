package polls

import (
	"context"
	"errors"
	"math"
	"regexp"
	"slices"
	"time"
	"unicode/utf8"

	"convoke/internal/archive"
	"convoke/internal/clock"
	"convoke/internal/day"
	"convoke/internal/db"
	"convoke/internal/fact"
	"convoke/internal/fault"
	"convoke/internal/geo"
	"convoke/internal/i18n"
	"convoke/internal/id"
	"convoke/internal/plaintext"
)

const (
	archivePart = "proposals"
	archiveFile = "proposals.json"
)

// archivedProposal is a proposal in the archive of its group. What people said about it
// stays behind, and votes stay in the record where they were cast. Those that elect
// delegates are no part of an archive: they name people.
type archivedProposal struct {
	ID       string         `json:"id"`
	State    State          `json:"state"`
	Language string         `json:"language"`
	Title    string         `json:"title"`
	Body     string         `json:"body"` // Markdown
	Options  []string       `json:"options"`
	Public   bool           `json:"public"`
	Effect   fact.Effect    `json:"effect"`
	Subject  string         `json:"subject"`
	Campaign string         `json:"campaign"` // its id in the file
	Adopted  bool           `json:"adopted"`
	Version  int            `json:"version"`
	Sequence int            `json:"sequence"`
	Decided  *time.Time     `json:"decided"` // or withdrawn
	Created  time.Time      `json:"created"`
	Updated  time.Time      `json:"updated"`
	Texts    []archivedText `json:"texts"` // earlier ones
	Votes    []toldPoll     `json:"votes"`
}

type archivedText struct {
	Version int      `json:"version"`
	Title   string   `json:"title"`
	Body    string   `json:"body"`
	Options []string `json:"options"`
	Note    string   `json:"note"`
	Day     string   `json:"day"`
}

// arriving is a proposal with all that comes with it.
type arriving struct {
	Proposal
	versions []Version
	votes    []toldPoll
}

// moves reports whether an effect goes along: of what can still be decided those on a
// campaign that name nothing of one server, and of what was decided all, as words.
func moves(e fact.Effect, open bool) bool {
	return !open || e == fact.EffectDemand || e == fact.EffectMet || e == fact.EffectEndorse
}

func archivedOf(x *arriving) archivedProposal {
	a := archivedProposal{
		ID: string(x.ID), State: x.State, Language: x.Lang, Title: x.Title, Body: x.Body, Options: notNil(x.Options), Public: x.Public,
		Campaign: string(x.Campaign), Adopted: x.Adopted, Version: x.Version, Sequence: x.Sequence, Created: x.Created, Updated: x.Updated,
		Texts: []archivedText{}, Votes: append([]toldPoll{}, x.votes...),
	}
	if moves(x.Effect, x.open()) {
		a.Effect = x.Effect
	}
	if a.Effect == fact.EffectMet {
		a.Subject = x.Subject
	}
	if !x.Decided.IsZero() {
		a.Decided = &x.Decided
	}
	for _, v := range x.versions {
		a.Texts = append(a.Texts, archivedText{v.N, v.Title, v.Body, notNil(v.Options), v.Note, day.ISO(v.Day)})
	}
	return a
}

// whole reads all that goes with a proposal. server is where the records of its votes
// can be read.
func whole(ctx context.Context, tx *db.Tx, p *Proposal, server string) (x arriving, err error) {
	x.Proposal = *p
	if x.versions, err = versionsOf(ctx, tx, p.ID); err != nil {
		return x, err
	}
	if x.votes, err = toldOf(ctx, tx, p.ID); err != nil {
		return x, err
	}
	all, err := pollsOf(ctx, tx, p.ID)
	slices.Reverse(all)
	for i := range all {
		x.votes = append(x.votes, tellsOf(&all[i], server, tx.Now()))
	}
	return x, err
}

// ExportGroup writes what a group has before it or has decided, drafts too.
func (s *Service) ExportGroup(ctx context.Context, tx *db.Tx, g id.Group, w *archive.Writer, server string) error {
	const page = 50
	return w.List(archiveFile, func(add func(any) error) error {
		for after, more := (cursor{math.MaxInt64, ""}), true; more; {
			all, err := listProposals(ctx, tx, g, true, after, page)
			if err != nil {
				return err
			}
			for i := range all {
				p := &all[i]
				after = cursor{clock.Micros(p.Updated), string(p.ID)}
				if p.Effect == fact.EffectDelegate {
					continue
				}
				x, err := whole(ctx, tx, p, server)
				if err == nil {
					err = add(archivedOf(&x))
				}
				if err != nil {
					return err
				}
			}
			more = len(all) == page
		}
		return nil
	})
}

func (p *parser) odd(name string, is bool) {
	if is {
		p.fail(name, "proposal.archive", "No archive says this.")
	}
}

// metSubject is which demand is met, and how.
var metSubject = regexp.MustCompile(`^[0-9]{1,4}:(met|partly_met|withdrawn)$`)

// maxTold bounds the votes and the earlier texts of a proposal.
const maxTold = 50

// parse checks a row as strictly as the forms do.
func (a *archivedProposal) parse(in *archive.Import) (arriving, error) {
	var p parser
	typed := Input{Title: plaintext.Line(a.Title), Body: plaintext.Text(a.Body), Lang: a.Language, Options: plaintext.Text(join(a.Options))}
	x := arriving{Proposal: typed.text(&p)}
	x.ID, x.State, x.Public, x.Effect, x.Subject = ID(a.ID), a.State, a.Public, a.Effect, a.Subject
	x.Adopted, x.Version, x.Sequence = a.Adopted, min(max(a.Version, 1), 1_000_000), min(max(a.Sequence, 0), 1_000_000)
	x.Created, x.Updated = in.Moment(a.Created), in.Moment(a.Updated)
	p.odd("id", !id.Valid(a.ID))
	p.odd("state", !slices.Contains([]State{Draft, Discussed, Frozen, Decided, Withdrawn}, a.State) || a.Adopted && a.State != Decided)
	p.odd("effect", effectOf(a.Effect) < 0 || a.Effect == fact.EffectDelegate || !moves(a.Effect, x.open()) && a.Effect != fact.EffectNone)
	p.odd("subject", a.Subject != "" && (a.Effect != fact.EffectMet || !metSubject.MatchString(a.Subject)))
	p.odd("decided", (a.Decided != nil) != !x.talks())
	if a.Decided != nil {
		x.Decided = in.Moment(*a.Decided)
	}
	p.odd("texts", len(a.Texts) > maxTold*4)
	seen := map[int]bool{}
	for _, t := range a.Texts {
		p.odd("texts", seen[t.Version] || t.Version >= x.Version)
		seen[t.Version] = true
		x.versions = append(x.versions, p.version(&t, a.Language))
	}
	p.odd("votes", len(a.Votes) > maxTold)
	for i := range a.Votes {
		v := a.Votes[i]
		p.vote(in, &v)
		x.votes = append(x.votes, v)
	}
	p.odd("adopted", a.Adopted && !slices.ContainsFunc(x.votes, func(v toldPoll) bool { return v.Kind == toldVote && v.Counted && v.Adopted }))
	return x, fault.Invalid(p.fields...)
}

func (p *parser) version(a *archivedText, lang string) Version {
	typed := Input{Title: plaintext.Line(a.Title), Body: plaintext.Text(a.Body), Lang: lang, Options: plaintext.Text(join(a.Options)), Note: plaintext.Line(a.Note)}
	d, ok := day.Read(a.Day)
	p.odd("texts", !ok || a.Version < 1)
	return Version{N: a.Version, Text: typed.text(p).Text, Note: typed.Note, Day: d}
}

// vote checks what another server tells of a vote. Nothing of it is counted here.
func (p *parser) vote(in *archive.Import, v *toldPoll) {
	const most = 100_000_000_000
	p.odd("votes", !id.Valid(v.ID) || !slices.Contains([]string{toldVote, toldCheck, toldAmendment}, v.Kind) || !geo.KnownZone(v.Zone))
	p.odd("votes", v.Weight < 0 || v.Weight > most || v.Eligible < 0 || v.Eligible > most || v.Adopted && !v.Counted || len(v.Winners) > maxOptions)
	p.odd("votes", v.Opens.Year() < 1971 || v.Closes.Before(v.Opens) || v.Closes.After(in.Now.AddDate(2, 0, 0)))
	p.odd("votes", v.Record == nil || !v.Record.Could(in, 0))
	v.Opens, v.Closes = v.Opens.UTC().Truncate(time.Microsecond), v.Closes.UTC().Truncate(time.Microsecond)
	for i, w := range v.Winners {
		v.Winners[i] = plaintext.Line(w)
		p.odd("votes", w == "" || utf8.RuneCountInString(w) > max(maxOption, maxTitle))
	}
}

// settled is what a proposal is here: a vote that was open goes on only where it is.
func (a *archivedProposal) settled() archivedProposal {
	x := *a
	if x.State == Frozen {
		x.State, x.Decided = Withdrawn, &x.Updated
	}
	return x
}

// ImportGroup takes in the proposals of an archive. A group that was here before is only
// compared. server is this one.
func (s *Service) ImportGroup(ctx context.Context, tx *db.Tx, in *archive.Import, server string) error {
	seen := map[string]bool{}
	return archive.Each(in.Reader, archiveFile, func(_ int, row *archivedProposal) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		if seen[row.ID] {
			in.Report.Leave(archivePart, row.ID, archive.CodeInvalid, i18n.Mark("Another row of the file has this id or slug."))
			return nil
		}
		seen[row.ID] = true
		there := row.settled()
		x, err := there.parse(in)
		if in.Report.Invalid(archivePart, row.ID, err) {
			return nil
		}
		if err != nil {
			return err
		}
		return s.importProposal(ctx, tx, in, &x, row, server)
	})
}

func (s *Service) importProposal(ctx context.Context, tx *db.Tx, in *archive.Import, x *arriving, row *archivedProposal, server string) error {
	x.Group, x.Form = in.Group, "moved:"+string(in.Group)+":"+row.ID
	old, err := proposalBy(ctx, tx, "form", x.Form)
	taken := false
	if errors.Is(err, db.ErrNoRows) {
		if old, err = proposalBy(ctx, tx, "id", row.ID); err == nil && old.Group != in.Group {
			taken, err = true, db.ErrNoRows
		}
	}
	switch {
	case errors.Is(err, db.ErrNoRows) && in.There:
		in.Report.Missing(archivePart, row.ID)
		return nil
	case err != nil && !errors.Is(err, db.ErrNoRows):
		return err
	case err == nil:
		return compare(ctx, tx, in, &old, row, server)
	}
	if x.Title != row.Title || x.Body != row.Body || !slices.Equal(x.Options, row.Options) {
		in.Report.Note(archivePart, row.ID, archive.CodeCharacters, i18n.Mark("Characters that could deceive readers were taken out."))
	}
	if row.State == Frozen {
		in.Report.Note(archivePart, row.ID, archive.CodeElsewhere, i18n.Mark("Voting goes on only on the server where it was opened."))
	}
	if c, ok := in.Campaigns[row.Campaign]; ok {
		x.Campaign = c
	} else if row.Campaign != "" {
		if x.open() {
			x.Effect, x.Subject = fact.EffectNone, ""
		}
		in.Report.Note(archivePart, row.ID, archive.CodeCampaign, i18n.Mark("It was part of a campaign that the group does not own here, and now stands for itself."))
	}
	if taken {
		x.ID = ID(s.IDs.New())
		in.Report.Rename(archivePart, row.ID, string(x.ID))
	}
	in.Report.New(archivePart)
	if !in.Write {
		return nil
	}
	return arrive(ctx, tx, x)
}

func arrive(ctx context.Context, tx *db.Tx, x *arriving) error {
	touch(tx, &x.Proposal)
	if err := insertProposal(ctx, tx, &x.Proposal); err != nil {
		return err
	}
	for i := range x.versions {
		if err := putVersion(ctx, tx, x.ID, &x.versions[i]); err != nil {
			return err
		}
	}
	return putTold(ctx, tx, x.ID, x.votes)
}

// compare reports whether the proposal here is as the file says. On which day it was
// told makes no difference.
func compare(ctx context.Context, tx *db.Tx, in *archive.Import, old *Proposal, row *archivedProposal, server string) error {
	x, err := whole(ctx, tx, old, server)
	if err != nil {
		return err
	}
	here, there := archivedOf(&x), *row
	if old.State != Frozen {
		there = row.settled()
	}
	here.ID, here.Campaign = there.ID, there.Campaign
	here.Votes, there.Votes = plainVotes(here.Votes), plainVotes(there.Votes)
	if archive.Same(here, there) {
		in.Report.Unchanged(archivePart)
	} else {
		in.Report.Differs(archivePart, row.ID)
	}
	return nil
}

// plainVotes are votes without who told of them when.
func plainVotes(all []toldPoll) []toldPoll {
	out := slices.Clone(all)
	for i := range out {
		if out[i].Record != nil {
			r := *out[i].Record
			r.Server, r.Day = "", ""
			out[i].Record = &r
		}
	}
	return out
}
