-- Renditions that wait for approval: sealed, whether their release is out or not.
CREATE TABLE waiting_rendition (
    release_id  int NOT NULL REFERENCES release,
    language    text NOT NULL,
    hand        text NOT NULL,                  -- person, machine
    received_at timestamptz NOT NULL,
    account_id  int NOT NULL REFERENCES account,    -- who handed it in
    sealed      bytea NOT NULL,
    PRIMARY KEY (release_id, language)
);
