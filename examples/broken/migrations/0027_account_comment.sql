COMMENT ON TABLE accounts IS 'Everyone who can sign in, and service accounts';
