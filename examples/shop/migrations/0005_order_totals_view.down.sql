DROP VIEW reporting.order_totals;
DROP SCHEMA reporting;
