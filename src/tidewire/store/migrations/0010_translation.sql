-- What a translator has saved and not handed in: sealed, whether the release is out or not.
CREATE TABLE translation_draft (
    release_id  int NOT NULL REFERENCES release,
    language    text NOT NULL,
    sealed      bytea NOT NULL,
    saved_at    timestamptz NOT NULL,
    PRIMARY KEY (release_id, language)
);
