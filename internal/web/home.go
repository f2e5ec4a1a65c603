package web

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/throughline-pm/throughline/internal/access"
	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/web/ui"
)

// Way is a way to begin in a new workspace.
type Way struct {
	Name              string // what Found gets: "import"
	Title, Note, Text string
}

// DemoWay is the name of the way that makes a workspace with everything in it, name and
// settings too.
const DemoWay = "demo"

// HasDemo reports whether one can begin with a demo.
func (k *Kit) HasDemo() bool {
	return slices.ContainsFunc(k.Ways, func(w Way) bool { return w.Name == DemoWay })
}

// Founding is what a person decided about a new workspace.
type Founding struct {
	Name, TimeZone, Currency, FirstWeekday string
	Way                                    string // the name of a Way; "blank" begins with nothing
}

// blankWay is always there.
var blankWay = Way{Name: "blank", Title: "A blank page", Text: "A first product and a workflow, both yours to change"}

func wayChoices(ways []Way) []ui.Choice {
	var all []ui.Choice
	for _, w := range append(slices.Clip(ways), blankWay) {
		all = append(all, ui.Choice{Value: w.Name, Label: w.Title, Note: w.Note, Text: w.Text})
	}
	return all
}

func firstWay(ways []Way) string { return wayChoices(ways)[0].Value }

func (q *Request) newWorkspaceForm() error {
	return q.Door(Door{Title: "New workspace", Wide: true}, newWorkspacePage(blank(), q.Kit.Ways))
}

func (q *Request) newWorkspace() error {
	f, err := q.Form("name", "time_zone", "currency", "first_weekday", "way")
	if err != nil {
		return err
	}
	v := f.Values
	path, err := q.found(v)
	if err != nil {
		status, ok := Refused(f, err)
		if !ok {
			return err
		}
		return q.Door(Door{Title: "New workspace", Wide: true, Status: status}, newWorkspacePage(f, q.Kit.Ways))
	}
	return q.Redirect(path)
}

func (q *Request) found(v url.Values) (string, error) {
	if v.Get("way") != DemoWay && strings.TrimSpace(v.Get("name")) == "" {
		var faults fault.Fields
		faults.Add("name", "is required")
		return "", faults.Err()
	}
	return q.Kit.Found(q.Context(), q.Principal, Founding{
		Name: v.Get("name"), TimeZone: v.Get("time_zone"), Currency: strings.ToUpper(v.Get("currency")),
		FirstWeekday: v.Get("first_weekday"), Way: v.Get("way"),
	})
}

// space is a workspace of the reader.
type space struct {
	slug, name, role string
}

// spaces returns the workspaces of a principal by name.
func (k *Kit) spaces(ctx context.Context, p access.Principal) ([]space, error) {
	all, err := k.Ledger.Workspaces(ctx)
	if err != nil {
		return nil, err
	}
	var spaces []space
	for slug, id := range all {
		s, err := k.Ledger.At(ctx, id, p.Actor(), 0)
		if err != nil {
			return nil, err
		}
		whole := s.Whole()
		if !access.IsMember(whole, p.Account.ID) {
			continue
		}
		role := string(access.RoleOf(whole, p.Account.ID))
		if role == "" {
			role = "guest"
		}
		spaces = append(spaces, space{slug, access.SettingsOf(whole).Name, role})
	}
	slices.SortFunc(spaces, func(a, b space) int {
		return strings.Compare(strings.ToLower(a.name)+"\x00"+a.slug, strings.ToLower(b.name)+"\x00"+b.slug)
	})
	return spaces, nil
}

// home shows the workspaces; who has one alone goes there at once, unless it is asked
// for by name.
func (q *Request) home() error {
	spaces, err := q.Kit.spaces(q.Context(), q.Principal)
	if err != nil {
		return err
	}
	switch {
	case len(spaces) == 1 && q.Query("all") == "":
		return q.Redirect("/w/" + spaces[0].slug + "/")
	case len(spaces) == 0 && q.Principal.Administers():
		return q.Redirect("/new")
	}
	return q.Desk("Workspaces", 0, homePage(spaces, q.Principal.Administers()))
}

// front leads to where a new workspace begins, else to the page that the reader wants to
// begin with, else to the first that a phone has in its bar too, of those for the reader.
func (q *Request) front() error {
	if b := q.beginning(); b != nil && b.Fresh {
		return q.Redirect(b.Href)
	}
	if path := q.firstPath(); path != "" {
		return q.Redirect(q.Path(path))
	}
	for _, n := range q.Kit.Nav {
		if n.Quick && n.Section != "" && q.Workspace.Role.AtLeast(n.Least) {
			return q.Redirect(q.Path(n.Path))
		}
	}
	return q.Page(Page{Title: "Nothing to show"}, emptyWorkspacePage(q.Workspace.Name))
}

// beginning tells how far a new workspace has come, nil if there is nothing to tell.
func (q *Request) beginning() *ui.Beginning {
	if q.Kit.Begin == nil || q.Past() || q.in != nil {
		return nil
	}
	return q.Kit.Begin(q)
}

// undo takes back one commit in the rights of who asks: the one that a toast names, else
// the latest of theirs; or it does again what they took back last.
func (q *Request) undo() error {
	f, err := q.Form("seq", "back", "redo")
	if err != nil {
		return err
	}
	redo := f.Values.Get("redo") != ""
	var undone ledger.Undone
	if redo {
		undone, err = q.Kit.Ledger.RedoLast(q.Context(), q.Workspace.ID, q.Principal.Actor(), ledger.Settlement{})
	} else {
		undone, err = q.takeBack(f.Values.Get("seq"))
	}
	if err != nil {
		return err
	}
	q.Wrote(undone.Seq)
	text := "Undone: " + undone.Verb
	if redo {
		text = "Done again"
	}
	if n := len(undone.Kept); n > 0 {
		text += "; " + ui.Count(n, "field", "fields") + " that others changed since stayed"
	}
	q.Said(text, 0)
	if back := f.Values.Get("back"); back != "" {
		return q.Done(back)
	}
	return q.Done(q.back())
}

func (q *Request) takeBack(position string) (ledger.Undone, error) {
	as := q.Principal.Actor()
	if position == "" {
		return q.Kit.Ledger.UndoLast(q.Context(), q.Workspace.ID, as, ledger.Settlement{})
	}
	seq, err := strconv.ParseInt(position, 10, 64)
	if err != nil || seq < 1 {
		return ledger.Undone{}, fault.New(fault.Invalid, "%q is no position", position)
	}
	return q.Kit.Ledger.Undo(q.Context(), q.Workspace.ID, as, ledger.Seq(seq), ledger.Settlement{})
}
