GRANT SELECT ON orders TO pg_monitor;
GRANT SELECT ON order_lines TO pg_monitor;
