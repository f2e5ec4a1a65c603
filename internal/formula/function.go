package formula

import (
	"math"
	"slices"
	"strings"
)

// function is one of the functions of the language. Its arguments are numbers, but for
// the condition of if.
type function struct {
	least, most int // arguments
	op          opcode
	pairwise    bool // of many arguments by taking them two by two
	About       string
}

var functions = map[string]function{
	"abs":      {1, 1, opAbs, false, "abs(x): without its sign"},
	"ceil":     {1, 1, opCeil, false, "ceil(x): the next whole number"},
	"coalesce": {2, MaxNames, opCoalesce, true, "coalesce(x, y): x, or y where x is empty"},
	"floor":    {1, 1, opFloor, false, "floor(x): the whole number before"},
	"if":       {3, 3, opChoose, false, "if(condition, x, y): x where it holds, else y"},
	"log":      {1, 2, opLog, false, "log(x): to base 10; log(x, 2): to base 2"},
	"max":      {2, MaxNames, opMax, true, "max(x, y): the largest"},
	"min":      {2, MaxNames, opMin, true, "min(x, y): the smallest"},
	"round":    {1, 2, opRound, false, "round(x): a whole number; round(x, 1): one digit"},
	"sqrt":     {1, 1, opSqrt, false, "sqrt(x): the square root"},
}

// Functions returns what each function does, in order, for people who write formulas.
func Functions() []string {
	all := make([]string, 0, len(functions))
	for _, f := range functions {
		all = append(all, f.About)
	}
	slices.Sort(all)
	return all
}

func functionNames() string {
	names := make([]string, 0, len(functions))
	for n := range functions {
		names = append(names, n)
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

// defaults are the arguments that may be left out.
var defaults = map[string]float64{"log": 10, "round": 0}

// round rounds half away from zero to a number of digits behind the point.
func round(x, digits float64) float64 {
	scale := math.Pow(10, math.Trunc(min(max(digits, -12), 12)))
	return math.Round(x*scale) / scale
}
