"""Every statement that the sample ERP sends, with the class and the table that its metric names."""

from dataclasses import dataclass
from typing import LiteralString


@dataclass(frozen=True, slots=True)
class Query:
    """One statement; `kind` and `table` become the labels query_type and table."""

    kind: str
    table: str
    sql: LiteralString


USER_BY_EMAIL = Query(
    "lookup", "users", "SELECT id, tenant_id, password_hash FROM users WHERE email = %s AND is_active"
)
SESSION_BY_USER = Query("lookup", "users", "SELECT id, tenant_id, role, preferences FROM users WHERE id = %s")
USER_BY_ID = Query(
    "lookup", "users", "SELECT id, email, name, role FROM users WHERE id = %s AND tenant_id = %s"
)
WALLET_BY_USER = Query(
    "lookup",
    "employee_wallet",
    "SELECT balance, currency, updated_at FROM employee_wallet WHERE user_id = %s AND tenant_id = %s",
)
TRANSACTION_BY_ID = Query(
    "lookup",
    "transactions",
    "SELECT id, type, category, amount, currency, description, transaction_date, booking_id "
    "FROM transactions WHERE id = %s AND tenant_id = %s AND is_deleted = false",
)
TRANSACTIONS_BY_BOOKING = Query(
    "lookup",
    "transactions",
    "SELECT id, type, category, amount, currency, transaction_date "
    "FROM transactions WHERE booking_id = %s AND is_deleted = false",
)

BOOKINGS_PAGE = Query(
    "list",
    "bookings",
    "SELECT id, client_name, package, status, event_date, total_price, created_at FROM bookings "
    "WHERE tenant_id = %s AND is_deleted = false ORDER BY created_at DESC, id DESC LIMIT %s",
)
TASKS_BY_BOOKINGS = Query(
    "list",
    "tasks",
    "SELECT t.id, t.booking_id, t.title, t.status, t.due_date, u.name AS assignee "
    "FROM tasks t JOIN users u ON u.id = t.assigned_user_id "
    "WHERE t.booking_id = ANY(%s) AND t.is_deleted = false ORDER BY t.booking_id, t.id LIMIT 1000",
)
TASKS_BY_BOOKING = Query(
    "list",
    "tasks",
    "SELECT id, booking_id, title, status, due_date, assigned_user_id FROM tasks "
    "WHERE booking_id = %s AND is_deleted = false ORDER BY id LIMIT 100",
)
NAME_BY_ID = Query("lookup", "users", "SELECT name FROM users WHERE id = %s")
TRANSACTIONS_BEFORE = Query(
    "list",
    "transactions",
    "SELECT id, type, category, amount, currency, description, transaction_date FROM transactions "
    "WHERE tenant_id = %s AND is_deleted = false AND (transaction_date, id) < (%s, %s) "
    "ORDER BY transaction_date DESC, id DESC LIMIT %s",
)
TRANSACTIONS_OFFSET = Query(
    "list",
    "transactions",
    "SELECT t.id, t.type, t.category, t.amount, t.currency, t.description, t.transaction_date, u.name "
    "FROM transactions t JOIN users u ON u.id = t.created_by "
    "WHERE t.tenant_id = %s AND t.is_deleted = false ORDER BY lower(u.name), lower(t.description) "
    "LIMIT %s OFFSET %s",
)

