#include "json.hpp"

#include "error.hpp"
#include "text.hpp"

#include <rapidjson/reader.h>

#include <algorithm>

namespace smartflow {

namespace {

[[noreturn]] void refuse(const std::string &what, std::size_t byte)
{
    throw validation_error(
        {{"body", "is not valid JSON: " + what + " at byte " + std::to_string(byte)}});
}

/// \returns the length of the number (RFC 8259 §6) that the text starts with, 0 for none
std::size_t number_length(std::string_view text)
{
    std::size_t at = 0;
    const auto peek = [&] { return at < text.size() ? text[at] : '\0'; };
    const auto digits = [&] {
        const std::size_t start = at;
        while (is_digit(peek())) {
            ++at;
        }
        return at > start;
    };
    at += peek() == '-' ? 1 : 0;
    if (peek() == '0') {
        ++at;
    } else if (!digits()) {
        return 0;
    }
    if (peek() == '.') {
        ++at;
        if (!digits()) {
            return 0;
        }
    }
    if (peek() == 'e' || peek() == 'E') {
        ++at;
        at += peek() == '+' || peek() == '-' ? 1 : 0;
        if (!digits()) {
            return 0;
        }
    }
    return at;
}

/// RapidJSON's input: the bytes, but every well-formed number in them reads as a single `0`.
///
/// Even with kParseNumbersAsStringsFlag RapidJSON 1.1.0 computes a double on the way and refuses
/// what is beyond 1e308. So it never sees a number; the handler takes the text from here.
class NumberHidingStream
{
public:
    using Ch = char;

    explicit NumberHidingStream(std::string_view bytes) : bytes_(bytes) { look_for_number(); }

    Ch Peek() const
    {
        if (at_ == bytes_.size()) {
            return '\0'; // RapidJSON's end of input; a NUL of the client's was refused before
        }
        return number_length_ != 0 ? '0' : bytes_[at_];
    }

    Ch Take()
    {
        const char taken = Peek();
        if (at_ == bytes_.size()) {
            return taken;
        }
        if (number_length_ != 0) {
            number_ = bytes_.substr(at_, number_length_);
            at_ += number_length_;
            number_length_ = 0;
            return taken; // what follows is no number, look_for_number made sure
        }
        if (escaped_) {
            escaped_ = false;
        } else if (in_string_ && taken == '\\') {
            escaped_ = true;
        } else if (taken == '"') {
            in_string_ = !in_string_;
        }
        ++at_;
        look_for_number();
        return taken;
    }

    std::size_t Tell() const { return at_; }

    /// The number that was taken last, as the client wrote it.
    std::string_view number() const { return number_; }

    // RapidJSON wants these of every stream, and calls them when parsing in place only.
    Ch *PutBegin() { return nullptr; }
    void Put(Ch /*unused*/) {}
    void Flush() {}
    std::size_t PutEnd(Ch * /*unused*/) { return 0; }

private:
    /// Hides the number that starts here. `1.5.5` and `01` stay as they are, to the last digit: the
    /// rest behind a hidden part of them could make a number again, and what is wrong would pass.
    void look_for_number()
    {
        constexpr std::string_view part_of_a_number = "0123456789+-.eE";
        const auto is_part = [&](std::size_t at) {
            return part_of_a_number.find(bytes_[at]) != std::string_view::npos;
        };
        if (in_string_ || at_ == bytes_.size() || (bytes_[at_] != '-' && !is_digit(bytes_[at_])) ||
            (at_ > 0 && is_part(at_ - 1))) {
            return;
        }
        const std::size_t length = number_length(bytes_.substr(at_));
        if (at_ + length == bytes_.size() || !is_part(at_ + length)) {
            number_length_ = length;
        }
    }

    std::string_view bytes_;
    std::size_t at_ = 0;
    std::size_t number_length_ = 0; ///< of the number at at_, 0 where none is hidden
    std::string_view number_;
    bool in_string_ = false;
    bool escaped_ = false;
};

/// \returns a key that the object has twice, nullptr when it has none
const std::string *repeated_key(const Json &object)
{
    // Sorting costs the same whatever keys a client picks; a hash table would not.
    std::vector<const std::string *> keys;
    keys.reserve(object.members.size());
    for (const auto &member : object.members) {
        keys.push_back(&member.first);
    }
    std::sort(keys.begin(), keys.end(), [](const auto *a, const auto *b) { return *a < *b; });
    const auto twice = std::adjacent_find(keys.begin(), keys.end(),
                                          [](const auto *a, const auto *b) { return *a == *b; });
    return twice == keys.end() ? nullptr : *twice;
}

/// Builds the tree from RapidJSON's events and refuses what RapidJSON lets pass.
class TreeBuilder
{
public:
    TreeBuilder(const NumberHidingStream &stream, std::size_t max_depth)
        : stream_(stream), max_depth_(max_depth)
    {}

    bool Null() { return add(Json{}); }

    bool Bool(bool truth)
    {
        Json value;
        value.kind = Json::Kind::boolean;
        value.truth = truth;
        return add(std::move(value));
    }

    bool RawNumber(const char * /*text*/, rapidjson::SizeType /*length*/, bool /*copy*/)
    {
        Json value;
        value.kind = Json::Kind::number;
        value.text = stream_.number();
        return add(std::move(value));
    }

