-- Pattern known from: Hatchet.

-- setup
CREATE FUNCTION price(cents int) RETURNS numeric LANGUAGE sql IMMUTABLE AS 'SELECT cents / 100.0';

-- migration
CREATE FUNCTION price(cents int, rate numeric) RETURNS numeric LANGUAGE sql IMMUTABLE AS 'SELECT cents / 100.0 * rate';

-- client
SELECT price(100);
