-- Runs at the end of the chain: it names no version.
INSERT INTO customers (email, full_name) VALUES ('ada@example.org', 'Ada Lovelace');

-- confiture: catch 23505
INSERT INTO customers (email, full_name) VALUES ('ada@example.org', 'Somebody else');

-- confiture: catch check_violation
INSERT INTO customers (email, full_name) VALUES ('nobody', 'Nobody');

-- confiture: assert
SELECT preferences = '{}' AS no_preferences, updated_at = created_at AS not_changed FROM customers;

-- confiture: uses-index customers_preferences_idx
SELECT id FROM customers WHERE preferences @> '{"call": true}';
