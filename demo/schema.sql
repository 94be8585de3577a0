-- The tables that the performance guide works with. The two indexes at the end serve foreign keys and
-- the booking list; the six that the guide requires are in indexes.sql.

CREATE TABLE users (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id     integer     NOT NULL,
    email         text        NOT NULL UNIQUE,
    name          text        NOT NULL,
    role          text        NOT NULL,
    password_hash text        NOT NULL,
    preferences   jsonb       NOT NULL DEFAULT '{}',
    is_active     boolean     NOT NULL DEFAULT true,
    is_deleted    boolean     NOT NULL DEFAULT false,
    created_at    timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE bookings (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id   integer        NOT NULL,
    client_name text           NOT NULL,
    package     text           NOT NULL,
    status      text           NOT NULL,
    event_date  date           NOT NULL,
    total_price numeric(12, 2) NOT NULL,
    is_deleted  boolean        NOT NULL DEFAULT false,
    created_at  timestamptz    NOT NULL DEFAULT now()
);

CREATE TABLE tasks (
    id               bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id        integer     NOT NULL,
    booking_id       bigint      NOT NULL REFERENCES bookings (id) ON DELETE CASCADE,
    assigned_user_id bigint      NOT NULL REFERENCES users (id),
    title            text        NOT NULL,
    status           text        NOT NULL,
    due_date         date        NOT NULL,
    is_deleted       boolean     NOT NULL DEFAULT false,
    created_at       timestamptz NOT NULL DEFAULT now(),
    updated_at       timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 80); -- updates of a status stay on the page, and the table stays its size

CREATE TABLE transactions (
    id               bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id        integer        NOT NULL,
    type             text           NOT NULL,
    category         text           NOT NULL,
    amount           numeric(12, 2) NOT NULL,
    currency         text           NOT NULL,
    description      text           NOT NULL,
    transaction_date date           NOT NULL,
    booking_id       bigint,
    created_by       bigint         NOT NULL,
    is_deleted       boolean        NOT NULL DEFAULT false,
    created_at       timestamptz    NOT NULL DEFAULT now()
);

CREATE TABLE audit_logs (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id  integer     NOT NULL,
    user_id    bigint      NOT NULL,
    action     text        NOT NULL,
    entity     text        NOT NULL,
    entity_id  bigint,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE refresh_tokens (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id    bigint      NOT NULL,
    token_hash text        NOT NULL,
    expires_at timestamptz NOT NULL,
    is_revoked boolean     NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE employee_wallet (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id    bigint         NOT NULL,
    tenant_id  integer        NOT NULL,
    balance    numeric(12, 2) NOT NULL,
    currency   text           NOT NULL,
    updated_at timestamptz    NOT NULL DEFAULT now()
);

CREATE INDEX idx_tasks_booking ON tasks (booking_id);
CREATE INDEX idx_bookings_tenant_created ON bookings (tenant_id, created_at DESC, id DESC);
