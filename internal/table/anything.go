package table

import (
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/throughline-pm/throughline/internal/ledger"
)

// Anything is a column that leads to one entity of any kind. It is written as the key or
// the identifier of what the writer may see, or as an object with kind and id; filters
// compare the identifier.
func Anything[T any](name, label string, at func(*T) *ledger.AnyRef) Column[T] {
	c := Column[T]{Info: Info{Name: name, Label: label, Type: TypeObject, Writable: true, Shape: reflect.TypeFor[Target]()}}
	c.text = func(_ *Scope, e *T) string {
		if at(e).ID.IsZero() {
			return ""
		}
		return at(e).ID.String()
	}
	c.value = func(s *Scope, e *T) any {
		if t, ok := s.Target(at(e).Kind, at(e).ID); ok {
			return t
		}
		return nil
	}
	c.show = func(s *Scope, e *T) string {
		if s.Set == nil {
			return c.text(s, e)
		}
		t, _ := s.Target(at(e).Kind, at(e).ID)
		return t.String()
	}
	c.set = func(s *Scope, _ Writer, e *T, in any) error {
		ref, err := asAnything(s, in)
		if err == nil {
			*at(e) = ref
		}
		return err
	}
	return c
}

// Anything returns the entity of any kind with the identifier or key, if the scope's
// reader sees it.
func (s *Scope) Anything(text string) (ledger.AnyRef, error) {
	ref, err := asAnything(s, text)
	if err == nil && ref.ID.IsZero() {
		err = errors.New("there is nothing without a name")
	}
	return ref, err
}

// asAnything reads what the scope's reader sees; what they do not is refused as what does
// not exist.
func asAnything(s *Scope, in any) (ledger.AnyRef, error) {
	kind, text := "", ""
	switch in := in.(type) {
	case nil:
		return ledger.AnyRef{}, nil
	case string:
		text = strings.TrimSpace(in)
	case map[string]any:
		kind, _ = in["kind"].(string)
		text, _ = in["id"].(string)
		if text == "" {
			return ledger.AnyRef{}, errors.New("needs the member id")
		}
	default:
		return ledger.AnyRef{}, errors.New("must be the identifier or key of an entity, or an object with kind and id")
	}
	if text == "" {
		return ledger.AnyRef{}, nil
	}
	id, notID := ledger.ParseID(text)
	for _, t := range s.Set.All() {
		if kind != "" && t.Kind() != kind {
			continue
		}
		if notID == nil {
			if _, there := t.Row(s.View, id); there {
				return ledger.AnyRef{Kind: t.Kind(), ID: id}, nil
			}
			continue
		}
		if !strings.Contains(text, "-") { // no key
			continue
		}
		if found := t.Named(s.View, text); len(found) == 1 {
			return ledger.AnyRef{Kind: t.Kind(), ID: found[0]}, nil
		}
	}
	return ledger.AnyRef{}, fmt.Errorf("there is nothing called %q", text)
}

// Then lets something else of the entity follow what is written to the column; s.View is
// what is written to.
func (c Column[T]) Then(follow func(s *Scope, e *T) error) Column[T] {
	write := c.set
	c.set = func(s *Scope, w Writer, e *T, in any) error {
		if err := write(s, w, e, in); err != nil {
			return err
		}
		return follow(s, e)
	}
	return c
}
