package ladders

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/id"
	"convoke/internal/record"
	"convoke/internal/record/leaf"
)

// Publish freezes the draft as the next version. note says what changed, of all but the
// first. Published once, the same draft is not published again.
func (s *Service) Publish(ctx context.Context, by authz.Actor, handle string, sequence int, note string) error {
	salt := s.IDs.Bytes(16)
	read, err := s.judge(ctx, by, handle)
	if err != nil {
		return err
	}
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		d, err := s.editable(ctx, tx, by, handle)
		if err != nil {
			return err
		}
		if d.Published != nil && !d.edits() {
			return nil
		}
		if d, err = s.now(ctx, tx, d.Of, d.Speaks); err != nil {
			return err
		}
		if d.Sequence != sequence {
			return errChanged()
		}
		fields, plan, watches, err := s.ready(ctx, tx, d, read)
		if err != nil {
			return err
		}
		if d.Version > 0 && strings.TrimSpace(note) == "" {
			fields = append(fields, fault.Field("note", "ladder.no_note", "Say what has changed, and why."))
		}
		if err := fault.Invalid(fields...); err != nil {
			return err
		}
		if err := s.publish(ctx, tx, d, plan, watches, salt, strings.TrimSpace(note)); err != nil {
			return err
		}
		subject := string(d.Of.ID)
		for _, g := range d.Speaks {
			subject += " " + string(g.ID)
		}
		return s.Audit(ctx, tx, by.Person, "publish ladder", subject)
	})
}

// verdict is what [Check] said of a draft. It is asked before the transaction that
// publishes it, so that nobody else waits for that.
type verdict struct {
	known    bool
	sequence int
	moved    map[string]bool
	fields   []fault.FieldError
}

func (s *Service) judge(ctx context.Context, by authz.Actor, handle string) (v verdict, err error) {
	var d *Ladder
	var now time.Time
	err = s.DB.Read(ctx, func(tx *db.Tx) (err error) {
		now = tx.Now()
		d, err = s.editable(ctx, tx, by, handle)
		return err
	})
	if err != nil || d.Published != nil && !d.edits() {
		return v, err
	}
	moved := d.moved()
	return verdict{true, d.Sequence, moved, Check(&d.Draft, now, moved)}, nil
}

// of asks again when the ladder has changed meanwhile.
func (v verdict) of(d *Ladder, now time.Time) []fault.FieldError {
	moved := d.moved()
	if v.known && v.sequence == d.Sequence && maps.Equal(v.moved, moved) {
		return v.fields
	}
	return Check(&d.Draft, now, moved)
}

// Problems are what is in the way of publishing the draft.
func (s *Service) Problems(ctx context.Context, tx *db.Tx, d *Ladder) ([]fault.FieldError, error) {
	fields, _, _, err := s.ready(ctx, tx, d, verdict{})
	return fields, err
}

// ready is the draft as it would be published, and what it would wait for.
func (s *Service) ready(ctx context.Context, tx *db.Tx, d *Ladder, read verdict) (fields []fault.FieldError, plan Plan, watches []watch, err error) {
	c := checker{}
	switch {
	case !d.Of.Public || d.Of.Ended:
		c.fail("steps", "ladder.not_open", "The campaign is not open. Open it before its ladder is published.")
	case d.Down != nil:
		c.fail("steps", "ladder.down", "The campaign has stood down.")
	}
	plan = Plan{}
	if err := json.Unmarshal([]byte(d.Draft.JSON()), &plan); err != nil {
		return nil, plan, nil, err
	}
	moved := d.moved()
	c.fields = append(c.fields, read.of(d, tx.Now())...)
	if len(c.fields) > 0 {
		return c.fields, plan, nil, nil
	}
	c.frozen(d, &plan, moved)
	if len(c.fields) > 0 {
		return c.fields, plan, nil, nil
	}
	r := resolver{s: s, d: d, moved: moved, checker: &c, seen: map[string]bool{}}
	if err := r.all(ctx, tx, &plan); err != nil {
		return nil, plan, nil, err
	}
	return c.fields, plan, r.watches, nil
}