    bool String(const char *text, rapidjson::SizeType length, bool /*copy*/)
    {
        Json value;
        value.kind = Json::Kind::string;
        value.text = checked_text({text, length});
        return add(std::move(value));
    }

    bool Key(const char *text, rapidjson::SizeType length, bool /*copy*/)
    {
        open_.back().members.emplace_back(checked_text({text, length}), Json{});
        return true;
    }

    bool StartObject() { return open(Json::Kind::object); }
    bool StartArray() { return open(Json::Kind::array); }

    bool EndObject(rapidjson::SizeType /*count*/)
    {
        if (const std::string *key = repeated_key(open_.back())) {
            refuse("the key " + json_string(*key) + " stands twice in the object that ends",
                   stream_.Tell());
        }
        return close();
    }

    bool EndArray(rapidjson::SizeType /*count*/) { return close(); }

    // kParseNumbersAsStringsFlag makes every number a RawNumber; RapidJSON names these all the
    // same.
    bool Int(int /*unused*/) { return false; }
    bool Uint(unsigned /*unused*/) { return false; }
    bool Int64(std::int64_t /*unused*/) { return false; }
    bool Uint64(std::uint64_t /*unused*/) { return false; }
    bool Double(double /*unused*/) { return false; }

    Json take_root() { return std::move(root_); }

private:
    /// The text itself, unless escapes made of it what no text may be.
    std::string_view checked_text(std::string_view text) const
    {
        if (text.find('\0') != std::string_view::npos) {
            refuse("\\u0000 in the string that ends", stream_.Tell());
        }
        if (!is_utf8(text)) {
            refuse("a lone surrogate in the string that ends", stream_.Tell());
        }
        return text;
    }

    void count()
    {
        if (++values_ > json_max_values) {
            refuse("more than " + std::to_string(json_max_values) + " values", stream_.Tell());
        }
    }

    bool open(Json::Kind kind)
    {
        count();
        if (open_.size() == max_depth_) {
            refuse("more than " + std::to_string(max_depth_) + " levels", stream_.Tell());
        }
        open_.emplace_back();
        open_.back().kind = kind;
        return true;
    }

    bool close()
    {
        Json value = std::move(open_.back());
        open_.pop_back();
        place(std::move(value));
        return true;
    }

    bool add(Json value)
    {
        count();
        place(std::move(value));
        return true;
    }

    void place(Json value)
    {
        if (open_.empty()) {
            root_ = std::move(value);
        } else if (open_.back().kind == Json::Kind::array) {
            open_.back().items.push_back(std::move(value));
        } else {
            open_.back().members.back().second = std::move(value);
        }
    }

    const NumberHidingStream &stream_;
    std::size_t max_depth_;
    std::size_t values_ = 0;
    std::vector<Json> open_; ///< the arrays and objects that haven't ended, outermost first
    Json root_;
};

/// RapidJSON's complaint in words of our own.
std::string complaint(rapidjson::ParseErrorCode code)
{
    switch (code) {
        case rapidjson::kParseErrorDocumentEmpty: return "nothing is there";
        case rapidjson::kParseErrorDocumentRootNotSingular: return "something follows the value";
        case rapidjson::kParseErrorObjectMissName: return "a key is missing";
        case rapidjson::kParseErrorObjectMissColon: return "a colon is missing";
        case rapidjson::kParseErrorObjectMissCommaOrCurlyBracket: return "a comma or } is missing";
        case rapidjson::kParseErrorArrayMissCommaOrSquareBracket: return "a comma or ] is missing";
        case rapidjson::kParseErrorStringUnicodeEscapeInvalidHex:
        case rapidjson::kParseErrorStringEscapeInvalid:
            return "a wrong escape or control character";
        case rapidjson::kParseErrorStringUnicodeSurrogateInvalid: return "a lone surrogate";
        case rapidjson::kParseErrorStringMissQuotationMark: return "a string without an end";
        case rapidjson::kParseErrorStringInvalidEncoding: return "invalid UTF-8";
        case rapidjson::kParseErrorNumberTooBig:
        case rapidjson::kParseErrorNumberMissFraction:
        case rapidjson::kParseErrorNumberMissExponent: return "a malformed number";
        default: return "a value is missing or misspelled";
    }
}

} // namespace

Json parse_json(std::string_view bytes, std::size_t max_depth)
{
    // RapidJSON takes a NUL for the end of the input, whatever comes after it.
    const std::size_t nul = bytes.find('\0');
    if (nul != std::string_view::npos) {
        refuse("a NUL", nul);
    }
    if (bytes.substr(0, 3) == "\xEF\xBB\xBF") {
        refuse("a byte-order mark", 0);
    }
    NumberHidingStream stream(bytes);
    TreeBuilder builder(stream, max_depth);
    rapidjson::Reader reader;
    constexpr unsigned flags = rapidjson::kParseIterativeFlag |
                               rapidjson::kParseValidateEncodingFlag |
                               rapidjson::kParseNumbersAsStringsFlag;
    const rapidjson::ParseResult result = reader.Parse<flags>(stream, builder);
    if (result.IsError()) {
        refuse(complaint(result.Code()), result.Offset());
    }
    return builder.take_root();
}

} // namespace smartflow
