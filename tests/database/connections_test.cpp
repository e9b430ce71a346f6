#include "admin_connection.hpp"
#include "database.hpp"
#include "error.hpp"
#include "migrate.hpp"
#include "settings.hpp"
#include "temporary_database.hpp"

#include <boost/test/unit_test.hpp>

using namespace smartflow;

namespace {

Settings settings_of(const TemporaryDatabase &database)
{
    Settings settings = read_settings([](const std::string &) { return std::nullopt; }, "");
    settings.database_url = database.url();
    return settings;
}

/// Sessions of a family in the database, this one's apart; waits for those that are just ending.
std::string sessions(AdminConnection &admin)
{
    admin.run("select pg_sleep(0.2)");
    return admin
        .value("select count(*) from pg_stat_activity where datname = current_database()"
               " and pid <> pg_backend_pid() and backend_type = 'client backend'")
        .value_or("");
}

} // namespace

BOOST_AUTO_TEST_SUITE(connections)

BOOST_AUTO_TEST_CASE(a_connection_that_nobody_uses_is_closed_and_made_again_when_wanted)
{
    const TemporaryDatabase temporary;
    migrate(temporary.url(), embedded_sql(), [](const std::string &) {});
    AdminConnection admin(temporary.url());
    Database database(settings_of(temporary), "auth", {});
    Arguments arguments;
    const auto ask = [&] {
        BOOST_CHECK_THROW(database.call("any_session", arguments, {}),
                          Error); // nobody is logged in
    };
    ask();
    ask();
    BOOST_TEST(sessions(admin) == "1");
    database.close_idle(std::chrono::minutes(1));
    BOOST_TEST(sessions(admin) == "1");
    database.close_idle(std::chrono::seconds(0));
    BOOST_TEST(sessions(admin) == "0");
    ask();
    BOOST_TEST(sessions(admin) == "1");
}

BOOST_AUTO_TEST_CASE(short_queries_are_planned_as_such_wherever_the_database_is)
{
    const TemporaryDatabase temporary;
    migrate(temporary.url(), embedded_sql(), [](const std::string &) {});
    AdminConnection admin(temporary.url());
    admin.run("do $$ begin execute format('alter database %I set random_page_cost = 4',"
              " current_database()); end $$");
    admin.run("create function smartflow_api.planned(q smartflow_api.request)"
              " returns smartflow_api.response language sql as $$ select row(200, null, null,"
              " concat_ws(' ', current_setting('random_page_cost'), current_setting('jit'),"
              " current_setting('max_parallel_workers_per_gather')), false)::smartflow_api.response"
              " $$");
    Database database(settings_of(temporary), "auth", {});
    BOOST_TEST(database.call("planned", {}, {}).body.value_or("") == "1.1 off 0");
}

BOOST_AUTO_TEST_SUITE_END()
