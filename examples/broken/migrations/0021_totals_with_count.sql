DROP VIEW order_totals;
CREATE VIEW order_totals AS
SELECT o.id AS order_id, coalesce(sum(l.quantity * i.price), 0) AS total, count(l.line_no) AS lines
FROM orders o
LEFT JOIN order_lines l ON l.order_id = o.id
LEFT JOIN items i ON i.id = l.item_id
GROUP BY o.id;
