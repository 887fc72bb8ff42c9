package take_test

import (
	"bytes"
	"encoding/asn1"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"maps"
	"math/big"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"convoke/internal/db"
	"convoke/internal/db/dbtest"
	"convoke/internal/fault"
	"convoke/internal/notify"
	"convoke/internal/record"
	"convoke/internal/record/box"
	"convoke/internal/record/box/boxtest"
	"convoke/internal/record/leaf"
	"convoke/internal/record/recordtest"
	"convoke/internal/record/tally"
	"convoke/internal/web/webtest"
)

// TestWhatIsRefused sends each kind of bad input to the routes of the record, and
// each code of docs/errors.md that they answer with comes from its own cause.
func TestWhatIsRefused(t *testing.T) {
	dir, url := t.TempDir(), dbtest.SQLite(t)
	open := func() *stand { return newStand(t, recordtest.Open(t, url, dir+"/keys.db", dir+"/head.json")) }
	r := &refusals{stand: open(), codes: documentedCodes(t), seen: map[string]bool{}, kinds: map[string]bool{}}
	r.leaves()
	r.sayings()
	r.credentials()
	r.activations()
	r.ballots()
	r.nobodyNamed()
	r.tooMuch()
	r.forms()
	r.gates()
	r.times()
	r.stops(open)
	for _, code := range slices.Sorted(maps.Keys(r.codes)) {
		if !r.seen[code] {
			t.Errorf("%s is in docs/errors.md, and nothing here gets it", code)
		}
	}
	for _, k := range kinds {
		if !r.kinds[k] {
			t.Errorf("nothing %s was tried", k)
		}
	}
}

func signature() leaf.Box { return leaf.Box{Type: leaf.Petition, Takes: leaf.TakesSign} }

// leaves are signatures that are none, or none for the box.
func (r *refusals) leaves() {
	both := r.onRoll(signature(), signature())
	i, other := both[0], both[1]
	elsewhere := r.open(box.GateBrowser, leaf.Box{})
	v, foreign, far := r.anybody(i), r.anybody(other), r.anybody(elsewhere)
	swapped := leaf.Sign{Key: foreign.Public(), Auth: [leaf.AuthSize]byte(v.Auth)}
	flipped := bytes.Clone(v.Signs())
	flipped[100] ^= 1
	for _, c := range []struct {
		kind, name, code string
		b                []byte
	}{
		{"malformed", "nothing", "box.leaf", nil},
		{"malformed", "words", "box.leaf", []byte("what is this?")},
		{"malformed", "another version", "box.leaf", append([]byte{2}, v.Signs()[1:]...)},
		{"malformed", "another kind", "box.leaf", leaf.Batch{Count: 9}.Encode()},
		{"malformed", "a flipped bit", "box.credential", flipped},
		{"wrong length", "too short", "box.leaf", v.Signs()[:leaf.SignSize-1]},
		{"wrong length", "too long", "box.leaf", append(v.Signs(), 0)},
		{"wrong length", "far too long", "box.large", make([]byte, leaf.MaxBody+1025)},
		{"wrong slot", "a credential of the roll's other slot", "box.credential", foreign.Signs()},
		{"foreign", "a credential of another roll", "box.credential", far.Signs()},
		{"foreign", "another's credential", "box.credential", swapped.Encode()},
	} {
		r.want(c.kind, c.name, c.code, r.cast(i, c.b))
	}
	r.want("malformed", "half of what was pasted", "box.base64",
		r.ask("POST", path(i, "cast"), "application/x-www-form-urlencoded", "leaf=A"))
	r.want("foreign", "a box that is not here", "box.not_found", r.ask("POST", "/b/"+leaf.ID{1}.String()+"/cast", octets, string(v.Signs())))
	r.refused("not canonical", "the name of a box in capitals", "web.not_found", 404,
		r.ask("POST", "/b/"+strings.ToUpper(i.ID.String())+"/cast", octets, string(v.Signs())))
	r.want("not canonical", "an authenticator beyond the modulus", "box.credential", r.cast(i, r.beyond(i)))
	waits := r.open(box.GateBrowser, leaf.Box{MinBatch: 2})
	u := r.anybody(waits)
	r.taken(r.cast(waits, u.Signs()))
	r.want("double", "another statement while one waits", "box.waits", r.cast(waits, u.Say(waits.Origin, nil, 1, leaf.Withdraw())))
	r.receipts(i, other, v)
	r.counts(i, 1, int64(r.numbers(i).Issued))
}

