-- The index that readers search: one row for each language of a release that is public.
CREATE TABLE search_entry (
    release_id      int NOT NULL REFERENCES release,
    language        text NOT NULL,
    version         smallint NOT NULL,              -- the one that the terms are from
    place           bigint NOT NULL,                -- sequence number of the release's first version
    published_at    timestamptz NOT NULL,           -- of that version
    headline        text NOT NULL,                  -- for the list of what was found
    subheadline     text NOT NULL,
    terms           tsvector NOT NULL,              -- made by search/: text, filters, blocks of places
    PRIMARY KEY (release_id, language)
);
-- No list of entries to be sorted in later: a search would have to read it through.
CREATE INDEX search_entry_terms ON search_entry USING gin (terms) WITH (fastupdate = off);
CREATE INDEX search_entry_published ON search_entry (published_at);
ALTER TABLE search_entry ALTER COLUMN terms SET STATISTICS 0;   -- the plan is always the same

-- One row: how far the wire is in the index.
CREATE TABLE search_head (
    only_row    bool PRIMARY KEY DEFAULT true CHECK (only_row),
    taken_in    bigint NOT NULL                     -- the last sequence number
);
INSERT INTO search_head (taken_in) VALUES (0);
