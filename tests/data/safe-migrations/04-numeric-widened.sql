-- Pattern known from: GnuCash, Stellar SDP.

-- setup
CREATE TABLE payments (id bigint PRIMARY KEY, amount numeric(10,2) NOT NULL, fee numeric(8,4));
INSERT INTO payments SELECT g, g, g FROM generate_series(1, 300) g;

-- migration
SET lock_timeout = '2s';
ALTER TABLE payments ALTER COLUMN amount TYPE numeric(18,2);
ALTER TABLE payments ALTER COLUMN fee TYPE numeric;

-- client
INSERT INTO payments VALUES (0, 12345678.25, 1.5);
SELECT sum(amount) FROM payments;
