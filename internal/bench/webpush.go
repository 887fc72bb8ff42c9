package bench

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"path/filepath"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"convoke/internal/notify/webpush"
	"convoke/internal/notify/webpush/pushservice"
)

const (
	pushDevices = 64  // that the messages go to, in turn
	pushConns   = 128 // messages on the way at once
)

// webpush measures messages to devices from the text until the push service has taken
// them, over HTTP/2 on loopback, to the bare encryption of as many when nothing is prepared.
func (b *bench) webpush(ctx context.Context) (err error) {
	node, err := openNode(ctx, filepath.Join(b.dir, "webpush"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, node.Close()) }()
	key, err := webpush.LoadKey(ctx, node.Vault)
	if err != nil {
		return err
	}
	p := &pushes{message: webpush.Message{Payload: make([]byte, 400), TTL: time.Hour, Urgency: webpush.High}}
	if err := b.pushFirst(ctx, p, key); err != nil {
		return err
	}
	counter, err := pushservice.StartCounter(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, counter.Close()) }()
	over := counter.Transport()
	defer func() { err = errors.Join(err, over.Close()) }()
	if p.sender, err = webpush.NewSender(over, key, "https://example.org", b.Clock); err != nil {
		return err
	}
	if err := p.send(ctx, pushDevices, nil); err != nil { // the connections stand
		return err
	}
	var fresh, prepared pair
	for turn := range b.Runs {
		b.say("turn %d of %d", turn+1, b.Runs)
		f, q, r, err := b.pushTurn(ctx, p)
		if err != nil {
			return err
		}
		fresh.add(f, r)
		prepared.add(q, r)
	}
	if want := pushDevices + 2*b.pushed/turnSlices*turnSlices*b.Runs; counter.Taken() != want {
		return fmt.Errorf("%d of %d messages were taken", counter.Taken(), want)
	}
	b.add(fresh.line("messages to devices taken by a push service, to bare encryptions", "/s", Aim{Ratio: 0.6}))
	b.add(prepared.line("the same with keys that were prepared", "/s", Aim{Ratio: 1}))
	return nil
}

// pushFirst subscribes devices and sends each its first message, which is checked and
// decrypted: what is counted afterwards is the same.
func (b *bench) pushFirst(ctx context.Context, p *pushes, key *ecdsa.PrivateKey) (err error) {
	service, err := pushservice.Start(ctx, b.Clock)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, service.Close()) }()
	over := service.Transport()
	defer func() { err = errors.Join(err, over.Close()) }()
	if p.sender, err = webpush.NewSender(over, key, "https://example.org", b.Clock); err != nil {
		return err
	}
	for range pushDevices {
		d, err := service.Subscribe(p.sender.PublicKey())
		if err != nil {
			return err
		}
		p.to = append(p.to, d.Subscription())
	}
	return p.send(ctx, pushDevices, nil)
}

// pushTurn is one turn: messages with keys made on the way and with prepared ones, and
// as many bare encryptions.
func (b *bench) pushTurn(ctx context.Context, p *pushes) (fresh, prepared, bare result, err error) {
	n := b.pushed / turnSlices
	for range turnSlices {
		ready, err := p.prepare(ctx, n)
		if err != nil {
			return fresh, prepared, bare, err
		}
		watch := startWatch()
		if err := p.send(ctx, n, nil); err != nil {
			return fresh, prepared, bare, err
		}
		fresh = fresh.and(watch.stop(n))
		watch = startWatch()
		if err := p.send(ctx, n, ready); err != nil {
			return fresh, prepared, bare, err
		}
		prepared = prepared.and(watch.stop(n))
		r, err := onAll(ctx, n, p.bare)
		if err != nil {
			return fresh, prepared, bare, err
		}
		bare = bare.and(r)
	}
	return fresh, prepared, bare, nil
}

// pushes are messages to some devices in turn.
type pushes struct {
	sender  *webpush.Sender
	to      []webpush.Subscription
	message webpush.Message
}

// prepare makes n keys, the i-th for the device that the i-th message goes to.
func (p *pushes) prepare(ctx context.Context, n int) ([]webpush.Prepared, error) {
	out := make([]webpush.Prepared, n)
	return out, eachOf(ctx, n, func(i int) (err error) {
		out[i], err = webpush.Prepare(p.to[i%len(p.to)])
		return err
	})
}

// send sends n messages; without prepared keys, nil.
func (p *pushes) send(ctx context.Context, n int, ready []webpush.Prepared) error {
	return eachOf(ctx, n, func(i int) error {
		var key *webpush.Prepared
		if ready != nil {
			key = &ready[i]
		}
		return p.sender.Send(ctx, p.to[i%len(p.to)], key, p.message)
	})
}

// eachOf does n things, many at once.
func eachOf(ctx context.Context, n int, do func(i int) error) error {
	g, ctx := errgroup.WithContext(ctx)
	var next atomic.Int64
	for range min(pushConns, n) {
		g.Go(func() error {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				if err := errors.Join(ctx.Err(), do(i)); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return g.Wait()
}

// bare is the encryption of RFC 8291 section 3.4 and nothing else: a key pair, the
// agreement, the derivations, and one sealing, of a message that stays here.
func (p *pushes) bare([]byte) error {
	to := p.to[0]
	device, err := ecdh.P256().NewPublicKey(to.P256DH)
	if err != nil {
		return err
	}
	k, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		return err
	}
	secret, err := k.ECDH(device)
	if err != nil {
		return err
	}
	info := "WebPush: info\x00" + string(to.P256DH) + string(k.PublicKey().Bytes())
	ikm, err := hkdf.Key(sha256.New, secret, to.Auth, info, sha256.Size)
	if err != nil {
		return err
	}
	salt := make([]byte, 16)
	_, _ = rand.Read(salt) // never fails (Go 1.24)
	prk, err := hkdf.Extract(sha256.New, ikm, salt)
	if err != nil {
		return err
	}
	key, err := hkdf.Expand(sha256.New, prk, "Content-Encoding: aes128gcm\x00", 16)
	if err != nil {
		return err
	}
	nonce, err := hkdf.Expand(sha256.New, prk, "Content-Encoding: nonce\x00", 12)
	if err != nil {
		return err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return err
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		return err
	}
	_ = gcm.Seal(nil, nonce, make([]byte, webpush.Ordinary+1), nil)
	return nil
}
