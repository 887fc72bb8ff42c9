package witness

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"convoke/internal/db"
	"convoke/internal/record"
	"convoke/internal/seal"
)

// Deps are what a witness needs.
type Deps struct {
	DB    *db.DB
	Vault *seal.Vault
	// Node is the host that the witness is named after; the first start settles its
	// name for good, because it is in every key and every cosignature.
	Node string
	Logs Logs
}

// Witness cosigns logs of others. It is safe for concurrent use, and several
// processes may share a database.
type Witness struct {
	db     *db.DB
	signer *cosigner
	logs   Logs
	byHash map[string]string // origins, by SHA-256 in hexadecimal
}

// nameSetting holds the name of the witness.
const nameSetting = "witness.name"

// Open loads the name and the key of the witness; the first start makes them.
func Open(ctx context.Context, d Deps) (*Witness, error) {
	key, err := record.LoadKey(ctx, d.DB, d.Vault, record.WitnessKey)
	if err != nil {
		return nil, err
	}
	w := &Witness{db: d.DB, signer: &cosigner{key: key}, logs: d.Logs, byHash: map[string]string{}}
	err = d.DB.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(ctx, "insert into setting (name, value) values ($1, $2) on conflict (name) do nothing", nameSetting, d.Node+"/witness")
		if err != nil {
			return err
		}
		return tx.Get(ctx, "select value from setting where name = $1", []any{nameSetting}, &w.signer.name)
	})
	if err != nil {
		return nil, fmt.Errorf("open the witness: %w", err)
	}
	for origin := range d.Logs {
		h := sha256.Sum256([]byte(origin))
		w.byHash[hex.EncodeToString(h[:])] = origin
	}
	return w, nil
}

// VerifierKey is the witness's key as policies take it.
func (w *Witness) VerifierKey() string { return w.signer.vkey() }

// Size is how many logs it cosigns.
func (w *Witness) Size() int { return len(w.logs) }

// Answer is what a witness answers.
type Answer struct {
	Status int
	Type   string // of Body
	Body   string
}

func plain(status int, text string) Answer {
	return Answer{status, "text/plain; charset=utf-8", text + "\n"}
}

// stale tells a log what was cosigned last.
func stale(size int64) Answer {
	return Answer{http.StatusConflict, "text/x.tlog.size", fmt.Sprintf("%d\n", size)}
}

// Add answers add-checkpoint: the cosignature of a checkpoint that grew from the
// last one. What it signs is stored before it is given out, in one transaction
// with the comparison, so that no crash and no second process makes it sign two
// histories.
func (w *Witness) Add(ctx context.Context, body []byte) (Answer, error) {
	r, err := parseRequest(body)
	if err != nil {
		return plain(http.StatusBadRequest, err.Error()), nil
	}
	n, c, refused := w.open(r)
	if refused != nil {
		return *refused, nil
	}
	if r.old > c.size {
		return plain(http.StatusBadRequest, "the old size is larger than that of the checkpoint"), nil
	}
	var out Answer
	err = w.db.Write(ctx, func(tx *db.Tx) error {
		size, root, _, err := witnessed(ctx, tx, c.origin)
		if err != nil {
			return err
		}
		switch {
		case r.old != size, c.size == size && c.root != root:
			out = stale(size)
			return nil
		case !c.extends(size, root, r.proof):
			out = plain(http.StatusUnprocessableEntity, "the proof does not lead from the old checkpoint to this one")
			return nil
		}
		line := w.signer.line(n.Text, tx.Now())
		out = Answer{http.StatusOK, "text/plain; charset=utf-8", line}
		return storeWitnessed(ctx, tx, c, n.Text+"\n"+linesOf(n.Sigs)+line)
	})
	return out, err
}

// open verifies the log's signature.
func (w *Witness) open(r *request) (*note.Note, *checkpoint, *Answer) {
	refuse := func(status int, text string) (*note.Note, *checkpoint, *Answer) {
		a := plain(status, text)
		return nil, nil, &a
	}
	text, _, ok := strings.Cut(string(r.note), "\n\n")
	if !ok {
		return refuse(http.StatusBadRequest, errRequest.Error())
	}
	c, err := parseCheckpoint(text + "\n")
	if err != nil {
		return refuse(http.StatusBadRequest, err.Error())
	}
	keys := w.logs[c.origin]
	if len(keys) == 0 {
		return refuse(http.StatusNotFound, "this log is not known here")
	}
	n, err := note.Open(r.note, note.VerifierList(keys...))
	var unsigned *note.UnverifiedNoteError
	var forged *note.InvalidSignatureError
	switch {
	case errors.As(err, &unsigned), errors.As(err, &forged):
		return refuse(http.StatusForbidden, "no known key of this log has signed the checkpoint")
	case err != nil || n.Text != text+"\n":
		return refuse(http.StatusBadRequest, errRequest.Error())
	}
	return n, &c, nil
}

// Latest is the last cosigned checkpoint of the log whose origin has that SHA-256,
// in hexadecimal.
func (w *Witness) Latest(ctx context.Context, hash string) (Answer, error) {
	var text string
	origin, ok := w.byHash[hash]
	if ok {
		err := w.db.Read(ctx, func(tx *db.Tx) (err error) {
			_, _, text, err = witnessed(ctx, tx, origin)
			return err
		})
		if err != nil {
			return Answer{}, err
		}
	}
	if text == "" {
		return plain(http.StatusNotFound, "no checkpoint of this log was cosigned here"), nil
	}
	return Answer{http.StatusOK, "text/plain; charset=utf-8", text}, nil
}

// ReadRequest reads the body of an add-checkpoint; what is too long is cut, and
// refused as malformed.
func ReadRequest(body io.Reader) ([]byte, error) {
	return io.ReadAll(io.LimitReader(body, maxRequest))
}

// Handler answers the paths of a witness under prefix, as in "/witness".
func (w *Witness) Handler(prefix string, failed func(error)) http.Handler {
	m := http.NewServeMux()
	send := func(rw http.ResponseWriter, a Answer, err error) {
		if err != nil {
			failed(err)
			a = plain(http.StatusInternalServerError, "this failed; send it again")
		}
		rw.Header().Set("Content-Type", a.Type)
		rw.Header().Set("Cache-Control", "no-store")
		rw.Header().Set("X-Content-Type-Options", "nosniff")
		status := a.Status // the protocol's, for programs: no page and no language
		rw.WriteHeader(status)
		_, _ = io.WriteString(rw, a.Body) // who has gone needs no answer
	}
	m.HandleFunc("POST "+prefix+"/add-checkpoint", func(rw http.ResponseWriter, r *http.Request) {
		b, err := ReadRequest(r.Body)
		if err != nil {
			send(rw, plain(http.StatusBadRequest, "the request could not be read"), nil)
			return
		}
		a, err := w.Add(r.Context(), b)
		send(rw, a, err)
	})
	m.HandleFunc("GET "+prefix+"/{hash}/checkpoint", func(rw http.ResponseWriter, r *http.Request) {
		a, err := w.Latest(r.Context(), r.PathValue("hash"))
		send(rw, a, err)
	})
	return m
}
