// Routes against what lies outside C++: the SQL functions they name, the variables nginx passes.

#include "families.hpp"
#include "http.hpp"

#include <boost/test/unit_test.hpp>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <string>

namespace {

namespace fs = std::filesystem;
using namespace smartflow;
using Names = std::set<std::string>;

std::string read_source(const fs::path &path)
{
    std::ifstream file(fs::path(SOURCE_DIR) / path);
    BOOST_REQUIRE_MESSAGE(file, "there is no " << path);
    return {std::istreambuf_iterator<char>(file), {}};
}

/// What the pattern's first group holds, for each match in the text.
Names matches(const std::string &text, const std::string &pattern)
{
    const std::regex wanted(pattern);
    Names names;
    for (std::sregex_iterator at(text.begin(), text.end(), wanted), end; at != end; ++at) {
        names.insert((*at)[1]);
    }
    return names;
}

/// The functions that sql/functions/ makes.
Names sql_functions()
{
    Names names;
    for (const auto &entry : fs::directory_iterator(fs::path(SOURCE_DIR) / "sql/functions")) {
        const std::string text = read_source(fs::path("sql/functions") / entry.path().filename());
        names.merge(matches(text, "create (?:or replace )?function (\\w+)\\("));
        for (const std::string &list : matches(text, "select publish_list\\('(\\w+)'")) {
            names.insert({list + "_list", list + "_stream"});
        }
    }
    return names;
}

/// Whether roles.sql lets a family call it.
bool is_exposed(const std::string &function)
{
    bool exposed = function.rfind("any_", 0) == 0;
    for (const Family *family : handlers::families) {
        exposed = exposed || function.rfind(std::string(family->name) + "_", 0) == 0;
    }
    return exposed;
}

Names functions_of_routes()
{
    Names names;
    for (const Family *family : handlers::families) {
        for (const Route &route : family->routes) {
            const std::string name = route.function;
            if (name.empty()) { // answered without the database
                continue;
            }
            names.insert(name);
            if (route.together) { // several at once
                names.insert(name + "_many");
            }
            if (answers_list(route)) {
                names.insert(name.substr(0, name.size() - 4) + "stream");
            }
        }
    }
    return names;
}

/// Called beside a route's own function, and why.
const Names helpers = {
    "admin_backup_begin",              // an export begins: it is on record
    "admin_backup_import_stage",       // makes the table that a spreadsheet is copied into
    "admin_backup_sent",               // it was sent whole
    "admin_backup_stage",              // makes the tables that a file is copied into
    "admin_backup_staged",             // opens what was copied, to be compared
    "admin_database_audit_csv_list",   // the list's rows with format=csv
    "admin_database_audit_csv_stream", // the same, all of them
    "any_session",          // a request that is wrong in itself: are login and role right?
    "any_flush",            // a refusal waits for the disk that it rests on
    "any_idempotent",       // calls the route's function for a request with an Idempotency-Key
    "auth_login_cancel",    // when it could not be compared
    "auth_login_finish",    // after the password was compared
    "auth_password_finish", // after the password was compared
    "auth_password_lost",   // when it was another
    "users_names",          // what a new password must not be made of
};

Names difference(const Names &all, const Names &but)
{
    Names rest;
    for (const std::string &name : all) {
        if (but.count(name) == 0) {
            rest.insert(name);
        }
    }
    return rest;
}

std::string listed(const Names &names)
{
    std::string text;
    for (const std::string &name : names) {
        text += (text.empty() ? "" : ", ") + name;
    }
    return text;
}

} // namespace

BOOST_AUTO_TEST_SUITE(routes)

BOOST_AUTO_TEST_CASE(every_function_of_a_route_exists)
{
    BOOST_TEST(listed(difference(functions_of_routes(), sql_functions())) == "");
    BOOST_TEST(listed(difference(helpers, sql_functions())) == "");
}

BOOST_AUTO_TEST_CASE(every_function_that_a_family_may_call_is_used)
{
    Names exposed;
    for (const std::string &function : sql_functions()) {
        if (is_exposed(function)) {
            exposed.insert(function);
        }
    }
    BOOST_TEST(exposed.size() > 20U);
    Names used = functions_of_routes();
    used.insert(helpers.begin(), helpers.end());
    BOOST_TEST(listed(difference(exposed, used)) == "");
}

BOOST_AUTO_TEST_CASE(a_route_calls_functions_of_its_own_family_alone)
{
    for (const Family *family : handlers::families) {
        for (const Route &route : family->routes) {
            const std::string name = route.function;
            BOOST_TEST_CONTEXT(route.method << " " << route.path)
            {
                BOOST_TEST((name.empty() || name.rfind(std::string(family->name) + "_", 0) == 0));
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(nginx_passes_exactly_the_variables_that_are_read)
{
    const std::string text = read_source("nginx/fastcgi.conf.in");
    const Names passed = matches(text, "(?:^|\n)\\s*fastcgi_param\\s+(\\w+)\\s");
    Names variables;
    for (const Variable &variable : request_variables()) {
        variables.insert(variable.name);
    }
    BOOST_TEST(listed(difference(passed, variables)) == "");
    BOOST_TEST(listed(difference(variables, passed)) == "");
}

BOOST_AUTO_TEST_CASE(nginx_fills_each_variable_from_its_own_header)
{
    const std::string text = read_source("nginx/fastcgi.conf.in");
    for (const std::string &name : matches(text, "fastcgi_param (HTTP_\\w+) ")) {
        std::string header = "$";
        for (const char c : name) {
            header += static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
        }
        if (name == "HTTP_X_REQUEST_ID") { // made where the client sent none that will do
            header = "$safe_request_id";
        }
        std::string line = "fastcgi_param ";
        line.append(name).append(" ").append(header);
        BOOST_TEST(text.find(line) != std::string::npos);
    }
}

BOOST_AUTO_TEST_SUITE_END()