// frozen refuses to change what steps wait for that have moved. They keep their gates as
// they were published, with all that was found for them then, whatever has become of it.
func (c *checker) frozen(d *Ladder, p *Plan, moved map[string]bool) {
	if d.Published == nil {
		return
	}
	kept, err := ParsePlan([]byte(d.Published.Plan.JSON())) // as it was written
	for i := range d.Published.Plan.Steps {
		filled := &d.Published.Plan.Steps[i]
		if !moved[filled.Key] || err != nil {
			continue
		}
		was := kept.Steps[i]
		at := p.step(was.Key)
		if at < 0 {
			c.fail("steps", "ladder.moved", "The step “{step}” has moved already: it stays, with its gate.", "step", was.Key)
			continue
		}
		now := &p.Steps[at]
		was.Title, was.About, was.Link, was.Kind = now.Title, now.About, now.Link, now.Kind
		if !sameStep(&was, now) {
			c.fail("step-"+was.Key, "ladder.moved", "The step “{step}” has moved already: it stays, with its gate.", "step", was.Key)
		}
		now.Gate, now.MetBy, now.Lapses = filled.Gate, filled.MetBy, filled.Lapses
	}
}

// resolver finds what gates name, and fills in what the record needs to know of it.
type resolver struct {
	*checker
	s       *Service
	d       *Ladder
	moved   map[string]bool
	seen    map[string]bool
	watches []watch
}

func (r *resolver) all(ctx context.Context, tx *db.Tx, p *Plan) error {
	var errs []error
	p.leaves(func(s *Step, g *Gate) {
		r.at = "step-" + s.Key
		if w, ok := r.d.Watches[g.atom()]; ok && r.moved[s.Key] {
			r.add(w)
			return
		}
		errs = append(errs, r.leaf(ctx, tx, g))
	})
	for i := range p.Steps {
		if s := &p.Steps[i]; s.Lapses != nil {
			s.Lapses.Unix = s.lapses().Unix()
			r.add(watch{Atom: "lapse " + s.Key, Kind: "lapse", Need: 1, Due: s.lapses()})
		}
	}
	return errors.Join(errs...)
}

// add notes a watch once.
func (r *resolver) add(w watch) {
	if r.seen[w.Atom] {
		return
	}
	r.seen[w.Atom] = true
	w.Campaign = r.d.Of.ID
	r.watches = append(r.watches, w)
}

func (r *resolver) leaf(ctx context.Context, tx *db.Tx, g *Gate) error {
	w := watch{Atom: g.atom(), Kind: g.kind(), Need: g.need()}
	var err error
	switch w.Kind {
	case "date":
		if w.Due, err = g.moment().Time(); err != nil {
			return err
		}
		g.Unix = w.Due.Unix()
	case "count":
		err = r.count(ctx, tx, g.Count, &w)
	case "silence", "refusal":
		slug := ""
		if w.Kind == "silence" {
			slug = g.Silence.Petition
		} else {
			slug = g.Refusal.Petition
		}
		x, ok, err2 := r.counting(r.s.Elsewhere.Petition(ctx, tx, everybody, slug))
		if err = err2; ok {
			w.Subject, w.Label = x.ID, x.Title
			is, never := x.Reply.Silent, x.Reply.neverSilent()
			if w.Kind == "refusal" {
				is, never = x.Reply.Refused, x.Reply.neverRefused()
			}
			if is {
				w.Have, w.Fired = 1, tx.Now()
			} else if never && !r.happened(&w) {
				r.fail(r.at, "gate.answered", "“{title}” was answered otherwise, or awaits no reply, so this can never happen.", "title", x.Title)
			}
		}
	case "decision":
		err = r.decision(ctx, tx, &w, g.Decision.Proposal)
	case "turnout":
		err = r.turnout(ctx, tx, g.Turnout, &w)
	case "trigger":
		w.Label, g.Trigger.N = g.Trigger.Name, len(g.Trigger.Delegates)
		err = r.delegates(ctx, tx, g.Trigger)
	default: // steps are known here
		return nil
	}
	r.add(w)
	return err
}

// everybody may know of what a gate names.
var everybody = authz.Actor{}

// happened reports whether a published version has seen happen what w waits for.
func (r *resolver) happened(w *watch) bool {
	old := r.d.Watches[w.Atom]
	return !old.Fired.IsZero() && old.Subject == w.Subject
}

