#include "passwords.hpp"

#include "secrets.hpp"

namespace smartflow {

std::vector<std::string> texts_of(const Json &array)
{
    std::vector<std::string> texts;
    for (const Json &item : array.items) {
        texts.push_back(item.text);
    }
    return texts;
}

void refuse_weak_password(const char *field, const std::string &password,
                          const std::vector<std::string> &names, Details wrong)
{
    const std::string weakness = password_weakness(password, names);
    if (!weakness.empty()) {
        wrong.emplace_back(field, weakness);
    }
    if (!wrong.empty()) {
        throw validation_error(std::move(wrong));
    }
}

} // namespace smartflow
