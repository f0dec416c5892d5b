-- Moves the repeated supplier names into a table of their own. supplier_name is the last column, so that
-- rolling back puts it where it was.
CREATE TABLE suppliers (
    id   integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name varchar(120) NOT NULL UNIQUE
);

INSERT INTO suppliers (name)
SELECT DISTINCT supplier_name FROM products WHERE supplier_name IS NOT NULL ORDER BY supplier_name;

ALTER TABLE products ADD COLUMN supplier_id integer;

UPDATE products p SET supplier_id = s.id FROM suppliers s WHERE s.name = p.supplier_name;

ALTER TABLE products
    ADD CONSTRAINT products_supplier_fkey FOREIGN KEY (supplier_id) REFERENCES suppliers (id),
    DROP COLUMN supplier_name;

CREATE INDEX products_supplier_idx ON products (supplier_id);
