package alerts

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"convoke/internal/authz"
	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/geo"
	"convoke/internal/id"
	"convoke/internal/seal"
)

// sealTable names what reports are sealed for.
const sealTable = "alert_report"

// Reported is what a reporter is told: nothing that only verifiers know.
type Reported struct {
	Category string
	Network  string
	State    State
	Reports  int
	More     int // times that they can still add to it
	Expires  time.Time
}

// Report takes a report in. key is the form's, and at once the secret with which the
// reporter can add to it: sent twice, it is one report. Nothing about who sent it is
// stored; of somebody who is signed in as a verifier of the network, keyed hashes of
// their lineage are, so that they cannot verify it.
func (s *Service) Report(ctx context.Context, by authz.Actor, key string, in ReportInput) error {
	if !id.ValidSecret(key) {
		return fault.Malformed("form.key", "This form is incomplete. Please open the page again.")
	}
	now, hash := s.now(ctx), id.Hash(key)
	r, err := in.parse(s.Places, now)
	if err != nil {
		return err
	}
	k, err := s.Vault.Key(ctx, hourScope(now))
	if err != nil {
		return err
	}
	lineage, err := s.Vault.Key(ctx, dayScope(now))
	if err != nil {
		return err
	}
	row := &reportRow{Hash: hash, Scope: hourScope(now), FirstHand: r.FirstHand, Photo: len(in.Photo) > 0, Seen: r.Seen, Created: now.Truncate(time.Minute)}
	if row.Sealed, err = s.sealReport(k, hash, sealedReport{Lat: r.Point.Lat, Lon: r.Point.Lon, Note: r.Note}); err != nil {
		return err
	}
	var photo []byte
	if row.Photo {
		photo = k.Seal(s.Entropy, "alert_photo", "sealed", string(hash), in.Photo)
	}
	return s.DB.WriteHot(ctx, reportLane, func(tx *db.Tx) error {
		if old, there, err := reportBy(ctx, tx, hash); err != nil || there {
			return errors.Join(err, s.sentAgain(ctx, tx, old))
		}
		n, err := s.receiver(ctx, tx, &in, &r)
		if err != nil {
			return err
		}
		me, err := s.seat(ctx, tx, by, n)
		if err != nil {
			return err
		}
		row.Member = me.Member
		c, err := s.gather(ctx, tx, n, &r, row)
		if err != nil {
			return err
		}
		if err := putReport(ctx, tx, row); err != nil {
			return err
		}
		if photo != nil {
			if err := insertPhoto(ctx, tx, hash, photo); err != nil {
				return err
			}
		}
		tx.Touch("alertqueue:" + n.ID)
		return s.trace(ctx, tx, by, me, c, lineage, dayScope(now))
	})
}

// reportLane is that of all reports: in a flood very many of them change one case, and must
// not conflict.
const reportLane = "alert reports"

// now is the time of a read, for keys that are made before the transaction.
func (s *Service) now(ctx context.Context) (t time.Time) {
	_ = s.DB.Read(ctx, func(tx *db.Tx) error { t = tx.Now(); return nil }) // a database that fails says so in what follows
	return t
}

func (s *Service) sealReport(k *seal.Key, hash []byte, r sealedReport) ([]byte, error) {
	b, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("seal a report: %w", err)
	}
	if n := len(b) % 256; n > 0 { // its length tells little
		b = append(b, strings.Repeat(" ", 256-n)...)
	}
	return k.Seal(s.Entropy, sealTable, "sealed", string(hash), b), nil
}

// receiver is the network that watches where something was seen.
func (s *Service) receiver(ctx context.Context, tx *db.Tx, in *ReportInput, r *Report) (*Network, error) {
	all, err := networksOf(ctx, tx, r.Cell)
	if err != nil {
		return nil, err
	}
	if all, err = s.watched(ctx, tx, all); err != nil {
		return nil, err
	}
	var fit []Network
	for _, n := range all {
		if n.has(r.Category) && slices.Contains(s.allowed(), r.Category) && (in.Network == "" || in.Network == n.Handle) {
			fit = append(fit, n)
		}
	}
	switch {
	case len(all) == 0:
		return nil, fault.Invalid(fault.Field("place", "alert.nobody", "No network watches this place, so nobody here could check it. Nothing was stored. In danger call the emergency number."))
	case len(fit) == 0:
		return nil, fault.Invalid(fault.Field("category", "alert.not_theirs", "The network that watches this place does not warn of that. Nothing was stored."))
	case len(fit) > 1:
		return nil, fault.Invalid(fault.Field("network", "alert.which", "Several networks watch this place. Choose one."))
	}
	return &fit[0], nil
}

