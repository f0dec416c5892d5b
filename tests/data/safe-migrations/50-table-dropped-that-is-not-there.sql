-- Pattern known from: Lemmy, Keycloak
-- setup
CREATE TABLE users (id bigint PRIMARY KEY);
-- migration
SET lock_timeout = '2s';
DROP TABLE IF EXISTS users_backup;