PAID_BY_BOOKINGS = Query(
    "aggregate",
    "transactions",
    "SELECT t.booking_id, sum(t.amount) AS paid FROM transactions t "
    "WHERE t.booking_id = ANY(%s) AND t.is_deleted = false GROUP BY t.booking_id",
)
PAID_BY_BOOKING = Query(
    "aggregate",
    "transactions",
    "SELECT sum(t.amount) AS paid FROM transactions t WHERE t.booking_id = %s AND t.is_deleted = false",
)
PROFIT_AND_LOSS = Query(
    "aggregate",
    "transactions",
    "SELECT type, category, count(*) AS entries, sum(amount) AS total FROM transactions "
    "WHERE tenant_id = %s AND is_deleted = false AND transaction_date BETWEEN %s AND %s "
    "GROUP BY type, category ORDER BY type, category",
)
REVENUE = Query(
    "aggregate",
    "transactions",
    "SELECT date_trunc('month', transaction_date) AS month, sum(amount) AS revenue FROM transactions "
    "WHERE tenant_id = %s AND is_deleted = false AND type = 'income' "
    "AND transaction_date BETWEEN %s AND %s GROUP BY 1 ORDER BY 1",
)
CASH_FLOW = Query(
    "analytics",
    "transactions",
    "WITH monthly AS (SELECT date_trunc('month', transaction_date) AS month, category, "
    "sum(CASE WHEN type = 'income' THEN amount ELSE -amount END) AS net FROM transactions "
    "WHERE tenant_id = %s AND is_deleted = false AND transaction_date BETWEEN %s AND %s GROUP BY 1, 2) "
    "SELECT month, category, net, sum(net) OVER (PARTITION BY category ORDER BY month) AS running, "
    "rank() OVER (PARTITION BY month ORDER BY net DESC) AS place FROM monthly ORDER BY month, category",
)

ADD_REFRESH_TOKEN = Query(
    "write",
    "refresh_tokens",
    "INSERT INTO refresh_tokens (user_id, token_hash, expires_at) "
    "VALUES (%s, %s, now() + '7 days'::interval)",
)
ADD_AUDIT_LOG = Query(
    "write",
    "audit_logs",
    "INSERT INTO audit_logs (tenant_id, user_id, action, entity, entity_id) VALUES (%s, %s, %s, %s, %s)",
)
ADD_BOOKING = Query(
    "write",
    "bookings",
    "INSERT INTO bookings (tenant_id, client_name, package, status, event_date, total_price) "
    "VALUES (%s, %s, %s, 'draft', %s, %s) RETURNING id",
)
DELETE_BOOKING = Query(
    "write", "bookings", "DELETE FROM bookings WHERE id = %s AND tenant_id = %s RETURNING id"
)
SET_TASK_STATUS = Query(
    "write",
    "tasks",
    "UPDATE tasks SET status = %s, updated_at = now() WHERE id = %s AND tenant_id = %s RETURNING id",
)
ADD_TRANSACTION = Query(
    "write",
    "transactions",
    "INSERT INTO transactions (tenant_id, type, category, amount, currency, description, transaction_date, "
    "created_by) VALUES (%s, %s, %s, %s, 'USD', %s, current_date, %s) RETURNING id",
)

# What traffic adds is removed again, oldest first. Parameters: the newest id of the sample data, how many of
# the added rows stay.
TRIM: tuple[Query, ...] = (
    Query(
        "write",
        "transactions",
        "DELETE FROM transactions WHERE id > %s AND id < (SELECT max(id) FROM transactions) - %s",
    ),
    Query(
        "write", "bookings", "DELETE FROM bookings WHERE id > %s AND id < (SELECT max(id) FROM bookings) - %s"
    ),
    Query(
        "write",
        "audit_logs",
        "DELETE FROM audit_logs WHERE id > %s AND id < (SELECT max(id) FROM audit_logs) - %s",
    ),
    Query(
        "write",
        "refresh_tokens",
        "DELETE FROM refresh_tokens WHERE id > %s AND id < (SELECT max(id) FROM refresh_tokens) - %s",
    ),
)
NEWEST_ID: tuple[Query, ...] = (
    Query("aggregate", "transactions", "SELECT max(id) AS id FROM transactions"),
    Query("aggregate", "bookings", "SELECT max(id) AS id FROM bookings"),
    Query("aggregate", "audit_logs", "SELECT max(id) AS id FROM audit_logs"),
    Query("aggregate", "refresh_tokens", "SELECT max(id) AS id FROM refresh_tokens"),
)