// watched are networks with somebody who may verify, and their owners.
func (s *Service) watched(ctx context.Context, tx *db.Tx, all []Network) (out []Network, err error) {
	for i := range all {
		n := &all[i]
		if err := s.owners(ctx, tx, n); err != nil {
			return nil, err
		}
		who, err := personsOf(ctx, tx, n.ID)
		if err != nil {
			return nil, err
		}
		for len(who) > 0 {
			one, err := s.able(ctx, tx, n, who[:1])
			if err != nil {
				return nil, err
			}
			if who = who[1:]; len(one) > 0 {
				out, who = append(out, *n), nil
			}
		}
	}
	return out, nil
}

// choices are the networks that a report could mean.
func (s *Service) choices(ctx context.Context, in *ReportInput) (out []Network, err error) {
	found := s.Places.Find(in.Place, 1)
	if len(found) == 0 {
		return nil, nil
	}
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		all, err := networksOf(ctx, tx, geo.GridAt(found[0].Point))
		if err == nil {
			out, err = s.watched(ctx, tx, all)
		}
		return err
	})
	return out, err
}

// gather adds a report to the case that it belongs to, or begins one.
func (s *Service) gather(ctx context.Context, tx *db.Tx, n *Network, r *Report, row *reportRow) (*Case, error) {
	c, there, err := caseNear(ctx, tx, n.ID, r.Category, r.Cell, tx.Now())
	if err != nil {
		return nil, err
	}
	minute := tx.Now().Truncate(time.Minute)
	if !there {
		c = &Case{
			ID: s.IDs.New(), Network: n.ID, Category: r.Category, Cell: r.Cell, Scope: dayScope(tx.Now()), State: Fresh, Seen: r.Seen, Created: minute,
			Expires: forgottenAt(minute), // whatever is reported to it later
		}
	}
	row.Case, row.Expires = c.ID, c.Expires
	if c.Last = minute; r.Seen.Before(c.Seen) {
		c.Seen = r.Seen
	}
	c.Reports = min(c.Reports+1, maxReports)
	if row.FirstHand {
		c.FirstHand++
	}
	if row.Member {
		c.Members++
	}
	if there && c.State == Fresh && grew(c, row) {
		c.Called = calledNobody
	}
	return c, putCase(ctx, tx, c)
}

// grew reports whether a report makes so much more of a case that verifiers who left it are
// called once more: the first that somebody saw, the first of a member, and each tenfold.
func grew(c *Case, row *reportRow) bool {
	for n := 10; n <= c.Reports && c.Reports < maxReports; n *= 10 {
		if c.Reports == n {
			return true
		}
	}
	return row.FirstHand && c.FirstHand == 1 || row.Member && c.Members == 1
}

// sentAgain is what a report does that is there: it counts as an addition when it puts its case
// back into the queue.
func (s *Service) sentAgain(ctx context.Context, tx *db.Tx, r reportRow) error {
	if r.Case == "" || r.More >= maxMore {
		return nil
	}
	reopened, err := s.again(ctx, tx, r.Case)
	if err != nil || !reopened {
		return err
	}
	r.More++
	return putReport(ctx, tx, &r)
}

// again puts a case back into the queue that was denied, because somebody says it once more or
// adds to it; of a duplicate, the case that it is the same as.
func (s *Service) again(ctx context.Context, tx *db.Tx, cid string) (reopened bool, err error) {
	c, err := oneCase(ctx, tx, cid)
	if err == nil && c != nil && c.State == Duplicate {
		c, err = oneCase(ctx, tx, c.Of)
	}
	if err != nil || c == nil || c.State != Denied || !c.Expires.After(tx.Now()) {
		return false, err
	}
	c.State, c.Called = Fresh, calledNobody
	tx.Touch("alertqueue:" + c.Network)
	return true, putCase(ctx, tx, c)
}

