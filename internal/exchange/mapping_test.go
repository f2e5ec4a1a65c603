package exchange

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/throughline-pm/throughline/internal/backlog"
	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger/ledgertest"
)

// Our own records in the form of an export of Jira with all fields.
const jiraExport = "\ufeffSummary,Issue key,Issue id,Issue Type,Status,Priority,Assignee,Created,Due date,Labels,Labels,Labels,Parent,Parent key,Inward issue link (Blocks),Outward issue link (Blocks),Outward issue link (Blocks),Description,Custom field (Story point estimate)\r\n" +
	"Offline maps,FB-1,10001,Epic,In Progress,High,Ann Lee,09/Jan/24 3:54 PM,,maps,offline,,,,,,,\"Maps, also\nwithout a net\",\r\n" +
	"Tiles,FB-2,10002,Story,Done,Medium,Ben Roe,10/Jan/24 9:05 AM,28/Feb/24 12:00 AM,maps,,,10001,FB-1,,FB-3,,'=not a formula,3\r\n" +
	"Cache,FB-3,10003,Story,To Do,Low,,11/Jan/24 12:30 PM,,,,,10001,FB-1,FB-2,,,,5\r\n"

func TestJiraExport(t *testing.T) {
	w := newWorld(t, ledgertest.Engines[0].Open(t)())
	w.product("Fieldbook", "FB")
	p := w.run(Request{File: file("jira.csv", jiraExport), Format: CSV})
	if p.Mapping.Name != "jira" {
		t.Errorf("the mapping is %s", p.Mapping.Name)
	}
	want := map[string]string{
		"FB-1": "Offline maps | In Progress | High | Ann Lee | maps; offline |  |  |  | 2024-01-09 15:54",
		"FB-2": "Tiles | Done | Medium | Ben Roe | maps | Offline maps |  | 2024-02-28 | 2024-01-10 09:05",
		"FB-3": "Cache | To Do | Low |  |  | Offline maps | Tiles |  | 2024-01-11 12:30",
	}
	if diff := cmp.Diff(want, w.show(w.at(""), "feature", "title", "status", "priority", "owner", "tags", "parent", "blocked_by", "target", "created_at")); diff != "" {
		t.Error(diff)
	}
	// another version of Jira names parents by their number alone
	older := strings.NewReplacer("Parent,Parent key,", "Parent id,Remaining Estimate,", "10001,FB-1,", "10001,,").Replace(jiraExport)
	w.ws = w.workspace("second")
	w.product("Fieldbook", "FB")
	w.run(Request{File: file("jira.csv", older), Format: CSV})
	if got := w.show(w.at(""), "feature", "parent"); got["FB-2"] != "Offline maps" || got["FB-3"] != "Offline maps" {
		t.Errorf("parents by number: %v", got)
	}
	if n := backlog.Dependencies.Len(w.at("").View); n != 1 {
		t.Errorf("the dependency that both ends name stands there %d times", n)
	}
}

// Our own records under the header of a wider export of Linear; a row lacks its last cell.
const linearExport = `ID,Team,Title,Description,Status,Estimate,Priority,Project ID,Project,Creator,Assignee,Labels,Cycle Number,Cycle Name,Cycle Start,Cycle End,Created,Updated,Started,Triaged,Completed,Canceled,Archived,Due Date,Parent issue,Initiatives,Project Milestone ID,Project Milestone,SLA Status,UUID,Time in status (minutes),Related to,Blocked by,Duplicate of
SYN-2,Sync,Retry,,In Progress,3,Urgent,,,ann@example.com,ann@example.com,"net, sync",,,,,Tue May 14 2024 08:53:33 GMT+0000 (GMT),,,,,,,,SYN-1,,,Spring,,u-2,17,,"SYN-1, SYN-3",
SYN-1,Sync,Offline,,Todo,,No priority,,,ann@example.com,,,,,,,Mon May 13 2024 08:53:33 GMT+0000 (GMT),,,,,,,,,,,,,u-1,3,SYN-3,
SYN-3,Sync,Again,,Duplicate,,Low,,,ann@example.com,,,,,,,Mon May 13 2024 08:53:33 GMT+0000 (GMT),,,,,,,,,,,,,u-3,3,,,SYN-2
`

