-- Eight tenants and two years of business, the same rows at every start. User n belongs to tenant
-- n % 8 + 1, and so do booking, task and transaction n. Every sample user has the password whose hash is in the setting
-- demo.password_hash: two thousand hashes of their own would be most of the start.

INSERT INTO users (tenant_id, email, name, role, password_hash, preferences, created_at)
SELECT n % 8 + 1,
       'user' || n || '@erp.example',
       'User ' || n,
       (ARRAY ['admin', 'accountant', 'photographer', 'editor'])[n % 4 + 1],
       current_setting('demo.password_hash'),
       jsonb_build_object('language', (ARRAY ['en', 'ar'])[n % 2 + 1], 'theme', 'light'),
       now() - (n || ' hours')::interval
FROM generate_series(1, 2000) AS n;

INSERT INTO employee_wallet (user_id, tenant_id, balance, currency)
SELECT n, n % 8 + 1, (n * 37 % 5000)::numeric, 'USD'
FROM generate_series(1, 2000) AS n;

INSERT INTO bookings (tenant_id, client_name, package, status, event_date, total_price, created_at)
SELECT n % 8 + 1,
       'Client ' || n,
       (ARRAY ['wedding', 'portrait', 'studio', 'product'])[n % 4 + 1],
       (ARRAY ['draft', 'confirmed', 'delivered'])[n % 3 + 1],
       current_date - n % 730,
       (n * 53 % 9000 + 100)::numeric,
       now() - (n * 100 || ' minutes')::interval
FROM generate_series(1, 10000) AS n;

INSERT INTO tasks (tenant_id, booking_id, assigned_user_id, title, status, due_date)
SELECT booking % 8 + 1,
       booking,
       (booking - 1) % 2000 + 1,
       (ARRAY ['shoot', 'select', 'retouch', 'deliver'])[n % 4 + 1] || ' for client ' || booking,
       (ARRAY ['open', 'in progress', 'done'])[n % 3 + 1],
       current_date + n % 30
FROM generate_series(1, 40000) AS n, LATERAL (SELECT (n - 1) % 10000 + 1 AS booking) AS b;

INSERT INTO transactions (tenant_id, type, category, amount, currency, description, transaction_date,
                          booking_id, created_by, created_at)
SELECT n % 8 + 1,
       (ARRAY ['income', 'income', 'expense', 'payroll'])[n / 8 % 4 + 1],
       (ARRAY ['session', 'album', 'print', 'equipment', 'rent', 'travel', 'salary'])[n / 8 % 7 + 1],
       (n * 7919::bigint % 200000 + 100) / 100.0,
       'USD',
       'Entry ' || n || ' of the sample books, entered by hand from the paper receipt and checked twice',
       current_date - n / 8 % 730,
       CASE WHEN n / 8 % 2 = 0 THEN (n - 1) % 10000 + 1 END,
       (n - 1) % 2000 + 1,
       now() - n / 8 % 730 * '1 day'::interval - n % 1439 * '1 minute'::interval
FROM generate_series(1, 240000) AS n;

INSERT INTO audit_logs (tenant_id, user_id, action, entity, entity_id, created_at)
SELECT n % 8 + 1, n % 2000 + 1, 'update', 'transaction', n, now() - (n || ' minutes')::interval
FROM generate_series(1, 20000) AS n;

INSERT INTO refresh_tokens (user_id, token_hash, expires_at, is_revoked)
SELECT n % 2000 + 1, md5(n::text), now() + '7 days'::interval, n % 3 = 0
FROM generate_series(1, 6000) AS n;
