-- Rows of 2027 that already went to the default partition would make ATTACH fail: move them first.
CREATE TABLE stock_movements_2027 (LIKE stock_movements INCLUDING DEFAULTS INCLUDING CONSTRAINTS);

WITH moved AS (
    DELETE FROM stock_movements_default
    WHERE moved_at >= '2027-01-01 00:00:00+00' AND moved_at < '2028-01-01 00:00:00+00'
    RETURNING *
)
INSERT INTO stock_movements_2027 SELECT * FROM moved;

ALTER TABLE stock_movements ATTACH PARTITION stock_movements_2027
    FOR VALUES FROM ('2027-01-01 00:00:00+00') TO ('2028-01-01 00:00:00+00');
