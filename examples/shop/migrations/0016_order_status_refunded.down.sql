DROP VIEW reporting.order_totals;
DROP INDEX orders_pending_idx;

ALTER TABLE orders ALTER COLUMN status DROP DEFAULT;
ALTER TYPE order_status RENAME TO order_status_new;
CREATE TYPE order_status AS ENUM ('pending', 'paid', 'shipped', 'cancelled');
ALTER TABLE orders ALTER COLUMN status TYPE order_status
    USING (CASE status WHEN 'refunded' THEN 'cancelled' ELSE status::text END)::order_status;
ALTER TABLE orders ALTER COLUMN status SET DEFAULT 'pending';
DROP TYPE order_status_new;

CREATE INDEX orders_pending_idx ON orders (placed_at) WHERE status = 'pending';

CREATE VIEW reporting.order_totals AS
SELECT o.id AS order_id,
       o.customer_id,
       o.status,
       coalesce(sum(l.line_total), 0) AS total
FROM orders o
LEFT JOIN order_lines l ON l.order_id = o.id
GROUP BY o.id, o.customer_id, o.status;

COMMENT ON VIEW reporting.order_totals IS 'One row per order, also for orders without lines';
