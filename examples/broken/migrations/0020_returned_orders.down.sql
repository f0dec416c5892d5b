ALTER TABLE orders DROP COLUMN returned_at;

ALTER TABLE orders ALTER COLUMN state DROP DEFAULT;
ALTER TYPE order_state RENAME TO order_state_new;
CREATE TYPE order_state AS ENUM ('open', 'paid', 'sent');
ALTER TABLE orders ALTER COLUMN state TYPE order_state
    USING (CASE state WHEN 'returned' THEN 'sent' ELSE state::text END)::order_state;
ALTER TABLE orders ALTER COLUMN state SET DEFAULT 'open';
DROP TYPE order_state_new;
