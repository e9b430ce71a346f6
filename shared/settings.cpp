#include "settings.hpp"

#include "setting_checks.hpp"
#include "text.hpp"

#include <algorithm>
#include <cctype>
#include <iterator>
#include <numeric>
#include <sstream>
#include <variant>

namespace smartflow {
namespace {

using Member = std::variant<std::string Settings::*, std::int64_t Settings::*,
                            std::vector<std::string> Settings::*>;

/// All there is to know of a setting: reading, checking and the example file come from here.
struct Setting {
    const char *name;
    const char *standard; ///< its value when not set
    SettingCheck check;
    SettingBounds bounds;
    Member member;
    bool secret; ///< its value is never repeated in a message
    const char *explanation;
};

constexpr std::int64_t mebibyte = std::int64_t{1} << 20;

// A row is a setting, not a line for each of its parts.
// clang-format off
const Setting settings_table[] = {
    {"DATABASE_URL", "", check_text, {}, &Settings::database_url, true,
     "Where the database is, as PostgreSQL writes it: postgresql://name:password@host/database. "
     "{family} in it becomes the name of the program's family, so that each can have a role of its "
     "own: postgresql://smartflow_{family}@/smartflow. Empty: PostgreSQL's own defaults and PG* "
     "variables; `make run` then makes a database of its own, which `smartflow` finds in VAR."},
    {"DATABASE_ADMIN_URL", "", check_text, {}, &Settings::database_admin_url, true,
     "Where the owner of the tables connects, for the commands of `smartflow`: directly, not through "
     "a connection pooler. Empty: DATABASE_URL."},
    {"THREADS", "512", check_number, {1, 1024}, &Settings::threads, false,
     "How many requests a family of programs takes at once, each by a thread, which is started when "
     "one is needed. Most of them wait for a database connection: half of the threads at most, and a "
     "quarter may be busy with long lists. What comes beyond that is answered 503 at once. As plain "
     "CGI it is always 1."},
    {"DATABASE_CONNECTIONS", "4", check_number, {1, 64}, &Settings::database_connections, false,
     "How many database connections a family opens at most for its short calls, which its threads "
     "share; long lists may take as many again. Orders take half of them at most, each for up to "
     "eight orders at once: two connections for each of the database's processors sell most."},
    {"STATEMENT_TIMEOUT", "30", check_number, {1, 3600}, &Settings::statement_timeout_s, false,
     "Seconds after which the database gives up a request. A server that says nothing at all for "
     "that long, and 2 seconds more, is given up too."},
    {"PUBLIC_URL", "", check_public_url, {}, &Settings::public_url, false,
     "The address at which people reach the shop, such as https://shop.example: scheme, host and "
     "port. Empty: the host that the request names."},
    {"SHOP_NAME", "SmartFlow shop", check_text, {}, &Settings::shop_name, false,
     "The shop's name, shown to its users."},
    {"CURRENCY", "EUR", check_currency, {}, &Settings::currency, false,
     "The currency of every price, by its three letters (ISO 4217)."},
    {"TIMEZONE", "UTC", check_time_zone, {}, &Settings::time_zone, false,
     "The shop's time zone, such as Europe/Berlin: it decides when a day begins."},
    {"TRUSTED_PROXIES", "", check_networks, {}, &Settings::trusted_proxies, false,
     "Addresses or networks of proxies in front of the web server whose X-Forwarded-For is "
     "believed, by comma or space. Empty: none."},
    {"RATE_LIMIT", "100", check_number, {0, 1000000}, &Settings::rate_limit, false,
     "Requests a second that one address may make; 0 for no limit."},
    {"LOGIN_RATE_LIMIT", "60", check_number, {0, 1000000}, &Settings::login_rate_limit, false,
     "Logins a minute that one address may try; 0 for no limit."},
    {"MAX_UPLOAD", "1g", check_size, {mebibyte, mebibyte << 20}, &Settings::max_upload, false,
     "The largest file for import, restore and verify, in bytes or with k, m or g."},
    {"LOG_LEVEL", "info", check_log_level, {}, &Settings::log_level, false,
     "The least that is logged: debug, info, warning or error."},
    {"WEBHOOK_SECRET", "", check_webhook_secret, {}, &Settings::webhook_secret, true,
     "What webhooks are signed with, so that their receivers know them for the shop's own: whsec_ "
     "and a key in base64. `smartflow webhook-secret` makes one. Empty: no webhook is sent."},
    {"WEBHOOK_ALLOW_PRIVATE", "no", check_yes_no, {}, &Settings::webhook_allow_private, false,
     "yes: webhooks may go to addresses of one's own network and host too. Whoever may write rules "
     "can then reach what listens there."},
    {"SMTP_URL", "", check_smtp_url, {}, &Settings::smtp_url, false,
     "The server that takes mail: smtp://host:587, or smtps://host where TLS comes first (port "
     "465). Empty: no mail is sent."},
    {"SMTP_USER", "", check_text, {}, &Settings::smtp_user, false,
     "The login there. Empty: none."},
    {"SMTP_PASSWORD", "", check_text, {}, &Settings::smtp_password, true, "Its password."},
    {"SMTP_TLS", "required", check_smtp_tls, {}, &Settings::smtp_tls, false,
     "Whether smtp:// must turn to TLS (STARTTLS): required, if-offered (with SMTP_USER the same as "
     "required) or no, for a server on one's own host."},
    {"MAIL_FROM", "", check_mail_from, {}, &Settings::mail_from, false,
     "Who mails are from: shop@shop.example, or The Shop <shop@shop.example>."},
    {"LISTEN", "127.0.0.1", check_address, {}, &Settings::listen, false,
     "The address on which the web server of `make run` listens."},
    {"PORT", "8080", check_number, {1, 65535}, &Settings::port, false,
     "The port on which the web server of `make run` listens."},
    {"VAR", "var", check_text, {}, &Settings::var, false,
     "The folder in which `make run` keeps all of its state."},
    {"BACKUP_DIR", "", check_text, {}, &Settings::backup_dir, false,
     "The folder for the daily backups of `make run`; better on another disk. Empty: `backups` in "
     "VAR."},
    {"BACKUP_KEEP", "14", check_number, {0, 10000}, &Settings::backup_keep, false,
     "How many of them are kept; 0: `make run` makes none."},
    {"SETUP_TOKEN", "", check_setup_token, {}, &Settings::setup_token, true,
     "Opens the set-up over the web, for hosts without a shell, to whoever knows it: at least 24 "
     "characters that nobody guesses, without spaces. It works once, for an upgrade set another one. "
     "Empty: there is no such set-up."},
    {"ADMIN_PASSWORD", "", check_password, {}, &Settings::admin_password, true,
     "The password of the first administrator (user name admin), read when that one is made: 12 to "
     "1024 characters. Empty: one is generated."},
};
// clang-format on

const Setting *setting_of(std::string_view name)
{
    const auto found = std::find_if(std::begin(settings_table), std::end(settings_table),
                                    [&](const Setting &setting) { return setting.name == name; });
    return found == std::end(settings_table) ? nullptr : found;
}

/// Edits that lead from one word to the other (insert, delete, replace a character).
std::size_t edit_distance(std::string_view from, std::string_view to)
{
    std::vector<std::size_t> row(to.size() + 1);
    std::iota(row.begin(), row.end(), 0);
    for (std::size_t i = 1; i <= from.size(); ++i) {
        std::vector<std::size_t> next(to.size() + 1, i);
        for (std::size_t j = 1; j <= to.size(); ++j) {
            const std::size_t replaced = row[j - 1] + (from[i - 1] == to[j - 1] ? 0 : 1);
            next[j] = std::min({replaced, row[j] + 1, next[j - 1] + 1});
        }
        row = std::move(next);
    }
    return row.back();
}

/// The setting that an unknown name was probably meant to be; nullptr when none comes near.
const Setting *meant_by(std::string name)
{
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    const Setting *best = nullptr;
    std::size_t nearest = std::min<std::size_t>(3, name.size() / 2) + 1;
    for (const Setting &setting : settings_table) {
        const std::size_t distance = edit_distance(name.substr(0, 100), setting.name);
        if (distance < nearest) {
            nearest = distance;
            best = &setting;
        }
    }
    return best;
}

/// Collects values and all that is wrong with them.
class Collector
{
public:
    /// Takes one value, checked; an empty one counts as not set.
    void take(const std::string &place, const Setting &setting, std::string value)
    {
        if (value.empty()) {
            return;
        }
        const std::string given = value;
        const std::string reason =
            is_utf8(value) ? setting.check(value, setting.bounds) : "must be UTF-8";
        if (reason.empty()) {
            values_[setting.name] = value;
            return;
        }
        const bool quotable = !setting.secret && is_utf8(given) && given.size() <= 100;
        complain(place, std::string(setting.name) + " " + reason +
                            (quotable ? ", not \"" + given + "\"" : ""));
    }

