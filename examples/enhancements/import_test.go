package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// workspace is a workspace that the script builds, with the program it calls.
type workspace struct {
	t    *testing.T
	data string
	env  []string
}

func newWorkspace(t *testing.T) *workspace {
	t.Helper()
	bin := t.TempDir()
	build := exec.Command("go", "build", "-o", filepath.Join(bin, "throughline"), "../../cmd/throughline")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return &workspace{
		t: t, data: filepath.Join(t.TempDir(), "data"),
		env: append(os.Environ(), "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH")),
	}
}

// build runs the script and returns what it printed.
func (w *workspace) build(records, changes, releases string) string {
	w.t.Helper()
	return w.run("bash", "import.sh", records, changes, releases, w.data, "enhancements")
}

func (w *workspace) run(name string, args ...string) string {
	w.t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Env = w.env
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		w.t.Fatalf("%s %s: %v\n%s\n%s", name, strings.Join(args, " "), err, stderr.String(), out)
	}
	return string(out)
}

// features returns the features by their external key, as of the end of a day, or now.
func (w *workspace) features(day string) map[string]map[string]any {
	w.t.Helper()
	args := []string{"export", "--data", w.data, "--workspace", "enhancements", "--kind", "feature", "--format", "jsonl"}
	if day != "" {
		args = append(args, "--at", day)
	}
	// the program is looked up on the PATH of the script
	out := w.run("bash", append([]string{"-c", `throughline "$@"`, "throughline"}, args...)...)
	all := map[string]map[string]any{}
	for line := range strings.Lines(out) {
		var f map[string]any
		if err := json.Unmarshal([]byte(line), &f); err != nil {
			w.t.Fatal(err)
		}
		all[f["external_key"].(string)] = f
	}
	return all
}

