-- Stored, not virtual: PostgreSQL 18 made VIRTUAL the default when the word is left out.
ALTER TABLE order_lines
    ADD COLUMN line_total numeric GENERATED ALWAYS AS (quantity * unit_price) STORED;
