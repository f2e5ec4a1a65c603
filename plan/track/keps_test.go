package track

import (
	"bufio"
	"compress/gzip"
	"encoding/csv"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// realFiles returns a folder of real files, which stand beside the project.
func realFiles(t testing.TB, parts ...string) string {
	t.Helper()
	dir := filepath.Join(append([]string{"..", "..", "..", "shared", "data"}, parts...)...)
	if _, err := os.Stat(dir); err != nil {
		if os.Getenv("CI") == "" {
			t.Skipf("the real files that this test reads are missing: %v", err)
		}
		t.Fatalf("the real files that this test reads are missing: %v", err)
	}
	return dir
}

// kepChange is one dated change of a field of an enhancement proposal.
type kepChange struct {
	Kep, Event, Field string
	Date              time.Time `json:"commit_date"`
	New               *string
}

// keps is the history of the enhancements of a large project: six years of promises.
type keps struct {
	changes []kepChange
	owner   map[string]string // first author by proposal; the file does not date it
	periods []Period
}

func readKeps(t testing.TB) *keps {
	dir := realFiles(t, "keps")
	k := &keps{owner: map[string]string{}}
	lines := func(name string, each func([]byte) error) {
		f, err := os.Open(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		z, err := gzip.NewReader(f)
		if err != nil {
			t.Fatal(err)
		}
		s := bufio.NewScanner(z)
		s.Buffer(nil, 1<<20)
		for s.Scan() {
			if err := each(s.Bytes()); err != nil {
				t.Fatal(err)
			}
		}
		if s.Err() != nil {
			t.Fatal(s.Err())
		}
	}
	lines("keps-dev.jsonl.gz", func(line []byte) error {
		var r struct {
			ID      string
			Authors []string
		}
		err := json.Unmarshal(line, &r)
		if len(r.Authors) > 0 {
			k.owner[r.ID] = r.Authors[0]
		}
		return err
	})
	lines("changes-dev.jsonl.gz", func(line []byte) error {
		var c kepChange
		err := json.Unmarshal(line, &c)
		k.changes = append(k.changes, c)
		return err
	})
	slices.SortStableFunc(k.changes, func(a, b kepChange) int { return a.Date.Compare(b.Date) })
	f, err := os.Open(filepath.Join(dir, "releases.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows[1:] {
		end, err := time.Parse(time.DateOnly, r[2])
		if err != nil {
			t.Fatal(err)
		}
		freeze, err := time.Parse(time.RFC3339, r[3])
		if err != nil { // old ones have none; nothing is counted there
			freeze = time.Time{}
			if n := len(k.periods); n > 0 {
				freeze = k.periods[n-1].Freeze
			}
		}
		k.periods = append(k.periods, Period{freeze, end.Add(24*time.Hour - time.Second)})
	}
	return k
}

// until returns the history as it stood at a moment.
func (k *keps) until(at time.Time) *keps {
	n, _ := slices.BinarySearchFunc(k.changes, at, func(c kepChange, at time.Time) int {
		if c.Date.After(at) {
			return 1
		}
		return -1
	})
	return &keps{k.changes[:n], k.owner, k.periods}
}

var kepStages = []string{"alpha", "beta", "stable"}

// kepState is a proposal at some moment.
type kepState struct {
	fields  map[string]string
	planned time.Time // when a planning field last changed
	removed bool
}

func minor(milestone string) int {
	number, ok := strings.CutPrefix(strings.TrimPrefix(milestone, "v"), "1.")
	n, err := strconv.Atoi(number)
	if !ok || err != nil {
		return -1
	}
	return n
}

func (s *kepState) target(stage string) int { return minor(s.fields["milestone."+stage]) }

func (s *kepState) apply(c kepChange) {
	switch c.Event {
	case "file_removed":
		s.removed = true
		return
	case "created", "changed":
		s.removed = false
	default:
		return
	}
	if c.New == nil {
		delete(s.fields, c.Field)
	} else {
		s.fields[c.Field] = *c.New
	}
	if c.Field == "stage" || c.Field == "status" || c.Field == "latest-milestone" || strings.HasPrefix(c.Field, "milestone.") {
		s.planned = c.Date
	}
}

// reading is how the promise of a stage for a release stands.
func (s *kepState) reading(stage string, release int) Reading {
	target := s.target(stage)
	status := s.fields["status"]
	switch {
	case s.removed || target < 0 || status == "withdrawn" || status == "rejected" || status == "replaced" || status == "deferred":
		return Reading{Outcome: Dropped}
	case target > release:
		return Reading{Outcome: Missed, Period: target}
	case status == "implemented" || slices.Index(kepStages, s.fields["stage"]) > slices.Index(kepStages, stage):
		return Reading{Outcome: Confirmed}
	}
	return Reading{Outcome: Standing}
}

var kepColumns = []string{"first stage", "last stage", "settled", "momentum", "missed before", "team load", "owner load"}

const firstKepRelease, lastKepRelease = 21, 36

// ambiguous are numbers under which the history of several proposals is mixed up.
var ambiguous = []string{"2133", "2273", "2594"}

// record makes the track record of the freezes: what stood at each, and how it went on.
func (k *keps) record() *Record {
	t := &Record{Columns: kepColumns, Periods: k.periods}
	for release := firstKepRelease; release <= lastKepRelease; release++ {
		freeze := k.periods[release].Freeze
		states, later := k.replay(freeze)
		var frozen []Commitment
		teams, owners := map[string]int{}, map[string]int{}
		for id, s := range states {
			stage, status := s.fields["stage"], s.fields["status"]
			if s.removed || !slices.Contains(kepStages, stage) || status != "implementable" && status != "implemented" ||
				slices.Contains(ambiguous, id) || minor(s.fields["latest-milestone"]) != release || s.target(stage) != release {
				continue
			}
			teams[s.fields["owning-sig"]]++
			owners[k.owner[id]]++
			frozen = append(frozen, Commitment{ID: id, Stage: stage, Period: release, Made: freeze})
		}
		slices.SortFunc(frozen, func(a, b Commitment) int { return strings.Compare(a.ID, b.ID) })
		for _, c := range frozen {
			s := states[c.ID]
			missed := 0
			for _, old := range t.Commitments {
				if old.ID == c.ID && old.Stage == c.Stage {
					missed++
				}
			}
			momentum := 0.0
			if i := slices.Index(kepStages, c.Stage); i > 0 {
				if before := s.target(kepStages[i-1]); before >= release-2 && before <= release {
					momentum = 1
				}
			}
			days := min(freeze.Sub(s.planned).Hours()/24, 180)
			is := func(stage string) float64 {
				if c.Stage == stage {
					return 1
				}
				return 0
			}
			c.Columns = []float64{
				is("alpha"), is("stable"), math.Log1p(days), momentum, float64(min(missed, 2)),
				math.Log(float64(teams[s.fields["owning-sig"]])), float64(min(owners[k.owner[c.ID]], 4)),
			}
			c.Readings = follow(s, c.Stage, release, freeze, later[c.ID])
			t.Commitments = append(t.Commitments, c)
		}
	}
	return t
}

// replay returns every proposal as it stood at a moment, and what changed later.
func (k *keps) replay(at time.Time) (map[string]*kepState, map[string][]kepChange) {
	states, later := map[string]*kepState{}, map[string][]kepChange{}
	for _, c := range k.changes {
		if c.Date.After(at) {
			later[c.Kep] = append(later[c.Kep], c)
			continue
		}
		if states[c.Kep] == nil {
			states[c.Kep] = &kepState{fields: map[string]string{}}
		}
		states[c.Kep].apply(c)
	}
	return states, later
}

// follow reads a promise at a moment and after each later moment at which something changed.
func follow(s *kepState, stage string, release int, from time.Time, later []kepChange) []Reading {
	readings := []Reading{}
	note := func(known time.Time) {
		r := s.reading(stage, release)
		r.Known = known
		if n := len(readings); n == 0 || readings[n-1].Outcome != r.Outcome || readings[n-1].Period != r.Period {
			readings = append(readings, r)
		}
	}
	note(from)
	for i, c := range later {
		s.apply(c)
		if i+1 == len(later) || !later[i+1].Date.Equal(c.Date) {
			note(c.Date)
		}
	}
	return readings
}

// announcements makes the record of targets as each was first announced.
func (k *keps) announcements() *Record {
	t := &Record{Periods: k.periods}
	type key struct{ id, stage string }
	seen := map[key]bool{}
	states, byKep := map[string]*kepState{}, map[string][]kepChange{}
	for _, c := range k.changes {
		byKep[c.Kep] = append(byKep[c.Kep], c)
	}
	at := map[string]int{}
	for _, c := range k.changes {
		if states[c.Kep] == nil {
			states[c.Kep] = &kepState{fields: map[string]string{}}
		}
		s := states[c.Kep]
		s.apply(c)
		at[c.Kep]++
		stage, ok := strings.CutPrefix(c.Field, "milestone.")
		if !ok || !slices.Contains(kepStages, stage) || seen[key{c.Kep, stage}] {
			continue
		}
		target := s.target(stage)
		if target < 0 || target >= len(k.periods) || k.periods[target].End.Before(c.Date) {
			continue
		}
		seen[key{c.Kep, stage}] = true
		copied := &kepState{fields: map[string]string{}, removed: s.removed}
		for f, v := range s.fields {
			copied.fields[f] = v
		}
		t.Commitments = append(t.Commitments, Commitment{
			ID: c.Kep, Stage: stage, Period: target, Made: c.Date,
			Readings: follow(copied, stage, target, c.Date, byKep[c.Kep][at[c.Kep]:]),
		})
	}
	return t
}
