// What `smartflow doctor` looks at on the machine itself: settings, files, free space.

#include "doctor_checks.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <sys/stat.h>
#include <sys/statvfs.h>

namespace smartflow {
namespace {

namespace fs = std::filesystem;

constexpr double gibibyte = 1024.0 * 1024 * 1024;

Finding settings_are_valid(Patient &patient)
{
    try {
        patient.settings = read_settings();
    } catch (const SettingsError &error) {
        patient.settings = read_settings([](const std::string &) { return std::nullopt; }, "");
        return broken(error.what(), "correct this (`smartflow settings` explains every setting); "
                                    "until then the rest is looked at by the defaults");
    }
    const std::string file = settings_file();
    return fine("all are valid, " +
                (file.empty() ? "without a file" : "those of " + file + " too"));
}

Finding address(Patient &patient)
{
    return judge_address(patient.settings.public_url, patient.settings.listen);
}

/// The permissions of a file or folder; none when it isn't there or can't be looked at.
std::optional<mode_t> mode_of(const fs::path &path)
{
    struct stat status {};
    return ::stat(path.c_str(), &status) == 0 ? std::optional(status.st_mode & 07777)
                                              : std::nullopt;
}

Finding settings_file_is_private(Patient &)
{
    const std::string file = settings_file();
    const auto mode = mode_of(file);
    if (!mode) {
        return fine(file.empty() ? "there is none" : file + " can't be looked at");
    }
    return (*mode & 07) == 0 ? fine(file + " is not for everybody")
                             : broken("everybody on this machine can read or change " + file +
                                          ", which may hold passwords",
                                      "chmod o-rwx '" + file + "'");
}

Finding secrets_are_private(Patient &patient)
{
    std::string open;
    std::string there;
    for (const char *name : {"admin-password", "demo-password", "webhook-secret"}) {
        const fs::path file = fs::path(patient.settings.var) / name;
        const auto mode = mode_of(file);
        if (mode) {
            (((*mode & 077) == 0) ? there : open) += " '" + file.string() + "'";
        }
    }
    if (!open.empty()) {
        return broken("others than their owner can read" + open, "chmod 600" + open);
    }
    return fine(there.empty() ? "there are none in " + patient.settings.var
                              : "only their owner can read" + there);
}

Finding backups_are_private(Patient &patient)
{
    const Settings &settings = patient.settings;
    const fs::path folder = settings.backup_dir.empty() ? fs::path(settings.var) / "backups"
                                                        : fs::path(settings.backup_dir);
    const auto mode = mode_of(folder);
    if (!mode) {
        return fine(folder.string() + " isn't there yet");
    }
    return (*mode & 07) == 0 ? fine(folder.string() + " is not for everybody")
                             : broken("everybody on this machine can enter " + folder.string() +
                                          ", where whole copies of the shop are",
                                      "chmod o-rwx '" + folder.string() + "'");
}

Finding logs_are_private(Patient &patient)
{
    const fs::path var = patient.settings.var;
    const auto above = mode_of(var);
    if (above && (*above & 02) != 0) {
        return broken("everybody on this machine can put files into " + var.string(),
                      "chmod o-w '" + var.string() + "'");
    }
    const fs::path folder = var / "log";
    const auto mode = mode_of(folder);
    return !mode || (*mode & 07) == 0
               ? fine(mode ? folder.string() + " is not for everybody"
                           : folder.string() + " isn't there")
               : doubtful("everybody on this machine can read the addresses and paths in " +
                              folder.string(),
                          "chmod o-rwx '" + folder.string() + "'");
}

/// The nearest folder above that is there: what isn't there yet will be made on its disk.
fs::path existing(fs::path path)
{
    std::error_code error;
    path = fs::absolute(path, error);
    while (!fs::exists(path, error) && path.has_relative_path()) {
        path = path.parent_path();
    }
    return path;
}

/// The worst of the disks that the shop writes to.
Finding space(Patient &patient)
{
    const Settings &settings = patient.settings;
    std::vector<fs::path> places{settings.var};
    if (!settings.backup_dir.empty()) {
        places.emplace_back(settings.backup_dir);
    }
    double database = 0;
    if (patient.database) {
        database = std::stod(
            patient.database->value("select pg_database_size(current_database())").value_or("0"));
        // Only an administrator of the server may know where it keeps its data, and only where that
        // is this machine is it ours to look at.
        const auto folder =
            patient.database->value("select case when inet_server_addr() is null and "
                                    "pg_has_role('pg_read_all_settings', 'usage')"
                                    " then current_setting('data_directory') end");
        if (folder) {
            places.emplace_back(*folder);
        }
    }
    std::optional<Finding> worst;
    for (const fs::path &place : places) {
        struct statvfs disk {};
        if (::statvfs(existing(place).c_str(), &disk) != 0) {
            continue;
        }
        const auto block = static_cast<double>(disk.f_frsize);
        const Finding finding =
            judge_space(place.string(), block * static_cast<double>(disk.f_bavail),
                        block * static_cast<double>(disk.f_blocks), database);
        if (!worst || worst->verdict < finding.verdict) {
            worst = finding;
        }
    }
    return worst.value_or(doubtful("no disk can be looked at", "look with df"));
}

std::string gibibytes(double bytes)
{
    return std::to_string(std::llround(bytes / gibibyte * 10) / 10) + "." +
           std::to_string(std::llround(bytes / gibibyte * 10) % 10) + " GiB";
}

bool is_local(const std::string &host)
{
    return host == "localhost" || host == "::1" || host == "[::1]" ||
           (host.rfind("127.", 0) == 0 &&
            host.find_first_not_of("0123456789.") == std::string::npos);
}

} // namespace

Finding judge_address(const std::string &public_url, const std::string &listen)
{
    if (public_url.empty()) {
        return is_local(listen)
                   ? fine("PUBLIC_URL isn't set, and the shop listens for this machine alone")
                   : doubtful("the shop listens on " + listen + " and PUBLIC_URL isn't set",
                              "put a proxy with TLS in front and set PUBLIC_URL=https://…");
    }
    std::string host = public_url.substr(public_url.find("://") + 3);
    host.resize(std::min(host.size(), host.find(':', host.find(']') + 1)));
    return public_url.rfind("https://", 0) == 0 || is_local(host)
               ? fine(public_url)
               : doubtful(public_url + " is without TLS: passwords can be read on the way",
                          "put a proxy with TLS in front and set PUBLIC_URL=https://…");
}

Finding judge_space(const std::string &path, double free, double size, double database)
{
    const std::string found = gibibytes(free) + " of " + gibibytes(size) + " are free for " + path;
    const std::string advice = "make room there, or move it to a larger disk";
    if (free < gibibyte / 10) {
        return broken(found, advice + ": the database soon can't write");
    }
    if (free < gibibyte || free < size / 10) {
        return doubtful(found, advice);
    }
    return free < 2 * database
               ? doubtful(found + ", less than twice the database (" + gibibytes(database) + ")",
                          advice + ": proving a backup or restoring one takes as much again")
               : fine(found);
}

std::vector<Check> host_checks()
{
    return {{"settings", Needs::nothing, settings_are_valid},
            {"public address", Needs::nothing, address},
            {"settings file", Needs::nothing, settings_file_is_private},
            {"secrets", Needs::nothing, secrets_are_private},
            {"backup folder", Needs::nothing, backups_are_private},
            {"state and logs", Needs::nothing, logs_are_private}};
}

Check space_check()
{
    return {"free space", Needs::nothing, space};
}

} // namespace smartflow
