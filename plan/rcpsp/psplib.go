package rcpsp

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// ReadPSPLIB reads a single-mode project in the format of the project scheduling problem
// library, .sm files (Kolisch, Sprecher: PSPLIB, European Journal of Operational Research
// 96, 1996). Jobs 1 to n become activities 0 to n-1, the supersource and the supersink
// included. Name is what the file calls its base data. The instance is valid; what is
// malformed gives an error that names the line and the section.
func ReadPSPLIB(r io.Reader) (*Instance, error) {
	p := &psplib{lines: bufio.NewScanner(r), in: &Instance{}}
	p.lines.Buffer(nil, 1<<20)
	if err := p.read(); err != nil {
		if p.section == "" {
			return nil, fmt.Errorf("psplib: line %d: %w", p.line, err)
		}
		return nil, fmt.Errorf("psplib: line %d, %s: %w", p.line, p.section, err)
	}
	if err := p.in.Validate(); err != nil {
		return nil, fmt.Errorf("psplib: %w", err)
	}
	return p.in, nil
}

// The sections of a file, by the words that open them.
const (
	precedenceTitle   = "PRECEDENCE RELATIONS"
	requestsTitle     = "REQUESTS/DURATIONS"
	availabilityTitle = "RESOURCEAVAILABILITIES"
)

// psplib is a reader's place in a file.
type psplib struct {
	lines           *bufio.Scanner
	line            int
	section         string
	in              *Instance
	jobs, resources int
	headed          bool // the section's line of titles has been read
}

func (p *psplib) read() error {
	p.jobs, p.resources = -1, -1
	for p.lines.Scan() {
		p.line++
		text := strings.TrimSpace(p.lines.Text())
		if err := p.take(text); err != nil {
			return err
		}
	}
	if err := p.lines.Err(); err != nil {
		p.line++
		return err
	}
	in := p.in
	switch p.section = ""; {
	case p.jobs < 0:
		return errors.New("the file ends without a number of jobs")
	case p.resources < 0:
		return errors.New("the file ends without a number of renewable resources")
	case len(in.Successors) != p.jobs:
		return fmt.Errorf("the file ends after the successors of %d of %d jobs", len(in.Successors), p.jobs)
	case len(in.Durations) != p.jobs:
		return fmt.Errorf("the file ends after the requests of %d of %d jobs", len(in.Durations), p.jobs)
	case len(in.Capacities) != p.resources:
		return errors.New("the file ends without the availabilities of the resources")
	}
	return nil
}

// take reads one line.
func (p *psplib) take(text string) error {
	if text == "" || strings.Trim(text, "*") == "" {
		if strings.HasPrefix(text, "*") {
			p.section = ""
		}
		return nil
	}
	if strings.Trim(text, "-") == "" {
		return nil
	}
	title, value, found := strings.Cut(text, ":")
	if title, value = strings.TrimSpace(title), strings.TrimSpace(value); found {
		return p.field(strings.TrimSpace(strings.TrimPrefix(title, "-")), value)
	}
	if p.section == "" {
		return nil // a title without a meaning here, such as RESOURCES
	}
	if !p.headed {
		p.headed = true
		return nil
	}
	switch p.section {
	case precedenceTitle:
		return p.successors(text)
	case requestsTitle:
		return p.requests(text)
	case availabilityTitle:
		return p.capacities(text)
	}
	return nil
}

// field takes a line with a colon: a value of the head or the title of a section.
func (p *psplib) field(title, value string) (err error) {
	p.section, p.headed = title, false
	switch title {
	case "file with basedata":
		p.in.Name = value
	case "projects":
		var projects int
		if projects, err = count(value); err == nil && projects != 1 {
			err = fmt.Errorf("%d projects, not one", projects)
		}
	case "jobs (incl. supersource/sink )":
		p.jobs, err = count(value)
	case "renewable":
		p.resources, err = count(value)
	case "nonrenewable", "doubly constrained":
		var others int
		if others, err = count(value); err == nil && others != 0 {
			err = fmt.Errorf("%d resources that are not renewable", others)
		}
	case precedenceTitle, requestsTitle, availabilityTitle:
		if p.jobs < 0 || p.resources < 0 {
			err = errors.New("stands before the numbers of jobs and renewable resources")
		}
	}
	return err
}

// count reads a number with an optional letter behind it, as in "4   R".
func count(value string) (int, error) {
	fields := strings.Fields(value)
	if len(fields) == 0 {
		return 0, errors.New("no number")
	}
	n, err := strconv.Atoi(fields[0])
	if err != nil || n < 0 {
		return 0, fmt.Errorf("%q is not a number of things", fields[0])
	}
	return n, nil
}

func numbers(text string) ([]int, error) {
	fields := strings.Fields(text)
	out := make([]int, len(fields))
	for i, f := range fields {
		var err error
		if out[i], err = strconv.Atoi(f); err != nil {
			return nil, fmt.Errorf("%q is not a whole number", f)
		}
	}
	return out, nil
}

// job tells whether a line is that of the job expected next.
func (p *psplib) job(v []int, read, least int) error {
	switch {
	case len(v) < least:
		return fmt.Errorf("%d numbers, at least %d expected", len(v), least)
	case read == p.jobs:
		return fmt.Errorf("more than %d jobs", p.jobs)
	case v[0] != read+1:
		return fmt.Errorf("job %d where job %d is expected", v[0], read+1)
	case v[1] != 1:
		return fmt.Errorf("job %d: only one mode is understood, not %d", v[0], v[1])
	}
	return nil
}

// successors takes a line of job, modes, number of successors, successors.
func (p *psplib) successors(text string) error {
	v, err := numbers(text)
	if err != nil {
		return err
	}
	if err := p.job(v, len(p.in.Successors), 3); err != nil {
		return err
	}
	succ := v[3:]
	if len(succ) != v[2] {
		return fmt.Errorf("job %d: %d successors, %d announced", v[0], len(succ), v[2])
	}
	for i, s := range succ {
		if s < 1 || s > p.jobs {
			return fmt.Errorf("job %d: successor %d is not one of the %d jobs", v[0], s, p.jobs)
		}
		succ[i] = s - 1
	}
	p.in.Successors = append(p.in.Successors, succ)
	return nil
}

// requests takes a line of job, mode, duration, demand on each resource.
func (p *psplib) requests(text string) error {
	v, err := numbers(text)
	if err != nil {
		return err
	}
	if err := p.job(v, len(p.in.Durations), 3); err != nil {
		return err
	}
	if len(v)-3 != p.resources {
		return fmt.Errorf("job %d: demands on %d of %d resources", v[0], len(v)-3, p.resources)
	}
	p.in.Durations = append(p.in.Durations, v[2])
	p.in.Demands = append(p.in.Demands, v[3:])
	return nil
}

func (p *psplib) capacities(text string) error {
	v, err := numbers(text)
	if err != nil {
		return err
	}
	if p.in.Capacities != nil {
		return errors.New("a second line of availabilities")
	}
	if len(v) != p.resources {
		return fmt.Errorf("availabilities of %d of %d resources", len(v), p.resources)
	}
	p.in.Capacities = v
	return nil
}
