-- 0012 numbers movements of stock, 0014 adds up what is on hand.
-- confiture: migrate to 0012
INSERT INTO products (id, sku, name, price) VALUES (1, 'JAM-1', 'Plum jam', 4.20);
INSERT INTO warehouses (id, code) VALUES (1, 'LYON');
INSERT INTO stock_movements (product_id, warehouse_id, quantity) VALUES (1, 1, 7), (1, 1, -2);
-- confiture: assert
SELECT max(id) - min(id) = 10 AS in_steps_of_ten,
       (SELECT last_value FROM stock_movements_id_seq) = min(id) + 490 AS fifty_numbers_at_once
FROM stock_movements;

-- confiture: migrate to 0014
-- confiture: assert
SELECT on_hand = 5 AS adds_up FROM stock_levels;
INSERT INTO stock_movements (product_id, warehouse_id, quantity) VALUES (1, 1, 3);
CALL refresh_stock_levels();
-- confiture: assert
SELECT on_hand = 8 AS after_a_refresh FROM stock_levels;

-- confiture: rollback to 0013
-- confiture: catch undefined_table
SELECT FROM stock_levels;
-- confiture: assert
SELECT sum(quantity) = 8 AS movements_stay FROM stock_movements;
