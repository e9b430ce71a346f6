// Set-up and upgrade over the web, for hosts without a shell: a program of the archive for shared
// hosts and no family, since it works as the owner of the tables. It is there for whoever knows
// SETUP_TOKEN, until that token has done its work once; to everybody else, and from then on, there
// is nothing at its path.

#include "setup.hpp"
#include "answers.hpp"
#include "credentials.hpp"
#include "families.hpp"
#include "gateway.hpp"
#include "json.hpp"
#include "json_build.hpp"
#include "passwords.hpp"
#include "secrets.hpp"
#include "sql_version.hpp"

namespace smartflow {
namespace {

// clang-format off
constexpr Rule administrator_rules[] = {
    {"username", Type::text, optional, 1, 200, {}, {}, "Of the first administrator; `admin` by default."},
    {"password", Type::secret, required, 12, 1024},
};
// clang-format on

DoctorPlan doctor_plan()
{
    return {family_facts({std::begin(handlers::families), std::end(handlers::families)}),
            schema_version, ""};
}

/// \throws Error (NOT_FOUND) when no token is set, or the one that is set has been used
void insist_on_open_setup(const Settings &settings)
{
    const bool open = !settings.setup_token.empty() &&
                      !is_used_setup_token(admin_connection_string(settings), settings.setup_token);
    if (!open) {
        throw Error(Code::not_found, "There is nothing at this path.");
    }
}

Response json_answer(const Json &body)
{
    Response response{200, {{"Content-Type", "application/json"}}, {}};
    append_json(response.body, body);
    return response;
}

/// Whether there is a set-up to be done: nothing else is said before the token is known.
Response is_open(Inquiry &inquiry)
{
    insist_on_open_setup(inquiry.settings);
    return json_answer(make_object({{"open", make_truth(true)}}));
}

Details as_details(const std::vector<Finding> &findings)
{
    Details details;
    for (const Finding &finding : findings) {
        details.emplace_back(finding.name, finding.found + ". To do: " + finding.advice);
    }
    return details;
}

Json as_json(const SetupReport &report, const std::string &username)
{
    std::vector<Json> steps;
    for (const std::string &step : report.steps) {
        steps.push_back(make_text(step));
    }
    return make_object({{"schemaVersion", make_number(schema_version)},
                        {"steps", make_list(steps)},
                        {"administrator", report.administrator.done ? make_text(username) : Json()},
                        {"checks", findings_list(report.findings)}});
}

/// \throws Error (UNAUTHORIZED); digests are compared, so that the time it takes tells nothing
void insist_on_token(const Inquiry &inquiry)
{
    const std::string_view given = bearer_token(inquiry.request.authorization);
    if (token_digest(given) != token_digest(inquiry.settings.setup_token)) {
        throw Error(Code::unauthorized, "The token isn't the SETUP_TOKEN of smartflow.conf.");
    }
}

Response set_up_shop(Inquiry &inquiry)
{
    const Settings &settings = inquiry.settings;
    insist_on_open_setup(settings);
    insist_on_token(inquiry);
    const Json input = parse_json(inquiry.arguments.input);
    const Json *username = input.find("username");
    const std::string name = username == nullptr || username->kind != Json::Kind::string
                                 ? std::string("admin")
                                 : username->text;
    const std::string &password = input.find("password")->text;
    refuse_weak_password("password", password, {name}, {});
    const DoctorPlan doctor = doctor_plan();
    try {
        return json_answer(as_json(
            set_up({doctor, embedded_sql(), name, {password, ""}, settings.setup_token}), name));
    } catch (const SetupRefused &refusal) {
        throw Error(Code::invalid_operation, "The shop can't be set up yet.",
                    as_details(refusal.findings()));
    } catch (const MigrationError &failure) {
        throw Error(Code::invalid_operation, "The database couldn't be brought up to date.",
                    {{"database", failure.what()}});
    } catch (const AdminError &failure) {
        throw Error(Code::database_error, "The database refused the work.")
            .because(failure.what())
            .retry_after(1);
    }
}

// clang-format off
constexpr Route routes[] = {
    {"GET", "/api/setup", "", 200, "", "Whether the set-up is open", {}, {}, Access::nobody, is_open},
    {"POST", "/api/setup", "", 200, "", "Set up the shop, or upgrade it", administrator_rules, {}, Access::nobody,
     set_up_shop},
};
// clang-format on

constexpr Family setup{"setup", routes};

} // namespace
} // namespace smartflow

int main()
{
    return smartflow::serve(smartflow::setup);
}