func (r *resolver) decision(ctx context.Context, tx *db.Tx, w *watch, proposal string) error {
	w.Subject = proposal
	x, err := r.s.Elsewhere.Proposal(ctx, tx, everybody, proposal)
	switch {
	case fault.Is(err, fault.KindNotFound):
		r.fail(r.at, "gate.no_proposal", "A proposal that this step waits for is not public on this server.")
		return nil
	case err == nil && x.Adopted:
		w.Have, w.Fired = 1, tx.Now()
	case err == nil && x.Over:
		r.fail(r.at, "gate.not_adopted", "“{title}” was withdrawn or not adopted, so this can never happen.", "title", x.Title)
	}
	return err
}

// counting says what is not public, or on another server.
func (r *resolver) counting(x Counting, err error) (Counting, bool, error) {
	if fault.Is(err, fault.KindNotFound) || err == nil && !x.Here {
		r.fail(r.at, "gate.unknown", "A petition or pledge that this step waits for is not open on this server.")
		return x, false, nil
	}
	return x, err == nil, err
}

func (r *resolver) turnout(ctx context.Context, tx *db.Tx, t *Turnout, w *watch) error {
	low := 0
	var err error
	if t.Campaign {
		w.Subject = "campaign " + string(r.d.Of.ID)
		low, err = r.s.Elsewhere.CampaignLow(ctx, tx, r.d.Of.ID)
	} else {
		w.Subject = "event " + t.Event
		w.Label, low, err = r.s.Elsewhere.Event(ctx, tx, everybody, id.Event(t.Event))
		if fault.Is(err, fault.KindNotFound) {
			r.fail(r.at, "gate.no_event", "An event that this step waits for is not public on this server.")
			return nil
		}
	}
	if w.Have = low; low >= t.Low {
		w.Fired = tx.Now()
	}
	return err
}

