package plan_test

import (
	"archive/zip"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/throughline-pm/throughline/plan"
)

const project = `=====
File name: tiny.def
Reference:
Somebody, Some paper
=====
General characteristics:
Tasks: 2
Resources: 2
Precedence relations: 1
=====
ResourceID 	 Salary 	 Skills
1	 	 	56.5	 	 Q1: 0 	  Q2: 1
7	 	 	20	 	 Q2: 2
=====
TaskID 	 Duration 	 Skill 	 Predecessor IDs
1	 	 	37	 Q2: 2
4	 	 	3	 Q1: 0	 	1
=====
`

func TestReadIMOPSE(t *testing.T) {
	p, err := plan.ReadIMOPSE(strings.NewReader(project))
	if err != nil {
		t.Fatal(err)
	}
	task := func(id string, duration int, skill string, level int) plan.Activity {
		return plan.Activity{ID: id, Modes: []plan.Mode{{Duration: duration, Demands: []plan.Demand{{Skill: skill, Level: level, Units: 1}}}}}
	}
	want := &plan.Problem{
		Name: "tiny.def", Horizon: 40,
		People: []plan.Person{
			{ID: "1", Cost: 56.5, Skills: []plan.Skill{{Skill: "Q1"}, {Skill: "Q2", Level: 1}}},
			{ID: "7", Cost: 20, Skills: []plan.Skill{{Skill: "Q2", Level: 2}}},
		},
		Activities: []plan.Activity{task("1", 37, "Q2", 2), task("4", 3, "Q1", 0), {ID: "end", Modes: []plan.Mode{{}}}},
		Links:      []plan.Link{{From: "1", To: "end"}, {From: "1", To: "4"}, {From: "4", To: "end"}},
		Rules:      []plan.Rule{{ID: "short", Sort: plan.Deadline, Activities: []string{"end"}, Penalty: 1 + 57*40}},
	}
	if diff := cmp.Diff(want, p); diff != "" {
		t.Error(diff)
	}
}

func TestReadIMOPSERefuses(t *testing.T) {
	for want, change := range map[string][2]string{
		"line 7: \"x\" is no whole number":                   {"Tasks: 2", "Tasks: x"},
		"says there are 3 tasks and has 2":                   {"Tasks: 2", "Tasks: 3"},
		"says there are 3 resources and has 2":               {"Resources: 2", "Resources: 3"},
		"does not say how many":                              {"Resources: 2", ""},
		`line 12: the salary "NaN" is no number`:             {"56.5", "NaN"},
		`line 12: a resource has an ID, a salary`:            {"1	 	 	56.5	 	 Q1: 0 	  Q2: 1", "1"},
		`line 12: there is "Q1 0" where a skill`:             {"Q1: 0 	", "Q1 0"},
		`line 13: there is "Q2:" where a skill`:              {"Q2: 2\n=", "Q2:\n="},
		`line 13: the level of the skill Q2: "-1"`:           {"Q2: 2\n=", "Q2: -1\n="},
		`line 16: the duration: "0" is no`:                   {"37", "0"},
		`line 17: with this task all durations`:              {"37", "99998"},
		`line 16: a task has an ID`:                          {"Q2: 2\n4", "Q2:\n4"},
		`line 17: the ID end is kept`:                        {"\n4", "\nend"},
		`activity "1": is there twice`:                       {"\n4", "\n1"},
		`names the activity "9"`:                             {"0	 	1\n", "0	 	9\n"},
		`asks for 1 people with the skill "Q2" at level 3 `:  {"37	 Q2: 2", "37	 Q2: 3"},
		`would have to start 40 periods after itself, by th`: {"37	 Q2: 2", "37	 Q2: 2 4"},
	} {
		text := strings.Replace(project, change[0], change[1], 1)
		if text == project {
			t.Fatalf("%q is not in the text", change[0])
		}
		if _, err := plan.ReadIMOPSE(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %s, have %v", want, err)
		}
	}
}

// imopse reads the data sets, which stand beside the repository. Without them a test is
// skipped, but for the tests that everybody's changes must pass.
func imopse(t testing.TB, each func(name string, p *plan.Problem)) {
	t.Helper()
	files, err := zip.OpenReader(filepath.Join("..", "..", "shared", "data", "planning", "msrcpsp", "imopse-msrcpsp.zip"))
	if err != nil {
		if os.Getenv("CI") == "" {
			t.Skip("the multi-skill projects are not here")
		}
		t.Fatal(err)
	}
	defer files.Close()
	for _, f := range files.File {
		if !strings.HasSuffix(f.Name, ".def") {
			continue
		}
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		p, err := plan.ReadIMOPSE(r)
		if err != nil {
			t.Errorf("%s: %v", f.Name, err)
			continue
		}
		r.Close()
		each(f.Name, p)
	}
}

// Every file of the sets is read, and has the links that it says it has.
func TestIMOPSESets(t *testing.T) {
	n := 0
	imopse(t, func(name string, p *plan.Problem) {
		n++
		var tasks, people int
		base := filepath.Base(name)
		if _, err := fmt.Sscanf(base, "%d_%d_", &tasks, &people); err != nil {
			t.Fatal(err)
		}
		if len(p.People) != people {
			t.Errorf("%s: %d people", name, len(p.People))
		}
	})
	if n < 100 {
		t.Errorf("%d files", n)
	}
}

func FuzzReadIMOPSE(f *testing.F) {
	f.Add(project)
	f.Add("Tasks: 1\nResources: 1\nResourceID\n1 2 Q: 1\n===\nTaskID\n1 1 Q: 1 1 1\n")
	f.Fuzz(func(t *testing.T, text string) {
		p, err := plan.ReadIMOPSE(strings.NewReader(text))
		if err != nil {
			return
		}
		if err := p.Validate(); err != nil {
			t.Error(err)
		}
	})
}
