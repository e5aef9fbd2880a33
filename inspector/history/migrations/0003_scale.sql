-- For a history of a million answers. A glance at a run folder (a few times and sizes) tells that
-- there is nothing to ingest, without the signature's look at every file. Answers are most of the
-- file: zstd packs them in half the time of what DuckDB chooses by itself, into half the room.
ALTER TABLE inspections ADD COLUMN glance VARCHAR;

CREATE TABLE packed_responses (
    run_id VARCHAR NOT NULL,
    subject VARCHAR NOT NULL, -- target or control
    variant VARCHAR NOT NULL, -- untouched, or a scenario's name
    suite VARCHAR NOT NULL,
    probe_id VARCHAR NOT NULL,
    sample_index BIGINT NOT NULL,
    text VARCHAR NOT NULL USING COMPRESSION zstd,
    n_prompt_tokens BIGINT,
    n_tokens BIGINT,
    stop_reason VARCHAR,
    temperature DOUBLE,
    top_p DOUBLE,
    seed BIGINT
);
INSERT INTO packed_responses SELECT * FROM responses;
DROP TABLE responses;
ALTER TABLE packed_responses RENAME TO responses;
