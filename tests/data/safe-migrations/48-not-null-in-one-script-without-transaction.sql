-- Pattern known from: GitLab, Sentry
-- setup
CREATE TABLE users (id bigint PRIMARY KEY, age int);
INSERT INTO users SELECT g, g % 90 FROM generate_series(1, 2000) g;
-- migration, no transaction
SET lock_timeout = '2s';
ALTER TABLE users ADD CONSTRAINT aged CHECK (age IS NOT NULL) NOT VALID;
ALTER TABLE users VALIDATE CONSTRAINT aged;
ALTER TABLE users ALTER COLUMN age SET NOT NULL;
ALTER TABLE users DROP CONSTRAINT aged;
-- client
INSERT INTO users (id, age) VALUES (9999, 3);
