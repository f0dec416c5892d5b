DROP TABLE accounts;
DROP FUNCTION touch_updated_at();
