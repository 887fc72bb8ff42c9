package alerts

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"convoke/internal/authz"
	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/i18n"
	"convoke/internal/id"
	"convoke/internal/job"
	"convoke/internal/notify"
)

const (
	callAllAfter = 10 * time.Minute // nobody took a case on: all verifiers are called
	callPause    = 5 * time.Minute  // between two calls of one verifier, whatever waits
)

// How far verifiers were called for a case.
const (
	calledNobody = iota
	calledOnCall
	calledAll
)

// Addresses finds where people can be reached.
type Addresses interface {
	// Reach returns somebody's address and language, "" when they have none.
	Reach(ctx context.Context, p id.Person) (to, lang string, err error)
}

// Post sends mail to verifiers.
type Post struct {
	Addresses Addresses
	Sender    notify.Sender
}

// callMail is the job of one mail: reports wait for a verifier.
type callMail struct {
	Network string    `json:"network"`
	Person  id.Person `json:"person"`
	At      int64     `json:"at"` // when it was due, in microseconds since 1970
}

// Kind implements job.Args.
func (callMail) Kind() string { return "alerts.call" }

// about names one call: tried again, it is the same.
func (a callMail) about() string { return fmt.Sprintf("call %s %s %d", a.Network, a.Person, a.At) }

// MessageKinds are the jobs that reach people outside.
func MessageKinds() []string { return []string{callMail{}.Kind(), answerJob{}.Kind()} }

// Call calls verifiers to what waits: at once those who are on call, all where nobody is,
// and all when nobody has taken it on after ten minutes. One mail tells of everything that
// waits, and nobody gets more than one in five minutes, however many reports come. What
// somebody took on long ago waits again.
func (s *Service) Call(ctx context.Context) error {
	var all []uncalled
	err := s.DB.Write(ctx, func(tx *db.Tx) (err error) {
		if err := releaseOld(ctx, tx, tx.Now().Add(-claimFor)); err != nil || s.Post == nil && s.Ways == nil {
			return err
		}
		all, err = uncalledIn(ctx, tx, tx.Now().Add(-callAllAfter))
		return err
	})
	for _, n := range all {
		err = errors.Join(err, s.DB.Write(ctx, func(tx *db.Tx) error { return s.call(ctx, tx, n) }))
	}
	return err
}

// uncalled is a network to whose cases somebody has to be called; late, that those on call did
// not come to one.
type uncalled struct {
	network string
	late    bool
}

// call calls the verifiers of one network. To what came since somebody was called who may not
// be called again yet, they are called the next time.
func (s *Service) call(ctx context.Context, tx *db.Tx, u uncalled) error {
	n, err := s.networkByID(ctx, tx, u.network)
	if err != nil {
		return err
	}
	who, err := onCallIn(ctx, tx, n.ID, tx.Now())
	if err != nil {
		return err
	}
	if who, err = s.able(ctx, tx, n, who); err != nil {
		return err
	}
	level := calledOnCall
	if len(who) == 0 || u.late {
		level = calledAll
		all, err := personsOf(ctx, tx, n.ID)
		if err != nil {
			return err
		}
		if who, err = s.able(ctx, tx, n, all); err != nil || len(who) == 0 {
			return err
		}
	}
	told, err := s.callEach(ctx, tx, n.ID, who)
	if err != nil {
		return err
	}
	return putCalled(ctx, tx, n.ID, level, told)
}

// able are those who may verify for a network.
func (s *Service) able(ctx context.Context, tx *db.Tx, n *Network, all []id.Person) (out []id.Person, err error) {
	for _, p := range all {
		v, ok, err := verifierOf(ctx, tx, n.ID, p)
		if err == nil && ok {
			ok, err = s.mayVerify(ctx, tx, authz.Actor{Person: p}, v, n)
		}
		if err != nil {
			return nil, err
		}
		if ok {
			out = append(out, p)
		}
	}
	return out, nil
}

// callEach calls those who may be called now. To what was noted, to the minute, before the time
// that it returns everybody has been called.
func (s *Service) callEach(ctx context.Context, tx *db.Tx, network string, who []id.Person) (told time.Time, err error) {
	told = tx.Now().Add(time.Minute)
	for _, p := range who {
		ok, err := takeCall(ctx, tx, network, p, tx.Now())
		if err == nil && ok {
			err = s.Jobs.Enqueue(ctx, tx, callMail{network, p, clock.Micros(tx.Now())}, job.Insert{Unique: network + " " + string(p)})
		} else if err == nil {
			told, err = earlier(ctx, tx, network, p, told)
		}
		if err != nil {
			return told, err
		}
	}
	return told, nil
}

// callOthers calls all verifiers but one, who has proposed something: it takes a second one.
func (s *Service) callOthers(ctx context.Context, tx *db.Tx, n *Network, by id.Person) error {
	if s.Post == nil && s.Ways == nil {
		return nil
	}
	all, err := personsOf(ctx, tx, n.ID)
	if err != nil {
		return err
	}
	all = slices.DeleteFunc(all, func(p id.Person) bool { return p == by })
	if all, err = s.able(ctx, tx, n, all); err == nil {
		_, err = s.callEach(ctx, tx, n.ID, all)
	}
	return err
}

