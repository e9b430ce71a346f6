#ifndef SMARTFLOW_TESTS_SCENARIO_HPP
#define SMARTFLOW_TESTS_SCENARIO_HPP

#include "case_file.hpp"
#include "shop.hpp"
#include "wire.hpp"

#include <functional>
#include <string>
#include <vector>

namespace smartflow {

/// Takes every request and its answer.
using Transcript = std::function<void(const WireRequest &, const WireResponse &)>;

/// What a scenario came to on one way.
struct Course {
    std::vector<std::string> answers; ///< what must be the same on every way, a text a step
    std::string failure;              ///< `line 12: …`, empty when all was as expected
};

/// Plays a scenario to its end or its first failure.
Course play(const Scenario &scenario, Way &way, Shop &shop, const Transcript &transcript);

/// Holds one answer against what a step expects of it.
/// \returns what differs; empty when nothing does
std::string unexpected(const Step &step, const WireResponse &response, Captures &captures);

/// Status, the family's own headers and body, with moments, secrets and cursors made the same.
std::string comparable(const WireResponse &response);

} // namespace smartflow

#endif
