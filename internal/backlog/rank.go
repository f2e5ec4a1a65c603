package backlog

import (
	"encoding/binary"
	"encoding/hex"
	"strings"

	"github.com/throughline-pm/throughline/internal/fault"
)

// A rank is a text of the digits 0-9a-f after an imaginary "0.": ranks compare as texts,
// and between any two there is room for another, so that moving one feature by hand
// writes one feature. A feature that nobody has moved stands where it was made: its rank
// is the position of the commit that made it and its identifier.

const digits = "0123456789abcdef"

// Rank returns the place of a feature in the manual order.
func (f *Feature) rank() string {
	if f.Rank != "" {
		return f.Rank
	}
	var b [24]byte
	binary.BigEndian.PutUint64(b[:], uint64(f.Born))
	copy(b[8:], f.ID[:])
	return hex.EncodeToString(b[:])
}

// between returns a rank after low and before high; "" is no limit on that side. It is
// Invalid if there is no room because the two are not in order.
func between(low, high string) (string, error) {
	if high != "" && low >= high {
		return "", fault.New(fault.Invalid, "there is no place between these two any more; look at the list again")
	}
	var b strings.Builder
	for i := range len(low) + len(high) + 2 {
		lo, hi := 0, len(digits)
		if i < len(low) {
			lo = strings.IndexByte(digits, low[i])
		}
		if high != "" && i < len(high) {
			hi = strings.IndexByte(digits, high[i])
		} else if high != "" { // high is low and zeros
			hi = 0
		}
		if hi-lo > 1 {
			b.WriteByte(digits[(lo+hi)/2])
			return b.String(), nil
		}
		b.WriteByte(digits[lo])
		if hi > lo { // below high from here on
			high = ""
		}
	}
	return "", fault.New(fault.Invalid, "there is no place between these two; move one of them first")
}
