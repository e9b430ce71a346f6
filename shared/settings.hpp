#ifndef SMARTFLOW_SETTINGS_HPP
#define SMARTFLOW_SETTINGS_HPP

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace smartflow {

/// Everything that can be set, already checked. The table in settings.cpp has the names, defaults,
/// bounds and explanations; `smartflow settings` prints it as an example file.
struct Settings {
    std::string database_url;       ///< DATABASE_URL; `{family}` in it is the family's name
    std::string database_admin_url; ///< DATABASE_ADMIN_URL as set; see admin_connection_string
    std::int64_t threads = 0;       ///< THREADS: most accepting threads of a family (FastCGI)
    std::int64_t database_connections = 0; ///< DATABASE_CONNECTIONS of a family
    std::int64_t statement_timeout_s = 0;  ///< STATEMENT_TIMEOUT, seconds
    std::string public_url;                ///< PUBLIC_URL: scheme://host[:port], empty when not set
    std::string shop_name;                 ///< SHOP_NAME
    std::string currency;                  ///< CURRENCY: ISO 4217
    std::string time_zone;                 ///< TIMEZONE: IANA name
    std::vector<std::string>
        trusted_proxies;         ///< TRUSTED_PROXIES: addresses or CIDR, by comma or space
    std::int64_t rate_limit = 0; ///< RATE_LIMIT: requests per second and address; 0 for none
    std::int64_t login_rate_limit =
        0;                       ///< LOGIN_RATE_LIMIT: logins per minute and address; 0 for none
    std::int64_t max_upload = 0; ///< MAX_UPLOAD, bytes (the setting takes k, m, g)
    std::string log_level;       ///< LOG_LEVEL: debug, info, warning, error
    std::int64_t port = 0;       ///< PORT of `make run`'s nginx
    std::string listen;          ///< LISTEN: address of `make run`'s nginx (127.0.0.1)
    std::string webhook_secret;  ///< WEBHOOK_SECRET: `whsec_…`, empty when not set
    std::string webhook_allow_private; ///< WEBHOOK_ALLOW_PRIVATE: yes or no
    std::string smtp_url;              ///< SMTP_URL: smtp[s]://host[:port], empty when not set
    std::string smtp_user;             ///< SMTP_USER
    std::string smtp_password;         ///< SMTP_PASSWORD
    std::string smtp_tls;              ///< SMTP_TLS: required, if-offered or no
    std::string mail_from;             ///< MAIL_FROM: `address` or `Name <address>`
    std::string setup_token;           ///< SETUP_TOKEN of the set-up over the web, empty for none
    std::string admin_password;        ///< ADMIN_PASSWORD of the first admin, empty to generate one
    std::string var;                   ///< VAR: folder of `make run`'s state
    std::string backup_dir;            ///< BACKUP_DIR of `make run`, empty for VAR/backups
    std::int64_t backup_keep = 0;      ///< BACKUP_KEEP of `make run`; 0 for no backups
};

/// A setting that can't be used: the message names it and says what would be right.
class SettingsError : public std::runtime_error
{
public:
    using std::runtime_error::runtime_error;
};

/// Looks a variable up, as getenv does.
using Environment = std::function<std::optional<std::string>(const std::string &name)>;

/// Every setting by name, as checked text in one form: a size in bytes, a list by single spaces.
using SettingValues = std::map<std::string, std::string>;

/// Values from the environment, else from the file, else the defaults. A variable that is set to
/// the empty string counts as not set, and so does an empty value in the file.
/// \param file      text of `smartflow.conf`: `NAME = value` lines, `#` comments; an unknown or
///        repeated name is refused
/// \param file_name for messages
/// \throws SettingsError naming everything that is wrong, a line each
SettingValues setting_values(const Environment &environment, std::string_view file,
                             const std::string &file_name = "smartflow.conf");

/// The same from the process and its settings_file.
/// \throws SettingsError also when the file can't be read
SettingValues setting_values();

/// The process's file of settings: $SMARTFLOW_CONF, else ./smartflow.conf, else that in the
/// program's folder or up to two above, so that it may lie outside of what a web server serves,
/// else /etc/smartflow/smartflow.conf, where there is one; else empty.
std::string settings_file();

/// setting_values, typed.
Settings read_settings(const Environment &environment, std::string_view file,
                       const std::string &file_name = "smartflow.conf");

/// setting_values of the process, typed. Where they name no database and `make run` is running with
/// one of its own in VAR, they name that.
Settings read_settings();

/// Where the owner of the tables connects: DATABASE_ADMIN_URL, else DATABASE_URL.
/// \throws SettingsError when that is DATABASE_URL and it has `{family}` in it
std::string admin_connection_string(const Settings &settings);

/// An example `smartflow.conf`: every setting with its explanation and default, commented out.
std::string example_settings();

} // namespace smartflow

#endif
