package plan

// Problem is what is to be planned; [Problem.Validate] says whether it holds together, and
// the constants beginning with Max how large it may be. The zero value of a field that is left out means
// "none" unless its comment says otherwise. Elements name each other by their IDs, which
// are unique among the elements of their sort.
type Problem struct {
	Name string `json:"name,omitempty"`
	// Horizon is the number of periods there are: no activity runs past it. 1 to 100,000.
	Horizon int `json:"horizon"`
	// ValueHorizon is the moment up to which value is counted; 0 means Horizon.
	ValueHorizon int `json:"valueHorizon,omitempty"`
	// Discount is the continuous rate per period at which value loses weight, 0 to 1.
	Discount float64 `json:"discount,omitempty"`

	Pools      []Pool     `json:"pools,omitempty"`
	People     []Person   `json:"people,omitempty"`
	Features   []Feature  `json:"features,omitempty"`
	Activities []Activity `json:"activities"`
	Links      []Link     `json:"links,omitempty"`
	// Releases go out in this order: cut-offs, cut-offs less stabilisation, and go-lives
	// must not decrease.
	Releases  []Release `json:"releases,omitempty"`
	Synergies []Synergy `json:"synergies,omitempty"`
	Rules     []Rule    `json:"rules,omitempty"`

	// Reference is a plan people already know; each feature that is not in the release it
	// has there costs StabilityPenalty.
	Reference        []Placement `json:"reference,omitempty"`
	StabilityPenalty float64     `json:"stabilityPenalty,omitempty"`

	Risks       []Risk      `json:"risks,omitempty"`
	Uncertainty Uncertainty `json:"uncertainty,omitzero"`
}

// Pool is a renewable resource: units that serve one activity at a time in a period.
type Pool struct {
	ID string `json:"id"`
	// Capacity is the number of units in every period, 0 to 30,000.
	Capacity int `json:"capacity"`
	// Changes give another capacity from a moment on, in increasing order of At.
	Changes []Step `json:"changes,omitempty"`
	// Reserve is the share of every period's capacity that is not planned, 0 to below 1;
	// what is left is rounded down to whole units, of which 1e-9 may be missing.
	Reserve float64 `json:"reserve,omitempty"`
	// Cost is the price of a unit-period.
	Cost float64 `json:"cost,omitempty"`
}

// Step is a capacity that holds from a moment on.
type Step struct {
	At       int `json:"at"`
	Capacity int `json:"capacity"`
}

// Person can do one activity at a time, if a demand asks for a skill the person has.
type Person struct {
	ID     string  `json:"id"`
	Skills []Skill `json:"skills"`
	// Away are the spans in which the person is not there.
	Away []Span `json:"away,omitempty"`
	// Cost is the price of a period of the person's work.
	Cost float64 `json:"cost,omitempty"`
}

// Skill is what a person can do, how well, and for how long that holds.
type Skill struct {
	Skill string `json:"skill"`
	Level int    `json:"level,omitempty"`
	// From and Until bound the validity, of a credential say: it holds in the periods
	// From <= t < Until. Until 0 means without end.
	From  int `json:"from,omitempty"`
	Until int `json:"until,omitempty"`
}

// Span is the periods From <= t < Until.
type Span struct {
	From  int `json:"from"`
	Until int `json:"until"`
}

// Feature is the unit of value: its activities are done, then it goes live with a release.
type Feature struct {
	ID    string `json:"id"`
	Value Value  `json:"value"`
	// Requires names the features that must be live no later than this one.
	Requires []string `json:"requires,omitempty"`
}

// Value is what a feature brings when it goes live at a moment L:
//
//	p · (Lump·e^(-ρL) + ∫ Rate(s)·Adoption(s-L)·e^(-ρs) ds)   for s from L to ValueHorizon
//
// with ρ the discount and p the chance of success; nothing if L is ValueHorizon or later.
type Value struct {
	// Lump is gained once, at the go-live.
	Lump float64 `json:"lump,omitempty"`
	// Rate is value per period, by the moment: seasons, contract windows, decay.
	Rate Curve `json:"rate,omitempty"`
	// Adoption is the share of the rate that is reached, by periods since the go-live;
	// an empty curve means all of it at once.
	Adoption Curve `json:"adoption,omitempty"`
	// Success is the chance that the value comes, above 0 to 1; 0 means 1.
	Success float64 `json:"success,omitempty"`
}

// Curve is piecewise linear through its points, which stand in increasing order of At; it
// is constant before the first and after the last. An empty curve is 0 everywhere unless
// its user says otherwise.
type Curve []Point

// Point is one corner of a Curve.
type Point struct {
	At float64 `json:"at"`
	Y  float64 `json:"y"`
}

// Activity is work that runs without a break once begun, in one of its modes.
type Activity struct {
	ID string `json:"id"`
	// Feature names the feature the activity belongs to. The work of a feature that is
	// left out is not done; work of no feature always is.
	Feature string `json:"feature,omitempty"`
	// Modes are the ways to do it, of which one is taken; at least one.
	Modes []Mode `json:"modes"`
}

// Mode is one way to do an activity.
type Mode struct {
	Name string `json:"name,omitempty"`
	// Duration in periods. 0 means: as long as the demand that takes longest, its planned
	// effort by its units, rounded up (what exceeds a whole period by up to 1e-9 is
	// dropped); without such a demand the activity takes no time.
	Duration int      `json:"duration,omitempty"`
	Demands  []Demand `json:"demands,omitempty"`
}