// trace keeps a verifier who reports from verifying it, with all of their lineage.
func (s *Service) trace(ctx context.Context, tx *db.Tx, by authz.Actor, me seat, c *Case, today *seal.Key, scope string) error {
	if by.Visitor() || !me.Member {
		return nil
	}
	if c.Scope != scope { // a case that goes on over midnight
		k, err := s.Vault.Existing(ctx, c.Scope)
		if errors.Is(err, seal.ErrDestroyed) {
			return nil
		}
		if err != nil {
			return err
		}
		today = k
	}
	chain, err := s.Groups.Chain(ctx, tx, by.Person)
	if err != nil {
		return err
	}
	return insertTags(ctx, tx, c.ID, traces(today, by.Person, chain))
}

// Held tells a reporter by their secret where their report stands.
func (s *Service) Held(ctx context.Context, key string) (out Reported, err error) {
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		r, c, err := s.held(ctx, tx, key)
		if err != nil {
			return err
		}
		n, err := s.networkByID(ctx, tx, c.Network)
		if err != nil {
			return err
		}
		out = Reported{Category: c.Category, Network: n.Name, State: c.State, Reports: c.Reports, More: max(maxMore-r.More, 0), Expires: c.Expires}
		return nil
	})
	return out, err
}

func (s *Service) held(ctx context.Context, tx *db.Tx, key string) (r reportRow, c *Case, err error) {
	gone := errForgotten()
	if !id.ValidSecret(key) {
		return r, nil, gone
	}
	r, ok, err := reportBy(ctx, tx, id.Hash(key))
	if err != nil || !ok {
		return r, nil, errors.Join(err, missing(ok, gone))
	}
	if c, err = oneCase(ctx, tx, r.Case); err != nil || c == nil {
		return r, nil, errors.Join(err, missing(c != nil, gone))
	}
	return r, c.at(tx.Now()), nil
}

func errForgotten() error {
	return fault.NotFound("alert.no_report", "There is no such report, or it is forgotten: after a day nothing is left of it.")
}

func missing(there bool, fault error) error {
	if there {
		return nil
	}
	return fault
}

// More lets a reporter add to their report.
func (s *Service) More(ctx context.Context, key, note string) error {
	note = strings.TrimSpace(note)
	if err := guard("note", note); err != nil {
		return err
	}
	if note == "" {
		return fault.Invalid(fault.Field("note", "alert.note_empty", "Write what is new."))
	}
	var r reportRow
	err := s.DB.Read(ctx, func(tx *db.Tx) (err error) {
		r, _, err = s.held(ctx, tx, key)
		return err
	})
	if err != nil {
		return err
	}
	k, err := s.Vault.Existing(ctx, r.Scope)
	if errors.Is(err, seal.ErrDestroyed) {
		return errForgotten() // what is left of it goes next
	}
	if err != nil {
		return err
	}
	return s.DB.WriteHot(ctx, reportLane, func(tx *db.Tx) error {
		r, c, err := s.held(ctx, tx, key)
		if err != nil {
			return err
		}
		if r.More >= maxMore {
			return fault.Conflict("alert.more", "You have added {max} times. If something else happens, report it anew.", "max", maxMore)
		}
		said, err := s.openReport(k, r)
		if err != nil {
			return err
		}
		if len(said.More) > 0 && said.More[len(said.More)-1] == note {
			return nil // the same form once more
		}
		said.More, r.More = append(said.More, note), r.More+1
		if r.Sealed, err = s.sealReport(k, r.Hash, said); err != nil {
			return err
		}
		tx.Touch("alertqueue:" + c.Network)
		_, err = s.again(ctx, tx, c.ID)
		return errors.Join(err, putReport(ctx, tx, &r))
	})
}

func (s *Service) openReport(k *seal.Key, r reportRow) (out sealedReport, err error) {
	b, err := k.Open(sealTable, "sealed", string(r.Hash), r.Sealed)
	if err == nil {
		err = json.Unmarshal(b, &out)
	}
	return out, err
}
