#include "pattern.hpp"

#include <algorithm>
#include <cctype>
#include <stdexcept>
#include <vector>

namespace smartflow {

namespace {

using Kind = Json::Kind;

constexpr std::string_view any_value = "*";
constexpr std::string_view absent = "(absent)";
constexpr std::string_view and_so_on = "...";

bool is_name(std::string_view text)
{
    return !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) {
        return std::islower(c) != 0 || std::isdigit(c) != 0 || c == '_';
    });
}

struct Piece {
    enum class Kind { literal, any, capture };
    Kind kind;
    std::string text; ///< of a literal; a capture's name
};

/// Splits a template; what is captured already is a literal.
std::vector<Piece> pieces_of(std::string_view pattern, const Captures &captures)
{
    std::vector<Piece> pieces;
    const auto literal = [&](std::string_view text) {
        if (pieces.empty() || pieces.back().kind != Piece::Kind::literal) {
            pieces.push_back({Piece::Kind::literal, ""});
        }
        pieces.back().text += text;
    };
    while (!pattern.empty()) {
        const std::size_t end =
            pattern.substr(0, 2) == "{{" ? pattern.find("}}") : std::string::npos;
        if (pattern.front() == '*') {
            pieces.push_back({Piece::Kind::any, ""});
            pattern.remove_prefix(1);
        } else if (end != std::string::npos && is_name(pattern.substr(2, end - 2))) {
            const std::string name(pattern.substr(2, end - 2));
            const auto known = captures.find(name);
            if (known != captures.end()) {
                literal(known->second);
            } else {
                pieces.push_back({Piece::Kind::capture, name});
            }
            pattern.remove_prefix(end + 2);
        } else {
            const std::size_t plain = std::min(pattern.find_first_of("*{", 1), pattern.size());
            literal(pattern.substr(0, plain));
            pattern.remove_prefix(plain);
        }
    }
    return pieces;
}

/// Matches the pieces from `at` on with the whole of the text.
bool match(const std::vector<Piece> &pieces, std::size_t at, std::string_view text, Captures &found)
{
    if (at == pieces.size()) {
        return text.empty();
    }
    const Piece &piece = pieces[at];
    if (piece.kind == Piece::Kind::literal) {
        return text.substr(0, piece.text.size()) == piece.text &&
               match(pieces, at + 1, text.substr(piece.text.size()), found);
    }
    const std::size_t least = piece.kind == Piece::Kind::capture ? 1 : 0;
    for (std::size_t length = least; length <= text.size(); ++length) {
        if (at + 1 == pieces.size()) {
            length = text.size();
        } else if (pieces[at + 1].kind == Piece::Kind::literal) {
            length = text.find(pieces[at + 1].text, length);
            if (length == std::string_view::npos) {
                return false;
            }
        }
        if (match(pieces, at + 1, text.substr(length), found)) {
            if (piece.kind == Piece::Kind::capture) {
                found[piece.text] = text.substr(0, length);
            }
            return true;
        }
    }
    return false;
}

std::string shown(const Json &value)
{
    std::string text;
    append_json(text, value);
    return text.size() > 300 ? text.substr(0, 300) + "…" : text;
}

std::string text_of(const Json &value)
{
    std::string text;
    append_json(text, value);
    return value.kind == Kind::string ? value.text : text;
}

std::string differs(const std::string &path, const Json &pattern, const Json &value)
{
    return (path.empty() ? "the body" : path) + " is " + shown(value) + ", not " + shown(pattern);
}

bool is_text(const Json &pattern, std::string_view text)
{
    return pattern.kind == Kind::string && pattern.text == text;
}

std::string object_difference(const Json &pattern, const Json &value, Captures &captures,
                              const std::string &path)
{
    for (const auto &[name, wanted] : pattern.members) {
        const Json *member = value.find(name);
        std::string member_path = path;
        member_path.append(path.empty() ? "" : ".").append(name);
        if ((member == nullptr) != is_text(wanted, absent)) {
            return member_path + (member == nullptr ? " is missing" : " is there") + " in " +
                   shown(value);
        }
        if (member == nullptr) {
            continue;
        }
        std::string difference = json_difference(wanted, *member, captures, member_path);
        if (!difference.empty()) {
            return difference;
        }
    }
    return {};
}

