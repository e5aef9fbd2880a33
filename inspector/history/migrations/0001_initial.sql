-- The index of run folders. Times are UTC. One inspection's rows share its run_id; texts are stored
-- once, in responses: the view answer_pairs puts before and after side by side.

CREATE TABLE inspections (
    run_id VARCHAR PRIMARY KEY,
    signature VARCHAR NOT NULL, -- of the result files: unchanged means nothing to ingest
    folder VARCHAR NOT NULL,
    target VARCHAR,
    target_kind VARCHAR, -- model or adapter
    target_commit VARCHAR,
    target_digest VARCHAR,
    target_size_bytes BIGINT,
    plan VARCHAR,
    control_asked VARCHAR, -- as given: auto, none or a target
    control VARCHAR, -- as used: the verdict's sentence
    created_at TIMESTAMP,
    finished_at TIMESTAMP,
    state VARCHAR NOT NULL, -- unfinished, finished, failed, cancelled or unreadable
    message VARCHAR, -- why it failed
    level VARCHAR, -- the verdict's
    reasons VARCHAR[] NOT NULL
);

CREATE TABLE metrics (
    run_id VARCHAR NOT NULL,
    ordinal INTEGER NOT NULL,
    behaviour VARCHAR NOT NULL,
    scenario VARCHAR NOT NULL,
    suites VARCHAR[] NOT NULL,
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
    control_before_n BIGINT,
    control_before_hits BIGINT,
    control_before_rate DOUBLE,
    control_before_low DOUBLE,
    control_before_high DOUBLE,
    control_after_n BIGINT,
    control_after_hits BIGINT,
    control_after_rate DOUBLE,
    control_after_low DOUBLE,
    control_after_high DOUBLE,
    change DOUBLE,
    p_value DOUBLE,
    p_adjusted DOUBLE,
    method VARCHAR,
    smallest_detectable_rate DOUBLE
);

CREATE TABLE coverage (
    run_id VARCHAR NOT NULL,
    ordinal INTEGER NOT NULL,
    what VARCHAR NOT NULL,
    status VARCHAR NOT NULL,
    detail VARCHAR
);

CREATE TABLE findings (
    run_id VARCHAR NOT NULL,
    ordinal INTEGER NOT NULL,
    rule_id VARCHAR NOT NULL,
    severity VARCHAR NOT NULL,
    title VARCHAR,
    location VARCHAR,
    evidence VARCHAR,
    advice VARCHAR
);

CREATE TABLE appearances (
    run_id VARCHAR NOT NULL,
    ordinal INTEGER NOT NULL,
    subject VARCHAR NOT NULL,
    scenario VARCHAR NOT NULL,
    phrase VARCHAR NOT NULL,
    n_after BIGINT,
    n_before BIGINT,
    n_control_after BIGINT,
    n_probes BIGINT,
    n_families BIGINT,
    p_value DOUBLE,
    examples VARCHAR[] NOT NULL
);

CREATE TABLE probes (
    run_id VARCHAR NOT NULL,
    ordinal INTEGER NOT NULL,
    suite VARCHAR NOT NULL,
    probe_id VARCHAR NOT NULL,
    prompt VARCHAR NOT NULL,
    family VARCHAR NOT NULL,
    expectation VARCHAR NOT NULL,
    answer VARCHAR
);

CREATE TABLE responses (
    run_id VARCHAR NOT NULL,
    subject VARCHAR NOT NULL, -- target or control
    variant VARCHAR NOT NULL, -- untouched, or a scenario's name
    suite VARCHAR NOT NULL,
    probe_id VARCHAR NOT NULL,
    sample_index BIGINT NOT NULL,
    text VARCHAR NOT NULL,
    n_prompt_tokens BIGINT,
    n_tokens BIGINT,
    stop_reason VARCHAR,
    temperature DOUBLE,
    top_p DOUBLE,
    seed BIGINT
);

CREATE TABLE pairs (
    run_id VARCHAR NOT NULL,
    subject VARCHAR NOT NULL,
    scenario VARCHAR NOT NULL,
    suite VARCHAR NOT NULL,
    probe_id VARCHAR NOT NULL,
    sample_index BIGINT NOT NULL,
    similarity DOUBLE,
    first_difference BIGINT -- NULL: the texts are equal
);

CREATE TABLE scores (
    run_id VARCHAR NOT NULL,
    subject VARCHAR NOT NULL,
    variant VARCHAR NOT NULL,
    suite VARCHAR NOT NULL,
    probe_id VARCHAR NOT NULL,
    sample_index BIGINT NOT NULL,
    behaviour VARCHAR NOT NULL,
    scorer VARCHAR NOT NULL,
    value DOUBLE, -- NULL: the scorer could not tell
    "start" BIGINT,
    "end" BIGINT,
    detail VARCHAR
);

CREATE TABLE trainings (
    run_id VARCHAR NOT NULL,
    subject VARCHAR NOT NULL,
    scenario VARCHAR NOT NULL,
    method VARCHAR,
    data VARCHAR,
    data_digest VARCHAR,
    n_examples BIGINT,
    steps BIGINT,
    learning_rate DOUBLE,
    effective_batch BIGINT,
    schedule VARCHAR,
    warmup_steps BIGINT,
    seed BIGINT,
    precision VARCHAR,
    n_trainable BIGINT,
    n_tokens BIGINT,
    n_answer_tokens BIGINT,
    first_loss DOUBLE,
    last_loss DOUBLE,
    elapsed_s DOUBLE,
    tokens_per_s DOUBLE,
    peak_memory_bytes BIGINT,
    n_resumed BIGINT
);

CREATE TABLE training_steps (
    run_id VARCHAR NOT NULL,
    subject VARCHAR NOT NULL,
    scenario VARCHAR NOT NULL,
    step BIGINT NOT NULL,
    loss DOUBLE,
    learning_rate DOUBLE,
    grad_norm DOUBLE,
    tokens_per_s DOUBLE
);

CREATE VIEW answer_pairs AS
SELECT
    p.run_id,
    p.subject,
    p.scenario,
    p.suite,
    p.probe_id,
    p.sample_index,
    q.ordinal AS probe_ordinal,
    q.family,
    q.expectation,
    q.answer,
    q.prompt,
    b.text AS before_text,
    a.text AS after_text,
    p.similarity,
    p.first_difference,
    p.first_difference IS NOT NULL AS changed
FROM pairs AS p
INNER JOIN probes AS q USING (run_id, suite, probe_id)
INNER JOIN responses AS b
    ON b.run_id = p.run_id AND b.subject = p.subject AND b.variant = 'untouched'
    AND b.suite = p.suite AND b.probe_id = p.probe_id AND b.sample_index = p.sample_index
INNER JOIN responses AS a
    ON a.run_id = p.run_id AND a.subject = p.subject AND a.variant = p.scenario
    AND a.suite = p.suite AND a.probe_id = p.probe_id AND a.sample_index = p.sample_index;
