-- Rules that notify and assign: notifications, the outbox, and what spreads assignments.

set local search_path = smartflow, public;

create table notifications (
    id         bigint generated always as identity primary key,
    user_id    bigint not null references users,
    message    text not null,
    order_id   bigint,
    product_id bigint,
    rule_id    bigint,
    read       boolean not null default false,
    created_at timestamptz(3) not null default now()
);
create index notifications_user on notifications (user_id, id);
create index notifications_unread on notifications (user_id, id) where not read;

-- The outbox: what is to leave the house, written with the change that causes it, sent after.
create table deliveries (
    id              bigint generated always as identity primary key,
    event           text not null unique, -- what the receiver tells repeats by; the same in every attempt
    run_id          bigint not null,
    channel         text not null check (channel in ('email', 'webhook')),
    target          text not null,        -- address or URL
    subject         text,                 -- of a mail
    content         text not null,        -- a mail's text, a webhook's body
    state           text not null default 'pending' check (state in ('pending', 'delivered', 'failed')),
    attempts        integer not null default 0,
    created_at      timestamptz(3) not null default now(),
    next_attempt_at timestamptz(3) default now(),
    delivered_at    timestamptz(3),
    give_up_at      timestamptz(3) not null default now() + interval '1 day',
    check ((state = 'pending') = (next_attempt_at is not null)),
    check ((state = 'delivered') = (delivered_at is not null))
);
create index deliveries_due on deliveries (next_attempt_at, id) where state = 'pending';
create index deliveries_target on deliveries (target, next_attempt_at, id) where state = 'pending';
create index deliveries_run on deliveries (run_id, id);
create index deliveries_state on deliveries (state, id);
create index deliveries_age on deliveries (delivered_at) where state = 'delivered';

create table delivery_attempts (
    id          bigint generated always as identity primary key,
    delivery_id bigint not null references deliveries on delete cascade,
    at          timestamptz(3) not null default clock_timestamp(),
    status      integer, -- HTTP's or SMTP's, when there was an answer
    error       text,    -- null: delivered
    duration_ms integer not null
);
create index delivery_attempts_delivery on delivery_attempts (delivery_id, id);

-- How many open orders each user has, spread over several rows, so that orders that come in at the
-- same moment don't wait for each other. A sum of a few rows, however many orders there are.
create table open_order_counts (
    user_id          bigint not null references users,
    shard            smallint not null check (shard between 0 and 63),
    orders           bigint not null default 0,
    last_assigned_at timestamptz,
    primary key (user_id, shard)
) with (fillfactor = 50);

insert into open_order_counts (user_id, shard, orders, last_assigned_at)
select assigned_to, 0, count(*), max(created_at) from orders
 where assigned_to is not null and status <> 'Completed' group by assigned_to;

create index workflow_runs_product on workflow_runs (product_id, id) where product_id is not null;
create index workflow_runs_trigger on workflow_runs (trigger, id);
create index workflow_runs_outcome on workflow_runs (outcome, id);
create index workflow_runs_at on workflow_runs (created_at, id);
create index movements_at on movements (created_at, id);
