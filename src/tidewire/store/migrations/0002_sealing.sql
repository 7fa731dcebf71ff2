-- What waits is sealed: with a data key for each release, wrapped by the master key.

CREATE TABLE master_key (
    only_row    bool PRIMARY KEY DEFAULT true CHECK (only_row),
    key_id      bytea NOT NULL,
    since       timestamptz NOT NULL
);

CREATE TABLE data_key (
    release_id  int PRIMARY KEY REFERENCES release,
    key_id      bytea NOT NULL,
    wrapped     bytea NOT NULL
);
