-- What was made of a page before its moment, sealed; gone once the page is done.
CREATE TABLE staged_page (
    page_id     bigint PRIMARY KEY REFERENCES page ON DELETE CASCADE,
    fingerprint bytea NOT NULL,                     -- of what it was made from
    sealed      bytea NOT NULL
);
ALTER TABLE staged_page ALTER COLUMN sealed SET STORAGE EXTERNAL;   -- it cannot be compressed