// beyond is a signature of a voter whose authenticator has the modulus added to it:
// the same number to careless arithmetic.
func (r *refusals) beyond(i *box.Info) []byte {
	r.t.Helper()
	var outer struct {
		Algorithm asn1.RawValue
		Key       asn1.BitString
	}
	var inner struct {
		N *big.Int
		E int
	}
	if _, err := asn1.Unmarshal(i.Key.Marshal(), &outer); err != nil {
		r.t.Fatal(err)
	}
	if _, err := asn1.Unmarshal(outer.Key.Bytes, &inner); err != nil {
		r.t.Fatal(err)
	}
	for range 1000 {
		v := r.anybody(i)
		sum := new(big.Int).Add(new(big.Int).SetBytes(v.Auth), inner.N)
		if sum.BitLen() > 8*leaf.AuthSize {
			continue
		}
		l := leaf.Sign{Key: v.Public()}
		sum.FillBytes(l.Auth[:])
		return l.Encode()
	}
	r.t.Fatal("no authenticator has room for that")
	return nil
}

// receipts are asked for what is not in the box, and by names that are none.
func (r *refusals) receipts(i, other *box.Info, v *boxtest.Voter) {
	r.t.Helper()
	h, key := tlog.RecordHash(v.Signs()), v.Public()
	proof := func(i *box.Info, hash, key []byte) *httptest.ResponseRecorder {
		return r.ask("GET", path(i, "proof/"+hex.EncodeToString(hash)+"?key="+hex.EncodeToString(key)), "", "")
	}
	r.want("early", "the receipt of what was not cast", "box.no_receipt", proof(i, h[:], key[:]))
	r.taken(r.cast(i, v.Signs()))
	r.taken(proof(i, h[:], key[:]))
	r.want("foreign", "the receipt of another box", "box.no_receipt", proof(other, h[:], key[:]))
	r.want("malformed", "the receipt of a changed leaf", "box.no_receipt", proof(i, append([]byte{h[0] ^ 1}, h[1:]...), key[:]))
	named, hash := r.byName()
	seat := leaf.SeatKey(0) // everybody knows it, so it must not answer a guess
	r.want("foreign", "the receipt of a vote by name", "box.no_receipt", proof(named, hash[:], seat[:]))
	if err := r.Boxes.Close(r.t.Context(), named.ID); err != nil {
		r.t.Fatal(err)
	}
	r.taken(proof(named, hash[:], seat[:]))
	for name, w := range map[string]*httptest.ResponseRecorder{
		"a short hash": proof(i, h[:31], key[:]),
		"a long key":   proof(i, h[:], append(key[:], 0)),
		"no key":       proof(i, h[:], nil),
		"a short key":  r.ask("GET", path(i, "said/00"), "", ""),
	} {
		r.refused("wrong length", name, "web.not_found", 404, w)
	}
	if w := r.cast(i, v.Signs()); w.Code != http.StatusCreated || !strings.Contains(w.Body.String(), `"again":true`) {
		r.t.Errorf("a signature again: %d %s", w.Code, w.Body) // it is there, and counts once
	}
}

// byName is an open poll by name in which a seat has voted, and its leaf.
func (r *refusals) byName() (i *box.Info, hash tlog.Hash) {
	r.t.Helper()
	m := leaf.Box{
		Type: leaf.Poll, Poll: &tally.Rules{Method: tally.YesNo, Options: 1}, Opens: dbtest.Now.Unix(), Closes: dbtest.Now.Add(time.Hour).Unix(), Text: strings.Repeat("0", 64),
	}
	var b leaf.ID
	err := r.DB.Write(r.t.Context(), func(tx *db.Tx) (err error) {
		if b, err = r.Boxes.OpenNamed(r.t.Context(), tx, m, []box.NamedSeat{{Name: "River", Weight: 1}}); err == nil {
			err = r.Boxes.Vote(r.t.Context(), tx, b, 0, leaf.Ballot([]byte{tally.Yes}), nil)
		}
		if err != nil {
			return err
		}
		raw, err := record.Leaf(r.t.Context(), tx, record.BoxLog(b), 0)
		hash = tlog.RecordHash(raw)
		return err
	})
	if err == nil {
		i, err = r.Boxes.Info(r.t.Context(), b)
	}
	if err != nil {
		r.t.Fatal(err)
	}
	return i, hash
}

