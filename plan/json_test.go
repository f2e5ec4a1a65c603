package plan_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/throughline-pm/throughline/plan"
)

func TestWriteAndRead(t *testing.T) {
	want := sample()
	var text bytes.Buffer
	if err := want.Write(&text); err != nil {
		t.Fatal(err)
	}
	got, err := plan.Read(iotest.OneByteReader(&text))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestReadIsStrict(t *testing.T) {
	for text, want := range map[string]string{
		`{"horizont":3}`: "horizont: there is no such field; there are name, horizon,",
		`{"Horizon":3}`:  "Horizon: there is no such field",
		`{"activities":[{"id":"a"},{"id":"b","modes":[{"dur":3}]}]}`: "activities[1].modes[0].dur: there is no such field",
		`{"horizon":3,"horizon":4}`:                                  "horizon: the field is there twice",
		`{"horizon":3.5}`:                                            "horizon: 3.5 is no whole number",
		`{"horizon":99999999999999999999}`:                           "horizon: 99999999999999999999 is no whole number, or too great",
		`{"discount":1e999}`:                                         "discount: 1e999 is too great",
		`{"horizon":"3"}`:                                            "horizon: there is a text where a whole number is due",
		`{"horizon":true}`:                                           "horizon: there is true where a whole number is due",
		`{"features":{}}`:                                            "features: there is an object where a list is due",
		`{"features":[[]]}`:                                          "features[0]: there is a list where an object is due",
		`{"features":[{"value":{"rate":[{"at":0,"y":"x"}]}}]}`:       "features[0].value.rate[0].y: there is a text where a number is due",
		`[]`:               "problem: there is a list where an object is due",
		``:                 "problem: the text ends in the middle",
		`{"horizon":3`:     "problem: the text ends in the middle",
		`{"horizon":3} {}`: "there is more behind the problem",
		`{"horizon":3} x`:  "what is behind the problem: at byte",
		`{"horizon" 3}`:    "horizon: at byte",
		`{"links":[{"from":"a","to":"b","most":{}}]}`:                                   "links[0].most: there is an object where a whole number is due",
		`{"activities":[{"id":"a","modes":[{"demands":[{"effort":{"samples":[1,]}}]}]}`: "samples[1]: at byte",
	} {
		_, err := plan.Read(strings.NewReader(text))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: want %s, have %v", text, want, err)
		}
	}
}

func TestReadTakesNullForNothing(t *testing.T) {
	p, err := plan.Read(strings.NewReader(`{"horizon":3,"pools":null,"links":[{"most":null,"lag":2}],"discount":null}`))
	if err != nil {
		t.Fatal(err)
	}
	if want := (&plan.Problem{Horizon: 3, Links: []plan.Link{{Lag: 2}}}); !reflect.DeepEqual(p, want) {
		t.Errorf("have %+v", p)
	}
}

// A list that is too long is refused where it becomes so, however long it is.
func TestReadRefusesAMillion(t *testing.T) {
	text := io.MultiReader(strings.NewReader(`{"releases":[{}`), endless(",{}"))
	if _, err := plan.Read(text); err == nil || err.Error() != "releases: there are more than the 500 there may be; plan a part of the work" {
		t.Error(err)
	}
}

// endless is a text again and again.
type endless string

func (e endless) Read(b []byte) (int, error) { return copy(b, e), nil }

func TestReadUpTo(t *testing.T) {
	text := `{"horizon":3}`
	if _, err := plan.ReadUpTo(strings.NewReader(text), int64(len(text))); err != nil {
		t.Error(err)
	}
	if _, err := plan.ReadUpTo(strings.NewReader(text), int64(len(text))-1); err == nil || !strings.Contains(err.Error(), "longer than 12 bytes") {
		t.Error(err)
	}
	broken := errors.New("the line is cut")
	if _, err := plan.Read(io.MultiReader(strings.NewReader(`{"hor`), iotest.ErrReader(broken))); !errors.Is(err, broken) {
		t.Error(err)
	}
}

// The page about the format names every field there is, and its example is a valid problem.
func TestPageOfTheFormat(t *testing.T) {
	page, err := os.ReadFile("../docs/planning-format.md")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile("(?s)```json\n(.*?)```").FindSubmatch(page)
	if found == nil {
		t.Fatal("the page has no example")
	}
	p, err := plan.Read(bytes.NewReader(found[1]))
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Validate(); err != nil {
		t.Error(err)
	}
	seen := map[reflect.Type]bool{}
	var walk func(x reflect.Type)
	walk = func(x reflect.Type) {
		switch x.Kind() {
		case reflect.Slice, reflect.Pointer:
			walk(x.Elem())
		case reflect.Struct:
			if seen[x] {
				return
			}
			seen[x] = true
			for i := range x.NumField() {
				name, _, _ := strings.Cut(x.Field(i).Tag.Get("json"), ",")
				if !bytes.Contains(page, []byte("| `"+name+"` |")) {
					t.Errorf("the page says nothing of the field %s of %s", name, x)
				}
				walk(x.Field(i).Type)
			}
		}
	}
	walk(reflect.TypeFor[plan.Problem]())
	for _, s := range []plan.RuleSort{
		plan.Deadline, plan.InRelease, plan.NotBefore, plan.LeftOut, plan.StartAt, plan.InMode,
		plan.ByPerson, plan.Together, plan.EitherOr, plan.Apart, plan.AtOnce,
	} {
		if !bytes.Contains(page, []byte("| `"+string(s)+"` |")) {
			t.Errorf("the page says nothing of the rule %s", s)
		}
	}
}

// What is read can be written and read again, and is the same as what the lax decoder of
// the standard library reads.
func FuzzRead(f *testing.F) {
	var text bytes.Buffer
	if err := sample().Write(&text); err != nil {
		f.Fatal(err)
	}
	f.Add(text.Bytes())
	f.Add([]byte(`{"horizon":3,"links":[{"most":null}],"activities":null}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := plan.Read(bytes.NewReader(text))
		if err != nil {
			return
		}
		lax := &plan.Problem{}
		if err := json.Unmarshal(text, lax); err != nil {
			t.Fatalf("only the strict reader takes it: %v", err)
		}
		if diff := cmp.Diff(lax, p, cmpopts.EquateEmpty()); diff != "" {
			t.Error(diff)
		}
		var out bytes.Buffer
		if err := p.Write(&out); err != nil {
			t.Fatal(err)
		}
		again, err := plan.Read(&out)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(p, again, cmpopts.EquateEmpty()); diff != "" {
			t.Error(diff)
		}
	})
}
