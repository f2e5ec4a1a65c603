package rcpsp

import (
	"archive/zip"
	"bytes"
	"encoding/csv"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"
)

const twoJobs = `************************************************************************
file with basedata            : two.bas
initial value random generator: 1
************************************************************************
projects                      :  1
jobs (incl. supersource/sink ):  4
horizon                       :  7
RESOURCES
  - renewable                 :  2   R
  - nonrenewable              :  0   N
  - doubly constrained        :  0   D
************************************************************************
PROJECT INFORMATION:
pronr.  #jobs rel.date duedate tardcost  MPM-Time
    1      2      0        4       1        4
************************************************************************
PRECEDENCE RELATIONS:
jobnr.    #modes  #successors   successors
   1        1          2           2   3
   2        1          1           4
   3        1          1           4
   4        1          0
************************************************************************
REQUESTS/DURATIONS:
jobnr. mode duration  R 1  R 2
------------------------------------------------------------------------
  1      1     0       0    0
  2      1     3       2    0
  3      1     4       2    1
  4      1     0       0    0
************************************************************************
RESOURCEAVAILABILITIES:
  R 1  R 2
    3    1
************************************************************************
`

func TestReadPSPLIB(t *testing.T) {
	in, err := ReadPSPLIB(strings.NewReader(twoJobs))
	if err != nil {
		t.Fatal(err)
	}
	want := &Instance{
		Name:       "two.bas",
		Durations:  []int{0, 3, 4, 0},
		Demands:    [][]int{{0, 0}, {2, 0}, {2, 1}, {0, 0}},
		Capacities: []int{3, 1},
		Successors: [][]int{{1, 2}, {3}, {3}, {}},
	}
	if !reflect.DeepEqual(in, want) {
		t.Errorf("read %+v, not %+v", in, want)
	}
	if r := solve(t, in, Options{}); r.Makespan != 7 || !r.Optimal {
		t.Errorf("makespan %d, not 7", r.Makespan)
	}
}

func TestReadPSPLIBRefuses(t *testing.T) {
	for _, c := range []struct{ old, new, want string }{
		{twoJobs, "", "line 0: the file ends without a number of jobs"},
		{":  4\n", ":  many\n", `line 6, jobs (incl. supersource/sink ): "many" is not a number`},
		{":  4\n", ":\n", "line 6, jobs (incl. supersource/sink ): no number"},
		{":  4\n", ":  5\n", "ends after the successors of 4 of 5 jobs"},
		{":  4\n", ":  3\n", "line 20, PRECEDENCE RELATIONS: job 2: successor 4 is not one of the 3 jobs"},
		{"jobs (incl.", "jobs (excl.", "line 17, PRECEDENCE RELATIONS: stands before"},
		{"projects                      :  1", "projects                      :  2", "line 5, projects: 2 projects, not one"},
		{":  0   N", ":  1   N", "line 10, nonrenewable: 1 resources that are not renewable"},
		{"   2        1          1           4\n", "", "line 20, PRECEDENCE RELATIONS: job 3 where job 2 is expected"},
		{"   3        1          1", "   3        2          1", "job 3: only one mode"},
		{"   3        1          1           4", "   3        1          2           4", "job 3: 1 successors, 2 announced"},
		{"   3        1          1           4", "   3        1          1           x", `line 21, PRECEDENCE RELATIONS: "x" is not a whole number`},
		{"   4        1          0", "   4        1", "2 numbers, at least 3"},
		{"   4        1          0", "   4        1          1           1", "wait for each other"},
		{"   4        1          0", "   4        1          0\n   5        1          0", "line 23, PRECEDENCE RELATIONS: more than 4 jobs"},
		{"  2      1     3       2    0", "  2      1     3       2", "line 28, REQUESTS/DURATIONS: job 2: demands on 1 of 2 resources"},
		{"  2      1     3       2    0", "  2      1    -3       2    0", "activity 1: duration -3 is negative"},
		{"  2      1     3       2    0", "  2      1     3       4    0", "activity 1: demand 4 on resource 0 exceeds its capacity 3"},
		{"    3    1\n", "    3\n", "line 34, RESOURCEAVAILABILITIES: availabilities of 1 of 2 resources"},
		{"    3    1\n", "    3    1\n    3    1\n", "line 35, RESOURCEAVAILABILITIES: a second line"},
		{"    3    1\n", "", "ends without the availabilities"},
		{"two.bas", strings.Repeat("x", 2<<20), "line 2: bufio.Scanner: token too long"},
	} {
		text := strings.Replace(twoJobs, c.old, c.new, 1)
		if text == twoJobs {
			t.Fatalf("nothing to replace by %q", c.new)
		}
		if _, err := ReadPSPLIB(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q for %q: error %v, not %q", c.new, c.old, err, c.want)
		}
	}
}

