#include "text.hpp"

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <cstdlib>
#include <ctime>
#include <string>

using namespace smartflow;
using namespace std::string_literals;
namespace data = boost::unit_test::data;

namespace {

/// UTF-8 by the book, also of what isn't allowed in it.
std::string encoded(std::uint32_t c)
{
    std::string bytes;
    const auto tail = [&](unsigned shift) {
        bytes += static_cast<char>(0x80U | ((c >> shift) & 0x3FU));
    };
    if (c < 0x80) {
        bytes += static_cast<char>(c);
    } else if (c < 0x800) {
        bytes += static_cast<char>(0xC0U | (c >> 6U));
        tail(0);
    } else if (c < 0x10000) {
        bytes += static_cast<char>(0xE0U | (c >> 12U));
        tail(6);
        tail(0);
    } else {
        bytes += static_cast<char>(0xF0U | (c >> 18U));
        tail(12);
        tail(6);
        tail(0);
    }
    return bytes;
}

/// The cleaned text, or `refused: ` and why.
std::string clean(const std::string &text, Lines lines)
{
    std::string reason;
    const auto result = cleaned(text, lines, reason);
    return result ? *result : "refused: " + reason;
}

const std::string refused_control = "refused: must not contain control characters";

} // namespace

BOOST_AUTO_TEST_SUITE(text)

BOOST_AUTO_TEST_CASE(takes_every_code_point_but_surrogates)
{
    for (std::uint32_t c = 0; c <= 0x10FFFF; ++c) {
        const bool surrogate = c >= 0xD800 && c <= 0xDFFF;
        BOOST_REQUIRE_MESSAGE(is_utf8("a" + encoded(c) + "z") == !surrogate, "U+" << std::hex << c);
    }
    BOOST_TEST(!is_utf8(encoded(0x110000)));
}

BOOST_DATA_TEST_CASE(
    refuses_malformed_utf8,
    data::make({"\x80", "\xBF", "\xC0\x80", "\xC0\xAF", "\xC1\xBF", "\xE0\x80\x80", "\xE0\x9F\xBF",
                "\xF0\x80\x80\x80", "\xF0\x8F\xBF\xBF", "\xF5\x80\x80\x80", "\xFE", "\xFF", "\xC3",
                "\xE2\x82", "\xF0\x9F\x98", "a\xC3(", "\xED\xA0\x80", "\xED\xBF\xBF", "\xC3\xC3"}))
{
    BOOST_TEST(!is_utf8(sample));
    BOOST_TEST(!is_utf8(std::string("ok") + sample));
}

BOOST_AUTO_TEST_CASE(trims_exactly_unicode_white_space)
{
    const std::uint32_t white[] = {0x09,   0x0A,   0x0B,   0x0C,   0x0D,   0x20,   0x85,
                                   0xA0,   0x1680, 0x2000, 0x2001, 0x2002, 0x2003, 0x2004,
                                   0x2005, 0x2006, 0x2007, 0x2008, 0x2009, 0x200A, 0x2028,
                                   0x2029, 0x202F, 0x205F, 0x3000};
    const std::uint32_t *next = std::begin(white);
    for (std::uint32_t c = 0; c <= 0x10FFFF; ++c) {
        if (c >= 0xD800 && c <= 0xDFFF) {
            continue;
        }
        const bool is_white = next != std::end(white) && *next == c;
        next += is_white ? 1 : 0;
        const std::string one = encoded(c);
        const std::string framed = one + "x" + one + "x" + one;
        const std::string expected = is_white ? "x" + one + "x" : framed;
        BOOST_REQUIRE_MESSAGE(trimmed(framed) == expected, "U+" << std::hex << c);
        BOOST_REQUIRE(has_white_space("x" + one + "x") == is_white);
    }
}

BOOST_AUTO_TEST_CASE(trims_to_nothing)
{
    BOOST_TEST(trimmed("").empty());
    BOOST_TEST(trimmed(" \t\n\u3000\u2003 ").empty());
    BOOST_TEST(trimmed("  a b  ") == "a b");
    BOOST_TEST(trimmed("\x80\x80") == "\x80\x80"); // malformed, but read within its bounds
}

BOOST_AUTO_TEST_CASE(counts_code_points_not_bytes)
{
    BOOST_TEST(code_points("") == 0U);
    BOOST_TEST(code_points("abc") == 3U);
    BOOST_TEST(code_points("\u00e9\u20ac\U0001F600") == 3U);
    BOOST_TEST(code_points("e\u0301") == 2U); // a combining accent is a code point of its own
}

