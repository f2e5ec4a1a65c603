//go:build linux && race

package torturetest

// raced: the children are slow, so fewer rounds have to do.
const raced = true
