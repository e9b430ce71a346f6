#include "migrate.hpp"
#include "temporary_database.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <chrono>
#include <thread>

using namespace smartflow;

namespace {

/// A small tree: two migrations, one function.
SqlTree small_tree()
{
    SqlTree tree;
    tree.migrations = {{"0001_shelf.sql", "create table shelf (id int primary key);"},
                       {"0002_box.sql", "create table box (id int references shelf);"}};
    tree.functions = {
        {"00_helpers.sql", "create function helper() returns int language sql as 'select 41';"},
        {"shelf.sql", "create function shelf_size() returns int language sql as "
                      "'select smartflow_api.helper() + 1';"}};
    tree.roles = {"roles.sql", "do $$ begin perform cardinality(:families); end $$;"};
    tree.families = {"shelf"};
    return tree;
}

/// Migrates a database and remembers what was logged.
std::string log_of(const TemporaryDatabase &database, const SqlTree &tree)
{
    std::string log;
    migrate(database.url(), tree, [&](const std::string &line) { log += line + "\n"; });
    return log;
}

std::string value(const TemporaryDatabase &database, const std::string &statement)
{
    return AdminConnection(database.url()).value(statement).value_or("(null)");
}

/// The history as `1 applied, 2 failed`.
std::string history(const TemporaryDatabase &database)
{
    return value(database, "select string_agg(version || ' ' || status, ', ' order by id) "
                           "from smartflow.migrations");
}

bool has_table(const TemporaryDatabase &database, const std::string &name)
{
    return value(database, "select to_regclass('smartflow." + name + "')") != "(null)";
}

bool contains(const std::string &text, const std::string &part)
{
    return text.find(part) != std::string::npos;
}

/// The message with which a migration is refused; empty when it isn't.
std::string refusal(const TemporaryDatabase &database, const SqlTree &tree)
{
    try {
        log_of(database, tree);
    } catch (const std::runtime_error &error) {
        return error.what();
    }
    return "";
}

} // namespace

BOOST_AUTO_TEST_SUITE(migrating)

BOOST_AUTO_TEST_CASE(brings_a_fresh_database_up)
{
    const TemporaryDatabase database;
    const std::string log = log_of(database, small_tree());
    BOOST_TEST(contains(log, "0001_shelf.sql applied"));
    BOOST_TEST(history(database) == "1 applied, 2 applied");
    BOOST_TEST(has_table(database, "box"));
    BOOST_TEST(value(database, "select smartflow_api.shelf_size()") == "42");
    BOOST_TEST(value(database, "select name from smartflow.migrations where version = 2 "
                               "and checksum = encode(sha256('create table box "
                               "(id int references shelf);'), 'hex') and error is null "
                               "and duration_ms between 0 and 60000 "
                               "and started_at > now() - interval '1 minute'") == "box");
}

BOOST_AUTO_TEST_CASE(finds_nothing_to_do_the_second_time)
{
    const TemporaryDatabase database;
    log_of(database, small_tree());
    const std::string log = log_of(database, small_tree());
    BOOST_TEST(contains(log, "as before"));
    BOOST_TEST(!contains(log, "applied"));
    BOOST_TEST(history(database) == "1 applied, 2 applied");
}

BOOST_AUTO_TEST_CASE(applies_what_came_later)
{
    const TemporaryDatabase database;
    SqlTree tree = small_tree();
    log_of(database, tree);
    tree.migrations.push_back({"0003_lid.sql", "create table lid ();"});
    BOOST_TEST(!contains(log_of(database, tree), "box"));
    BOOST_TEST(history(database) == "1 applied, 2 applied, 3 applied");
    BOOST_TEST(has_table(database, "lid"));
}

BOOST_AUTO_TEST_CASE(lets_two_at_once_take_turns)
{
    const TemporaryDatabase database;
    SqlTree tree = small_tree();
    tree.migrations[0].text += "select pg_sleep(0.5);";
    std::string logs[2];
    std::string errors[2];
    std::vector<std::thread> migrators;
    for (int i = 0; i < 2; ++i) {
        migrators.emplace_back([&, i] {
            try {
                logs[i] = log_of(database, tree);
            } catch (const std::exception &error) {
                errors[i] = error.what();
            }
        });
    }
    for (std::thread &migrator : migrators) {
        migrator.join();
    }
    BOOST_TEST(errors[0] + errors[1] == "");
    BOOST_TEST(history(database) == "1 applied, 2 applied");
    BOOST_TEST(contains(logs[0], "waiting") != contains(logs[1], "waiting"));
    BOOST_TEST(contains(logs[0], "as before") == contains(logs[0], "waiting"));
    BOOST_TEST(value(database, "select smartflow_api.shelf_size()") == "42");
}

