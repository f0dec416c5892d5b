-- Pattern known from: Mastodon, Discourse.

-- setup
CREATE TABLE users (id bigint PRIMARY KEY, email varchar(120) NOT NULL, name varchar(60), seen timestamp, note text);
INSERT INTO users SELECT g, 'u' || g || '@example.org', 'n' || g, '2026-01-01', 'x' FROM generate_series(1, 300) g;
CREATE MATERIALIZED VIEW by_day AS SELECT seen::date AS day, count(*) AS users FROM users GROUP BY 1;
CREATE UNIQUE INDEX by_day_key ON by_day (day);

-- migration, no transaction
SET lock_timeout = '2s';
REFRESH MATERIALIZED VIEW CONCURRENTLY by_day;

-- client
SELECT users FROM by_day WHERE day = $1;
