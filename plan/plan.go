package plan

// Plan is an answer to a Problem: what is built, when its work is done, and how good that
// is at least.
type Plan struct {
	// Features tells for each feature of the problem, in its order, where it is.
	Features []PlannedFeature `json:"features,omitempty"`
	// Activities tells when the work is done, in the order of the problem; work that is
	// left out is not in it.
	Activities []PlannedActivity `json:"activities"`
	// Makespan is the moment the last activity is finished.
	Makespan int `json:"makespan"`
	// Value is what the plan is worth: see [Problem.Worth].
	Value float64 `json:"value"`
	// Bound is proven: no plan of the problem is worth more.
	Bound float64 `json:"bound"`
	// Coarse is what the best plan found is worth that fits work into releases but not into
	// days. From there to the bound is what features being whole costs at most, from there
	// to the value what exact days do. It is nil if there are no features.
	Coarse *float64 `json:"coarse,omitempty"`
	// Gap is how far from the best the plan can be at most, as a share of the bound: 0
	// means that it is proven to be the best.
	Gap float64 `json:"gap"`
	// Evaluations is the number of plans that were worked out to find this one.
	Evaluations int `json:"evaluations"`
}

// PlannedFeature is a feature in a plan.
type PlannedFeature struct {
	Feature string `json:"feature"`
	// Release is empty if the feature is left out.
	Release string `json:"release,omitempty"`
	// Finish is the moment its last activity is finished; 0 without activities.
	Finish int `json:"finish,omitempty"`
	// Value is what the feature brings, less what its work costs and the penalties for its
	// own deadlines and for not being where the reference has it.
	Value float64 `json:"value"`
}

// PlannedActivity is an activity in a plan: it runs in the periods Start <= t < Finish.
type PlannedActivity struct {
	Activity string `json:"activity"`
	Mode     string `json:"mode,omitempty"`
	Start    int    `json:"start"`
	Finish   int    `json:"finish"`
	// People are those who do it, as its demands for skills ask.
	People []string `json:"people,omitempty"`
}
