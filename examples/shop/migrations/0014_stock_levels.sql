CREATE MATERIALIZED VIEW stock_levels AS
SELECT product_id, warehouse_id, sum(quantity) AS on_hand
FROM stock_movements
GROUP BY product_id, warehouse_id;

-- REFRESH … CONCURRENTLY needs a unique index.
CREATE UNIQUE INDEX stock_levels_key ON stock_levels (product_id, warehouse_id);

CREATE PROCEDURE refresh_stock_levels()
LANGUAGE plpgsql AS $$
BEGIN
    REFRESH MATERIALIZED VIEW CONCURRENTLY stock_levels;
END;
$$;
