#include "growth.hpp"
#include "rules.hpp"

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <string>

using namespace smartflow;
namespace data = boost::unit_test::data;

namespace {

constexpr const char *statuses[] = {"Pending", "Processing", "Completed"};

constexpr Rule line[] = {
    {"productId", Type::id, required},
    {"productName", Type::text, read_only},
    {"quantity", Type::positive, required},
    {"price", Type::money},
};

constexpr Rule order[] = {
    {"id", Type::id, read_only},
    {"customerName", Type::text, required, 1, 200},
    {"customerEmail", Type::email, optional, 0, 320},
    {"items", Type::list, required, 1, 3, {}, line},
    {"status", Type::choice, not_null, 0, 0, statuses},
    {"notes", Type::long_text, optional, 0, 20},
    {"assignedTo", Type::id},
};

constexpr Rule all_types[] = {
    {"text", Type::text, optional, 3, 5},
    {"free", Type::text},
    {"kept", Type::text, not_null},
    {"secret", Type::secret, optional, 2, 4},
    {"password", Type::secret, required},
    {"money", Type::money},
    {"quantity", Type::quantity},
    {"positive", Type::positive},
    {"delta", Type::delta},
    {"integer", Type::integer, optional, 1, 1000},
    {"low", Type::integer, optional, -5, 0},
    {"whole", Type::integer},
    {"id", Type::id},
    {"boolean", Type::boolean},
    {"instant", Type::instant},
    {"moment", Type::moment},
    {"any", Type::any},
    {"must", Type::any, required},
};

/// What is wrong as `field: reason` lines; the canonical JSON when nothing is.
std::string report(const std::string &out, const Details &wrong)
{
    parse_json(out); // whatever is wrong, it stays JSON
    std::string text;
    for (const auto &[field, reason] : wrong) {
        text += (text.empty() ? "" : "\n") + field + ": " + reason;
    }
    return wrong.empty() ? out : text;
}

std::string body(const std::string &text, Span<Rule> rules, Mode mode = Mode::create)
{
    Details wrong;
    const std::string out = checked_body(parse_json(text), rules, mode, wrong);
    return report(out, wrong);
}

/// One field of all_types, in a PATCH.
std::string field(const std::string &name, const std::string &value)
{
    const std::string start = "{\"" + name + "\":";
    const std::string result = body(start + value + "}", all_types, Mode::change);
    if (result.rfind(start, 0) == 0) {
        return result.substr(start.size(), result.size() - start.size() - 1);
    }
    return result.rfind(name + ": ", 0) == 0 ? result.substr(name.size() + 2) : "?? " + result;
}

std::string query(const std::string &text, Span<Rule> rules)
{
    Details wrong;
    const std::string out = checked_query(text, rules, wrong);
    return report(out, wrong);
}

} // namespace

BOOST_AUTO_TEST_SUITE(rules)

BOOST_AUTO_TEST_CASE(writes_known_fields_in_the_rules_order)
{
    const char *sent = R"({"notes":" a\r\nb ","status":" Pending ","id":7,
        "items":[{"price":19.90,"quantity":2.500,"productName":5,"productId":3.0}],
        "customerName":"\u2003Jo\t","customerEmail":""})";
    BOOST_TEST(body(sent, order) == R"({"customerName":"Jo","customerEmail":null,)"
                                    R"("items":[{"productId":3,"quantity":2.5,"price":19.9}],)"
                                    R"("status":"Pending","notes":"a\nb"})");
}

BOOST_AUTO_TEST_CASE(names_every_wrong_field_at_once)
{
    BOOST_TEST(
        body(
            R"({"customerEmail":"x","items":[{"productId":"1","quantity":0},7,{"foo":1,"price":-1}],
                       "status":"done","bar":1,"assignedTo":0})",
            order) == "customerName: is required\n"
                      "customerEmail: must be an e-mail address\n"
                      "items[0].productId: must be a whole number\n"
                      "items[0].quantity: must be greater than 0\n"
                      "items[1]: must be an object\n"
                      "items[2].productId: is required\n"
                      "items[2].quantity: is required\n"
                      "items[2].price: must be at least 0\n"
                      "items[2].foo: is not a known field\n"
                      "status: must be one of: Pending, Processing, Completed\n"
                      "assignedTo: must be at least 1\n"
                      "bar: is not a known field");
}

BOOST_DATA_TEST_CASE(refuses_a_body_that_is_no_object,
                     data::make({"[]", "1", "\"a\"", "null", "true"}))
{
    BOOST_TEST(body(sample, order) == "body: must be a JSON object");
}

