// What `smartflow doctor` looks at in the database: the server, the schema, the programs' logins,
// and whether what runs beside the requests does its work.

#include "doctor_checks.hpp"

#include <pwd.h>
#include <unistd.h>

#include <chrono>
#include <cmath>
#include <ctime>

namespace smartflow {
namespace {

constexpr const char *minutes_late = "5"; ///< so late is nothing where `smartflow deliver` works
constexpr double plausible_from = 1735689600;  ///< 2025: this program is no older
constexpr double plausible_until = 4102444800; ///< 2100

std::string text_of(const AdminConnection::Value &value)
{
    return value.value_or("");
}

Finding database(Patient &patient)
{
    try {
        patient.database =
            std::make_unique<AdminConnection>(admin_connection_string(patient.settings));
    } catch (const SettingsError &error) {
        return broken(error.what(),
                      "set DATABASE_ADMIN_URL to where the owner of the tables connects");
    } catch (const AdminError &error) {
        return broken("the owner of the tables doesn't get there: " +
                          connection_failure(error.what()),
                      "see that the server runs (`make run` has its own) and that "
                      "DATABASE_ADMIN_URL, else DATABASE_URL, leads there");
    }
    const auto row = patient.database->rows(
        "select current_setting('server_version'), current_setting('server_version_num')::int >= "
        "150000,"
        " current_setting('server_encoding'), current_database(), current_user,"
        " to_regclass('smartflow.migrations') is not null")[0];
    patient.has_schema = row[5] == "t";
    const std::string found = "PostgreSQL " + text_of(row[0]) + ", database " + text_of(row[3]) +
                              ", encoding " + text_of(row[2]) + ", owner " + text_of(row[4]);
    if (row[1] != "t") {
        return broken(found, "use PostgreSQL 15 or newer");
    }
    return row[2] == "UTF8" ? fine(found) : broken(found, "make a database with the encoding UTF8");
}

/// Settings of the server by which what was acknowledged outlives a crash.
Finding durability(Patient &patient)
{
    const auto off = patient.database->value(
        "select string_agg(name, ', ' order by name) from pg_settings"
        " where name in ('fsync', 'full_page_writes', 'synchronous_commit') and setting = 'off'");
    if (off) {
        return broken(*off + " off: what was acknowledged can be lost, or the database damaged",
                      "turn it on in postgresql.conf");
    }
    return patient.database->value("select current_setting('data_checksums')") == "on"
               ? fine("nothing acknowledged is lost; pages have checksums")
               : doubtful("nothing acknowledged is lost, but a disk's silent errors stay unseen",
                          "stop the server and run pg_checksums --enable");
}

Finding connections(Patient &patient)
{
    const auto families = static_cast<std::int64_t>(patient.plan.families.size());
    // Short calls and long lists; then `smartflow deliver`, long work, administrators, the server's
    // own.
    const std::int64_t wanted = families * 2 * patient.settings.database_connections + 30;
    const std::string allowed =
        text_of(patient.database->value("select current_setting('max_connections')"));
    const std::string found =
        "the server allows " + allowed + ", the shop may want " + std::to_string(wanted);
    return std::stoll(allowed) >= wanted
               ? fine(found)
               : doubtful(found, "set max_connections = " + std::to_string(wanted) +
                                     " in postgresql.conf, or DATABASE_CONNECTIONS lower");
}

Finding schema(Patient &patient)
{
    const std::string wanted = std::to_string(patient.plan.schema);
    if (!patient.has_schema) {
        return broken("there are no tables of SmartFlow", "run smartflow migrate");
    }
    const auto row =
        patient.database->rows("select coalesce(max(version) filter (where status = 'applied'), 0),"
                               " (select error from smartflow.migrations f where f.status = "
                               "'failed' and not exists (select from"
                               "   smartflow.migrations a where a.status = 'applied' and a.version "
                               ">= f.version) order by id desc limit 1)"
                               " from smartflow.migrations")[0];
    const std::int64_t present = std::stoll(text_of(row[0]));
    const std::string found = "version " + std::to_string(present) + ", this program is made for " +
                              wanted + (row[1] ? "; the last try failed: " + *row[1] : "");
    if (present == patient.plan.schema) {
        return fine("version " + wanted);
    }
    return present < patient.plan.schema
               ? broken(found, "run smartflow migrate")
               : broken(
                     found,
                     "this program is too old: install the version that migrated, or a newer one");
}

Finding functions(Patient &patient)
{
    std::string wanted;
    for (const FamilyFacts &family : patient.plan.families) {
        for (const std::string &name : family.functions) {
            wanted += (wanted.empty() ? "" : ",") + name;
        }
    }
    const auto missing = patient.database->value(
        "select string_agg(name, ', ') from unnest(string_to_array($1, ',')) as name"
        " where not exists (select from pg_proc where proname = name"
        " and pronamespace = to_regnamespace('smartflow_api'))",
        {wanted});
    return missing
               ? broken("missing: " + *missing, "run smartflow migrate, which loads all of them")
               : fine("all that the programs call are there");
}

bool one_login(const Settings &settings)
{
    return settings.database_url.find("{family}") == std::string::npos;
}

/// What the login may do, as the connection sees it, which may be another's.
void look_at_rights(AdminConnection &connection, LoginFacts &facts)
{
    const auto row = connection.rows(
        "select (select rolsuper or rolcreaterole or rolcreatedb or rolbypassrls"
        "          from pg_roles where rolname = $2),"
        " (select string_agg(name, ', ') from (select c.relname as name from pg_class c join "
        "pg_namespace n"
        "    on n.oid = c.relnamespace where n.nspname in ('smartflow', 'smartflow_api') and "
        "c.relkind in ('r', 'v', 'm', 'p')"
        "   and has_schema_privilege($2, n.oid, 'usage') and has_table_privilege($2, c.oid,"
        "       'select, insert, update, delete, truncate, references, trigger') order by 1 "
        "limit 3) as few),"
        " (select string_agg(name, ', ') from (select p.proname as name from pg_proc p"
        "   where p.pronamespace = to_regnamespace('smartflow_api') and "
        "has_function_privilege($2, p.oid, 'execute')"
        "   and not starts_with(p.proname, 'any_') and not starts_with(p.proname, $1) order by "
        "1 limit 3) as few)",
        {facts.family + "_", facts.user})[0];
    facts.powerful = row[0] == "t";
    facts.tables = text_of(row[1]);
    facts.functions = text_of(row[2]);
}

/// The role that a server would know the program by its system user, which this process isn't;
/// empty where that isn't so.
std::string role_of_another_user(const std::string &url)
{
    const std::string role = role_through_socket(url);
    const passwd *user = role.empty() ? nullptr : ::getpwnam(role.c_str());
    return user != nullptr && user->pw_uid != ::geteuid() ? role : "";
}

LoginFacts login_of(Patient &patient, const std::string &family)
{
    LoginFacts facts;
    facts.family = family;
    const std::string url = connection_string(patient.settings, family);
    try {
        AdminConnection connection(url);
        facts.user = connection.value("select current_user").value_or("");
        look_at_rights(connection, facts);
    } catch (const AdminError &error) {
        facts.user = role_of_another_user(url);
        facts.refusal = error.sqlstate().empty() ? connection_failure(error.what()) : error.what();
        facts.of_another_user =
            !facts.user.empty() &&
            patient.database->value("select to_regrole(quote_ident($1))", {facts.user});
        if (facts.of_another_user) {
            facts.refusal.clear();
            look_at_rights(*patient.database, facts);
        }
    }
    return facts;
}

Finding logins(Patient &patient)
{
    std::vector<std::string> families;
    for (const FamilyFacts &family : patient.plan.families) {
        families.push_back(family.name);
    }
    families.emplace_back("deliver");
    if (one_login(patient.settings)) {
        families = {"deliver"};
    }
    std::string refused;
    bool of_others = false;
    for (const std::string &family : families) {
        patient.logins.push_back(login_of(patient, family));
        const LoginFacts &facts = patient.logins.back();
        of_others = of_others || facts.of_another_user;
        refused += facts.refusal.empty()
                       ? ""
                       : (refused.empty() ? "" : "\n") + family + ": " + facts.refusal;
    }
    if (!refused.empty()) {
        return broken(refused,
                      "see that DATABASE_URL leads there; smartflow migrate makes the roles, "
                      "pg_hba.conf lets them in");
    }
    if (of_others) {
        return fine("every family has a role, which the server gives to the system user of that "
                    "name; whether it gets in, the programs say below");
    }
    return fine(families.size() == 1 ? "the programs get in as " + patient.logins[0].user
                                     : "every family gets in, with a role of its own");
}

Finding rights(Patient &patient)
{
    return judge_rights(patient.logins, one_login(patient.settings));
}

/// Whether anything waits that a working `smartflow deliver` had done.
Finding follower(Patient &patient)
{
    const auto row = patient.database->rows(
        std::string("select (select count(*) from smartflow.deliveries where state = 'pending' and"
                    " next_attempt_at < now() - ") +
            "make_interval(mins => $1::int)), (select count(*) from (select from "
            "smartflow.audit_log"
            " where origin is null and id > (select through from smartflow.audit_chain)"
            "   and at < now() - make_interval(mins => $1::int) limit 100000) as late)",
        {minutes_late})[0];
    if (row[0] == "0" && row[1] == "0") {
        return fine("nothing has waited for it");
    }
    return broken(
        text_of(row[0]) + " mails and webhooks and the sealing of " + text_of(row[1]) +
            " rows of the audit trail have waited for more than " + minutes_late + " minutes",
        "keep `smartflow deliver --follow` running, or call `smartflow deliver` from cron "
        "every minute; its log says what hinders it");
}

Finding rules(Patient &patient)
{
    const auto row = patient.database->rows(
        "select count(*) filter (where config -> 'channels' ? 'email'),"
        " count(*) filter (where config -> 'channels' ? 'webhook')"
        " from smartflow.workflows where enabled and action = 'Send Notification'")[0];
    std::string missing;
    if (row[0] != "0" &&
        (patient.settings.smtp_url.empty() || patient.settings.mail_from.empty())) {
        missing = "SMTP_URL and MAIL_FROM, without which no mail leaves";
    }
    if (row[1] != "0" && patient.settings.webhook_secret.empty()) {
        missing += std::string(missing.empty() ? "" : "; ") +
                   "WEBHOOK_SECRET, without which no webhook does";
    }
    return missing.empty()
               ? fine("those that send have what they need")
               : broken("enabled rules need " + missing, "set that, in smartflow.conf where every "
                                                         "program sees it, or disable the rules");
}

Finding backup(Patient &patient)
{
    const auto row = patient.database->rows(
        "select floor(extract(epoch from now() - max(exported_at)) / 3600)::bigint,"
        " coalesce(max(exported_at), (select min(started_at) from smartflow.migrations)) < now() - "
        "interval '2 days'"
        " from smartflow.backups where proven_at is not null")[0];
    const std::string found =
        row[0] ? "the last proven one is " + *row[0] + " hours old" : "there is no proven one yet";
    return row[1] == "t"
               ? doubtful(
                     found,
                     "run `smartflow backup FOLDER --keep 14` now, and daily (`make run` does; "
                     "see BACKUP_DIR and $VAR/log/backup.log)")
               : fine(found);
}

Finding integrity(Patient &patient)
{
    const auto rows =
        patient.database->rows("select ok, problems, array_to_string(failing, ', '), to_char(at at "
                               "time zone 'UTC', 'YYYY-MM-DD HH24:MI \"UTC\"')"
                               " from smartflow.integrity_runs order by id desc limit 1");
    if (rows.empty()) {
        return fine("never checked in full; GET /api/admin/database?action=integrity does");
    }
    const auto &row = rows[0];
    return row[0] == "t"
               ? fine("no problems at the last full check, " + text_of(row[3]))
               : broken(text_of(row[1]) + " problems at the last full check, " + text_of(row[3]) +
                            ": " + text_of(row[2]),
                        "GET /api/admin/database?action=integrity names each and what to do");
}

double now_s()
{
    return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch())
        .count();
}

Finding clock(Patient &patient)
{
    const double before = now_s();
    if (before < plausible_from || before > plausible_until) {
        return broken("this machine's clock can't be right", "set it, and keep it by NTP");
    }
    if (!patient.database) {
        return fine("this machine's is plausible");
    }
    const double there =
        std::stod(text_of(patient.database->value("select extract(epoch from clock_timestamp())")));
    return judge_clocks("the database's", (before + now_s()) / 2, there);
}

} // namespace

