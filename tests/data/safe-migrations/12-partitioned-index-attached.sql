-- Pattern known from: GitLab, Hatchet.

-- setup
CREATE TABLE logs (id bigint NOT NULL, at date NOT NULL, line text) PARTITION BY RANGE (at);
CREATE TABLE logs_2025 PARTITION OF logs FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE TABLE logs_2026 PARTITION OF logs FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
INSERT INTO logs SELECT g, date '2025-06-01' + g, 'x' FROM generate_series(1, 300) g;

-- migration
SET lock_timeout = '2s';
CREATE INDEX logs_id_idx ON ONLY logs (id);

-- migration, no transaction
CREATE INDEX CONCURRENTLY logs_2025_id_idx ON logs_2025 (id);

-- migration, no transaction
CREATE INDEX CONCURRENTLY logs_2026_id_idx ON logs_2026 (id);

-- migration
SET lock_timeout = '2s';
ALTER INDEX logs_id_idx ATTACH PARTITION logs_2025_id_idx;
ALTER INDEX logs_id_idx ATTACH PARTITION logs_2026_id_idx;
