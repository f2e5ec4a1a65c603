// Package rcpsp schedules projects whose activities compete for scarce resources: it looks
// for the schedule of least makespan (the resource-constrained project scheduling problem,
// Pritsker, Watters, Wolfe, Management Science 16, 1969), and proves how much shorter one
// could be at best.
//
// # What counts as a schedule
//
// Search effort is counted in schedules, after Kolisch and Hartmann (Experimental
// investigation of heuristics for resource-constrained project scheduling, EJOR 174, 2006):
// every call of a schedule generation scheme is one, also when it only shifts a known
// schedule to one side. [Options].Schedules limits them, and a search under such a limit
// gives the same answer on any machine and with any number of workers.
package rcpsp
