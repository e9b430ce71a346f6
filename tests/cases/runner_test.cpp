// The runner itself: what it must notice, or every case would pass.

#include "case_file.hpp"
#include "pattern.hpp"
#include "scenario.hpp"
#include "wire.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <future>
#include <string>
#include <thread>

using namespace smartflow;

namespace {

std::string difference(const char *pattern, const char *value)
{
    Captures captures{{"known", "7"}};
    return json_difference(parse_json(pattern), parse_json(value), captures);
}

const Step &only_step(const std::vector<Scenario> &scenarios)
{
    BOOST_REQUIRE_EQUAL(scenarios.size(), 1U);
    BOOST_REQUIRE_EQUAL(scenarios[0].steps.size(), 1U);
    return scenarios[0].steps[0];
}

std::string judged(const std::string &expectation, const WireResponse &response)
{
    const auto scenarios = parse_cases("== s\nGET /x\n" + expectation);
    Captures captures;
    return unexpected(only_step(scenarios), response, captures);
}

const WireResponse tea{
    200, {{"X-Request-Id", "12345678"}, {"ETag", "\"1.1\""}}, R"({"id":1,"name":"Tea"})"};

} // namespace

BOOST_AUTO_TEST_SUITE(runner)

BOOST_AUTO_TEST_CASE(a_pattern_may_leave_members_out_but_no_elements)
{
    BOOST_TEST(difference(R"({"a": 1})", R"({"b": 2, "a": 1})") == "");
    BOOST_TEST(difference(R"({"a": 1})", R"({"b": 2})") != "");
    BOOST_TEST(difference("[1]", "[1, 2]") != "");
    BOOST_TEST(difference("[1, 2]", "[1]") != "");
    BOOST_TEST(difference(R"([1, "..."])", "[1, 2]") == "");
    BOOST_TEST(difference(R"([1, 2, "..."])", "[1]") != "");
    BOOST_TEST(difference("[]", "[1]") != "");
}

BOOST_AUTO_TEST_CASE(numbers_are_compared_as_they_are_written)
{
    BOOST_TEST(difference("1.0", "1.0") == "");
    BOOST_TEST(difference("1.0", "1.00") != "");
    BOOST_TEST(difference("1", R"("1")") != "");
    BOOST_TEST(difference(R"("1")", "1") != "");
    BOOST_TEST(difference("null", "false") != "");
    BOOST_TEST(difference("true", "false") != "");
}

BOOST_AUTO_TEST_CASE(stars_stand_for_anything_but_a_missing_member)
{
    BOOST_TEST(difference(R"({"a": "*"})", R"({"a": null})") == "");
    BOOST_TEST(difference(R"({"a": "*"})", "{}") != "");
    BOOST_TEST(difference(R"({"a": "x*z"})", R"({"a": "xyz"})") == "");
    BOOST_TEST(difference(R"({"a": "x*z"})", R"({"a": "xy"})") != "");
    BOOST_TEST(difference("{\"a\": \"(absent)\"}", "{}") == "");
    BOOST_TEST(difference("{\"a\": \"(absent)\"}", R"({"a": 1})") != "");
}

BOOST_AUTO_TEST_CASE(a_capture_is_the_same_from_then_on)
{
    BOOST_TEST(difference(R"("{{known}}")", "7") == "");
    BOOST_TEST(difference(R"("{{known}}")", "8") != "");
    BOOST_TEST(difference(R"(["{{new}}", "{{new}}"])", "[5, 5]") == "");
    BOOST_TEST(difference(R"(["{{new}}", "{{new}}"])", "[5, 6]") != "");
    Captures captures;
    BOOST_TEST(matches_text("</x?cursor={{c}}>; rel=*", "</x?cursor=ab>; rel=\"next\"", captures));
    BOOST_TEST(captures["c"] == "ab");
    BOOST_TEST(!matches_text("a{{none}}b", "ab", captures));
    BOOST_TEST(filled_in("/x/{{c}}*", captures) == "/x/ab*");
    BOOST_CHECK_THROW(filled_in("{{nothing}}", captures), std::runtime_error);
}

BOOST_AUTO_TEST_CASE(repeats_what_is_said_in_short)
{
    BOOST_TEST(with_repeats(R"({"a": "{{é*3}}"})") == R"({"a": "ééé"})");
    BOOST_TEST(with_repeats(R"([{"a":1}{{,{"a":1}*2}}])") == R"([{"a":1},{"a":1},{"a":1}])");
    BOOST_TEST(with_repeats("{{name}} {{x*1}}") == "{{name}} x");
    BOOST_TEST(with_repeats(R"({"a": {"b": {}}})") == R"({"a": {"b": {}}})");
}

