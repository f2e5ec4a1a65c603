package importweb

import (
	"bufio"
	"context"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/throughline-pm/throughline/internal/exchange"
	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/table"
	"github.com/throughline-pm/throughline/internal/web"
	"github.com/throughline-pm/throughline/internal/web/ui"
)

// presetNames are how the makers of tools spell them.
var presetNames = map[string]string{"jira": "Jira CSV", "linear": "Linear CSV", "github": "GitHub issues, JSON"}

// fileView is the first step: which file, and what it holds.
type fileView struct {
	*web.Request
	form    *ui.Form
	kinds   []ui.Option
	presets []ui.Option
	busy    *running // what is being written in the workspace; nil: nothing
	by      string   // who writes it
	earlier []*job
}

// earlierShown is how many imports the first page lists.
const earlierShown = 10

func (im *Importer) filePage(q *web.Request) error { return im.showFile(q, &ui.Form{}, 0) }

func (im *Importer) showFile(q *web.Request, f *ui.Form, status int) error {
	v := &fileView{Request: q, form: f, kinds: []ui.Option{{Label: "What the file says, else features"}}, presets: []ui.Option{{Label: "Recognise it"}}}
	for _, t := range im.importable(q) {
		v.kinds = append(v.kinds, ui.Option{Value: t.Kind(), Label: t.Label()})
	}
	for _, m := range exchange.Presets() {
		v.presets = append(v.presets, ui.Option{Value: m.Name, Label: presetNames[m.Name]})
	}
	var err error
	if v.busy, err = im.store.current(q.Context(), q.Workspace.ID); err != nil {
		return err
	}
	if v.busy != nil {
		v.by = q.Names()(v.busy.Account)
	}
	if v.earlier, err = im.store.latest(q.Context(), q.Workspace.ID, q.Principal.Account.ID, earlierShown); err != nil {
		return err
	}
	return q.Page(web.Page{Title: "Import", Area: "features", Status: status, Crumbs: featuresCrumb(q)}, filePage(v))
}

func featuresCrumb(q *web.Request) []ui.Link {
	return []ui.Link{{Label: "Features", Href: q.Path("features")}}
}

// importable are the tables that have pages and of which the reader may make entities.
func (im *Importer) importable(q *web.Request) (all []table.Any) {
	for _, t := range im.kit.Tables.All() {
		if _, shown := im.kit.Places[t.Kind()]; shown && im.mayMake(q, t.Kind()) {
			all = append(all, t)
		}
	}
	return all
}

// uploadTime is how long an upload over a slow line may take, instead of the time that
// pages have.
const uploadTime = 10 * time.Minute

// upload takes a file, looks into it and leads to its mapping.
func (im *Importer) upload(q *web.Request) error {
	j := &job{ID: ledger.NewID(ledger.TimeOf(q.Now())), Workspace: q.Workspace.ID, Account: q.Principal.Account.ID}
	f := &ui.Form{Values: url.Values{}}
	control, until := http.NewResponseController(q.W), time.Now().Add(uploadTime)
	err := errors.Join(control.SetReadDeadline(until), control.SetWriteDeadline(until))
	if err == nil {
		err = im.receive(q, j, f)
	}
	if err == nil {
		err = im.begin(q, j, f.Values)
	}
	if err == nil {
		return q.Redirect(q.Path("import", j.ID.String(), "mapping"))
	}
	// what was stored is of no use, also if the reader has gone
	if err := im.store.forget(context.WithoutCancel(q.Context()), j.ID); err != nil {
		return err
	}
	status, ok := web.Refused(f, err)
	if !ok {
		return err
	}
	f.Values.Del("text") // a page that carries megabytes back and forth helps nobody
	return im.showFile(q, f, status)
}

// receive stores the parts of the form as they come.
func (im *Importer) receive(q *web.Request, j *job, f *ui.Form) error {
	parts, err := q.R.MultipartReader()
	if err != nil {
		return fault.Wrap(fault.Invalid, err, "the form could not be read")
	}
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil {
			err = im.receivePart(q, j, f, part)
		}
		if err != nil {
			return bodyFault(err)
		}
	}
	if j.File == "" {
		return field("file", "choose a file, or paste its text")
	}
	return nil
}

func (im *Importer) receivePart(q *web.Request, j *job, f *ui.Form, part *multipart.Part) error {
	content := bufio.NewReader(part)
	_, err := content.Peek(1)
	empty := errors.Is(err, io.EOF)
	switch name := part.FormName(); {
	case (name == "file" || name == "history" || name == "mapping") && empty && part.FileName() == "":
		return nil // nothing was chosen
	case (name == "file" || name == "history" || name == "mapping") && empty:
		return field(name, "the file is empty")
	case name == "text" && empty:
		return nil
	case name == "file" || name == "text":
		if j.File != "" {
			return field("text", "give a file or its text, not both")
		}
		if j.File = part.FileName(); j.File == "" {
			j.File = "pasted text"
		}
		j.Size, err = im.store.put(q.Context(), j.ID, partFile, content)
		return err
	case name == "history":
		j.History = part.FileName()
		_, err = im.store.put(q.Context(), j.ID, partHistory, content)
		return err
	case name == "mapping":
		m, err := exchange.ReadMapping(content)
		if fault.Is(err, fault.Invalid) || fault.Is(err, fault.TooLarge) {
			return field("mapping", "%s", err)
		}
		j.Mapping = m
		return err
	case name == "kind" || name == "preset":
		value, err := io.ReadAll(io.LimitReader(content, 100))
		f.Values.Set(name, string(value))
		return err
	default:
		return fault.New(fault.Invalid, "%q is no field of this form", name)
	}
}

