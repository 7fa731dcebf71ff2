-- A key for each issuer: the keys of its pictures are derived from it.
CREATE TABLE issuer_key (
    issuer_id   int PRIMARY KEY REFERENCES issuer,
    key_id      bytea NOT NULL,
    wrapped     bytea NOT NULL
);

-- Pictures: their bytes stay sealed for good; once one is public its key stands beside it.
CREATE TABLE picture (
    id          int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    ref         text NOT NULL UNIQUE,
    issuer_id   int NOT NULL REFERENCES issuer,
    mark        bytea NOT NULL,
    media_type  text NOT NULL,
    size        int NOT NULL,
    width       int NOT NULL,
    height      int NOT NULL,
    uploaded_at timestamptz NOT NULL,
    sealed      bytea NOT NULL,
    key         bytea,
    UNIQUE (issuer_id, mark)
);
ALTER TABLE picture ALTER COLUMN sealed SET STORAGE EXTERNAL;

CREATE TABLE release_picture (
    release_id  int NOT NULL REFERENCES release,
    picture_id  int NOT NULL REFERENCES picture,
    PRIMARY KEY (release_id, picture_id)
);
CREATE INDEX release_picture_picture ON release_picture (picture_id);
