ALTER TABLE accounts ENABLE ROW LEVEL SECURITY;
CREATE POLICY accounts_own ON accounts
    USING (email = current_setting('shop.email', true));
