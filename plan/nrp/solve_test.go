package nrp

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
)

// small makes an instance that all choices of customers can be tried of.
func small(r *rand.Rand, customers int) *Instance {
	in := &Instance{}
	requirements := r.IntN(12)
	most := []int64{0, 1, 5, 1000}[r.IntN(4)]
	for range requirements {
		in.Costs = append(in.Costs, r.Int64N(most+1))
	}
	if requirements > 0 {
		for range r.IntN(requirements + 1) {
			in.Needs = append(in.Needs, Need{r.IntN(requirements), r.IntN(requirements)})
		}
	}
	for range customers {
		c := Customer{Profit: r.Int64N(20)}
		for range r.IntN(4) {
			if requirements > 0 {
				c.Wants = append(c.Wants, r.IntN(requirements))
			}
		}
		in.Customers = append(in.Customers, c)
	}
	return in
}

// best tries all choices of customers.
func best(in *Instance, budget int64) (profit int64) {
	for set := range 1 << len(in.Customers) {
		var sum, cost int64
		built := map[int]bool{}
		for i, c := range in.Customers {
			if set>>i&1 == 1 {
				sum += c.Profit
				for _, k := range c.Wants {
					built[k] = true
				}
			}
		}
		for before := -1; before != len(built); {
			before = len(built)
			for _, n := range in.Needs {
				if built[n.Requirement] {
					built[n.Before] = true
				}
			}
		}
		for k := range built {
			cost += in.Costs[k]
		}
		if cost <= budget {
			profit = max(profit, sum)
		}
	}
	return profit
}

// hold fails unless a result is a choice within the budget as it says.
func hold(t *testing.T, in *Instance, budget int64, r Result) {
	t.Helper()
	built := map[int]bool{}
	var cost, profit int64
	for _, k := range r.Requirements {
		if built[k] {
			t.Fatalf("requirement %d is named twice", k)
		}
		built[k] = true
		cost += in.Costs[k]
	}
	for _, n := range in.Needs {
		if built[n.Requirement] && !built[n.Before] {
			t.Fatalf("requirement %d is built without %d, which it needs", n.Requirement, n.Before)
		}
	}
	satisfied := map[int]bool{}
	for _, i := range r.Customers {
		satisfied[i] = true
		profit += in.Customers[i].Profit
	}
	for i, c := range in.Customers {
		if all := !slices.ContainsFunc(c.Wants, func(k int) bool { return !built[k] }); all != satisfied[i] {
			t.Fatalf("customer %d is told to be satisfied: %v; has all wanted: %v", i, satisfied[i], all)
		}
	}
	if len(satisfied) != len(r.Customers) || !slices.IsSorted(r.Customers) || !slices.IsSorted(r.Requirements) {
		t.Fatalf("not in order: %v, %v", r.Customers, r.Requirements)
	}
	if cost > budget || profit != r.Value || r.UpperBound < r.Value || r.Optimal != (r.Value == r.UpperBound) {
		t.Fatalf("a cost of %d of %d and a profit of %d do not fit %+v", cost, budget, profit, r.Progress)
	}
}

