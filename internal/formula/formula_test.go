package formula_test

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/throughline-pm/throughline/internal/formula"
)

// numbers are what the formulas of the tests are computed over; a name that is not here
// is empty.
var numbers = map[string]float64{
	"reach": 400, "impact": 2, "confidence": 80, "effort": 10, "zero": 0, "minus": -9, "custom.effort": 3,
}

func value(t testing.TB, text string) (float64, bool) {
	t.Helper()
	f, err := formula.Parse(text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return compute(f)
}

func compute(f *formula.Formula) (float64, bool) {
	names := f.Names()
	return f.Value(func(i int) (float64, bool) {
		n, ok := numbers[names[i].Name]
		return n, ok
	})
}

func TestFormulasCompute(t *testing.T) {
	for text, want := range map[string]float64{
		"12.5":        12.5,
		"1e3 + 1_000": 2000,
		"reach * impact * confidence / 100 / effort": 64,
		"1 + 2 * 3 ^ 2":                       19,
		"2 ^ 3 ^ 2":                           512,
		"-impact ^ 2":                         -4,
		"(1 + 2) * -3":                        -9,
		"17 % 5":                              2,
		"custom.effort + effort":              13,
		"min(reach, effort, impact)":          2,
		"max(reach, effort, impact)":          400,
		"round(2.5) + round(-2.5)":            0,
		"round(3.14159, 2)":                   3.14,
		"round(1234, -2)":                     1200,
		"abs(minus) + floor(1.7) + ceil(1.2)": 12,
		"log(1000)":                           3,
		"log(8, 2)":                           3,
		"sqrt(abs(minus))":                    3,
		"reach > 100 ? 3 : 1":                 3,
		"if(reach <= 100, 3, 1)":              1,
		"if(reach > 100 and not (impact == 2) or effort != 10, 1, 0)": 0,
		"1 < impact < 3 ? 1 : 0":          1,
		"coalesce(nothing, effort)":       10,
		"nothing ?? 7":                    7,
		"coalesce(nothing, nowhere, 5)":   5,
		"(effort / zero) ?? 5":            5,
		"log(zero) ?? 5":                  5,
		"sqrt(minus) ?? 5":                5,
		"zero * -1":                       0,
		"reach // what follows is a note": 400,
	} {
		if got, ok := value(t, text); !ok || math.Abs(got-want) > 1e-9 || math.Signbit(got) != math.Signbit(want) {
			t.Errorf("%s is %v, %v; want %v", text, got, ok, want)
		}
	}
}

func TestWhatIsEmptyStaysEmpty(t *testing.T) {
	for _, text := range []string{
		"nothing", "nothing + 1", "nothing * zero", "nothing ^ 0", "1 ^ nothing", "min(nothing, 1)", "max(nothing, 1)",
		"nothing > 1 ? 2 : 3", "nothing == nothing ? 2 : 3", "not (nothing > 1) ? 2 : 3", "nothing > 1 or impact == 2 ? 1 : 0",
		"impact / zero", "zero / zero", "impact % zero", "sqrt(minus)", "log(zero)", "log(minus)", "log(5, 1)", "zero ^ -1",
		"1e308 * 1e308", "coalesce(nothing, nowhere)", "round(nothing)",
	} {
		if got, ok := value(t, text); ok {
			t.Errorf("%s is %v; want nothing", text, got)
		}
	}
}

func TestFaultsSayWhereAndHow(t *testing.T) {
	for _, c := range []struct {
		text string
		at   int
		says string
	}{
		{"", 1, "write a formula"},
		{"  ", 1, "write a formula"},
		{"reach *", 8, "ends too early"},
		{"(reach", 7, "ends too early"},
		{"reach impact", 7, "“impact” cannot stand here"},
		{"1 + * 2", 5, "“*” cannot stand here"},
		{"rëach + 1)", 10, "“)” cannot stand here"},
		{"reach > 1", 7, "condition ? 1 : 0"},
		{"1 + (reach > 1)", 12, "a number belongs here"},
		{"reach ? 1 : 2", 1, "a comparison belongs here"},
		{"reach and impact > 1 ? 1 : 0", 1, "a comparison belongs here"},
		{"averge(1, 2)", 1, "there is no function “averge”; there are abs, "},
		{"sum(reach, 1)", 1, "there is no function “sum”"},
		{"round()", 1, "round(x, 1): one digit"},
		{"if(reach > 1, 2)", 1, "if(condition, x, y)"},
		{"1 + min", 5, "“min” is a function and needs brackets"},
		{"'a' + 1", 1, "a text cannot be computed with"},
		{"reach + true", 9, "write 1 and 0"},
		{"reach ?? nil", 10, "nil is no number"},
		{"[1, 2]", 1, "this is no part of a formula"},
		{"let a = 1; a", 5, "this is no part of a formula"},
		{"1..3", 2, "“..” is no sign of formulas"},
		{"reach in impact", 7, "“in” is no sign of formulas"},
		{"a.b.c + 1", 5, "at most one point"},
		{"a?.b", 4, "this is no part of a formula"},
		{strings.Repeat("1+", 501) + "1", formula.MaxLength + 1, "longer than 1000 characters"},
		{strings.Repeat("1+", 150) + "1", 1, "more than 200 parts"},
		{strings.Repeat("1+(", 40) + "1" + strings.Repeat(")", 40), 97, "nested too deeply"},
		{"a+b+c+d+e+f+g+h+i+j+k+l+m+n+o+p+q", 33, "at most 16 different names"},
		{"\xff", 1, "no valid text"},
	} {
		_, err := formula.Parse(c.text)
		var e *formula.Error
		if !errors.As(err, &e) {
			t.Errorf("%.40q: %v", c.text, err)
			continue
		}
		if e.At != c.at || !strings.Contains(e.Message, c.says) {
			t.Errorf("%.40q: %v; want at %d: %s", c.text, e, c.at, c.says)
		}
	}
}

func TestUnknownNamesSayWhichWasMeant(t *testing.T) {
	f, err := formula.Parse("effort + raech / custom.effort")
	if err != nil {
		t.Fatal(err)
	}
	known := []string{"effort", "reach", "custom.effort"}
	if err := f.Known(known); err == nil || err.Error() != "at character 10: there is no number “raech”; do you mean “reach”?" {
		t.Error(err)
	}
	if err := f.Known(known[:1]); err == nil || !strings.Contains(err.Error(), "make a field of that name, or use effort") {
		t.Error(err)
	}
	if err := f.Known(append(known, "raech")); err != nil {
		t.Error(err)
	}
}

func TestWeightsStandInTheText(t *testing.T) {
	for _, c := range []struct{ text, weights, change, want string }{
		{"reach * impact * confidence / 100 / effort", "reach^1 impact^1 confidence^1 effort^1", "effort=2", "reach * impact * confidence / 100 / effort ^ 2"},
		{"reach * impact / effort ^ 1.5", "reach^1 impact^1 effort^1.5", "effort=0.5 reach=2", "reach ^ 2 * impact / effort ^ 0.5"},
		{"5 * impact + fit * 3 - cost", "impact*5 fit*3 cost*1", "impact=4 cost=2", "4 * impact + fit * 3 - 2 * cost"},
		{"(value + custom.urgency) / effort", "value*1 custom.urgency*1 effort^1", "custom.urgency=3 effort=2", "(value + 3 * custom.urgency) / effort ^ 2"},
		{"2 * reach * impact", "reach^1 impact^1", "reach=2", "2 * reach ^ 2 * impact"},
		{"wert * 2 + größe", "wert*2 größe*1", "größe=3", "wert * 2 + 3 * größe"},
		{"reach + reach * impact", "impact^1", "impact=1", "reach + reach * impact"},
		{"min(reach, 3) + log(impact)", "", "", "min(reach, 3) + log(impact)"},
	} {
		f, err := formula.Parse(c.text)
		if err != nil {
			t.Fatal(c.text, err)
		}
		var said []string
		for _, w := range f.Weights() {
			sign := "*"
			if w.Power {
				sign = "^"
			}
			said = append(said, w.Name+sign+number(w.Value))
		}
		if got := strings.Join(said, " "); got != c.weights {
			t.Errorf("%s has the weights %q; want %q", c.text, got, c.weights)
		}
		got, err := f.Weigh(parseWeights(c.change))
		if err != nil || got != c.want {
			t.Errorf("%s with %s is %q, %v; want %q", c.text, c.change, got, err, c.want)
		}
	}
	f, _ := formula.Parse("reach * impact")
	for _, bad := range []string{"reach=-1", "reach=1001", "effort=2"} {
		if got, err := f.Weigh(parseWeights(bad)); err == nil {
			t.Errorf("%s made %q", bad, got)
		}
	}
}

func TestComputingAllocatesNothing(t *testing.T) {
	f, err := formula.Parse("if(reach > 100, round(reach * impact * (confidence ?? 50) / 100 / effort, 1), 0)")
	if err != nil {
		t.Fatal(err)
	}
	in := []float64{400, 2, 80, 10}
	if n := testing.AllocsPerRun(100, func() {
		f.Value(func(i int) (float64, bool) { return in[i], true })
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func number(n float64) string { return strconv.FormatFloat(n, 'f', -1, 64) }

// parseWeights reads "reach=2 effort=0.5".
func parseWeights(text string) map[string]float64 {
	all := map[string]float64{}
	for part := range strings.FieldsSeq(text) {
		name, n, _ := strings.Cut(part, "=")
		all[name], _ = strconv.ParseFloat(n, 64)
	}
	return all
}

func FuzzFormula(f *testing.F) {
	for _, s := range []string{
		"reach * impact / effort", "if(a > 1 and not (b == 2), round(a, 1), b ?? 3)", "custom.x ^ 2 % 3 - -1", "((((1))))",
		"min(1,2,max(3))", "a?.b[0]", "filter(a, # > 1)", "'x' + \"y\"", "0x1F + .5e3", "a ?? b ?? 0", "3 * a + b * 2 - c",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		read, err := formula.Parse(text)
		if err != nil {
			var e *formula.Error
			if !errors.As(err, &e) || e.At < 1 || e.At > len([]rune(text))+1 || e.Message == "" {
				t.Fatalf("%q: %#v", text, err)
			}
			return
		}
		if read.Cost() > 4*formula.MaxParts || len(read.Names()) > formula.MaxNames {
			t.Fatalf("%q costs %d with %d names", text, read.Cost(), len(read.Names()))
		}
		for _, of := range []func(int) (float64, bool){
			func(int) (float64, bool) { return 0, false },
			func(i int) (float64, bool) { return float64(i) - 1, true },
			func(i int) (float64, bool) { return math.MaxFloat64, i%2 == 0 },
		} {
			if n, ok := read.Value(of); math.IsNaN(n) || math.IsInf(n, 0) || !ok && n != 0 {
				t.Fatalf("%q is %v, %v", text, n, ok)
			}
		}
		for _, w := range read.Weights() {
			for _, n := range []float64{0, 0.5, 1, 3} {
				made, err := read.Weigh(map[string]float64{w.Name: n})
				if err != nil {
					continue // the text would be too long
				}
				again, err := formula.Parse(made)
				if err != nil || len(again.Weights()) != len(read.Weights()) {
					t.Fatalf("%q with %s %v is %q: %v", text, w.Name, n, made, err)
				}
			}
		}
	})
}
