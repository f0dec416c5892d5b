CREATE SEQUENCE order_number_seq START WITH 100001 MINVALUE 100001;

ALTER TABLE orders ADD COLUMN order_number bigint;

-- The backfill is not a change made by a user: updated_at keeps its value.
ALTER TABLE orders DISABLE TRIGGER orders_touch;

UPDATE orders o SET order_number = n.number
FROM (SELECT id, 100000 + row_number() OVER (ORDER BY id) AS number FROM orders) n
WHERE n.id = o.id;

ALTER TABLE orders ENABLE TRIGGER orders_touch;

SELECT setval('order_number_seq', max(order_number)) FROM orders HAVING count(*) > 0;

ALTER TABLE orders
    ALTER COLUMN order_number SET DEFAULT nextval('order_number_seq'),
    ALTER COLUMN order_number SET NOT NULL,
    ADD CONSTRAINT orders_order_number_key UNIQUE (order_number);

ALTER SEQUENCE order_number_seq OWNED BY orders.order_number;
