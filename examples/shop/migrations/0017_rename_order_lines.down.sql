ALTER TABLE customers RENAME COLUMN phone_number TO phone;
ALTER INDEX order_items_product_idx RENAME TO order_lines_product_idx;
ALTER TABLE order_items RENAME CONSTRAINT order_items_quantity_check TO order_lines_quantity_check;
ALTER TABLE order_items RENAME CONSTRAINT order_items_product_fkey TO order_lines_product_fkey;
ALTER TABLE order_items RENAME CONSTRAINT order_items_order_fkey TO order_lines_order_fkey;
ALTER TABLE order_items RENAME CONSTRAINT order_items_pkey TO order_lines_pkey;
ALTER TABLE order_items RENAME COLUMN item_no TO line_no;
ALTER TABLE order_items RENAME TO order_lines;
