package feedback

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/db/dbtest"
	"convoke/internal/db/migrations"
	"convoke/internal/fact"
	"convoke/internal/fault"
	"convoke/internal/id"
	"convoke/internal/seal"
	"convoke/internal/web/webtest"
)

// box is the feature on one database, beside sign-ups that are as simple as can
// be. All events end at the same time.
type box struct {
	*Service
	clock *clock.Manual
	vault *seal.Vault
	end   time.Time
}

// Hold implements SignUps.
func (b *box) Hold(ctx context.Context, tx *db.Tx, e id.Event, secret string) (Held, error) {
	var n int
	err := tx.Get(ctx, "select count(*) from attendance where event_id = $1 and hash = $2", []any{string(e), id.Hash(secret)}, &n)
	if err == nil && n == 0 {
		err = fault.NotFound("attendance.not_found", "None.")
	}
	return Held{id.Hash(secret), b.end, b.end.AddDate(0, 0, 7)}, err
}

// Event implements Keys.
func (b *box) Event(ctx context.Context, e id.Event) (*seal.Key, error) {
	return b.vault.Existing(ctx, "event:"+string(e))
}

type fataler interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
	Context() context.Context
}

func boxes(t *testing.T, f func(t *testing.T, b *box)) {
	t.Helper()
	for name, url := range map[string]func(testing.TB) string{"sqlite": dbtest.SQLite, "postgres": dbtest.Postgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := clock.NewManual(dbtest.Now)
			keys, err := db.Open(t.Context(), db.Options{
				URL: t.TempDir() + "/keys.db", Migrations: migrations.Keys, Clock: c, CacheKiB: 512, SecureDelete: true, Log: webtest.Log(t),
			})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = keys.Close() })
			if _, err := keys.Migrate(t.Context()); err != nil {
				t.Fatal(err)
			}
			b := &box{clock: c, end: c.Now()}
			if b.vault, err = seal.Open(keys, seal.BootKey{7}, c); err != nil {
				t.Fatal(err)
			}
			b.Service = New(Deps{DB: dbtest.Open(t, url(t), c), IDs: id.NewSource(c, nil), Entropy: rand.Reader, SignUps: b, Keys: b})
			f(t, b)
		})
	}
}

func (b *box) write(t fataler, f func(ctx context.Context, tx *db.Tx) error) {
	t.Helper()
	if err := b.DB.Write(t.Context(), func(tx *db.Tx) error { return f(t.Context(), tx) }); err != nil {
		t.Fatal(err)
	}
}

func (b *box) event(t fataler) id.Event {
	t.Helper()
	e := id.Event(b.IDs.New())
	b.write(t, func(ctx context.Context, tx *db.Tx) error {
		var n int64
		if err := tx.Get(ctx, "select count(*) from event", nil, &n); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `insert into event (id, at_key, uid, title, description, description_html, kind, state, listed,
			starts_at, ends_at, zone, all_day, day, place, address, locality, region, country, precise, online_url, lang, access_yes,
			access_no, access_note, capacity, organizer, source_url, picture, picture_alt, sequence, was_place, created_at, updated_at)
			values ($1, $2, '', 'Open assembly', '', '', 'meeting', 'confirmed', true, 0, 0, 'UTC', false, 20260509, '', '', '', '', '',
			'', '', 'en', 0, 0, '', 0, '', '', '', '', 0, '', 0, 0)`, string(e), n+1)
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `insert into roster (event_id, capacity, open, going, waiting, queue, starts_at, ends_at)
			values ($1, 0, $2, 0, 0, 0, 0, 0)`, string(e), true)
		return err
	})
	if _, err := b.vault.Key(t.Context(), "event:"+string(e)); err != nil {
		t.Fatal(err)
	}
	return e
}

func (b *box) signUp(t fataler, e id.Event) string {
	t.Helper()
	secret := b.IDs.Secret()
	b.write(t, func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.Exec(ctx, "insert into attendance (event_id, hash, state, party, queue, sealed) values ($1, $2, 'going', 1, 0, $3)",
			string(e), id.Hash(secret), []byte{})
		return err
	})
	return secret
}

func (b *box) give(t fataler, e id.Event, secret string, a Answer) {
	t.Helper()
	if err := b.Give(t.Context(), e, secret, a); err != nil {
		t.Fatal(err)
	}
}

func (b *box) cancel(t fataler, e id.Event, secret string) {
	t.Helper()
	b.write(t, func(ctx context.Context, tx *db.Tx) error {
		if err := b.SignUpCancelled(ctx, tx, fact.SignUpCancelled{Event: e, Hash: id.Hash(secret)}); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, "delete from attendance where event_id = $1 and hash = $2", string(e), id.Hash(secret))
		return err
	})
}

