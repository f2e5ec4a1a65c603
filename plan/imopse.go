package plan

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
)

// ReadIMOPSE reads a multi-skill project in the format of the iMOPSE data sets, .def files
// (Myszkowski, Skowroński, Olech and Oślizło, "Hybrid ant colony optimization in solving
// multi-skill resource-constrained project scheduling problem", Soft Computing 19, 2015).
// Each task is done by one resource that has its skill at its level or above. Resources
// become people with their salary as cost; tasks become activities of no feature, with one
// more, [IMOPSEEnd], which takes no time and comes after all. Its finish is the makespan,
// and each period of it has a price higher than all salaries: the plan worth most is the
// shortest, and of those the cheapest. An error names the line.
func ReadIMOPSE(r io.Reader) (*Problem, error) {
	f := &imopse{lines: bufio.NewScanner(r), p: &Problem{}, tasks: -1, resources: -1}
	f.lines.Buffer(nil, 1<<20)
	for f.lines.Scan() {
		f.line++
		if err := f.take(strings.TrimSpace(f.lines.Text())); err != nil {
			return nil, fmt.Errorf("imopse: line %d: %w", f.line, err)
		}
	}
	if err := f.lines.Err(); err != nil {
		return nil, fmt.Errorf("imopse: line %d: %w", f.line+1, err)
	}
	if err := f.end(); err != nil {
		return nil, fmt.Errorf("imopse: %w", err)
	}
	if err := f.p.Validate(); err != nil {
		return nil, fmt.Errorf("imopse: %w", err)
	}
	return f.p, nil
}

// IMOPSEEnd is the ID of the activity that ends a project read by [ReadIMOPSE].
const IMOPSEEnd = "end"

// imopse is a reader's place in a file.
type imopse struct {
	lines            *bufio.Scanner
	line             int
	p                *Problem
	tasks, resources int // as the file says; -1 before it does
	table            string
}

// take reads one line.
func (f *imopse) take(text string) error {
	if name, ok := strings.CutPrefix(text, "File name:"); ok {
		f.p.Name = strings.TrimSpace(name)
		return nil
	}
	for prefix, n := range map[string]*int{"Tasks:": &f.tasks, "Resources:": &f.resources} {
		if number, ok := strings.CutPrefix(text, prefix); ok {
			var err error
			*n, err = whole(strings.TrimSpace(number), 0, MaxActivities-1)
			return err
		}
	}
	words := strings.Fields(text)
	switch {
	case len(words) == 0:
		return nil
	case words[0] == "ResourceID" || words[0] == "TaskID":
		f.table = words[0]
		return nil
	case strings.Trim(text, "=") == "":
		f.table = ""
		return nil
	case f.table == "ResourceID":
		return f.resource(words)
	case f.table == "TaskID":
		return f.task(words)
	}
	return nil // words before the tables
}

func whole(word string, least, most int) (int, error) {
	n, err := strconv.Atoi(word)
	if err != nil || n < least || n > most {
		return 0, fmt.Errorf("%q is no whole number from %d to %d", word, least, most)
	}
	return n, nil
}

// resource reads an ID, a salary, and skills with their levels.
func (f *imopse) resource(words []string) error {
	if len(words) < 2 {
		return errors.New("a resource has an ID, a salary and skills")
	}
	salary, err := strconv.ParseFloat(words[1], 64)
	if err != nil || !(salary >= 0 && salary <= 1e6) {
		return fmt.Errorf("the salary %q is no number from 0 to a million", words[1])
	}
	one := Person{ID: words[0], Cost: salary}
	for rest := words[2:]; len(rest) > 0; rest = rest[2:] {
		s, err := skillOf(rest)
		if err != nil {
			return err
		}
		one.Skills = append(one.Skills, s)
	}
	f.p.People = append(f.p.People, one)
	return nil
}

// skillOf reads a skill and its level, which stand as Q1: 2.
func skillOf(words []string) (Skill, error) {
	name, ok := strings.CutSuffix(words[0], ":")
	if !ok || name == "" || len(words) < 2 {
		return Skill{}, fmt.Errorf("there is %q where a skill and its level are due, as Q1: 2", strings.Join(words[:min(2, len(words))], " "))
	}
	level, err := whole(words[1], 0, MaxLevel)
	if err != nil {
		return Skill{}, fmt.Errorf("the level of the skill %s: %w", name, err)
	}
	return Skill{Skill: name, Level: level}, nil
}

// task reads an ID, a duration, a skill with its level, and predecessors.
func (f *imopse) task(words []string) error {
	if len(words) < 4 {
		return errors.New("a task has an ID, a duration, a skill with its level, and predecessors")
	}
	if words[0] == IMOPSEEnd {
		return fmt.Errorf("the ID %s is kept for what comes after all tasks", IMOPSEEnd)
	}
	duration, err := whole(words[1], 1, MaxPeriods)
	if err != nil {
		return fmt.Errorf("the duration: %w", err)
	}
	s, err := skillOf(words[2:])
	if err != nil {
		return err
	}
	if f.p.Horizon += duration; f.p.Horizon > MaxPeriods {
		return fmt.Errorf("with this task all durations come to more than %d periods", MaxPeriods)
	}
	f.p.Activities = append(f.p.Activities, Activity{
		ID:    words[0],
		Modes: []Mode{{Duration: duration, Demands: []Demand{{Skill: s.Skill, Level: s.Level, Units: 1}}}},
	})
	for _, before := range words[4:] {
		f.p.Links = append(f.p.Links, Link{From: before, To: words[0]})
	}
	f.p.Links = append(f.p.Links, Link{From: words[0], To: IMOPSEEnd})
	return nil
}

// end holds what was read to what the file says of itself, and adds the end of the project.
func (f *imopse) end() error {
	switch {
	case f.tasks < 0 || f.resources < 0:
		return errors.New("the file does not say how many tasks and resources there are")
	case f.tasks != len(f.p.Activities):
		return fmt.Errorf("the file says there are %d tasks and has %d", f.tasks, len(f.p.Activities))
	case f.resources != len(f.p.People):
		return fmt.Errorf("the file says there are %d resources and has %d", f.resources, len(f.p.People))
	case f.tasks == 0:
		return errors.New("the file has no tasks")
	}
	f.p.Activities = append(f.p.Activities, Activity{ID: IMOPSEEnd, Modes: []Mode{{}}})
	dearest := 0.0
	for _, one := range f.p.People {
		dearest = max(dearest, one.Cost)
	}
	f.p.Rules = []Rule{{
		ID: "short", Sort: Deadline, Activities: []string{IMOPSEEnd},
		Penalty: 1 + math.Ceil(dearest)*float64(f.p.Horizon),
	}}
	return nil
}
