#include "shop.hpp"

#include "secrets.hpp"

namespace smartflow {

namespace {

constexpr const char *password = "plum-Harbour-91-kestrel";

/// Deleting a few rows is ten times as fast as truncating; append-only triggers and foreign keys
/// don't count in this session, and no trigger writes a trail of it.
constexpr const char *empty_all = R"(
begin;
set local synchronous_commit = off;
set local session_replication_role = replica;
set local search_path = smartflow;
do $$
declare
    name text;
begin
    for name in
        select tablename from pg_tables where schemaname = 'smartflow' and tablename <> 'migrations'
    loop
        execute format('delete from smartflow.%I', name);
    end loop;
    perform setval(oid, 1, false) from pg_class
      where relkind = 'S' and relnamespace = 'smartflow'::regnamespace and relname !~ '^migrations';
end
$$;
)";

constexpr const char *fill = R"(
insert into audit_chain (through, rows, head, barrier_id)
values (0, 0, decode(repeat('00', 32), 'hex'), 0);
insert into workflows (name, trigger, action)
values ('Reduce stock when an order comes in', 'New Order', 'Reduce Stock');
insert into users (username, name, email, role, password_hash)
values ('admin', 'Ada Admin', 'ada@shop.test', 'admin', '@HASH@'),
       ('staff', 'Stan Staff', null, 'staff', '@HASH@');
insert into credentials (user_id, kind, digest, name, read_only, last_used_at, expires_at, address,
                         user_agent)
values (1, 'session', decode('@ADMIN@', 'hex'), null, false, now(), now() + interval '30 days',
        '127.0.0.1', 'case'),
       (2, 'session', decode('@STAFF@', 'hex'), null, false, now(), now() + interval '30 days',
        '127.0.0.1', 'case'),
       (1, 'token', decode('@READER@', 'hex'), 'reads', true, now(), null, null, null);
select smartflow_api.recount();
commit;
)";

void replace_all(std::string &text, const std::string &from, const std::string &to)
{
    for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) {
        text.replace(at, from.size(), to);
    }
}

} // namespace

Shop::Shop(const std::string &url)
    : connection_(url), secrets_{{"admin_secret", "sf_admin"},
                                 {"staff_secret", "sf_staff"},
                                 {"reader_secret", "sf_reader"},
                                 {"password", password}},
      reset_(std::string(empty_all) + fill)
{
    static const std::string hash = password_hash(password);
    replace_all(reset_, "@HASH@", hash);
    replace_all(reset_, "@ADMIN@", token_digest(secrets_["admin_secret"]));
    replace_all(reset_, "@STAFF@", token_digest(secrets_["staff_secret"]));
    replace_all(reset_, "@READER@", token_digest(secrets_["reader_secret"]));
}

void Shop::make_new()
{
    // `smartflow deliver` keeps house meanwhile, and the two may meet in a deadlock.
    for (int attempt = 1;; ++attempt) {
        try {
            return connection_.run(reset_);
        } catch (const AdminError &error) {
            connection_.run("rollback");
            if (error.sqlstate() != "40P01" || attempt == 5) {
                throw;
            }
        }
    }
}

std::string Shop::value(const std::string &statement)
{
    return connection_.value(statement).value_or("null");
}

} // namespace smartflow
