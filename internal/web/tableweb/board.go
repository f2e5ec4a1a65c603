package tableweb

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/table"
	"github.com/throughline-pm/throughline/internal/web/ui"
)

// The limits of a board.
const (
	boardColumns = 30  // more values make no board
	columnCards  = 20  // shown at once in a column, and added by "Show more"
	cardsAtMost  = 500 // in a column; beyond that the list is the better place
)

// board is a list as columns of cards, one for each value of a column.
type board struct {
	*listing
	column  table.Info
	columns []boardColumn
	write   string // where it is said that a card was dropped; "" if cards cannot be moved
}

// boardColumn is the cards that have one value.
type boardColumn struct {
	id     string
	title  string
	value  string // as it is written to the field
	mark   templ.Component
	count  int
	limit  int // 0: none
	cards  []table.Row
	create string // where one is made that has the value; "" if the reader may not
	more   string // the address that shows more of them
	list   string // the address of all of them as a list, where they are too many for a column
}

// over reports whether more stand in the column than should.
func (c boardColumn) over() bool { return c.limit > 0 && c.count > c.limit }

// canBoard reports whether the list can be turned into a board.
func (l *listing) canBoard() bool {
	return slices.ContainsFunc(l.columns, func(c table.Info) bool { return l.boardable(c) })
}

func (l *listing) boardable(c table.Info) bool {
	return c.Boardable() && c.Kind != l.Area.Table.Kind() && !c.Hidden
}

// boards are the columns by which the list can be a board: those of which the values are
// few.
func (l *listing) boards() []table.Info {
	var all []table.Info
	for _, c := range l.columns {
		if l.boardable(c) && len(l.values(c)) <= boardColumns {
			all = append(all, c)
		}
	}
	return all
}

// values are what a column can be, at most one more than a board has columns.
func (l *listing) values(c table.Info) []table.Option {
	if c.Type == table.TypeFlag {
		return []table.Option{{Name: "yes", Label: "Yes"}, {Name: "no", Label: "No"}}
	}
	return l.Area.Table.Options(l.Scope, c.Name, boardColumns+1)
}

// chooseBoard makes sure that the board has a column: the status, else the first that can be.
func (l *listing) chooseBoard() error {
	if l.query.Board == "" {
		l.query.Board = "status"
		if c, ok := l.Area.Table.Column(l.Scope.View, "status"); !ok || !l.boardable(c) {
			i := slices.IndexFunc(l.columns, l.boardable)
			if i < 0 {
				return fault.New(fault.Invalid, "%s cannot be a board", lower(l.Area.Table.Label()))
			}
			l.query.Board = l.columns[i].Name
		}
	}
	c, ok := l.Area.Table.Column(l.Scope.View, l.query.Board)
	switch {
	case !ok:
		return fault.New(fault.Invalid, "there is no column %q", l.query.Board)
	case !c.Boardable():
		return fault.New(fault.Invalid, "%s makes no columns of a board; a choice, a link or a yes and no does", c.Label)
	}
	return nil
}

// layouts lead to the list, the board and the matrix.
func (l *listing) layouts() []ui.Tab {
	as := func(layout string) string {
		return l.with(func(q *table.Query) { q.Layout = layout })
	}
	all := []ui.Tab{{Label: "List", Href: as(""), Current: l.query.Layout == ""}}
	if l.canBoard() {
		all = append(all, ui.Tab{Label: "Board", Href: as(table.Board), Current: l.query.Layout == table.Board})
	}
	if l.Area.Matrix != nil {
		all = append(all, ui.Tab{Label: "Matrix", Href: as(table.Matrix), Current: l.query.Layout == table.Matrix})
	}
	return all
}