    void complain(const std::string &place, const std::string &what)
    {
        wrong_ += (wrong_.empty() ? "" : "\n") + place + ": " + what;
    }

    /// \throws SettingsError when anything was wrong
    SettingValues result() const
    {
        if (!wrong_.empty()) {
            throw SettingsError(wrong_);
        }
        return values_;
    }

private:
    SettingValues values_;
    std::string wrong_;
};

std::string_view without_blanks(std::string_view text)
{
    const auto first = text.find_first_not_of(" \t\r");
    if (first == std::string_view::npos) {
        return {};
    }
    return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

void take_line(Collector &collector, const std::string &place, std::string_view line,
               std::map<std::string, std::string> &seen)
{
    const auto equals = line.find('=');
    if (equals == std::string_view::npos) {
        collector.complain(place, "must be NAME = value, or a comment that begins with #");
        return;
    }
    const std::string name(without_blanks(line.substr(0, equals)));
    const Setting *setting = setting_of(name);
    if (setting == nullptr) {
        const Setting *meant = meant_by(name);
        const std::string advice =
            meant == nullptr ? "" : "; did you mean " + std::string(meant->name) + "?";
        collector.complain(place, name + " is not a setting" + advice);
        return;
    }
    const auto [first, is_new] = seen.emplace(name, place);
    if (!is_new) {
        collector.complain(place, name + " is set twice (first in " + first->second + ")");
        return;
    }
    std::string_view value = without_blanks(line.substr(equals + 1));
    if (!value.empty() && value.front() == '"') {
        if (value.size() < 2 || value.back() != '"') {
            collector.complain(place, name + " begins with a quote and doesn't end with one");
            return;
        }
        value = value.substr(1, value.size() - 2);
    }
    collector.take(place, *setting, std::string(value));
}

void take_file(Collector &collector, std::string_view file, const std::string &file_name)
{
    static constexpr std::string_view byte_order_mark = "\xef\xbb\xbf"; // Windows' editors write it
    if (file.substr(0, byte_order_mark.size()) == byte_order_mark) {
        file.remove_prefix(byte_order_mark.size());
    }
    if (!is_utf8(file) || file.find('\0') != std::string_view::npos) {
        collector.complain(file_name, "must be UTF-8 text");
        return;
    }
    std::map<std::string, std::string> seen;
    for (int number = 1; !file.empty(); ++number) {
        const auto end = std::min(file.find('\n'), file.size());
        const std::string_view line = without_blanks(file.substr(0, end));
        file.remove_prefix(std::min(end + 1, file.size()));
        if (!line.empty() && line.front() != '#') {
            take_line(collector, file_name + " line " + std::to_string(number), line, seen);
        }
    }
}

void assign(Settings &settings, const Member &member, const std::string &value)
{
    if (const auto *text = std::get_if<std::string Settings::*>(&member)) {
        settings.**text = value;
    } else if (const auto *number = std::get_if<std::int64_t Settings::*>(&member)) {
        settings.**number = std::stoll(value);
    } else {
        std::istringstream words(value);
        settings.*std::get<std::vector<std::string> Settings::*>(member) = {
            std::istream_iterator<std::string>(words), std::istream_iterator<std::string>()};
    }
}

Settings typed(const SettingValues &values)
{
    Settings settings;
    for (const Setting &setting : settings_table) {
        assign(settings, setting.member, values.at(setting.name));
    }
    return settings;
}

/// A comment of at most 100 columns.
std::string commented(std::string_view text)
{
    std::string lines;
    std::string line = "#";
    std::istringstream words{std::string(text)};
    for (std::string word; words >> word;) {
        if (line.size() + 1 + word.size() > 100) {
            lines += line + "\n";
            line = "#";
        }
        line += " " + word;
    }
    return lines + line + "\n";
}

} // namespace

SettingValues setting_values(const Environment &environment, std::string_view file,
                             const std::string &file_name)
{
    Collector collector;
    for (const Setting &setting : settings_table) {
        collector.take("default", setting, setting.standard);
    }
    take_file(collector, file, file_name);
    for (const Setting &setting : settings_table) {
        collector.take("environment", setting, environment(setting.name).value_or(""));
    }
    SettingValues values = collector.result();
    for (const Setting &setting : settings_table) {
        values.try_emplace(setting.name);
    }
    return values;
}

Settings read_settings(const Environment &environment, std::string_view file,
                       const std::string &file_name)
{
    return typed(setting_values(environment, file, file_name));
}

std::string admin_connection_string(const Settings &settings)
{
    if (!settings.database_admin_url.empty()) {
        return settings.database_admin_url;
    }
    if (settings.database_url.find("{family}") != std::string::npos) {
        throw SettingsError(
            "DATABASE_ADMIN_URL must be set, since DATABASE_URL has {family} in it");
    }
    return settings.database_url;
}

std::string example_settings()
{
    std::string text =
        "# SmartFlow's settings. Every line is NAME = value; a line that begins with # is a\n"
        "# comment. A value may stand in \"quotes\". An environment variable of the same name "
        "goes\n"
        "# before this file. It is looked for at $SMARTFLOW_CONF, then in the current folder, "
        "then\n"
        "# at /etc/smartflow/smartflow.conf. What stands here are the defaults.\n";
    for (const Setting &setting : settings_table) {
        const std::string standard = setting.standard;
        text += "\n" + commented(setting.explanation) + "#" + setting.name + " =" +
                (standard.empty() ? "" : " " + standard) + "\n";
    }
    return text;
}

} // namespace smartflow
