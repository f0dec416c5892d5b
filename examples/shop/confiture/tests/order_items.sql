-- 0017 renames the lines of orders; nothing in them changes, in either direction.
-- confiture: migrate to 0016
INSERT INTO customers (email, full_name, phone) VALUES ('ada@example.org', 'Ada', '+33 1 23 45');
INSERT INTO orders (id, customer_id) SELECT 1, id FROM customers;
INSERT INTO products (id, sku, name, price) VALUES (1, 'JAM-1', 'Plum jam', 4.20);
INSERT INTO order_lines (order_id, line_no, product_id, quantity, unit_price) VALUES (1, 1, 1, 2, 4.20), (1, 2, 1, 3, 4);

-- confiture: migrate to 0017
-- confiture: assert
SELECT array_agg(item_no || ' ' || line_total ORDER BY item_no) = '{1 8.40,2 12.00}' AS kept FROM order_items;
-- confiture: assert
SELECT phone_number = '+33 1 23 45' AS kept FROM customers;
-- confiture: assert
SELECT array_agg(conname::text ORDER BY conname) FILTER (WHERE contype <> 'n')
     = '{order_items_order_fkey,order_items_pkey,order_items_product_fkey,order_items_quantity_check}' AS renamed
FROM pg_constraint WHERE conrelid = 'order_items'::regclass;
-- confiture: uses-index order_items_product_idx
SELECT product_id FROM order_items WHERE product_id = 1;

-- confiture: rollback to 0016
-- confiture: assert
SELECT array_agg(line_no || ' ' || line_total ORDER BY line_no) = '{1 8.40,2 12.00}' AS kept FROM order_lines;
-- confiture: assert
SELECT phone = '+33 1 23 45' AS kept FROM customers;
-- confiture: assert
SELECT array_agg(conname::text ORDER BY conname) FILTER (WHERE contype <> 'n')
     = '{order_lines_order_fkey,order_lines_pkey,order_lines_product_fkey,order_lines_quantity_check}' AS renamed
FROM pg_constraint WHERE conrelid = 'order_lines'::regclass;
-- confiture: uses-index order_lines_product_idx
SELECT product_id FROM order_lines WHERE product_id = 1;
