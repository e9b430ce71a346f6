#include "migrate.hpp"
#include "temporary_database.hpp"

#include <boost/test/unit_test.hpp>

using namespace smartflow;

namespace {

std::string definer(const std::string &name)
{
    return "create function " + name +
           "() returns bigint language sql security definer "
           "set search_path = smartflow_api, smartflow, pg_temp as 'select count(*) from goods';";
}

/// The project's own roles.sql over two families, one of whose names begins with the other's.
SqlTree two_families()
{
    SqlTree tree;
    tree.migrations = {{"0001_goods.sql", "create table goods (id bigint generated always as "
                                          "identity primary key, name text);"}};
    tree.functions = {{"goods.sql", definer("shop_read") + definer("shop_back_read") +
                                        definer("any_session") + definer("helper") +
                                        definer("other_read") +
                                        "create procedure shop_work() language sql as '';"
                                        "create view names as select name from goods;"}};
    tree.roles = embedded_sql().roles;
    tree.families = {"shop", "shop_back"};
    return tree;
}

void quiet_migrate(const std::string &url, const SqlTree &tree)
{
    migrate(url, tree, [](const std::string &) {});
}

/// The SQLSTATE with which a statement is refused; "" when it isn't.
std::string refused(AdminConnection &connection, const std::string &statement)
{
    try {
        connection.run(statement);
    } catch (const AdminError &error) {
        return error.sqlstate();
    }
    return "";
}

const std::string denied = "42501"; // insufficient_privilege

} // namespace

BOOST_AUTO_TEST_SUITE(roles)

BOOST_AUTO_TEST_CASE(a_family_calls_its_own_functions_and_nothing_else)
{
    const TemporaryDatabase database;
    quiet_migrate(database.url(), two_families());
    AdminConnection shop(database.url("smartflow_shop"));
    BOOST_TEST(refused(shop, "select smartflow_api.shop_read()") == "");
    BOOST_TEST(refused(shop, "call smartflow_api.shop_work()") == "");
    BOOST_TEST(refused(shop, "select smartflow_api.any_session()") == "");
    for (const char *name : {"shop_back_read", "helper", "other_read"}) {
        BOOST_TEST(refused(shop, std::string("select smartflow_api.") + name + "()") == denied,
                   name);
    }
    AdminConnection back(database.url("smartflow_shop_back"));
    BOOST_TEST(refused(back, "select smartflow_api.shop_back_read()") == "");
    BOOST_TEST(refused(back, "select smartflow_api.shop_read()") == denied);
}

BOOST_AUTO_TEST_CASE(a_family_reaches_no_table_and_makes_nothing)
{
    const TemporaryDatabase database;
    quiet_migrate(database.url(), two_families());
    AdminConnection shop(database.url("smartflow_shop"));
    for (const char *statement :
         {"select * from smartflow.goods", "insert into smartflow.goods (name) values ('x')",
          "update smartflow.goods set name = 'x'", "delete from smartflow.goods",
          "truncate smartflow.goods", "select * from smartflow.migrations",
          "select nextval('smartflow.goods_id_seq')", "select * from smartflow_api.names",
          "create table public.mine ()", "create temporary table mine ()",
          "create table smartflow.mine ()", "create schema mine",
          "create function smartflow_api.mine() returns int language sql as 'select 1'",
          "drop function smartflow_api.shop_read()", "create role mine"}) {
        BOOST_TEST(refused(shop, statement) != "", statement);
    }
    // A right given by hand is taken back by the next migrate.
    AdminConnection(database.url())
        .run("grant usage on schema smartflow to smartflow_shop;"
             "grant select on smartflow.goods to smartflow_shop");
    quiet_migrate(database.url(), two_families());
    AdminConnection again(database.url());
    BOOST_TEST(again.value("select has_schema_privilege('smartflow_shop', 'smartflow', 'usage')")
                   .value_or("") == "f");
    BOOST_TEST(again
                   .value("select has_table_privilege('smartflow_shop', 'smartflow.goods', "
                          "'select')")
                   .value_or("") == "f");
}

BOOST_AUTO_TEST_CASE(an_owner_who_may_create_roles_does_so)
{
    const TemporaryRole owner("createrole");
    const TemporaryDatabase database(owner.name());
    quiet_migrate(database.url(owner.name()), two_families());
    quiet_migrate(database.url(owner.name()), two_families());
    AdminConnection shop(database.url("smartflow_shop"));
    BOOST_TEST(refused(shop, "select smartflow_api.shop_read()") == "");
    BOOST_TEST(refused(shop, "select * from smartflow.goods") == denied);
    BOOST_TEST(refused(shop, "create temporary table mine ()") == denied);
}

BOOST_AUTO_TEST_CASE(an_owner_who_may_not_create_roles_works_alone)
{
    const TemporaryRole owner("");
    const TemporaryDatabase database(owner.name());
    SqlTree tree = two_families();
    tree.families = {owner.name()}; // so that there is no role of this name
    quiet_migrate(database.url(owner.name()), tree);
    AdminConnection connection(database.url(owner.name()));
    BOOST_TEST(
        connection.value("select to_regrole('smartflow_" + owner.name() + "')").has_value() ==
        false);
    BOOST_TEST(refused(connection, "select smartflow_api.shop_read()") == "");
}

BOOST_AUTO_TEST_CASE(the_shops_own_functions_keep_every_family_from_every_table)
{
    const TemporaryRole owner("createrole");
    const TemporaryDatabase database(owner.name());
    const SqlTree &tree = embedded_sql();
    quiet_migrate(database.url(owner.name()), tree);
    AdminConnection connection(database.url());
    BOOST_TEST_REQUIRE(!tree.families.empty());
    for (const std::string &family : tree.families) {
        const std::string role = "smartflow_" + family;
        BOOST_TEST(connection
                       .value("select count(*) from pg_shdepend where refobjid = $1::regrole "
                              "and deptype = 'o'",
                              {role})
                       .value_or("") == "0");
        BOOST_TEST(connection
                           .value(R"(
            select string_agg(c.oid::regclass::text, ' ') from pg_class c
             where relnamespace in ('smartflow'::regnamespace, 'smartflow_api'::regnamespace)
               and relkind in ('r', 'p', 'v', 'm')
               and has_table_privilege($1, c.oid, 'select, insert, update, delete, truncate'))",
                                  {role})
                           .value_or("") == "",
                   role);
        BOOST_TEST(connection
                           .value(R"(
            select string_agg(p.proname, ' ') from pg_proc p
             where pronamespace = 'smartflow_api'::regnamespace
               and has_function_privilege($1, p.oid, 'execute')
               is distinct from (starts_with(proname, $2 || '_') or starts_with(proname, 'any_')))",
                                  {role, family})
                           .value_or("") == "",
                   role);
    }
}

BOOST_AUTO_TEST_CASE(what_runs_with_the_owners_rights_fixes_its_search_path)
{
    const TemporaryDatabase database;
    quiet_migrate(database.url(), embedded_sql());
    AdminConnection connection(database.url());
    BOOST_TEST(connection
                   .value(R"(
        select string_agg(p.oid::regprocedure::text, ' ') from pg_proc p
         where pronamespace = 'smartflow_api'::regnamespace and prosecdef
           and not coalesce(proconfig::text like '%search_path=%pg_temp"%', false))")
                   .value_or("") == "");
}

BOOST_AUTO_TEST_SUITE_END()
