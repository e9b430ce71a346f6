#include "contains.hpp"
#include "doctor_checks.hpp"

#include "json.hpp"

#include <boost/test/unit_test.hpp>

using namespace smartflow;

namespace {

constexpr double gibibyte = 1024.0 * 1024 * 1024;

Verdict rights_of(const LoginFacts &login, bool one_login)
{
    return judge_rights({login}, one_login).verdict;
}

} // namespace

namespace smartflow {

std::ostream &operator<<(std::ostream &out, Verdict verdict)
{
    return out << (verdict == Verdict::ok ? "ok" : verdict == Verdict::warn ? "warn" : "fail");
}

} // namespace smartflow

BOOST_AUTO_TEST_SUITE(doctor)

BOOST_AUTO_TEST_CASE(says_what_to_do_below_what_was_found)
{
    Finding finding = broken("first\nsecond", "do this");
    finding.name = "settings";
    BOOST_TEST(finding_text(finding) == "FAIL  settings          first\n"
                                        "                        second\n"
                                        "                        -> do this");
    finding = fine("all is well");
    finding.name = "a name that is longer than most";
    BOOST_TEST(finding_text(finding) == "ok    a name that is longer than most all is well");
}

BOOST_AUTO_TEST_CASE(writes_what_a_machine_can_read)
{
    Finding odd = doubtful("a \"path\" \xff", "look");
    odd.name = "logs";
    const std::string text = findings_json({odd});
    BOOST_TEST(text == R"({"ok":true,"checks":[{"name":"logs","status":"warn",)"
                       R"("found":"a \"path\" ?","advice":"look"}]})");
    BOOST_CHECK_NO_THROW(parse_json(text));
    BOOST_TEST(contains(findings_json({odd, broken("x", "y")}), R"({"ok":false,)"));
}

BOOST_AUTO_TEST_CASE(wants_tls_where_others_come_in)
{
    BOOST_TEST(judge_address("", "127.0.0.1").verdict == Verdict::ok);
    BOOST_TEST(judge_address("", "::1").verdict == Verdict::ok);
    BOOST_TEST(judge_address("", "0.0.0.0").verdict == Verdict::warn);
    BOOST_TEST(judge_address("https://shop.example", "0.0.0.0").verdict == Verdict::ok);
    BOOST_TEST(judge_address("http://shop.example:8080", "127.0.0.1").verdict == Verdict::warn);
    BOOST_TEST(judge_address("http://localhost:8080", "127.0.0.1").verdict == Verdict::ok);
    BOOST_TEST(judge_address("http://[::1]:8080", "127.0.0.1").verdict == Verdict::ok);
    BOOST_TEST(judge_address("http://127.evil.example", "127.0.0.1").verdict == Verdict::warn);
}

BOOST_AUTO_TEST_CASE(wants_room_for_twice_the_database)
{
    BOOST_TEST(judge_space("/var", 50 * gibibyte, 100 * gibibyte, 0).verdict == Verdict::ok);
    BOOST_TEST(judge_space("/var", 9 * gibibyte, 100 * gibibyte, 0).verdict == Verdict::warn);
    BOOST_TEST(judge_space("/var", gibibyte / 2, 2 * gibibyte, 0).verdict == Verdict::warn);
    BOOST_TEST(judge_space("/var", gibibyte / 20, gibibyte, 0).verdict == Verdict::fail);
    BOOST_TEST(judge_space("/var", 50 * gibibyte, 100 * gibibyte, 24 * gibibyte).verdict ==
               Verdict::ok);
    const Finding full = judge_space("/var", 50 * gibibyte, 100 * gibibyte, 26 * gibibyte);
    BOOST_TEST(full.verdict == Verdict::warn);
    BOOST_TEST(contains(full.found, "50.0 GiB of 100.0 GiB"));
}

BOOST_AUTO_TEST_CASE(compares_clocks_either_way)
{
    BOOST_TEST(judge_clocks("the other", 1000, 1001.5).verdict == Verdict::ok);
    BOOST_TEST(judge_clocks("the other", 1010, 1000).verdict == Verdict::warn);
    BOOST_TEST(judge_clocks("the other", 1000, 1010).verdict == Verdict::warn);
    BOOST_TEST(judge_clocks("the other", 1000, 1100).verdict == Verdict::fail);
}

BOOST_AUTO_TEST_CASE(wants_logins_that_can_do_no_more_than_they_need)
{
    BOOST_TEST(rights_of({"orders", "smartflow_orders", "", false, "", ""}, false) == Verdict::ok);
    BOOST_TEST(rights_of({"orders", "smartflow_orders", "", true, "", ""}, false) == Verdict::fail);
    BOOST_TEST(rights_of({"orders", "smartflow_orders", "", false, "orders", ""}, false) ==
               Verdict::fail);
    BOOST_TEST(rights_of({"orders", "smartflow_orders", "", false, "", "auth_me"}, false) ==
               Verdict::fail);
    // A single login owns everything, by its nature; a superuser needn't be it.
    BOOST_TEST(rights_of({"deliver", "shop", "", false, "orders", "auth_me"}, true) ==
               Verdict::warn);
    BOOST_TEST(rights_of({"deliver", "postgres", "", true, "orders", "auth_me"}, true) ==
               Verdict::fail);
}

BOOST_AUTO_TEST_CASE(passes_on_nothing_of_an_address_that_libpq_could_not_read)
{
    BOOST_TEST(connection_failure("connection to server at \"db\" failed: refused\nIs it on?") ==
               "connection to server at \"db\" failed: refused");
    for (const char *message : {"missing \"=\" after \"hunter2@db\" in connection info string",
                                "could not translate host name \"ter2@db\" to address"}) {
        BOOST_TEST(!contains(connection_failure(message), "ter2"));
    }
}

BOOST_AUTO_TEST_SUITE_END()
