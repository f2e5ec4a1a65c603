// Package plan orders work so that value arrives as early as capacity, skills, dependencies
// and deadlines allow, proves how far from the best its plan can be, explains each
// placement, and forecasts dates by simulation.
//
// A [Problem] says what is to be planned: features made of activities, what these need of
// pools and people, how they depend on each other, the releases they may go out with, what
// each is worth when, and the rules somebody has set. [Solve] answers with a [Plan]: a
// schedule, its value, and a bound no plan can exceed. [Planner.Explain] says why a feature is
// where it is and what it would cost to move it; [Diagnose] which rules cannot hold together
// and what to give up; [Simulate] says how likely each date is.
//
// What happened before teaches what to expect: package track forecasts promises from how
// earlier ones fared, learns how far estimates are off, and holds forecasts against what
// came. [Throughput] serves teams that do not estimate; [Compare] says what a change does.
//
// Time is counted in periods, usually working days, numbered from 0; period t is the time
// from t to t+1, and a moment t is the start of period t. Amounts of pools are whole units
// (tenths of a person, say), effort is in unit-periods, value in any one currency of the
// day of moment 0. The package reads no clock: whoever wants to stop a search after a time
// ends its context; whoever wants the same answer again gives a count of evaluations, for
// with the same input, seed and count the answer is the same on any number of workers.
//
// The kernels stand in packages of their own: rcpsp makes schedules as short as possible,
// closure finds the closed set of greatest weight in a graph, nrp chooses what to build
// within a budget. Package check verifies plans and shares no code with any of them.
package plan
