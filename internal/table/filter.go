package table

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/throughline-pm/throughline/internal/fault"
)

// A filter is a text that reads like a sentence and means the same in an address, a
// saved view, the API and on the command line:
//
//	status in (Building, Verifying) and (owner = me or effort > 5) and target < today+30d
//	team is empty and not tags = legacy and title contains "offline sync"
//
// Values with spaces or other special characters stand in double quotes; \" and \\
// stand for themselves in them.

// Filter is a condition on entities, or several joined.
type Filter interface {
	// String returns the filter as ParseFilter reads it, in one spelling.
	String() string
	eachCondition(f func(*Condition))
}

// Join is filters of which all, or any, must hold.
type Join struct {
	Any   bool
	Parts []Filter
}

// Not turns a filter round.
type Not struct{ Part Filter }

// Op is how a column is compared.
type Op string

// The comparisons.
const (
	Is       Op = "="
	IsNot    Op = "!="
	Less     Op = "<"
	AtMost   Op = "<="
	More     Op = ">"
	AtLeast  Op = ">="
	In       Op = "in"
	NotIn    Op = "not in"
	Contains Op = "contains"
	Empty    Op = "is empty"
	NotEmpty Op = "is not empty"
)

// Condition compares one column with values.
type Condition struct {
	Column string
	Op     Op
	Values []string
}

func (c *Condition) eachCondition(f func(*Condition)) { f(c) }
func (n *Not) eachCondition(f func(*Condition))       { n.Part.eachCondition(f) }
func (j *Join) eachCondition(f func(*Condition)) {
	for _, p := range j.Parts {
		p.eachCondition(f)
	}
}

func (c *Condition) String() string {
	switch c.Op {
	case Empty, NotEmpty:
		return c.Column + " " + string(c.Op)
	case In, NotIn:
		all := make([]string, len(c.Values))
		for i, v := range c.Values {
			all[i] = quote(v)
		}
		return c.Column + " " + string(c.Op) + " (" + strings.Join(all, ", ") + ")"
	default:
		return c.Column + " " + string(c.Op) + " " + quote(c.Values[0])
	}
}

func (n *Not) String() string {
	if _, ok := n.Part.(*Join); ok {
		return "not (" + n.Part.String() + ")"
	}
	return "not " + n.Part.String()
}

func (j *Join) String() string {
	word := " and "
	if j.Any {
		word = " or "
	}
	all := make([]string, len(j.Parts))
	for i, p := range j.Parts {
		all[i] = p.String()
		if _, ok := p.(*Join); ok {
			all[i] = "(" + all[i] + ")"
		}
	}
	return strings.Join(all, word)
}

// reserved are the words that a value needs quotes for.
var reserved = []string{"and", "or", "not", "in", "is", "empty", "contains"}

func quote(v string) string {
	special := func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune(`(),"=<>!\`, r) }
	if v != "" && !strings.ContainsFunc(v, special) && !slices.Contains(reserved, strings.ToLower(v)) {
		return v
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(v) + `"`
}

// The limits of a filter, so that no address can make a list expensive.
const (
	maxFilter = 8 << 10 // bytes
	maxDepth  = 32
	maxParts  = 200 // conditions and values
)

// ParseFilter reads a filter; the empty text is nil, which everything passes. An error
// is Invalid and says where and what is wrong.
func ParseFilter(text string) (Filter, error) {
	if strings.TrimSpace(text) == "" {
		return nil, nil
	}
	if len(text) > maxFilter {
		return nil, badFilter("is longer than %d characters", maxFilter)
	}
	if !utf8.ValidString(text) {
		return nil, badFilter("is no valid text")
	}
	p := &parser{rest: text}
	p.next()
	f, err := p.any(0)
	if err == nil && p.tok.kind != 0 {
		err = p.want("and, or or the end")
	}
	if err != nil {
		return nil, err
	}
	return f, nil
}

func badFilter(format string, args ...any) error {
	return &fault.Error{
		Kind: fault.Invalid, Message: "the filter is not valid",
		Fields: []fault.Field{{Name: "filter", Message: fmt.Sprintf(format, args...)}},
	}
}

// token kinds besides the signs that stand for themselves: 0 is the end.
const (
	word   = 'w'
	quoted = 'q'
	sign   = 's'
	broken = '!' // quotes that do not end
)

type token struct {
	kind rune
	text string
}

type parser struct {
	rest  string
	tok   token
	count int
}

func (p *parser) next() {
	p.rest = strings.TrimLeftFunc(p.rest, unicode.IsSpace)
	if p.rest == "" {
		p.tok = token{}
		return
	}
	switch r := p.rest[0]; r {
	case '(', ')', ',':
		p.tok, p.rest = token{sign, p.rest[:1]}, p.rest[1:]
	case '=', '<', '>', '!':
		n := 1
		if len(p.rest) > 1 && p.rest[1] == '=' && r != '=' {
			n = 2
		}
		p.tok, p.rest = token{sign, p.rest[:n]}, p.rest[n:]
	case '"':
		var b strings.Builder
		for i := 1; i < len(p.rest); i++ {
			switch {
			case p.rest[i] == '"':
				p.tok, p.rest = token{quoted, b.String()}, p.rest[i+1:]
				return
			case p.rest[i] == '\\' && i+1 < len(p.rest):
				i++
			}
			b.WriteByte(p.rest[i])
		}
		p.tok = token{broken, p.rest}
	default:
		end := strings.IndexFunc(p.rest, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune(`(),"=<>!`, r) })
		if end < 0 {
			end = len(p.rest)
		}
		p.tok, p.rest = token{word, p.rest[:end]}, p.rest[end:]
	}
}

