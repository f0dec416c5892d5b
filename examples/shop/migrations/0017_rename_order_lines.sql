ALTER TABLE order_lines RENAME TO order_items;
ALTER TABLE order_items RENAME COLUMN line_no TO item_no;
ALTER TABLE order_items RENAME CONSTRAINT order_lines_pkey TO order_items_pkey;
ALTER TABLE order_items RENAME CONSTRAINT order_lines_order_fkey TO order_items_order_fkey;
ALTER TABLE order_items RENAME CONSTRAINT order_lines_product_fkey TO order_items_product_fkey;
ALTER TABLE order_items RENAME CONSTRAINT order_lines_quantity_check TO order_items_quantity_check;
ALTER INDEX order_lines_product_idx RENAME TO order_items_product_idx;
ALTER TABLE customers RENAME COLUMN phone TO phone_number;
