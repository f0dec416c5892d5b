ALTER TABLE customers ADD COLUMN preferences jsonb NOT NULL DEFAULT '{}';

ALTER TABLE customers DISABLE TRIGGER customers_touch;
UPDATE customers SET preferences = jsonb_build_object('call', true) WHERE phone_number IS NOT NULL;
ALTER TABLE customers ENABLE TRIGGER customers_touch;

ALTER TABLE customers
    ADD CONSTRAINT customers_preferences_is_object CHECK (jsonb_typeof(preferences) = 'object') NOT VALID;
ALTER TABLE customers VALIDATE CONSTRAINT customers_preferences_is_object;

CREATE INDEX customers_preferences_idx ON customers USING gin (preferences jsonb_path_ops);
