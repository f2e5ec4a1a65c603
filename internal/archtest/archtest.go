// Package archtest keeps the house in order: what docs/architecture.md and the
// decisions under docs/adr promise about the source is checked here, as tests.
//
// Each rule stands in a file of its own and is a function from the tree of the
// module to its breaches. Under testdata/<rule> lie small trees that breach the
// rule, each with the breaches it must find: a rule that cannot fail is worth
// nothing.
package archtest

// A rule is one promise about the source.
type rule struct {
	name  string // also the folder of its examples
	check func(*tree) []breach
}

var rules = []rule{
	{"ranks", checkRanks},
	{"sql", checkSQL},
	{"http", checkHTTP},
	{"purity", checkPurity},
	{"reach", checkReach},
	{"docs", checkDocs},
	{"markers", checkMarkers},
	{"self", checkSelf},
	{"dependencies", checkDependencies},
}

// A breach is one place that breaks a rule.
type breach struct {
	where string // path, with a line where there is one
	what  string // what is wrong and the remedy
}

func (b breach) String() string { return b.where + ": " + b.what }
