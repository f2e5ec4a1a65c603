package nrp

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
)

// write writes an instance as Read reads it, in one level.
func write(in *Instance) string {
	var b strings.Builder
	fmt.Fprintln(&b, 1)
	fmt.Fprintln(&b, len(in.Costs))
	for _, cost := range in.Costs {
		fmt.Fprint(&b, cost, " ")
	}
	fmt.Fprintln(&b)
	fmt.Fprintln(&b, len(in.Needs))
	for _, n := range in.Needs {
		fmt.Fprintln(&b, n.Before+1, n.Requirement+1)
	}
	fmt.Fprintln(&b, len(in.Customers))
	for _, c := range in.Customers {
		fmt.Fprint(&b, c.Profit, " ", len(c.Wants))
		for _, k := range c.Wants {
			fmt.Fprint(&b, " ", k+1)
		}
		fmt.Fprintln(&b)
	}
	return b.String()
}

const example = "2\n2\n3 4\n\n1\r\n5 \n1\n1 3\n2\n10 2 1 2\n7 1 3"

func TestRead(t *testing.T) {
	got, err := Read(strings.NewReader(example))
	if err != nil {
		t.Fatal(err)
	}
	want := &Instance{
		Costs:     []int64{3, 4, 5},
		Needs:     []Need{{0, 2}},
		Customers: []Customer{{10, []int{0, 1}}, {7, []int{2}}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
	in := realistic(3, 50, 300, 4, 20, 8)
	if got, err := Read(strings.NewReader(write(in))); err != nil || !reflect.DeepEqual(got, in) {
		t.Errorf("written and read: %v", err)
	}
}

func TestReadRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"":                                 "line 1: the text ends where number of levels should be",
		"1\n2\n3":                          "line 3: the text ends where cost of requirement 2 should be",
		"1\n2\n3 -4\n0\n0":                 `line 3: "-4" is no cost of requirement 2`,
		"1\n1\n1\n\n1\n\n1 2\n0":           `line 7: "2" is no requirement of need 1: a whole number from 1 to 1`,
		"1\n1\n1\n0\n1\n5 1 0":             `line 6: "0" is no requirement of customer 1`,
		"1\n1\n1\n0\n1\n5 1 1\n9":          `line 7: "9" stands after the last customer`,
		"1\n1\n1.5\n":                      `line 3: "1.5" is no cost of requirement 1`,
		"x":                                `line 1: "x" is no number of levels`,
		"1\n1\n" + strings.Repeat("7", 99): "line 3: \"777",
		"1\n2\n536870912 1\n0\n0\n":        `line 3: "1" is no cost of requirement 2: a whole number from 0 to 0`,
	} {
		if _, err := Read(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add(example)
	f.Add("1 0 0 0")
	f.Add("1\n2\n3 -4")
	f.Add("\xef\xbb\xbf1")
	f.Fuzz(func(t *testing.T, text string) {
		in, err := Read(strings.NewReader(text))
		if err != nil {
			if in != nil {
				t.Fatal("an instance beside an error")
			}
			return
		}
		if err := in.Validate(); err != nil {
			t.Fatalf("read what is not valid: %v", err)
		}
		again, err := Read(strings.NewReader(write(in)))
		if err != nil || !reflect.DeepEqual(again, in) {
			t.Fatalf("written and read again: %v", err)
		}
	})
}
