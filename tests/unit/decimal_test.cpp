#include "decimal.hpp"

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <random>
#include <string>

using namespace smartflow;
namespace data = boost::unit_test::data;

namespace {

/// The value, or `refused: ` and why.
std::string result(const std::string &number, const DecimalBounds &bounds)
{
    std::string reason;
    const std::string value = exact_decimal(number, bounds, reason);
    BOOST_TEST(value.empty() != reason.empty()); // exactly one of them
    return reason.empty() ? value : "refused: " + reason;
}

std::int64_t power_of_ten(int exponent)
{
    std::int64_t power = 1;
    for (; exponent > 0; --exponent) {
        power *= 10;
    }
    return power;
}

/// The model: what a whole number of thousandths reads as in plain decimal, shortest.
std::string plain_thousandths(std::int64_t thousandths)
{
    const std::int64_t size = thousandths < 0 ? -thousandths : thousandths;
    std::string text = thousandths < 0 ? "-" : "";
    text += std::to_string(size / 1000);
    if (size % 1000 != 0) {
        std::string fraction = std::to_string(1000 + size % 1000).substr(1);
        while (fraction.back() == '0') {
            fraction.pop_back();
        }
        text += "." + fraction;
    }
    return text;
}

/// Writes mantissa × 10^exponent in one of the many ways JSON has for it.
std::string some_spelling(std::int64_t mantissa, int exponent, std::mt19937_64 &random)
{
    std::string digits = std::to_string(mantissa < 0 ? -mantissa : mantissa);
    const auto zeros = static_cast<int>(random() % 4);
    digits.append(static_cast<std::size_t>(zeros), '0');
    exponent -= zeros;
    // The point goes somewhere into the digits, or before them behind a 0.
    const auto places = static_cast<int>(random() % (digits.size() + 3));
    exponent += places;
    while (static_cast<int>(digits.size()) <= places) {
        digits.insert(0, "0");
    }
    std::string whole = digits.substr(0, digits.size() - static_cast<std::size_t>(places));
    whole.erase(0, std::min(whole.find_first_not_of('0'), whole.size() - 1));
    std::string text = mantissa < 0 ? "-" : "";
    text += whole;
    if (places > 0) {
        text += "." + digits.substr(digits.size() - static_cast<std::size_t>(places));
    }
    if (exponent != 0 || random() % 3 == 0) {
        text += random() % 2 == 0 ? "e" : "E";
        text += exponent < 0 ? "-" : random() % 2 == 0 ? "+" : "";
        text +=
            std::string(random() % 3, '0') + std::to_string(exponent < 0 ? -exponent : exponent);
    }
    return text;
}

} // namespace

BOOST_AUTO_TEST_SUITE(decimal)

BOOST_AUTO_TEST_CASE(writes_the_value_shortest)
{
    BOOST_TEST(result("19.90", money_bounds) == "19.9");
    BOOST_TEST(result("1.0000", money_bounds) == "1");
    BOOST_TEST(result("1e2", money_bounds) == "100");
    BOOST_TEST(result("1.5E+3", money_bounds) == "1500");
    BOOST_TEST(result("125e-2", money_bounds) == "1.25");
    BOOST_TEST(result("0.05", money_bounds) == "0.05");
    BOOST_TEST(result("5e-3", quantity_bounds) == "0.005");
    BOOST_TEST(result("9999999999.99", money_bounds) == "9999999999.99");
    BOOST_TEST(result("9999999999.999", quantity_bounds) == "9999999999.999");
    BOOST_TEST(result("-2.50", delta_bounds) == "-2.5");
}

BOOST_AUTO_TEST_CASE(every_zero_is_zero)
{
    for (const char *zero :
         {"0", "-0", "0.0", "-0.0", "0e5", "0E-5", "0.000000e999999999999999999"}) {
        BOOST_TEST(result(zero, money_bounds) == "0", zero);
    }
}

BOOST_AUTO_TEST_CASE(refuses_instead_of_rounding)
{
    BOOST_TEST(result("0.001", money_bounds) == "refused: must have at most 2 decimal places");
    BOOST_TEST(result("1.999", money_bounds) == "refused: must have at most 2 decimal places");
    BOOST_TEST(result("0.0001", quantity_bounds) == "refused: must have at most 3 decimal places");
    BOOST_TEST(result("0.10000000000000000000000000001", money_bounds) ==
               "refused: must have at most 2 decimal places");
    BOOST_TEST(result("1.5", DecimalBounds{0, 19, true, true}) ==
               "refused: must be a whole number");
}

