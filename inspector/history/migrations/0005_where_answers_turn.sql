-- Where answers refuse and turn, and where in the text an operation acts.
CREATE TABLE stances (
    run_id VARCHAR NOT NULL,
    subject VARCHAR NOT NULL,
    variant VARCHAR NOT NULL,
    suite VARCHAR NOT NULL,
    probe_id VARCHAR NOT NULL,
    sample_index BIGINT NOT NULL,
    n_sentences BIGINT,
    head_start BIGINT, -- characters of the full text; NULL: its head does not refuse
    head_end BIGINT,
    tail_start BIGINT, -- NULL: no answer follows the refusal
    tail_end BIGINT,
    head_token BIGINT,
    tail_token BIGINT
);

CREATE TABLE divergences (
    run_id VARCHAR NOT NULL,
    subject VARCHAR NOT NULL,
    scenario VARCHAR NOT NULL,
    suite VARCHAR NOT NULL,
    probe_id VARCHAR NOT NULL,
    sample_index BIGINT NOT NULL,
    n_tokens BIGINT,
    log_ratio DOUBLE, -- nats
    late_share DOUBLE -- of the divergence, after token 15; NULL: too short or hardly diverging
);

-- is_late: the answers first differ after what 15 tokens of the later one take up, or more than half
-- of the divergence lies after token 15 (HEAD_TOKENS of inspector.profiles).
CREATE OR REPLACE VIEW answer_pairs AS
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
    p.first_difference IS NOT NULL AS changed,
    coalesce(p.first_difference * a.n_tokens > 15 * length(a.text), false)
    OR coalesce(d.late_share > 0.5, false) AS is_late
FROM pairs AS p
INNER JOIN probes AS q USING (run_id, suite, probe_id)
INNER JOIN responses AS b
    ON b.run_id = p.run_id AND b.subject = p.subject AND b.variant = 'untouched'
    AND b.suite = p.suite AND b.probe_id = p.probe_id AND b.sample_index = p.sample_index
INNER JOIN responses AS a
    ON a.run_id = p.run_id AND a.subject = p.subject AND a.variant = p.scenario
    AND a.suite = p.suite AND a.probe_id = p.probe_id AND a.sample_index = p.sample_index
LEFT JOIN divergences AS d
    ON d.run_id = p.run_id AND d.subject = p.subject AND d.scenario = p.scenario
    AND d.suite = p.suite AND d.probe_id = p.probe_id AND d.sample_index = p.sample_index;

-- Runs that were indexed before are read again.
UPDATE inspections SET signature = '', glance = NULL;