std::string array_difference(const Json &pattern, const Json &value, Captures &captures,
                             const std::string &path)
{
    const bool open = !pattern.items.empty() && is_text(pattern.items.back(), and_so_on);
    const std::size_t wanted = pattern.items.size() - (open ? 1 : 0);
    if (open ? value.items.size() < wanted : value.items.size() != wanted) {
        return (path.empty() ? "the body" : path) + " has " + std::to_string(value.items.size()) +
               " elements, not " + std::to_string(wanted) + ": " + shown(value);
    }
    for (std::size_t i = 0; i < wanted; ++i) {
        std::string difference = json_difference(pattern.items[i], value.items[i], captures,
                                                 path + "[" + std::to_string(i) + "]");
        if (!difference.empty()) {
            return difference;
        }
    }
    return {};
}

} // namespace

std::string filled_in(std::string_view text, const Captures &captures)
{
    std::string out;
    for (const Piece &piece : pieces_of(text, captures)) {
        if (piece.kind == Piece::Kind::capture) {
            throw std::runtime_error("nothing was captured as {{" + piece.text + "}}");
        }
        out += piece.kind == Piece::Kind::any ? "*" : piece.text;
    }
    return out;
}

std::string with_repeats(std::string_view text)
{
    std::string out;
    for (;;) {
        const std::size_t start = text.find("{{");
        const std::size_t end = start == std::string_view::npos ? start : text.find("}}", start);
        if (end == std::string_view::npos) {
            return out += text;
        }
        out += text.substr(0, start);
        // The repeated text may have braces of its own: the count is what stands before some `}}`.
        std::size_t close = end;
        std::size_t star = std::string_view::npos;
        for (; close != std::string_view::npos; close = text.find("}}", close + 1)) {
            star = text.rfind('*', close);
            if (star != std::string_view::npos && star > start + 2 && star + 1 < close &&
                text.substr(star + 1, close - star - 1).find_first_not_of("0123456789") ==
                    std::string_view::npos) {
                break;
            }
        }
        if (close == std::string_view::npos || is_name(text.substr(start + 2, end - start - 2))) {
            out += text.substr(start, end + 2 - start);
            text.remove_prefix(end + 2);
            continue;
        }
        const std::string_view repeated = text.substr(start + 2, star - start - 2);
        for (long n = std::stol(std::string(text.substr(star + 1, close - star - 1))); n > 0; --n) {
            out += repeated;
        }
        text.remove_prefix(close + 2);
    }
}

bool matches_text(std::string_view pattern, std::string_view text, Captures &captures)
{
    Captures found = captures;
    if (!match(pieces_of(pattern, captures), 0, text, found)) {
        return false;
    }
    captures = std::move(found);
    return true;
}

std::string json_difference(const Json &pattern, const Json &value, Captures &captures,
                            const std::string &path)
{
    if (is_text(pattern, any_value)) {
        return {};
    }
    const bool captured = pattern.kind == Kind::string && value.kind == Kind::number &&
                          pattern.text.rfind("{{", 0) == 0;
    if (pattern.kind != value.kind && !captured) {
        return differs(path, pattern, value);
    }
    bool equal = true;
    switch (pattern.kind) {
        case Kind::null: break;
        case Kind::boolean: equal = pattern.truth == value.truth; break;
        case Kind::number: equal = pattern.text == value.text; break;
        case Kind::string: equal = matches_text(pattern.text, text_of(value), captures); break;
        case Kind::array: return array_difference(pattern, value, captures, path);
        case Kind::object: return object_difference(pattern, value, captures, path);
    }
    return equal ? std::string() : differs(path, pattern, value);
}

} // namespace smartflow
