package tableweb

import (
	"cmp"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/richtext"
	"github.com/throughline-pm/throughline/internal/table"
	"github.com/throughline-pm/throughline/internal/web"
	"github.com/throughline-pm/throughline/internal/web/ui"
)

// textRoutes are the routes of long texts: read version by version, written in place or
// from an old version, and their tasks ticked.
var textRoutes = []struct {
	method, path string
	handle       func(*Area, *web.Request) error
}{
	{http.MethodGet, "/{entity}/texts/{column}", (*Area).versions},
	{http.MethodPost, "/{entity}/texts/{column}", (*Area).saveText},
	{http.MethodGet, "/{entity}/texts/{column}/edit", (*Area).editText},
	{http.MethodPost, "/{entity}/texts/{column}/tasks", (*Area).tick},
}

// document is a long text of the entity.
type document struct {
	info table.Info
	text string
}

// id names the place of the text on its page.
func (d document) id() string { return "text-" + strings.ReplaceAll(d.info.Name, ".", "-") }

// texts reads the long texts of the entity.
func (v *View) texts() ([]document, error) {
	var all []document
	for _, c := range v.Area.Table.Columns(v.Scope.View) {
		if c.Type != table.TypeLongText {
			continue
		}
		text, err := v.text(c)
		if err != nil {
			return nil, err
		}
		if text != "" || c.Writable {
			all = append(all, document{c, text})
		}
	}
	return all, nil
}

func (v *View) text(c table.Info) (string, error) {
	ref, ok := v.Area.Table.Value(v.Scope, v.Row, c.Name).(ledger.TextRef)
	if !ok {
		return "", nil
	}
	return ledger.Text(v.Context(), v.Scope.View, ref)
}

// findText returns the entity of the address and its long text.
func (a *Area) findText(q *web.Request) (*View, document, error) {
	v, err := a.Find(q)
	if err != nil {
		return nil, document{}, err
	}
	name := q.R.PathValue("column")
	c, ok := a.Table.Column(v.Scope.View, name)
	if !ok || c.Type != table.TypeLongText {
		return nil, document{}, fault.New(fault.NotFound, "there is no text %q", name)
	}
	text, err := v.text(c)
	return v, document{c, text}, err
}

// editor is the box in which a text is written.
func (v *View) editor(d document, f *ui.Form) ui.Editor {
	e := v.Request.Editor(ui.Editor{Form: f, Name: "text", ID: "f-" + strings.ReplaceAll(d.info.Name, ".", "-"), Label: d.info.Label, Quiet: true, Value: d.text},
		v.Area.Table.Name(), v.Row.ID().String(), d.info.Name)
	if v.takesFiles() {
		e.Files = v.filesPath()
	}
	return e
}

// writing is a text that is being written, and what came between.
type writing struct {
	document
	form  *ui.Form
	was   string          // what stood there when it was begun
	clash []richtext.Line // what somebody else changed meanwhile in the same place
	who   string          // who did
}

// editText answers with a text's editor, in its place on the page or on one of its own.
func (a *Area) editText(q *web.Request) error {
	v, d, err := a.findText(q)
	if err != nil {
		return err
	}
	if !d.info.Writable {
		return fault.New(fault.NotFound, "there is no text %q to write", d.info.Name)
	}
	return v.write(writing{document: d, form: &ui.Form{}, was: d.text}, 0)
}

func (v *View) write(w writing, status int) error {
	if v.Partial() {
		if status != 0 {
			v.W.Header().Set("HX-Retarget", "#"+w.id())
			v.W.Header().Set("HX-Reswap", "outerHTML")
		}
		return v.FragmentStatus(status, textEditor(v, w))
	}
	p := v.page(w.info.Label)
	p.Status = status
	return v.Page(p, textPage(v, w))
}

// clean is a text as it came from a form.
func clean(s string) string { return strings.ReplaceAll(s, "\r\n", "\n") }

// joinTexts joins what two people made of one text, by lines. The last line counts as a
// whole one.
func joinTexts(base, mine, theirs string) (string, bool) {
	whole := func(s string) string {
		if s == "" || strings.HasSuffix(s, "\n") {
			return s
		}
		return s + "\n"
	}
	joined, ok := ledger.MergeLines(whole(base), whole(mine), whole(theirs))
	if ok && !strings.HasSuffix(mine, "\n") {
		joined = strings.TrimSuffix(joined, "\n")
	}
	return joined, ok
}