// sayings are statements that come too soon, again, changed, or under another name.
func (r *refusals) sayings() {
	all := r.onRoll(signature(), leaf.Box{Type: leaf.PledgeTo, Takes: leaf.TakesSay, Parts: 2, Threshold: 3, Goals: []uint64{9}}, signature())
	petition, i, other := all[0], all[1], all[2]
	v, w := r.anybody(i), r.anybody(i)
	signer := r.anybody(petition)
	pledge := func(threshold uint32, part uint16) []byte {
		return leaf.Pledge{Threshold: threshold, Part: part}.Encode()
	}
	for _, c := range []struct {
		kind, name, code string
		box              *box.Info
		b                []byte
	}{
		{"malformed", "a signature in a pledge", "box.leaf", i, v.Signs()},
		{"malformed", "a pledge in a petition", "box.body", petition, signer.Say(petition.Origin, signer.Auth, 1, pledge(3, 0))},
		{"malformed", "nothing said", "box.body", i, v.Say(i.Origin, v.Auth, 1, nil)},
		{"malformed", "a place that is not", "box.part", i, v.Say(i.Origin, v.Auth, 1, pledge(3, 2))},
		{"malformed", "another threshold", "box.threshold", i, v.Say(i.Origin, v.Auth, 1, pledge(2, 0))},
		{"wrong length", "half a pledge", "box.body", i, v.Say(i.Origin, v.Auth, 1, pledge(3, 0)[:3])},
		{"wrong length", "half an authenticator", "box.leaf", i, v.Say(i.Origin, v.Auth[:128], 1, pledge(3, 0))},
		{"replayed", "a statement of another box", "box.signature", i, v.Say(other.Origin, v.Auth, 1, pledge(3, 0))},
		{"foreign", "a key that shows no credential", "box.unknown_key", i, v.Say(i.Origin, nil, 1, pledge(3, 0))},
		{"foreign", "a credential of another slot", "box.credential", i, v.Say(i.Origin, signer.Auth, 1, pledge(3, 0))},
		{"early", "taking back what was not said", "box.nothing", i, v.Say(i.Origin, v.Auth, 1, leaf.Withdraw())},
		{"early", "done before it was pledged", "box.nothing_done", i, v.Say(i.Origin, v.Auth, 1, leaf.Done())},
		{"not canonical", "a signature whose number is too large", "box.signature", i, malleable(r.t, v.Say(i.Origin, v.Auth, 1, pledge(3, 0)))},
		{"not canonical", "a key of small order", "box.signature", i, smallOrder(v.Auth, pledge(3, 0))},
	} {
		r.want(c.kind, c.name, c.code, r.cast(c.box, c.b))
	}
	first := v.Say(i.Origin, v.Auth, 1, pledge(3, 0))
	second := v.Say(i.Origin, nil, 2, pledge(3, 1))
	r.taken(r.cast(i, first))
	r.taken(r.cast(i, second))
	r.want("replayed", "what was said before", "box.stale", r.cast(i, first))
	r.want("double", "something else with the same number", "box.stale", r.cast(i, v.Say(i.Origin, nil, 2, pledge(3, 0))))
	r.taken(r.cast(i, v.Say(i.Origin, nil, 3, leaf.Withdraw())))
	r.want("double", "taking back twice", "box.nothing", r.cast(i, v.Say(i.Origin, nil, 4, leaf.Withdraw())))
	r.want("late", "done after it was taken back", "box.nothing_done", r.cast(i, v.Say(i.Origin, nil, 4, leaf.Done())))
	r.want("foreign", "for another", "box.signature", r.cast(i, inNameOf(r.t, w.Say(i.Origin, nil, 9, leaf.Withdraw()), v.Public())))
	r.counts(i, 0, 2)
}