func (r *resolver) delegates(ctx context.Context, tx *db.Tx, t *Trigger) error {
	owners, err := r.s.Campaigns.Owners(ctx, tx, r.d.Of.ID)
	if err != nil {
		return err
	}
	for _, h := range t.Delegates {
		_, err := r.s.Elsewhere.Member(ctx, tx, owners, h)
		if fault.Is(err, fault.KindNotFound) {
			r.fail(r.at, "gate.no_person", "No member of the groups that own the campaign has the handle “{name}”.", "name", h)
			continue
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// publish stores a version, says so in the record, and lets what can open open.
func (s *Service) publish(ctx context.Context, tx *db.Tx, d *Ladder, plan Plan, watches []watch, salt []byte, note string) error {
	v := Version{Version: d.Version + 1, Plan: plan, Salt: hex.EncodeToString(salt), Note: note, Published: tx.Now()}
	var err error
	if v.Text, err = plan.Text(); err != nil {
		return err
	}
	h := sha256.Sum256(append(slices.Clone(salt), v.Text...))
	v.Hash = hex.EncodeToString(h[:])
	b, err := manifest(d, &v)
	if err != nil {
		return err
	}
	if len(b) > maxRecord {
		return fault.Conflict("ladder.large", "This ladder is too large for the public record. Make its gates simpler.")
	}
	if _, err := s.Record.Append(ctx, tx, record.NodeLog, b); err != nil {
		return err
	}
	if d.Name == "" {
		d.Name = leaf.IDOf(b).String()
	}
	d.Version = v.Version
	d.over = time.Time{}
	if err := putRow(ctx, tx, &d.row); err != nil {
		return err
	}
	if err := insertVersion(ctx, tx, d.Of.ID, &v); err != nil {
		return err
	}
	if err := s.putSteps(ctx, tx, d, &v); err != nil {
		return err
	}
	if err := s.putWatches(ctx, tx, d, &plan, watches); err != nil {
		return err
	}
	touch(tx, d.Of.ID)
	return s.settle(ctx, tx, d.Of.ID)
}

// manifest is the line of the record for a version.
func manifest(d *Ladder, v *Version) ([]byte, error) {
	pub := v.Plan.public()
	m := leaf.LadderManifest{V: 1, Ladder: d.Name, Version: v.Version, Campaign: d.Of.Handle, Text: v.Hash, Time: v.Published.Unix()}
	for i := range pub.Steps {
		x := &pub.Steps[i]
		step := leaf.LadderStep{Key: x.Key, After: x.After}
		if x.Lapses != nil {
			step.Lapses = x.Lapses.Unix
		}
		for _, g := range []struct {
			from *Gate
			to   **leaf.LadderGate
		}{{x.Gate, &step.Gate}, {x.MetBy, &step.MetBy}} {
			if g.from == nil {
				continue
			}
			if err := json.Unmarshal([]byte(g.from.String()), g.to); err != nil {
				return nil, fmt.Errorf("write a gate for the record: %w", err)
			}
		}
		m.Steps = append(m.Steps, step)
	}
	text, err := leaf.Canonical(m)
	if err != nil {
		return nil, err
	}
	if _, err := leaf.ParseLadder(text); err != nil {
		return nil, fmt.Errorf("write a ladder for the record: %w", err)
	}
	return leaf.Ladder{Manifest: text}.Encode(), nil
}

// putSteps makes standings for what is new. A step that waits may move from now on.
func (s *Service) putSteps(ctx context.Context, tx *db.Tx, d *Ladder, v *Version) error {
	moved := d.moved()
	for key := range d.Stand {
		if v.Plan.step(key) >= 0 {
			continue
		}
		if err := dropStanding(ctx, tx, d.Of.ID, key); err != nil {
			return err
		}
		if err := dropAgreements(ctx, tx, d.Of.ID, key); err != nil {
			return err
		}
	}
	for key, x := range v.Plan.fresh(v.Published) {
		if moved[key] {
			continue
		}
		if err := putStanding(ctx, tx, d.Of.ID, key, x); err != nil {
			return err
		}
	}
	return nil
}

// putWatches stores what is waited for now, and forgets what no longer is. What has
// happened for a ladder stays so.
func (s *Service) putWatches(ctx context.Context, tx *db.Tx, d *Ladder, plan *Plan, watches []watch) error {
	wanted, fired := map[string]bool{}, map[string]bool{}
	for i := range watches {
		w := &watches[i]
		wanted[w.Atom] = true
		if old := d.Watches[w.Atom]; !old.Fired.IsZero() && old.Subject == w.Subject {
			fired[w.Atom] = true
			continue
		}
		if err := putWatch(ctx, tx, w); err != nil {
			return err
		}
	}
	for atom, w := range d.Watches {
		if wanted[atom] {
			continue
		}
		if err := dropWatch(ctx, tx, d.Of.ID, atom); err != nil {
			return err
		}
		if w.Kind == "trigger" {
			if err := dropDelegates(ctx, tx, d.Of.ID, atom); err != nil {
				return err
			}
		}
	}
	var errs []error
	moved := d.moved()
	plan.leaves(func(x *Step, g *Gate) {
		_, had := d.Watches[g.atom()]
		switch {
		case fired[g.atom()], had && moved[x.Key]:
		case g.Count != nil:
			errs = append(errs, s.watchCount(ctx, tx, d.Of.ID, g))
		case g.Trigger != nil:
			errs = append(errs, s.putDelegates(ctx, tx, d.Of.ID, g))
		}
	})
	return errors.Join(errs...)
}

// putDelegates stores who can declare a trigger. Who was a delegate before and is one
// still has declared what they declared.
func (s *Service) putDelegates(ctx context.Context, tx *db.Tx, c id.Campaign, g *Gate) error {
	old, err := delegatesOf(ctx, tx, c, g.atom())
	if err != nil {
		return err
	}
	declared, keep := map[id.Person]bool{}, map[id.Person]bool{}
	for _, x := range old {
		declared[x.Person] = x.Declared
	}
	owners, err := s.Campaigns.Owners(ctx, tx, c)
	if err != nil {
		return err
	}
	for _, h := range g.Trigger.Delegates {
		p, err := s.Elsewhere.Member(ctx, tx, owners, h)
		if err != nil {
			return err
		}
		keep[p] = true
		if err := putDelegate(ctx, tx, c, g.atom(), delegate{p, declared[p]}); err != nil {
			return err
		}
	}
	for _, x := range old {
		if keep[x.Person] {
			continue
		}
		if err := dropDelegate(ctx, tx, c, g.atom(), x.Person); err != nil {
			return err
		}
	}
	return s.countDeclared(ctx, tx, c, g.atom())
}
