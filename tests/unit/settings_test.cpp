#include "contains.hpp"
#include "settings.hpp"

#include <boost/test/unit_test.hpp>

#include <map>
#include <sstream>

using namespace smartflow;

namespace {

using Variables = std::map<std::string, std::string>;

Environment environment_of(const Variables &variables)
{
    return [variables](const std::string &name) -> std::optional<std::string> {
        const auto found = variables.find(name);
        return found == variables.end() ? std::nullopt : std::optional<std::string>(found->second);
    };
}

Settings settings_of(std::string_view file, const Variables &variables = {})
{
    return read_settings(environment_of(variables), file);
}

std::string value_of(const std::string &name, const std::string &given)
{
    return setting_values(environment_of({{name, given}}), "").at(name);
}

/// The message with which settings are refused; empty when they aren't.
std::string settings_refusal(std::string_view file, const Variables &variables = {})
{
    try {
        settings_of(file, variables);
    } catch (const SettingsError &error) {
        return error.what();
    }
    return "";
}

std::string refusal_of(const std::string &name, const std::string &given)
{
    return settings_refusal("", {{name, given}});
}

} // namespace

BOOST_AUTO_TEST_SUITE(settings)

BOOST_AUTO_TEST_CASE(has_defaults_for_everything)
{
    const Settings s = settings_of("");
    BOOST_TEST(s.database_url == "");
    BOOST_TEST(s.database_admin_url == "");
    BOOST_TEST(s.threads == 512);
    BOOST_TEST(s.database_connections == 4);
    BOOST_TEST(s.statement_timeout_s == 30);
    BOOST_TEST(s.public_url == "");
    BOOST_TEST(s.shop_name == "SmartFlow shop");
    BOOST_TEST(s.currency == "EUR");
    BOOST_TEST(s.time_zone == "UTC");
    BOOST_TEST(s.trusted_proxies.empty());
    BOOST_TEST(s.rate_limit == 100);
    BOOST_TEST(s.login_rate_limit == 60);
    BOOST_TEST(s.max_upload == 1073741824);
    BOOST_TEST(s.log_level == "info");
    BOOST_TEST(s.listen == "127.0.0.1");
    BOOST_TEST(s.port == 8080);
    BOOST_TEST(s.var == "var");
    BOOST_TEST(s.backup_dir == "");
    BOOST_TEST(s.backup_keep == 14);
    BOOST_TEST(s.admin_password == "");
    BOOST_TEST(s.webhook_secret == "");
    BOOST_TEST(s.webhook_allow_private == "no");
    BOOST_TEST(s.smtp_url == "");
    BOOST_TEST(s.smtp_user == "");
    BOOST_TEST(s.smtp_password == "");
    BOOST_TEST(s.smtp_tls == "required");
    BOOST_TEST(s.mail_from == "");
}

BOOST_AUTO_TEST_CASE(reads_where_mails_and_webhooks_go)
{
    BOOST_TEST(value_of("SMTP_URL", "SMTP://Mail.Example:0587/") == "smtp://mail.example:587");
    BOOST_TEST(value_of("SMTP_URL", "smtps://[::1]") == "smtps://[::1]");
    for (const std::string wrong :
         {"mail.example", "http://mail.example", "smtp://", "smtp://a/b", "smtp://me:word@a",
          "smtp://a:0", "smtp://a:65536", "smtp://[x]"}) {
        BOOST_TEST(contains(refusal_of("SMTP_URL", wrong), "must be smtp:// or smtps://"), wrong);
    }
    BOOST_TEST(contains(refusal_of("SMTP_TLS", "yes"), "required, if-offered, no"));
    BOOST_TEST(contains(refusal_of("WEBHOOK_ALLOW_PRIVATE", "true"), "must be yes or no"));
    BOOST_TEST(contains(refusal_of("MAIL_FROM", "The Shop"), "must be an e-mail address"));
    BOOST_TEST(value_of("MAIL_FROM", "The Shop <a@b.example>") == "The Shop <a@b.example>");
}