// board puts the list into columns: the values that the column can have in their order,
// and those that it has besides.
func (l *listing) board() board {
	b := board{listing: l}
	b.column, _ = l.Area.Table.Column(l.Scope.View, l.query.Board)
	write := b.column.Writable && l.MayEdit()
	if write {
		b.write = l.Request.Path(l.Area.Table.Name(), "drop")
	}
	most, err := strconv.Atoi(l.Query("cards"))
	if err != nil {
		most = columnCards
	}
	most = min(max(most, columnCards), cardsAtMost)
	groups := slices.Clone(l.list.Groups)
	options := l.values(b.column)
	if len(options) > boardColumns { // of so many, those that are there
		options = nil
	}
	add := func(title, value string, link table.Target, g *table.Group) {
		c := boardColumn{id: "b" + strconv.Itoa(len(b.columns)), title: title, value: value, limit: l.query.Limit(title), mark: l.mark(b.column, title, link)}
		if g != nil {
			c.count, c.cards = g.Count, l.list.Rows(g.First, min(g.Count, most))
		}
		if rest := c.count - len(c.cards); rest > 0 && most < cardsAtMost {
			c.more = ui.With(l.address(l.query), "cards", strconv.Itoa(most+columnCards))
		} else if rest > 0 {
			c.list = l.with(func(q *table.Query) {
				q.Layout = ""
				q.Filter = table.And(q.Filter, valueCondition(b.column.Name, title, value))
			})
		}
		if l.Area.mayMake(l.Request) {
			c.create = ui.With(l.Request.Path(l.Area.Table.Name(), "new"), b.column.Name, value)
		}
		b.columns = append(b.columns, c)
	}
	take := func(is func(table.Group) bool) *table.Group {
		i := slices.IndexFunc(groups, is)
		if i < 0 {
			return nil
		}
		g := groups[i]
		groups = slices.Delete(groups, i, i+1)
		return &g
	}
	flag := b.column.Type == table.TypeFlag
	if g := take(func(g table.Group) bool { return g.Value == "" && !flag }); g != nil {
		add(l.groupTitle(*g), "", table.Target{}, g)
	}
	for _, o := range options {
		var link table.Target
		if b.column.Kind != "" {
			if id, err := l.Scope.Find(b.column.Kind, o.Name); err == nil {
				link, _ = l.Scope.Target(b.column.Kind, id)
			}
		}
		add(o.Label, o.Name, link, take(func(g table.Group) bool {
			switch {
			case flag:
				return (g.Value == "yes") == (o.Name == "yes")
			case b.column.Kind != "":
				return g.Link.ID == link.ID
			}
			return g.Value == o.Label
		}))
	}
	for len(groups) > 0 { // of an archived release, or of too many owners
		g := take(func(table.Group) bool { return true })
		value := g.Value
		if g.Link.Key != "" {
			value = g.Link.Key
		} else if !g.Link.ID.IsZero() {
			value = g.Link.ID.String()
		}
		add(g.Value, value, g.Link, g)
	}
	return b
}

// valueCondition holds where the column has the value of a column of a board.
func valueCondition(column, title, value string) table.Filter {
	if value == "" {
		return &table.Condition{Column: column, Op: table.Empty}
	}
	if _, err := ledger.ParseID(value); err == nil {
		value = title
	}
	return &table.Condition{Column: column, Op: table.Is, Values: []string{value}}
}

// mark draws the value at the head of a column.
func (l *listing) mark(c table.Info, title string, link table.Target) templ.Component {
	if draw, ok := l.Area.Marks[c.Name]; ok && !link.ID.IsZero() {
		return draw(l.Scope, link.ID)
	}
	if link.Kind == "person" || link.Kind == "objective" {
		return l.target(link)
	}
	return ui.Text(title)
}

// withLimit puts the limit that the form of a column sends into the query.
func (l *listing) withLimit(v url.Values) error {
	title := v.Get("limited")
	if title == "" {
		return nil
	}
	text := strings.TrimSpace(v.Get("limit"))
	n := 0
	if text != "" {
		var err error
		if n, err = strconv.Atoi(text); err != nil || n < 1 || n > 10_000 {
			return fault.New(fault.Invalid, "%q is no limit; write a number from 1 on, or nothing", text)
		}
	}
	l.query.Limits = slices.DeleteFunc(l.query.Limits, func(o table.Limit) bool { return o.Value == title })
	if n > 0 {
		l.query.Limits = append(l.query.Limits, table.Limit{Value: title, Most: n})
	}
	return nil
}

// cardCells are what a card shows besides key and title: people by their avatars in its
// first line, the rest in its last.
func (b board) cardCells() (people, rest []shown) {
	for _, c := range b.shown {
		switch {
		case c.Name == "key" || c.Name == b.column.Name || c.extra == nil && isTitle(c.Name):
		case c.Kind == "person" && c.Type == table.TypeLink:
			people = append(people, c)
		default:
			rest = append(rest, c)
		}
	}
	return people, rest
}

// view is a card's row in front of the reader.
func (b board) view(r table.Row) *View {
	return &View{Request: b.Request, Scope: b.Scope, Area: b.Area, Row: r}
}

// filled reports whether a column of a card has anything to show.
func (v *View) filled(c shown) bool {
	return c.extra != nil || v.Area.Table.Show(v.Scope, v.Row, c.Name) != ""
}