// raw reads JSON Lines as they are.
func raw(t *testing.T, name string) (all []map[string]any) {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatalf("the real files that this test reads are missing: %v", err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(z)
	lines.Buffer(nil, 8<<20)
	for lines.Scan() {
		var o map[string]any
		if err := json.Unmarshal(lines.Bytes(), &o); err != nil {
			t.Fatal(err)
		}
		all = append(all, o)
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

func str(v any) string {
	s, _ := v.(string)
	return s
}

// TestTheFolderOfRealRecords folds the raw changes on its own and compares every field at
// three days of the past with what the workspace shows.
func TestTheFolderOfRealRecords(t *testing.T) {
	dir := filepath.Join("..", "..", "..", "shared", "data", "keps")
	records, changes := filepath.Join(dir, "keps-dev.jsonl.gz"), filepath.Join(dir, "changes-dev.jsonl.gz")
	known := map[string]map[string]any{}
	for _, r := range raw(t, records) {
		known[str(r["id"])] = r
	}
	all := raw(t, changes)
	w := newWorkspace(t)
	w.build(records, changes, filepath.Join(dir, "releases.csv"))

	release := regexp.MustCompile(`^v?[1-9]\d*\.\d+$`)
	for _, day := range []string{"2021-06-30", "2023-03-31", "2025-09-30"} {
		end, err := time.Parse(time.DateOnly, day)
		if err != nil {
			t.Fatal(err)
		}
		end = end.AddDate(0, 0, 1)
		want, file := map[string]map[string]string{}, map[string]string{}
		for _, c := range all {
			at, err := time.Parse(time.RFC3339, str(c["commit_date"]))
			if err != nil {
				t.Fatal(err)
			}
			if !at.Before(end) {
				continue
			}
			id := str(c["kep"])
			if name := path.Base(str(c["path"])); known[name] != nil {
				id = name
			}
			if want[id] == nil {
				want[id] = map[string]string{}
			}
			if str(c["event"]) == "moved" {
				for field, value := range want[file[str(c["old"])]] { // the same file under a new number
					if want[id][field] == "" {
						want[id][field] = value
					}
				}
			}
			file[str(c["path"])] = id
			if field := str(c["field"]); field == "status" || field == "stage" || field == "latest-milestone" || strings.HasPrefix(field, "milestone.") {
				want[id][field] = strings.Join(strings.Fields(str(c["new"])), " ")
			}
		}
		got := w.features(day)
		compared, different := 0, []string{}
		compare := func(key, field, want string, got any) {
			compared++
			if str(got) != want {
				different = append(different, fmt.Sprintf("%s %s is %q, want %q", key, field, got, want))
			}
		}
		for id, fields := range want {
			f := got[id]
			compare(id, "status", fields["status"], f["status"])
			compare(id, "stage", fields["stage"], f["custom.stage"])
			compare(id, "latest milestone", fields["latest-milestone"], f["custom.latest_milestone"])
			for field, value := range fields {
				stage, ok := strings.CutPrefix(field, "milestone.")
				if !ok {
					continue
				}
				part := got[id+"/"+stage]
				compare(id, field, value, part["custom.milestone"])
				if value != "" {
					compare(id, "parent of "+field, id, part["parent"])
				}
				if release.MatchString(value) {
					compare(id, "release of "+field, "v"+strings.TrimPrefix(value, "v"), part["release"])
				}
			}
		}
		for id, r := range known { // a record exists from its creation date, and not before
			created, err := time.Parse("2006-1-2", str(r["creation_date"]))
			if err == nil && want[id] == nil && created.Before(end) != (got[id] != nil) {
				different = append(different, fmt.Sprintf("%s of %s is there: %t", id, str(r["creation_date"]), got[id] != nil))
			}
		}
		slices.Sort(different)
		t.Logf("%s: %d of %d fields of %d enhancements differ", day, len(different), compared, len(want))
		for _, d := range different {
			t.Log(d)
		}
		if len(different)*100 > compared || compared < 1000 {
			t.Errorf("on %s only %d of %d fields are equal", day, compared-len(different), compared)
		}
	}

	now := w.features("")
	for id, r := range known {
		f := now[id]
		if status := strings.Join(strings.Fields(str(r["status"])), " "); str(f["status"]) != status || f["archived"] != nil {
			t.Errorf("%s has the status %q, archived %v; its record says %q", id, f["status"], f["archived"], status)
		}
	}
	if f := now["991"]; f["archived"] != true || f["title"] != "Cloud Controller Manager Migration" {
		t.Errorf("991, which has no record and whose file was removed, is %v", f)
	}
	told, err := os.ReadFile(filepath.Join("..", "..", "docs", "import.md"))
	if err != nil {
		t.Fatal(err)
	}
	archived, released := 0, 0
	for _, f := range now {
		if f["archived"] == true {
			archived++
		}
		if f["release"] != nil {
			released++
		}
	}
	for _, line := range []string{
		fmt.Sprintf("| features | %d,%03d: ", len(now)/1000, len(now)%1000),
		fmt.Sprintf("| archived features | %d |", archived),
		fmt.Sprintf("| features with a release | %d |", released),
	} {
		if !strings.Contains(string(told), line) {
			t.Errorf("docs/import.md lacks the line %q", line)
		}
	}
	if out := w.build(records, changes, filepath.Join(dir, "releases.csv")); strings.Count(out, "Everything was there already.") != 2 {
		t.Errorf("the second time the script says\n%s", out)
	}
}

// TestOtherRecords: records of the same form as nobody has seen them yet.
func TestOtherRecords(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		p := filepath.Join(dir, name)
		if err := os.WriteFile(p, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return p
	}
	w := newWorkspace(t)
	w.build(file("none.jsonl", ""), file("none2.jsonl", ""), file("none.csv", ""))
	if n := len(w.features("")); n != 0 {
		t.Errorf("of nothing came %d features", n)
	}

	records := file("records.jsonl", `{"id":"90001","title":"=Odd ones","owning_sig":"sig-odd","authors":["@one","@two"],"status":"half done","creation_date":"2024-02-30","stage":"gamma","latest_milestone":"v9.99","milestone":{"gamma":"v9.99","alpha":"soon"},"see_also":["/keps/sig-odd/90002-more"],"replaces":null,"path":"keps/sig-odd/90001-odd","url":"https://example.com/keps/sig-odd/90001-odd","sections":{"goals":"Be odd"}}
{"id":"90002","title":null,"owning_sig":null,"authors":[],"status":null,"creation_date":null,"stage":null,"latest_milestone":null,"milestone":{},"see_also":[],"replaces":[],"path":"keps/sig-odd/90002-more","url":null,"sections":{}}
`)
	changes := file("changes.jsonl", `{"kep":"90001","path":"keps/sig-odd/90001-odd","event":"created","commit_date":"2024-03-01T10:00:00+02:00","field":"status","old":null,"new":"Half Done"}
{"kep":"90001","path":"keps/sig-odd/90001-odd","event":"created","commit_date":"2024-03-01T10:00:00+02:00","field":"milestone.gamma","old":null,"new":"9.98"}
{"kep":"90003","path":"keps/sig-odd/90003-gone","event":"created","commit_date":"2024-04-01T10:00:00Z","field":"status","old":null,"new":"implementable"}
{"kep":"90003","path":"keps/sig-odd/90003-gone","event":"file_removed","commit_date":"2024-05-01T10:00:00Z","field":null,"old":null,"new":null}
`)
	w.build(records, changes, file("releases.csv", "version,minor,ga_date,enhancements_freeze_utc,code_freeze_utc\nv9.98,98,2024-06-01,2024-04-01T00:00:00+00:00,\n"))
	now := w.features("")
	for key, want := range map[string]map[string]any{
		"90001":       {"title": "=Odd ones", "status": "half done", "custom.stage": "gamma", "custom.latest_milestone": "v9.99", "description": "## Goals\n\nBe odd", "team": "sig-odd"},
		"90001/gamma": {"release": "v9.99", "custom.milestone": "v9.99", "parent": "90001"},
		"90001/alpha": {"release": nil, "custom.milestone": "soon", "parent": "90001"},
		"90002":       {"title": "90002"},
		"90003":       {"status": "implementable", "archived": true},
	} {
		for field, value := range want {
			if now[key][field] != value {
				t.Errorf("%s: %s is %v, want %v", key, field, now[key][field], value)
			}
		}
	}
	if related := fmt.Sprint(now["90001"]["relates"]); related != "[90002]" {
		t.Errorf("90001 is related to %s", related)
	}
	then := w.features("2024-04-30")
	if f := then["90001/gamma"]; f["release"] != "v9.98" || f["custom.milestone"] != "9.98" {
		t.Errorf("at the end of April 90001/gamma was %v", f)
	}
	if f := then["90003"]; f == nil || f["archived"] != nil || f["status"] != "implementable" {
		t.Errorf("at the end of April 90003 was %v", f)
	}
}