BOOST_AUTO_TEST_CASE(refuses_every_control_character_in_a_line)
{
    for (std::uint32_t c = 0; c < 0x300; ++c) {
        const bool control = c < 0x20 || (c >= 0x7F && c <= 0x9F);
        const std::string text = "a" + encoded(c) + "b";
        BOOST_TEST(clean(text, Lines::one) == (control ? refused_control : text),
                   "U+" << std::hex << c);
        const bool allowed = !control || c == '\n' || c == '\t';
        BOOST_TEST(clean(text, Lines::many) == (allowed ? text : refused_control),
                   "U+" << std::hex << c);
    }
}

BOOST_AUTO_TEST_CASE(trims_before_it_looks_for_control_characters)
{
    BOOST_TEST(clean("\t a \r\n", Lines::one) == "a");
    BOOST_TEST(clean("\n\n", Lines::one) == "");
}

BOOST_AUTO_TEST_CASE(turns_crlf_into_lf)
{
    BOOST_TEST(clean("a\r\nb\r\n\r\nc\n", Lines::many) == "a\nb\n\nc");
    BOOST_TEST(clean("a\rb", Lines::many) == refused_control);
    BOOST_TEST(clean("a\r\r\nb", Lines::many) == refused_control);
    BOOST_TEST(clean("a\r\nb", Lines::one) == refused_control);
}

BOOST_AUTO_TEST_CASE(leaves_everything_else_as_it_is)
{
    // Formats, joiners, private use, unassigned, not normalized: none of it is ours to change.
    const std::string text =
        "\u200b\u202eabc\u200d\ufeff\ue000\u0378e\u0301\U0001F468\u200d\U0001F469";
    BOOST_TEST(clean(text, Lines::one) == text);
}

BOOST_AUTO_TEST_CASE(refuses_bytes_that_are_no_text)
{
    BOOST_TEST(clean("a\xFF", Lines::one) == "refused: must be valid UTF-8");
}

BOOST_AUTO_TEST_CASE(decodes_percent_escapes)
{
    BOOST_TEST(*percent_decoded("a%20b%2Fc%c3%A9", false) == "a b/c\u00e9");
    BOOST_TEST(*percent_decoded("%00", false) == "\0"s);
    BOOST_TEST(*percent_decoded("a+b%2B", true) == "a b+");
    BOOST_TEST(*percent_decoded("a+b", false) == "a+b");
    BOOST_TEST(*percent_decoded("", true) == "");
    BOOST_TEST(*percent_decoded("%2525", true) == "%25"); // once, never twice
    for (const char *broken : {"%", "%4", "a%", "%G0", "%0G", "%%41", "% 1", "%-1", "%+1"}) {
        BOOST_TEST(!percent_decoded(broken, true), broken);
    }
}

BOOST_AUTO_TEST_CASE(encodes_all_but_unreserved_characters)
{
    BOOST_TEST(percent_encoded("azAZ09-._~") == "azAZ09-._~");
    BOOST_TEST(percent_encoded("a b&c=/+%") == "a%20b%26c%3D%2F%2B%25");
    BOOST_TEST(percent_encoded("\u00e9") == "%C3%A9");
    for (int c = 0; c < 256; ++c) {
        const std::string byte(1, static_cast<char>(c));
        BOOST_TEST(*percent_decoded(percent_encoded(byte), true) == byte);
    }
}

BOOST_AUTO_TEST_CASE(reads_positive_integers)
{
    BOOST_TEST(*positive_integer("1") == 1);
    BOOST_TEST(*positive_integer("9223372036854775807") == INT64_MAX);
    BOOST_TEST(*positive_integer("1000", 1000) == 1000);
    BOOST_TEST(!positive_integer("1001", 1000));
    for (const char *wrong : {"", "0", "-1", "+1", "01", " 1", "1 ", "1.0", "1e2", "0x1", "a", "1a",
                              "9223372036854775808", "99999999999999999999999"}) {
        BOOST_TEST(!positive_integer(wrong), wrong);
    }
    BOOST_TEST(!positive_integer("1\0"s));
}

