CREATE TABLE warehouses (
    id   smallserial PRIMARY KEY,
    code char(4) NOT NULL UNIQUE
);

CREATE SEQUENCE stock_movements_id_seq AS bigint INCREMENT BY 10 START WITH 1000 CACHE 50;

-- An identity column would be shorter, but partitioned tables take them only since PostgreSQL 17.
CREATE TABLE stock_movements (
    id           bigint NOT NULL DEFAULT nextval('stock_movements_id_seq'),
    product_id   bigint NOT NULL REFERENCES products (id),
    warehouse_id smallint NOT NULL REFERENCES warehouses (id),
    quantity     integer NOT NULL,
    moved_at     timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT stock_movements_pkey PRIMARY KEY (id, moved_at),
    CONSTRAINT stock_movements_quantity_check CHECK (quantity <> 0)
) PARTITION BY RANGE (moved_at);

ALTER SEQUENCE stock_movements_id_seq OWNED BY stock_movements.id;

CREATE TABLE stock_movements_2025 PARTITION OF stock_movements
    FOR VALUES FROM ('2025-01-01 00:00:00+00') TO ('2026-01-01 00:00:00+00');
CREATE TABLE stock_movements_2026 PARTITION OF stock_movements
    FOR VALUES FROM ('2026-01-01 00:00:00+00') TO ('2027-01-01 00:00:00+00');
CREATE TABLE stock_movements_default PARTITION OF stock_movements DEFAULT;

CREATE INDEX stock_movements_product_idx ON stock_movements (product_id, moved_at);
