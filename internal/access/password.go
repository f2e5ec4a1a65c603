package access

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	_ "embed"
	"encoding/base64"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"

	"github.com/throughline-pm/throughline/internal/fault"
)

// The bounds of a password. There are no rules of composition.
const (
	shortestPassword = 12   // characters
	longestPassword  = 1024 // bytes; all of them count
)

// foldPassword is the form of a password that is hashed: keyboards differ in how they put
// accents together.
func foldPassword(s string) string { return norm.NFKC.String(s) }

// checkPassword adds to f what is wrong with a new password. own are words that an
// attacker tries first: the name and address of the account.
func checkPassword(field, password string, own []string, f *fault.Fields) {
	switch folded := foldPassword(password); {
	case !utf8.ValidString(password) || strings.ContainsFunc(password, unicode.IsControl):
		f.Add(field, "holds something that is no character; choose another password")
	case len(password) > longestPassword || len(folded) > longestPassword:
		f.Add(field, "has more than 1024 bytes; choose a shorter one")
	case utf8.RuneCountInString(folded) < shortestPassword:
		f.Add(field, "has fewer than 12 characters; choose a longer one, several words for example")
	case isCommon(folded, own):
		f.Add(field, "is among those that are guessed first; choose another one, several unrelated words for example")
	}
}

//go:embed common.txt
var commonText string

// commonWords are the words that the commonest passwords are made of.
var commonWords = sync.OnceValue(func() map[string]bool {
	words := map[string]bool{}
	for line := range strings.Lines(commonText) {
		if !strings.HasPrefix(line, "#") {
			for _, w := range strings.Fields(line) {
				words[w] = true
			}
		}
	}
	return words
})

// leet undoes what people put for letters.
var leet = strings.NewReplacer("0", "o", "1", "i", "3", "e", "4", "a", "5", "s", "7", "t", "8", "b", "@", "a", "$", "s", "!", "i", "|", "l", "+", "t")

// isCommon reports whether a password is one of the commonest, or of the patterns they
// follow: one or two common words with digits or signs around them, letters disguised or
// not; something short again and again; a run along the keyboard or the alphabet.
func isCommon(password string, own []string) bool {
	s := strings.ToLower(password)
	words := commonWords()
	known := func(w string) bool {
		if words[w] {
			return true
		}
		for _, o := range own {
			o = strings.ToLower(o)
			local, _, _ := strings.Cut(o, "@")
			if w == o || w == local || w == strings.ReplaceAll(o, " ", "") {
				return len(w) > 2
			}
		}
		return false
	}
	if known(s) || repeats(s) || runs(s) {
		return true
	}
	isLetter := func(r rune) bool { return !unicode.IsLetter(r) }
	bare := strings.TrimFunc(s, isLetter)
	for _, core := range []string{bare, strings.TrimFunc(leet.Replace(s), isLetter), leet.Replace(bare)} {
		// many signs around a word are a secret of their own
		if core == "" || utf8.RuneCountInString(s)-utf8.RuneCountInString(core) > 8 {
			continue
		}
		if known(core) || repeats(core) || runs(core) {
			return true
		}
		for i := range core {
			if i > 0 && known(core[:i]) && known(strings.TrimLeftFunc(core[i:], isLetter)) {
				return true
			}
		}
	}
	return false
}

// repeats reports whether s is something of at most 6 bytes again and again, or of hardly
// any different characters.
func repeats(s string) bool {
	different := map[rune]bool{}
	for _, r := range s {
		different[r] = true
	}
	if len(different) <= 3 {
		return true
	}
	for unit := 1; unit <= 6 && unit*2 <= len(s); unit++ {
		if strings.HasPrefix(strings.Repeat(s[:unit], len(s)/unit+1), s) {
			return true
		}
	}
	return false
}

// rows are what fingers run along.
var rows = []string{"0123456789012345678901234567890", "abcdefghijklmnopqrstuvwxyz", "qwertyuiop", "asdfghjkl", "zxcvbnm", "qwertzuiop", "yxcvbnm", "azertyuiop"}

