-- Reported as: unbounded-dml
-- setup
CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL, age int, note text);
INSERT INTO users SELECT g, 'u' || g || '@x.org', g % 90 FROM generate_series(1, 2000) g;
CREATE TABLE marks (id bigint PRIMARY KEY);
INSERT INTO marks SELECT g FROM generate_series(1, 2000) g;
-- migration
SET lock_timeout = '2s';
MERGE INTO users USING marks ON marks.id = users.id WHEN MATCHED THEN UPDATE SET note = 'x';
