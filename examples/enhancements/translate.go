// Translate turns the records of Kubernetes enhancements into files that Throughline
// imports: setup.jsonl, records.jsonl and history.jsonl. It uses the standard library
// alone, so that it runs wherever Go does.
package main

import (
	"bufio"
	"cmp"
	"compress/gzip"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// record is an enhancement as it stands today.
type record struct {
	ID              string            `json:"id"`
	Title           string            `json:"title"`
	OwningSIG       string            `json:"owning_sig"`
	Participating   []string          `json:"participating_sigs"`
	Authors         []string          `json:"authors"`
	Status          string            `json:"status"`
	CreationDate    string            `json:"creation_date"`
	Stage           string            `json:"stage"`
	LatestMilestone string            `json:"latest_milestone"`
	Milestone       map[string]string `json:"milestone"`
	SeeAlso         []string          `json:"see_also"`
	Replaces        []string          `json:"replaces"`
	Path            string            `json:"path"`
	URL             string            `json:"url"`
	Sections        map[string]string `json:"sections"`
}

// change is one dated change of one field, in the order in which they happened.
type change struct {
	ID    string `json:"kep"`
	Path  string `json:"path"`
	Event string `json:"event"`
	At    string `json:"commit_date"`
	Field string `json:"field"`
	Old   any    `json:"old"`
	New   any    `json:"new"`
}

// event is a line of the history that Throughline imports.
type event struct {
	Kind  string `json:"kind"`
	Key   string `json:"key"`
	Field string `json:"field"`
	At    string `json:"at"`
	New   any    `json:"new"`
}

const (
	product   = "KEP"
	milestone = "milestone."
)

// fields of an enhancement that have a history, with their names in Throughline.
var fields = map[string]string{
	"title": "title", "status": "status", "stage": "custom.stage", "latest-milestone": "custom.latest_milestone", "owning-sig": "team",
}

// stages in their order; what another one comes after is not known.
var stages = []string{"alpha", "beta", "stable", "deprecated", "disabled", "removed"}

func main() {
	log.SetFlags(0)
	log.SetPrefix("translate: ")
	if len(os.Args) != 5 {
		log.Fatal("usage: translate RECORDS CHANGES RELEASES FOLDER")
	}
	if err := run(os.Args[1], os.Args[2], os.Args[3], os.Args[4]); err != nil {
		log.Fatal(err)
	}
}

func run(records, changes, releases, folder string) error {
	t := &translator{
		byID: map[string]*record{}, byPath: map[string]string{}, states: map[string]map[string]string{},
		children: map[string]map[string]string{}, known: map[string]bool{}, kept: map[string]int{},
	}
	if err := eachJSON(records, t.record); err != nil {
		return err
	}
	var all []change
	if err := eachJSON(changes, func(c change) error {
		all = append(all, c)
		return nil
	}); err != nil {
		return err
	}
	calendar, err := readReleases(releases)
	if err != nil {
		return err
	}
	if err := t.follow(all); err != nil {
		return err
	}
	t.release(calendar)
	t.rows()
	t.setup()
	for name, lines := range map[string][]any{"setup.jsonl": t.setupLines, "records.jsonl": t.lines, "history.jsonl": t.history} {
		if err := write(filepath.Join(folder, name), lines); err != nil {
			return err
		}
	}
	for _, text := range slices.Sorted(maps.Keys(t.kept)) {
		log.Printf("kept as text, %d times: %s", t.kept[text], text)
	}
	return nil
}

// translator follows the enhancements through time.
type translator struct {
	records []*record
	byID    map[string]*record
	byPath  map[string]string            // of a file: the enhancement
	states  map[string]map[string]string // of an enhancement: the fields as of now
	// children are the stages of an enhancement that are features of their own, with the
	// status that was last written.
	children map[string]map[string]string
	known    map[string]bool // releases that exist
	kept     map[string]int  // milestones that are no release

	setupLines, lines, history []any
}

func (t *translator) record(r record) error {
	if r.ID == "" || t.byID[r.ID] != nil {
		log.Printf("the record %q is left out: its id is empty or stands there already", r.ID)
		return nil
	}
	if day, err := time.Parse("2006-1-2", r.CreationDate); err == nil {
		r.CreationDate = day.Format(time.DateOnly)
	} else {
		if r.CreationDate != "" {
			log.Printf("the record %s has the creation date %q, which is none", r.ID, r.CreationDate)
		}
		r.CreationDate = ""
	}
	t.byID[r.ID] = &r
	t.records = append(t.records, &r)
	return nil
}

// idOf returns the enhancement that a change is about. A few share a number; their
// records are told apart by the folder.
func (t *translator) idOf(c change) string {
	if name := path.Base(c.Path); t.byID[name] != nil {
		return name
	}
	return c.ID
}

// follow turns the changes into history. Those of one enhancement at one moment belong
// together.
func (t *translator) follow(all []change) error {
	for len(all) > 0 {
		id, at := t.idOf(all[0]), all[0].At
		n := 1
		for n < len(all) && t.idOf(all[n]) == id && all[n].At == at {
			n++
		}
		when, err := time.Parse(time.RFC3339, at)
		if err != nil || id == "" {
			log.Printf("%d changes of %q at %q are left out: they need an id and a time", n, id, at)
		} else {
			t.together(id, when.UTC().Format(time.RFC3339), all[:n])
		}
		all = all[n:]
	}
	return nil
}

// together takes over the changes of one enhancement at one moment.
func (t *translator) together(id, at string, changes []change) {
	state := t.states[id]
	if state == nil {
		state = map[string]string{}
		t.states[id] = state
	}
	before := maps.Clone(state)
	for _, c := range changes {
		t.byPath[c.Path] = id
		state["path"] = c.Path
		switch {
		case c.Event == "moved":
			old, _ := c.Old.(string)
			t.move(t.byPath[old], id, at)
		case c.Event == "file_removed":
			state["archived"] = "true"
		case c.Field != "" && (fields[c.Field] != "" || strings.HasPrefix(c.Field, milestone)):
			state[c.Field] = text(c.New)
			if c.Event == "created" {
				state["archived"] = ""
			}
		}
	}
	for _, field := range slices.Sorted(maps.Keys(state)) {
		name := fields[field]
		if field == "path" {
			name = "custom.path"
		}
		if field == "archived" {
			name = "archived"
		}
		if name != "" && state[field] != before[field] {
			t.happened(id, name, at, state[field])
		}
	}
	t.stages(id, at, state, before)
}

// move lets an enhancement go on where the one whose file it took over stopped.
func (t *translator) move(from, to, at string) {
	if from == "" || from == to {
		return
	}
	for field, value := range t.states[from] {
		if field != "path" && field != "archived" && t.states[to][field] == "" {
			t.states[to][field] = value
		}
	}
	t.states[from]["archived"] = "true"
	t.happened(from, "archived", at, "true")
}

// stages writes the history of the stages of an enhancement.
func (t *translator) stages(id, at string, state, before map[string]string) {
	if t.children[id] == nil {
		t.children[id] = map[string]string{}
	}
	for _, field := range slices.Sorted(maps.Keys(state)) {
		if stage, ok := strings.CutPrefix(field, milestone); ok && state[field] != "" {
			t.child(id, stage, at, state)
		}
	}
	if committed(state) && slices.Contains(stages, state["stage"]) {
		t.child(id, state["stage"], at, state)
	}
	for _, stage := range slices.Sorted(maps.Keys(t.children[id])) {
		key := id + "/" + stage
		if to := state[milestone+stage]; to != before[milestone+stage] {
			t.happened(key, "custom.milestone", at, to)
			t.happened(key, "release", at, t.releaseOf(key, to))
		}
		if status := statusOf(stage, state); status != t.children[id][stage] {
			t.happened(key, "status", at, status)
			t.children[id][stage] = status
		}
	}
}

// committed reports whether a release is promised for the current stage.
func committed(state map[string]string) bool {
	return (state["status"] == "implementable" || state["status"] == "implemented") && normal(state["latest-milestone"]) != ""
}

// child makes a stage a feature of its own.
func (t *translator) child(id, stage, at string, state map[string]string) {
	if _, there := t.children[id][stage]; there {
		return
	}
	t.children[id][stage] = ""
	key := id + "/" + stage
	t.happened(key, "title", at, cmp.Or(state["title"], id)+" ("+stage+")")
	t.happened(key, "parent", at, id)
	t.happened(key, "team", at, state["owning-sig"])
}

// statusOf returns the status of a stage: that of the enhancement while it is the
// current one, implemented when it is passed, and provisional before.
func statusOf(stage string, state map[string]string) string {
	mine, current := slices.Index(stages, stage), slices.Index(stages, state["stage"])
	switch {
	case state["stage"] == stage:
		return state["status"]
	case mine >= 0 && current > mine:
		return "implemented"
	case state["status"] == "" || state["status"] == "implementable" || state["status"] == "implemented":
		return "provisional"
	default: // withdrawn, rejected, replaced: none of its stages will come
		return state["status"]
	}
}

var version = regexp.MustCompile(`^v?([1-9]\d*\.\d+)$`)

// normal returns a milestone as releases are called, v1.21; "" for TBD, 0.0 and typos.
func normal(milestone string) string {
	if m := version.FindStringSubmatch(strings.TrimSpace(milestone)); m != nil {
		return "v" + m[1]
	}
	return ""
}

// releaseOf returns the release that a milestone names. What names none is kept as text.
func (t *translator) releaseOf(key, milestone string) any {
	if name := normal(milestone); name != "" {
		return name
	}
	if milestone != "" {
		t.kept[fmt.Sprintf("%q of %s", milestone, key)]++
	}
	return nil
}

func (t *translator) happened(key, field, at string, value any) {
	if value == "" {
		value = nil
	}
	t.history = append(t.history, event{"feature", key, field, at, value})
}

// text returns a value of the changes, which are texts or nothing, on one line.
func text(v any) string {
	if v == nil {
		return ""
	}
	return strings.Join(strings.Fields(fmt.Sprint(v)), " ")
}

// release writes the releases. Their schedule is taken as known from the day the release
// before is out, since nobody wrote down when it was.
func (t *translator) release(calendar []map[string]string) {
	previous := ""
	for _, r := range calendar {
		name := cmp.Or(normal(r["version"]), r["version"])
		if name == "" || t.known[name] {
			continue
		}
		t.known[name] = true
		row := map[string]any{"kind": "release", "external_key": name, "name": name}
		day := func(s string) string {
			at, err := time.Parse(time.RFC3339, s)
			if err == nil {
				return at.UTC().Format(time.DateOnly)
			}
			if at, err := time.Parse(time.DateOnly, s); err == nil {
				return at.Format(time.DateOnly)
			}
			return ""
		}
		ga := day(r["ga_date"])
		from := cmp.Or(previous, ga)
		for _, f := range [][2]string{{"freeze", day(r["enhancements_freeze_utc"])}, {"code_freeze", day(r["code_freeze_utc"])}, {"date", ga}} {
			if f[1] == "" {
				continue
			}
			row[f[0]] = f[1]
			if from != "" && from <= today() {
				t.history = append(t.history, event{"release", name, f[0], from, f[1]})
			}
		}
		row["status"] = "planned"
		if ga != "" && ga <= today() {
			row["status"] = "released"
			t.history = append(t.history, event{"release", name, "status", ga, "released"})
		}
		if from != "" && from < ga && from <= today() {
			t.history = append(t.history, event{"release", name, "status", from, "planned"})
		}
		previous = cmp.Or(ga, previous)
		t.lines = append(t.lines, row)
	}
}

func today() string { return time.Now().UTC().Format(time.DateOnly) }

// rows writes the enhancements and their stages as they stand today.
func (t *translator) rows() {
	for _, r := range t.records {
		state := map[string]string{
			"status": text(r.Status), "stage": text(r.Stage), "latest-milestone": text(r.LatestMilestone), "title": text(r.Title), "owning-sig": text(r.OwningSIG),
		}
		row := map[string]any{
			"kind": "feature", "external_key": r.ID, "title": cmp.Or(state["title"], r.ID),
			"status": state["status"], "stage": state["stage"], "latest_milestone": state["latest-milestone"],
			"team": state["owning-sig"], "tags": r.Participating, "description": description(r.Sections), "archived": false,
		}
		if r.CreationDate != "" {
			row["created_at"] = r.CreationDate
		}
		if r.Path != "" {
			row["path"] = r.Path
		}
		if len(r.Authors) > 0 {
			row["owner"], _, _ = strings.Cut(text(r.Authors[0]), ",")
		}
		row["relates"], row["links"] = t.references(r)
		t.lines = append(t.lines, row)

		for stage, to := range r.Milestone {
			state[milestone+stage] = text(to)
		}
		names := map[string]bool{}
		for stage := range t.children[r.ID] {
			names[stage] = true
		}
		for stage, to := range r.Milestone {
			if text(to) != "" {
				names[stage] = true
			}
		}
		if committed(state) && slices.Contains(stages, state["stage"]) {
			names[state["stage"]] = true
		}
		for _, stage := range slices.Sorted(maps.Keys(names)) {
			key, to := r.ID+"/"+stage, state[milestone+stage]
			t.lines = append(t.lines, map[string]any{
				"kind": "feature", "external_key": key, "title": cmp.Or(state["title"], r.ID) + " (" + stage + ")", "parent": r.ID,
				"milestone": to, "release": t.releaseOf(key, to), "status": statusOf(stage, state), "team": state["owning-sig"],
			})
		}
	}
}

// description puts the sections together that say what is wanted.
func description(sections map[string]string) string {
	var all []string
	for _, s := range [][2]string{{"goals", "Goals"}, {"non_goals", "Non-goals"}, {"graduation_criteria", "Graduation criteria"}} {
		if body := strings.TrimSpace(sections[s[0]]); body != "" {
			all = append(all, "## "+s[1]+"\n\n"+body)
		}
	}
	return strings.ReplaceAll(strings.Join(all, "\n\n"), "\x00", "")
}

var numbered = regexp.MustCompile(`(?:^|/)0*(\d+)(?:-[^/]*)?(?:/README\.md|\.md)?/?$`)

// references sorts what a record points to into other records and addresses.
func (t *translator) references(r *record) (relates, links []string) {
	links = append(links, r.URL)
	for _, list := range []struct {
		title string
		refs  []string
	}{{"See also", r.SeeAlso}, {"Replaces", r.Replaces}} {
		for _, ref := range list.refs {
			ref = strings.TrimSpace(ref)
			if id := t.target(ref); id != "" {
				if id != r.ID && !slices.Contains(relates, id) {
					relates = append(relates, id)
				}
			} else if strings.HasPrefix(ref, "https://") || strings.HasPrefix(ref, "http://") {
				links = append(links, list.title+" "+ref)
			} else if base, ok := strings.CutSuffix(r.URL, r.Path); ok && strings.HasPrefix(strings.TrimPrefix(ref, "/"), "keps/") {
				links = append(links, list.title+" "+base+strings.TrimPrefix(ref, "/"))
			} else if ref != "" && !strings.EqualFold(ref, "n/a") && !strings.EqualFold(ref, "tbd") {
				t.kept[fmt.Sprintf("%s %q of %s, which names no record", strings.ToLower(list.title), ref, r.ID)]++
			}
		}
	}
	return relates, slices.DeleteFunc(links, func(l string) bool { return l == "" })
}

// target returns the record that a path or an address means.
func (t *translator) target(ref string) string {
	ref, _, _ = strings.Cut(ref, "#")
	if !strings.Contains(ref, "keps/") && !strings.Contains(ref, "kubernetes/enhancements/issues/") && strings.Contains(ref, "/") {
		return ""
	}
	for dir := strings.Trim(ref, "/"); dir != "." && dir != ""; dir = path.Dir(dir) {
		if t.byID[path.Base(dir)] != nil {
			return path.Base(dir)
		}
		if !strings.HasSuffix(dir, ".md") {
			break
		}
	}
	if m := numbered.FindStringSubmatch(ref); m != nil && t.byID[m[1]] != nil {
		return m[1]
	}
	return ""
}

// setup writes the product and the custom fields. They are dated before everything else,
// so that no day of the past is without them.
func (t *translator) setup() {
	const at = "2014-01-01"
	t.setupLines = []any{
		map[string]any{"kind": "product", "external_key": product, "name": "Kubernetes enhancements", "prefix": product, "created_at": at},
	}
	for _, f := range [][2]string{{"stage", "Stage"}, {"latest_milestone", "Latest milestone"}, {"milestone", "Milestone"}, {"path", "Path"}} {
		t.setupLines = append(t.setupLines, map[string]any{
			"kind": "custom_field", "external_key": "enhancements/" + f[0], "name": f[0], "label": f[1], "type": "text", "created_at": at,
		})
	}
}

// open opens a file, unpacked if it is gzipped.
func open(name string) (io.Reader, func() error, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, nil, err
	}
	src := bufio.NewReader(f)
	if magic, _ := src.Peek(2); string(magic) == "\x1f\x8b" {
		unpacked, err := gzip.NewReader(src)
		if err != nil {
			return nil, nil, errors.Join(fmt.Errorf("%s: %w", name, err), f.Close())
		}
		return unpacked, f.Close, nil
	}
	return src, f.Close, nil
}