// order is that of Ed25519's base point (RFC 8032 section 5.1).
var order, _ = new(big.Int).SetString("7237005577332262213973186563042994240857116359379907606001950938285454250989", 10)

// malleable adds the group's order to the number in a statement's signature: the same
// to careless arithmetic, and another leaf.
func malleable(t *testing.T, b []byte) []byte {
	t.Helper()
	out := bytes.Clone(b)
	s := out[len(out)-32:]
	slices.Reverse(s)
	new(big.Int).Add(new(big.Int).SetBytes(s), order).FillBytes(s)
	slices.Reverse(s)
	return out
}

// smallOrder is a statement whose signature fits any key of small order.
func smallOrder(auth, body []byte) []byte {
	l := leaf.Say{Key: leaf.Key{1}, Auth: auth, Counter: 1, Body: body}
	l.Sig[0] = 1 // R is the neutral point, and the number is 0
	return l.Encode()
}

func inNameOf(t *testing.T, b []byte, k leaf.Key) []byte {
	t.Helper()
	l, err := leaf.DecodeSay(b)
	if err != nil {
		t.Fatal(err)
	}
	l.Key = k
	return l.Encode()
}

// credentials are asked for by who may not, twice, and for what is not there.
func (r *refusals) credentials() {
	both := r.onRoll(signature(), signature())
	i := both[0]
	other := r.open(box.GateBrowser, leaf.Box{})
	before := r.numbers(i).Issued
	message := func() []byte { return r.message(i) }
	raw := func(body string) *httptest.ResponseRecorder {
		return r.ask("POST", "/r/"+i.Roll.String()+"/issue", "application/json", body)
	}
	for _, c := range []struct {
		kind, name, code string
		w                *httptest.ResponseRecorder
	}{
		{"malformed", "a grant that is none", "box.grant", r.issue(i.Roll, "nonsense", 1, message())},
		{"malformed", "not below the modulus", "box.blinded", r.issue(i.Roll, r.grant(i.Roll), 1, bytes.Repeat([]byte{0xff}, 256))},
		{"wrong length", "a short message", "box.blinded", r.issue(i.Roll, r.grant(i.Roll), 1, message()[:255])},
		{"wrong length", "a long message", "box.blinded", r.issue(i.Roll, r.grant(i.Roll), 1, append(message(), 0))},
		{"wrong slot", "no slot", "box.slots", r.issue(i.Roll, r.grant(i.Roll), 0, message())},
		{"wrong slot", "one that the roll has not", "box.slot", r.issue(i.Roll, r.grant(i.Roll), 1<<2, message())},
		{"wrong slot", "the last there may be", "box.slot", r.issue(i.Roll, r.grant(i.Roll), 1|1<<31, message(), message())},
		{"over-issued", "two messages for one slot", "box.slots", r.issue(i.Roll, r.grant(i.Roll), 1, message(), message())},
		{"over-issued", "two slots for one message", "box.slots", r.issue(i.Roll, r.grant(i.Roll), 3, message())},
		{"foreign", "a grant of another roll", "box.grant", r.issue(i.Roll, r.grant(other.Roll), 1, message())},
		{"foreign", "a roll that is not here", "box.not_found", r.issue(leaf.ID{1}, r.grant(i.Roll), 1, message())},
	} {
		r.want(c.kind, c.name, c.code, c.w)
	}
	r.refused("malformed", "no JSON", "api.json", 400, raw("slots=1"))
	r.refused("malformed", "a field unknown", "api.json", 400, raw(`{"grant":"x","slots":1,"blinded":[],"member":3}`))
	r.refused("wrong length", "more than 32 messages", "api.json", 400, raw(`{"grant":"`+strings.Repeat("x", 33<<10)+`"}`))
	if n := r.numbers(i).Issued; n != before {
		r.t.Errorf("%d credentials were given out", n-before)
	}
	g, m := r.grant(i.Roll), message()
	r.taken(r.issue(i.Roll, g, 1, m))
	r.taken(r.issue(i.Roll, g, 1, m)) // a lost answer
	r.want("over-issued", "a second credential", "box.issued", r.issue(i.Roll, g, 1, message()))
	low := message()
	low[0] = 0 // below the modulus of the other slot, too
	r.want("over-issued", "another slot later", "box.issued", r.issue(i.Roll, g, 2, low))
	if n := r.numbers(i).Issued; n != before+1 {
		r.t.Errorf("%d credentials were given out", n-before)
	}
}

