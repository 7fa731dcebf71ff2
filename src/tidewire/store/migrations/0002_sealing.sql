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

-- The slug is made from the headline: it stands in the document, and is sealed with it.
ALTER TABLE release DROP COLUMN slug;

-- The issuer's own words for a submission are kept as their digest; the digest of what came with
-- them is keyed from now on, and one that is not would let a guess be proved.
UPDATE release SET request_digest = NULL,
    idempotency_key = encode(sha256(convert_to(idempotency_key, 'UTF8')), 'hex')
WHERE idempotency_key IS NOT NULL;

-- What waits in the clear now is sealed when a program starts that has the master key.
ALTER TABLE release_version ALTER COLUMN document DROP NOT NULL;
ALTER TABLE release_version ADD COLUMN sealed bytea;
ALTER TABLE release_version ADD CONSTRAINT release_version_clear_or_sealed
    CHECK ((document IS NULL) <> (sealed IS NULL));
ALTER TABLE release_version ADD CONSTRAINT release_version_public_is_clear
    CHECK (sequence IS NULL OR sealed IS NULL);

ALTER TABLE decision ADD COLUMN sealed bytea;
ALTER TABLE decision ADD CONSTRAINT decision_clear_or_sealed CHECK (sealed IS NULL OR note = '');