BOOST_AUTO_TEST_CASE(notices_a_wrong_status_header_or_body)
{
    BOOST_TEST(judged("200", tea) == "");
    BOOST_TEST(judged("201", tea) != "");
    BOOST_TEST(judged("200 {\"id\": 1}\nETag: \"1.1\"\nno Link", tea) == "");
    BOOST_TEST(judged("200 {\"id\": 2}", tea) != "");
    BOOST_TEST(judged("200\nETag: \"1.2\"", tea) != "");
    BOOST_TEST(judged("200\nLocation: *", tea) != "");
    BOOST_TEST(judged("200\nno ETag", tea) != "");
    BOOST_TEST(judged("200\nempty", tea) != "");
    BOOST_TEST(judged("200\nexactly {\"id\":1,\"name\":\"*\"}", tea) == "");
    BOOST_TEST(judged("200\nexactly {\"name\":\"Tea\",\"id\":1}", tea) != "");
    BOOST_TEST(judged("200", {200, {}, ""}) != "");
    BOOST_TEST(judged("400", {400, tea.headers, R"({"error": "no"})"}) != "");
    BOOST_TEST(judged("200 {}", {200, tea.headers, "<html>"}) != "");
}

BOOST_AUTO_TEST_CASE(two_answers_are_the_same_but_for_moments_and_secrets)
{
    WireResponse later = tea;
    later.body = R"({"id":1,"name":"Tea","at":"2025-01-01T00:00:00.000Z"})";
    WireResponse much_later = later;
    much_later.body = R"({"id":1,"name":"Tea","at":"2026-01-01T00:00:00.001Z"})";
    BOOST_TEST(comparable(later) == comparable(much_later));
    BOOST_TEST(comparable(later) != comparable(tea));
    WireResponse other = tea;
    other.headers[1].second = "\"1.2\"";
    BOOST_TEST(comparable(other) != comparable(tea));
}

BOOST_AUTO_TEST_CASE(reads_a_request_with_all_that_belongs_to_it)
{
    const auto scenarios =
        parse_cases("# c\n== s\nby the web server\nPOST /x {\"a\":\nIf-Match: \"1\"\n 1}\n"
                    "201\n{\"a\":\n 1}\nETag: *\n\n");
    const Step &step = only_step(scenarios);
    BOOST_TEST(step.method == "POST");
    BOOST_TEST(step.target == "/x");
    BOOST_TEST(step.body == "{\"a\":\n 1}");
    BOOST_TEST(step.own_answer);
    BOOST_TEST(step.headers.size() == 1U);
    BOOST_TEST(step.expected_headers.size() == 1U);
    BOOST_TEST(step.status == 201);
}

BOOST_AUTO_TEST_CASE(leaves_out_what_a_web_server_does_not_take)
{
    const auto scenarios = parse_cases(
        "== s\nnot under apache, other: it answers itself\nTRACE /x\n405\nGET /y\n200\n");
    BOOST_TEST(scenarios.at(0).steps.at(0).not_under == "apache, other");
    BOOST_TEST(scenarios.at(0).steps.at(1).not_under == "");
    BOOST_CHECK_THROW(parse_cases("== s\nnot under apache\nGET /x\n200\n"), std::runtime_error);
}

BOOST_AUTO_TEST_CASE(refuses_a_case_file_that_makes_no_sense)
{
    for (const char *text :
         {"GET /x\n200\n", "== s\nGET /x\n", "== s\nGET /x\n== t\n", "== s\n200\n",
          "== s\nGET /x\n200\n\n{}\n", "== s\n= 1\n", "== s\nGET /x\n200 {}\nempty\n"}) {
        BOOST_CHECK_THROW(parse_cases(text), std::runtime_error);
    }
}

// Beast 1.74 without a limit takes a body that comes after its header for too long.
BOOST_AUTO_TEST_CASE(reads_an_answer_whose_body_comes_after_its_header)
{
    using boost::asio::ip::tcp;
    boost::asio::io_context context;
    tcp::acceptor acceptor(context, {boost::asio::ip::address_v4::loopback(), 0});
    auto served = std::async(std::launch::async, [&] {
        tcp::socket client = acceptor.accept();
        for (const std::string part : {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "hello"}) {
            boost::asio::write(client, boost::asio::buffer(part));
            std::this_thread::sleep_for(std::chrono::milliseconds(100));
        }
    });
    const auto way =
        http_way("http://127.0.0.1:" + std::to_string(acceptor.local_endpoint().port()), "nobody");
    BOOST_TEST(way->send({"GET", "/", {}, {}}).body == "hello");
    served.get();
}

BOOST_AUTO_TEST_SUITE_END()