// activations show credentials of slots before their boxes open.
func (r *refusals) activations() {
	both := r.onRoll(signature(), signature())
	i, other := both[0], both[1]
	v, foreign, late := r.anybody(i), r.anybody(other), r.anybody(i)
	shown := func(slot uint8, v *boxtest.Voter) []byte {
		l := leaf.Activate{Slot: slot, Key: v.Public(), Auth: [leaf.AuthSize]byte(v.Auth)}
		return l.Encode()
	}
	r.want("malformed", "a signature", "box.leaf", r.activate(i.Roll, v.Signs()))
	r.want("wrong length", "half of it", "box.leaf", r.activate(i.Roll, shown(0, v)[:100]))
	r.want("wrong length", "far too long", "box.large", r.activate(i.Roll, make([]byte, leaf.MaxBody+1025)))
	r.want("wrong slot", "a credential of the other slot", "box.credential", r.activate(i.Roll, shown(0, foreign)))
	r.want("wrong slot", "one that the roll has not", "box.slot", r.activate(i.Roll, shown(2, v)))
	r.want("foreign", "a roll that is not here", "box.not_found", r.activate(leaf.ID{1}, shown(0, v)))
	r.taken(r.activate(i.Roll, shown(0, v)))
	r.taken(r.activate(i.Roll, shown(0, v))) // again: nothing more
	if err := r.Freeze(ctx, i.Roll, 0); err != nil {
		r.t.Fatal(err)
	}
	r.want("late", "after the freeze", "box.frozen", r.activate(i.Roll, shown(0, late)))
	r.want("late", "a credential after the freeze", "box.frozen", r.issue(i.Roll, r.grant(i.Roll), 1, r.message(i)))
}

// nobodyNamed sends what could say who sends to all that is anonymous.
func (r *refusals) nobodyNamed() {
	i := r.open(box.GateBrowser, leaf.Box{})
	v := r.anybody(i)
	key := v.Public()
	shown := leaf.Activate{Key: key, Auth: [leaf.AuthSize]byte(v.Auth)}
	for _, h := range [][2]string{{"Cookie", "lang=es"}, {"Cookie", ""}, {"Authorization", "Bearer x"}, {"Authorization", ""}} {
		r.want("named", "cast with "+h[0], "box.named", r.cast(i, v.Signs(), h[0], h[1]))
		r.want("named", "a pasted statement with "+h[0], "box.named", r.ask("POST", path(i, "cast"), "application/x-www-form-urlencoded",
			"leaf="+base64.URLEncoding.EncodeToString(v.Signs()), h[0], h[1]))
		r.want("named", "activate with "+h[0], "box.named", r.activate(i.Roll, shown.Encode(), h[0], h[1]))
		r.want("named", "said with "+h[0], "take.named", r.ask("GET", path(i, "said/"+hex.EncodeToString(key[:])), "", "", h[0], h[1]))
	}
	r.counts(i, 0, 1)
}

// tooMuch comes too often, or is too large.
func (r *refusals) tooMuch() {
	i := r.open(box.GateBrowser, leaf.Box{})
	v := r.anybody(i)
	r.slow = "cast"
	r.want("too much", "statements", "box.often", r.cast(i, v.Signs()))
	r.want("too much", "credentials", "box.often", r.issue(i.Roll, r.grant(i.Roll), 1))
	r.want("too much", "activations", "box.often", r.activate(i.Roll, v.Signs()))
	r.slow = "copy"
	r.want("too much", "downloads", "record.often", r.ask("GET", path(i, "record.zip"), "", ""))
	r.slow = "take"
	r.want("too much", "forms", "take.often", r.ask("POST", path(i, "take"), "", ""))
	r.slow = ""
	mail := r.open(box.GateEmail, leaf.Box{})
	form := "step=mail&email=sam%40example.org"
	for _, r.slow = range []string{"take-mail", "take-address"} {
		r.want("too much", "messages", "take.mail_often", r.ask("POST", path(mail, "take"), "application/x-www-form-urlencoded", form))
	}
	r.slow = ""
	err := r.DB.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, "update record_log set size = 300001 where id = $1", mail.Log())
		return err
	})
	if err != nil {
		r.t.Fatal(err)
	}
	r.want("too much", "a large record", "record.large", r.ask("GET", path(mail, "record.zip"), "", ""))
	err = r.DB.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, "update record_log set size = 0 where id = $1", mail.Log())
		return err
	})
	if err != nil {
		r.t.Fatal(err)
	}
}

