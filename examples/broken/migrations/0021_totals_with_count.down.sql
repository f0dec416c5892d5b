DROP VIEW order_totals;
CREATE VIEW order_totals AS
SELECT o.id AS order_id, sum(l.quantity * i.price) AS total
FROM orders o
LEFT JOIN order_lines l ON l.order_id = o.id
LEFT JOIN items i ON i.id = l.item_id
GROUP BY o.id;
