-- Imports that people make in the browser, from the upload to the report. The file lies
-- here too, packed and in pieces, because any node may be asked for the next step.
CREATE TABLE web_imports (
    id        text   NOT NULL PRIMARY KEY,
    workspace text   NOT NULL,
    account   text   NOT NULL,
    begun     bigint NOT NULL,
    version   bigint NOT NULL, -- counts the steps, so that two windows do not undo each other's
    doc       text   NOT NULL  -- JSON: mapping, repairs, report
);

CREATE INDEX web_imports_of ON web_imports (workspace, account, begun);
CREATE INDEX web_imports_by_age ON web_imports (begun);

CREATE TABLE web_import_pieces (
    import text   NOT NULL,
    part   text   NOT NULL, -- the file, or its history
    n      bigint NOT NULL,
    bytes  text   NOT NULL, -- of a gzip stream, in base64
    PRIMARY KEY (import, part, n)
);

-- The one import of a workspace that is being written, kept alive by who writes it.
CREATE TABLE web_import_runs (
    workspace text   NOT NULL PRIMARY KEY,
    import    text   NOT NULL,
    account   text   NOT NULL,
    file      text   NOT NULL,
    held      bigint NOT NULL, -- until then it is alive
    done      bigint NOT NULL,
    total     bigint NOT NULL,
    stop      bigint NOT NULL  -- 1: somebody wants it to end
);