// forms are the pages' own.
func (r *refusals) forms() {
	i := r.pledge()
	b := r.visitor()
	ways := b.Get(path(i, "take"))
	take := func(threshold, part string) webtest.Answer {
		return b.Post(path(i, "take"), filled(r.t, ways, "threshold", threshold, "part", part)...)
	}
	r.page("malformed", "a threshold in words", "take.threshold", take("ten", "0"))
	r.page("malformed", "a place that is not", "take.part", take("3", "2"))
	r.page("malformed", "a code that is none", "take.code", b.Post(path(i, "mine"), "code", "bench", "do", "look"))
	elsewhere := r.open(box.GateBrowser, leaf.Box{})
	other := code(r.t, b.Post(path(elsewhere, "take"), filled(r.t, b.Get(path(elsewhere, "take")))...))
	r.page("foreign", "a code of another box", "take.unknown", b.Post(path(i, "mine"), "code", other, "do", "look"))
	grant := hidden(r.t, ways, "grant")
	r.page("malformed", "half a request", "take.request", b.Post(path(i, "paste"), "grant", grant, "blinded", r.client(i).request()[:100]))
	r.page("malformed", "a request above the modulus", "take.request",
		b.Post(path(i, "paste"), "grant", grant, "blinded", strings.Repeat("/", 340)+"/w=="))
	r.page("foreign", "a grant of another box", "box.grant",
		b.Post(path(i, "paste"), "grant", hidden(r.t, b.Get(path(elsewhere, "take")), "grant"), "blinded", r.client(i).request()))
}

// gates are what people show to be let in.
func (r *refusals) gates() {
	paper, list := r.open(box.GatePaper, leaf.Box{}), r.open(box.GateCodes, leaf.Box{}, "abcd2345")
	r.print(paper, "abcd-2345")
	b := r.visitor()
	typed := func(i *box.Info, c string) webtest.Answer { return b.Post(path(i, "take"), "step", "code", "code", c) }
	for _, i := range []*box.Info{paper, list} {
		r.page("malformed", "a code that was not given out", "box.code", typed(i, "zzzz-zzzz"))
		if a := b.Post(path(i, "take"), filled(r.t, typed(i, "abcd2345"))...); a.Status != 200 {
			r.t.Errorf("status %d: %s", a.Status, a.Text("main"))
		}
		r.page("double", "a code that was used", "box.issued", b.Post(path(i, "take"), filled(r.t, typed(i, "abcd2345"))...))
		r.counts(i, 1, 1)
	}
	members := r.open(box.GateMembers, leaf.Box{}, "robin")
	r.want("foreign", "who is not on the list", "box.not_member", r.ask("GET", path(members, "take"), "", "", "Cookie", "convoke=kim"))
	robin := r.visitor().WithSession("robin")
	r.taken(&httptest.ResponseRecorder{Code: robin.Post(path(members, "take"), filled(r.t, robin.Get(path(members, "take")))...).Status})
	r.page("over-issued", "a member from another page", "box.issued", robin.Post(path(members, "take"), filled(r.t, robin.Get(path(members, "take")))...))
	r.counts(members, 1, 1)
	r.mail()
}

