-- The schema as it stands after all migrations, to be read in one place.
-- A test proves that the migrations make exactly this.

CREATE TABLE migration (
    number      int PRIMARY KEY,
    name        text NOT NULL,
    applied_at  timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE issuer (
    id          int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    slug        text NOT NULL UNIQUE,
    name        text NOT NULL,
    website     text NOT NULL DEFAULT '',
    created_at  timestamptz NOT NULL
);

CREATE TABLE account (
    id          int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    role        text NOT NULL CHECK (role IN ('issuer', 'editor')),
    name        text NOT NULL,
    issuer_id   int REFERENCES issuer,
    created_at  timestamptz NOT NULL,
    CHECK ((role = 'issuer') = (issuer_id IS NOT NULL)),
    UNIQUE (role, name)
);

CREATE TABLE access_key (
    id          int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id  int NOT NULL REFERENCES account,
    digest      bytea NOT NULL UNIQUE,          -- SHA-256 of the key; the key itself is shown once
    created_at  timestamptz NOT NULL,
    revoked_at  timestamptz
);

CREATE TABLE release (
    id              int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    ref             text NOT NULL UNIQUE,       -- the public id, not guessable
    issuer_id       int NOT NULL REFERENCES issuer,
    state           text NOT NULL,
    version         smallint NOT NULL,          -- the newest
    idempotency_key text,                       -- SHA-256 of it, in hexadecimal
    request_digest  bytea,                      -- of what came with that key, keyed by the data key
    received_at     timestamptz NOT NULL,
    UNIQUE (issuer_id, idempotency_key)
);

-- One row: the master key that this store is sealed under, known by its id.
CREATE TABLE master_key (
    only_row    bool PRIMARY KEY DEFAULT true CHECK (only_row),
    key_id      bytea NOT NULL,
    since       timestamptz NOT NULL
);

CREATE TABLE data_key (
    release_id  int PRIMARY KEY REFERENCES release,
    key_id      bytea NOT NULL,                 -- of the master key that wraps it
    wrapped     bytea NOT NULL
);

-- A key for each issuer: the keys of its pictures are derived from it.
CREATE TABLE issuer_key (
    issuer_id   int PRIMARY KEY REFERENCES issuer,
    key_id      bytea NOT NULL,                 -- of the master key that wraps it
    wrapped     bytea NOT NULL
);

-- Pictures: their bytes stay sealed for good; once one is public its key stands beside it.
CREATE TABLE picture (
    id          int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    ref         text NOT NULL UNIQUE,           -- the public id, not guessable
    issuer_id   int NOT NULL REFERENCES issuer,
    mark        bytea NOT NULL,                 -- of its bytes, keyed by the issuer's key
    media_type  text NOT NULL,
    size        int NOT NULL,                   -- bytes
    width       int NOT NULL,                   -- pixels, as it is shown
    height      int NOT NULL,
    uploaded_at timestamptz NOT NULL,
    sealed      bytea NOT NULL,
    key         bytea,                          -- set by publish/moment
    UNIQUE (issuer_id, mark)
);
ALTER TABLE picture ALTER COLUMN sealed SET STORAGE EXTERNAL;   -- it cannot be compressed

-- Which release names which picture, in any version: what is named by none is dropped in time.
CREATE TABLE release_picture (
    release_id  int NOT NULL REFERENCES release,
    picture_id  int NOT NULL REFERENCES picture,
    PRIMARY KEY (release_id, picture_id)
);
CREATE INDEX release_picture_picture ON release_picture (picture_id);

CREATE TABLE release_version (
    release_id      int NOT NULL REFERENCES release,
    version         smallint NOT NULL,
    act             text NOT NULL,              -- publish, correct, add, withdraw, kill
    document        jsonb,                      -- model.release.Release, once it is public
    note            text NOT NULL DEFAULT '',
    created_at      timestamptz NOT NULL,
    t0              timestamptz,                -- set once it may go
    staged_at       timestamptz,
    planned_at      timestamptz,
    sequence        bigint UNIQUE,              -- set by publish/moment, with published_at
    published_at    timestamptz,
    sealed          bytea,                      -- document and note, until it is public
    PRIMARY KEY (release_id, version),
    CHECK ((sequence IS NULL) = (published_at IS NULL)),
    CONSTRAINT release_version_clear_or_sealed CHECK ((document IS NULL) <> (sealed IS NULL)),
    CONSTRAINT release_version_public_is_clear CHECK (sequence IS NULL OR sealed IS NULL)
);
CREATE INDEX release_version_waiting ON release_version (t0) WHERE t0 IS NOT NULL AND sequence IS NULL;
CREATE INDEX release_version_unplanned ON release_version (staged_at) WHERE staged_at IS NOT NULL AND planned_at IS NULL;

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

-- What a translator has saved and not handed in: sealed, whether the release is out or not.
CREATE TABLE translation_draft (
    release_id  int NOT NULL REFERENCES release,
    language    text NOT NULL,
    sealed      bytea NOT NULL,
    saved_at    timestamptz NOT NULL,
    PRIMARY KEY (release_id, language)
);

-- Feeds by what they hold.
CREATE INDEX release_version_filed ON release_version USING gin (
    jsonb_path_query_array(document, '$.renditions[*].language'),
    (document -> 'sectors'),
    (document -> 'countries'),
    jsonb_path_query_array(document, '$.renditions[*].dateline.country'),
    (document -> 'circuits')
) WHERE sequence IS NOT NULL;

CREATE TABLE decision (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    release_id  int NOT NULL REFERENCES release,
    version     smallint NOT NULL,
    move        text NOT NULL,
    account_id  int NOT NULL REFERENCES account,
    note        text NOT NULL DEFAULT '',
    at          timestamptz NOT NULL,
    sealed      bytea,                              -- the note, until the release is public
    CONSTRAINT decision_clear_or_sealed CHECK (sealed IS NULL OR note = '')
);
CREATE INDEX decision_release ON decision (release_id);

-- One row: the last sequence number given out. Its row lock makes the sequence free of gaps.
CREATE TABLE wire_head (
    only_row    bool PRIMARY KEY DEFAULT true CHECK (only_row),
    sequence    bigint NOT NULL
);
INSERT INTO wire_head (sequence) VALUES (0);

CREATE TABLE term (
    id      int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    facet   smallint NOT NULL,
    value   text NOT NULL,
    UNIQUE (facet, value)
);

-- Ids are dense and fit uint32: they are the bits of every bitmap.
CREATE TABLE subscriber (
    id              int GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    kind            smallint NOT NULL,
    state           smallint NOT NULL DEFAULT 0,
    key_generation  smallint NOT NULL DEFAULT 0,    -- raised to void a desktop's key
    country         text NOT NULL DEFAULT '',
    languages       text[] NOT NULL,                -- what they read, best first
    outlet_kind     text NOT NULL DEFAULT '',
    name            text NOT NULL,
    outside_id      text,                           -- the importer's own id
    consent_basis   text,
    consent_source  text,
    consent_at      timestamptz,
    created_at      timestamptz NOT NULL,
    changed_at      timestamptz NOT NULL,
    changed_in      xid8 NOT NULL DEFAULT pg_current_xact_id(),     -- what changed it last
    CHECK (kind <> 2 OR (consent_basis IS NOT NULL AND consent_source IS NOT NULL))
);
CREATE UNIQUE INDEX subscriber_outside ON subscriber (kind, outside_id) WHERE outside_id IS NOT NULL;
CREATE INDEX subscriber_changed ON subscriber (changed_in);

-- No foreign key: its trigger costs a quarter of an import, and nobody is ever deleted.
CREATE TABLE interest (
    subscriber_id   int NOT NULL,
    clause          smallint NOT NULL,
    wants           int[] NOT NULL,                 -- term ids
    excludes        int[] NOT NULL DEFAULT '{}',
    PRIMARY KEY (subscriber_id, clause)
);

CREATE TABLE endpoint (
    id              int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    subscriber_id   int REFERENCES subscriber ON DELETE CASCADE,    -- null: a feed of our own
    channel         smallint NOT NULL,
    state           smallint NOT NULL DEFAULT 0,
    address         text NOT NULL,
    secret          text,                           -- webhooks that asked for HMAC
    UNIQUE (channel, address)
);
CREATE INDEX endpoint_subscriber ON endpoint (subscriber_id);

CREATE TABLE endpoint_health (
    endpoint_id     int PRIMARY KEY REFERENCES endpoint ON DELETE CASCADE,
    failing_since   timestamptz,
    failures        int NOT NULL DEFAULT 0,
    failed_days     smallint NOT NULL DEFAULT 0,
    last_failed_on  date,
    soft_bounces    timestamptz[] NOT NULL DEFAULT '{}',
    paused_until    timestamptz
);

-- WebSub: which feed an endpoint is subscribed to, and until when. Its address is the feed's
-- document and the callback, so that a callback may have several.
CREATE TABLE subscription (
    endpoint_id int PRIMARY KEY REFERENCES endpoint ON DELETE CASCADE,
    feed        text NOT NULL,                  -- its name: "de/energy"
    lease_until timestamptz NOT NULL
);
CREATE INDEX subscription_feed ON subscription (feed);
CREATE INDEX subscription_lease ON subscription (lease_until);

-- What somebody asked of the hub, until their callback has said that it means it.
CREATE TABLE subscription_request (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    address         text NOT NULL,
    mode            text NOT NULL CHECK (mode IN ('subscribe', 'unsubscribe', 'denied')),
    feed            text NOT NULL,
    lease_seconds   int NOT NULL DEFAULT 0,
    secret          text,
    reason          text NOT NULL DEFAULT '',   -- why it was denied
    asked_at        timestamptz NOT NULL,
    due_at          timestamptz NOT NULL,
    tries           smallint NOT NULL DEFAULT 0,
    UNIQUE (address, mode)
);
CREATE INDEX subscription_request_due ON subscription_request (due_at);

-- Outlives the endpoint, so that an import cannot bring an address back.
CREATE TABLE suppression (
    channel     smallint NOT NULL,
    address     text NOT NULL,
    reason      text NOT NULL,
    source      text NOT NULL DEFAULT '',
    at          timestamptz NOT NULL,
    PRIMARY KEY (channel, address)
);

CREATE TABLE circuit (
    id              int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name            text NOT NULL UNIQUE,
    kinds           smallint[] NOT NULL DEFAULT '{}',
    countries       text[] NOT NULL DEFAULT '{}',
    languages       text[] NOT NULL DEFAULT '{}',
    sectors         text[] NOT NULL DEFAULT '{}',
    outlet_kinds    text[] NOT NULL DEFAULT '{}'
);

-- IPTC Media Topics, as `tidewire import mediatopics` reads them.
CREATE TABLE media_topic (
    uri             text PRIMARY KEY,               -- http://cv.iptc.org/newscodes/mediatopic/NNNNNNNN
    parents         text[] NOT NULL,
    retired         date,
    replaced_by     text[] NOT NULL,                -- what IPTC says to use instead
    labels          jsonb NOT NULL,                 -- by BCP 47 tag; IPTC, CC BY 4.0
    imported_at     timestamptz NOT NULL            -- the same for all: an import replaces them
);

-- Who gets which rendition, decided at staging: one roaring bitmap of subscriber ids each.
CREATE TABLE audience_set (
    release_id  int NOT NULL,
    version     smallint NOT NULL,
    kind        smallint NOT NULL,
    language    text NOT NULL,
    size        int NOT NULL,
    subscribers bytea NOT NULL,
    PRIMARY KEY (release_id, version, kind, language),
    FOREIGN KEY (release_id, version) REFERENCES release_version
);

CREATE TABLE page (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    release_id  int NOT NULL,
    version     smallint NOT NULL,
    channel     smallint NOT NULL,
    state       smallint NOT NULL DEFAULT 0,
    size        smallint NOT NULL,
    claims      smallint NOT NULL DEFAULT 0,
    language    text NOT NULL,
    due_at      timestamptz,
    lease_until timestamptz,
    lease_owner text,
    FOREIGN KEY (release_id, version) REFERENCES release_version
);
CREATE INDEX page_ready ON page (due_at) WHERE state = 1;
CREATE INDEX page_leased ON page (lease_until) WHERE state = 2;
CREATE INDEX page_release ON page (release_id, version);

-- What was made of a page before its moment, sealed; gone once the page is done.
CREATE TABLE staged_page (
    page_id     bigint PRIMARY KEY REFERENCES page ON DELETE CASCADE,
    fingerprint bytea NOT NULL,                     -- of what it was made from
    sealed      bytea NOT NULL
);
ALTER TABLE staged_page ALTER COLUMN sealed SET STORAGE EXTERNAL;   -- it cannot be compressed

-- No foreign key to page: its trigger costs two thirds of planning. Deliveries go before pages.
CREATE TABLE delivery (
    page_id     bigint NOT NULL,
    due_at      timestamptz,                        -- next try, while deferred
    release_id  int NOT NULL,
    endpoint_id int NOT NULL,
    version     smallint NOT NULL,
    channel     smallint NOT NULL,
    state       smallint NOT NULL DEFAULT 0,
    attempt     smallint NOT NULL DEFAULT 0,
    repeat      bool NOT NULL DEFAULT false,        -- an earlier try may have arrived unseen
    UNIQUE (release_id, version, endpoint_id)
) WITH (fillfactor = 45);                           -- room for a start and a settlement, in place
CREATE INDEX delivery_page ON delivery (page_id);
CREATE INDEX delivery_due ON delivery (due_at) WHERE due_at IS NOT NULL;   -- without state: see 0011

-- The ledger: append only, each batch chained to the one before by its digest.
CREATE TABLE ledger_head (
    only_row    bool PRIMARY KEY DEFAULT true CHECK (only_row),
    position    bigint NOT NULL,
    digest      bytea NOT NULL,
    previous    bytea NOT NULL DEFAULT '\x'
);
INSERT INTO ledger_head (position, digest) VALUES (0, '\x');

CREATE SEQUENCE ledger_batch_id;
CREATE TABLE ledger_batch (
    id          bigint PRIMARY KEY,
    position    bigint NOT NULL UNIQUE,             -- its place in the chain, without gaps
    at          timestamptz NOT NULL,
    release_id  int NOT NULL,
    version     smallint NOT NULL,
    channel     smallint NOT NULL,
    event       smallint,                           -- set where members carries the batch
    rows        int NOT NULL,
    page_id     bigint,
    language    text NOT NULL DEFAULT '',
    members     bytea,                              -- roaring bitmap of endpoint (stream: subscriber) ids
    spread      jsonb,                              -- stream: {ms after T0: how many}
    previous    bytea NOT NULL,
    digest      bytea NOT NULL
);
CREATE INDEX ledger_batch_release ON ledger_batch (release_id, version);

CREATE TABLE ledger_entry (
    batch_id    bigint NOT NULL,
    at          timestamptz NOT NULL,
    release_id  int NOT NULL,
    endpoint_id int NOT NULL,
    code        int NOT NULL,
    version     smallint NOT NULL,
    event       smallint NOT NULL,
    attempt     smallint NOT NULL,
    repeat      bool NOT NULL,
    detail      text NOT NULL DEFAULT ''
);
CREATE INDEX ledger_entry_batch ON ledger_entry (batch_id);

CREATE FUNCTION ledger_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the ledger is append-only';
END $$;
CREATE TRIGGER ledger_batch_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_batch
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_is_append_only();
CREATE TRIGGER ledger_entry_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_entry
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_is_append_only();

-- The index that readers search: one row for each language of a release that is public.
CREATE TABLE search_entry (
    release_id      int NOT NULL REFERENCES release,
    language        text NOT NULL,
    version         smallint NOT NULL,              -- the one that the terms are from
    place           bigint NOT NULL,                -- sequence number of the release's first version
    published_at    timestamptz NOT NULL,           -- of that version
    headline        text NOT NULL,                  -- for the list of what was found
    subheadline     text NOT NULL,
    terms           tsvector NOT NULL,              -- made by search/: text, filters, days
    doc             bigint NOT NULL GENERATED ALWAYS AS IDENTITY,   -- what an index calls this row
    PRIMARY KEY (release_id, language)
);
CREATE UNIQUE INDEX search_entry_doc ON search_entry (doc);
ALTER TABLE search_entry ALTER COLUMN terms SET STORAGE MAIN;   -- ranking reads hundreds of rows
ALTER TABLE search_entry ALTER COLUMN terms SET STATISTICS 0;   -- the plan is always the same

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

-- One row: how far the wire is in the index.
CREATE TABLE search_head (
    only_row    bool PRIMARY KEY DEFAULT true CHECK (only_row),
    taken_in    bigint NOT NULL                     -- the last sequence number
);
INSERT INTO search_head (taken_in) VALUES (0);

-- One row: how many packs there are; docs below them are in no search_fresh.
CREATE TABLE search_packed (
    only_row        bool PRIMARY KEY DEFAULT true CHECK (only_row),
    packs           int NOT NULL
);
INSERT INTO search_packed (packs) VALUES (0);

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