// runs reports whether s is made of long pieces of rows, in either direction.
func runs(s string) bool {
	for s != "" {
		longest := 0
		for _, row := range rows {
			for _, r := range []string{row, reversed(row)} {
				for n := min(len(s), len(r)); n > longest; n-- {
					if strings.Contains(r, s[:n]) {
						longest = n
					}
				}
			}
		}
		if longest < 3 && longest < len(s) {
			return false
		}
		s = s[longest:]
	}
	return true
}

func reversed(s string) string {
	b := []byte(s)
	for i, j := 0, len(b)-1; i < j; i, j = i+1, j-1 {
		b[i], b[j] = b[j], b[i]
	}
	return string(b)
}

// cost is how dear a hash is. Each is kept with its own, so it can be raised.
type cost struct {
	memory  uint32 // KiB
	time    uint32
	threads uint8
}

// today's cost: the second of the settings that OWASP recommends for argon2id.
var today = cost{memory: 19 * 1024, time: 2, threads: 1}

// hasher hashes passwords by argon2id (RFC 9106), as many at once as there are processors:
// a flood of sign-ins waits instead of filling the memory.
type hasher struct {
	cost  cost
	turns chan struct{}
	runs  atomic.Int64 // hashes computed, for tests
	decoy string       // of no password: what is verified where there is no account
}

// queue is how long a sign-in waits for its turn.
const queue = 5 * time.Second

func newHasher() *hasher {
	h := &hasher{cost: today, turns: make(chan struct{}, runtime.GOMAXPROCS(0))}
	h.decoy = h.cost.encode(make([]byte, 16), make([]byte, 32))
	return h
}

// encode writes a hash in the form of the argon2 reference program.
func (c cost) encode(salt, sum []byte) string {
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, c.memory, c.time, c.threads, b64.EncodeToString(salt), b64.EncodeToString(sum))
}

func decode(encoded string) (c cost, salt, sum []byte, err error) {
	var version int
	part := strings.Split(encoded, "$")
	if len(part) != 6 || part[1] != "argon2id" {
		return c, nil, nil, fmt.Errorf("access: a kept password is damaged")
	}
	if _, err = fmt.Sscanf(part[2]+" "+part[3], "v=%d m=%d,t=%d,p=%d", &version, &c.memory, &c.time, &c.threads); err != nil {
		return c, nil, nil, fmt.Errorf("access: a kept password is damaged: %w", err)
	}
	if salt, err = base64.RawStdEncoding.DecodeString(part[4]); err == nil {
		sum, err = base64.RawStdEncoding.DecodeString(part[5])
	}
	return c, salt, sum, err
}

// sum computes a hash when it is its turn.
func (h *hasher) sum(ctx context.Context, c cost, password string, salt []byte) ([]byte, error) {
	wait := time.NewTimer(queue)
	defer wait.Stop()
	select {
	case h.turns <- struct{}{}:
	case <-wait.C:
		return nil, &fault.Error{Kind: fault.Unavailable, Message: "too many people sign in at this moment", After: queue}
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { <-h.turns }()
	h.runs.Add(1)
	return argon2.IDKey([]byte(foldPassword(password)), salt, c.time, c.memory, c.threads, 32), nil
}

// hash returns a password in the form in which it is kept.
func (h *hasher) hash(ctx context.Context, password string) (string, error) {
	salt := make([]byte, 16)
	_, _ = rand.Read(salt) // never fails
	sum, err := h.sum(ctx, h.cost, password, salt)
	if err != nil {
		return "", err
	}
	return h.cost.encode(salt, sum), nil
}

// verify reports whether password is the kept one. Where nothing is kept it does the same
// work for nothing, and for one that is too long to be any.
func (h *hasher) verify(ctx context.Context, kept, password string) (bool, error) {
	real := kept != "" && len(password) <= longestPassword
	if !real {
		kept, password = h.decoy, ""
	}
	c, salt, want, err := decode(kept)
	if err != nil {
		return false, err
	}
	have, err := h.sum(ctx, c, password, salt)
	return err == nil && subtle.ConstantTimeCompare(have, want) == 1 && real, err
}

// weaker reports whether a kept password costs less than one does today.
func (h *hasher) weaker(kept string) bool {
	c, _, _, err := decode(kept)
	return err != nil || c.memory < h.cost.memory || c.time < h.cost.time || c.threads < h.cost.threads
}
