package pages

import (
	"github.com/throughline-pm/throughline/internal/access"
	"github.com/throughline-pm/throughline/internal/backlog"
	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/table"
	"github.com/throughline-pm/throughline/internal/web"
	"github.com/throughline-pm/throughline/internal/web/ui"
)

// tagging are the tags in use in front of a reader.
type tagging struct {
	*web.Request
	uses []backlog.TagUse
	from string   // the tag whose new name was refused
	form *ui.Form // of that
}

// mayEdit reports whether the reader may write the tags of all features they see.
func (t *tagging) mayEdit() bool { return !t.Past() && t.Workspace.Role.AtLeast(access.Editor) }

// of is the form of one tag.
func (t *tagging) of(tag string) *ui.Form {
	if t.form != nil && t.from == tag {
		return t.form
	}
	return &ui.Form{}
}

func tags(q *web.Request) error { return showTags(q, 0, "", nil) }

func showTags(q *web.Request, status int, from string, f *ui.Form) error {
	s, err := q.Snapshot()
	if err != nil {
		return err
	}
	t := &tagging{Request: q, uses: backlog.TagsIn(s), from: from, form: f}
	return q.Page(web.Page{Title: "Tags", Area: "settings", Status: status, Crumbs: settingsCrumb(q)}, tagsPage(t))
}

// renameTag gives a tag another name in all features at once, or joins it with one in use.
func renameTag(q *web.Request) error {
	f, err := q.Form("from", "to")
	if err != nil {
		return err
	}
	from, to := f.Values.Get("from"), f.Values.Get("to")
	n := 0
	seq, err := q.Update("rename tag", func(tx *ledger.Tx) (err error) {
		if to == "" {
			var faults fault.Fields
			faults.Add("to", "write what it is called from now on")
			return faults.Err()
		}
		n, err = backlog.RenameTag(tx, from, to)
		return err
	})
	if err != nil {
		status, ok := web.Refused(f, err)
		if !ok {
			return err
		}
		return showTags(q, status, from, f)
	}
	q.Said("Renamed "+from+" to "+to+" in "+ui.Count(n, "feature", "features"), seq)
	return q.Done(q.Path("tags"))
}

// deleteTag takes a tag away from all features.
func deleteTag(q *web.Request) error {
	f, err := q.Form("tag")
	if err != nil {
		return err
	}
	tag, n := f.Values.Get("tag"), 0
	seq, err := q.Update("delete tag", func(tx *ledger.Tx) (err error) {
		n, err = backlog.RenameTag(tx, tag, "")
		return err
	})
	if err != nil {
		return err
	}
	q.Said("Took "+tag+" away from "+ui.Count(n, "feature", "features"), seq)
	return q.Done(q.Path("tags"))
}

// featuresTagged is the list of the features that carry a tag.
func featuresTagged(q *web.Request, tag string) string {
	is := table.Condition{Column: "tags", Op: table.Is, Values: []string{tag}}
	return ui.With(q.Path(backlog.FeatureTable.Name()), "filter", is.String())
}