func (b *box) report(t fataler, e id.Event) Report {
	t.Helper()
	r, err := b.Report(t.Context(), e)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// Nothing is told while so few have answered that they could be known by it.
func TestFewAnswersAreNotTold(t *testing.T) {
	t.Parallel()
	boxes(t, func(t *testing.T, b *box) {
		e := b.event(t)
		var last string
		for i := range 5 {
			if r := b.report(t, e); !cmp.Equal(r, Report{Few: true}) {
				t.Errorf("after %d answers: %+v", i, r)
			}
			last = b.signUp(t, e)
			for range 2 { // sent twice
				b.give(t, e, last, Answer{Mood: "good", Again: "yes", Text: fmt.Sprint("Text ", i)})
			}
		}
		r := b.report(t, e)
		slices.Sort(r.Texts)
		want := Report{People: 5, Totals: []Total{{"again", "yes", 5}, {"mood", "good", 5}}, Texts: []string{"Text 0", "Text 1", "Text 2", "Text 3", "Text 4"}}
		if d := cmp.Diff(want, r); d != "" {
			t.Error(d)
		}
		b.give(t, e, last, Answer{Mood: "bad", Access: "no"})
		r = b.report(t, e)
		if len(r.Texts) != 4 || r.people("mood", "good") != 4 || r.people("mood", "bad") != 1 || r.people("again", "yes") != 4 || r.people("access", "no") != 1 {
			t.Errorf("after one has changed: %+v", r)
		}
		b.cancel(t, e, last)
		if r := b.report(t, e); !r.Few || r.Totals != nil || r.Texts != nil {
			t.Errorf("after one has cancelled: %+v", r)
		}
	})
}

// The texts come in another order each time: not in that of their hashes, nor of
// their making. Of forty, chance repeats an order never.
func TestTextsAreInNoOrder(t *testing.T) {
	t.Parallel()
	boxes(t, func(t *testing.T, b *box) {
		e := b.event(t)
		var made, byHash []string
		hashes := map[string]string{}
		for i := range 40 {
			s := b.signUp(t, e)
			text := fmt.Sprint("Text ", i)
			b.give(t, e, s, Answer{Mood: "mixed", Text: text})
			made = append(made, text)
			hashes[string(id.Hash(s))] = text
			byHash = append(byHash, string(id.Hash(s)))
		}
		slices.Sort(byHash)
		for i := range byHash {
			byHash[i] = hashes[byHash[i]]
		}
		one, two := b.report(t, e).Texts, b.report(t, e).Texts
		if len(one) != 40 || slices.Equal(one, two) {
			t.Errorf("twice the same: %q", one)
		}
		turned := append(slices.Clone(byHash), byHash...)
		for i := range byHash {
			if slices.Equal(one, turned[i:i+40]) {
				t.Error("they follow their hashes")
			}
		}
		if slices.Equal(one, made) {
			t.Error("they follow their making")
		}
		slices.Sort(one)
		slices.Sort(made)
		if !slices.Equal(one, made) {
			t.Errorf("some are lost: %q", one)
		}
	})
}

func TestWhenAnswersAreTaken(t *testing.T) {
	t.Parallel()
	boxes(t, func(t *testing.T, b *box) {
		e, other := b.event(t), b.event(t)
		s := b.signUp(t, e)
		refused := func(e id.Event, secret, code string) {
			t.Helper()
			if err := b.Give(t.Context(), e, secret, Answer{Mood: "good"}); !fault.HasCode(err, code) {
				t.Errorf("%v, want %s", err, code)
			}
		}
		b.end = b.clock.Now().Add(time.Microsecond)
		refused(e, s, "feedback.early")
		b.end = b.clock.Now()
		b.give(t, e, s, Answer{Mood: "good", Text: "Secret words"})
		refused(other, s, "attendance.not_found")
		refused(e, b.IDs.Secret(), "attendance.not_found")
		for _, x := range []struct {
			a      Answer
			fields []string
		}{
			{Answer{}, []string{"feedback.mood"}}, {Answer{Mood: "great"}, []string{"feedback.answer"}},
			{Answer{Access: "maybe", Again: "maybe"}, []string{"feedback.mood", "feedback.answer", "feedback.answer"}},
			{Answer{Mood: "bad", Text: strings.Repeat("é", 1001)}, []string{"form.long"}},
		} {
			err := b.Give(t.Context(), e, s, x.a)
			var codes []string
			if f := fault.Of(err); f != nil {
				for _, y := range f.Fields {
					codes = append(codes, y.Code)
				}
			}
			if !slices.Equal(codes, x.fields) {
				t.Errorf("%+v: %v, want %q", x.a, err, x.fields)
			}
		}
		if a, ok, err := b.Mine(t.Context(), e, id.Hash(s)); err != nil || !ok || a.Text != "Secret words" {
			t.Errorf("what was given before: %+v, %v, %v", a, ok, err)
		}
		b.clock.Set(b.end.AddDate(0, 0, 7))
		refused(e, s, "feedback.over")
	})
}

// What is stored tells nothing without the event's key; with the key the texts
// go, and the totals stay.
func TestTextsGoWithTheKey(t *testing.T) {
	t.Parallel()
	boxes(t, func(t *testing.T, b *box) {
		e := b.event(t)
		for range 5 {
			b.give(t, e, b.signUp(t, e), Answer{Mood: "mixed", Text: "Secret words"})
		}
		err := b.DB.Read(t.Context(), func(tx *db.Tx) error {
			all, err := db.Column[[]byte](t.Context(), tx, "select sealed from feedback where event_id = $1", string(e))
			if len(all) != 5 || slices.ContainsFunc(all, func(x []byte) bool {
				return bytes.Contains(x, []byte("Secret")) || bytes.Contains(x, []byte("mixed"))
			}) {
				t.Errorf("it is not sealed: %q", all)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := b.vault.Destroy(t.Context(), "event:"+string(e)); err != nil {
			t.Fatal(err)
		}
		if r := b.report(t, e); r.People != 5 || r.Texts != nil || r.people("mood", "mixed") != 5 {
			t.Errorf("without the key: %+v", r)
		}
		b.write(t, func(ctx context.Context, tx *db.Tx) error {
			_, err := tx.Exec(ctx, "delete from attendance where event_id = $1", string(e))
			return err
		})
		if r := b.report(t, e); r.People != 5 {
			t.Errorf("without the rows: %+v", r)
		}
	})
}

// Whoever answers, changes and cancels in whatever order: the totals are those
// of the answers that stand.
func TestTotalsFitTheAnswers(t *testing.T) {
	t.Parallel()
	boxes(t, func(t *testing.T, b *box) {
		rapid.Check(t, func(t *rapid.T) {
			if b.DB.Engine() == db.Postgres && rapid.IntRange(0, 3).Draw(t, "left out") > 0 {
				return // commits there take longer, and the rules are the same
			}
			e := b.event(t)
			var secrets []string
			for range 7 {
				secrets = append(secrets, b.signUp(t, e))
			}
			stands := map[string]Answer{}
			pick := func(q question, open bool) string {
				var all []string
				for _, o := range q.options {
					all = append(all, o.code)
				}
				if open {
					all = append(all, "")
				}
				return rapid.SampledFrom(all).Draw(t, q.code)
			}
			for range rapid.IntRange(5, 20).Draw(t, "steps") {
				i := rapid.IntRange(0, len(secrets)-1).Draw(t, "who")
				s := secrets[i]
				if len(secrets) > 5 && rapid.IntRange(0, 5).Draw(t, "cancels") == 0 {
					b.cancel(t, e, s)
					delete(stands, s)
					secrets = slices.Delete(secrets, i, i+1)
					continue
				}
				a := Answer{
					Mood: pick(questions[0], false), Access: pick(questions[1], true), Again: pick(questions[2], true),
					Text: rapid.SampledFrom([]string{"", "Some words"}).Draw(t, "text"),
				}
				b.give(t, e, s, a)
				stands[s] = a
			}
			r := b.report(t, e)
			if len(stands) < 5 {
				if !r.Few || r.Totals != nil {
					t.Fatalf("%+v for %d answers", r, len(stands))
				}
				return
			}
			want, texts := map[string]int{}, 0
			for _, a := range stands {
				for _, q := range questions {
					if a.to(q.code) != "" {
						want[q.code+" "+a.to(q.code)]++
					}
				}
				if a.Text != "" {
					texts++
				}
			}
			got := map[string]int{}
			for _, x := range r.Totals {
				got[x.Question+" "+x.Answer] = x.People
			}
			if d := cmp.Diff(want, got); d != "" || r.People != len(stands) || len(r.Texts) != texts {
				t.Fatalf("%d people, %d texts: %s", r.People, len(r.Texts), d)
			}
		})
	})
}