func FuzzReadPSPLIB(f *testing.F) {
	f.Add([]byte(twoJobs))
	f.Add([]byte(strings.Replace(twoJobs, ":  4\n", ":  400000000000\n", 1)))
	f.Add([]byte(strings.Replace(twoJobs, "  2      1     3 ", "  2      1     4000000000", 1)))
	f.Fuzz(func(t *testing.T, text []byte) {
		in, err := ReadPSPLIB(bytes.NewReader(text))
		if err != nil {
			return
		}
		if err := in.Validate(); err != nil {
			t.Fatalf("read what is not valid: %v", err)
		}
		sum := 0
		for _, d := range in.Durations {
			sum += d
		}
		if sum > 10_000 {
			return // valid, but no matter for a short search
		}
		r, err := Solve(t.Context(), in, Options{Schedules: 20})
		if err != nil {
			t.Fatal(err)
		}
		if err := breaks(in, r.Start, r.Makespan); err != nil {
			t.Fatal(err)
		}
	})
}

// known is a project of PSPLIB with the best proven bound and makespan known of it.
type known struct {
	*Instance
	bound, makespan int
}

// library reads a set of PSPLIB, "j30" or "j120", which stands beside the repository. Without
// it a test is skipped, but for the tests that everybody's changes must pass.
func library(t testing.TB, set string) (all []known) {
	t.Helper()
	dir := filepath.Join("..", "..", "..", "shared", "data", "planning", "psplib")
	files, err := zip.OpenReader(filepath.Join(dir, set+".sm.zip"))
	if err != nil {
		if os.Getenv("CI") == "" {
			t.Skip("the library of projects is not here")
		}
		t.Fatal(err)
	}
	defer files.Close()
	table, err := os.Open(filepath.Join(dir, "derived-"+set+"-bounds.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer table.Close()
	rows, err := csv.NewReader(table).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows[1:] {
		file, err := files.Open(set + "/" + row[0] + ".sm")
		if err != nil {
			t.Fatal(err)
		}
		in, err := ReadPSPLIB(file)
		if err != nil {
			t.Fatalf("%s: %v", row[0], err)
		}
		file.Close()
		in.Name = row[0]
		k := known{Instance: in}
		if k.bound, err = strconv.Atoi(row[2]); err != nil {
			t.Fatal(err)
		}
		if k.makespan, err = strconv.Atoi(row[3]); err != nil {
			t.Fatal(err)
		}
		if _, length := earliestStarts(in); row[1] != strconv.Itoa(length) {
			t.Fatalf("%s: critical path of %d, not %s", row[0], length, row[1])
		}
		all = append(all, k)
	}
	return all
}

func TestLibrary(t *testing.T) {
	for _, set := range []string{"j30", "j120"} {
		for n, in := range library(t, set) {
			if n%7 != 0 {
				continue
			}
			r := solve(t, in.Instance, Options{Schedules: 300})
			if r.LowerBound > in.makespan {
				t.Errorf("%s: bound %d, but a schedule of %d is known", in.Name, r.LowerBound, in.makespan)
			}
			if r.Makespan < in.bound {
				t.Errorf("%s: makespan %d, but %d is a proven bound", in.Name, r.Makespan, in.bound)
			}
		}
	}
}
