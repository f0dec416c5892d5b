-- 0011 starts the history of prices with what products cost today.
-- confiture: migrate to 0010
INSERT INTO products (id, sku, name, price) VALUES (1, 'JAM-1', 'Plum jam', 4.20), (2, 'TEA-1', 'Tea', 3);

-- confiture: migrate to 0011
-- confiture: assert
SELECT array_agg(format('%s %s %s', p.product_id, p.price, p.during = '[2020-01-01 00:00:00+00,)'::tstzrange)
                 ORDER BY p.product_id) = '{1 4.20 t,2 3.00 t}' AS today_s_prices
FROM price_periods p;

-- confiture: catch exclusion_violation
INSERT INTO price_periods VALUES (1, 5, '[2026-01-01,2027-01-01)');
INSERT INTO price_periods VALUES (1, 4, '[2019-01-01,2020-01-01 00:00:00+00)');
-- confiture: catch check_violation
INSERT INTO price_periods VALUES (1, 5, 'empty');

-- A product takes its history with it.
DELETE FROM products WHERE id = 1;
-- confiture: assert
SELECT array_agg(product_id) = '{2}' AS gone FROM price_periods;
