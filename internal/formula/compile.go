package formula

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/conf"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser"
)

// kind is what a part of a formula is.
type kind int

const (
	aNumber kind = iota
	aCondition
)

// compiler turns the tree of a formula into instructions.
type compiler struct {
	Formula
	runes []rune
	depth int // of the stack here
}

func compile(text string) (*Formula, error) {
	if !utf8.ValidString(text) {
		return nil, &Error{1, "this is no valid text"}
	}
	c := &compiler{Formula: Formula{text: text}, runes: []rune(text)}
	if strings.TrimSpace(text) == "" {
		return nil, &Error{1, "write a formula, as value / effort"}
	}
	if len(c.runes) > MaxLength {
		return nil, &Error{MaxLength + 1, fmt.Sprintf("this is longer than %d characters; make a formula of a part and use its name", MaxLength)}
	}
	tree, err := parser.ParseWithConfig(text, &conf.Config{MaxNodes: MaxParts, DisableIfOperator: true})
	if err != nil {
		return nil, c.unreadable(err)
	}
	k, err := c.part(tree.Node)
	if err != nil {
		return nil, err
	}
	if k != aNumber {
		return nil, c.fault(tree.Node, "this is true or false, and a score is a number; write condition ? 1 : 0")
	}
	c.weights = c.findWeights(tree.Node)
	return &c.Formula, nil
}

// unreadable puts into our words what the library says, which speaks of tokens.
func (c *compiler) unreadable(err error) error {
	var at *file.Error
	if !errors.As(err, &at) {
		return &Error{1, "this cannot be read as a formula"}
	}
	if strings.Contains(at.Message, "maximum allowed nodes") {
		return &Error{1, fmt.Sprintf("this has more than %d parts; make a formula of a part of it and use its name", MaxParts)}
	}
	from := min(max(at.From, 0), len(c.runes))
	if from == len(c.runes) || strings.Contains(at.Message, "EOF") {
		return &Error{len(c.runes) + 1, "the formula ends too early; a number, a name or a closing bracket is missing"}
	}
	to := from + 1
	for wordly(c.runes[from]) && to < len(c.runes) && wordly(c.runes[to]) {
		to++
	}
	return &Error{from + 1, fmt.Sprintf("“%s” cannot stand here; a sign as + - * / or a comma may be missing before it", string(c.runes[from:to]))}
}

func wordly(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) }

func (c *compiler) fault(n ast.Node, format string, args ...any) error {
	return &Error{min(max(n.Location().From, 0), len(c.runes)) + 1, fmt.Sprintf(format, args...)}
}

// emit adds an instruction and keeps count of the stack.
func (c *compiler) emit(n ast.Node, in instruction) error {
	c.code = append(c.code, in)
	c.depth += 1 - in.op.takes()
	if c.depth > maxStack {
		return c.fault(n, "this is nested too deeply; make a formula of a part of it and use its name")
	}
	return nil
}

// part compiles one node and says what it is.
func (c *compiler) part(n ast.Node) (kind, error) {
	switch n := n.(type) {
	case *ast.IntegerNode:
		return aNumber, c.emit(n, instruction{op: opNumber, number: float64(n.Value)})
	case *ast.FloatNode:
		if math.IsInf(n.Value, 0) || math.IsNaN(n.Value) {
			return 0, c.fault(n, "this number is too large")
		}
		return aNumber, c.emit(n, instruction{op: opNumber, number: n.Value})
	case *ast.IdentifierNode:
		return c.name(n, n.Value)
	case *ast.MemberNode:
		return c.member(n)
	case *ast.UnaryNode:
		return c.unary(n)
	case *ast.BinaryNode:
		return c.binary(n)
	case *ast.ConditionalNode:
		return c.choice(n, []ast.Node{n.Cond, n.Exp1, n.Exp2})
	case *ast.CallNode:
		if f, ok := n.Callee.(*ast.IdentifierNode); ok {
			return c.call(n, f.Value, n.Arguments)
		}
	case *ast.BuiltinNode:
		return c.call(n, n.Name, n.Arguments)
	case *ast.BoolNode:
		return 0, c.fault(n, "true and false are no numbers; write 1 and 0, or a comparison")
	case *ast.StringNode:
		return 0, c.fault(n, "a text cannot be computed with; use numbers and names of numbers")
	case *ast.NilNode:
		return 0, c.fault(n, "nil is no number; coalesce(name, 0) says what stands in for an empty one")
	}
	return 0, c.fault(n, "this is no part of a formula; there are numbers, names, + - * / ^, comparisons, brackets and the functions %s", functionNames())
}

