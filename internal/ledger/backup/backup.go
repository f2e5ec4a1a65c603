// Package backup writes a whole database into one file and reads it back.
//
// The file has four parts, so that it can be understood without this program:
//
//  1. a line that says "throughline-backup 1";
//  2. a line of JSON, the Manifest;
//  3. the database, compressed with gzip: for SQLite the database file itself, for
//     PostgreSQL text that psql can read, one COPY a table;
//  4. a line with the SHA-256 of everything before it, in hexadecimal.
//
// Nothing of a file is used before its sum has been checked, so a file that was cut or of
// which a single bit has changed is refused.
package backup

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/throughline-pm/throughline/internal/fault"
	"github.com/throughline-pm/throughline/internal/ledger"
)

const (
	magic = "throughline-backup 1\n"

	// sumLength is that of the last line.
	sumLength = 2*sha256.Size + 1

	// manifestLimit is more than the manifest of any real installation takes.
	manifestLimit = 64 << 20
)

// Manifest says what a backup holds.
type Manifest struct {
	Engine     string      `json:"engine"` // "sqlite" or "postgres"
	MadeAt     time.Time   `json:"made_at"`
	MadeBy     string      `json:"made_by"` // the version of the program
	Workspaces []Workspace `json:"workspaces"`
}

// Workspace is a workspace at the moment of the backup. The hash is that of its newest
// commit, which stands for all before it.
type Workspace struct {
	ID   ledger.ID  `json:"id"`
	Slug string     `json:"slug"`
	Seq  ledger.Seq `json:"seq"`
	Hash string     `json:"hash"`
}

// Describe returns workspaces as a Manifest lists them.
func Describe(rows []ledger.WorkspaceRow) []Workspace {
	all := make([]Workspace, len(rows))
	for i, w := range rows {
		all[i] = Workspace{w.ID, w.Slug, w.Head.Seq, w.Head.Hash.String()}
	}
	return all
}

// Source is a database that can be written out. Dump takes one moment of it, calls begin
// with the workspaces and writes the database to what begin returns. Others go on writing
// to the database meanwhile.
type Source interface {
	Dump(ctx context.Context, begin func([]ledger.WorkspaceRow) (io.Writer, error)) error
}

// Create writes a backup to the file at path, which must not exist, and reads it again to
// see that it is whole. m lacks the workspaces. What could not be finished is removed.
func Create(ctx context.Context, path string, m Manifest, from Source) (_ Manifest, err error) {
	// the name is taken first; network drives that keep backups often know no hard links
	taken, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, os.ErrExist) {
		return m, fault.New(fault.Conflict, "%s exists already", path)
	}
	if err != nil {
		return m, err
	}
	defer func() {
		if err != nil {
			os.Remove(path)
		}
	}()
	if err := taken.Close(); err != nil {
		return m, err
	}
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*.partial") // mode 0600
	if err != nil {
		return m, err
	}
	defer os.Remove(f.Name())
	if err = write(ctx, f, &m, from); err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return m, err
	}
	if err := check(f.Name()); err != nil {
		return m, fmt.Errorf("the backup was not stored as it was written: %w", err)
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return m, err
	}
	return m, syncFolder(filepath.Dir(path))
}

func write(ctx context.Context, w io.Writer, m *Manifest, from Source) error {
	buffer := bufio.NewWriterSize(w, 1<<20)
	sum := sha256.New()
	both := io.MultiWriter(buffer, sum)
	var packed *gzip.Writer
	err := from.Dump(ctx, func(rows []ledger.WorkspaceRow) (io.Writer, error) {
		m.Workspaces = Describe(rows)
		line, err := json.Marshal(m)
		if err != nil {
			return nil, err
		}
		if _, err := fmt.Fprintf(both, "%s%s\n", magic, line); err != nil {
			return nil, err
		}
		packed, err = gzip.NewWriterLevel(both, gzip.BestSpeed)
		return packed, err
	})
	if err != nil {
		return err
	}
	if err := packed.Close(); err != nil {
		return err
	}
	if _, err := fmt.Fprintf(buffer, "%x\n", sum.Sum(nil)); err != nil {
		return err
	}
	return buffer.Flush()
}

// syncFolder makes the names in a folder durable.
func syncFolder(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

func check(path string) error {
	f, err := Open(path)
	if err != nil {
		return err
	}
	return f.Close()
}

// File is a backup that is known to be whole.
type File struct {
	Manifest Manifest
	Content  io.Reader // the database

	file *os.File
}

// Open opens the backup at path after it has checked its sum.
//
// Errors: fault.Invalid if the file is no backup, is not whole or is damaged.
func Open(path string) (*File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	b, err := read(f)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return b, nil
}

// Close closes the file.
func (f *File) Close() error { return f.file.Close() }

func read(f *os.File) (*File, error) {
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, err
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	head := make([]byte, len(magic))
	if _, err := io.ReadFull(f, head); err != nil || string(head) != magic {
		return nil, fault.New(fault.Invalid, "%s is no backup of Throughline", f.Name())
	}
	length := size - sumLength
	if err := checkSum(f, length); err != nil {
		return nil, err
	}
	content := bufio.NewReaderSize(io.NewSectionReader(f, int64(len(magic)), length-int64(len(magic))), 1<<20)
	b := &File{file: f}
	line, err := readLine(content)
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "%s has no manifest", f.Name())
	}
	if err := json.Unmarshal(line, &b.Manifest); err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "%s has a manifest that cannot be read", f.Name())
	}
	if b.Content, err = gzip.NewReader(content); err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "%s holds no database", f.Name())
	}
	return b, nil
}

// checkSum compares the last line of f with the sum of what stands before it.
func checkSum(f *os.File, length int64) error {
	damaged := fault.New(fault.Invalid, "%s is damaged or was cut off; it is not used", f.Name())
	if length < int64(len(magic)) {
		return damaged
	}
	sum := sha256.New()
	if _, err := io.Copy(sum, io.NewSectionReader(f, 0, length)); err != nil {
		return err
	}
	last := make([]byte, sumLength)
	if _, err := f.ReadAt(last, length); err != nil {
		return err
	}
	if want := append(hex.AppendEncode(nil, sum.Sum(nil)), '\n'); !bytes.Equal(last, want) {
		return damaged
	}
	return nil
}

func readLine(r *bufio.Reader) ([]byte, error) {
	var line []byte
	for {
		part, err := r.ReadSlice('\n')
		if line = append(line, part...); err == nil {
			return line, nil
		}
		if !errors.Is(err, bufio.ErrBufferFull) || len(line) > manifestLimit {
			return nil, err
		}
	}
}
