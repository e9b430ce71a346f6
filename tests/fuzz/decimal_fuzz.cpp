// A canonical decimal lies within its bounds and is its own canonical form; what isn't refused by
// one kind has the same value in every other kind that takes it.

#include "decimal.hpp"

#include <cstdint>
#include <cstdlib>

using namespace smartflow;

namespace {

void must(bool promise)
{
    if (!promise) {
        std::abort();
    }
}

void check_form(const std::string &value, const DecimalBounds &bounds)
{
    const bool negative = value[0] == '-';
    must(!negative || bounds.negative_allowed);
    must(value != "0" || bounds.zero_allowed);
    must(value != "-0");
    const std::string size = value.substr(negative ? 1 : 0);
    must(size.find_first_not_of("0123456789.") == std::string::npos);
    const std::size_t point = std::min(size.find('.'), size.size());
    must(point >= 1 && point <= static_cast<std::size_t>(bounds.integer_digits));
    must(size[0] != '0' || point == 1);
    if (point < size.size()) {
        const std::string places = size.substr(point + 1);
        must(!places.empty() && places.size() <= static_cast<std::size_t>(bounds.places));
        must(places.back() != '0' && places.find('.') == std::string::npos);
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    const std::string_view number(reinterpret_cast<const char *>(data), size);
    const DecimalBounds all[] = {money_bounds, quantity_bounds, positive_quantity_bounds,
                                 delta_bounds, DecimalBounds{0, 19, true, true}};
    std::string agreed;
    for (const DecimalBounds &bounds : all) {
        std::string reason;
        const std::string value = exact_decimal(number, bounds, reason);
        must(value.empty() != reason.empty());
        if (value.empty()) {
            continue;
        }
        check_form(value, bounds);
        must(exact_decimal(value, bounds, reason) == value && reason.empty());
        must(agreed.empty() || agreed == value);
        agreed = value;
    }
    return 0;
}
