package ledger

// Policy says who may see and change what. The kernel asks it at every read and at the
// start of every transaction, so a route cannot forget to. A ledger without one refuses
// everybody but System.
type Policy interface {
	// Viewer returns what the actor sees and may do. It is computed from v, the
	// workspace now; for a transaction, as it is before it: nobody gives themselves the
	// right to what they are doing.
	Viewer(v View, as Actor) (Viewer, error)
}

// Viewer is one actor's sight of a workspace.
type Viewer struct {
	// Class is equal for viewers that see the same entities; memoised results that pass
	// through rights are shared within a class.
	Class string
	// Sees reports whether an entity is visible; nil: all are. v is everything at the
	// moment that e is read from, now, past or proposed: what e belongs to is looked up
	// there, since it may be gone now, or not there yet.
	Sees func(v View, kind string, e Entity) bool
	// Reads are the kinds that Sees looks at beside the entity it is asked about: what was
	// memoised through rights is forgotten when one of them changes.
	Reads []AnyKind
	// Live: everything that stands in the workspace now is visible, so that Sees is asked
	// about past moments only, where things were private that are not any more.
	Live bool
	// Personal are kinds of which viewers of one class may see different entities, as
	// saved views of their own. Only they decide about these kinds.
	Personal []Personal
	// May returns nil if the actor may make the change, else a fault, usually Forbidden;
	// nil: the actor may change nothing. v is the whole workspace with the transaction's
	// changes in place. It may be called from several goroutines at once.
	May func(v View, w Write) error
}

// may asks about one change.
func (w Viewer) may(v View, c Write) error {
	if w.May == nil {
		return forbidden(c)
	}
	return w.May(v, c)
}

// Personal is a viewer's sight of one kind.
type Personal struct {
	Kind  string
	Class string // equal for viewers that see the same entities of the kind
	Sees  func(v View, e Entity) bool
}

// limited reports whether the viewer may not see every entity of the kind.
func (w Viewer) limited(k *kind) bool { return w.restricted() || w.personal(k) != nil }

func (w Viewer) restricted() bool { return w.Sees != nil && !w.Live }

func (w Viewer) personal(k *kind) *Personal {
	for i := range w.Personal {
		if w.Personal[i].Kind == k.name {
			return &w.Personal[i]
		}
	}
	return nil
}

// sees asks about one entity.
func (w Viewer) sees(v View, k *kind, e Entity) bool {
	if p := w.personal(k); p != nil {
		return p.Sees(v, e)
	}
	return !w.restricted() || w.Sees(v, k.name, e)
}

// class names what the viewer sees of the kinds: equal for viewers that see the same.
func (w Viewer) class(reads []*kind) string {
	class := ""
	if w.restricted() {
		class = w.Class
	}
	for _, k := range reads {
		if p := w.personal(k); p != nil {
			class += "|" + k.name + ":" + p.Class
		}
	}
	return class
}

// Write is one change of one entity, as the policy is asked about it.
type Write struct {
	Op     Op
	Kind   string
	Before Entity // nil for OpCreate
	After  Entity // nil for OpDelete
	Branch ID     // the proposal it is made in; zero: live
	Verb   string
}

// denyAll is the policy of a ledger that was given none.
type denyAll struct{}

func (denyAll) Viewer(_ View, as Actor) (Viewer, error) {
	if as.ID == System.ID {
		return Viewer{Class: "system", May: func(View, Write) error { return nil }}, nil
	}
	return Viewer{Class: "nobody", Sees: func(View, string, Entity) bool { return false }}, nil
}