// begin finds out what the columns of a new file mean and notes the import.
func (im *Importer) begin(q *web.Request, j *job, form url.Values) error {
	if name := form.Get("preset"); name != "" && j.Mapping == nil {
		m, err := exchange.Preset(name)
		if err != nil {
			return field("preset", "%s", err)
		}
		j.Mapping = m
	}
	s, err := im.survey(q.Context(), j)
	if err != nil {
		return ofFile(err)
	}
	switch kind := form.Get("kind"); {
	case kind != "":
		j.Kind = kind
	case j.Mapping == nil && s.of["kind"] == nil:
		j.Kind = "feature"
	case j.Mapping != nil:
		j.Kind = j.Mapping.Kind
	}
	if j.Kind != "" && !im.mayMake(q, j.Kind) {
		return field("kind", "to import these takes more than your role, or there is no such kind; choose another")
	}
	scope, err := q.Scope()
	if err != nil {
		return err
	}
	planned, err := im.plan(q.Context(), scope, j)
	if err != nil {
		return ofFile(err)
	}
	if planned.Rows == 0 {
		return field("file", "it has no rows; a CSV file has its columns in the first line and a record in each one below")
	}
	j.Rows, j.Kind = planned.Rows, planned.Mapping.Kind
	j.Mapping = im.lines(q, planned.Mapping, s.columns)
	return im.store.create(q.Context(), j)
}

// lines brings a mapping into the form in which it is shown and changed: a line for every
// column of the file, and only what the reader may make is made.
func (im *Importer) lines(q *web.Request, m *exchange.Mapping, columns []string) *exchange.Mapping {
	out := &exchange.Mapping{Name: m.Name, Kind: m.Kind, Others: exchange.OthersIgnore}
	known := map[string]bool{}
	for _, name := range columns {
		known[name] = true
		before := len(out.Columns)
		for _, c := range m.Columns {
			if c.Column == name {
				out.Columns = append(out.Columns, c)
			}
		}
		if len(out.Columns) == before {
			out.Columns = append(out.Columns, exchange.ColumnMapping{Column: name})
		}
	}
	for _, c := range m.Columns {
		inside := func(name string) bool { return strings.HasPrefix(c.Column, name+".") && known[name] }
		reaches := false
		for _, name := range columns {
			reaches = reaches || inside(name)
		}
		// constants, members of what the file has, and what it must have but has not
		if c.Column == "" || !known[c.Column] && (reaches || !c.Optional) {
			out.Columns = append(out.Columns, c)
		}
	}
	for i := range out.Columns {
		if out.Columns[i].Field == "" {
			out.Columns[i].Certainty = "" // it is shown, so it is no surprise that it is left out
		}
	}
	for _, kind := range m.Create {
		if im.mayMake(q, kind) {
			out.Create = append(out.Create, kind)
		}
	}
	return out
}

// plan makes the dry run of an import, without the custom fields that it is yet to make.
func (im *Importer) plan(ctx context.Context, scope *table.Scope, j *job) (*exchange.Planned, error) {
	r := exchange.Request{
		File: im.file(ctx, j, partFile, j.File), Kind: j.Kind, Mapping: j.Mapping, Repairs: j.Repairs,
		SkipBadRows: true, Now: im.kit.Clock(),
	}
	if j.History != "" {
		h := im.file(ctx, j, partHistory, j.History)
		r.History = &h
	}
	if len(j.Fields) > 0 {
		m := *j.Mapping
		m.Columns = nil
		for _, c := range j.Mapping.Columns {
			if j.makes(scope.View, c.Field) {
				c.Field = ""
			}
			m.Columns = append(m.Columns, c)
		}
		r.Mapping = &m
	}
	return exchange.Plan(ctx, scope, r)
}

// field is what is wrong with one field of a form.
func field(name, format string, args ...any) error {
	var f fault.Fields
	f.Add(name, format, args...)
	return f.Err()
}

// ofFile puts what is wrong with a file as a whole beside its field.
func ofFile(err error) error {
	if fault.Is(err, fault.Invalid) || fault.Is(err, fault.TooLarge) {
		return field("file", "%s", err)
	}
	return err
}

// bodyFault tells a body that is too large from one that broke off.
func bodyFault(err error) error {
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return field("file", "it has more than the %d MB that one upload may have; pack it with gzip, or cut it into several", large.Limit>>20)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return fault.Wrap(fault.Invalid, err, "the upload broke off; send it again")
	}
	return err
}
