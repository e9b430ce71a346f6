#include "web_server.hpp"

#include "json.hpp"

#include <boost/test/unit_test.hpp>

#include <fstream>
#include <iterator>

using namespace smartflow;

namespace {

/// A request's base and target after the folder has been taken off.
std::string separated(const std::string &script, const std::string &target)
{
    Request request;
    request.script_name = script;
    request.target = target;
    separate_base(request);
    return request.base + " " + request.target;
}

/// Who asks, behind this proxy.
Request behind(const std::string &peer, const std::string &forwarded_for,
               const std::vector<std::string> &proxies, const std::string &proto = "")
{
    Request request;
    request.address = peer;
    request.forwarded_for = forwarded_for;
    request.forwarded_proto = proto;
    believe_proxies(request, proxies);
    return request;
}

Request failed_with(const std::string &status, const std::string &method = "GET")
{
    Request request;
    request.error_status = status;
    request.error_method = method;
    request.request_id = "some-request";
    return request;
}

std::string code_in(const Response &response)
{
    return parse_json(response.body).find("code")->text;
}

} // namespace

BOOST_AUTO_TEST_SUITE(web_server)

BOOST_AUTO_TEST_CASE(takes_the_folder_off_as_the_client_spelled_it)
{
    BOOST_TEST(separated("/programs/orders.fcgi", "/api/orders?limit=1") == " /api/orders?limit=1");
    BOOST_TEST(separated("/shop/programs/orders.fcgi", "/shop/api/orders") == "/shop /api/orders");
    BOOST_TEST(separated("/a/my shop/programs/auth.fcgi", "/a/my%20shop/healthz?x=/y") ==
               "/a/my%20shop /healthz?x=/y");
    BOOST_TEST(separated("/shop/programs/auth.fcgi", "http://x.example/shop/api/auth/me?a") ==
               "/shop /api/auth/me?a");
    BOOST_TEST(separated("/programs/shop/programs/auth.fcgi", "/programs/shop/api/x") ==
               "/programs/shop /api/x");
}

BOOST_AUTO_TEST_CASE(leaves_alone_what_has_no_folder)
{
    BOOST_TEST(separated("", "/shop/api/orders") == " /shop/api/orders");
    BOOST_TEST(separated("/cgi-bin/orders", "/api/orders") == " /api/orders");
    BOOST_TEST(separated("/programs/orders.fcgi/more", "/api/orders") == " /api/orders");
    // An address that isn't below the folder is no path of any family.
    BOOST_TEST(separated("/shop/programs/auth.fcgi", "/api") == " /");
    BOOST_TEST(separated("/a/b/programs/auth.fcgi", "/a?b=/c/d") == " /");
    BOOST_TEST(separated("/shop/programs/auth.fcgi", "") == " /");
}

BOOST_AUTO_TEST_CASE(believes_the_proxies_that_it_was_told_of)
{
    const std::vector<std::string> proxies{"10.0.0.0/8", "192.0.2.7", "2001:db8::/33"};
    BOOST_TEST(behind("10.1.2.3", "198.51.100.7", proxies).address == "198.51.100.7");
    BOOST_TEST(behind("192.0.2.7", "6.6.6.6, 198.51.100.7, 10.0.0.1", proxies).address ==
               "198.51.100.7");
    BOOST_TEST(behind("2001:db8:7fff::1", "2001:db8:8000::2", proxies).address ==
               "2001:db8:8000::2");
    BOOST_TEST(behind("10.1.2.3", "10.9.9.9", proxies).address == "10.9.9.9");
    BOOST_TEST(behind("10.1.2.3", "", proxies).address == "10.1.2.3");
    BOOST_TEST(behind("10.1.2.3", "198.51.100.7, unknown", proxies).address == "10.1.2.3");
    BOOST_TEST(behind("10.1.2.3", "::ffff:198.51.100.7", proxies).address == "198.51.100.7");
    BOOST_TEST(behind("10.1.2.3", "198.51.100.7", proxies, "https").https == "on");
    BOOST_TEST(behind("10.1.2.3", "198.51.100.7", proxies, "http").https == "");
}

