package ledger

import (
	"bytes"
	"cmp"
	"context"
	"reflect"
	"runtime"
	"slices"
	"sync"
)

// loadState reads a workspace from the database, decoding on all cores.
func (l *Ledger) loadState(ctx context.Context, ws *workspace) (*state, error) {
	b := newBuilder(l.reg, newState(l.reg))
	type block struct {
		docs []Doc
		out  []Entity
		done chan error
	}
	work := make(chan *block)
	ordered := make(chan *block, 64)
	var decoders sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		decoders.Go(func() {
			for bl := range work {
				bl.done <- ws.decode(bl.docs, bl.out)
			}
		})
	}
	collected := make(chan error, 1)
	byKind := map[*kind][]Entity{}
	go func() {
		var failed error
		for bl := range ordered {
			if err := <-bl.done; err != nil && failed == nil {
				failed = err
			}
			if failed != nil {
				continue
			}
			for i, e := range bl.out {
				if e != nil {
					k := l.reg.byName[bl.docs[i].Kind]
					byKind[k] = append(byKind[k], e)
				}
			}
		}
		collected <- failed
	}()
	head, err := l.store.Load(ctx, ws.id, func(docs []Doc) error {
		bl := &block{docs, make([]Entity, len(docs)), make(chan error, 1)}
		ordered <- bl
		work <- bl
		return nil
	})
	close(work)
	close(ordered)
	decoders.Wait()
	if failed := <-collected; err == nil {
		err = failed
	}
	if err != nil {
		return nil, err
	}
	for _, k := range l.reg.kinds {
		all := byKind[k]
		slices.SortFunc(all, func(a, b Entity) int {
			x, y := a.meta(), b.meta()
			if x.Born != y.Born {
				return cmp.Compare(x.Born, y.Born)
			}
			return bytes.Compare(x.ID[:], y.ID[:])
		})
		b.fill(k, all)
	}
	b.seq, b.lastAt, b.hash = head.Seq, head.LastAt, head.Hash
	if head.Counters != nil {
		b.counters = head.Counters
	}
	return b.publish(), nil
}

// decode opens documents; those of kinds that this binary does not know stay nil.
func (ws *workspace) decode(docs []Doc, out []Entity) error {
	raws := make([][]byte, len(docs))
	for i, d := range docs {
		if k := ws.l.reg.byName[d.Kind]; k != nil {
			var err error
			if raws[i], err = k.current(d); err != nil {
				return err
			}
		}
	}
	dec := strict(bytes.Join(raws, nil))
	for i, d := range docs {
		k := ws.l.reg.byName[d.Kind]
		if k == nil {
			continue
		}
		e, err := k.open(d, raws[i], dec)
		if err != nil {
			return err
		}
		if !gone(e) {
			k.plan.intern(e, &ws.strings)
		}
		out[i] = e
	}
	return nil
}

// interner keeps one copy of short strings that repeat: statuses, tags, types.
type interner struct {
	mu   sync.Mutex
	seen map[string]string
}

const (
	internLength = 48
	internCount  = 1 << 16
)

func (in *interner) one(s string) string {
	if len(s) == 0 || len(s) > internLength {
		return s
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	if have, ok := in.seen[s]; ok {
		return have
	}
	if in.seen == nil || len(in.seen) >= internCount {
		in.seen = map[string]string{}
	}
	in.seen[s] = s
	return s
}

// intern replaces the repeated strings of a new entity; texts that are searched are as a
// rule each their own.
func (p *fields) intern(e Entity, in *interner) {
	v := reflect.ValueOf(e).Elem()
	for _, f := range p.list {
		if !f.share || f.class == text {
			continue
		}
		switch fv := f.of(v); fv.Kind() {
		case reflect.String:
			if fv.Len() > 0 {
				fv.SetString(in.one(fv.String()))
			}
		case reflect.Slice:
			if fv.Type().Elem().Kind() == reflect.String {
				for i := range fv.Len() {
					fv.Index(i).SetString(in.one(fv.Index(i).String()))
				}
			}
		}
	}
}
