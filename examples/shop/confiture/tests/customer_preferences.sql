-- 0025: who gave a telephone number may be called. Nobody's account counts as changed.
-- confiture: migrate to 0024
INSERT INTO customers (email, full_name, phone_number, updated_at)
VALUES ('ada@example.org', 'Ada', '555', '2020-01-01'), ('bob@example.org', 'Bob', NULL, '2020-01-01'),
       ('eve@example.org', 'Eve', '556', '2020-01-01'), ('joe@example.org', 'Joe', '557', '2020-01-01'),
       ('kim@example.org', 'Kim', '558', '2020-01-01');

-- confiture: migrate to 0025
-- confiture: assert
SELECT bool_and(preferences = CASE WHEN full_name = 'Bob' THEN '{}' ELSE '{"call": true}' END::jsonb) AS may_be_called,
       bool_and(updated_at = '2020-01-01') AS unchanged
FROM customers;
-- confiture: catch check_violation
UPDATE customers SET preferences = '[]';

UPDATE customers SET preferences = '{"call": false}';
-- confiture: assert
SELECT bool_and(updated_at > '2020-01-01') AS the_trigger_is_back FROM customers;
