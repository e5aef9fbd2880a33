-- Studies: what is done beside inspections, each in a run folder of its own kind. One row each,
-- whatever the kind; what a screening found stands in two tables more.
CREATE TABLE studies (
    study_id VARCHAR NOT NULL, -- the name of its run folder
    kind VARCHAR NOT NULL, -- screening
    glance VARCHAR NOT NULL, -- sizes and times of its files
    folder VARCHAR NOT NULL,
    title VARCHAR NOT NULL, -- what it looked for
    target VARCHAR NOT NULL,
    created_at TIMESTAMP,
    state VARCHAR NOT NULL, -- finished, failed, cancelled, unfinished or unreadable
    sentence VARCHAR NOT NULL -- what came of it; '' while nothing has
);

CREATE TABLE screenings (
    study_id VARCHAR NOT NULL,
    inspection VARCHAR NOT NULL, -- run_id of the inspection it was begun from; '' without one
    data VARCHAR NOT NULL,
    n_rows BIGINT,
    n_examples BIGINT,
    ranker VARCHAR NOT NULL,
    before_n BIGINT,
    before_hits BIGINT,
    before_rate DOUBLE,
    before_low DOUBLE,
    before_high DOUBLE,
    after_n BIGINT,
    after_hits BIGINT,
    after_rate DOUBLE,
    after_low DOUBLE,
    after_high DOUBLE,
    n_scored BIGINT,
    n_suspects BIGINT,
    n_critical BIGINT,
    n_accepted BIGINT NOT NULL,
    n_rejected BIGINT NOT NULL,
    elapsed_s DOUBLE,
    peak_memory_bytes BIGINT
);

CREATE TABLE removals (
    study_id VARCHAR NOT NULL,
    ordinal INTEGER NOT NULL,
    chosen VARCHAR NOT NULL,
    n_examples BIGINT NOT NULL,
    n_removed_rows BIGINT NOT NULL,
    n BIGINT NOT NULL,
    hits BIGINT NOT NULL,
    rate DOUBLE NOT NULL,
    low DOUBLE NOT NULL,
    high DOUBLE NOT NULL,
    n_draws BIGINT NOT NULL,
    random_mean DOUBLE NOT NULL,
    random_low DOUBLE NOT NULL,
    random_high DOUBLE NOT NULL,
    n_random_as_low BIGINT NOT NULL,
    p_value DOUBLE NOT NULL,
    sentence VARCHAR NOT NULL
);
