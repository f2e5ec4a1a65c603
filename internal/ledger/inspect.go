package ledger

import (
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"strings"
	"sync"

	"github.com/throughline-pm/throughline/internal/fault"
)

// findings are what is wrong with some changes, by the order in which it is answered:
// what cannot be stored or is not ours to know, rights, references, rules.
type findings struct {
	form, rights error
	refs, rules  fault.Fields
}

// inspectAtOnce is the number of changes from which they are looked at on all cores: an
// import holds up the others as long as its entities are checked.
const inspectAtOnce = 512

// inspect asks form, rights, references and the rules of the kinds about every change.
func (tx *Tx) inspect(changes []*change) error {
	workers := 1
	if len(changes) >= inspectAtOnce {
		workers = runtime.GOMAXPROCS(0)
	}
	found := make([]findings, workers)
	var all sync.WaitGroup
	for i := range found {
		some := changes[len(changes)*i/workers : len(changes)*(i+1)/workers]
		if workers == 1 {
			tx.look(some, &found[i])
			break
		}
		all.Go(func() {
			defer func() {
				if v := recover(); v != nil {
					found[i].form = fmt.Errorf("%w: %v", errPanic, v)
				}
			}()
			tx.look(some, &found[i])
		})
	}
	all.Wait()
	var sum findings
	for _, f := range found {
		sum.form, sum.rights = first(sum.form, f.form), join(sum.rights, f.rights)
		sum.refs, sum.rules = append(sum.refs, f.refs...), append(sum.rules, f.rules...)
	}
	return first(sum.form, sum.rights, sum.refs.Err(), sum.rules.Err())
}

func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func (tx *Tx) look(changes []*change, f *findings) {
	v := whole{tx.b, tx.seq}
	for _, c := range changes {
		before, after := alive(c.before), alive(c.after)
		w := Write{Op: c.op(), Kind: c.k.name, Before: before, After: after, Branch: tx.branch, Verb: tx.Verb}
		if f.form = first(tx.checkForm(c), tx.checkProposal(c), tx.checkRefs(c, &f.refs)); f.form != nil {
			return
		}
		if err := tx.viewer.may(v, w); err != nil {
			f.rights = tx.refused(f.rights, c, err)
			continue // every change that is not allowed is named
		}
		for _, check := range c.k.checks {
			check(v, before, after, &f.rules)
		}
	}
}

// join adds what one worker found not allowed to what others did.
func join(sum, more error) error {
	var all, also *fault.Error
	if errors.As(sum, &all) && errors.As(more, &also) {
		all.Fields = append(all.Fields, also.Fields...)
		return sum
	}
	return first(sum, more)
}

// refused adds a change that is not allowed to those before it. Where one command changes
// many entities, its answer says which of them the actor may not change.
func (tx *Tx) refused(sum error, c *change, err error) error {
	var why *fault.Error
	if len(tx.changes) < 2 || !errors.As(err, &why) || why.Kind != fault.Forbidden {
		return first(sum, err)
	}
	e := c.before
	if e == nil {
		e = c.after
	}
	field := fault.Field{Name: tx.describe(c.k, e), Message: why.Message}
	var all *fault.Error
	if errors.As(sum, &all) {
		all.Fields = append(all.Fields, field)
		return sum
	}
	if sum != nil {
		return sum
	}
	return &fault.Error{Kind: fault.Forbidden, Message: why.Message, Fields: []fault.Field{field}, Cause: why.Cause}
}

var errPanic = errors.New("ledger: the command panicked")

func invalid(k *kind, err error) error {
	name, message, ok := strings.Cut(err.Error(), ": ")
	if !ok {
		name, message = "", err.Error()
	}
	return &fault.Error{Kind: fault.Invalid, Message: "the " + k.name + " is not valid", Fields: []fault.Field{{Name: name, Message: message}}}
}

// maxDocument is the greatest size in bytes of a document; longer texts are TextRefs.
const maxDocument = 256 << 10

// checkForm refuses values that an engine could not store, and long texts that this
// transaction did not make: a forged hash would read another's text.
func (tx *Tx) checkForm(c *change) error {
	if gone(c.after) {
		return nil
	}
	if err := checkValues(c.k, c.after, c.fields); err != nil {
		return err
	}
	if len(c.k.plan.texts) == 0 {
		return nil
	}
	had := map[string]bool{}
	if !gone(c.before) {
		c.k.plan.eachText(c.before, func(_ *field, t TextRef) { had[t.hash] = true })
	}
	var err error
	c.k.plan.eachText(c.after, func(f *field, t TextRef) {
		if t.hash != "" && !had[t.hash] && tx.blobs[t.hash] == nil && !tx.held[t.hash] {
			err = fmt.Errorf("%s: a long text must be made by the transaction that stores it", f.name)
		}
	})
	if err != nil {
		return invalid(c.k, err)
	}
	return nil
}

func checkValues(k *kind, e Entity, changes Changes) error {
	size := 0
	for _, ch := range changes {
		size += len(ch.New)
		f := k.plan.byName[ch.Field]
		if f == nil || f.check == nil {
			continue
		}
		if err := f.check(f.of(reflect.ValueOf(e).Elem()), f.name); err != nil {
			return invalid(k, err)
		}
	}
	if size > maxDocument {
		return fault.New(fault.TooLarge, "the %s has %d bytes of fields; at most %d fit", k.name, size, maxDocument)
	}
	return nil
}

// checkRefs refuses references to nothing, from either side.
func (tx *Tx) checkRefs(c *change, faults *fault.Fields) error {
	if gone(c.after) {
		for _, from := range tx.b.reg.kinds {
			for e := range tx.b.table(from).find(byTarget, c.id) {
				return fault.New(fault.Conflict, "%s is still used by %s", tx.describe(c.k, c.before), tx.describe(from, e))
			}
		}
		return nil
	}
	c.k.plan.eachRef(c.after, func(r refTo) {
		target := tx.b.reg.byName[r.kind]
		if target == nil {
			faults.Add(r.field.name, "%q is no kind of entity", r.kind)
			return
		}
		e := tx.b.table(target).get(r.target)
		if !gone(e) && (tx.sees(target, e) || heldBefore(c, r.target)) {
			return
		}
		faults.Add(r.field.name, "there is no %s %s", r.kind, r.target)
	})
	return nil
}

// heldBefore reports whether the entity already referred to target: an actor who cannot
// see the target may still edit the rest.
func heldBefore(c *change, target ID) bool {
	held := false
	if !gone(c.before) {
		c.k.plan.eachRef(c.before, func(r refTo) { held = held || r.target == target })
	}
	return held
}
