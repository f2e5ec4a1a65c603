// Package track learns from a track record: how promises fared, how far estimates were
// off, and how good forecasts were.
//
// A [Record] is what was promised and what was known of it when. [Record.Learn] turns it
// into an [Experience] as of a moment, which forecasts whether a promise will be kept and,
// if not, how late: a share by the sort of promise, a logistic regression once there is
// enough to learn from, a survival curve of lateness, and for far targets their distance.
// [LearnOverrun] learns what estimates cost in truth, [LearnResidual] what keeps work from
// arriving even where the effort fits, [LearnShock] how much things promised for one period
// fail together. [Calibrate] holds forecasts against what came, [Recalibrate] and
// [Adaptive] correct them, and [Backtest] tells what forecasts made then would have said.
//
// Nothing reads what was known later than the moment it learns as of.
package track
