-- The transaction that last changed a subscriber: an index that knows which transactions it has
-- seen finds the rest exactly, however late they were committed.

ALTER TABLE subscriber ADD COLUMN changed_in xid8 NOT NULL DEFAULT pg_current_xact_id();
DROP INDEX subscriber_changed;
CREATE INDEX subscriber_changed ON subscriber (changed_in);
