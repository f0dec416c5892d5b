ALTER TABLE stock_movements DETACH PARTITION stock_movements_2027;
INSERT INTO stock_movements SELECT * FROM stock_movements_2027;
DROP TABLE stock_movements_2027;