func solve(t testing.TB, in *Instance, budget int64, o Options) Result {
	t.Helper()
	r, err := Solve(context.Background(), in, budget, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func total(in *Instance) (sum int64) {
	for _, cost := range in.Costs {
		sum += cost
	}
	return sum
}

func TestAgainstAllChoices(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for round := range 600 {
		in := small(r, r.IntN(11))
		if round%30 == 0 {
			in = small(r, 16)
		}
		budget := r.Int64N(total(in) + 2)
		want := best(in, budget)
		got := solve(t, in, budget, Options{Seed: uint64(round), Workers: 1})
		hold(t, in, budget, got)
		if got.Value != want || !got.Optimal {
			t.Fatalf("%+v within %d: %+v, want %d", in, budget, got, want)
		}

		// On so few customers the walks find what there is; the tree must do so alone.
		c := newCore(in, budget)
		tree := newTree(c, -1, MaxTotal, price{1, 1}, 2, func(profit int64, clients []bool) {
			for i, in := range clients {
				if in {
					profit -= c.profit[i]
				}
			}
			if profit != 0 {
				t.Fatalf("%+v within %d: a set is told to be of %d more than it is", in, budget, profit)
			}
		})
		for tree.bound() > tree.best {
			tree.step(context.Background(), math.MaxInt)
		}
		if got := tree.best + c.gained; got != want {
			t.Fatalf("%+v within %d: the tree finds %d, want %d", in, budget, got, want)
		}
	}
}

// Where the search is stopped early, the bound still holds.
func TestBoundsOfStoppedSearches(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	done, cancel := context.WithCancel(context.Background())
	cancel()
	for range 200 {
		in := small(r, 2+r.IntN(10))
		budget := r.Int64N(total(in) + 1)
		want := best(in, budget)
		got, err := Solve(done, in, budget, Options{})
		if err != nil {
			t.Fatal(err)
		}
		hold(t, in, budget, got)
		if got.Value > want || got.UpperBound < want {
			t.Fatalf("%+v within %d: %+v, want %d", in, budget, got, want)
		}
	}
	// Larger ones are stopped in the tree, by the number of nodes and at any moment.
	in := classic[0].random(2)
	budget, err := in.Budget(0.5)
	if err != nil {
		t.Fatal(err)
	}
	want := solve(t, in, budget, Options{})
	if !want.Optimal || want.Nodes < 5 {
		t.Fatalf("%+v: too easy to tell", want.Progress)
	}
	for _, nodes := range []int{1, 3, 9, 10} {
		got := solve(t, in, budget, Options{Nodes: nodes})
		hold(t, in, budget, got)
		if got.Value > want.Value || got.UpperBound < want.Value || got.Nodes > nodes {
			t.Fatalf("%d nodes: %+v, want %+v", nodes, got.Progress, want.Progress)
		}
	}
	for calls := 1; calls < 5000; calls += 1 + calls/2 {
		got, err := Solve(&patience{Context: context.Background(), calls: calls}, in, budget, Options{Workers: 1})
		if err != nil {
			t.Fatal(err)
		}
		hold(t, in, budget, got)
		if got.Value > want.Value || got.UpperBound < want.Value {
			t.Fatalf("stopped: %+v, want %+v", got.Progress, want.Progress)
		}
	}
}

// patience is a context that is done after some questions.
type patience struct {
	context.Context
	calls int
}

func (p *patience) Err() error {
	if p.calls--; p.calls < 0 {
		return context.Canceled
	}
	return nil
}

func TestMetamorphic(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	value := func(in *Instance, budget int64) int64 {
		t.Helper()
		got := solve(t, in, budget, Options{Seed: r.Uint64()})
		hold(t, in, budget, got)
		if !got.Optimal {
			t.Fatalf("not proven: %+v", got.Progress)
		}
		return got.Value
	}
	for round := range 12 {
		in := shape{[]level{{10, [2]int64{1, 5}, 4}, {20, [2]int64{2, 8}, 2}, {30, [2]int64{5, 10}, 0}}, 40, [2]int{1, 4}}.random(uint64(round))
		if round%3 == 0 {
			in = realistic(uint64(round), 40, 200, 3, 9, 4)
		}
		budget := total(in) * int64(20+r.IntN(60)) / 100
		was := value(in, budget)
		if got := value(in, budget+1+r.Int64N(20)); got < was {
			t.Errorf("more budget lowered %d to %d", was, got)
		}

		requirements, customers := r.Perm(len(in.Costs)), r.Perm(len(in.Customers))
		other := &Instance{Costs: make([]int64, len(in.Costs)), Customers: make([]Customer, len(in.Customers))}
		for k, cost := range in.Costs {
			other.Costs[requirements[k]] = cost
		}
		for _, n := range in.Needs {
			other.Needs = append(other.Needs, Need{requirements[n.Before], requirements[n.Requirement]})
		}
		for i, c := range in.Customers {
			wants := []int{}
			for _, k := range c.Wants {
				wants = append(wants, requirements[k])
			}
			other.Customers[customers[i]] = Customer{c.Profit, wants}
		}
		if got := value(other, budget); got != was {
			t.Errorf("with other numbers %d, not %d", got, was)
		}

		k := r.IntN(len(in.Costs))
		in.Costs[k] /= 2
		cheaper := value(in, budget)
		if cheaper < was {
			t.Errorf("a cheaper requirement lowered %d to %d", was, cheaper)
		}
		in.Needs = append(in.Needs, Need{r.IntN(len(in.Costs)), r.IntN(len(in.Costs))})
		needy := value(in, budget)
		if needy > cheaper {
			t.Errorf("another need raised %d to %d", cheaper, needy)
		}
		i := r.IntN(len(in.Customers))
		in.Customers[i].Profit += 7
		if got := value(in, budget); got < needy || got > needy+7 {
			t.Errorf("7 more of one customer made %d of %d", got, needy)
		}
	}
}

// The same search gives the same result on any number of workers, and when asked again.
func TestWorkersChangeNothing(t *testing.T) {
	in := classic[0].random(2)
	for _, nodes := range []int{0, 9} {
		for _, ratio := range []float64{0.3, 0.5} {
			budget, err := in.Budget(ratio)
			if err != nil {
				t.Fatal(err)
			}
			var reports []Progress
			ask := func(workers int) (Result, []Progress) {
				reports = nil
				got := solve(t, in, budget, Options{Seed: 9, Workers: workers, Nodes: nodes, Report: func(p Progress) { reports = append(reports, p) }})
				return got, reports
			}
			want, told := ask(1)
			hold(t, in, budget, want)
			for _, workers := range []int{1, 2, 16, 0} {
				if got, said := ask(workers); !reflect.DeepEqual(got, want) || !slices.Equal(said, told) {
					t.Errorf("%d workers: %+v, one: %+v", workers, got, want)
				}
			}
			for i, p := range told {
				if p.Value > p.UpperBound || i > 0 && (p.Value < told[i-1].Value || p.UpperBound > told[i-1].UpperBound || p.Nodes < told[i-1].Nodes) {
					t.Errorf("progress goes back: %+v", told)
				}
			}
		}
	}
}

func TestRefusals(t *testing.T) {
	for name, in := range map[string]*Instance{
		"cost":     {Costs: []int64{-1}},
		"sum":      {Costs: []int64{MaxTotal, 1}},
		"need":     {Costs: []int64{1}, Needs: []Need{{0, 1}}},
		"profit":   {Customers: []Customer{{Profit: -1}}},
		"profits":  {Customers: []Customer{{Profit: MaxTotal}, {Profit: 1}}},
		"want":     {Costs: []int64{1}, Customers: []Customer{{Profit: 1, Wants: []int{1}}}},
		"negative": {Costs: []int64{1}, Customers: []Customer{{Profit: 1, Wants: []int{-1}}}},
	} {
		if _, err := Solve(context.Background(), in, 1, Options{}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := Solve(context.Background(), &Instance{}, -1, Options{}); err == nil {
		t.Error("no error for a negative budget")
	}
	for _, ratio := range []float64{-0.1, 1.1} {
		if _, err := (&Instance{}).Budget(ratio); err == nil {
			t.Errorf("no error for a ratio of %v", ratio)
		}
	}
}

func TestBudget(t *testing.T) {
	for _, c := range []struct {
		total  int64
		ratio  float64
		budget int64
	}{{857, 0.3, 257}, {857, 0.5, 429}, {857, 0.7, 600}, {45, 0.7, 32}, {5, 0.5, 3}, {7, 0, 0}, {7, 1, 7}} {
		if got, err := (&Instance{Costs: []int64{c.total}}).Budget(c.ratio); got != c.budget || err != nil {
			t.Errorf("%v of %d: %d, %v; want %d", c.ratio, c.total, got, err, c.budget)
		}
	}
}

// The greatest numbers there may be do not overflow.
func TestGreatNumbers(t *testing.T) {
	in := &Instance{}
	r := rand.New(rand.NewPCG(7, 8))
	for range 12 {
		in.Costs = append(in.Costs, MaxTotal/12-r.Int64N(1000))
		in.Customers = append(in.Customers, Customer{MaxTotal/12 - r.Int64N(1000), []int{r.IntN(len(in.Costs)), r.IntN(len(in.Costs))}})
	}
	budget := total(in) / 2
	if got, want := solve(t, in, budget, Options{}), best(in, budget); got.Value != want || !got.Optimal {
		t.Errorf("%+v, want %d", got, want)
	}
}

// published returns the instances that are published, in the order of optima.
func published(t testing.TB, name string) *Instance {
	t.Helper()
	family := "classic-nrp"
	if len(name) > 4 {
		family = "realistic-nrp"
	}
	f, err := os.Open(filepath.Join("..", "..", "..", "shared", "data", "planning", "nrp", family, name+".txt"))
	if err != nil {
		t.Fatalf("the published instances that this test reads are missing: %v", err)
	}
	defer f.Close()
	in, err := Read(f)
	if err != nil {
		t.Fatal(err)
	}
	return in
}

// The best profits of published instances, proven by others (Veerapen, Ochoa, Harman
// and Burke, "An integer linear programming approach to the single and bi-objective next
// release problem", Information and Software Technology 65, 2015) or by trial.
func TestPublishedOptima(t *testing.T) {
	for name, optima := range map[string][]int64{
		"nrp1":   {1204, 1840, 2507},
		"nrp5":   {18510, 24701, 28912},
		"nrp-e1": {7919, 11071},
		"nrp-e2": {7446, 10381},
		"nrp-g1": {6130, 8897},
		"nrp-g2": {4580, 6553},
	} {
		in := published(t, name)
		for i, want := range optima {
			budget, err := in.Budget([]float64{0.3, 0.5, 0.7}[i])
			if err != nil {
				t.Fatal(err)
			}
			got := solve(t, in, budget, Options{})
			hold(t, in, budget, got)
			if got.Value != want || !got.Optimal {
				t.Errorf("%s within %d: %+v, want %d", name, budget, got.Progress, want)
			}
		}
	}
}

func ExampleSolve() {
	in := &Instance{
		Costs: []int64{3, 4, 2, 5},
		Needs: []Need{{Before: 0, Requirement: 1}},
		Customers: []Customer{
			{Profit: 9, Wants: []int{1}},
			{Profit: 4, Wants: []int{0, 2}},
			{Profit: 8, Wants: []int{3}},
		},
	}
	r, err := Solve(context.Background(), in, 9, Options{})
	if err != nil {
		panic(err)
	}
	fmt.Println(r.Value, r.Optimal, r.Customers, r.Requirements)
	// Output: 13 true [0 1] [0 1 2]
}