func TestLinearExportWithRelations(t *testing.T) {
	w := newWorld(t, ledgertest.Engines[0].Open(t)())
	w.product("Fieldbook", "FB")
	p := w.run(Request{File: file("linear.csv", linearExport), Format: CSV})
	if p.Mapping.Name != "linear" {
		t.Errorf("the mapping is %s", p.Mapping.Name)
	}
	want := map[string]string{
		"SYN-1": "Offline | Todo |  |  |  |  |  | Again | ",
		"SYN-2": "Retry | In Progress | Urgent | net; sync | Offline | Spring | Again; Offline |  | ",
		"SYN-3": "Again | Duplicate | Low |  |  |  |  | Offline | Retry",
	}
	got := w.show(w.at(""), "feature", "title", "status", "priority", "tags", "parent", "release", "blocked_by", "relates", "duplicates")
	for key, row := range got { // what blocks stands in the order in which it was laid out
		got[key] = strings.Replace(row, "Offline; Again", "Again; Offline", 1)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestGitHubIssues(t *testing.T) {
	f, err := os.Open(filepath.Join(shared(t, "imports", "github-rest-devlake"), "_raw_github_api_issues.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.LazyQuotes = true
	rows, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	var bodies []string
	for _, row := range rows[1:] {
		var issue struct{ Number json.Number }
		if json.Unmarshal([]byte(row[2]), &issue) == nil && !seen[issue.Number.String()] {
			seen[issue.Number.String()] = true
			bodies = append(bodies, row[2])
		}
	}
	w := newWorld(t, ledgertest.Engines[0].Open(t)())
	w.product("Fieldbook", "FB")
	p := w.run(Request{File: file("issues.json", "["+strings.Join(bodies, ",\n")+"]")})
	if p.Mapping.Name != "github" || p.Count("feature").New != len(bodies) || len(bodies) < 20 {
		t.Errorf("%d issues by the mapping %s: %+v", len(bodies), p.Mapping.Name, p.Counts)
	}
	if got, want := w.show(w.at(""), "feature", "title", "status", "tags", "release", "links")["#4"], "pre-allocate the capacity of the worker list | Closed | enhancement | v0.11.0 | https://github.com/panjf2000/ants/pull/4"; got != want {
		t.Errorf("#4 is %s, want %s", got, want)
	}
}

func TestGuess(t *testing.T) {
	w := newWorld(t, ledgertest.Engines[0].Open(t)())
	w.product("Fieldbook", "FB")
	for _, c := range []struct {
		csv  string
		want map[string]string
	}{
		{
			"Task ID,Name,Section/Column,Assignee,Tags,Due Date,Notes,Parent task,Blocked By (Dependencies),Weather\n1,A,Doing,ann@example.com,\"a,b\",2026-01-01,text,,,wet\n",
			map[string]string{
				"Task ID": "external_key sure", "Name": "title sure", "Section/Column": "status sure", "Assignee": "owner sure", "Tags": "tags sure", "Due Date": "target sure",
				"Notes": "description sure", "Parent task": "parent sure", "Blocked By (Dependencies)": "blocked_by sure", "Weather": " none",
			},
		},
		{
			"Issue title,Their due date,Target\nA,2026-01-01,all users\n", // the values of Target are no dates
			map[string]string{"Issue title": "title sure", "Their due date": "target guess", "Target": " none"},
		},
		{"ID,UUID,Title\n1,x,A\n", map[string]string{"ID": "external_key sure", "UUID": " none", "Title": "title sure"}},
	} {
		p := w.plan(Request{File: file("x.csv", c.csv), Kind: "feature"})
		got := map[string]string{}
		for _, m := range p.Mapping.Columns {
			got[m.Column] = m.Field + " " + string(m.Certainty)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s%s", c.csv, diff)
		}
	}
}

func TestMappingFile(t *testing.T) {
	m, err := ReadMapping(strings.NewReader(`{"kind":"feature","columns":[{"column":"State","field":"status","values":{"Open":"Idea","*":"Live","":"Discovery"}},{"column":"K","field":"external_key","prefix":"OLD-","split":","}]}`))
	if err != nil {
		t.Fatal(err)
	}
	for in, want := range map[string]string{"OPEN": "Idea", " open ": "Idea", "Closed": "Live"} {
		if got := m.Columns[0].apply([]string{in}); !slices.Equal(got, []string{want}) {
			t.Errorf("%q becomes %q, want %q", in, got, want)
		}
	}
	if got := m.Columns[0].apply(nil); !slices.Equal(got, []string{"Discovery"}) {
		t.Errorf("nothing becomes %q", got)
	}
	if got := m.Columns[1].apply([]string{"1, 2,,3"}); !slices.Equal(got, []string{"OLD-1", "OLD-2", "OLD-3"}) {
		t.Errorf("split and with a prefix: %q", got)
	}
	for rule, want := range map[ListRule][]string{ListProblem: {"a", "b"}, ListFirst: {"a"}, ListLast: {"b"}, ListJoin: {"a, b"}} {
		c := ColumnMapping{List: rule}
		if got := c.apply([]string{"a", "b"}); !slices.Equal(got, want) {
			t.Errorf("%q of two values: %q", rule, got)
		}
	}
	for _, wrong := range []string{
		``, `[]`, `{"columns":[{"colum":"x"}]}`, `{"columns":[{}]}`, `{"columns":[{"field":"title"}]}`, `{"columns":[{"column":"x","constant":"y","field":"title"}]}`,
		`{"columns":[{"column":"x","date_format":"d"}]}`, `{"columns":[{"column":"x","list":"some"}]}`, `{"columns":[],"others":"what"}`,
	} {
		if _, err := ReadMapping(strings.NewReader(wrong)); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", wrong, err)
		}
	}
	if _, err := Preset("notion"); !fault.Is(err, fault.NotFound) {
		t.Errorf("a preset that there is not: %v", err)
	}
	for _, m := range Presets() {
		if p, err := Preset(m.Name); err != nil || p != m {
			t.Errorf("%s: %v", m.Name, err)
		}
	}
}

func FuzzMapping(f *testing.F) {
	for _, m := range Presets() {
		raw, err := json.Marshal(m)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw, "a,b;c")
	}
	f.Fuzz(func(t *testing.T, raw []byte, value string) {
		m, err := ReadMapping(bytes.NewReader(raw))
		if err != nil {
			if fault.KindOf(err) == "" {
				t.Fatalf("an internal error: %v", err)
			}
			return
		}
		for _, c := range m.Columns {
			c.apply([]string{value})
		}
	})
}
