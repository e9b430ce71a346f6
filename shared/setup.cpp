#include "setup.hpp"

#include "admin_connection.hpp"
#include "secrets.hpp"
#include "settings.hpp"

#include <algorithm>

namespace smartflow {

namespace {

/// What has to be well before anything is changed.
void insist_on_database(const DoctorPlan &plan)
{
    std::vector<Finding> failures;
    const auto checks = database_checks();
    examine(plan, {{host_checks().front()}, {checks.front()}}, [&](const Finding &finding) {
        if (finding.verdict == Verdict::fail) {
            failures.push_back(finding);
        }
    });
    if (!failures.empty()) {
        throw SetupRefused(std::move(failures));
    }
}

std::string bytea_of(const std::string &token)
{
    return "\\x" + token_digest(token);
}

} // namespace

SetupReport set_up(const SetupPlan &plan)
{
    insist_on_database(plan.doctor);
    const std::string url = admin_connection_string(read_settings());
    SetupReport report;
    migrate(url, plan.sql, [&](const std::string &line) { report.steps.push_back(line); });
    report.administrator = create_first_administrator(url, plan.username, plan.password);
    examine(plan.doctor, {host_checks(), database_checks()},
            [&](const Finding &finding) { report.findings.push_back(finding); });
    if (!plan.token.empty()) {
        AdminConnection(url).rows(
            "insert into smartflow.setups (token_digest) values ($1) on conflict do nothing",
            {bytea_of(plan.token)});
    }
    return report;
}

bool is_used_setup_token(const std::string &url, const std::string &token)
{
    try {
        AdminConnection database(url);
        return database.value("select to_regclass('smartflow.setups') is not null") == "t" &&
               database.value("select true from smartflow.setups where token_digest = $1",
                              {bytea_of(token)}) == "t";
    } catch (const AdminError &) {
        return false;
    }
}

} // namespace smartflow
