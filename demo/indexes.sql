-- The six indexes of the performance guide, as it gives them.

CREATE INDEX IF NOT EXISTS idx_transactions_tenant_date_type
ON transactions (tenant_id, transaction_date, type)
WHERE is_deleted = false;

CREATE INDEX IF NOT EXISTS idx_transactions_booking
ON transactions (booking_id)
WHERE booking_id IS NOT NULL;

CREATE INDEX IF NOT EXISTS idx_transactions_category_date
ON transactions (category, transaction_date)
WHERE is_deleted = false;

CREATE INDEX IF NOT EXISTS idx_audit_logs_tenant_created
ON audit_logs (tenant_id, created_at DESC);

CREATE INDEX IF NOT EXISTS idx_refresh_tokens_user_expires
ON refresh_tokens (user_id, expires_at)
WHERE is_revoked = false;

CREATE INDEX IF NOT EXISTS idx_employee_wallet_user_tenant
ON employee_wallet (user_id, tenant_id);