BOOST_AUTO_TEST_CASE(leaves_only_a_history_row_of_a_failed_migration_and_goes_on_once_it_is_fixed)
{
    const TemporaryDatabase database;
    SqlTree tree = small_tree();
    tree.migrations[1].text = "create table half (); select 1 / 0;";
    tree.migrations.push_back({"0003_lid.sql", "create table lid ();"});
    BOOST_TEST(contains(refusal(database, tree), "0002_box.sql failed"));
    BOOST_TEST(history(database) == "1 applied, 2 failed");
    BOOST_TEST(value(database, "select error from smartflow.migrations where status = 'failed'") ==
               "ERROR:  division by zero");
    BOOST_TEST(!has_table(database, "half"));
    BOOST_TEST(!has_table(database, "lid"));

    tree.migrations[1] = small_tree().migrations[1];
    log_of(database, tree);
    BOOST_TEST(history(database) == "1 applied, 2 failed, 2 applied, 3 applied");
    BOOST_TEST(has_table(database, "lid"));
}

BOOST_AUTO_TEST_CASE(refuses_a_changed_migration_before_anything_runs)
{
    const TemporaryDatabase database;
    SqlTree tree = small_tree();
    log_of(database, tree);
    tree.migrations[0].text += " ";
    tree.migrations.push_back({"0003_lid.sql", "create table lid ();"});
    tree.functions.clear();
    BOOST_TEST(contains(refusal(database, tree), "0001_shelf was changed"));
    BOOST_TEST(!has_table(database, "lid"));
    BOOST_TEST(value(database, "select smartflow_api.shelf_size()") == "42");
}

BOOST_AUTO_TEST_CASE(goes_on_from_an_earlier_text_that_a_later_migration_completes)
{
    const TemporaryDatabase database;
    SqlTree tree = small_tree();
    log_of(database, tree);
    const std::string earlier =
        value(database, "select checksum from smartflow.migrations where version = 1");
    tree.migrations[0].text += " ";
    tree.migrations.push_back({"0003_lid.sql", "-- completes 0002 " + earlier + "\n"});
    BOOST_TEST(contains(refusal(database, tree), "0001_shelf was changed"));
    tree.migrations[2].text = "-- completes 0001 " + earlier + "\ncreate table lid ();";
    log_of(database, tree);
    BOOST_TEST(has_table(database, "lid"));
    tree.migrations[0].text += " ";
    log_of(database, tree);
}

BOOST_AUTO_TEST_CASE(refuses_a_missing_migration)
{
    const TemporaryDatabase database;
    SqlTree tree = small_tree();
    log_of(database, tree);
    tree.migrations.erase(tree.migrations.begin());
    BOOST_TEST(contains(refusal(database, tree), "migration 0001 is missing"));
    BOOST_TEST(value(database, "select smartflow_api.shelf_size()") == "42");
}

BOOST_AUTO_TEST_CASE(refuses_a_database_newer_than_the_program)
{
    const TemporaryDatabase database;
    SqlTree tree = small_tree();
    log_of(database, tree);
    tree.migrations.pop_back();
    tree.functions.clear();
    BOOST_TEST(contains(refusal(database, tree), "newer than this program: it has 0002_box"));
    BOOST_TEST(value(database, "select smartflow_api.shelf_size()") == "42");
}

BOOST_AUTO_TEST_CASE(refuses_a_migration_slipped_in_before_an_applied_one)
{
    const TemporaryDatabase database;
    log_of(database, small_tree());
    AdminConnection(database.url()).run("delete from smartflow.migrations where version = 1");
    BOOST_TEST(contains(refusal(database, small_tree()), "0001 isn't applied, though 0002_box is"));
}

