-- Pattern known from: Netbox.

-- setup
CREATE TABLE prefixes (id int PRIMARY KEY, net cidr NOT NULL);
INSERT INTO prefixes SELECT g, '10.0.0.0/8' FROM generate_series(1, 300) g;

-- migration
SET lock_timeout = '2s';
ALTER TABLE prefixes ALTER COLUMN net TYPE inet;

-- client
SELECT id FROM prefixes WHERE net >>= '10.1.2.3';
