// Package torturetest hurts the kernel and then audits it: processes are killed while
// they write, every write and every sync of the disk fails once, the disk fills up, the
// network is cut after every message, the database server dies. Afterwards nothing that
// was acknowledged may be missing and nothing may be there by half.
//
// The tests run shorter than they could; THROUGHLINE_TORTURE=1 lifts the limits (`make
// torture`). Children are the test binary itself, started again with a job in its
// environment.
package torturetest
