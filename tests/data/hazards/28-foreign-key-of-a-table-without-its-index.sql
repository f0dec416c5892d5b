-- Reported as: fk-without-index
-- setup
CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL, age int, note text);
INSERT INTO users SELECT g, 'u' || g || '@x.org', g % 90 FROM generate_series(1, 2000) g;
CREATE TABLE orders (id bigint PRIMARY KEY, user_id bigint);
CREATE INDEX open_orders ON orders (user_id) WHERE id > 5;
-- migration
SET lock_timeout = '2s';
ALTER TABLE orders ADD CONSTRAINT of_user FOREIGN KEY (user_id) REFERENCES users (id) NOT VALID;
