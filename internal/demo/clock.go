package demo

import (
	"sync/atomic"
	"time"
)

// Clock is the clock of an installation in which Build makes a past: it shows what it is
// set to, and otherwise the time of the clock it was made of.
type Clock struct {
	real func() time.Time
	past atomic.Pointer[time.Time]
}

// NewClock returns a clock that shows the time of real until it is set.
func NewClock(real func() time.Time) *Clock { return &Clock{real: real} }

// Now returns the time.
func (c *Clock) Now() time.Time {
	if t := c.past.Load(); t != nil {
		return *t
	}
	return c.real()
}

// set makes the clock stand still at t; release lets it run again.
func (c *Clock) set(t time.Time) { c.past.Store(&t) }

func (c *Clock) release() { c.past.Store(nil) }