BOOST_AUTO_TEST_CASE(refuses_a_webhook_secret_that_is_none_without_repeating_it)
{
    const std::string secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    BOOST_TEST(value_of("WEBHOOK_SECRET", secret) == secret);
    const std::string refused = refusal_of("WEBHOOK_SECRET", "whsec_short");
    BOOST_TEST(contains(refused, "must be whsec_"));
    BOOST_TEST(!contains(refused, "short"));
}

BOOST_AUTO_TEST_CASE(reads_a_file_with_comments_quotes_and_windows_line_ends)
{
    const Settings s =
        settings_of("\xef\xbb\xbf# a comment\r\n\r\n  PORT=8081\r\n"
                    "SHOP_NAME = \"Tea # & \"more\" \"\r\n"
                    "CURRENCY = USD  \r\n\t# PORT = 1\r\nADMIN_PASSWORD=\"  a = b # c, d  \"");
    BOOST_TEST(s.port == 8081);
    BOOST_TEST(s.shop_name == "Tea # & \"more\"");
    BOOST_TEST(s.currency == "USD");
    BOOST_TEST(s.admin_password == "  a = b # c, d  ");
}

BOOST_AUTO_TEST_CASE(lets_the_environment_beat_the_file_unless_it_is_empty)
{
    const std::string file = "PORT = 1000\nCURRENCY = USD\nLISTEN =\n";
    const Settings s = settings_of(file, {{"PORT", "2000"}, {"CURRENCY", ""}});
    BOOST_TEST(s.port == 2000);
    BOOST_TEST(s.currency == "USD");
    BOOST_TEST(s.listen == "127.0.0.1");
}

BOOST_AUTO_TEST_CASE(names_everything_that_is_wrong_at_once)
{
    BOOST_TEST(settings_refusal("PORT = 0\nRATE_LIMTI = 3\nthis\nCURRENCY = EUR\nCURRENCY = EUR\n"
                                "SHOP_NAME = \"x\nport = 3\nBANANA = 1\n",
                                {{"THREADS", "many"}}) ==
               "smartflow.conf line 1: PORT must be a whole number from 1 to 65535, not \"0\"\n"
               "smartflow.conf line 2: RATE_LIMTI is not a setting; did you mean RATE_LIMIT?\n"
               "smartflow.conf line 3: must be NAME = value, or a comment that begins with #\n"
               "smartflow.conf line 5: CURRENCY is set twice (first in smartflow.conf line 4)\n"
               "smartflow.conf line 6: SHOP_NAME begins with a quote and doesn't end with one\n"
               "smartflow.conf line 7: port is not a setting; did you mean PORT?\n"
               "smartflow.conf line 8: BANANA is not a setting\n"
               "environment: THREADS must be a whole number from 1 to 1024, not \"many\"");
}

BOOST_AUTO_TEST_CASE(refuses_a_file_that_is_no_text)
{
    BOOST_TEST(settings_refusal("SHOP_NAME = \xff\n") == "smartflow.conf: must be UTF-8 text");
    BOOST_TEST(settings_refusal(std::string_view("PORT = 1\0\n", 10)) ==
               "smartflow.conf: must be UTF-8 text");
    BOOST_TEST(refusal_of("SHOP_NAME", "\xff") == "environment: SHOP_NAME must be UTF-8");
}

BOOST_AUTO_TEST_CASE(never_repeats_a_secret)
{
    BOOST_TEST(!contains(refusal_of("ADMIN_PASSWORD", "hunter2"), "hunter2"));
    BOOST_TEST(!contains(refusal_of("DATABASE_URL", "hunter\x01"), "hunter"));
    BOOST_TEST(!contains(refusal_of("DATABASE_ADMIN_URL", "hunter\x01"), "hunter"));
}

