-- Feeds by what they hold: language, sector, country and circuit.
CREATE INDEX release_version_filed ON release_version USING gin (
    jsonb_path_query_array(document, '$.renditions[*].language'),
    (document -> 'sectors'),
    (document -> 'countries'),
    jsonb_path_query_array(document, '$.renditions[*].dateline.country'),
    (document -> 'circuits')
) WHERE sequence IS NOT NULL;
