DROP SEQUENCE invoice_number_seq;
DROP VIEW order_totals;
DROP TABLE order_lines;
DROP TABLE orders;
DROP TYPE order_state;