Finding judge_clocks(const std::string &whose, double here_s, double there_s)
{
    const double apart = std::abs(here_s - there_s);
    const std::string found = "this machine's clock and " + whose + " are " +
                              std::to_string(std::llround(apart)) + " s apart";
    const std::string advice = "keep both by NTP";
    if (apart < 3) { // a web server tells whole seconds
        return fine("this machine's and " + whose + " agree");
    }
    return apart < 60 ? doubtful(found, advice) : broken(found, advice);
}

Finding judge_rights(const std::vector<LoginFacts> &logins, bool one_login)
{
    std::string too_much;
    for (const LoginFacts &login : logins) {
        std::string what = login.powerful ? "superuser, or may make roles or databases" : "";
        if (!one_login && !login.tables.empty()) {
            what += (what.empty() ? "" : "; ") + ("reaches tables: " + login.tables + "…");
        }
        if (!one_login && !login.functions.empty()) {
            what +=
                (what.empty() ? "" : "; ") + ("calls others' functions: " + login.functions + "…");
        }
        if (!what.empty()) {
            too_much += (too_much.empty() ? "" : "\n") + login.user + ": " + what;
        }
    }
    if (!too_much.empty()) {
        return broken(too_much,
                      "run smartflow migrate, which takes rights back; a login of the programs "
                      "must be no superuser");
    }
    return one_login
               ? doubtful("one login for everything: a program that was broken into could change "
                          "tables, the audit trail included",
                          "give each family a role of its own with {family} in DATABASE_URL; where "
                          "that can't be, keep audit heads elsewhere")
               : fine("each family calls its own functions and reaches no table");
}

std::string connection_failure(const std::string &message)
{
    return message.rfind("connection to server", 0) == 0
               ? message.substr(0, message.find('\n'))
               : "the address isn't one that PostgreSQL understands, or its host isn't known";
}

std::vector<Check> database_checks()
{
    return {{"database", Needs::nothing, database},
            {"durability", Needs::database, durability},
            {"connections", Needs::database, connections},
            {"schema", Needs::database, schema},
            {"functions", Needs::schema, functions},
            {"logins", Needs::database, logins},
            {"rights", Needs::schema, rights},
            {"deliver", Needs::schema, follower},
            {"rules", Needs::schema, rules},
            {"backup", Needs::schema, backup},
            {"integrity", Needs::schema, integrity},
            {"clock", Needs::nothing, clock},
            space_check()};
}

} // namespace smartflow
