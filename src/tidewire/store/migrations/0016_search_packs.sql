-- The index that readers search is made again, in another form: the worker follows the wire anew.
TRUNCATE search_entry;
UPDATE search_head SET taken_in = 0;
DROP INDEX search_entry_terms;
DROP INDEX search_entry_published;
ALTER TABLE search_entry
    ADD COLUMN doc bigint NOT NULL GENERATED ALWAYS AS IDENTITY;    -- what an index calls this row
CREATE UNIQUE INDEX search_entry_doc ON search_entry (doc);
ALTER TABLE search_entry ALTER COLUMN terms SET STORAGE MAIN;   -- ranking reads hundreds of rows

-- The terms of the newest rows, which are in no pack yet.
CREATE TABLE search_fresh (
    doc             bigint PRIMARY KEY,
    terms           tsvector NOT NULL
) WITH (toast_tuple_target = 128);                  -- terms lie apart: a page holds many rows
-- No list of entries to be sorted in later: a search would have to read it through.
CREATE INDEX search_fresh_terms ON search_fresh USING gin (terms) WITH (fastupdate = off);
ALTER TABLE search_fresh ALTER COLUMN terms SET STATISTICS 0;       -- the plan is always the same

-- All the others: which docs a term is in, 16,384 docs to a pack. What was taken back stays in it.
CREATE TABLE search_pack (
    term            text COLLATE "C" NOT NULL,
    pack            int NOT NULL,
    docs            bytea NOT NULL,                 -- int4, highest octet first
    PRIMARY KEY (term, pack)
);
ALTER TABLE search_pack ALTER COLUMN docs SET STORAGE EXTERNAL;     -- read more often than written

-- One row: how many packs there are; docs below them are in no search_fresh.
CREATE TABLE search_packed (
    only_row        bool PRIMARY KEY DEFAULT true CHECK (only_row),
    packs           int NOT NULL
);
INSERT INTO search_packed (packs) VALUES (0);