// number compiles a node that must be a number.
func (c *compiler) number(n ast.Node) error {
	k, err := c.part(n)
	if err == nil && k != aNumber {
		err = c.fault(n, "a number belongs here, and this is true or false; write condition ? 1 : 0")
	}
	return err
}

// condition compiles a node that must be true or false.
func (c *compiler) condition(n ast.Node) error {
	k, err := c.part(n)
	if err == nil && k != aCondition {
		err = c.fault(n, "a comparison belongs here, and this is a number; write as reach > 100")
	}
	return err
}

func (c *compiler) name(n ast.Node, name string) (kind, error) {
	if _, ok := functions[name]; ok {
		return 0, c.fault(n, "“%s” is a function and needs brackets: %s", name, functions[name].About)
	}
	i := slices.IndexFunc(c.names, func(x Name) bool { return x.Name == name })
	if i < 0 {
		i = len(c.names)
		if i == MaxNames {
			return 0, c.fault(n, "a formula has at most %d different names; make a formula of a part of it and use its name", MaxNames)
		}
		c.names = append(c.names, Name{name, n.Location().From + 1})
	}
	return aNumber, c.emit(n, instruction{op: opName, name: i})
}

// member is a name with a point in it: custom.reach.
func (c *compiler) member(n *ast.MemberNode) (kind, error) {
	of, plain := n.Node.(*ast.IdentifierNode)
	name, named := n.Property.(*ast.StringNode)
	if !plain || !named || n.Optional || n.Method {
		return 0, c.fault(n, "a name has at most one point in it, as custom.reach")
	}
	return c.name(of, of.Value+"."+name.Value)
}

func (c *compiler) unary(n *ast.UnaryNode) (kind, error) {
	switch n.Operator {
	case "not", "!":
		if err := c.condition(n.Node); err != nil {
			return 0, err
		}
		return aCondition, c.emit(n, instruction{op: opNot})
	case "-":
		if err := c.number(n.Node); err != nil {
			return 0, err
		}
		return aNumber, c.emit(n, instruction{op: opNegate})
	}
	return aNumber, c.number(n.Node)
}

var arithmetic = map[string]opcode{
	"+": opAdd, "-": opSubtract, "*": opMultiply, "/": opDivide, "%": opRest, "^": opPower, "**": opPower, "??": opCoalesce,
}

var comparisons = map[string]opcode{
	"<": opLess, "<=": opAtMost, ">": opMore, ">=": opAtLeast, "==": opEqual, "!=": opUnequal,
}

var joins = map[string]opcode{"and": opAnd, "&&": opAnd, "or": opOr, "||": opOr}

func (c *compiler) binary(n *ast.BinaryNode) (kind, error) {
	op, is := arithmetic[n.Operator]
	compile, of := c.number, aNumber
	if !is {
		op, is = comparisons[n.Operator]
		of = aCondition
	}
	if !is {
		op, is = joins[n.Operator]
		compile = c.condition
	}
	if !is {
		return 0, c.fault(n, "“%s” is no sign of formulas; there are + - * / %% ^ ?? < <= > >= == != and, or, not", n.Operator)
	}
	if err := compile(n.Left); err != nil {
		return 0, err
	}
	if err := compile(n.Right); err != nil {
		return 0, err
	}
	return of, c.emit(n, instruction{op: op})
}

func (c *compiler) choice(n ast.Node, parts []ast.Node) (kind, error) {
	if err := c.condition(parts[0]); err != nil {
		return 0, err
	}
	for _, p := range parts[1:] {
		if err := c.number(p); err != nil {
			return 0, err
		}
	}
	return aNumber, c.emit(n, instruction{op: opChoose})
}

func (c *compiler) call(n ast.Node, name string, args []ast.Node) (kind, error) {
	f, ok := functions[name]
	if !ok {
		return 0, c.fault(n, "there is no function “%s”; there are %s", name, functionNames())
	}
	if len(args) < f.least || len(args) > f.most {
		return 0, c.fault(n, "“%s” has another number of values in its brackets: %s", name, f.About)
	}
	if f.op == opChoose {
		return c.choice(n, args)
	}
	for i, a := range args {
		if err := c.number(a); err != nil {
			return 0, err
		}
		if f.pairwise && i > 0 {
			if err := c.emit(n, instruction{op: f.op}); err != nil {
				return 0, err
			}
		}
	}
	if f.pairwise {
		return aNumber, nil
	}
	if d, ok := defaults[name]; ok && len(args) == 1 {
		if err := c.emit(n, instruction{op: opNumber, number: d}); err != nil {
			return 0, err
		}
	}
	return aNumber, c.emit(n, instruction{op: f.op})
}
