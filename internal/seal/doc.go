// Package seal encrypts personal fields under keys that can be destroyed.
//
// Each scope (an event, a petition) has one random data key. It is kept,
// wrapped by the boot key, in a separate database that is never in the backup
// of the main one. Destroying the key makes everything sealed under it
// unreadable wherever copies are: rows, write-ahead logs, backups. A destroyed
// scope leaves a tombstone, can never have a key again, and is destroyed once
// more after a restore ([Vault.Replay]).
//
// Formats, all with version byte 1:
//
//	boot key file  64 hexadecimal digits and a newline, mode 0600
//	wrapped key    1 | 96-bit nonce | AES-256-GCM(key), bound to the scope
//	sealed field   1 | 96-bit nonce | AES-256-GCM(plain), bound to table,
//	               column and row, so that ciphertexts cannot be swapped
//
// AES-GCM is NIST SP 800-38D; with random nonces one key may seal 2^32 values.
// Sub-keys come from HKDF-SHA256 (RFC 5869).
package seal
