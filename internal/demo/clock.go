package demo

import (
	"sync/atomic"
	"time"
)

// clock is the clock of the workspace while its past is made: it stands where it is set.
type clock struct{ at atomic.Pointer[time.Time] }

// Now returns the time.
func (c *clock) Now() time.Time { return *c.at.Load() }

func (c *clock) set(t time.Time) { c.at.Store(&t) }
