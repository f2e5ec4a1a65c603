package ledger

import (
	"context"
	"database/sql"
	"errors"
	"iter"
)

// Store is one database engine. Packages sqlite and postgres implement it; storetest
// holds the contract as tests.
type Store interface {
	// Lanes reports how many commits the engine takes at once: one a database, or one a
	// workspace.
	Lanes() Lanes

	CreateWorkspace(ctx context.Context, w WorkspaceRow) error // Conflict if the slug is taken
	Workspaces(ctx context.Context) ([]WorkspaceRow, error)
	// RemoveWorkspace deletes a workspace with everything of it, at once. It waits for the
	// workspace's lock. NotFound if there is none.
	RemoveWorkspace(ctx context.Context, ws ID) error
	// Heads returns the heads of the given workspaces, in one cheap statement.
	Heads(ctx context.Context, ws []ID) (map[ID]Head, error)

	// Begin starts the write transaction of a lane and locks the workspaces.
	Begin(ctx context.Context, ws []ID) (Txn, map[ID]Head, error)
	// Outcome reports whether a disk commit that took position first with this origin
	// happened. It waits for the workspace's lock, so the answer is final.
	Outcome(ctx context.Context, ws ID, first Seq, origin int64) (bool, error)

	// Load returns the documents of a workspace and its head, from one moment, in any
	// order. Documents of imports that are not merged are left out; those of merged ones
	// are Born with the commit that merged them.
	Load(ctx context.Context, ws ID, each func([]Doc) error) (Head, error)
	// Doc returns one document as it stands now, or ErrNoDoc.
	Doc(ctx context.Context, ws ID, kind string, id ID) (Doc, error)
	// Commits yields commits with their entries.
	Commits(ctx context.Context, ws ID, q CommitQuery) iter.Seq2[Commit, error]

	Blob(ctx context.Context, ws ID, hash string) ([]byte, error) // ErrNoDoc

	// Batches returns the imports of all workspaces that are in the given state.
	Batches(ctx context.Context, state BatchState) ([]BatchRow, error)
	// DueBefore returns what is due at or before now in any workspace, earliest first.
	DueBefore(ctx context.Context, now Time, limit int) ([]DueRow, error)

	// Lease takes or renews the named lease for holder until the given time; false: held
	// by another. now is the caller's clock.
	Lease(ctx context.Context, name string, holder ID, now, until Time) (bool, error)
	// Cursor and SetCursor keep how far a follower has come.
	Cursor(ctx context.Context, ws ID, follower string) (Seq, error)
	SetCursor(ctx context.Context, ws ID, follower string, at Seq) error

	// IndexText replaces the searchable words of long texts; SearchText finds them.
	IndexText(ctx context.Context, ws ID, rows []TextRow) error
	SearchText(ctx context.Context, ws ID, words []string, limit int) ([]TextHit, error)

	// DB reaches the plain tables of the slices: records that are personal or operational
	// and not journalled. A write transaction takes the engine's locks, so nobody calls the
	// ledger inside one. A commit is as durable as the kernel's. See MigrateRecords.
	DB() *sql.DB

	// Changed delivers a value when a workspace may have been written by another process.
	// It is a hint; the ledger polls Heads as well.
	Changed() <-chan struct{}
	// CreateViews makes the read-only SQL views of the kinds.
	CreateViews(ctx context.Context, views []SQLView) error
	Close() error
}

// Lanes is how many commits an engine takes at once.
type Lanes int

// The two answers of Store.Lanes.
const (
	LaneADatabase Lanes = iota
	LaneAWorkspace
)

// Txn is an open write transaction.
type Txn interface {
	// Commit writes everything and commits. After an error that is ErrData nothing was
	// written and the connection is sound; after any other the outcome is unknown.
	Commit(ctx context.Context, writes []Writes) error
	Rollback() error
}

// The errors by which a Store tells the kernel what to do next.
var (
	// ErrData: the engine refused a value; the transaction was rolled back.
	ErrData = errors.New("ledger: the database refused a value")
	// ErrFull: there is no room; the transaction was rolled back.
	ErrFull = errors.New("ledger: the disk is full")
	// ErrBroken: a write or fsync failed in a way after which the database may not be
	// trusted until it is opened again.
	ErrBroken = errors.New("ledger: the database failed to write; restart after checking the disk")
	// ErrUnknown: the database went away in a commit and did not come back in time, so
	// nobody knows whether the commit happened. The kernel's answer, not a Store's.
	ErrUnknown = errors.New("ledger: the outcome of the last commit is unknown")
	// ErrNoDoc: no such row.
	ErrNoDoc = errors.New("ledger: no such row")
)

// Head is the newest position of a workspace and what the next commit continues.
type Head struct {
	Seq      Seq
	LastAt   Time
	Hash     hash
	Counters map[string]int64
}

// WorkspaceRow is a workspace as the kernel knows it.
type WorkspaceRow struct {
	ID   ID
	Slug string
	Head Head
}

// Writes is what one disk commit writes to one workspace.
type Writes struct {
	Workspace ID
	Head      Head
	Commits   []Commit
	Docs      []Doc // each entity once, in its final form
	Blobs     []Blob
	Batch     []BatchRow // imports that begin, end or are dropped
	DropDocs  []ID       // dropped imports whose documents and entries go
	Done      []DueRow   // what a handler has handled
}

// Doc is an entity as stored. JSON nil: deleted.
type Doc struct {
	Kind      string
	Meta      Meta
	Schema    int
	JSON      []byte
	Batch     ID // the import that wrote it, as long as nothing changed it since
	Due       []Due
	DueEdited bool // Due replaces the rows that stand there
}

// Blob is the bytes of a long text.
type Blob struct {
	Hash string
	Body []byte
}

// BatchState is how far an import has come.
type BatchState string

// The states of an import.
const (
	BatchOpen    BatchState = "open"
	BatchMerged  BatchState = "merged"
	BatchDropped BatchState = "dropped"
)

// BatchRow is an import: chunks of pending commits that become live at once.
type BatchRow struct {
	Workspace ID
	ID        ID
	State     BatchState
	Begun     Seq
	Ended     Seq // the commit that merged or dropped it
}

// DueRow is something that is due.
type DueRow struct {
	Workspace ID
	Kind      string
	ID        ID
	Due
}

// CommitQuery chooses commits of a workspace.
type CommitQuery struct {
	After  Seq // exclusive
	UpTo   Seq // inclusive; 0: no limit
	Since  Time
	Kind   string // with ID: commits that touched the entity, just those entries
	ID     ID
	Branch *ID // nil: all branches; zero ID: live commits
	Actor  *ID
	Desc   bool
	Limit  int
	// Bare leaves the entries out.
	Bare bool
}

// TextRow is the long texts of one entity, cut into folded words.
type TextRow struct {
	Kind  string
	ID    ID
	Words []string // nil: the entity is gone
}

// TextHit is an entity whose long texts hold the words.
type TextHit struct {
	Kind string
	ID   ID
	Rank float64 // higher is better
}

// SQLView is one read-only view for analysts.
type SQLView struct {
	Kind    string
	Columns []SQLColumn
}

// SQLColumn is a member of the document as a typed column.
type SQLColumn struct {
	Name string
	Type SQLType
}

// SQLType is the type of a column of a view.
type SQLType int

// The types of columns.
const (
	SQLText SQLType = iota
	SQLInteger
	SQLReal
	SQLBool
	SQLJSON
)
