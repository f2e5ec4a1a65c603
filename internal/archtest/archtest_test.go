package archtest

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

// TestHouse holds the module itself to the rules.
func TestHouse(t *testing.T) {
	house, err := load(repository(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rules {
		t.Run(r.name, func(t *testing.T) {
			for _, b := range r.check(house) {
				t.Error(b)
			}
		})
	}
}

// TestExamples holds the rules to their examples. An example is a small module and
// a file "want" with the breaches its rule must find in it, no more and no less.
// The mark ⟨⟩ is taken out first, so that an example can hold what no file of the
// repository may.
func TestExamples(t *testing.T) {
	for _, r := range rules {
		t.Run(r.name, func(t *testing.T) {
			examples, err := filepath.Glob(filepath.Join("testdata", r.name, "*.txtar"))
			if err != nil {
				t.Fatal(err)
			}
			caught := 0
			for _, p := range examples {
				t.Run(strings.TrimSuffix(filepath.Base(p), ".txtar"), func(t *testing.T) {
					text := example(t, p)
					want := string(text["want"])
					delete(text, "want")
					tree, err := load(text)
					if err != nil {
						t.Fatal(err)
					}
					var got strings.Builder
					for _, b := range r.check(tree) {
						got.WriteString(b.String() + "\n")
						caught++
					}
					if diff := cmp.Diff(want, got.String()); diff != "" {
						t.Errorf("breaches (-want +got):\n%s", diff)
					}
				})
			}
			if caught == 0 {
				t.Error("no example breaches this rule: nothing shows that it can fail")
			}
		})
	}
}

func TestLoadNamesWhatItCannotRead(t *testing.T) {
	for name, text := range map[string]map[string][]byte{
		"go.mod":            {},
		"internal/x/bad.go": {"go.mod": []byte("module example.org/house\n"), "internal/x/bad.go": []byte("package")},
	} {
		if _, err := load(text); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("load = %v, want an error that names %s", err, name)
		}
	}
}

// repository returns every file of the repository that is committed or about to be.
func repository(t *testing.T) map[string][]byte {
	t.Helper()
	const root = "../.."
	list := exec.Command("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	list.Dir = root
	out, err := list.Output()
	if err != nil {
		t.Fatalf("the rules read a git checkout, and git ls-files fails: %v", err)
	}
	text := map[string][]byte{}
	for name := range strings.SplitSeq(strings.TrimRight(string(out), "\x00"), "\x00") {
		b, err := os.ReadFile(filepath.Join(root, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue // deleted, but not yet committed
		}
		if err != nil {
			t.Fatal(err)
		}
		text[name] = b
	}
	return text
}

func example(t *testing.T, p string) map[string][]byte {
	t.Helper()
	archive, err := txtar.ParseFile(p)
	if err != nil {
		t.Fatal(err)
	}
	text := map[string][]byte{"go.mod": []byte("module example.org/house\n")}
	for _, f := range archive.Files {
		text[f.Name] = bytes.ReplaceAll(f.Data, []byte("⟨⟩"), nil)
	}
	return text
}