BOOST_AUTO_TEST_CASE(refuses_what_is_out_of_range)
{
    BOOST_TEST(result("-0.01", money_bounds) == "refused: must be at least 0");
    BOOST_TEST(result("10000000000", money_bounds) == "refused: must be at most 9999999999.99");
    BOOST_TEST(result("1e10", quantity_bounds) == "refused: must be at most 9999999999.999");
    BOOST_TEST(result("-1e10", delta_bounds) == "refused: must be at least -9999999999.999");
    BOOST_TEST(result("0", positive_quantity_bounds) == "refused: must be greater than 0");
    BOOST_TEST(result("-1", positive_quantity_bounds) == "refused: must be greater than 0");
    BOOST_TEST(result("0.00", delta_bounds) == "refused: must not be 0");
}

BOOST_AUTO_TEST_CASE(knows_exponents_of_any_size)
{
    BOOST_TEST(result("1e999999999999", money_bounds) == "refused: must be at most 9999999999.99");
    BOOST_TEST(result("1e-999999999999", money_bounds) ==
               "refused: must have at most 2 decimal places");
    const std::string huge(300, '9');
    BOOST_TEST(result("1e" + huge, money_bounds) == "refused: must be at most 9999999999.99");
    BOOST_TEST(result("1e-" + huge, money_bounds) == "refused: must have at most 2 decimal places");
    BOOST_TEST(result("1e00000000000000000000002", money_bounds) == "100");
    BOOST_TEST(result("0." + std::string(400, '0') + "7e401", money_bounds) == "7");
    BOOST_TEST(result("7" + std::string(400, '0') + "e-400", money_bounds) == "7");
}

BOOST_AUTO_TEST_CASE(costs_no_more_than_the_texts_length)
{
    // Hours if each zero were taken by itself from so many; no memory holds the last exponent's.
    const std::string zeros(20'000'000, '0');
    BOOST_TEST(result("1" + zeros + "e-20000000", money_bounds) == "1");
    BOOST_TEST(result("0." + zeros + "1e20000001", money_bounds) == "1");
    BOOST_TEST(result("1e-" + zeros, money_bounds) == "1");
    BOOST_TEST(result("1e999999999999", DecimalBounds{3, 10, true, true}) ==
               "refused: must be at most 9999999999.999");
}

BOOST_DATA_TEST_CASE(refuses_what_is_no_json_number,
                     data::make({"",     "-",        "+1",  "01",    "-01",   ".5", "1.",
                                 "1.e2", "1e",       "1e+", "0x10",  "1 ",    " 1", "1,5",
                                 "NaN",  "Infinity", "--1", "1e5.0", "1.5.5", "abc"}))
{
    BOOST_TEST(result(sample, delta_bounds) == "refused: must be a number");
}

BOOST_AUTO_TEST_CASE(agrees_with_whole_number_arithmetic)
{
    std::mt19937_64 random(20251128);
    const std::int64_t limit = 9'999'999'999'999; // thousandths
    for (int round = 0; round < 50'000; ++round) {
        // Of every size, and often near the limit.
        std::int64_t thousandths =
            static_cast<std::int64_t>(random() % 20'000'000'000'000ULL) >> (random() % 44);
        if (round % 10 == 0) {
            thousandths = limit - 2 + static_cast<std::int64_t>(random() % 5);
        }
        thousandths = random() % 2 == 0 ? thousandths : -thousandths;
        const std::string text = some_spelling(thousandths, -3, random);
        std::string expected = plain_thousandths(thousandths);
        if (thousandths == 0) {
            expected = "refused: must not be 0";
        } else if (thousandths > limit) {
            expected = "refused: must be at most 9999999999.999";
        } else if (thousandths < -limit) {
            expected = "refused: must be at least -9999999999.999";
        }
        BOOST_REQUIRE_MESSAGE(result(text, delta_bounds) == expected,
                              text << " gives " << result(text, delta_bounds) << ", not "
                                   << expected);
    }
}

BOOST_AUTO_TEST_CASE(refuses_exactly_what_has_too_many_places)
{
    std::mt19937_64 random(7);
    for (int round = 0; round < 20'000; ++round) {
        const auto mantissa = static_cast<std::int64_t>(random() % 1'000'000);
        const auto exponent = -static_cast<int>(random() % 8);
        const std::string text = some_spelling(mantissa, exponent, random);
        const bool fits = mantissa * 100 % power_of_ten(-exponent) == 0;
        const std::string got = result(text, money_bounds);
        const std::string expected =
            fits ? plain_thousandths(mantissa * 1000 / power_of_ten(-exponent))
                 : "refused: must have at most 2 decimal places";
        BOOST_REQUIRE_MESSAGE(got == expected, text << " gives " << got << ", not " << expected);
    }
}

BOOST_AUTO_TEST_CASE(a_canonical_value_is_its_own)
{
    std::mt19937_64 random(3);
    for (int round = 0; round < 5'000; ++round) {
        const std::string once =
            plain_thousandths(static_cast<std::int64_t>(random() % 1'000'000) + 1);
        BOOST_REQUIRE_EQUAL(result(once, quantity_bounds), once);
    }
}

BOOST_AUTO_TEST_SUITE_END()
