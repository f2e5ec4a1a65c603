package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/throughline-pm/throughline/plan"
	"github.com/throughline-pm/throughline/plan/nrp"
	"github.com/throughline-pm/throughline/plan/rcpsp"
)

// puzzle is what a file holds for the planning engine: one of the three is set.
type puzzle struct {
	problem  *plan.Problem   // JSON, YAML, or a project of the iMOPSE sets
	project  *rcpsp.Instance // of PSPLIB
	products *nrp.Instance   // in the format of Xuan
}

// form is a format of files.
type form string

const (
	formJSON   form = "JSON"
	formYAML   form = "YAML"
	formPSPLIB form = "PSPLIB"
	formIMOPSE form = "iMOPSE"
	formXuan   form = "NRP"
)

// formOf tells the format of a file by its name and, where that leaves it open, by what it
// begins with. It is "" for a text that nothing here reads.
func formOf(name string, text []byte) form {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".json":
		return formJSON
	case ".yaml", ".yml":
		return formYAML
	case ".sm":
		return formPSPLIB
	case ".def":
		return formIMOPSE
	}
	text = bytes.TrimSpace(text)
	switch {
	case bytes.HasPrefix(text, []byte("{")):
		return formJSON
	case bytes.Contains(text, []byte("PRECEDENCE RELATIONS")):
		return formPSPLIB
	case bytes.Contains(text, []byte("ResourceID")) && bytes.Contains(text, []byte("TaskID")):
		return formIMOPSE
	case bytes.Contains(text, []byte("horizon:")):
		return formYAML
	case len(text) > 0 && '0' <= text[0] && text[0] <= '9':
		return formXuan
	}
	return ""
}

// mostText is how long a file may be.
const mostText = 1 << 28

// puzzleAt reads a file.
func puzzleAt(name string) (*puzzle, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, mostText+1))
	if err != nil {
		return nil, err
	}
	if len(text) > mostText {
		return nil, fmt.Errorf("the file is longer than %d MiB", mostText>>20)
	}
	p := &puzzle{}
	switch formOf(name, text) {
	case formJSON:
		p.problem, err = plan.Read(bytes.NewReader(text))
	case formYAML:
		p.problem, err = readYAML(text)
	case formPSPLIB:
		p.project, err = rcpsp.ReadPSPLIB(bytes.NewReader(text))
	case formIMOPSE:
		p.problem, err = plan.ReadIMOPSE(bytes.NewReader(text))
	case formXuan:
		p.products, err = nrp.Read(bytes.NewReader(text))
	default:
		err = errors.New("the file is no problem in a format that is known; see 'throughline solve --help'")
	}
	return p, err
}

// readYAML reads a problem from YAML, as strictly as from JSON.
func readYAML(text []byte) (*plan.Problem, error) {
	var v any
	if err := yaml.Unmarshal(text, &v); err != nil {
		return nil, err
	}
	asJSON, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("the YAML says what JSON cannot: %w", err)
	}
	return plan.Read(bytes.NewReader(asJSON))
}

// filesIn returns the files that args name: those, and of folders all in them that are
// problems by their format.
func filesIn(args []string) ([]string, error) {
	var files []string
	for _, arg := range args {
		info, err := os.Stat(arg)
		if err != nil {
			return nil, err
		}
		if !info.IsDir() {
			files = append(files, arg)
			continue
		}
		before := len(files)
		err = filepath.WalkDir(arg, func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			head, err := headOf(name)
			if formOf(name, head) != "" {
				files = append(files, name)
			}
			return err
		})
		if err != nil {
			return nil, err
		}
		if len(files) == before {
			return nil, fmt.Errorf("there are no problems in %s", arg)
		}
	}
	return files, nil
}

// headOf returns the first kilobytes of a file.
func headOf(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, 8<<10))
}
