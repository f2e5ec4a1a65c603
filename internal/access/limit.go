package access

import (
	"fmt"
	"net/netip"
	"sync"
	"time"

	"github.com/throughline-pm/throughline/internal/fault"
)

// Limit is how often something may be done.
type Limit struct {
	Name string
	N    int
	Per  time.Duration
}

// The limits of the program. They are counted in each process, from the first try on, and
// begin anew when their time is over.
var (
	// SignInLimit is for tries of a password, by account and address together: whoever
	// guesses elsewhere does not lock the owner out.
	SignInLimit = Limit{"sign-in", 10, 5 * time.Minute}
	// TokenLimit is for requests with a token, by token.
	TokenLimit = Limit{"API", 1000, time.Minute}
	// AnonymousLimit is for requests of nobody, by address.
	AnonymousLimit = Limit{"anonymous", 60, time.Minute}

	// resetMailLimit keeps strangers from filling somebody's mailbox; what is beyond it is
	// not sent, and nobody is told.
	resetMailLimit = Limit{"reset mail", 5, time.Hour}
	// throttleNoteLimit keeps refused tries from filling the log.
	throttleNoteLimit = Limit{"throttle note", 1, 5 * time.Minute}
)

// keptWindows bounds the memory of a limiter.
const keptWindows = 100_000

// Limiter counts what is limited. Its methods may be called at once from any number of
// goroutines.
type Limiter struct {
	clock   func() time.Time
	mu      sync.Mutex
	windows map[limited]*window
	swept   time.Time
}

type limited struct{ limit, key string }

type window struct {
	ends time.Time
	n    int
}

// NewLimiter returns a limiter by the given clock.
func NewLimiter(clock func() time.Time) *Limiter {
	return &Limiter{clock: clock, windows: map[limited]*window{}}
}

// Take counts one for the key, or returns TooMany with the time after which it makes sense
// to try again.
func (l *Limiter) Take(limit Limit, key string) error {
	now := l.clock()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sweep(now)
	at := limited{limit.Name, key}
	w := l.windows[at]
	// a window that ends later than it could was made before the clock was set back
	if w == nil || !now.Before(w.ends) || w.ends.Sub(now) > limit.Per {
		w = &window{ends: now.Add(limit.Per)}
		l.windows[at] = w
	}
	if w.n >= limit.N {
		return &fault.Error{
			Kind:    fault.TooMany,
			Message: fmt.Sprintf("too many tries: %d are allowed within %s", limit.N, limit.Per),
			After:   w.ends.Sub(now),
		}
	}
	w.n++
	return nil
}

// Left returns how often the key may still be used, and for how long that holds.
func (l *Limiter) Left(limit Limit, key string) (n int, until time.Duration) {
	now := l.clock()
	l.mu.Lock()
	defer l.mu.Unlock()
	w := l.windows[limited{limit.Name, key}]
	if w == nil || !now.Before(w.ends) {
		return limit.N, limit.Per
	}
	return limit.N - w.n, w.ends.Sub(now)
}

// Forget counts the key from nothing again.
func (l *Limiter) Forget(limit Limit, key string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.windows, limited{limit.Name, key})
}

// sweep drops the windows that are over, now and then. If there are still too many, all
// go: rather than shut everybody out, a flood from very many addresses is let start anew.
func (l *Limiter) sweep(now time.Time) {
	if full := len(l.windows) >= keptWindows; !full && now.Sub(l.swept).Abs() < time.Minute {
		return
	}
	l.swept = now
	for at, w := range l.windows {
		if !now.Before(w.ends) {
			delete(l.windows, at)
		}
	}
	if len(l.windows) >= keptWindows {
		clear(l.windows)
	}
}

// place is the part of an address that one person has: a network of 64 bits in IPv6.
func place(addr string) string {
	ip, err := netip.ParseAddr(addr)
	if err != nil {
		return addr
	}
	ip = ip.Unmap().WithZone("")
	if ip.Is6() {
		if net, err := ip.Prefix(64); err == nil {
			return net.String()
		}
	}
	return ip.String()
}
