//go:build linux && !race

package torturetest

const raced = false
