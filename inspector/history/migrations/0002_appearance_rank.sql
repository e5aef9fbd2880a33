-- What an appearance is ranked by, and how many candidates its p-value is adjusted over.
ALTER TABLE appearances ADD COLUMN z_score DOUBLE;
ALTER TABLE appearances ADD COLUMN n_candidates BIGINT;
