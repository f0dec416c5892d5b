-- CREATE OR REPLACE VIEW cannot take a column away; a dropped view loses its comment and its grants.
DROP VIEW reporting.order_totals;

CREATE VIEW reporting.order_totals AS
SELECT o.id AS order_id,
       o.customer_id,
       o.status,
       coalesce(sum(l.line_total), 0) AS total
FROM orders o
LEFT JOIN order_items l ON l.order_id = o.id
GROUP BY o.id, o.customer_id, o.status;

COMMENT ON VIEW reporting.order_totals IS 'One row per order, also for orders without lines';
GRANT SELECT ON reporting.order_totals TO pg_monitor;

DROP FUNCTION discounted(numeric, numeric);
ALTER TABLE orders DROP COLUMN coupon_code;
DROP TABLE coupons;