// eachJSON calls do with each JSON value of a file.
func eachJSON[T any](name string, do func(T) error) error {
	src, done, err := open(name)
	if err != nil {
		return err
	}
	defer done()
	d := json.NewDecoder(src)
	for n := 1; ; n++ {
		var v T
		if err := d.Decode(&v); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("%s: value %d: %w", name, n, err)
		}
		if err := do(v); err != nil {
			return err
		}
	}
}

// readReleases reads the calendar, each row by the names of its columns.
func readReleases(name string) ([]map[string]string, error) {
	src, done, err := open(name)
	if err != nil {
		return nil, err
	}
	defer done()
	r := csv.NewReader(src)
	r.FieldsPerRecord = -1
	rows, err := r.ReadAll()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	var all []map[string]string
	for _, row := range rows[min(1, len(rows)):] {
		m := map[string]string{}
		for i, cell := range row[:min(len(row), len(rows[0]))] {
			m[strings.TrimSpace(rows[0][i])] = strings.TrimSpace(cell)
		}
		all = append(all, m)
	}
	return all, nil
}

// write writes one JSON object a line.
func write(name string, lines []any) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	dst := bufio.NewWriter(f)
	e := json.NewEncoder(dst)
	e.SetEscapeHTML(false)
	for _, line := range lines {
		if err := e.Encode(line); err != nil {
			return errors.Join(err, f.Close())
		}
	}
	return errors.Join(dst.Flush(), f.Close())
}
