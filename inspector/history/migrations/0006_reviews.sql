-- What people said of single scores; rows of a run's reviews.json, oldest first.
CREATE TABLE reviews (
    run_id VARCHAR NOT NULL,
    ordinal INTEGER NOT NULL,
    subject VARCHAR NOT NULL,
    variant VARCHAR NOT NULL,
    suite VARCHAR NOT NULL,
    probe_id VARCHAR NOT NULL,
    sample_index BIGINT NOT NULL,
    behaviour VARCHAR NOT NULL,
    scorer VARCHAR NOT NULL,
    said DOUBLE, -- the score then; NULL: the scorer could not tell
    text_sha256 VARCHAR NOT NULL, -- of the answer then
    action VARCHAR NOT NULL, -- confirm, overrule or annotate
    counts_as BOOLEAN, -- where overruled: whether the person saw the behaviour
    name VARCHAR NOT NULL,
    reason VARCHAR NOT NULL,
    said_at VARCHAR NOT NULL -- UTC, ISO 8601
);
