package identity

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"convoke/internal/authz"
	"convoke/internal/clock"
	"convoke/internal/db"
	"convoke/internal/fault"
	"convoke/internal/web"
	"convoke/internal/web/webtest"
)

// device is an authenticator with one key (https://www.w3.org/TR/webauthn-3/).
type device struct {
	t      *testing.T
	origin string
	rp     string
	key    *ecdsa.PrivateKey
	id     []byte
	user   string // base64, as it came
	count  uint32
	synced bool
}

func newDevice(t *testing.T, origin string) *device {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	d := &device{t: t, origin: origin, key: key, id: make([]byte, 16)}
	_, _ = rand.Read(d.id)
	d.rp = strings.Split(strings.TrimPrefix(strings.TrimPrefix(origin, "https://"), "http://"), ":")[0]
	return d
}

var b64 = base64.RawURLEncoding

type asked struct {
	PublicKey struct {
		Challenge string
		RPID      string `json:"rpId"`
		RP        struct{ ID string }
		User      struct{ ID, Name string }
		Allow     []struct{ ID string } `json:"allowCredentials"`
		Exclude   []struct{ ID string } `json:"excludeCredentials"`
	}
}

func (d *device) read(options any) asked {
	d.t.Helper()
	b, err := json.Marshal(options)
	if s, ok := options.(string); ok {
		b, err = []byte(s), nil
	}
	var a asked
	if err == nil {
		err = json.Unmarshal(b, &a)
	}
	if err != nil || a.PublicKey.Challenge == "" {
		d.t.Fatalf("options %s: %v", b, err)
	}
	return a
}

func (d *device) client(kind, challenge string) []byte {
	b, _ := json.Marshal(map[string]any{"type": kind, "challenge": challenge, "origin": d.origin, "crossOrigin": false})
	return b
}

// auth is the authenticator data: present, verified, and for a synced key able
// to be backed up and so.
func (d *device) auth(flags byte, more ...byte) []byte {
	h := sha256.Sum256([]byte(d.rp))
	flags |= 0x01 | 0x04
	if d.synced {
		flags |= 0x08 | 0x10
	}
	out := append(h[:], flags)
	out = binary.BigEndian.AppendUint32(out, d.count)
	return append(out, more...)
}

func (d *device) answer(response map[string]any) []byte {
	id := b64.EncodeToString(d.id)
	b, _ := json.Marshal(map[string]any{
		"id": id, "rawId": id, "type": "public-key", "response": response,
		"clientExtensionResults": map[string]any{}, "authenticatorAttachment": "platform",
	})
	return b
}

// create makes the key, without attestation.
func (d *device) create(options any) []byte {
	d.t.Helper()
	a := d.read(options)
	if a.PublicKey.RP.ID != d.rp {
		d.t.Errorf("the key would be for %q", a.PublicKey.RP.ID)
	}
	d.user = a.PublicKey.User.ID
	pub, err := d.key.PublicKey.Bytes() // 4, x, y
	if err != nil {
		d.t.Fatal(err)
	}
	cose := append([]byte{0xa5, 1, 2, 3, 0x26, 0x20, 1, 0x21, 0x58, 32}, pub[1:33]...)
	cose = append(append(cose, 0x22, 0x58, 32), pub[33:]...)
	data := make([]byte, 16) // the make of the device: none
	data = append(binary.BigEndian.AppendUint16(data, uint16(len(d.id))), d.id...)
	auth := d.auth(0x40, append(data, cose...)...)
	object := append([]byte("\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x58"), byte(len(auth)))
	return d.answer(map[string]any{
		"clientDataJSON":    b64.EncodeToString(d.client("webauthn.create", a.PublicKey.Challenge)),
		"attestationObject": b64.EncodeToString(append(object, auth...)), "transports": []string{"internal"},
	})
}

// get signs.
func (d *device) get(options any) []byte {
	d.t.Helper()
	a := d.read(options)
	d.count++
	client, auth := d.client("webauthn.get", a.PublicKey.Challenge), d.auth(0)
	h := sha256.Sum256(client)
	h = sha256.Sum256(append(append([]byte(nil), auth...), h[:]...))
	sig, err := ecdsa.SignASN1(rand.Reader, d.key, h[:])
	if err != nil {
		d.t.Fatal(err)
	}
	return d.answer(map[string]any{
		"clientDataJSON": b64.EncodeToString(client), "authenticatorData": b64.EncodeToString(auth),
		"signature": b64.EncodeToString(sig), "userHandle": d.user,
	})
}

