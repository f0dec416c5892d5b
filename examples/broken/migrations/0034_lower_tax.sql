CREATE OR REPLACE FUNCTION price_with_tax(price numeric) RETURNS numeric
LANGUAGE sql IMMUTABLE AS $$
    SELECT round(price * 1.10, 2)
$$;
