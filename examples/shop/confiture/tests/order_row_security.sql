-- 0019: the session says which customer it speaks for. It may say nothing.
-- confiture: migrate to 0019
-- confiture: assert
SELECT current_customer_id() IS NULL AS nobody;
SET shop.customer_id = '7';
-- confiture: assert
SELECT current_customer_id() = 7 AS the_seventh;

-- confiture: rollback to 0018
-- confiture: catch undefined_function
SELECT current_customer_id();
-- confiture: assert
SELECT NOT relrowsecurity AS all_rows_again FROM pg_class WHERE oid = 'orders'::regclass;
