-- The content of attachments, by its hash: what is attached twice in a workspace lies here
-- once. Pieces are read one at a time. bytea is PostgreSQL's word; SQLite keeps bytes as
-- they are in a column of any type.
CREATE TABLE files (
    workspace text   NOT NULL,
    sha256    text   NOT NULL,
    size      bigint NOT NULL,
    seen      bigint NOT NULL, -- when it was last known to be attached
    PRIMARY KEY (workspace, sha256)
);

CREATE TABLE file_pieces (
    workspace text   NOT NULL,
    sha256    text   NOT NULL,
    n         bigint NOT NULL,
    bytes     bytea  NOT NULL,
    PRIMARY KEY (workspace, sha256, n)
);
