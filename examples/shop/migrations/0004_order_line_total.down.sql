ALTER TABLE order_lines DROP COLUMN line_total;
