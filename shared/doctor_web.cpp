// What `smartflow doctor` asks the web server for, as anybody could.

#include "doctor_checks.hpp"
#include "error.hpp"
#include "json.hpp"
#include "outbound.hpp"

#include <chrono>

namespace smartflow {
namespace {

/// Like a token, and none.
const std::string made_up = "Authorization: Bearer sf_made_up_by_smartflow_doctor";

/// A member of a JSON object's text; empty where there is none.
std::string member(const std::string &body, const char *name)
{
    try {
        const Json document = parse_json(body);
        const Json *found = document.find(name);
        return found == nullptr ? "" : found->text;
    } catch (const Error &) {
        return {};
    }
}

std::string said(const Fetched &answer)
{
    return answer.status == 0 ? "gave no answer (" + answer.error + ")"
                              : "answered " + std::to_string(answer.status);
}

/// Where the shop is looked for.
std::string base_url(const Patient &patient)
{
    const Settings &settings = patient.settings;
    std::string url = !patient.plan.url.empty() ? patient.plan.url : settings.public_url;
    if (url.empty()) {
        const std::string &listen = settings.listen;
        const std::string host = listen == "0.0.0.0"                     ? "127.0.0.1"
                                 : listen == "::"                        ? "[::1]"
                                 : listen.find(':') != std::string::npos ? "[" + listen + "]"
                                                                         : listen;
        url = "http://" + host + ":" + std::to_string(settings.port);
    }
    while (!url.empty() && url.back() == '/') {
        url.pop_back();
    }
    return url;
}

Finding web_server(Patient &patient)
{
    patient.url = base_url(patient);
    const Fetched answer = fetch(patient.url + "/healthz");
    if (answer.status == 200) {
        patient.has_web = true;
        return fine(patient.url + " answers");
    }
    // Some web server is there: what it does with other paths is worth a look.
    patient.has_web = answer.status != 0 && answer.status / 100 != 3;
    return broken(patient.url + "/healthz " + said(answer),
                  answer.status == 0
                      ? "see that the web server runs, or name the right address by --url"
                      : "see its error log; --url names another address");
}

Finding unknown_paths(Patient &patient)
{
    const Fetched answer = fetch(patient.url + "/api/no-such-path-for-smartflow-doctor");
    return answer.status == 404 && member(answer.body, "code") == "NOT_FOUND"
               ? fine("are answered with 404 in the API's form")
               : broken("an unknown path of the API " + said(answer) +
                            (answer.status == 404 ? ", but not in the API's form" : ""),
                        "the web server must leave errors to SmartFlow's own pages "
                        "(nginx/errors.conf)");
}

Finding security_headers(Patient &patient)
{
    const Fetched answer = fetch(patient.url + "/");
    std::string missing;
    for (const char *name : {"x-content-type-options", "content-security-policy", "x-frame-options",
                             "referrer-policy"}) {
        missing +=
            answer.headers.count(name) != 0 ? "" : std::string(missing.empty() ? "" : ", ") + name;
    }
    return missing.empty() ? fine("are there")
                           : doubtful("missing on /: " + missing, "send them on every answer "
                                                                  "(nginx/headers.conf has them)");
}

/// What lies beside the pages where a document root is the folder of the installation.
Finding private_files(Patient &patient)
{
    std::string served;
    for (const char *path :
         {"/smartflow.conf", "/var/admin-password", "/var/webhook-secret", "/var/log/access.log",
          "/backups/", "/var/backups/", "/.git/config", "/.env", "/sql/roles.sql"}) {
        const Fetched answer = fetch(patient.url + path);
        if (answer.status != 404 && answer.status != 403 && answer.status != 410) {
            served += std::string(served.empty() ? "" : ", ") + path + " " + said(answer);
        }
    }
    return served.empty()
               ? fine("settings, state and backups aren't served")
               : broken(served, "keep the installation outside of the document root, or have the "
                                "web server answer these with 404");
}

Finding authorization(Patient &patient)
{
    const std::string url = patient.url + "/api/auth/me";
    const Fetched without = fetch(url);
    const Fetched with = fetch(url, {made_up});
    if (without.status != 401 || member(without.body, "code") != "UNAUTHORIZED") {
        return broken("without a login /api/auth/me " + said(without) + ", not 401",
                      "see the log of the family auth");
    }
    if (with.status != 401) {
        return broken("with a made-up token /api/auth/me " + said(with) + ", not 401",
                      "see the log of the family auth");
    }
    return member(with.body, "error") != member(without.body, "error")
               ? fine("the header Authorization arrives")
               : broken("the header Authorization doesn't arrive, so no token counts",
                        "have the web server pass it on (Apache: CGIPassAuth On)");
}

Finding programs(Patient &patient)
{
    std::string down;
    for (const FamilyFacts &family : patient.plan.families) {
        const Fetched answer = fetch(patient.url + family.path, {made_up});
        if (answer.status != 401) {
            down += (down.empty() ? "" : "\n") + family.name + ": " + family.path + " " +
                    said(answer) + " " + member(answer.body, "code");
        }
    }
    return down.empty()
               ? fine("every family answers and reaches the database")
               : broken(down,
                        "see the family's log ($VAR/log/NAME.log): is it running, does it reach "
                        "the database?");
}

Finding web_clock(Patient &patient)
{
    const Fetched answer = fetch(patient.url + "/healthz");
    if (!answer.date_s) {
        return doubtful("the web server doesn't say the time", "have it send the header Date");
    }
    const double now =
        std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
    return judge_clocks("the web server's", now, static_cast<double>(*answer.date_s));
}

} // namespace

std::vector<Check> web_checks()
{
    return {{"web server", Needs::nothing, web_server},
            {"programs", Needs::web, programs},
            {"unknown paths", Needs::web, unknown_paths},
            {"security headers", Needs::web, security_headers},
            {"private files", Needs::web, private_files},
            {"authorization", Needs::web, authorization},
            {"web clock", Needs::web, web_clock}};
}

} // namespace smartflow
