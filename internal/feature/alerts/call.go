package alerts

import (
	"context"
	"encoding/hex"
	"fmt"
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
	callPage     = 200
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
// waits, and nobody gets more than one in five minutes, however many reports come.
func (s *Service) Call(ctx context.Context) error {
	if s.Post == nil && s.Ways == nil {
		return nil
	}
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		all, err := uncalled(ctx, tx, tx.Now().Add(-callAllAfter))
		if err != nil {
			return err
		}
		for network, cases := range all {
			if err := s.call(ctx, tx, network, cases); err != nil {
				return err
			}
		}
		return nil
	})
}

// call calls the verifiers of one network. Cases are what nobody was called for, true where
// those on call did not come.
func (s *Service) call(ctx context.Context, tx *db.Tx, network string, cases map[string]bool) error {
	onCall, err := onCallIn(ctx, tx, network, tx.Now())
	if err != nil {
		return err
	}
	reach := calledOnCall
	for _, late := range cases {
		if late {
			reach = calledAll
		}
	}
	who := onCall
	if reach == calledAll || len(onCall) == 0 {
		reach = calledAll
		if who, err = personsOf(ctx, tx, network); err != nil {
			return err
		}
	}
	for cid, late := range cases {
		to := reach
		if !late && len(onCall) > 0 {
			to = calledOnCall
		}
		if err := putCalled(ctx, tx, cid, to); err != nil {
			return err
		}
	}
	for _, p := range who {
		ok, err := takeCall(ctx, tx, network, p, tx.Now())
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		if err := s.Jobs.Enqueue(ctx, tx, callMail{network, p, clock.Micros(tx.Now())}, job.Insert{Unique: network + " " + string(p)}); err != nil {
			return err
		}
	}
	return nil
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
		waits = counts[Fresh]
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

// uncalled lists cases for which verifiers are to be called, by network: new ones, and those
// that nobody has taken on since before a time, which are true.
func uncalled(ctx context.Context, tx *db.Tx, before time.Time) (map[string]map[string]bool, error) {
	out := map[string]map[string]bool{}
	for _, level := range []int{calledNobody, calledOnCall} {
		until := clock.Micros(tx.Now())
		if level == calledOnCall {
			until = clock.Micros(before)
		}
		err := tx.Each(ctx, "select network_id, id from alert_case where called = $1 and created_at <= $2 and state = 'new' order by created_at limit $3", []any{level, until, callPage},
			func(scan func(...any) error) error {
				var network, cid string
				err := scan(&network, &cid)
				if out[network] == nil {
					out[network] = map[string]bool{}
				}
				out[network][cid] = level == calledOnCall
				return err
			})
		if err != nil {
			return nil, fmt.Errorf("find who is to be called: %w", err)
		}
	}
	return out, nil
}

func putCalled(ctx context.Context, tx *db.Tx, cid string, level int) error {
	_, err := tx.Exec(ctx, "update alert_case set called = $2 where id = $1", cid, level)
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
