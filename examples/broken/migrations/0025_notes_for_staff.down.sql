DROP POLICY notes_staff ON notes;
