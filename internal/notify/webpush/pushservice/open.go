package pushservice

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"time"
)

var errCiphertext = errors.New("the body is not aes128gcm for this subscription")

// openRecords decrypts the coding aes128gcm (RFC 8188, section 2); secret makes the
// input keying material from the key id.
func openRecords(body []byte, secret func(keyID []byte) ([]byte, error)) ([]byte, error) {
	if len(body) < 21 || len(body) < 21+int(body[20]) {
		return nil, errCiphertext
	}
	salt, size, keyID, rest := body[:16], int(binary.BigEndian.Uint32(body[16:20])), body[21:21+int(body[20])], body[21+int(body[20]):]
	ikm, err := secret(keyID)
	if err != nil {
		return nil, err
	}
	key, err := hkdf.Key(sha256.New, ikm, salt, "Content-Encoding: aes128gcm\x00", 16)
	if err != nil {
		return nil, err
	}
	base, err := hkdf.Key(sha256.New, ikm, salt, "Content-Encoding: nonce\x00", 12)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	var out []byte
	for n := uint64(0); ; n++ {
		record := rest[:min(size, len(rest))]
		rest = rest[len(record):]
		nonce := append([]byte{}, base...)
		binary.BigEndian.PutUint64(nonce[4:], binary.BigEndian.Uint64(nonce[4:])^n)
		plain, err := gcm.Open(nil, nonce, record, nil)
		if err != nil {
			return nil, errCiphertext
		}
		plain = []byte(strings.TrimRight(string(plain), "\x00"))
		if len(plain) == 0 {
			return nil, errCiphertext
		}
		last := plain[len(plain)-1]
		if last != 1 && last != 2 || (last == 2) != (len(rest) == 0) {
			return nil, errCiphertext
		}
		out = append(out, plain[:len(plain)-1]...)
		if last == 2 {
			return out, nil
		}
	}
}

// open decrypts a push message (RFC 8291, section 3.4).
func open(device *ecdh.PrivateKey, auth, body []byte) ([]byte, error) {
	return openRecords(body, func(sender []byte) ([]byte, error) {
		public, err := ecdh.P256().NewPublicKey(sender)
		if err != nil {
			return nil, errCiphertext
		}
		shared, err := device.ECDH(public)
		if err != nil {
			return nil, errCiphertext
		}
		info := "WebPush: info\x00" + string(device.PublicKey().Bytes()) + string(sender)
		return hkdf.Key(sha256.New, shared, auth, info, 32)
	})
}

// vapid checks a header of RFC 8292 for a push service at origin and returns the
// public key of who signed it, in base64url.
func vapid(header, origin string, now time.Time) (key string, err error) {
	params, ok := strings.CutPrefix(header, "vapid ")
	values := map[string]string{}
	for _, p := range strings.Split(params, ",") {
		k, v, _ := strings.Cut(strings.TrimSpace(p), "=")
		values[k] = v
	}
	parts := strings.Split(values["t"], ".")
	if !ok || len(parts) != 3 {
		return "", errors.New("no token")
	}
	var raw [3][]byte
	for i, p := range parts {
		if raw[i], err = base64.RawURLEncoding.DecodeString(p); err != nil {
			return "", fmt.Errorf("token: %w", err)
		}
	}
	point, err := base64.RawURLEncoding.DecodeString(values["k"])
	if err != nil {
		return "", fmt.Errorf("key: %w", err)
	}
	public, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), point)
	if err != nil {
		return "", fmt.Errorf("key: %w", err)
	}
	var head struct{ Alg string }
	var claims struct {
		Aud, Sub string
		Exp      int64
	}
	if err := errors.Join(json.Unmarshal(raw[0], &head), json.Unmarshal(raw[1], &claims)); err != nil {
		return "", fmt.Errorf("token: %w", err)
	}
	hash := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if len(raw[2]) != 64 || head.Alg != "ES256" ||
		!ecdsa.Verify(public, hash[:], new(big.Int).SetBytes(raw[2][:32]), new(big.Int).SetBytes(raw[2][32:])) {
		return "", errors.New("the signature is wrong")
	}
	if left := time.Unix(claims.Exp, 0).Sub(now); left <= 0 || left > 24*time.Hour {
		return "", fmt.Errorf("the token ends in %v", left)
	}
	if claims.Aud != origin {
		return "", fmt.Errorf("the token is for %q", claims.Aud)
	}
	if !strings.HasPrefix(claims.Sub, "https://") && !strings.HasPrefix(claims.Sub, "mailto:") {
		return "", fmt.Errorf("the token names nobody but %q", claims.Sub)
	}
	return values["k"], nil
}