func (p *parser) is(text string) bool {
	return (p.tok.kind == word && strings.EqualFold(p.tok.text, text)) || (p.tok.kind == sign && p.tok.text == text)
}

func (p *parser) take(text string) bool {
	if p.is(text) {
		p.next()
		return true
	}
	return false
}

func (p *parser) want(what string) error {
	switch p.tok.kind {
	case 0:
		return badFilter("ends where %s was expected", what)
	case broken:
		return badFilter("has a quotation mark that is not closed")
	default:
		return badFilter("has %q where %s was expected", p.tok.text, what)
	}
}

func (p *parser) any(depth int) (Filter, error) {
	if depth > maxDepth {
		return nil, badFilter("is nested deeper than %d", maxDepth)
	}
	return p.join(depth, "or", true, func() (Filter, error) {
		return p.join(depth, "and", false, func() (Filter, error) { return p.one(depth) })
	})
}

// join reads parts with a word between them; joins inside joins of one word are one.
func (p *parser) join(depth int, between string, anyOf bool, part func() (Filter, error)) (Filter, error) {
	first, err := part()
	if err != nil || !p.is(between) {
		return first, err
	}
	j := &Join{Any: anyOf}
	j.add(first)
	for p.take(between) {
		next, err := part()
		if err != nil {
			return nil, err
		}
		j.add(next)
	}
	return j, nil
}

func (j *Join) add(f Filter) {
	if inner, ok := f.(*Join); ok && inner.Any == j.Any {
		j.Parts = append(j.Parts, inner.Parts...)
		return
	}
	j.Parts = append(j.Parts, f)
}

func (p *parser) one(depth int) (Filter, error) {
	switch {
	case p.take("not"):
		if depth > maxDepth {
			return nil, badFilter("is nested deeper than %d", maxDepth)
		}
		f, err := p.one(depth + 1)
		if err != nil {
			return nil, err
		}
		return &Not{f}, nil
	case p.take("("):
		f, err := p.any(depth + 1)
		if err != nil {
			return nil, err
		}
		if !p.take(")") {
			return nil, p.want(")")
		}
		return f, nil
	}
	return p.condition()
}

func (p *parser) condition() (Filter, error) {
	if p.tok.kind != word || slices.Contains(reserved, strings.ToLower(p.tok.text)) {
		return nil, p.want("the name of a column")
	}
	c := &Condition{Column: strings.ToLower(p.tok.text)}
	if p.count++; p.count > maxParts {
		return nil, badFilter("has more than %d conditions and values", maxParts)
	}
	p.next()
	switch {
	case p.take("is"):
		c.Op = Empty
		if p.take("not") {
			c.Op = NotEmpty
		}
		if !p.take("empty") {
			return nil, p.want("empty")
		}
		return c, nil
	case p.take("not"):
		if !p.is("in") {
			return nil, p.want("in")
		}
		c.Op = NotIn
	case p.is("in"):
		c.Op = In
	case p.take("contains"):
		c.Op = Contains
		return c, p.value(c)
	case p.tok.kind == sign && slices.Contains([]Op{Is, IsNot, Less, AtMost, More, AtLeast}, Op(p.tok.text)):
		c.Op = Op(p.tok.text)
		p.next()
		return c, p.value(c)
	default:
		return nil, p.want("a comparison such as =, in, contains or is empty")
	}
	p.next()
	if !p.take("(") {
		return nil, p.want("(")
	}
	for {
		if err := p.value(c); err != nil {
			return nil, err
		}
		if !p.take(",") {
			break
		}
	}
	if !p.take(")") {
		return nil, p.want(", or )")
	}
	return c, nil
}

func (p *parser) value(c *Condition) error {
	if p.tok.kind != quoted && (p.tok.kind != word || slices.Contains(reserved, strings.ToLower(p.tok.text))) {
		return p.want("a value")
	}
	if p.count++; p.count > maxParts {
		return badFilter("has more than %d conditions and values", maxParts)
	}
	c.Values = append(c.Values, p.tok.text)
	p.next()
	return nil
}

// And returns the filter that both must pass; nil passes everything.
func And(a, b Filter) Filter {
	switch {
	case a == nil:
		return b
	case b == nil:
		return a
	}
	j := &Join{}
	j.add(a)
	j.add(b)
	return j
}
