#include "doctor.hpp"

#include "dispatch.hpp"
#include "doctor_checks.hpp"
#include "json_build.hpp"
#include "text.hpp"

#include <algorithm>

namespace smartflow {
namespace {

constexpr std::size_t name_columns = 18;

bool is_possible(const Patient &patient, Needs needs)
{
    switch (needs) {
        case Needs::database: return patient.database != nullptr;
        case Needs::schema: return patient.database != nullptr && patient.has_schema;
        case Needs::web: return patient.has_web;
        case Needs::nothing: break;
    }
    return true;
}

Finding finding_of(const Check &check, Patient &patient)
{
    Finding finding;
    try {
        finding = check.run(patient);
    } catch (const std::exception &error) {
        const std::string reason = error.what();
        finding = broken("can't be looked at: " + reason.substr(0, reason.find('\n')),
                         "put right what the reason names, then look again");
    }
    finding.name = check.name;
    return finding;
}

const char *word(Verdict verdict)
{
    return verdict == Verdict::ok ? "ok" : verdict == Verdict::warn ? "warn" : "fail";
}

/// Paths may be any bytes.
std::string as_utf8(std::string text)
{
    if (!is_utf8(text)) {
        std::replace_if(
            text.begin(), text.end(), [](unsigned char c) { return c >= 0x80; }, '?');
    }
    return text;
}

/// The text with what comes after each line's end moved to the right.
std::string indented(const std::string &text, std::size_t columns)
{
    std::string moved;
    for (const char c : text) {
        moved += c;
        moved += c == '\n' ? std::string(columns, ' ') : "";
    }
    return moved;
}

} // namespace

std::vector<FamilyFacts> family_facts(const std::vector<const Family *> &families)
{
    std::vector<FamilyFacts> all;
    for (const Family *family : families) {
        FamilyFacts facts{family->name, "", {}};
        for (const Route &route : family->routes) {
            if (*route.function != '\0') {
                facts.functions.emplace_back(route.function);
            }
            if (facts.path.empty() && route.access != Access::nobody &&
                std::string(route.method) == "GET") {
                facts.path = route.path;
            }
        }
        all.push_back(facts);
    }
    return all;
}

bool examine(const DoctorPlan &plan, const std::vector<std::vector<Check>> &groups,
             const std::function<void(const Finding &)> &tell)
{
    Patient patient{plan};
    bool well = true;
    for (const std::vector<Check> &checks : groups) {
        for (const Check &check : checks) {
            if (is_possible(patient, check.needs)) {
                const Finding finding = finding_of(check, patient);
                well = well && finding.verdict != Verdict::fail;
                tell(finding);
            }
        }
    }
    return well;
}

std::string finding_text(const Finding &finding)
{
    std::string line = finding.verdict == Verdict::fail ? "FAIL" : word(finding.verdict);
    line.resize(6, ' ');
    line += finding.name;
    line.resize(std::max(line.size() + 1, 6 + name_columns), ' ');
    const std::size_t columns = line.size();
    line += indented(finding.found, columns);
    if (!finding.advice.empty()) {
        line += "\n" + std::string(columns, ' ') + "-> " + indented(finding.advice, columns + 3);
    }
    return line;
}

Json findings_list(const std::vector<Finding> &findings)
{
    std::vector<Json> checks;
    checks.reserve(findings.size());
    for (const Finding &finding : findings) {
        checks.push_back(make_object({{"name", make_text(finding.name)},
                                      {"status", make_text(word(finding.verdict))},
                                      {"found", make_text(as_utf8(finding.found))},
                                      {"advice", make_text(as_utf8(finding.advice))}}));
    }
    return make_list(checks);
}

std::string findings_json(const std::vector<Finding> &findings)
{
    const bool well = std::all_of(findings.begin(), findings.end(), [](const Finding &finding) {
        return finding.verdict != Verdict::fail;
    });
    std::string text;
    append_json(text, make_object({{"ok", make_truth(well)}, {"checks", findings_list(findings)}}));
    return text;
}

} // namespace smartflow