BOOST_AUTO_TEST_CASE(knows_the_calendar)
{
    for (const char *date :
         {"2025-11-28", "2024-02-29", "2000-02-29", "0001-01-01", "9999-12-31"}) {
        BOOST_TEST(is_date(date), date);
    }
    for (const char *wrong :
         {"", "2025-02-29", "1900-02-29", "2025-13-01", "2025-00-01", "2025-01-00", "2025-04-31",
          "0000-01-01", "2025-1-1", "25-01-01", "2025/01/01", "2025-01-011", "+025-01-01",
          "2025-01-0a", " 2025-01-01", "20250101", "2025-01-01T"}) {
        BOOST_TEST(!is_date(wrong), wrong);
    }
}

BOOST_AUTO_TEST_CASE(turns_instants_into_utc)
{
    const auto utc = [](const char *text) { return utc_instant(text).value_or("nothing"); };
    BOOST_TEST(utc("2025-11-28T10:30:00Z") == "2025-11-28T10:30:00.000000Z");
    BOOST_TEST(utc("2025-11-28t10:30:00.5z") == "2025-11-28T10:30:00.500000Z");
    BOOST_TEST(utc("2025-11-28T10:30:00.1234567890123Z") == "2025-11-28T10:30:00.123456Z");
    BOOST_TEST(utc("2025-11-28T10:30:00+01:00") == "2025-11-28T09:30:00.000000Z");
    BOOST_TEST(utc("2025-11-28T10:30:00-05:30") == "2025-11-28T16:00:00.000000Z");
    BOOST_TEST(utc("2025-11-28T10:30:00-00:00") == "2025-11-28T10:30:00.000000Z");
    BOOST_TEST(utc("2024-02-29T23:30:00-01:00") == "2024-03-01T00:30:00.000000Z");
    BOOST_TEST(utc("2025-01-01T00:00:00+23:59") == "2024-12-31T00:01:00.000000Z");
    BOOST_TEST(utc("0001-01-01T00:00:00Z") == "0001-01-01T00:00:00.000000Z");
    BOOST_TEST(utc("9999-12-31T23:59:59.999999Z") == "9999-12-31T23:59:59.999999Z");
    BOOST_TEST(utc("2016-12-31T23:59:60Z") == "2017-01-01T00:00:00.000000Z");
    BOOST_TEST(utc("2017-01-01T00:59:60+01:00") == "2017-01-01T00:00:00.000000Z");
}

BOOST_DATA_TEST_CASE(refuses_other_forms_of_instants, data::make({"",
                                                                  "2025-11-28",
                                                                  "2025-11-28T10:30:00",
                                                                  "2025-11-28 10:30:00Z",
                                                                  "2025-11-28T10:30Z",
                                                                  "2025-11-28T24:00:00Z",
                                                                  "2025-11-28T10:60:00Z",
                                                                  "2025-11-28T10:30:61Z",
                                                                  "2025-11-28T10:30:60Z",
                                                                  "2025-11-28T10:30:00.Z",
                                                                  "2025-11-28T10:30:00,5Z",
                                                                  "2025-11-28T10:30:00+0100",
                                                                  "2025-11-28T10:30:00+01",
                                                                  "2025-11-28T10:30:00+24:00",
                                                                  "2025-11-28T10:30:00+01:60",
                                                                  "2025-11-28T10:30:00 01:00",
                                                                  "2025-02-30T10:30:00Z",
                                                                  "0001-01-01T00:00:00+00:01",
                                                                  "9999-12-31T23:59:59-00:01",
                                                                  "9999-12-31T23:59:60Z",
                                                                  "2025-11-28T10:30:00ZZ",
                                                                  "2025-11-28T1a:30:00Z",
                                                                  "now",
                                                                  "2025-11-28T10:30:00+-1:00",
                                                                  "2025-11-28T-1:30:00Z"}))
{
    BOOST_TEST(!utc_instant(sample));
}

BOOST_AUTO_TEST_CASE(instants_do_not_depend_on_the_hosts_zone)
{
    const char *before = std::getenv("TZ");
    const std::string kept = before == nullptr ? "" : before;
    setenv("TZ", "America/New_York", 1);
    tzset();
    BOOST_TEST(*utc_instant("2025-07-01T12:00:00+02:00") == "2025-07-01T10:00:00.000000Z");
    before == nullptr ? unsetenv("TZ") : setenv("TZ", kept.c_str(), 1);
    tzset();
}

BOOST_AUTO_TEST_SUITE_END()
