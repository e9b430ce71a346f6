#include "error.hpp"
#include "json.hpp"

#include <boost/test/unit_test.hpp>

using namespace smartflow;

BOOST_AUTO_TEST_SUITE(error)

BOOST_AUTO_TEST_CASE(every_code_has_the_contracts_name_and_status)
{
    const std::pair<const char *, int> contract[] = {
        {"VALIDATION_ERROR", 400},    {"UNAUTHORIZED", 401},
        {"FORBIDDEN", 403},           {"NOT_FOUND", 404},
        {"METHOD_NOT_ALLOWED", 405},  {"INSUFFICIENT_STOCK", 409},
        {"INVALID_OPERATION", 409},   {"PRECONDITION_FAILED", 412},
        {"PAYLOAD_TOO_LARGE", 413},   {"UNSUPPORTED_MEDIA_TYPE", 415},
        {"RATE_LIMITED", 429},        {"IDEMPOTENCY_KEY_REUSED", 422},
        {"INTERNAL_ERROR", 500},      {"DATABASE_ERROR", 503},
        {"SERVICE_UNAVAILABLE", 503}, {"BAD_REQUEST", 400},
    };
    for (const auto &[name, status] : contract) {
        BOOST_TEST(code_name(code_of(name)) == name);
        BOOST_TEST(status_of(code_of(name)) == status);
    }
}

BOOST_AUTO_TEST_CASE(an_unknown_name_is_an_internal_error)
{
    BOOST_TEST((code_of("NO_SUCH_CODE") == Code::internal_error));
    BOOST_TEST((code_of("") == Code::internal_error));
}

BOOST_AUTO_TEST_CASE(only_what_passes_says_when_to_come_back)
{
    BOOST_TEST(Error(Code::database_error, "").retry_after_s() == 1);
    BOOST_TEST(Error(Code::service_unavailable, "").retry_after_s() == 1);
    BOOST_TEST(Error(Code::rate_limited, "").retry_after_s() > 0);
    BOOST_TEST(Error(Code::rate_limited, "").retry_after(900).retry_after_s() == 900);
    BOOST_TEST(Error(Code::not_found, "").retry_after_s() == 0);
    BOOST_TEST(Error(Code::internal_error, "").retry_after_s() == 0);
}

BOOST_AUTO_TEST_CASE(carries_cause_and_status)
{
    const Error error = Error(Code::payload_too_large, "shown").because("logged");
    BOOST_TEST(error.what() == "shown");
    BOOST_TEST(error.cause() == "logged");
    BOOST_TEST(error.status() == 413);
}

BOOST_AUTO_TEST_CASE(the_body_has_the_guides_shape)
{
    const std::string body = error_body("NOT_FOUND", "No \"such\" product",
                                        {{"a", "x"}, {"b\n", "y"}}, "2025-11-28T10:30:00.000Z");
    BOOST_TEST(body == "{\"error\":\"No \\\"such\\\" product\",\"code\":\"NOT_FOUND\","
                       "\"details\":{\"a\":\"x\",\"b\\n\":\"y\"},"
                       "\"timestamp\":\"2025-11-28T10:30:00.000Z\"}");
}

BOOST_AUTO_TEST_CASE(the_body_has_empty_details_when_there_is_nothing_to_add)
{
    BOOST_TEST(error_body("C", "m", {}, "t") ==
               R"({"error":"m","code":"C","details":{},"timestamp":"t"})");
}

BOOST_AUTO_TEST_CASE(the_body_names_a_field_once)
{
    const std::string body = error_body("C", "m", {{"a", "1"}, {"b", "2"}, {"a", "3"}}, "t");
    const Json details = *parse_json(body).find("details"); // would refuse a key that stands twice
    BOOST_TEST(details.members.size() == 2U);
    BOOST_TEST(details.find("a")->text == "1");
}

BOOST_AUTO_TEST_SUITE_END()