const passkeyBase = "https://riverside.example"

// ask begins a ceremony.
func ask(t *testing.T, s *Service, by authz.Actor, use passkeyUse) any {
	t.Helper()
	w, ok := relyingParty(passkeyBase)
	if !ok {
		t.Fatal("no passkeys here")
	}
	o, err := s.askPasskey(t.Context(), w, by, use)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// withPasskey gives an account a key.
func withPasskey(t *testing.T, s *Service, by authz.Actor, synced bool) *device {
	t.Helper()
	d := newDevice(t, passkeyBase)
	d.synced = synced
	w, _ := relyingParty(passkeyBase)
	if err := s.AddPasskey(t.Context(), w, by, "phone", d.create(ask(t, s, by, passkeyAdd))); err != nil {
		t.Fatal(err)
	}
	return d
}

func TestPasskeySignIn(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *Service, _ *fakeGroups, c *clock.Manual) {
		ctx := t.Context()
		w, _ := relyingParty(passkeyBase)
		_, sam, _ := account(t, s, RoleAccount, "sam")
		_, ada, _ := account(t, s, RoleAccount, "ada")
		d := withPasskey(t, s, sam, true) // whose counter does not count
		signIn := func(credential []byte) error { _, err := s.SignInPasskey(ctx, w, credential, ""); return err }

		answer := d.get(ask(t, s, authz.Actor{}, passkeySignIn))
		secret, err := s.SignInPasskey(ctx, w, answer, "")
		if err != nil {
			t.Fatal(err)
		}
		x, ok, err := s.Session(ctx, secret)
		if err != nil || !ok || x.Actor.Person != sam.Person || !x.Passkeys || !x.Proved.Equal(c.Now()) {
			t.Fatalf("session %+v, %v, %v", x, ok, err)
		}
		wantKind(t, signIn(answer), fault.KindConflict) // a challenge counts once
		late := ask(t, s, authz.Actor{}, passkeySignIn)
		c.Add(challengeTTL)
		wantKind(t, signIn(d.get(late)), fault.KindConflict)

		evil := newDevice(t, "https://riverside.example.evil.example")
		evil.key, evil.id, evil.user, evil.rp, evil.count = d.key, d.id, d.user, d.rp, 10
		wantKind(t, signIn(evil.get(ask(t, s, authz.Actor{}, passkeySignIn))), fault.KindConflict)
		stranger := newDevice(t, passkeyBase)
		stranger.id, stranger.user, stranger.count = d.id, d.user, 10
		wantKind(t, signIn(stranger.get(ask(t, s, authz.Actor{}, passkeySignIn))), fault.KindConflict)
		other := *d
		other.user = b64.EncodeToString([]byte(ada.Person))
		wantKind(t, signIn(other.get(ask(t, s, authz.Actor{}, passkeySignIn))), fault.KindConflict)
		for _, junk := range []string{"", "{}", "null", "[]", `{"response":{"clientDataJSON":"e30"}}`, strings.Repeat("x", maxCredential+1)} {
			wantKind(t, signIn([]byte(junk)), fault.KindConflict)
		}
		// A challenge to prove or to add is none to sign in.
		wantKind(t, signIn(d.get(ask(t, s, sam, passkeyProve))), fault.KindConflict)

		if list, err := s.Passkeys(ctx, sam); err != nil || len(list) != 1 || list[0].Name != "phone" || list[0].Used.IsZero() {
			t.Errorf("%+v, %v", list, err)
		}
		if err := s.Suspend(ctx, "sam", true); err != nil {
			t.Fatal(err)
		}
		d.count = 50
		wantKind(t, signIn(d.get(ask(t, s, authz.Actor{}, passkeySignIn))), fault.KindConflict)
		if err := s.Suspend(ctx, "sam", false); err != nil {
			t.Fatal(err)
		}
		if err := signIn(d.get(ask(t, s, authz.Actor{}, passkeySignIn))); err != nil {
			t.Error(err)
		}
		c.Add(challengeTTL)
		if err := s.Expire(ctx); err != nil {
			t.Fatal(err)
		}
		var n int
		if err := s.DB.Read(ctx, func(tx *db.Tx) error { return tx.Get(ctx, "select count(*) from passkey_challenge", nil, &n) }); err != nil || n != 0 {
			t.Errorf("%d challenges are kept, %v", n, err)
		}
	})
}

