-- Installations and upgrades over the web (handlers/setup.cpp): a token of SETUP_TOKEN that has done
-- its work never opens the set-up again.

create table smartflow.setups (
    token_digest bytea primary key check (length(token_digest) = 32),
    at           timestamptz(3) not null default now()
);
