-- Which news item of another system a release was made of, so that its next version finds it.
CREATE TABLE item_origin (
    issuer_id   int NOT NULL REFERENCES issuer,
    guid        bytea NOT NULL,                     -- SHA-256: guids of others may hold words of the text
    version     bigint NOT NULL,                    -- of the item, the newest that was taken
    release_id  int NOT NULL REFERENCES release,
    PRIMARY KEY (issuer_id, guid)
);

-- Other wires that this one follows, by the name that it has for them.
CREATE TABLE followed_wire (
    name        text PRIMARY KEY,
    url         text NOT NULL,
    taken_in    bigint NOT NULL                     -- the last of its sequence numbers
);