BOOST_AUTO_TEST_CASE(a_patch_needs_no_field)
{
    BOOST_TEST(body("{}", order, Mode::change) == "{}");
    BOOST_TEST(body(R"({"notes":"x"})", order, Mode::change) == R"({"notes":"x"})");
}

BOOST_AUTO_TEST_CASE(null_clears_only_what_is_optional)
{
    BOOST_TEST(body(R"({"notes":null,"assignedTo":null,"customerEmail":null})", order,
                    Mode::change) == R"({"customerEmail":null,"notes":null,"assignedTo":null})");
    BOOST_TEST(body(R"({"customerName":null,"items":null,"status":null})", order, Mode::change) ==
               "customerName: must not be null\nitems: must not be null\nstatus: must not be null");
    BOOST_TEST(field("must", "null") == "must not be null");
    BOOST_TEST(field("any", "null") == "null");
}

BOOST_AUTO_TEST_CASE(list_elements_are_whole_ones_in_a_patch_too)
{
    BOOST_TEST(body(R"({"items":[{"productId":1}]})", order, Mode::change) ==
               "items[0].quantity: is required");
}

BOOST_AUTO_TEST_CASE(ignores_read_only_fields_whatever_they_hold)
{
    BOOST_TEST(body(R"({"id":[{"x":null}],"notes":"n"})", order, Mode::change) ==
               R"({"notes":"n"})");
    BOOST_TEST(body(R"({"id":null})", order, Mode::change) == "{}");
}

BOOST_AUTO_TEST_CASE(bounds_lists)
{
    BOOST_TEST(body(R"({"items":[]})", order, Mode::change) == "items: must not be empty");
    BOOST_TEST(body(R"({"items":[1,2,3,4]})", order, Mode::change) ==
               "items: must have at most 3 items");
    BOOST_TEST(body(R"({"items":{}})", order, Mode::change) == "items: must be a list");
    BOOST_TEST(body(R"({"items":"x"})", order, Mode::change) == "items: must be a list");
}