BOOST_AUTO_TEST_CASE(bounds_every_number)
{
    const std::map<std::string, std::pair<std::int64_t, std::int64_t>> bounds = {
        {"THREADS", {1, 1024}},           {"DATABASE_CONNECTIONS", {1, 64}},
        {"STATEMENT_TIMEOUT", {1, 3600}}, {"PORT", {1, 65535}},
        {"RATE_LIMIT", {0, 1000000}},     {"LOGIN_RATE_LIMIT", {0, 1000000}},
        {"BACKUP_KEEP", {0, 10000}},
    };
    for (const auto &[name, bound] : bounds) {
        BOOST_TEST(value_of(name, std::to_string(bound.first)) == std::to_string(bound.first),
                   name);
        BOOST_TEST(value_of(name, std::to_string(bound.second)) == std::to_string(bound.second),
                   name);
        for (const std::string &wrong :
             {std::to_string(bound.first - 1), std::to_string(bound.second + 1), std::string("1.5"),
              std::string("+1"), std::string("1e1"), std::string("0x1"), std::string(" 1"),
              std::string("99999999999999999999")}) {
            BOOST_TEST(refusal_of(name, wrong) != "", name << "=" << wrong);
        }
    }
}

BOOST_AUTO_TEST_CASE(takes_sizes_with_units)
{
    BOOST_TEST(value_of("MAX_UPLOAD", "1m") == "1048576");
    BOOST_TEST(value_of("MAX_UPLOAD", "2048K") == "2097152");
    BOOST_TEST(value_of("MAX_UPLOAD", "3G") == "3221225472");
    BOOST_TEST(value_of("MAX_UPLOAD", "5000000") == "5000000");
    for (const char *wrong :
         {"1023k", "0", "m", "1t", "1mb", "-1m", "1.5g", "1025g", "999999999999999999g", "1 m"}) {
        BOOST_TEST(refusal_of("MAX_UPLOAD", wrong) != "", wrong);
    }
}

BOOST_AUTO_TEST_CASE(wants_a_public_url_without_a_path_in_the_form_of_an_origin)
{
    BOOST_TEST(value_of("PUBLIC_URL", "https://shop.example") == "https://shop.example");
    BOOST_TEST(value_of("PUBLIC_URL", "HTTPS://Shop.Example:443/") == "https://shop.example");
    BOOST_TEST(value_of("PUBLIC_URL", "http://shop.example:80") == "http://shop.example");
    BOOST_TEST(value_of("PUBLIC_URL", "http://localhost:8080") == "http://localhost:8080");
    BOOST_TEST(value_of("PUBLIC_URL", "http://[::1]:08080") == "http://[::1]:8080");
    for (const char *wrong :
         {"shop.example", "ftp://shop.example", "https://", "https://shop.example/app",
          "https://shop.example?x", "https://user@shop.example",
          "https://shop.example:", "https://shop.example:0", "https://shop.example:65536",
          "https://a b", "https://[::1", "https://[1:2]", "https://-a", "https://shop.example\n"}) {
        BOOST_TEST(refusal_of("PUBLIC_URL", wrong) != "", wrong);
    }
}

BOOST_AUTO_TEST_CASE(wants_a_time_zone_that_exists)
{
    BOOST_TEST(value_of("TIMEZONE", "Europe/Berlin") == "Europe/Berlin");
    BOOST_TEST(value_of("TIMEZONE", "America/Argentina/Buenos_Aires") ==
               "America/Argentina/Buenos_Aires");
    BOOST_TEST(value_of("TIMEZONE", "Etc/GMT+5") == "Etc/GMT+5");
    for (const char *wrong :
         {"Mars/Olympus", "../zoneinfo/UTC", "/usr/share/zoneinfo/UTC", "Europe", "leapseconds",
          "right/UTC", "Europe/../UTC", "UTC;", "\xc3\xa9", "a'b"}) {
        BOOST_TEST(refusal_of("TIMEZONE", wrong) != "", wrong);
    }
}

