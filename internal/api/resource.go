package api

import (
	"context"
	"net/http"
	"strings"

	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/table"
)

// resource is a table as a resource of each workspace.
type resource struct {
	api   *API
	table table.Any
}

// list answers a page of what passes the query.
func (r *resource) list(c *call) (answer, error) {
	scope, err := c.Scope()
	if err != nil {
		return answer{}, err
	}
	snapshot, err := c.Snapshot()
	if err != nil {
		return answer{}, err
	}
	var f fault.Fields
	query, err := table.ParseQuery(c.R.URL.Query())
	if err := gather(&f, err); err != nil {
		return answer{}, err
	}
	limit := c.limit(&f)
	hash := queryHash(r.table.Name(), query)
	var from cursor
	if after := c.Query("after"); after != "" {
		if from, err = parseCursor(after, hash); err != nil {
			f.Add("after", "%v", err)
		}
	}
	if err := f.Err(); err != nil {
		return answer{}, err
	}
	list, err := r.table.List(c.Context(), scope, snapshot, query)
	if err != nil {
		return answer{}, err
	}
	first := 0
	if from.place > 0 {
		first = list.After(from.row, from.place)
	}
	rows := list.Rows(first, limit)

	e := &encoder{ctx: c.Context(), scope: scope, b: make([]byte, 0, 512*(len(rows)+1))}
	columns := choose(r.table.Columns(scope.View), query.Columns, false)
	read := r.table.Reader(scope, columns)
	e.b = append(e.b, `{"items":[`...)
	for i, row := range rows {
		if i > 0 {
			e.b = append(e.b, ',')
		}
		e.entity(row, columns, read(row))
	}
	e.b = append(e.b, ']')
	e.member("total", float64(list.Total))
	if list.Groups != nil {
		e.member("groups", groups(list.Groups))
	}
	e.member("next", next(list, rows, first, hash))
	e.b = append(e.b, '}')
	return answer{Body: e.b, ETag: tag(0, e.b)}, e.err
}

// next returns the cursor of the next page, nil if there is none.
func next(list *table.List, rows []table.Row, first int, hash uint32) any {
	if place := first + len(rows); len(rows) > 0 && place < list.Total {
		return cursor{hash, rows[len(rows)-1].ID(), place}.String()
	}
	return nil
}

// group is a section of a list.
type group struct {
	Value string        `json:"value" doc:"the value of the column by which the list is grouped, as a text; empty for none"`
	Link  *table.Target `json:"link,omitempty" doc:"the entity behind the value"`
	First int           `json:"first" doc:"the place of its first item in the whole list, from 0"`
	Count int           `json:"count"`
}

func groups(all []table.Group) []group {
	out := make([]group, len(all))
	for i, g := range all {
		out[i] = group{Value: g.Value, First: g.First, Count: g.Count}
		if g.Link != (table.Target{}) {
			out[i].Link = &g.Link
		}
	}
	return out
}

// row returns the entity that the address names, by identifier or human key; of what
// there is one, that.
func (r *resource) row(c *call, v ledger.View) (table.Row, error) {
	if r.table.Only() {
		for row := range r.table.Rows(v) {
			return row, nil
		}
		return table.Row{}, fault.New(fault.NotFound, "the workspace has no %s yet", r.table.Name())
	}
	name := c.R.PathValue("id")
	id, err := ledger.ParseID(name)
	if err != nil {
		found, _ := c.Kit.Ledger.Registry().Find(v, strings.ToUpper(name))
		id = found.ID // of another kind: the table has none such
	}
	row, ok := r.table.Row(v, id)
	if !ok {
		return table.Row{}, fault.New(fault.NotFound, "there is no %s %q, or it is not for you", r.table.One(), name)
	}
	return row, nil
}

// read answers one entity.
func (r *resource) read(c *call) (answer, error) {
	scope, err := c.Scope()
	if err != nil {
		return answer{}, err
	}
	query, err := table.ParseQuery(c.R.URL.Query())
	if err != nil {
		return answer{}, err
	}
	row, err := r.row(c, scope.View)
	if err != nil {
		return answer{}, err
	}
	return r.show(c.Context(), scope, row, query.Columns)
}

// show answers with a row, long texts included.
func (r *resource) show(ctx context.Context, scope *table.Scope, row table.Row, named []string) (answer, error) {
	all := r.table.Columns(scope.View)
	if err := known(named, all); err != nil {
		return answer{}, err
	}
	columns := choose(all, named, true)
	e := &encoder{ctx: ctx, scope: scope, b: make([]byte, 0, 1024)}
	e.entity(row, columns, r.table.Reader(scope, columns)(row))
	return answer{Body: e.b, ETag: tag(row.Version(), e.b)}, e.err
}