// mail is the gate of addresses.
func (r *refusals) mail() {
	i := r.open(box.GateEmail, leaf.Box{})
	b := r.visitor()
	ask := func(address string) webtest.Answer { return b.Post(path(i, "take"), "step", "mail", "email", address) }
	r.page("malformed", "no address", "take.address", ask("sam"))
	r.refuse = notify.ErrPermanent
	r.page("not now", "an address that nobody has", "take.refused", ask("sam@example.org"))
	r.refuse = errors.New("the line is cut")
	r.page("not now", "a message that did not leave", "take.unsent", ask("sam@example.org"))
	r.refuse = nil
	r.page("malformed", "a code that was not sent", "box.mailed",
		b.Post(path(i, "take"), "step", "code", "pending", hidden(r.t, ask("sam@example.org"), "pending"), "code", "zzzz-zzzz"))
	sender := r.take.Sender
	r.take.Sender = nil
	r.page("not now", "no mail server", "take.no_mail", ask("sam@example.org"))
	r.take.Sender = sender
}

// times are before a box opens, after its last pledge, and after its end.
func (r *refusals) times() {
	all := r.onRoll(signature(), leaf.Box{Type: leaf.Petition, Takes: leaf.TakesSign, Opens: dbtest.Now.Add(time.Hour).Unix()},
		leaf.Box{Type: leaf.PledgeTo, Takes: leaf.TakesSay, Until: dbtest.Now.Add(20 * time.Minute).Unix()})
	i, later, pledge := all[0], all[1], all[2]
	v, w, p := r.anybody(i), r.anybody(later), r.anybody(pledge)
	r.want("early", "before it opens", "box.early", r.cast(later, w.Signs()))
	r.want("early", "the page before it opens", "box.early", r.ask("GET", path(later, "take"), "", ""))
	g := r.grant(i.Roll)
	m := r.message(i)
	r.Clock.Add(15 * time.Minute)
	r.want("late", "a grant after a quarter of an hour", "box.grant", r.issue(i.Roll, g, 1, m))
	r.Clock.Add(5 * time.Minute)
	r.want("late", "a pledge after the last day", "box.late", r.cast(pledge, p.Says(leaf.Pledge{Threshold: 1}.Encode())))
	g = r.grant(i.Roll)
	r.Clock.Set(dbtest.Now.Add(24 * time.Hour))
	r.want("late", "after its end", "box.closed", r.cast(i, v.Signs()))
	if err := r.CloseDue(ctx); err != nil {
		r.t.Fatal(err)
	}
	r.Clock.Set(dbtest.Now)
	r.want("late", "after it was closed", "box.closed", r.cast(i, v.Signs()))
	r.want("late", "a credential after it was closed", "box.closed", r.issue(i.Roll, g, 1, m))
	r.want("late", "the page after it was closed", "box.closed", r.ask("GET", path(i, "take"), "", ""))
	r.counts(i, 0, 1)
}

// stops are a line that is full, a server that is going, and one that was restored.
func (r *refusals) stops(open func() *stand) {
	const line, batch = 50_000, 10_000
	full, i := r.open(box.GateBrowser, leaf.Box{}), r.open(box.GateBrowser, leaf.Box{})
	v, w := r.anybody(full), r.anybody(i)
	said := v.Say(full.Origin, nil, 1, leaf.Withdraw()) // refused at the commit, which waits here
	commit, answers := make(chan struct{}), make(chan error, batch+line+1)
	r.Shuffle = func(int, func(i, j int)) { <-commit }
	for range batch + line + 1 {
		go func() {
			_, err := r.Cast(ctx, full.ID, said)
			answers <- err
		}()
	}
	if err := <-answers; !fault.HasCode(err, "box.busy") {
		r.t.Errorf("the first answer is %v", err)
	}
	r.want("too much", "a line that is full", "box.busy", r.cast(full, said))
	close(commit)
	r.Stop()
	r.want("not now", "a server that is going", "box.stopping", r.cast(i, w.Signs()))
	if _, err := record.Restored(ctx, r.DB); err != nil {
		r.t.Fatal(err)
	}
	again := *r
	again.stand = open()
	again.want("not now", "a record that was restored", "record.halted", again.cast(i, w.Signs()))
	again.want("not now", "a credential of one", "record.halted", again.issue(i.Roll, again.grant(i.Roll), 1, r.message(i)))
	again.counts(i, 0, 1)
}

func (r *refusals) message(i *box.Info) []byte {
	r.t.Helper()
	m, err := base64.StdEncoding.DecodeString(r.client(i).request())
	if err != nil {
		r.t.Fatal(err)
	}
	return m
}