BOOST_AUTO_TEST_CASE(refuses_a_number_used_twice_and_a_name_of_another_form)
{
    const TemporaryDatabase database;
    SqlTree tree = small_tree();
    tree.migrations.push_back({"0002_lid.sql", ""});
    BOOST_TEST(contains(refusal(database, tree), "two migrations 0002"));
    for (const char *name : {"3_lid.sql", "0003_.sql", "0003_lid.txt", "0003-lid.sql", "lid.sql"}) {
        tree.migrations.back().name = name;
        BOOST_TEST(contains(refusal(database, tree), "is named like"), name);
    }
    BOOST_TEST(!has_table(database, "shelf"));
}

BOOST_AUTO_TEST_CASE(refuses_a_migration_that_ends_its_transaction)
{
    const TemporaryDatabase database;
    SqlTree tree = small_tree();
    tree.migrations[1].text = "create table box (); commit;";
    BOOST_TEST(contains(refusal(database, tree), "must not begin or end a transaction"));
    BOOST_TEST(history(database) == "1 applied, 2 failed");
}

BOOST_AUTO_TEST_CASE(replaces_every_function)
{
    const TemporaryDatabase database;
    SqlTree tree = small_tree();
    log_of(database, tree);
    tree.functions[1].text = "create function shelf_size() returns text language sql as "
                             "$$select 'large'$$;"; // CREATE OR REPLACE couldn't do this
    tree.functions[0].text = "create type helpers as (a int);";
    log_of(database, tree);
    BOOST_TEST(value(database, "select smartflow_api.shelf_size()") == "large");
    BOOST_TEST(value(database, "select to_regproc('smartflow_api.helper')") == "(null)");
}

BOOST_AUTO_TEST_CASE(keeps_the_old_functions_when_a_new_one_is_wrong)
{
    const TemporaryDatabase database;
    SqlTree tree = small_tree();
    log_of(database, tree);
    tree.functions[0].text = "create function helper() returns int language sql as 'select 1';";
    tree.functions[1].text = "create function shelf_size() returns nonsense";
    BOOST_TEST(contains(refusal(database, tree), "shelf.sql: ERROR"));
    BOOST_TEST(value(database, "select smartflow_api.shelf_size()") == "42");
}

BOOST_AUTO_TEST_CASE(puts_triggers_back_and_refuses_to_drop_a_column_with_the_functions)
{
    const TemporaryDatabase database;
    SqlTree tree = small_tree();
    tree.functions[0].text += "create function keep() returns trigger language plpgsql as "
                              "'begin raise exception ''kept''; end';"
                              "create trigger keep before insert on shelf execute function keep();"
                              "create type color as enum ('red');";
    log_of(database, tree);
    log_of(database, tree);
    BOOST_TEST(value(database, "select count(*) from pg_trigger where tgname = 'keep'") == "1");

    AdminConnection(database.url())
        .run("alter table smartflow.shelf add column color smartflow_api.color");
    BOOST_TEST(contains(refusal(database, tree), "column smartflow.shelf.color"));
    BOOST_TEST(value(database, "select count(*) from information_schema.columns "
                               "where table_name = 'shelf'") == "2");
}

BOOST_AUTO_TEST_CASE(waits_for_a_busy_table_without_keeping_others_from_it)
{
    const TemporaryDatabase database;
    SqlTree tree = small_tree();
    tree.functions[0].text += "create function keep() returns trigger language plpgsql as "
                              "'begin return new; end';"
                              "create trigger keep before insert on shelf execute function keep();";
    log_of(database, tree);
    AdminConnection reader(database.url());
    reader.run("begin; select * from smartflow.shelf");
    std::atomic<bool> done{false};
    std::string error;
    std::thread migrator([&] {
        error = refusal(database, tree);
        done = true;
    });
    // Whoever comes behind the waiting migration gets the table when that gives up for a moment.
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    AdminConnection writer(database.url());
    writer.run("set lock_timeout = '4s'; insert into smartflow.shelf values (1)");
    BOOST_TEST(!done);
    reader.run("commit");
    migrator.join();
    BOOST_TEST(error == "");
    BOOST_TEST(value(database, "select count(*) from pg_trigger where tgname = 'keep'") == "1");
}

BOOST_AUTO_TEST_SUITE_END()