// hasTexts reports whether things of the kind have long texts.
func (a *Area) hasTexts() bool {
	return slices.ContainsFunc(a.Table.Columns(nil), func(c table.Info) bool { return c.Type == table.TypeLongText })
}

// saveText writes a text, or a former version of it anew. What others wrote since it was
// begun is joined to it by lines; where that cannot be, both are shown and nothing is
// written.
func (a *Area) saveText(q *web.Request) error {
	v, d, err := a.findText(q)
	if err != nil {
		return err
	}
	f, err := q.Form("text", "was", "version")
	if err != nil {
		return err
	}
	if version := f.Values.Get("version"); version != "" {
		return v.restore(d, version)
	}
	mine, was := clean(f.Values.Get("text")), clean(f.Values.Get("was"))
	want, said := mine, d.info.Label+" saved"
	if d.text != was && d.text != mine {
		joined, ok := joinTexts(was, mine, d.text)
		if !ok {
			return v.showClash(d, f, was)
		}
		want, said = joined, d.info.Label+" saved, with what "+v.lastWriter(d.info)+" wrote meanwhile"
	}
	return v.put(d, want, "edit", said, f)
}

// showClash brings the form back with what somebody else wrote in the same place; saving
// again replaces it.
func (v *View) showClash(d document, f *ui.Form, was string) error {
	if f == nil {
		return fault.New(fault.Conflict, "the text was changed meanwhile; look at it again")
	}
	f.Errors = map[string]string{"text": "not saved yet: both of you changed the same lines"}
	return v.write(writing{document: d, form: f, was: d.text, clash: richtext.Diff(was, d.text), who: v.lastWriter(d.info)}, http.StatusConflict)
}

// lastWriter is who wrote the text last.
func (v *View) lastWriter(c table.Info) string {
	all, err := v.versionsOf(c)
	if err != nil || len(all) == 0 {
		return "somebody else"
	}
	return all[0].who.Name
}

// put writes the text, unless it is not any more what it was when the reader's request
// began. f is the form that is shown again if it is refused; it may be nil.
func (v *View) put(d document, text, verb, said string, f *ui.Form) error {
	if text == d.text {
		return v.Done(v.Path() + "#" + d.id())
	}
	t := v.Area.Table
	raced := false
	seq, err := v.Update(verb, func(tx *ledger.Tx) error {
		scope := v.Scope.In(tx)
		row, ok := t.Row(tx, v.Row.ID())
		if !ok {
			return fault.New(fault.NotFound, "there is no %s %s any more", t.One(), ref(v.Row))
		}
		if raced = t.Value(scope, row, d.info.Name) != any(ledger.TextOf(d.text)); raced {
			return fault.New(fault.Conflict, "somebody was faster")
		}
		return t.Edit(tx, scope, v.Row.ID(), table.Input{d.info.Name: text})
	})
	if err != nil && raced && f != nil { // read again: what was faster may fit
		if v.Scope, err = v.scopeNow(); err != nil {
			return err
		}
		row, ok := t.Row(v.Scope.View, v.Row.ID())
		if !ok {
			return fault.New(fault.NotFound, "there is no %s %s any more", t.One(), ref(v.Row))
		}
		v.Row = row
		was := clean(f.Values.Get("was"))
		if d.text, err = v.text(d.info); err != nil {
			return err
		}
		return v.showClash(d, f, was)
	}
	if err != nil {
		if f == nil {
			return err
		}
		status, ok := web.Refused(f, err)
		if !ok {
			return err
		}
		if message := f.Errors[d.info.Name]; message != "" {
			f.Errors["text"] = message
		} else if f.Errors["text"] == "" {
			f.Errors = map[string]string{"text": messages(err)}
		}
		return v.write(writing{document: d, form: f, was: clean(f.Values.Get("was"))}, status)
	}
	v.Said(said, seq)
	return v.Done(v.Path() + "#" + d.id())
}

// scopeNow is the scope of the newest state.
func (v *View) scopeNow() (*table.Scope, error) {
	now, err := v.After(0)
	if err != nil {
		return nil, err
	}
	return v.Scope.In(now), nil
}

// tick ticks a task of a text, or opens it again.
func (a *Area) tick(q *web.Request) error {
	v, d, err := a.findText(q)
	if err != nil {
		return err
	}
	f, err := q.Form("task")
	if err != nil {
		return err
	}
	text, task, err := richtext.Tick(d.text, f.Values.Get("task"))
	if err != nil {
		return err
	}
	said := "Done: " + short(task)
	if strings.HasSuffix(f.Values.Get("task"), ".0") {
		said = "Open again: " + short(task)
	}
	return v.put(d, text, "edit", said, nil)
}

