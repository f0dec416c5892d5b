ALTER TABLE shipping_zones ADD COLUMN surcharge numeric(6, 2) NOT NULL DEFAULT 0;
INSERT INTO shipping_zones (code, name, surcharge) VALUES ('EU', 'European Union', 4.50);