// A key that lives in one device counts; one that is copied between devices
// cannot.
func TestClonedPasskeys(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *Service, _ *fakeGroups, _ *clock.Manual) {
		w, _ := relyingParty(passkeyBase)
		for _, synced := range []bool{false, true} {
			_, by, _ := account(t, s, RoleAccount, map[bool]string{false: "sam", true: "ada"}[synced])
			d := withPasskey(t, s, by, synced)
			clone := *d
			d.count = 7
			if _, err := s.SignInPasskey(t.Context(), w, d.get(ask(t, s, authz.Actor{}, passkeySignIn)), ""); err != nil {
				t.Fatal(err)
			}
			_, err := s.SignInPasskey(t.Context(), w, clone.get(ask(t, s, authz.Actor{}, passkeySignIn)), "")
			if synced && err != nil {
				t.Errorf("a synced key: %v", err)
			}
			if !synced {
				wantKind(t, err, fault.KindConflict)
			}
		}
	})
}

func TestOwnPasskeys(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, s *Service, _ *fakeGroups, _ *clock.Manual) {
		ctx := t.Context()
		w, _ := relyingParty(passkeyBase)
		_, sam, here := account(t, s, RoleAccount, "sam")
		_, ada, theirs := account(t, s, RoleAccount, "ada")
		d := withPasskey(t, s, sam, true)
		if o := d.read(ask(t, s, sam, passkeyAdd)); len(o.PublicKey.Exclude) != 1 || o.PublicKey.User.Name != "sam" {
			t.Errorf("asks the same device for another key: %+v", o)
		}
		wantKind(t, s.AddPasskey(ctx, w, ada, "x", d.create(ask(t, s, ada, passkeyAdd))), fault.KindConflict) // stored for sam
		wantKind(t, s.AddPasskey(ctx, w, ada, "x", newDevice(t, passkeyBase).create(ask(t, s, sam, passkeyAdd))), fault.KindConflict)
		wantKind(t, s.AddPasskey(ctx, w, sam, "", nil), fault.KindInvalid)
		list, err := s.Passkeys(ctx, sam)
		if err != nil || len(list) != 1 {
			t.Fatalf("%v, %v", list, err)
		}
		wantKind(t, s.RenamePasskey(ctx, ada, list[0].ID, "x"), fault.KindNotFound)
		wantKind(t, s.RemovePasskey(ctx, ada, list[0].ID), fault.KindNotFound)
		if err := s.RenamePasskey(ctx, sam, list[0].ID, "my phone"); err != nil {
			t.Fatal(err)
		}
		d.user = b64.EncodeToString([]byte(sam.Person))
		wantKind(t, s.ProvePasskey(ctx, w, ada, theirs, d.get(ask(t, s, sam, passkeyProve))), fault.KindConflict)
		if err := s.ProvePasskey(ctx, w, sam, here, d.get(ask(t, s, sam, passkeyProve))); err != nil {
			t.Error(err)
		}
		for range maxPasskeys - 1 {
			withPasskey(t, s, sam, true)
		}
		_, err = s.askPasskey(ctx, w, sam, passkeyAdd)
		wantKind(t, err, fault.KindConflict)
		if err := s.RemovePasskey(ctx, sam, list[0].ID); err != nil {
			t.Fatal(err)
		}
		_, err = s.SignInPasskey(ctx, w, d.get(ask(t, s, authz.Actor{}, passkeySignIn)), "")
		wantKind(t, err, fault.KindConflict)
		// Nothing tells the make of a device.
		err = s.DB.Read(ctx, func(tx *db.Tx) error {
			all, err := db.Column[string](ctx, tx, "select data from passkey")
			for _, x := range all {
				if strings.Contains(x, "AAGUID") || strings.Contains(x, "clientData") || strings.Contains(x, "platform") {
					t.Errorf("stored: %s", x)
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

func TestNoPasskeysAtANetworkAddress(t *testing.T) {
	t.Parallel()
	for base, want := range map[string]bool{
		"https://riverside.example": true, "http://localhost:8080": true, "http://127.0.0.1:8080": false, "http://[::1]:8080": false, "": false,
	} {
		if _, ok := relyingParty(base); ok != want {
			t.Errorf("%q: %v", base, ok)
		}
	}
}

func TestPasskeyPages(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	j, _, _ := account(t, n.Service, RoleOperator, "sam")
	b := n.as(j.Session)
	d := newDevice(t, "http://"+webtest.Host)
	n.clock.Add(time.Hour)
	a := b.Get("/me/passkeys").Want(t, 200, "")
	if len(a.All("form[data-passkey=create] #passphrase")) != 1 || !strings.Contains(a.Body, "data-passkey-without") {
		t.Errorf("page: %s", a.Body)
	}
	b.Post("/me/passkeys/options", "name", "phone").Want(t, 422, "")
	b.Post("/me/passkeys/options", "passphrase", j.Words).Want(t, 422, "") // no name
	o := b.Post("/me/passkeys/options", "name", "phone", "passphrase", j.Words).Want(t, 200, "")
	if a := b.Post("/me/passkeys", "name", "phone", "credential", "{}").Want(t, 422, ""); a.Attr("#name", "value") != "phone" || a.Text(".error-summary") == "" {
		t.Errorf("a broken key: %s", a.Text("main"))
	}
	b.Post("/me/passkeys", "name", "phone", "credential", string(d.create(o.Body))).Want(t, 303, "/me/passkeys")
	a = b.Get("/me/passkeys")
	path := a.Attr("td a", "href")
	if !strings.Contains(a.Text("tbody"), "phone") || path == "" {
		t.Errorf("list: %s", a.Text("main"))
	}

	v := n.browser()
	if a := v.Get("/sign-in?next=/events"); a.Attr("form[data-passkey=get] input[name=next]", "value") != "/events" {
		t.Error("no passkey on the page to sign in")
	}
	o = v.Post("/sign-in/passkey/options").Want(t, 200, "")
	v.Post("/sign-in/passkey", "credential", string(d.get(o.Body)), "next", "/events").Want(t, 303, "/events")
	v.Get("/me").Want(t, 200, "")
	if a := v.Post("/sign-in/passkey", "credential", "{}").Want(t, 422, ""); a.Text(".error-summary") == "" {
		t.Error("no message")
	}

	// A passkey proves it, instead of the words.
	n.clock.Add(web.ProofLasts)
	if a := b.Get("/operator"); len(a.All("p[data-passkey-prove=/me/prove]")) != 1 || len(a.All("#passphrase")) != 1 {
		t.Errorf("no choice of a proof: %s", a.Body)
	}
	b.Post("/operator", "role", RoleAccount).Want(t, 422, "")
	o = b.Post("/me/prove/options").Want(t, 200, "")
	b.Post("/me/prove", "credential", "{}").Want(t, 409, "")
	b.Post("/operator", "role", RoleAccount).Want(t, 422, "")
	o = b.Post("/me/prove/options").Want(t, 200, "")
	b.Post("/me/prove", "credential", string(d.get(o.Body))).Want(t, 200, "")
	b.Post("/operator", "role", RoleAccount).Want(t, 200, "")

	n.clock.Add(web.ProofLasts)
	b.Post(path, "name", "old phone").Want(t, 422, "")
	b.Post(path, "name", "", "passphrase", j.Words).Want(t, 422, "")
	b.Post(path, "name", "old phone").Want(t, 303, "/me/passkeys")
	b.Get(path).Want(t, 200, "")
	b.Post(path+"/remove").Want(t, 303, "/me/passkeys")
	b.Get(path).Want(t, 404, "")
	if a := b.Get("/operator"); len(a.All("p[data-passkey-prove=/me/prove]")) != 0 {
		t.Error("offers a passkey that nobody has")
	}
	n.Limit = never{}
	for _, path := range []string{"/sign-in/passkey", "/sign-in/passkey/options", "/me/prove", "/me/prove/options"} {
		b.Post(path, "credential", "{}").Want(t, 429, "")
	}
	webtest.NewBrowser(t, n.site).Get("/me/passkeys").Want(t, 303, "/sign-in?next=%2Fme%2Fpasskeys")
}
