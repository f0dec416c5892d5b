-- Pattern known from: Hatchet, Zalando.

-- setup
CREATE TABLE logs (id bigint NOT NULL, at date NOT NULL) PARTITION BY RANGE (at);
CREATE TABLE logs_2025 PARTITION OF logs FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
INSERT INTO logs SELECT g, date '2025-01-01' + g FROM generate_series(1, 300) g;

-- migration
CREATE TABLE logs_2026 (LIKE logs INCLUDING DEFAULTS INCLUDING CONSTRAINTS, CONSTRAINT logs_2026_at CHECK (at >= '2026-01-01' AND at < '2027-01-01'));
SET lock_timeout = '2s';
ALTER TABLE logs ATTACH PARTITION logs_2026 FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');

-- client
INSERT INTO logs VALUES (0, '2025-05-05');
