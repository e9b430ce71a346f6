// The administrator's command line. A command is a row of the table at the end and a function
// above it; what takes more than a few lines lives in shared/.

#include "administrators.hpp"
#include "audit_trail.hpp"
#include "backup.hpp"
#include "command_line.hpp"
#include "deliver.hpp"
#include "demo.hpp"
#include "doctor_checks.hpp"
#include "families.hpp"
#include "log.hpp"
#include "migrate.hpp"
#include "openapi.hpp"
#include "settings.hpp"
#include "setup.hpp"
#include "sql_version.hpp"
#include "webhook.hpp"

#include <functional>
#include <iostream>
#include <unistd.h>

namespace smartflow {
namespace {

int print_settings(const CommandLine &)
{
    std::cout << example_settings();
    return 0;
}

int check(const CommandLine &)
{
    setting_values();
    return 0;
}

int print_openapi(const CommandLine &)
{
    std::cout << openapi_document(handlers::families, openapi_base(), SMARTFLOW_VERSION);
    return 0;
}

int print_setting(const CommandLine &line)
{
    const SettingValues values = setting_values();
    const auto found = values.find(line.words()[0]);
    if (found == values.end()) {
        throw UsageError(line.words()[0] + " is not a setting");
    }
    std::cout << found->second << "\n";
    return 0;
}

int run_migrate(const CommandLine &)
{
    migrate(admin_connection_string(read_settings()), embedded_sql(),
            [](const std::string &message) { std::cerr << message << "\n"; });
    return 0;
}

/// The first line of standard input, without its end.
std::string password_from_stdin()
{
    std::string password;
    std::getline(std::cin, password);
    if (!password.empty() && password.back() == '\r') {
        password.pop_back();
    }
    return password;
}

PasswordChoice password_choice(const CommandLine &line, const std::string &setting)
{
    PasswordChoice choice;
    if (line.has("password-stdin")) {
        choice.given = password_from_stdin();
    } else if (!setting.empty()) {
        choice.given = setting;
    }
    choice.file = line.option("password-file").value_or("");
    return choice;
}

/// A generated password is all that ever goes to standard output.
void report(const AdministratorResult &result, const PasswordChoice &choice,
            const std::string &what)
{
    std::cerr << what
              << (choice.given               ? ", with the password given"
                  : result.generated.empty() ? "; the password is in " + choice.file
                                             : "; the password, shown this once:")
              << "\n";
    if (!result.generated.empty()) {
        std::cout << result.generated << "\n";
    }
}

int create_admin(const CommandLine &line)
{
    const Settings settings = read_settings();
    const std::string username = line.option("username").value_or("admin");
    const PasswordChoice choice = password_choice(line, settings.admin_password);
    const AdministratorResult result =
        create_first_administrator(admin_connection_string(settings), username, choice);
    if (!result.done) {
        std::cerr << "there is an administrator already: nothing was done\n";
        return 0;
    }
    report(result, choice, "made the first administrator, " + username);
    return 0;
}

int reset_password_command(const CommandLine &line)
{
    const std::string &username = line.words()[0];
    // ADMIN_PASSWORD isn't asked: it is about the first administrator alone.
    const PasswordChoice choice = password_choice(line, "");
    const AdministratorResult result =
        reset_password(admin_connection_string(read_settings()), username, choice);
    if (!result.done) {
        throw AdministratorError("there is no user " + username);
    }
    report(result, choice, "gave " + username + " a new password and ended their sessions");
    return 0;
}

int run_demo(const CommandLine &line)
{
    const std::optional<std::string> password =
        load_demo(admin_connection_string(read_settings()), embedded_sql().demo,
                  {line.option("mail").value_or(""), line.option("webhook").value_or("")});
    if (!password) {
        std::cerr << "there are products or orders already: the demo shop was not loaded\n";
        return 0;
    }
    std::cerr
        << "loaded the demo shop; the password of its staff, maria and tom, shown this once:\n";
    std::cout << *password << "\n";
    return 0;
}

int run_deliver(const CommandLine &line)
{
    const Settings settings = read_settings();
    start_log(settings.log_level);
    (line.has("follow") ? deliver_following : deliver_due)(settings, SMARTFLOW_VERSION);
    return 0;
}

int print_webhook_secret(const CommandLine &)
{
    std::cout << new_webhook_secret() << "\n";
    return 0;
}

int print_audit_head(const CommandLine &line)
{
    AdminConnection database(admin_connection_string(read_settings()));
    std::cout << (line.has("json") ? audit_head_json(database) : audit_head_text(database)) << "\n";
    return 0;
}

int verify_audit_trail(const CommandLine &line)
{
    const AuditReport report =
        check_audit_file(line.words()[0], line.option("head").value_or(""), schema_version);
    for (const std::string &problem : report.problems) {
        std::cout << problem << "\n";
    }
    std::cout << report.sealed << " rows sealed, " << report.unsealed
              << " not yet: " << (report.problems.empty() ? "nothing is wrong" : "it doesn't hold")
              << "\n";
    return report.problems.empty() ? 0 : 1;
}

void say(const std::string &message)
{
    std::cerr << message << "\n";
}

/// A whole number of at least 0. \throws UsageError
int number_option(const CommandLine &line, const char *name)
{
    const std::string text = line.option(name).value_or("0");
    if (text.empty() || text.size() > 6 ||
        text.find_first_not_of("0123456789") != std::string::npos) {
        throw UsageError(std::string("--") + name + " takes a whole number");
    }
    return std::stoi(text);
}

int run_backup(const CommandLine &line)
{
    const BackupPlan plan{line.words()[0], number_option(line, "keep"), line.has("daily"),
                          line.has("secrets")};
    const std::string file =
        make_backup(admin_connection_string(read_settings()), plan, schema_version, say);
    if (!file.empty()) {
        std::cout << file << "\n";
    }
    return 0;
}

/// On a terminal: how far it is.
std::function<void(int)> progress()
{
    if (isatty(STDERR_FILENO) == 0) {
        return {};
    }
    return [](int percent) { std::cerr << "\r" << percent << " % \r" << std::flush; };
}

int run_restore(const CommandLine &line)
{
    restore_backup(admin_connection_string(read_settings()), line.words()[0], line.has("replace"),
                   schema_version, say, progress());
    return 0;
}

int run_verify(const CommandLine &line)
{
    verify_backup(admin_connection_string(read_settings()), line.words()[0], schema_version, say,
                  progress());
    return 0;
}

int run_recount(const CommandLine &)
{
    AdminConnection(admin_connection_string(read_settings())).run("select smartflow_api.recount()");
    return 0;
}

DoctorPlan doctor_plan(const std::string &url)
{
    return {family_facts({std::begin(handlers::families), std::end(handlers::families)}),
            schema_version, url};
}

int run_doctor(const CommandLine &line)
{
    const DoctorPlan plan = doctor_plan(line.option("url").value_or(""));
    const bool json = line.has("json");
    std::vector<Finding> findings;
    const bool well = examine(plan, {host_checks(), database_checks(), web_checks()},
                              [&](const Finding &finding) {
                                  findings.push_back(finding);
                                  if (!json) {
                                      std::cout << finding_text(finding) << "\n" << std::flush;
                                  }
                              });
    if (json) {
        std::cout << findings_json(findings) << "\n";
    }
    return well ? 0 : 1;
}

/// All that a new installation needs, or a new version of the programs.
int run_setup(const CommandLine &line)
{
    const DoctorPlan doctor = doctor_plan("");
    const std::string username = line.option("username").value_or("admin");
    const PasswordChoice choice = password_choice(line, read_settings().admin_password);
    try {
        const SetupReport done = set_up({doctor, embedded_sql(), username, choice, ""});
        for (const std::string &step : done.steps) {
            std::cerr << step << "\n";
        }
        for (const Finding &finding : done.findings) {
            std::cerr << finding_text(finding) << "\n";
        }
        if (done.administrator.done) {
            report(done.administrator, choice, "made the first administrator, " + username);
        }
        return 0;
    } catch (const SetupRefused &refusal) {
        for (const Finding &finding : refusal.findings()) {
            std::cerr << finding_text(finding) << "\n";
        }
        return 1;
    }
}

const std::vector<Command> commands = {
    {"setup", "[--username NAME] [--password-stdin] [--password-file FILE]",
     "Set up a new installation, or upgrade it: database, first administrator, a look at all of "
     "it.",
     run_setup},
    {"migrate", "", "Bring the database up to this program's version.", run_migrate},
    {"demo", "[--mail ADDRESS] [--webhook URL]",
     "Fill an empty shop: 50 products, 400 orders, two members of staff.", run_demo},
    {"deliver", "[--follow]",
     "Send the mails and webhooks that are due and keep house, once, as from cron; --follow goes "
     "on.",
     run_deliver},
    {"audit head", "[--json]",
     "Seal the audit trail and print its head, to be kept where nobody here can change it.",
     print_audit_head},
    {"audit verify", "FILE [--head HEX]",
     "Check the audit trail in an export, or in a whole list of it, against its head and one kept.",
     verify_audit_trail},
    {"backup", "FOLDER [--keep N] [--daily] [--secrets]",
     "Export everything into a new file of a folder, prove that it restores, keep the newest N; "
     "--daily: only when the last one is a day old; --secrets: with password hashes.",
     run_backup},
    {"verify", "FILE", "Prove that an export restores; nothing is changed.", run_verify},
    {"restore", "FILE [--replace]",
     "Restore an export into an empty shop, all or nothing; --replace: in place of what is there.",
     run_restore},
    {"recount", "", "Count anew what is counted as changes happen (after integrity said so).",
     run_recount},
    {"doctor", "[--url URL] [--json]",
     "Look at settings, files, database and web server, and say what to do; exit code 1 when "
     "anything "
     "fails. --url: where the web server is, else PUBLIC_URL, else what make run listens on.",
     run_doctor},
    {"webhook-secret", "", "Print a new secret for WEBHOOK_SECRET.", print_webhook_secret},
    {"settings", "", "Print an example smartflow.conf with every setting.", print_settings},
    {"check", "", "Check the settings.", check},
    {"setting", "NAME", "Print the value of a setting that is in force.", print_setting},
    {"openapi", "", "Print the API's description (OpenAPI 3.1).", print_openapi},
    {"user create-admin", "[--username NAME] [--password-stdin] [--password-file FILE]",
     "Make the first administrator (admin): password from ADMIN_PASSWORD, else generated.",
     create_admin},
    {"user reset-password", "USERNAME [--password-stdin] [--password-file FILE]",
     "Give a user a new password, generated by default, and end their sessions.",
     reset_password_command},
};

} // namespace
} // namespace smartflow

int main(int argc, char **argv)
{
    const std::vector<std::string> arguments(argv + (argc > 0 ? 1 : 0), argv + argc);
    const int code = smartflow::run_command(smartflow::commands, arguments, SMARTFLOW_VERSION,
                                            std::cout, std::cerr);
    if (!std::cout.flush()) {
        std::cerr << "smartflow: standard output can't be written\n";
        return 1;
    }
    return code;
}