// sendCall is the worker of one call: through the subscription that a verifier chose, or, where
// that does not go out, by mail. It says nothing of what was reported: it is read on the way.
func (s *Service) sendCall(ctx context.Context, a callMail) error {
	var n *Network
	waits := 0
	err := s.DB.Read(ctx, func(tx *db.Tx) (err error) {
		if n, err = s.networkByID(ctx, tx, a.Network); err != nil {
			return err
		}
		v, ok, err := verifierOf(ctx, tx, a.Network, a.Person)
		if err != nil || !ok || n.Closed {
			return err
		}
		if ok, err = s.mayVerify(ctx, tx, authz.Actor{Person: a.Person}, v, n); err != nil || !ok {
			return err
		}
		counts, err := countCases(ctx, tx, a.Network)
		if err != nil {
			return err
		}
		proposed, err := draftsOf(ctx, tx, a.Network, tx.Now())
		waits = max(counts[Fresh], len(proposed))
		return err
	})
	if fault.Is(err, fault.KindNotFound) {
		return nil
	}
	if err != nil || waits == 0 {
		return err
	}
	if told, err := s.tell(ctx, n, a, waits); told || s.Post == nil {
		return err
	}
	to, lang, err := s.Post.Addresses.Reach(ctx, a.Person)
	if err != nil || to == "" {
		return err
	}
	m := s.callText(s.Locales.Match(lang), n, waits)
	m.To, m.ID = to, hex.EncodeToString(id.Hash(a.about()))
	return s.Post.Sender.Send(ctx, m)
}

func (s *Service) callText(l *i18n.Locale, n *Network, waits int) notify.Message {
	return notify.Message{
		Lang: l.Tag(), Class: notify.Urgent, Subject: l.T("To verify: {network}", "network", n.Name),
		Body: notify.Body{
			Parts: []notify.Part{
				notify.Paragraph(l.N("{n} report waits for verifiers of {network}.", "{n} reports wait for verifiers of {network}.", waits, "network", n.Name)),
				notify.Button(l.T("To verify"), s.BaseURL+n.queue()),
			},
			Footer: []notify.Part{
				notify.Paragraph(l.T("You get this because you are a verifier of this network. Shifts, and the end of it:")),
				notify.Link(l.T("Verifiers and shifts"), s.BaseURL+n.path()+"/people"),
			},
		},
	}
}

// releaseOld puts cases back into the queue that somebody took on before a time.
func releaseOld(ctx context.Context, tx *db.Tx, before time.Time) error {
	const old = "claimed_by > '' and state = 'checking' and claimed_at <= $1"
	all, err := db.Column[string](ctx, tx, "select distinct network_id from alert_case where "+old, clock.Micros(before))
	if err != nil || len(all) == 0 {
		return err
	}
	for _, network := range all {
		tx.Touch("alertqueue:" + network)
	}
	_, err = tx.Exec(ctx, "update alert_case set claimed_by = null, claimed_at = 0, state = 'new', called = 0 where "+old, clock.Micros(before))
	return err
}

// uncalledIn lists networks with cases for which verifiers are to be called: new ones, and those
// that nobody has taken on since before a time.
func uncalledIn(ctx context.Context, tx *db.Tx, before time.Time) ([]uncalled, error) {
	out, err := db.Query(ctx, tx, uncalledQuery, []any{calledNobody, calledOnCall, clock.Micros(before)}, func(scan func(...any) error) (u uncalled, err error) {
		var first int64
		err = scan(&u.network, &first)
		u.late = first <= clock.Micros(before)
		return u, err
	})
	if err != nil {
		return nil, fmt.Errorf("find who is to be called: %w", err)
	}
	return out, nil
}

const uncalledQuery = `select c.network_id, min(c.created_at) from alert_case c join alert_network n on n.id = c.network_id
	where (c.called = $1 or c.called = $2 and c.created_at <= $3) and c.state = 'new' and not n.closed group by c.network_id`

// putCalled notes how far verifiers were called for what came before a time.
func putCalled(ctx context.Context, tx *db.Tx, network string, level int, told time.Time) error {
	_, err := tx.Exec(ctx, "update alert_case set called = $2 where network_id = $1 and state = 'new' and called < $2 and created_at < $3", network, level, clock.Micros(told))
	return err
}

func onCallIn(ctx context.Context, tx *db.Tx, network string, now time.Time) ([]id.Person, error) {
	return db.Column[id.Person](ctx, tx, "select distinct person_id from alert_shift where network_id = $1 and ends_at > $2 and starts_at <= $2 order by person_id", network, clock.Micros(now))
}

func personsOf(ctx context.Context, tx *db.Tx, network string) ([]id.Person, error) {
	return db.Column[id.Person](ctx, tx, "select person_id from alert_verifier where network_id = $1 order by person_id", network)
}

// takeCall reports whether somebody may be called now, and notes that they are.
func takeCall(ctx context.Context, tx *db.Tx, network string, p id.Person, now time.Time) (bool, error) {
	n, err := tx.Exec(ctx, "update alert_verifier set called_at = $3 where network_id = $1 and person_id = $2 and called_at <= $4",
		network, string(p), clock.Micros(now), clock.Micros(now.Add(-callPause)))
	return n > 0, err
}

// earlier is when somebody was called last, or at, when that is earlier.
func earlier(ctx context.Context, tx *db.Tx, network string, p id.Person, at time.Time) (time.Time, error) {
	var last int64
	if err := tx.Get(ctx, "select called_at from alert_verifier where network_id = $1 and person_id = $2", []any{network, string(p)}, &last); err != nil {
		return at, err
	}
	if t := clock.FromMicros(last).Truncate(time.Minute); t.Before(at) {
		at = t
	}
	return at, nil
}
