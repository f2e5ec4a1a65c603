package pages

import (
	"net/http"
	"slices"

	"github.com/throughline-pm/throughline/internal/backlog"
	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/web"
	"github.com/throughline-pm/throughline/internal/web/tableweb"
	"github.com/throughline-pm/throughline/internal/web/ui"
)

var dependencyRoutes = []web.Route{
	{Method: http.MethodPost, Pattern: "/w/{workspace}/features/{entity}/dependencies", Who: web.Member, Handle: connect},
	{Method: http.MethodPost, Pattern: "/w/{workspace}/features/{entity}/dependencies/remove", Who: web.Member, Handle: disconnect},
}

// relation is what another feature can be to one, as a person says it.
type relation struct {
	name, label string
	column      string
	kind        backlog.DependencyType
	turned      bool // the other one is where the dependency starts
}

var relations = []relation{
	{"blocked-by", "Blocked by", "blocked_by", backlog.Blocks, true},
	{"blocks", "Blocks", "blocks", backlog.Blocks, false},
	{"relates", "Related to", "relates", backlog.Relates, false},
	{"duplicates", "Duplicate of", "duplicates", backlog.Duplicates, false},
}

func relationOptions() []ui.Option {
	all := make([]ui.Option, len(relations))
	for i, r := range relations {
		all[i] = ui.Option{Value: r.name, Label: r.label}
	}
	return all
}

// mayRelate reports whether the reader may connect the feature with another, or part them;
// zero is one that they have not chosen yet.
func mayRelate(v *tableweb.View, op ledger.Op, other ledger.ID) bool {
	return v.Request.May(op, backlog.Dependencies.Name(), &backlog.Dependency{From: ledger.Ref(v.Row.ID()), To: ledger.Ref(other)})
}

// related are the two ends of the dependency that a form names.
func related(q *web.Request, f *ui.Form) (v *tableweb.View, r relation, other ledger.ID, err error) {
	if v, err = features.Find(q); err != nil {
		return v, r, other, err
	}
	i := slices.IndexFunc(relations, func(r relation) bool { return r.name == f.Values.Get("type") })
	if i < 0 {
		return v, r, other, fault.New(fault.Invalid, "choose what the other feature is to this one")
	}
	other, err = v.Scope.Find("feature", f.Values.Get("feature"))
	return v, relations[i], other, err
}

func connect(q *web.Request) error {
	return changeDependency(q, "Connected", func(tx *ledger.Tx, from ledger.ID, r relation, to ledger.ID) error {
		return backlog.Connect(tx, from, r.kind, to)
	})
}

func disconnect(q *web.Request) error {
	return changeDependency(q, "Disconnected", func(tx *ledger.Tx, from ledger.ID, r relation, to ledger.ID) error {
		if r.kind == backlog.Relates { // it may have been said from the other side
			if err := backlog.Disconnect(tx, to, r.kind, from); err != nil {
				return err
			}
		}
		return backlog.Disconnect(tx, from, r.kind, to)
	})
}

func changeDependency(q *web.Request, done string, do func(tx *ledger.Tx, from ledger.ID, r relation, to ledger.ID) error) error {
	f, err := q.Form("type", "feature")
	if err != nil {
		return err
	}
	v, r, other, err := related(q, f)
	if v == nil {
		return err
	}
	var seq ledger.Seq
	if err == nil {
		from, to := v.Row.ID(), other
		if r.turned {
			from, to = to, from
		}
		seq, err = q.Update("connect", func(tx *ledger.Tx) error { return do(tx, from, r, to) })
	}
	if err != nil {
		status, ok := web.Refused(f, err)
		if !ok {
			return err
		}
		return features.Show(q, status, f)
	}
	q.Said(done+" "+v.Row.Key(), seq)
	return q.Redirect(v.Path())
}

// hasRelations reports whether the feature has a dependency that is shown.
func hasRelations(v *tableweb.View) bool {
	return slices.ContainsFunc(relations, func(r relation) bool { return len(linked(v, r.column)) > 0 })
}

// relationMessage is what was wrong with the dependency that was to be made.
func relationMessage(f *ui.Form) *ui.Form {
	if f == nil || f.Message != "" {
		return f
	}
	g := *f
	for _, name := range []string{"to", "type", "from"} {
		if m := f.Errors[name]; m != "" {
			g.Message = "The dependency " + m
		}
	}
	return &g
}
