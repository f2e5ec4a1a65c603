package nrp

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
)

// Read reads an instance in the format of Xuan, Jiang, Ren and Luo ("Solving the large
// scale next release problem with a backbone based multilevel algorithm", IEEE
// Transactions on Software Engineering 38, 2012), in which both their classic and their
// realistic instances are written. It holds whole numbers apart by white space:
//
//	number of levels, and for each: number of its requirements, cost of each
//	number of needs, and for each: requirement needed, requirement that needs it
//	number of customers, and for each: profit, number of requirements wanted, each of them
//
// Requirements are numbered from 1 over all levels; in the Instance they are from 0. An
// error names the line and what was looked for there; of costs and profits it says what
// MaxTotal leaves for them.
func Read(r io.Reader) (*Instance, error) {
	words := bufio.NewScanner(r)
	line := 1
	words.Split(func(data []byte, atEOF bool) (int, []byte, error) {
		start := 0
		for start < len(data) && space(data[start]) {
			if data[start] == '\n' {
				line++
			}
			start++
		}
		end := start
		for end < len(data) && !space(data[end]) {
			end++
		}
		switch {
		case end > start && (end < len(data) || atEOF):
			return end, data[start:end], nil
		case end-start > 20: // longer than any number, so let number tell of it
			return end, data[start:end], nil
		}
		return start, nil, nil
	})
	number := func(least, most int64, what string, args ...any) (int64, error) {
		if !words.Scan() {
			if err := words.Err(); err != nil {
				return 0, fmt.Errorf("line %d: %w", line, err)
			}
			return 0, fmt.Errorf("line %d: the text ends where %s should be", line, fmt.Sprintf(what, args...))
		}
		n, err := strconv.ParseInt(words.Text(), 10, 64)
		if err != nil || n < least || n > most {
			return 0, fmt.Errorf("line %d: %q is no %s: a whole number from %d to %d", line, words.Text(), fmt.Sprintf(what, args...), least, most)
		}
		return n, nil
	}

	in := &Instance{}
	var costs, profits int64 // all together so far
	levels, err := number(1, MaxTotal, "number of levels")
	if err != nil {
		return nil, err
	}
	for level := range levels {
		count, err := number(0, MaxTotal, "number of requirements of level %d", level+1)
		if err != nil {
			return nil, err
		}
		for range count {
			cost, err := number(0, MaxTotal-costs, "cost of requirement %d", len(in.Costs)+1)
			if err != nil {
				return nil, err
			}
			costs += cost
			in.Costs = append(in.Costs, cost)
		}
	}
	all := int64(len(in.Costs))
	needs, err := number(0, MaxTotal, "number of needs")
	if err != nil {
		return nil, err
	}
	for i := range needs {
		before, err := number(1, all, "requirement needed by need %d", i+1)
		if err != nil {
			return nil, err
		}
		requirement, err := number(1, all, "requirement of need %d", i+1)
		if err != nil {
			return nil, err
		}
		in.Needs = append(in.Needs, Need{int(before) - 1, int(requirement) - 1})
	}
	customers, err := number(0, MaxTotal, "number of customers")
	if err != nil {
		return nil, err
	}
	for c := range customers {
		profit, err := number(0, MaxTotal-profits, "profit of customer %d", c+1)
		if err != nil {
			return nil, err
		}
		wants, err := number(0, MaxTotal, "number of requirements of customer %d", c+1)
		if err != nil {
			return nil, err
		}
		profits += profit
		customer := Customer{Profit: profit}
		for range wants {
			r, err := number(1, all, "requirement of customer %d", c+1)
			if err != nil {
				return nil, err
			}
			customer.Wants = append(customer.Wants, int(r)-1)
		}
		in.Customers = append(in.Customers, customer)
	}
	if words.Scan() {
		return nil, fmt.Errorf("line %d: %q stands after the last customer", line, words.Text())
	}
	if err := words.Err(); err != nil {
		return nil, fmt.Errorf("line %d: %w", line, err)
	}
	return in, nil
}

func space(b byte) bool { return b == ' ' || '\t' <= b && b <= '\r' }
