package tableweb

import (
	"net/http"
	"strings"

	"github.com/throughline-pm/throughline/internal/collab"
	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/files"
	"github.com/throughline-pm/throughline/internal/ledger"
	"github.com/throughline-pm/throughline/internal/richtext"
	"github.com/throughline-pm/throughline/internal/table"
	"github.com/throughline-pm/throughline/internal/web"
	"github.com/throughline-pm/throughline/internal/web/ui"
)

// fileRoutes are the routes of files, whatever they hang on.
func fileRoutes() []web.Route {
	base := "/w/{workspace}/" + collab.AttachmentTable.Name()
	post := func(path string, limit int64, handle func(*web.Request) error) web.Route {
		return web.Route{Method: http.MethodPost, Pattern: base + path, Who: web.Member, Limit: limit, Handle: handle}
	}
	return []web.Route{
		post("", files.MostLimit+1<<20, attach),
		post("/{entity}/edit", 0, renameFile),
		post("/{entity}/delete", 0, deleteFile),
	}
}

// takesFiles reports whether the reader is offered to attach files to the entity.
func (v *View) takesFiles() bool {
	return v.keepsFiles() && v.Request.May(ledger.OpCreate, collab.Attachments.Name(), &collab.Attachment{About: v.about(), Author: v.Principal.Account.ID})
}

func (v *View) keepsFiles() bool {
	_, kept := v.Kit.Tables.Of(collab.Attachments.Name())
	return kept && v.Kit.Files != nil
}

// about is how other entities refer to this one.
func (v *View) about() ledger.AnyRef { return ledger.AnyRef{Kind: v.Area.Table.Kind(), ID: v.Row.ID()} }

// attached are the files that hang on the entity, the oldest first.
func (v *View) attached() (all []*collab.Attachment) {
	if !v.keepsFiles() {
		return nil
	}
	for a := range collab.AttachedTo(v.Scope.View, v.about()) {
		all = append(all, a)
	}
	return all
}

// owns reports whether the reader is offered to rename or delete the file.
func (v *View) owns(a *collab.Attachment) bool {
	return v.Request.May(ledger.OpEdit, collab.Attachments.Name(), a)
}

// fileFacts are what is known of a file, in words.
func (v *View) fileFacts(a *collab.Attachment) string {
	names := v.Names()
	return size(int(a.Size)) + ", " + names(a.Author) + ", " + v.Words().Moment(a.CreatedAt.Go())
}

// room says how large a file may be and, to those from whom nothing is hidden, how full
// the workspace is: the files of private products count too.
func (v *View) room() string {
	each := "Up to " + size(int(v.Kit.Files.Limit())) + " each"
	if !v.Workspace.Role.AtLeast("admin") {
		return each
	}
	used, err := v.Kit.Files.Used(v.Context(), v.Workspace.ID)
	if quota := v.Kit.Files.Quota(); err == nil && quota > 0 {
		return each + "; the workspace has " + size(int(used)) + " of " + size(int(quota))
	}
	return each
}

// filesPath is the address to which files of the entity are sent.
func (v *View) filesPath() string {
	at := v.Request.Path(collab.AttachmentTable.Name())
	return ui.With(ui.With(at, "kind", v.Area.Table.Kind()), "about", v.Row.ID().String())
}

// filePath is an address of one of its files.
func (v *View) filePath(a *collab.Attachment, part string) string {
	return v.Request.Path(collab.AttachmentTable.Name(), a.ID.String(), part)
}

// filesOn is the address of the files on the page of an entity.
func filesOn(q *web.Request, s *table.Scope, about ledger.AnyRef) string {
	to, ok := s.Target(about.Kind, about.ID)
	lead, has := q.Kit.Places[about.Kind]
	if !ok || !has || to.Private {
		return q.Path("")
	}
	return q.Path(lead(to.Key, to.ID)) + "#files"
}

// attach takes files in and hangs them on the entity that the address names. A script is
// told how the first stands in a text.
func attach(q *web.Request) error {
	s, err := q.Scope()
	if err != nil {
		return err
	}
	about := ledger.AnyRef{Kind: q.Query("kind")}
	t, ok := q.Kit.Tables.Of(about.Kind)
	if !ok {
		return fault.New(fault.Invalid, "there is no kind %q that files could hang on", about.Kind)
	}
	if about.ID, err = s.Find(t.Kind(), q.Query("about")); err != nil {
		return err
	}
	ids, seq, err := q.ReceiveFiles(about, q.Query("name"), ledger.ID{})
	if err != nil {
		return err
	}
	now, err := q.After(seq)
	if err != nil {
		return err
	}
	f, ok := collab.Attachments.Get(now, ids[0])
	switch {
	case !ok:
		return fault.New(fault.NotFound, "the file is gone already")
	case !strings.Contains(q.R.Header.Get("Accept"), "text/html") && !q.Partial():
		return q.JSON(map[string]string{"id": f.ID.String(), "name": f.Name, "markdown": richtext.FileLink(f.Name, f.ID, f.Picture())})
	case len(ids) == 1:
		q.Said("Attached "+f.Name, seq)
	default:
		q.Said("Attached "+ui.Count(len(ids), "file", "files"), seq)
	}
	return q.Done(filesOn(q, s, about))
}

// file returns the attachment of the address.
func file(q *web.Request) (*table.Scope, *collab.Attachment, error) {
	s, err := q.Scope()
	if err != nil {
		return nil, nil, err
	}
	id, err := ledger.ParseID(q.R.PathValue("entity"))
	f, ok := collab.Attachments.Get(s.View, id)
	if err != nil || !ok {
		return nil, nil, fault.New(fault.NotFound, "there is no such file")
	}
	return s, f, nil
}

func renameFile(q *web.Request) error {
	s, file, err := file(q)
	if err != nil {
		return err
	}
	f, err := q.Form("name")
	if err != nil {
		return err
	}
	seq, err := q.Update("rename", func(tx *ledger.Tx) error {
		return collab.AttachmentTable.Edit(tx, s.In(tx), file.ID, table.Input{"name": f.Values.Get("name")})
	})
	if err != nil {
		return err
	}
	q.Said("Renamed to "+strings.TrimSpace(f.Values.Get("name")), seq)
	return q.Done(filesOn(q, s, file.About))
}

func deleteFile(q *web.Request) error {
	s, file, err := file(q)
	if err != nil {
		return err
	}
	if _, err := q.Form(); err != nil {
		return err
	}
	seq, err := q.Update("delete", func(tx *ledger.Tx) error { return collab.Attachments.Delete(tx, file.ID) })
	if err != nil {
		return err
	}
	q.Said("Deleted "+file.Name, seq)
	return q.Done(filesOn(q, s, file.About))
}
