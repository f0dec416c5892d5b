ALTER SEQUENCE stock_movements_id_seq INCREMENT BY 10 CACHE 50;

CREATE OR REPLACE FUNCTION touch_updated_at() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    NEW.updated_at := now();
    RETURN NEW;
END;
$$;
