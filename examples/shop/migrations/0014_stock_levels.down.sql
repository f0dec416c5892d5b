DROP PROCEDURE refresh_stock_levels();
DROP MATERIALIZED VIEW stock_levels;
