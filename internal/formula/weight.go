package formula

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/expr-lang/expr/ast"
)

// Weight is how much a name counts in a formula: the number it is multiplied by where it
// is added, as 3 in 3 * impact + reach, and the power it is raised to where it is
// multiplied, as 2 in impact ^ 2 * reach. Without such a number it is 1.
type Weight struct {
	Name  string
	Value float64
	Power bool // it is a power: 0 leaves the name out, 2 counts it twice

	from, to int // the characters of the number in the text; equal: there is none yet
}

// findWeights returns the weights of the names that stand in the formula once, in the
// order of the text.
func (c *compiler) findWeights(root ast.Node) []Weight {
	count := map[int]int{}
	for _, in := range c.code {
		if in.op == opName {
			count[in.name]++
		}
	}
	once := func(name string) bool {
		i := slices.IndexFunc(c.names, func(n Name) bool { return n.Name == name })
		return i >= 0 && count[i] == 1
	}
	var all []Weight
	var walk func(n, parent ast.Node)
	walk = func(n, parent ast.Node) {
		if name, at := nameOf(n); name != "" {
			if w, ok := c.implied(name, at, n, parent); ok && once(name) {
				all = append(all, w)
			}
			return
		}
		b, ok := n.(*ast.BinaryNode)
		if !ok {
			return // what is in a call or a condition has no weight that one could name
		}
		if name, number := weighted(b, parent); name != "" {
			if once(name) {
				at := number.Location()
				all = append(all, Weight{name, literal(number), b.Operator != "*", at.From, at.To})
			}
			return
		}
		walk(b.Left, b)
		walk(b.Right, b)
	}
	walk(root, nil)
	return all
}

// nameOf returns the name that a node is, and where it ends.
func nameOf(n ast.Node) (name string, end int) {
	switch n := n.(type) {
	case *ast.IdentifierNode:
		return n.Value, n.Location().To
	case *ast.MemberNode:
		of, plain := n.Node.(*ast.IdentifierNode)
		p, named := n.Property.(*ast.StringNode)
		if plain && named {
			return of.Value + "." + p.Value, p.Location().To
		}
	}
	return "", 0
}

// weighted returns name and number of impact ^ 3, and of 3 * impact and impact * 3 where
// that is added to something: a number that multiplies a whole score changes no order.
func weighted(b *ast.BinaryNode, parent ast.Node) (string, ast.Node) {
	left, _ := nameOf(b.Left)
	right, _ := nameOf(b.Right)
	p, _ := parent.(*ast.BinaryNode)
	added := p != nil && (p.Operator == "+" || p.Operator == "-")
	switch {
	case (b.Operator == "^" || b.Operator == "**" || b.Operator == "*" && added) && left != "" && isLiteral(b.Right):
		return left, b.Right
	case b.Operator == "*" && added && right != "" && isLiteral(b.Left):
		return right, b.Left
	}
	return "", nil
}

func isLiteral(n ast.Node) bool {
	switch n.(type) {
	case *ast.IntegerNode, *ast.FloatNode:
		return true
	}
	return false
}

func literal(n ast.Node) float64 {
	switch n := n.(type) {
	case *ast.IntegerNode:
		return float64(n.Value)
	case *ast.FloatNode:
		return n.Value
	}
	return empty
}

// implied is the weight 1 of a name without a number, by what it is a part of.
func (c *compiler) implied(name string, end int, n, parent ast.Node) (Weight, bool) {
	b, ok := parent.(*ast.BinaryNode)
	if !ok {
		return Weight{}, false
	}
	switch b.Operator {
	case "+", "-":
		at := n.Location().From
		if of, member := n.(*ast.MemberNode); member {
			at = of.Node.Location().From
		}
		return Weight{name, 1, false, at, at}, true
	case "*", "/":
		return Weight{name, 1, true, end, end}, true
	}
	return Weight{}, false
}

// Weights returns how much each name counts, in the order of the text.
func (f *Formula) Weights() []Weight { return slices.Clone(f.weights) }

// Text returns the formula as it was written.
func (f *Formula) Text() string { return f.text }

// Weigh returns the text of the formula with other weights; names that are not in it keep
// theirs.
func (f *Formula) Weigh(weights map[string]float64) (string, error) {
	text := []rune(f.text)
	for _, w := range slices.Backward(f.weights) { // so that places before stay what they are
		n, ok := weights[w.Name]
		if !ok || n == w.Value {
			continue
		}
		if math.IsNaN(n) || n < 0 || n > 1000 {
			return "", fmt.Errorf("the weight of %s must be from 0 to 1,000", w.Name)
		}
		number := strconv.FormatFloat(n, 'f', -1, 64)
		if w.from == w.to {
			if w.Power {
				number = " ^ " + number
			} else {
				number += " * "
			}
		}
		text = slices.Concat(text[:w.from], []rune(number), text[w.to:])
	}
	made := string(text)
	again, err := Parse(made)
	if err != nil {
		return "", err
	}
	for name, n := range weights {
		if i := slices.IndexFunc(again.weights, func(w Weight) bool { return w.Name == name }); i < 0 || again.weights[i].Value != n {
			return "", fmt.Errorf("%s has no weight of its own in %s; change the formula", name, strings.TrimSpace(f.text))
		}
	}
	return made, nil
}
