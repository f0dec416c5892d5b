ALTER TABLE products ADD COLUMN supplier_name varchar(120);

UPDATE products p SET supplier_name = s.name FROM suppliers s WHERE s.id = p.supplier_id;

ALTER TABLE products DROP COLUMN supplier_id;
DROP TABLE suppliers;
