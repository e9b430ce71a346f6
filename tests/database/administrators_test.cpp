#include "administrators.hpp"
#include "migrate.hpp"
#include "secrets.hpp"
#include "temporary_database.hpp"

#include <boost/test/unit_test.hpp>

#include <filesystem>
#include <fstream>
#include <random>

using namespace smartflow;
namespace fs = std::filesystem;

namespace {

const std::string strong = "correct-walrus-47-lantern";

/// A migrated database and a folder of one's own for a password's file.
struct Shop {
    TemporaryDatabase database;
    fs::path folder = fs::temp_directory_path() / ("smartflow-test-" + random_hex(8));
    std::string file = (folder / "admin-password").string();

    Shop()
    {
        fs::create_directory(folder);
        migrate(database.url(), embedded_sql(), [](const std::string &) {});
    }
    ~Shop() { fs::remove_all(folder); }
    Shop(const Shop &) = delete;
    Shop &operator=(const Shop &) = delete;

    std::string value(const std::string &statement) const
    {
        return AdminConnection(database.url()).value(statement).value_or("(null)");
    }

    bool logs_in(const std::string &username, const std::string &password) const
    {
        const std::string hash =
            value("select password_hash from smartflow.users where username = '" + username + "'");
        return password_matches(hash, password);
    }

    std::string stored() const
    {
        std::ifstream stream(file);
        std::string password;
        std::getline(stream, password);
        return password;
    }

    void store(const std::string &password, fs::perms perms) const
    {
        std::ofstream(file) << password << "\n";
        fs::permissions(file, perms);
    }
};

constexpr auto own = fs::perms::owner_read | fs::perms::owner_write;

} // namespace

BOOST_AUTO_TEST_SUITE(administrators)

BOOST_AUTO_TEST_CASE(makes_the_first_administrator_once_with_a_generated_password_in_a_file)
{
    const Shop shop;
    const auto first = create_first_administrator(shop.database.url(), "admin", {{}, shop.file});
    BOOST_TEST(first.done);
    BOOST_TEST(first.generated == "");
    BOOST_TEST((fs::status(shop.file).permissions() == own));
    BOOST_TEST(shop.logs_in("admin", shop.stored()));
    BOOST_TEST(shop.value("select role from smartflow.users") == "admin");

    fs::remove(shop.file);
    const auto second = create_first_administrator(shop.database.url(), "other", {{}, shop.file});
    BOOST_TEST(!second.done);
    BOOST_TEST(fs::is_empty(shop.folder));
    BOOST_TEST(shop.value("select count(*) from smartflow.users") == "1");
}

BOOST_AUTO_TEST_CASE(shows_a_generated_password_that_has_no_file)
{
    const Shop shop;
    const auto result = create_first_administrator(shop.database.url(), "ada", {{}, ""});
    BOOST_TEST(result.generated.size() >= 12u);
    BOOST_TEST(shop.logs_in("ada", result.generated));
}

BOOST_AUTO_TEST_CASE(takes_a_given_password_and_writes_no_file)
{
    const Shop shop;
    const auto result =
        create_first_administrator(shop.database.url(), "admin", {strong, shop.file});
    BOOST_TEST(result.done);
    BOOST_TEST(result.generated == "");
    BOOST_TEST(shop.logs_in("admin", strong));
    BOOST_TEST(fs::is_empty(shop.folder));
}

BOOST_AUTO_TEST_CASE(uses_the_file_that_a_killed_run_left)
{
    const Shop shop;
    shop.store(strong, own);
    BOOST_TEST(create_first_administrator(shop.database.url(), "admin", {{}, shop.file}).done);
    BOOST_TEST(shop.logs_in("admin", strong));
    BOOST_TEST(shop.stored() == strong);
}

BOOST_AUTO_TEST_CASE(refuses_a_file_that_others_can_read)
{
    const Shop shop;
    shop.store(strong, own | fs::perms::others_read);
    BOOST_CHECK_THROW(create_first_administrator(shop.database.url(), "admin", {{}, shop.file}),
                      AdministratorError);
    fs::rename(shop.file, shop.folder / "target");
    fs::permissions(shop.folder / "target", own);
    fs::create_symlink("target", shop.file);
    BOOST_CHECK_THROW(create_first_administrator(shop.database.url(), "admin", {{}, shop.file}),
                      AdministratorError);
    BOOST_TEST(shop.value("select count(*) from smartflow.users") == "0");
}

BOOST_AUTO_TEST_CASE(makes_nobody_when_the_file_can_not_be_written)
{
    const Shop shop;
    const std::string nowhere = (shop.folder / "missing" / "file").string();
    BOOST_CHECK_THROW(create_first_administrator(shop.database.url(), "admin", {{}, nowhere}),
                      AdministratorError);
    BOOST_TEST(shop.value("select count(*) from smartflow.users") == "0");
}

BOOST_AUTO_TEST_CASE(refuses_short_weak_and_unreadable_passwords)
{
    for (const char *password :
         {"", "Xk29-vm71qz", "passwordpassword", "administrator1", "smith.smith.smith",
          "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"}) {
        BOOST_CHECK_THROW(check_password_rules(password, "smith"), AdministratorError);
    }
    BOOST_CHECK_THROW(check_password_rules(std::string(1025, 'x'), "smith"), AdministratorError);
    BOOST_CHECK_NO_THROW(check_password_rules(strong, "smith"));
}

BOOST_AUTO_TEST_CASE(refuses_a_user_name_that_the_shop_would)
{
    const Shop shop;
    for (const std::string &name : {std::string(), std::string("  "), std::string("a\nb"),
                                    std::string("\xff"), std::string(201, 'a')}) {
        BOOST_CHECK_THROW(create_first_administrator(shop.database.url(), name, {strong, ""}),
                          AdministratorError);
    }
    BOOST_TEST(shop.value("select count(*) from smartflow.users") == "0");
}

BOOST_AUTO_TEST_CASE(resets_a_password_and_ends_the_sessions)
{
    const Shop shop;
    create_first_administrator(shop.database.url(), "admin", {strong, ""});
    AdminConnection(shop.database.url())
        .run("insert into smartflow.credentials (user_id, kind, digest, last_used_at, expires_at) "
             "select id, 'session', 'x', now(), now() + interval '1 day' from smartflow.users");
    const auto result = reset_password(shop.database.url(), "admin", {{}, ""});
    BOOST_TEST(result.done);
    BOOST_TEST(shop.logs_in("admin", result.generated));
    BOOST_TEST(!shop.logs_in("admin", strong));
    BOOST_TEST(shop.value("select count(*) from smartflow.credentials") == "0");
    BOOST_TEST(!reset_password(shop.database.url(), "nobody", {strong, ""}).done);
    shop.store(strong, own);
    BOOST_CHECK_THROW(reset_password(shop.database.url(), "admin", {{}, shop.file}),
                      AdministratorError);
}

BOOST_AUTO_TEST_SUITE_END()
