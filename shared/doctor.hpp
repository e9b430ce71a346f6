#ifndef SMARTFLOW_DOCTOR_HPP
#define SMARTFLOW_DOCTOR_HPP

#include "json.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace smartflow {

enum class Verdict {
    ok,
    warn, ///< it works, and something about it is worse than it could be
    fail, ///< something doesn't work, or isn't safe
};

/// What a check found.
struct Finding {
    Verdict verdict = Verdict::ok;
    std::string found;
    std::string advice; ///< what to do; empty when all is well
    const char *name = "";
};

/// A family of programs as it should be: where it answers, and what it calls.
struct FamilyFacts {
    std::string name;
    std::string path;                   ///< of a GET that needs a login
    std::vector<std::string> functions; ///< of schema smartflow_api
};

/// What an installation is held against.
struct DoctorPlan {
    std::vector<FamilyFacts> families;
    std::int64_t schema = 0; ///< the version of the database that this program is made for
    std::string url; ///< of the web server; empty: PUBLIC_URL, else what `make run` listens on
};

struct Check;
struct Family;

/// What there is to know of families: where each answers to a GET with a login, and what it calls.
std::vector<FamilyFacts> family_facts(const std::vector<const Family *> &families);

/// Looks at an installation. What is broken is a finding, and the rest is looked at all the same.
/// Nothing is changed, and no finding has a secret in it.
/// \param groups what to look at (doctor_checks.hpp), in this order: what the first find, the later
///        ones need
/// \param tell gets each finding as it comes
/// \returns whether nothing failed
bool examine(const DoctorPlan &plan, const std::vector<std::vector<Check>> &groups,
             const std::function<void(const Finding &)> &tell);

/// A finding for a terminal: a line for what was found, another for what to do.
std::string finding_text(const Finding &finding);

/// All of them as a JSON array: `[{name, status, found, advice}]`.
Json findings_list(const std::vector<Finding> &findings);

/// The same with the sum of it: `{ok, checks: […]}`.
std::string findings_json(const std::vector<Finding> &findings);

} // namespace smartflow

#endif