BOOST_AUTO_TEST_CASE(believes_no_stranger)
{
    const std::vector<std::string> proxies{"10.0.0.0/8", "192.0.2.7"};
    for (const char *stranger : {"192.0.2.8", "11.0.0.1", "2001:db8::1", "::a00:1"}) {
        const Request request = behind(stranger, "198.51.100.7", proxies, "https");
        BOOST_TEST(request.address == stranger);
        BOOST_TEST(request.https == "");
    }
    BOOST_TEST(behind("10.1.2.3", "198.51.100.7", {}, "https").address == "10.1.2.3");
}

BOOST_AUTO_TEST_CASE(words_what_the_web_server_found)
{
    const std::vector<std::pair<std::string, std::pair<int, std::string>>> expected{
        {"400", {400, "BAD_REQUEST"}},         {"403", {404, "NOT_FOUND"}},
        {"404", {404, "NOT_FOUND"}},           {"405", {405, "METHOD_NOT_ALLOWED"}},
        {"408", {408, "BAD_REQUEST"}},         {"411", {400, "BAD_REQUEST"}},
        {"412", {412, "PRECONDITION_FAILED"}}, {"413", {413, "PAYLOAD_TOO_LARGE"}},
        {"414", {414, "BAD_REQUEST"}},         {"416", {404, "NOT_FOUND"}},
        {"418", {400, "BAD_REQUEST"}},         {"429", {429, "RATE_LIMITED"}},
        {"431", {431, "BAD_REQUEST"}},         {"500", {503, "SERVICE_UNAVAILABLE"}},
        {"501", {400, "BAD_REQUEST"}},         {"502", {503, "SERVICE_UNAVAILABLE"}},
        {"504", {503, "SERVICE_UNAVAILABLE"}}, {"507", {500, "INTERNAL_ERROR"}},
    };
    for (const auto &[status, answer] : expected) {
        const auto response = answer_for_web_server(failed_with(status));
        BOOST_REQUIRE(response);
        BOOST_TEST(response->status == answer.first, status);
        BOOST_TEST(code_in(*response) == answer.second, status);
    }
}

BOOST_AUTO_TEST_CASE(says_what_a_page_takes)
{
    const auto options = answer_for_web_server(failed_with("405", "OPTIONS"));
    BOOST_REQUIRE(options);
    BOOST_TEST(options->status == 204);
    BOOST_TEST(options->body == "");
    BOOST_TEST(options->headers.front().second == "GET, HEAD, OPTIONS");
    BOOST_TEST(answer_for_web_server(failed_with("404", "HEAD"))->head_only);
}

BOOST_AUTO_TEST_CASE(leaves_ordinary_requests_to_the_family)
{
    for (const char *status : {"", "200", "302", "0", "-404", "404 ", "600", "x"}) {
        BOOST_TEST(!answer_for_web_server(failed_with(status)), status);
    }
}

BOOST_AUTO_TEST_CASE(says_it_in_nginx_s_words)
{
    std::ifstream file(SOURCE_DIR "/nginx/errors.conf");
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    int found = 0;
    for (int status = 400; status < 600; ++status) {
        const std::string begin = "return " + std::to_string(status) + " '{\"error\":\"";
        const std::size_t at = text.find(begin);
        if (at == std::string::npos) {
            continue;
        }
        ++found;
        std::string words = text.substr(at + begin.size());
        words.resize(words.find("\",\"code\":"));
        const std::size_t escape = words.find("\\'");
        if (escape != std::string::npos) {
            words.erase(escape, 1);
        }
        // Another server's 500 is a program that gave no answer; its other ones are told as 500.
        const auto response =
            answer_for_web_server(failed_with(status == 500 ? "507" : std::to_string(status)));
        BOOST_TEST(parse_json(response->body).find("error")->text == words);
    }
    BOOST_TEST(found == 11);
}

BOOST_AUTO_TEST_SUITE_END()
