-- Pattern known from: Hatchet.

-- setup
CREATE TABLE logs (id bigint NOT NULL, at date NOT NULL) PARTITION BY RANGE (at);
CREATE TABLE logs_2024 PARTITION OF logs FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE logs_2025 PARTITION OF logs FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
INSERT INTO logs SELECT g, date '2025-01-01' + g FROM generate_series(1, 300) g;

-- migration, no transaction
ALTER TABLE logs DETACH PARTITION logs_2024 CONCURRENTLY;
