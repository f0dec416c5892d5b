ALTER TABLE order_lines DROP CONSTRAINT order_lines_order_fkey;
ALTER TABLE order_lines ADD CONSTRAINT order_lines_order_fkey
    FOREIGN KEY (order_id) REFERENCES orders (id) ON DELETE RESTRICT;
