// Who may know which library: a change of one then stays in one file.

#include <boost/test/unit_test.hpp>

#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <set>
#include <string>

namespace {

namespace fs = std::filesystem;
using Names = std::set<std::string>;

/// The names of the source files with an #include that has one of the texts in it.
Names including(std::initializer_list<const char *> texts)
{
    Names names;
    for (const char *folder : {"shared", "handlers"}) {
        for (const auto &entry : fs::recursive_directory_iterator(fs::path(SOURCE_DIR) / folder)) {
            std::ifstream file(entry.path());
            for (std::string line; std::getline(file, line);) {
                for (const char *text : texts) {
                    if (line.find("#include") == 0 && line.find(text) != std::string::npos) {
                        names.insert(entry.path().filename());
                    }
                }
            }
        }
    }
    return names;
}

/// Whether nobody but `owner`, where it exists, includes what has one of the texts in it.
bool known_to_at_most(const std::string &owner, std::initializer_list<const char *> texts)
{
    Names names = including(texts);
    names.erase(owner);
    for (const std::string &name : names) {
        BOOST_TEST_MESSAGE(name << " includes " << *texts.begin());
    }
    return names.empty();
}

} // namespace

BOOST_AUTO_TEST_SUITE(layers)

BOOST_AUTO_TEST_CASE(finds_an_include_where_there_is_one)
{
    BOOST_TEST((including({"json.hpp"}).count("json.cpp") == 1));
}

BOOST_AUTO_TEST_CASE(only_json_knows_rapidjson)
{
    BOOST_TEST((including({"rapidjson"}) == Names{"json.cpp"}));
}

BOOST_AUTO_TEST_CASE(only_the_gateway_knows_fcgi)
{
    BOOST_TEST(known_to_at_most("gateway.cpp", {"fcgi", "fastcgi"}));
}

BOOST_AUTO_TEST_CASE(only_the_database_knows_pqxx)
{
    BOOST_TEST((including({"pqxx"}) == Names{"database_call.hpp", "database_company.hpp",
                                             "database_pool.hpp", "database_rows.hpp"}));
    BOOST_TEST((including({"database_pool.hpp"}) ==
                Names{"database.cpp", "database_call.hpp", "database_company.hpp",
                      "database_gathering.hpp", "database_pool.cpp"}));
    BOOST_TEST((including({"database_gathering.hpp"}) ==
                Names{"database_company.hpp", "database_gathering.cpp"}));
    BOOST_TEST((including({"database_rows.hpp"}) ==
                Names{"database.cpp", "database_company.cpp", "database_rows.cpp"}));
    BOOST_TEST((including({"database_call.hpp"}) ==
                Names{"database.cpp", "database_call.cpp", "database_company.cpp"}));
    BOOST_TEST(
        (including({"database_company.hpp"}) == Names{"database.cpp", "database_company.cpp"}));
}

BOOST_AUTO_TEST_CASE(only_outbound_knows_curl)
{
    BOOST_TEST((including({"curl"}) == Names{"outbound.cpp"}));
}

BOOST_AUTO_TEST_CASE(only_the_administrators_connection_knows_libpq)
{
    BOOST_TEST(known_to_at_most("admin_connection.cpp", {"libpq-fe"}));
}

BOOST_AUTO_TEST_CASE(only_secrets_knows_sodium)
{
    BOOST_TEST((including({"sodium"}) == Names{"secrets.cpp"}));
}

BOOST_AUTO_TEST_CASE(only_backup_files_know_zlib)
{
    BOOST_TEST((including({"zlib"}) == Names{"backup_file.cpp"}));
}

BOOST_AUTO_TEST_CASE(only_text_knows_utf8proc)
{
    BOOST_TEST((including({"utf8proc"}) == Names{"text.cpp"}));
}

BOOST_AUTO_TEST_SUITE_END()
