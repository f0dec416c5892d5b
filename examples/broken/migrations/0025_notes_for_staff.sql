DROP POLICY notes_public ON notes;
CREATE POLICY notes_staff ON notes FOR SELECT USING (NOT private OR pg_has_role('pg_monitor', 'MEMBER'));
