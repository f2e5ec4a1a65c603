package nrp

import (
	"fmt"
	"math"
)

// MaxTotal is the greatest that all costs together and all profits together may be.
// Within it, the exact arithmetic of the bounds cannot overflow.
const MaxTotal = 1 << 29

// An Instance is what customers want and what it costs. Requirements and customers are
// numbered from 0 by their place.
type Instance struct {
	Costs     []int64 // of each requirement, 0 or more
	Needs     []Need
	Customers []Customer
}

// A Need says that who builds Requirement must build Before as well.
type Need struct{ Before, Requirement int }

// A Customer brings the profit, 0 or more, if all the requirements wanted are built.
type Customer struct {
	Profit int64
	Wants  []int
}

// Validate returns an error that names the first element that cannot be, and why.
func (in *Instance) Validate() error {
	var total int64
	for r, cost := range in.Costs {
		if cost < 0 || cost > MaxTotal {
			return fmt.Errorf("requirement %d costs %d: a cost is from 0 to %d", r, cost, MaxTotal)
		}
		if total += cost; total > MaxTotal {
			return fmt.Errorf("the costs up to that of requirement %d add up to more than %d", r, MaxTotal)
		}
	}
	for i, n := range in.Needs {
		for _, r := range []int{n.Before, n.Requirement} {
			if r < 0 || r >= len(in.Costs) {
				return fmt.Errorf("need %d names requirement %d, where there are %d", i, r, len(in.Costs))
			}
		}
	}
	total = 0
	for c, customer := range in.Customers {
		if customer.Profit < 0 || customer.Profit > MaxTotal {
			return fmt.Errorf("customer %d brings %d: a profit is from 0 to %d", c, customer.Profit, MaxTotal)
		}
		if total += customer.Profit; total > MaxTotal {
			return fmt.Errorf("the profits up to that of customer %d add up to more than %d", c, MaxTotal)
		}
		for _, r := range customer.Wants {
			if r < 0 || r >= len(in.Costs) {
				return fmt.Errorf("customer %d wants requirement %d, where there are %d", c, r, len(in.Costs))
			}
		}
	}
	return nil
}

// Budget returns the given ratio of the cost of all requirements, rounded to the nearest
// whole and up from a half, as the published results have it. The ratio is from 0 to 1
// and taken to a millionth.
func (in *Instance) Budget(ratio float64) (int64, error) {
	if !(ratio >= 0 && ratio <= 1) {
		return 0, fmt.Errorf("the ratio of the budget to the cost of all is %v: it is from 0 to 1", ratio)
	}
	if err := in.Validate(); err != nil {
		return 0, err
	}
	const million = 1_000_000
	var total int64
	for _, cost := range in.Costs {
		total += cost
	}
	return (total*int64(math.Round(ratio*million)) + million/2) / million, nil
}
