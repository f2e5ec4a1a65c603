package web

import (
	"context"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"time"

	"github.com/throughline-pm/throughline/internal/collab"
	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/files"
	"github.com/throughline-pm/throughline/internal/ledger"
)

// The policies of what people have sent: nothing in it runs, loads or leads anywhere. The
// viewer of PDF that browsers have does not work in a sandbox; it is one itself.
const (
	filePolicy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox"
	pdfPolicy  = "default-src 'none'; object-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)

// file serves the content of an attachment to those who see it at the moment that the
// address names. Who has it already is told so, and asked for their rights all the same.
func (q *Request) file() error {
	s, err := q.Snapshot()
	if err != nil {
		return err
	}
	id, err := ledger.ParseID(q.R.PathValue("attachment"))
	if err != nil {
		return fault.New(fault.NotFound, "there is no such file")
	}
	return q.ServeFile(s, id)
}

// ServeFile answers with the content of an attachment.
func (q *Request) ServeFile(v ledger.View, id ledger.ID) error {
	a, ok := collab.Attachments.Get(v, id)
	if !ok || q.Kit.Files == nil {
		return fault.New(fault.NotFound, "there is no such file, or it is not for you")
	}
	content, err := q.Kit.Files.Open(q.Context(), q.Workspace.ID, a.SHA256)
	if err != nil {
		return err
	}
	h := q.W.Header()
	h.Set("Content-Type", a.Type)
	if a.Type == "text/plain" {
		h.Set("Content-Type", "text/plain; charset=utf-8")
	}
	way, policy := "attachment", filePolicy
	if files.Shown(a.Type) {
		way = "inline"
	}
	if a.Type == "application/pdf" {
		policy = pdfPolicy
	}
	h.Set("Content-Security-Policy", policy)
	h.Set("Content-Disposition", mime.FormatMediaType(way, map[string]string{"filename": a.Name}))
	h.Set("Cache-Control", "private, no-cache") // kept, and asked for each time
	h.Set("ETag", `"`+a.SHA256+`"`)
	http.ServeContent(q.W, q.R, "", time.Time{}, content)
	return nil
}

// uploadTime is how long an upload over a slow line may take, instead of the time that
// pages have.
const uploadTime = 10 * time.Minute

// ReceiveFiles stores the files of a form, or the whole body as one of the given name, and
// attaches them to an entity. The form has nothing but files. The first is given the
// identifier, if it is not zero.
func (q *Request) ReceiveFiles(about ledger.AnyRef, name string, first ledger.ID) ([]ledger.ID, ledger.Seq, error) {
	if q.Kit.Files == nil {
		return nil, 0, fault.New(fault.NotFound, "files are not kept here")
	}
	if _, err := q.Snapshot(); err != nil {
		return nil, 0, err
	}
	if q.Past() {
		return nil, 0, fault.New(fault.Forbidden, "the past can be read, not written; return to now first")
	}
	control, until := http.NewResponseController(q.W), time.Now().Add(uploadTime)
	if err := errors.Join(control.SetReadDeadline(until), control.SetWriteDeadline(until)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return nil, 0, err
	}
	sent, err := q.receive(name)
	if err != nil {
		return nil, 0, errors.Join(uploadFault(err), q.drop(sent))
	}
	var ids []ledger.ID
	seq, err := q.Update("attach", func(tx *ledger.Tx) error {
		ids = nil
		for i, f := range sent {
			var meta ledger.Meta
			if i == 0 {
				meta.ID = first
			}
			id, err := collab.Attach(tx, collab.Attachment{
				Meta: meta, About: about, Name: f.Name, Type: f.Type, Size: f.Size, SHA256: f.SHA256, Width: f.Width, Height: f.Height,
			})
			if err != nil {
				return err
			}
			ids = append(ids, id)
		}
		return nil
	})
	if err != nil {
		return nil, 0, errors.Join(err, q.drop(sent))
	}
	return ids, seq, nil
}

// drop takes away what was stored and could not be attached, also if the sender has gone.
func (q *Request) drop(sent []files.File) (err error) {
	for _, f := range sent {
		err = errors.Join(err, q.Kit.Files.Drop(context.WithoutCancel(q.Context()), q.Workspace.ID, f))
	}
	return err
}

// filesAtOnce is how many files one form may have.
const filesAtOnce = 20

func (q *Request) receive(name string) (sent []files.File, err error) {
	put := func(name string, r io.Reader) error {
		f, err := q.Kit.Files.Put(q.Context(), q.Workspace.ID, name, r)
		sent = append(sent, f)
		return err
	}
	parts, err := q.R.MultipartReader()
	if errors.Is(err, http.ErrNotMultipart) && name != "" {
		return sent, put(name, q.R.Body)
	}
	for err == nil {
		var part *multipart.Part
		if part, err = parts.NextPart(); errors.Is(err, io.EOF) {
			err = nil
			break
		}
		switch {
		case err != nil:
		case part.FormName() != "file":
			err = fault.New(fault.Invalid, "%q is no field of this form", part.FormName())
		case part.FileName() == "": // nothing was chosen
		case len(sent) == filesAtOnce:
			err = fault.New(fault.TooLarge, "send at most %d files at once", filesAtOnce)
		default:
			err = put(part.FileName(), part)
		}
	}
	if err == nil && len(sent) == 0 {
		var f fault.Fields
		f.Add("file", "choose a file")
		err = f.Err()
	}
	return sent, err
}

// uploadFault tells a body that is too large, or broke off, from what was wrong with a file.
func uploadFault(err error) error {
	var large *http.MaxBytesError
	var known *fault.Error
	switch {
	case errors.As(err, &large):
		return fault.Wrap(fault.TooLarge, err, "this is larger than the %d MB that fit here", large.Limit>>20)
	case errors.As(err, &known):
		return err
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, http.ErrNotMultipart):
		return fault.Wrap(fault.Invalid, err, "the upload broke off, or is no file; send it again")
	}
	return err
}
