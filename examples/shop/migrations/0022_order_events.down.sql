DROP TRIGGER orders_record_update ON orders;
DROP TRIGGER orders_record_insert ON orders;
DROP FUNCTION record_order_event();
DROP TABLE order_events;
