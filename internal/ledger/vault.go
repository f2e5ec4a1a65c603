package ledger

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"errors"
	"io"
)

// vault seals and opens secrets with AES-256-GCM.
type vault struct{ aead cipher.AEAD }

func newVault(key []byte) *vault {
	if len(key) == 0 {
		return &vault{}
	}
	sum := sha256.Sum256(key)
	block, err := aes.NewCipher(sum[:])
	if err != nil {
		panic(err) // a key of 32 bytes is never refused
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic(err)
	}
	return &vault{aead}
}

var errNoSecretKey = errors.New("ledger: the ledger was opened without a secret key")

func (v *vault) seal(s string, random io.Reader) (Secret, error) {
	if v.aead == nil {
		return Secret{}, errNoSecretKey
	}
	nonce := make([]byte, v.aead.NonceSize(), v.aead.NonceSize()+len(s)+v.aead.Overhead())
	if _, err := io.ReadFull(random, nonce); err != nil {
		return Secret{}, err
	}
	return Secret{v.aead.Seal(nonce, nonce, []byte(s), nil)}, nil
}

// Reveal returns the value of a secret. It fails if the ledger has another key than the
// one that sealed it.
func (l *Ledger) Reveal(s Secret) (string, error) {
	if s.IsZero() {
		return "", nil
	}
	if l.vault.aead == nil {
		return "", errNoSecretKey
	}
	n := l.vault.aead.NonceSize()
	if len(s.sealed) < n {
		return "", errors.New("ledger: the secret is damaged")
	}
	plain, err := l.vault.aead.Open(nil, s.sealed[:n], s.sealed[n:], nil)
	return string(plain), err
}
