-- 0013 gives 2027 a partition of its own, and moves the rows of 2027 that were early, and only those.
-- confiture: migrate to 0012
INSERT INTO products (id, sku, name, price) VALUES (1, 'JAM-1', 'Plum jam', 4.20);
INSERT INTO warehouses (id, code) VALUES (1, 'LYON');
INSERT INTO stock_movements (id, product_id, warehouse_id, quantity, moved_at)
VALUES (1, 1, 1, 7, '2024-05-05 00:00:00+00'), (2, 1, 1, 7, '2027-01-01 00:00:00+00'),
       (3, 1, 1, 7, '2027-12-31 23:59:59+00'), (4, 1, 1, 7, '2028-01-01 00:00:00+00'),
       (5, 1, 1, 7, '2026-12-31 23:59:59+00');

-- confiture: migrate to 0013
-- confiture: assert
SELECT array_agg(format('%s %s', id, tableoid::regclass) ORDER BY id)
     = '{1 stock_movements_default,2 stock_movements_2027,3 stock_movements_2027,4 stock_movements_default,'
       '5 stock_movements_2026}' AS where_they_belong
FROM stock_movements;

INSERT INTO stock_movements (product_id, warehouse_id, quantity, moved_at) VALUES (1, 1, -7, '2027-06-06');
-- confiture: assert
SELECT tableoid::regclass = 'stock_movements_2027'::regclass AS new_ones_as_well
FROM stock_movements WHERE quantity = -7;

-- confiture: rollback to 0012
-- confiture: assert
SELECT count(*) = 6 AND count(*) FILTER (WHERE tableoid = 'stock_movements_default'::regclass) = 5 AS moved_back
FROM stock_movements;
-- confiture: assert
SELECT to_regclass('stock_movements_2027') IS NULL AS no_partition;