// version is a text as one commit left it.
type version struct {
	seq    ledger.Seq
	at     ledger.Time
	who    ui.Person
	verb   string
	ref    ledger.TextRef
	newest bool
}

// versionsOf are the versions of a text up to the moment that is shown, the newest first.
func (v *View) versionsOf(c table.Info) ([]version, error) {
	until, err := v.Moment(v.Query("at"))
	if err != nil {
		return nil, err
	}
	names := v.Names()
	var all []version
	for commit, err := range v.Kit.Ledger.History(v.Context(), v.Live(), v.Area.Table.AnyKind(), v.Row.ID()) {
		if err != nil {
			return nil, err
		}
		for _, e := range commit.Entries {
			if e.Op == ledger.OpDelete || !until.Holds(commit.Seq, e.At) {
				continue
			}
			i := slices.IndexFunc(e.Changes, func(ch ledger.FieldChange) bool { return ch.Field == c.Name })
			if i < 0 {
				continue
			}
			x := version{seq: commit.Seq, at: e.At, verb: verb(commit.Verb, e.Op)}
			if json.Unmarshal(e.Changes[i].New, &x.ref) != nil { // of a form that it had once
				continue
			}
			who := cmp.Or(e.Actor, commit.Actor.ID)
			x.who = ui.Person{ID: who.String(), Name: names(who)}
			if who == ledger.System.ID {
				x.who.Name = "Throughline"
			}
			all = append(all, x)
		}
	}
	slices.SortStableFunc(all, func(a, b version) int {
		return -cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.seq, b.seq))
	})
	if len(all) > 0 {
		all[0].newest = true
	}
	return all, nil
}

// comparison is two versions of a text side by side in one.
type comparison struct {
	document
	all   []version
	shown int    // which of them
	as    string // "before": against the one before it, "now": against the newest, "text": as it was
	lines []richtext.Line
	text  string
}

func (c comparison) version() version { return c.all[c.shown] }

// versions shows how a text came to be what it is.
func (a *Area) versions(q *web.Request) error {
	v, d, err := a.findText(q)
	if err != nil {
		return err
	}
	all, err := v.versionsOf(d.info)
	if err != nil {
		return err
	}
	c := comparison{document: d, all: all, as: q.Query("as")}
	if len(all) == 0 {
		return q.Page(v.page(d.info.Label+" versions"), versionsPage(v, c))
	}
	if text := q.Query("version"); text != "" {
		if c.shown = versionAt(all, text); c.shown < 0 {
			return fault.New(fault.NotFound, "the text has no version %q", text)
		}
	}
	read := func(i int) string {
		if i >= len(all) || err != nil {
			return ""
		}
		var text string
		text, err = ledger.Text(q.Context(), q.Live(), all[i].ref)
		return text
	}
	c.text = read(c.shown)
	switch c.as {
	case "now":
		c.lines = richtext.Diff(c.text, read(0))
	case "text":
	default:
		c.as, c.lines = "before", richtext.Diff(read(c.shown+1), c.text)
	}
	if err != nil {
		return err
	}
	return q.Page(v.page(d.info.Label+" versions"), versionsPage(v, c))
}

// versionAt finds the version of a position; -1 if there is none.
func versionAt(all []version, text string) int {
	seq, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return -1
	}
	return slices.IndexFunc(all, func(x version) bool { return x.seq == ledger.Seq(seq) })
}

// restore writes a former version anew.
func (v *View) restore(d document, name string) error {
	all, err := v.versionsOf(d.info)
	if err != nil {
		return err
	}
	i := versionAt(all, name)
	if i < 0 {
		return fault.New(fault.NotFound, "the text has no version %q", name)
	}
	text, err := ledger.Text(v.Context(), v.Live(), all[i].ref)
	if err != nil {
		return err
	}
	return v.put(d, text, "restore", d.info.Label+" restored as of "+v.Words().Moment(all[i].at.Go()), nil)
}

// versionPath is the address of a version of a text.
func (v *View) versionPath(column string, seq ledger.Seq, as string) string {
	at := v.Path("texts", column)
	if seq != 0 {
		at = ui.With(at, "version", strconv.FormatInt(int64(seq), 10))
	}
	return ui.With(at, "as", as)
}
