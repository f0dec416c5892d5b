CREATE TABLE order_events (
    id          bigint GENERATED ALWAYS AS IDENTITY (START WITH 1 CACHE 20) PRIMARY KEY,
    order_id    bigint NOT NULL REFERENCES orders (id) ON DELETE CASCADE,
    from_status order_status,
    to_status   order_status NOT NULL,
    happened_at timestamptz NOT NULL
);

CREATE INDEX order_events_order_idx ON order_events (order_id, happened_at);

INSERT INTO order_events (order_id, from_status, to_status, happened_at)
SELECT id, NULL, status, placed_at FROM orders ORDER BY id;

CREATE FUNCTION record_order_event() RETURNS trigger
LANGUAGE plpgsql AS $body$
BEGIN
    INSERT INTO order_events (order_id, from_status, to_status, happened_at)
    VALUES (NEW.id, CASE WHEN TG_OP = 'UPDATE' THEN OLD.status END, NEW.status, now());
    RETURN NULL;
END;
$body$;

CREATE TRIGGER orders_record_insert AFTER INSERT ON orders
    FOR EACH ROW EXECUTE FUNCTION record_order_event();
CREATE TRIGGER orders_record_update AFTER UPDATE OF status ON orders
    FOR EACH ROW WHEN (OLD.status IS DISTINCT FROM NEW.status) EXECUTE FUNCTION record_order_event();
