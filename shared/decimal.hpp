#ifndef SMARTFLOW_DECIMAL_HPP
#define SMARTFLOW_DECIMAL_HPP

#include <string>
#include <string_view>

namespace smartflow {

/// What a decimal field takes (contract, section 2): digits before and after the point.
struct DecimalBounds {
    int places;            ///< at most so many decimal places; trailing zeros don't count
    int integer_digits;    ///< at most so many digits before the point
    bool negative_allowed; ///< whether it may be below zero
    bool zero_allowed;     ///< whether it may be zero
};

inline constexpr DecimalBounds money_bounds{2, 10, false, true};
inline constexpr DecimalBounds quantity_bounds{3, 10, false, true};
inline constexpr DecimalBounds positive_quantity_bounds{3, 10, false, false};
inline constexpr DecimalBounds delta_bounds{3, 10, true, false};

/// The largest value within the bounds, as text: `9999999999.99`.
std::string largest(const DecimalBounds &bounds);

/// The exact value of a JSON number, never by way of binary floating point.
/// \param number a JSON number's text (RFC 8259 §6): `19.90`, `1e2`, `-0`; any length and exponent
///        cost no more than the text's own length
/// \param reason set to why it is refused
/// \returns the value in plain decimal, shortest (`19.9`, `100`, `0`); empty when refused
std::string exact_decimal(std::string_view number, const DecimalBounds &bounds,
                          std::string &reason);

} // namespace smartflow

#endif
