-- Pattern known from: Omnivore
-- setup
CREATE TABLE users (id bigint PRIMARY KEY);
INSERT INTO users SELECT g FROM generate_series(1, 2000) g;
-- migration
WITH gone AS (DELETE FROM users WHERE id < 50 RETURNING id) SELECT count(*) FROM gone;
