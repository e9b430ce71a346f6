#include "demo.hpp"

#include "admin_connection.hpp"
#include "secrets.hpp"

#include <stdexcept>

namespace smartflow {

std::optional<std::string> load_demo(const std::string &url, const SqlFile &script,
                                     const DemoTargets &targets)
{
    AdminConnection connection(url);
    connection.run(
        "begin; lock table smartflow.products, smartflow.orders in share row exclusive mode");
    if (connection.value("select exists (select from smartflow.products) or "
                         "exists (select from smartflow.orders)") == "t") {
        return std::nullopt;
    }
    if (connection.value(
            "select exists (select from smartflow.users where role = 'admin' and active)") != "t") {
        throw std::runtime_error("make an administrator first: smartflow user create-admin");
    }
    const std::string password = new_password();
    connection.rows("select set_config('smartflow.demo_password_hash', $1, true), "
                    "set_config('smartflow.demo_mail', $2, true), "
                    "set_config('smartflow.demo_webhook', $3, true)",
                    {password_hash(password), targets.mail, targets.webhook});
    connection.run(script.text);
    connection.run("commit");
    return password;
}

} // namespace smartflow
