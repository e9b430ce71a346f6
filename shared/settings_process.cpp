// Settings as a process finds them: in its environment, a file, and beside a running `make run`.

#include "settings.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>

namespace smartflow {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t file_limit = std::size_t{1} << 20; ///< bytes; a larger file is some mistake

std::optional<std::string> process_variable(const std::string &name)
{
    const char *value = std::getenv(name.c_str()); // nothing here ever changes the environment
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

/// The text of the settings' file; empty without one.
std::string file_text(const std::string &path)
{
    if (path.empty()) {
        return {};
    }
    errno = 0;
    std::ifstream file(path, std::ios::binary);
    std::string text(file_limit + 1, '\0');
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    if (!file.eof() || file.bad()) {
        throw SettingsError(
            path + ": can't be read: " + (errno != 0 ? std::strerror(errno) : "it is too large"));
    }
    text.resize(static_cast<std::size_t>(file.gcount()));
    return text;
}

/// Where nothing says which database is meant and `make run` is running with one of its own, that
/// is it: `run` in its folder leads to the sockets.
void find_own_database(Settings &settings)
{
    const bool said = !settings.database_url.empty() || !settings.database_admin_url.empty() ||
                      process_variable("PGHOST") || process_variable("PGSERVICE");
    std::error_code absent;
    const fs::path sockets = fs::canonical(fs::path(settings.var) / "run" / "postgres", absent);
    if (said || absent) {
        return;
    }
    const std::string place = "@/smartflow?host=" + sockets.string();
    settings.database_url = "postgresql://smartflow_{family}" + place;
    settings.database_admin_url = "postgresql://smartflow_owner" + place;
}

} // namespace

std::string settings_file()
{
    std::string named = process_variable("SMARTFLOW_CONF").value_or("");
    if (!named.empty()) {
        return named;
    }
    std::error_code unknown;
    const fs::path folder = fs::read_symlink("/proc/self/exe", unknown).parent_path();
    const fs::path above = folder.parent_path();
    for (const fs::path &place :
         {fs::path(), folder, above, above.parent_path(), fs::path("/etc/smartflow")}) {
        const fs::path path = place / "smartflow.conf";
        std::error_code error; // one that can't be looked at counts as there, and is then refused
        if (fs::status(path, error).type() != fs::file_type::not_found) {
            return path.string();
        }
    }
    return {};
}

SettingValues setting_values()
{
    const std::string path = settings_file();
    return setting_values(process_variable, file_text(path), path);
}

Settings read_settings()
{
    const std::string path = settings_file();
    Settings settings = read_settings(process_variable, file_text(path), path);
    find_own_database(settings);
    return settings;
}

} // namespace smartflow
