package serve

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/record"
	"convoke/internal/record/box"
	"convoke/internal/record/keyset"
	"convoke/internal/record/leaf"
	"convoke/internal/web"
)

// maxIssue bounds a request for credentials: 32 blinded messages as base64. maxPasted
// bounds a statement with its reason.
const (
	maxIssue  = 32 << 10
	maxPasted = 16 << 10
)

// Limiter slows a flood from one corner of the network; see package ratelimit.
type Limiter interface {
	Allow(bucket, subject string) (ok bool, retryAfter time.Duration)
}

// Web is the record over HTTP.
type Web struct {
	DB      *db.DB
	Record  *record.Record
	Boxes   *box.Boxes
	Sets    *keyset.Sets
	Limiter Limiter
	// Client names the corner of the network a request comes from, coarsely, or "".
	Client func(c *web.Call) string
}

// Mount adds the routes.
func (w *Web) Mount(site *web.Site) {
	w.mountFiles(site)
	site.Handle("POST /r/{id}/issue", w.issue)
	site.Handle("POST /r/{id}/activate", w.activate)
	site.Handle("POST /b/{id}/cast", w.cast)
	site.Handle("GET /b/{id}/proof/{leaf}", w.proof)
}

// nameless refuses what could say who sends: with it a statement would not be
// anonymous, and its sender should know.
func nameless(c *web.Call) error {
	for _, h := range []string{"Cookie", "Authorization"} {
		if len(c.R.Header[h]) > 0 {
			return fault.Malformed("box.named",
				"This request says who sends it, by a cookie or a token, so it was not taken. Nothing was recorded. Send it without.")
		}
	}
	return nil
}

func (w *Web) slow(c *web.Call) error {
	if ok, wait := w.Limiter.Allow("cast", w.Client(c)); !ok {
		return fault.After(fault.RateLimited("box.often",
			"Very many statements came from your connection. Please send it again in a few minutes; it will not count twice."), wait)
	}
	return nil
}

// sent is what somebody puts into a box: a leaf, and of a ballot that says why its
// reason.
type sent struct {
	leaf   []byte
	reason *box.Reason
	form   *web.Form // nil for programs
}

// pasted is a leaf with the reason that it names, as text that can be pasted: leaf and
// salt are base64.
type pasted struct {
	Leaf   []byte `json:"leaf"`
	Salt   []byte `json:"salt"`
	Reason string `json:"reason"`
}

func (p *pasted) sent() (s sent) {
	s.leaf = p.Leaf
	if len(p.Salt) > 0 || p.Reason != "" {
		s.reason = &box.Reason{Text: p.Reason}
		copy(s.reason.Salt[:], p.Salt) // of another length, it does not fit the ballot
	}
	return s
}

// statement reads what was sent: the bytes of a leaf; a JSON object with leaf and
// reason; or a form with either as text, for whoever has no script and pastes it.
func statement(c *web.Call) (s sent, err error) {
	kind, _, _ := mime.ParseMediaType(c.R.Header.Get("Content-Type")) // what cannot be read is refused below
	switch kind {
	case "application/octet-stream":
		s.leaf, err = body(c, leaf.MaxBody+1024)
		return s, err
	case "application/json":
		b, err := body(c, maxPasted)
		if err != nil {
			return s, err
		}
		return unpack(b)
	}
	f, err := c.Form()
	if err != nil {
		return s, err
	}
	text := strings.TrimSpace(f.Raw("leaf"))
	if strings.HasPrefix(text, "{") {
		s, err = unpack([]byte(text))
		s.form = f
		return s, err
	}
	p := pasted{Reason: f.Text("reason")}
	for name, to := range map[string]*[]byte{"leaf": &p.Leaf, "salt": &p.Salt} {
		if *to, err = base64.StdEncoding.DecodeString(strings.Join(strings.Fields(f.Raw(name)), "")); err != nil {
			return s, fault.Because(fault.Malformed("box.base64", "What you pasted is not complete. Please copy it again from its first to its last letter. Nothing was recorded."), err)
		}
	}
	s = p.sent()
	s.form = f
	return s, nil
}

func body(c *web.Call, most int64) ([]byte, error) {
	b, err := io.ReadAll(http.MaxBytesReader(c.W, c.R.Body, most))
	if err != nil {
		return nil, fault.Because(fault.TooLarge("box.large", "This is more than a statement. Nothing was recorded."), err)
	}
	return b, nil
}

// unpack reads a statement with its reason.
func unpack(b []byte) (sent, error) {
	var p pasted
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&p); err != nil {
		return sent{}, errJSON(err)
	}
	return p.sent(), nil
}

func errJSON(err error) error {
	return fault.Because(fault.Malformed("api.json", "What was sent cannot be read as JSON. Nothing was recorded."), err)
}

type receipt struct {
	Box     string `json:"box"`
	Index   int64  `json:"index"`
	Leaf    string `json:"leaf"` // hash of the leaf in the tree, hexadecimal
	Again   bool   `json:"again"`
	Pending bool   `json:"pending"`
}

