#ifndef SMARTFLOW_DOCTOR_HPP
#define SMARTFLOW_DOCTOR_HPP

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

/// Looks at an installation: settings, files, database, web server. What is broken is a finding,
/// and the rest is looked at all the same. Nothing is changed, and no finding has a secret in it.
/// \param tell gets each finding as it comes
/// \returns whether nothing failed
bool examine(const DoctorPlan &plan, const std::function<void(const Finding &)> &tell);

/// A finding for a terminal: a line for what was found, another for what to do.
std::string finding_text(const Finding &finding);

/// All of them as a JSON object: `{ok, checks: [{name, status, found, advice}]}`.
std::string findings_json(const std::vector<Finding> &findings);

} // namespace smartflow

#endif
