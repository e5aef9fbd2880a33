-- What people decided about an inspection, oldest first, and the verdict that each decision was taken
-- on. Every run is read once more: those that were indexed before have neither.
CREATE TABLE decisions (
    run_id VARCHAR NOT NULL,
    ordinal INTEGER NOT NULL,
    decision VARCHAR NOT NULL,
    owner VARCHAR NOT NULL,
    reason VARCHAR NOT NULL,
    decided_at TIMESTAMP NOT NULL,
    expires DATE, -- NULL: no end
    conditions VARCHAR[] NOT NULL,
    verdict_sha256 VARCHAR NOT NULL -- '' where there was no verdict
);

ALTER TABLE inspections ADD COLUMN verdict_sha256 VARCHAR; -- of judge/verdict.json, '' without one
UPDATE inspections SET signature = '', glance = NULL;
