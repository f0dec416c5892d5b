-- Replaces a function body; the old one comes back byte for byte.
CREATE OR REPLACE FUNCTION touch_updated_at() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF NEW IS DISTINCT FROM OLD THEN
        NEW.updated_at := now();
    END IF;
    RETURN NEW;
END;
$$;

ALTER SEQUENCE stock_movements_id_seq INCREMENT BY 1 CACHE 1;