func (w *Web) cast(c *web.Call) error {
	if err := nameless(c); err != nil {
		return err
	}
	if err := w.slow(c); err != nil {
		return err
	}
	id, err := leaf.ParseID(c.Param("id"))
	if err != nil {
		return web.ErrNotFound()
	}
	s, err := statement(c)
	if err != nil {
		return err
	}
	r, err := w.Boxes.CastWith(c.Context(), id, s.leaf, s.reason)
	if err != nil {
		return err
	}
	h := tlog.RecordHash(s.leaf)
	name := hex.EncodeToString(h[:])
	if s.form != nil && r.Pending {
		return c.SeeOther("/b/" + id.String() + "/paste?waits=1")
	}
	if s.form != nil {
		return c.SeeOther("/b/" + id.String() + "/proof/" + name + "?key=" + hex.EncodeToString(s.leaf[2:34]))
	}
	status := http.StatusCreated
	if r.Pending {
		status = http.StatusAccepted
	}
	return writeJSON(c, status, receipt{id.String(), r.Index, name, r.Again, r.Pending})
}

func (w *Web) activate(c *web.Call) error {
	if err := nameless(c); err != nil {
		return err
	}
	if err := w.slow(c); err != nil {
		return err
	}
	id, err := leaf.ParseID(c.Param("id"))
	if err != nil {
		return web.ErrNotFound()
	}
	s, err := statement(c)
	if err != nil {
		return err
	}
	if err := w.Boxes.Activate(c.Context(), id, s.leaf); err != nil {
		return err
	}
	if s.form != nil { // from the page of a box, which has its name
		if b, err := leaf.ParseID(s.form.Line("box")); err == nil {
			return c.SeeOther("/b/" + b.String() + "/paste?ready=1")
		}
	}
	return writeJSON(c, http.StatusCreated, struct{}{})
}

// wanted is a request for credentials, and given the answer. Blinded and signed are
// base64, one for each slot of the bitmap in their order.
type wanted struct {
	Grant   string   `json:"grant"`
	Slots   uint32   `json:"slots"`
	Blinded [][]byte `json:"blinded"`
}

type given struct {
	Signed [][]byte `json:"signed"`
}

func (w *Web) issue(c *web.Call) error {
	if err := w.slow(c); err != nil {
		return err
	}
	id, err := leaf.ParseID(c.Param("id"))
	if err != nil {
		return web.ErrNotFound()
	}
	var in wanted
	d := json.NewDecoder(http.MaxBytesReader(c.W, c.R.Body, maxIssue))
	d.DisallowUnknownFields()
	if err := d.Decode(&in); err != nil {
		return errJSON(err)
	}
	out, err := w.Boxes.Issue(c.Context(), id, box.IssueInput{Grant: in.Grant, Slots: in.Slots, Blinded: in.Blinded, Mode: leaf.Blind})
	if err != nil {
		return err
	}
	return writeJSON(c, http.StatusOK, given{out})
}

// proof is the receipt of a leaf: key says under which key it was put in, because
// leaves are found by their keys. Who asks for it has put it in, so it must not be
// known either. Votes by name have none while they can change: everybody knows the keys
// of seats, and could ask whether a guess is in the box.
func (w *Web) proof(c *web.Call) error {
	if err := nameless(c); err != nil {
		return err
	}
	id, err := leaf.ParseID(c.Param("id"))
	if err != nil {
		return web.ErrNotFound()
	}
	hash, err := hex.DecodeString(c.Param("leaf"))
	key, err2 := hex.DecodeString(c.Query().Get("key"))
	if err != nil || err2 != nil || len(hash) != 32 || len(key) != 32 {
		return web.ErrNotFound()
	}
	i, err := w.Boxes.Info(c.Context(), id)
	if err != nil {
		return err
	}
	var text string
	err = w.DB.Read(c.Context(), func(tx *db.Tx) error {
		if i.Manifest.Takes == leaf.TakesVote {
			if n, err := w.Boxes.Numbers(c.Context(), tx, id); err != nil || !n.Closed {
				return cmp.Or(err, db.ErrNoRows)
			}
		}
		at, err := w.Boxes.Where(c.Context(), tx, id, leaf.Key(key), [32]byte(hash))
		if err != nil {
			return err
		}
		text, err = record.Proof(c.Context(), tx, record.BoxLog(id), at)
		return err
	})
	if errors.Is(err, db.ErrNoRows) {
		return fault.NotFound("box.no_receipt", "This statement is not in the box. If you put it in a short while ago, it may wait for others: ask again in a quarter of an hour, and put it in again if it is still not there.")
	}
	if err != nil {
		return err
	}
	return c.Write(200, "text/plain; charset=utf-8", []byte(text))
}

func writeJSON(c *web.Call, status int, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return c.Write(status, "application/json", append(b, '\n'))
}