func known(named []string, all []table.Info) error {
	have := map[string]bool{}
	var names []string
	for _, c := range all {
		have[c.Name] = true
		names = append(names, c.Name)
	}
	var f fault.Fields
	for _, n := range named {
		if !have[n] {
			f.Add("columns", "there is no column %q; there are %s", n, strings.Join(names, ", "))
		}
	}
	return f.Err()
}

// wrote answers with an entity as a write at seq has left it.
func (r *resource) wrote(c *call, seq ledger.Seq, id ledger.ID) (answer, error) {
	snapshot, err := c.After(seq)
	if err != nil {
		return answer{}, err
	}
	scope, err := c.Scope()
	if err != nil {
		return answer{}, err
	}
	row, ok := r.table.Row(snapshot, id)
	if !ok {
		return answer{}, fault.New(fault.NotFound, "there is no %s %s any more", r.table.One(), id)
	}
	return r.show(c.Context(), scope.In(snapshot), row, nil)
}

// create makes an entity of the body.
func (r *resource) create(c *call) (answer, error) {
	in, err := c.input()
	if err != nil {
		return answer{}, err
	}
	scope, err := c.Scope()
	if err != nil {
		return answer{}, err
	}
	if _, made := r.table.Row(scope.View, c.id); made {
		return r.created(c, 0, c.id)
	}
	var id ledger.ID
	seq, err := c.Update("create", func(tx *ledger.Tx) (err error) {
		id, err = r.table.Create(tx, scope.In(tx), c.id, in)
		return err
	})
	if err != nil {
		return answer{}, err
	}
	return r.created(c, seq, id)
}

func (r *resource) created(c *call, seq ledger.Seq, id ledger.ID) (answer, error) {
	ans, err := r.wrote(c, seq, id)
	ans.Status = http.StatusCreated
	ans.Location = prefix + "/" + c.Workspace.Slug + "/" + r.table.Name() + "/" + id.String()
	return ans, err
}

// edit writes the values of the body and leaves the others.
func (r *resource) edit(c *call) (answer, error) {
	in, err := c.input()
	if err != nil {
		return answer{}, err
	}
	scope, err := c.Scope()
	if err != nil {
		return answer{}, err
	}
	row, err := r.row(c, scope.View)
	if err != nil {
		return answer{}, err
	}
	seq, err := c.Update("edit", func(tx *ledger.Tx) error {
		return r.table.Edit(tx, scope.In(tx), row.ID(), in)
	}, c.expectation(row)...)
	if fault.Is(err, fault.Conflict) && c.R.Header.Get("If-Match") != "" {
		return answer{}, r.conflict(c, row.ID(), in, err)
	}
	if err != nil {
		return answer{}, err
	}
	return r.wrote(c, seq, row.ID())
}

// conflict adds to a refused edit what stands now in each column that it would have
// written otherwise, and the tag with which it can be tried again.
func (r *resource) conflict(c *call, id ledger.ID, in table.Input, cause error) error {
	snapshot, err := c.After(0)
	if err != nil {
		return cause
	}
	scope, err := c.Scope()
	if err != nil {
		return cause
	}
	scope = scope.In(snapshot)
	row, ok := r.table.Row(snapshot, id)
	if !ok {
		return fault.Wrap(fault.NotFound, cause, "there is no %s %s any more", r.table.One(), id)
	}
	changed, err := r.table.Differs(scope, row, in)
	if err != nil {
		return err
	}
	f := fault.Fields(fieldsOf(cause))
	for _, name := range changed {
		theirs := r.table.Value(scope, row, name)
		if long, ok := theirs.(ledger.TextRef); ok {
			if theirs, err = ledger.Text(c.Context(), snapshot, long); err != nil {
				return err
			}
		}
		f = append(f, fault.Field{Name: name, Message: "has another value now", Theirs: theirs, Yours: in[name]})
	}
	if now, err := r.show(c.Context(), scope, row, nil); err == nil {
		c.W.Header().Set("ETag", now.ETag)
	}
	return &fault.Error{Kind: fault.Conflict, Message: "somebody else changed this " + r.table.One() + " in the meantime", Fields: f, Cause: cause}
}

// remove deletes an entity.
func (r *resource) remove(c *call) (answer, error) {
	scope, err := c.Scope()
	if err != nil {
		return answer{}, err
	}
	row, err := r.row(c, scope.View)
	if err != nil {
		return answer{}, err
	}
	_, err = c.Update("delete", func(tx *ledger.Tx) error {
		return r.table.Delete(tx, row.ID())
	}, c.expectation(row)...)
	return answer{Status: http.StatusNoContent}, err
}
