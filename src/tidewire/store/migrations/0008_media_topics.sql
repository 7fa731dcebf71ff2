-- IPTC Media Topics, as `tidewire import mediatopics` reads them.
CREATE TABLE media_topic (
    uri             text PRIMARY KEY,               -- http://cv.iptc.org/newscodes/mediatopic/NNNNNNNN
    parents         text[] NOT NULL,
    retired         date,
    replaced_by     text[] NOT NULL,                -- what IPTC says to use instead
    labels          jsonb NOT NULL,                 -- by BCP 47 tag; IPTC, CC BY 4.0
    imported_at     timestamptz NOT NULL            -- the same for all: an import replaces them
);