BOOST_AUTO_TEST_CASE(checks_text)
{
    BOOST_TEST(field("text", "\" abc \"") == "\"abc\"");
    BOOST_TEST(field("text", "\"ab\"") == "must be at least 3 characters");
    BOOST_TEST(field("text", "\"\U0001F600\U0001F600\U0001F600\U0001F600\U0001F600\"") ==
               "\"\U0001F600\U0001F600\U0001F600\U0001F600\U0001F600\"");
    BOOST_TEST(field("text", "\"abcdef\"") == "must be at most 5 characters");
    BOOST_TEST(field("text", "\"  \"") == "null");
    BOOST_TEST(field("text", "\"ab\\nc\"") == "must not contain control characters");
    BOOST_TEST(field("text", "5") == "must be a string");
    BOOST_TEST(field("text", "[]") == "must be a string");
    BOOST_TEST(field("free", "\"" + std::string(50'000, 'a') + "\"").size() == 50'002U);
    BOOST_TEST(field("kept", "\" \"") == "must not be empty");
    BOOST_TEST(body(R"({"customerName":"\u00a0"})", order, Mode::change) ==
               "customerName: must not be empty");
    BOOST_TEST(body(R"({"notes":"a\rb"})", order, Mode::change) ==
               "notes: must not contain control characters");
    BOOST_TEST(body(R"({"notes":"123456789\r\n123456789\r\n"})", order, Mode::change) ==
               R"({"notes":"123456789\n123456789"})");
}

BOOST_AUTO_TEST_CASE(takes_secrets_as_they_are)
{
    BOOST_TEST(field("secret", "\" \\n \"") == "\" \\n \"");
    BOOST_TEST(field("secret", "\"a\"") == "must be at least 2 characters");
    BOOST_TEST(field("secret", "\"abcde\"") == "must be at most 4 characters");
    BOOST_TEST(field("secret", "1234") == "must be a string");
    BOOST_TEST(field("password", "\"\"") == "must not be empty");
    BOOST_TEST(field("password", "\" \"") == "\" \"");
}

BOOST_AUTO_TEST_CASE(checks_e_mail_liberally)
{
    const auto email = [](const std::string &address) {
        return body("{\"customerEmail\":\"" + address + "\"}", order, Mode::change);
    };
    for (const char *good :
         {"a@b", "jo.smith+tag@shop.example", "j\u00f6@\u00e4.example", "a@b@c"}) {
        BOOST_TEST(email(good) == "{\"customerEmail\":\"" + std::string(good) + "\"}");
    }
    BOOST_TEST(email(" a@b ") == "{\"customerEmail\":\"a@b\"}");
    for (const char *bad : {"a", "@", "@b", "a@", "a b@c", "a@b\u3000c", "@@"}) {
        BOOST_TEST(email(bad) == "customerEmail: must be an e-mail address", bad);
    }
    BOOST_TEST(email(std::string(320, 'a') + "@b") ==
               "customerEmail: must be at most 320 characters");
}

BOOST_AUTO_TEST_CASE(checks_decimals)
{
    BOOST_TEST(field("money", "19.90") == "19.9");
    BOOST_TEST(field("money", "-0") == "0");
    BOOST_TEST(field("money", "1e2") == "100");
    BOOST_TEST(field("money", "0.001") == "must have at most 2 decimal places");
    BOOST_TEST(field("money", "1e400") == "must be at most 9999999999.99");
    BOOST_TEST(field("money", "\"5\"") == "must be a number");
    BOOST_TEST(field("money", "true") == "must be a number");
    BOOST_TEST(field("money", "null") == "null");
    BOOST_TEST(field("quantity", "0.0010") == "0.001");
    BOOST_TEST(field("positive", "0") == "must be greater than 0");
    BOOST_TEST(field("delta", "-1.5") == "-1.5");
    BOOST_TEST(field("delta", "0") == "must not be 0");
}

BOOST_AUTO_TEST_CASE(checks_whole_numbers)
{
    for (const char *five : {"5", "5.0", "5e0", "0.5e1", "500e-2"}) {
        BOOST_TEST(field("integer", five) == "5", five);
    }
    BOOST_TEST(field("integer", "5.5") == "must be a whole number");
    BOOST_TEST(field("integer", "\"5\"") == "must be a whole number");
    BOOST_TEST(field("integer", "0") == "must be at least 1");
    BOOST_TEST(field("integer", "1001") == "must be at most 1000");
    BOOST_TEST(field("integer", "1e30") == "must be at most 1000");
    BOOST_TEST(field("integer", "-1e30") == "must be at least 1");
    BOOST_TEST(field("low", "0") == "0");
    BOOST_TEST(field("low", "1") == "must be at most 0");
    BOOST_TEST(field("low", "-6") == "must be at least -5");
    BOOST_TEST(field("whole", "-9223372036854775808") == "-9223372036854775808");
    BOOST_TEST(field("whole", "-9223372036854775809") == "must be at least -9223372036854775808");
    BOOST_TEST(field("id", "9223372036854775807") == "9223372036854775807");
    BOOST_TEST(field("id", "9223372036854775808") == "must be at most 9223372036854775807");
    BOOST_TEST(field("id", "1e18") == "1000000000000000000");
    BOOST_TEST(field("id", "0") == "must be at least 1");
    BOOST_TEST(field("id", "-1") == "must be at least 1");
}

BOOST_AUTO_TEST_CASE(checks_the_other_types)
{
    BOOST_TEST(field("boolean", "false") == "false");
    BOOST_TEST(field("boolean", "0") == "must be true or false");
    BOOST_TEST(field("boolean", "\"true\"") == "must be true or false");
    BOOST_TEST(field("instant", "\"2025-11-28T10:30:00+01:00\"") ==
               "\"2025-11-28T09:30:00.000000Z\"");
    BOOST_TEST(field("instant", "\"2025-11-28\"") ==
               "must be a date and time, like 2025-11-28T10:30:00Z");
    BOOST_TEST(field("instant", "1") == "must be a string");
    BOOST_TEST(field("moment", "\" 2025-11-28 \"") == "\"2025-11-28\"");
    BOOST_TEST(field("moment", "\"2025-11-28T10:30:00Z\"") == "\"2025-11-28T10:30:00.000000Z\"");
    BOOST_TEST(field("moment", "\"28.11.2025\"") ==
               "must be a date or a date and time, like 2025-11-28 or 2025-11-28T10:30:00Z");
    BOOST_TEST(field("any", "{\"a\" : [1.0, null]}") == "{\"a\":[1.0,null]}");
}

BOOST_AUTO_TEST_CASE(many_unknown_fields_take_no_longer_than_they_should)
{
    const auto check = [](int keys) {
        std::string text = "{\"a\":0";
        for (int i = 0; i < keys; ++i) {
            text += ",\"k" + std::to_string(i) + "\":0";
        }
        Details wrong;
        checked_body(parse_json(text + "}"), order, Mode::change, wrong);
        BOOST_TEST(wrong.size() == static_cast<std::size_t>(keys) + 1);
    };
    BOOST_TEST(growth(20'000, check) < 10);
}

constexpr Rule filters[] = {
    {"limit", Type::integer, optional, 1, 1000},
    {"search", Type::text, optional, 0, 10},
    {"count", Type::boolean},
    {"status", Type::choice, optional, 0, 0, statuses},
    {"productId", Type::id},
    {"from", Type::moment},
    {"above", Type::money},
};

constexpr Rule needing[] = {{"action", Type::text, required, 1, 20}};

BOOST_AUTO_TEST_CASE(an_empty_query_is_an_empty_object)
{
    for (const char *empty : {"", "&", "&&&"}) {
        BOOST_TEST(query(empty, filters) == "{}");
    }
    BOOST_TEST(query("", {}) == "{}");
}

BOOST_AUTO_TEST_CASE(reads_parameters_in_their_own_types)
{
    BOOST_TEST(
        query("from=2025-11-28T10%3A30%3A00%2B01:00&count=true&&search=+a%26b+c%C3%A9+&li%6Dit=5&"
              "status=Pending&productId=9223372036854775807&above=1.50",
              filters) ==
        "{\"limit\":5,\"search\":\"a&b c\u00e9\",\"count\":true,\"status\":\"Pending\","
        "\"productId\":9223372036854775807,\"from\":\"2025-11-28T09:30:00.000000Z\",\"above\":1."
        "5}");
    BOOST_TEST(query("count=false", filters) == "{\"count\":false}");
    BOOST_TEST(query("search=a=b", filters) == "{\"search\":\"a=b\"}");
}

BOOST_AUTO_TEST_CASE(names_every_wrong_parameter_at_once)
{
    BOOST_TEST(
        query("foo=1&limit=x&foo=2&count=yes&productId=0&from=today&above=1.001&status=pending&bar",
              filters) ==
        "foo: is not a known parameter\n"
        "bar: is not a known parameter\n"
        "limit: must be a whole number\n"
        "count: must be true or false\n"
        "status: must be one of: Pending, Processing, Completed\n"
        "productId: must be at least 1\n"
        "from: must be a date or a date and time, like 2025-11-28 or 2025-11-28T10:30:00Z\n"
        "above: must have at most 2 decimal places");
}

BOOST_AUTO_TEST_CASE(refuses_a_repeated_parameter)
{
    BOOST_TEST(query("limit=1&limit=1", filters) == "limit: must be given only once");
    BOOST_TEST(query("limit=1&%6cimit=2&limit=3", filters) == "limit: must be given only once");
    BOOST_TEST(query("limit=x&limit=1", filters) == "limit: must be given only once");
    BOOST_TEST(query("search=&search=a", filters) == "search: must be given only once");
}

BOOST_AUTO_TEST_CASE(an_empty_optional_text_is_not_given)
{
    BOOST_TEST(query("search=&limit=5", filters) == "{\"limit\":5}");
    BOOST_TEST(query("search", filters) == "{}");
    BOOST_TEST(query("search=+%09", filters) == "{}");
    BOOST_TEST(query("limit=", filters) == "limit: must be a whole number");
    BOOST_TEST(query("count", filters) == "count: must be true or false");
    BOOST_TEST(query("above=", filters) == "above: must be a number");
    BOOST_TEST(query("action=", needing) == "action: must not be empty");
    BOOST_TEST(query("", needing) == "action: is required");
}

BOOST_DATA_TEST_CASE(whole_numbers_in_a_query_are_plain,
                     data::make({"+5", "05", "5.0", "5e0", "0x5", " 5", "5 ", "%205", "--5", "-",
                                 "5,0"}))
{
    // A + is a space here, so +5 is no number either.
    BOOST_TEST(query(std::string("limit=") + sample, filters) == "limit: must be a whole number");
}

BOOST_AUTO_TEST_CASE(refuses_bytes_that_are_no_text)
{
    BOOST_TEST(query("search=%FF", filters) == "search: must be valid UTF-8");
    BOOST_TEST(query("status=%FF", filters) == "status: must be valid UTF-8");
    BOOST_TEST(query("search=%ED%A0%80", filters) == "search: must be valid UTF-8");
    BOOST_TEST(query("search=a%00", filters) == "search: must not contain control characters");
    BOOST_TEST(query("search=a%0Ab", filters) == "search: must not contain control characters");
    BOOST_TEST(query("search=%4", filters) == "search: has a broken percent escape");
    BOOST_TEST(query("action=%zz", needing) == "action: has a broken percent escape");
    for (const char *name : {"%=1", "%FF=1", "a%00=1", "%4x"}) {
        BOOST_TEST(query(name, filters) == "query: has a parameter whose name can't be read", name);
    }
    BOOST_TEST(query("=1", filters) == ": is not a known parameter");
}

BOOST_AUTO_TEST_SUITE_END()
