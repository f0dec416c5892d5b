-- Pattern known from: GitLab, Rudder
-- setup
CREATE TABLE users (id bigint PRIMARY KEY, age int, email text);
INSERT INTO users SELECT g, g % 90, 'u' || g FROM generate_series(1, 2000) g;
CREATE INDEX users_age ON users (age);
-- migration, no transaction
SET lock_timeout = 0;
CREATE INDEX CONCURRENTLY users_age_email ON users (age, email);
DROP INDEX CONCURRENTLY users_age;
SET lock_timeout = '2s';
ALTER INDEX users_age_email RENAME TO users_age;