BOOST_AUTO_TEST_CASE(wants_three_letters_for_a_currency)
{
    for (const char *wrong : {"eur", "EURO", "E1R", "EU", "\xc3\x84U"}) {
        BOOST_TEST(refusal_of("CURRENCY", wrong) != "", wrong);
    }
}

BOOST_AUTO_TEST_CASE(takes_a_list_of_proxies)
{
    const Settings s = settings_of("TRUSTED_PROXIES = 10.0.0.1, 192.168.0.0/16  ::1,fd00::/8\n");
    const std::vector<std::string> wanted = {"10.0.0.1", "192.168.0.0/16", "::1", "fd00::/8"};
    BOOST_TEST(s.trusted_proxies == wanted, boost::test_tools::per_element());
    for (const char *wrong : {"proxy", "10.0.0.256", "10.0.0.0/33", "10.0.0.0/", "::/129", "/8",
                              "10.0.0.0/-1", "10.0.0.0/8/8", "unix:"}) {
        BOOST_TEST(refusal_of("TRUSTED_PROXIES", wrong) != "", wrong);
    }
}

BOOST_AUTO_TEST_CASE(wants_an_address_to_listen_on)
{
    BOOST_TEST(value_of("LISTEN", "0.0.0.0") == "0.0.0.0");
    BOOST_TEST(value_of("LISTEN", "::") == "::");
    for (const char *wrong : {"localhost", "127.1", "127.0.0.1:80", "[::1]", "*"}) {
        BOOST_TEST(refusal_of("LISTEN", wrong) != "", wrong);
    }
}

BOOST_AUTO_TEST_CASE(knows_four_log_levels)
{
    BOOST_TEST(value_of("LOG_LEVEL", "debug") == "debug");
    BOOST_TEST(refusal_of("LOG_LEVEL", "Info") != "");
}

BOOST_AUTO_TEST_CASE(counts_the_characters_of_a_password)
{
    BOOST_TEST(refusal_of("ADMIN_PASSWORD", "elevenchars") != "");
    BOOST_TEST(refusal_of("ADMIN_PASSWORD", "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9") !=
               "");
    BOOST_TEST(refusal_of("ADMIN_PASSWORD", "twelve chars") == "");
    BOOST_TEST(refusal_of("ADMIN_PASSWORD", std::string(1024, 'x')) == "");
    BOOST_TEST(refusal_of("ADMIN_PASSWORD", std::string(1025, 'x')) != "");
}

BOOST_AUTO_TEST_CASE(connects_the_owner_where_the_families_do_unless_told_otherwise)
{
    BOOST_TEST(admin_connection_string(settings_of("DATABASE_URL = dbname=a\n")) == "dbname=a");
    BOOST_TEST(admin_connection_string(settings_of(
                   "DATABASE_URL = user={family}\nDATABASE_ADMIN_URL = dbname=b\n")) == "dbname=b");
    BOOST_CHECK_THROW(admin_connection_string(settings_of("DATABASE_URL = user={family}\n")),
                      SettingsError);
}

BOOST_AUTO_TEST_CASE(prints_an_example_that_says_what_the_defaults_are)
{
    const std::string example = example_settings();
    BOOST_TEST(settings_refusal(example) == "");
    std::string uncommented;
    std::size_t named = 0;
    std::istringstream lines(example);
    for (std::string line; std::getline(lines, line);) {
        BOOST_TEST(line.size() <= 100u, line);
        const bool setting = line.size() > 1 && line[0] == '#' && line[1] != ' ';
        named += setting ? 1 : 0;
        uncommented += (setting ? line.substr(1) : line) + "\n";
    }
    const SettingValues defaults = setting_values(environment_of({}), "");
    BOOST_TEST(named == defaults.size());
    BOOST_TEST((setting_values(environment_of({}), uncommented) == defaults));
}

BOOST_AUTO_TEST_SUITE_END()
