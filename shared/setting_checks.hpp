#ifndef SMARTFLOW_SETTING_CHECKS_HPP
#define SMARTFLOW_SETTING_CHECKS_HPP

#include <cstdint>
#include <string>

namespace smartflow {

/// Bounds of a number (both inclusive); other kinds of setting don't look at them.
struct SettingBounds {
    std::int64_t low = 0;
    std::int64_t high = 0;
};

/// Checks a value that isn't empty and brings it into its one form.
/// \param value  UTF-8; changed to the form that programs read
/// \returns what it must be ("must be a whole number from 1 to 64"), empty when it will do
using SettingCheck = std::string (*)(std::string &value, const SettingBounds &bounds);

std::string check_text(std::string &value, const SettingBounds &bounds);   ///< one line, any text
std::string check_number(std::string &value, const SettingBounds &bounds); ///< whole, in bounds
std::string check_size(std::string &value, const SettingBounds &bounds);   ///< bytes; k, m, g
std::string check_currency(std::string &value, const SettingBounds &bounds);
std::string check_time_zone(std::string &value, const SettingBounds &bounds);
std::string check_networks(std::string &value, const SettingBounds &bounds);
std::string check_log_level(std::string &value, const SettingBounds &bounds);
std::string check_address(std::string &value, const SettingBounds &bounds);
std::string check_public_url(std::string &value, const SettingBounds &bounds);
std::string check_webhook_secret(std::string &value, const SettingBounds &bounds);
std::string check_yes_no(std::string &value, const SettingBounds &bounds);
std::string check_smtp_url(std::string &value, const SettingBounds &bounds);
std::string check_smtp_tls(std::string &value, const SettingBounds &bounds);
std::string check_mail_from(std::string &value, const SettingBounds &bounds);
std::string check_setup_token(std::string &value, const SettingBounds &bounds);
std::string check_password(std::string &value, const SettingBounds &bounds); ///< its length alone

} // namespace smartflow

#endif
