DROP PROCEDURE close_stale_carts(interval);
DROP TABLE carts;
