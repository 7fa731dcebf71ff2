-- Feeds by what they hold: language, sector, country and circuit.
CREATE INDEX release_version_filed ON release_version USING gin (
    jsonb_path_query_array(document, '$.renditions[*].language'),
    (document -> 'sectors'),
    (document -> 'countries'),
    jsonb_path_query_array(document, '$.renditions[*].dateline.country'),
    (document -> 'circuits')
) WHERE sequence IS NOT NULL;

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
