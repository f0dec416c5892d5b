CREATE SCHEMA reporting;

CREATE VIEW reporting.order_totals AS
SELECT o.id AS order_id,
       o.customer_id,
       o.status,
       coalesce(sum(l.line_total), 0) AS total
FROM orders o
LEFT JOIN order_lines l ON l.order_id = o.id
GROUP BY o.id, o.customer_id, o.status;

COMMENT ON VIEW reporting.order_totals IS 'One row per order, also for orders without lines';
