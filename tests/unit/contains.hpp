#ifndef SMARTFLOW_TESTS_CONTAINS_HPP
#define SMARTFLOW_TESTS_CONTAINS_HPP

#include <string>

/// Whether a text has this part.
inline bool contains(const std::string &text, const std::string &part)
{
    return text.find(part) != std::string::npos;
}

#endif
