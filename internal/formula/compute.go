package formula

import "math"

// opcode is what one instruction does with the top of the stack.
type opcode uint8

const (
	opNumber opcode = iota // puts the instruction's number on it
	opName                 // puts the value of a name on it
	opAdd
	opSubtract
	opMultiply
	opDivide
	opRest
	opPower
	opNegate
	opLess
	opAtMost
	opMore
	opAtLeast
	opEqual
	opUnequal
	opAnd
	opOr
	opNot
	opChoose // condition, then, else
	opCoalesce
	opMin
	opMax
	opRound
	opLog
	opAbs
	opFloor
	opCeil
	opSqrt
)

// takes is how many results an instruction takes from the stack; it leaves one.
func (o opcode) takes() int {
	switch o {
	case opNumber, opName:
		return 0
	case opNegate, opNot, opAbs, opFloor, opCeil, opSqrt:
		return 1
	case opChoose:
		return 3
	}
	return 2
}

type instruction struct {
	op     opcode
	name   int
	number float64
}

// empty stands for a number that is not there. It is a NaN, which every operation passes
// on by itself.
var empty = math.NaN()

// Value computes the formula; false if the result is empty. read returns the value of the
// name with that place in Names, false if it is empty; it is asked once for each.
func (f *Formula) Value(read func(name int) (float64, bool)) (float64, bool) {
	var values [MaxNames]float64
	for i := range f.names {
		n, ok := read(i)
		if !ok {
			n = empty
		}
		values[i] = n
	}
	n := run(f.code, &values)
	if math.IsNaN(n) || math.IsInf(n, 0) {
		return 0, false
	}
	return n + 0, true // of a negative zero it makes zero
}

// run computes code. The condition of a choice is 1 or 0; what a comparison with something
// empty is, nobody knows, so it is empty too.
func run(code []instruction, values *[MaxNames]float64) float64 {
	var stack [maxStack]float64
	top := -1
	for i := range code {
		in := &code[i]
		switch in.op {
		case opNumber:
			top++
			stack[top] = in.number
			continue
		case opName:
			top++
			stack[top] = values[in.name]
			continue
		}
		top -= in.op.takes() - 1
		a := stack[top]
		var b float64
		if in.op.takes() > 1 {
			b = stack[top+1]
		}
		stack[top] = apply(in.op, a, b, stack[min(top+2, maxStack-1)])
	}
	return stack[0]
}

func apply(op opcode, a, b, c float64) float64 {
	switch op {
	case opAdd:
		return a + b
	case opSubtract:
		return a - b
	case opMultiply:
		return a * b
	case opDivide:
		return finite(a / b)
	case opRest:
		return math.Mod(a, b)
	case opPower:
		return power(a, b)
	case opNegate:
		return -a
	case opLess:
		return truth(a, b, a < b)
	case opAtMost:
		return truth(a, b, a <= b)
	case opMore:
		return truth(a, b, a > b)
	case opAtLeast:
		return truth(a, b, a >= b)
	case opEqual:
		return truth(a, b, a == b)
	case opUnequal:
		return truth(a, b, a != b)
	case opAnd:
		return truth(a, b, a != 0 && b != 0)
	case opOr:
		return truth(a, b, a != 0 || b != 0)
	case opNot:
		return 1 - a
	case opChoose:
		switch {
		case math.IsNaN(a):
			return a
		case a != 0:
			return b
		}
		return c
	case opCoalesce:
		if math.IsNaN(a) {
			return b
		}
		return a
	case opMin:
		return min(a, b)
	case opMax:
		return max(a, b)
	case opRound:
		return round(a, b)
	case opLog:
		return finite(math.Log(a) / math.Log(b))
	case opAbs:
		return math.Abs(a)
	case opFloor:
		return math.Floor(a)
	case opCeil:
		return math.Ceil(a)
	case opSqrt:
		return math.Sqrt(a)
	}
	return empty
}

func truth(a, b float64, holds bool) float64 {
	switch {
	case math.IsNaN(a) || math.IsNaN(b):
		return empty
	case holds:
		return 1
	}
	return 0
}

// power differs from the machine's where that makes a number of what is empty: anything
// to the power of zero, and one to the power of anything.
func power(a, b float64) float64 {
	if math.IsNaN(a) || math.IsNaN(b) {
		return empty
	}
	return finite(math.Pow(a, b))
}

// finite makes what has no value empty at once, so that coalesce and comparisons see it.
func finite(n float64) float64 {
	if math.IsInf(n, 0) {
		return empty
	}
	return n
}