// Demand is what a mode takes in every period it runs: units of a pool, or as many people
// who have a skill at a level or above. Exactly one of Pool and Skill is set.
type Demand struct {
	Pool  string `json:"pool,omitempty"`
	Skill string `json:"skill,omitempty"`
	Level int    `json:"level,omitempty"`
	Units int    `json:"units"`
	// Effort is the work to be done, in unit-periods; nil means what Units do in Duration,
	// for certain.
	Effort *Effort `json:"effort,omitempty"`
}

// Effort is an uncertain amount of work: either three quantiles of a log-normal
// distribution, or amounts seen before, of which each is as likely. Planning counts with
// the median.
type Effort struct {
	P10     float64   `json:"p10,omitempty"`
	P50     float64   `json:"p50,omitempty"`
	P90     float64   `json:"p90,omitempty"`
	Samples []float64 `json:"samples,omitempty"`
}

// Link holds two activities apart by a minimum and, if set, a maximum number of periods,
// counted between the moments its sort names. It says nothing if one of them is left out.
type Link struct {
	From string   `json:"from"`
	To   string   `json:"to"`
	Sort LinkSort `json:"sort,omitempty"`
	// Lag is the least distance; it may be negative.
	Lag int `json:"lag,omitempty"`
	// Most is the greatest distance; nil means none.
	Most *int `json:"most,omitempty"`
}

// LinkSort says between which moments of two activities a Link counts.
type LinkSort string

const (
	FinishStart  LinkSort = "" // from the finish of From to the start of To
	StartStart   LinkSort = "start-start"
	FinishFinish LinkSort = "finish-finish"
	StartFinish  LinkSort = "start-finish"
)

// Release is a dated bucket: what is finished, and then stable for Stabilisation periods,
// by CutOff may go live at GoLive; a feature without activities may go with any release.
type Release struct {
	ID            string `json:"id"`
	CutOff        int    `json:"cutOff"`
	GoLive        int    `json:"goLive"`
	Stabilisation int    `json:"stabilisation,omitempty"`
}

// Synergy is value that comes on top once all its features are live.
type Synergy struct {
	ID       string   `json:"id"`
	Features []string `json:"features"`
	Value    Value    `json:"value"`
}

// Rule is a demand of somebody on the plan. Its sort says which fields it reads.
type Rule struct {
	ID         string   `json:"id"`
	Sort       RuleSort `json:"sort"`
	Features   []string `json:"features,omitempty"`
	Activities []string `json:"activities,omitempty"`
	Release    string   `json:"release,omitempty"`
	Mode       string   `json:"mode,omitempty"`
	Person     string   `json:"person,omitempty"`
	At         int      `json:"at,omitempty"`
	Limit      int      `json:"limit,omitempty"`
	// Penalty makes a deadline soft: its price per period late. 0 means hard.
	Penalty float64 `json:"penalty,omitempty"`
	// Weight says how little one likes to give the rule up when rules clash; 0 means 1.
	Weight float64 `json:"weight,omitempty"`
}

// RuleSort is what a Rule demands.
type RuleSort string

const (
	// Deadline: each feature is live, each activity finished if it is done, at moment At at
	// the latest.
	// With a Penalty a feature may be later or left out, and counts as live at Horizon then.
	Deadline RuleSort = "deadline"
	// InRelease: each feature goes live with Release exactly.
	InRelease RuleSort = "in-release"
	// NotBefore: each activity starts at moment At at the earliest; each feature goes live
	// with Release or a later one, or not at all.
	NotBefore RuleSort = "not-before"
	// LeftOut: none of the features is built.
	LeftOut RuleSort = "left-out"
	// StartAt: each activity starts at moment At exactly, if it is done.
	StartAt RuleSort = "start-at"
	// InMode: each activity is done in the mode named Mode, if it is done.
	InMode RuleSort = "in-mode"
	// ByPerson: each activity is done by Person, perhaps with others, if it is done.
	ByPerson RuleSort = "by-person"
	// Together: all features go live with the same release, or none does.
	Together RuleSort = "together"
	// EitherOr: at most Limit (0 means 1) of the features are built.
	EitherOr RuleSort = "either-or"
	// Apart: no two of the features go live with the same release.
	Apart RuleSort = "apart"
	// AtOnce: at most Limit of the activities run in any period.
	AtOnce RuleSort = "at-once"
)

// Placement says with which release a feature goes live; an empty Release means it is left
// out.
type Placement struct {
	Feature string `json:"feature"`
	Release string `json:"release,omitempty"`
}

// Risk is an event that happens or not, once for the whole problem. Planning does not
// count with it; simulation does.
type Risk struct {
	ID string `json:"id"`
	// Chance that it happens, 0 to 1.
	Chance     float64  `json:"chance"`
	Activities []string `json:"activities"`
	// Factor multiplies the effort of the activities if it happens; 0 means 1.
	Factor float64 `json:"factor,omitempty"`
	// Delay is added to the duration of each, in periods.
	Delay int `json:"delay,omitempty"`
}

// Uncertainty is what makes all activities vary together, and what comes on top of them.
type Uncertainty struct {
	// Global and Shared are the shares of the variance of log-effort that all activities
	// have in common, and that those of one pool have in common; their sum is at most 1.
	Global float64 `json:"global,omitempty"`
	Shared float64 `json:"shared,omitempty"`
	// Spread is the standard deviation of log-effort of demands that state none.
	Spread float64 `json:"spread,omitempty"`
	// Growth is the mean number of times the work of one feature grows; each time by
	// GrowthSize, a share of its effort.
	Growth     float64 `json:"growth,omitempty"`
	GrowthSize float64 `json:"growthSize,omitempty"`
	// Leave is the mean share of the capacity of a pool that is away unplanned.
	Leave float64 `json:"leave,omitempty"`
}
