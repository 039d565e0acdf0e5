#include "platform/json.h"

#include "platform/encoding.h"

#include <Poco/JSON/Handler.h>
#include <Poco/JSON/ParseHandler.h>
#include <Poco/JSON/Parser.h>

#include <set>
#include <sstream>

namespace keyfob::platform::json {
namespace {

/// Poco takes the last of two members with one name; two readers of one text must never see different values.
class StrictHandler final : public Poco::JSON::ParseHandler {
public:
    void startObject() override {
        m_names.emplace_back();
        Poco::JSON::ParseHandler::startObject();
    }
    void endObject() override {
        m_names.pop_back();
        Poco::JSON::ParseHandler::endObject();
    }
    void key(const std::string& name) override {
        if (!m_names.back().insert(name).second)
            throw Poco::JSON::JSONException("a member stands twice");
        Poco::JSON::ParseHandler::key(name);
    }

private:
    std::vector<std::set<std::string>> m_names;
};

template <typename T> std::optional<T> get_exactly(const Poco::JSON::Object& object, const std::string& name) {
    const Poco::Dynamic::Var value = object.get(name);
    if (value.isEmpty() || value.type() != typeid(T))
        return std::nullopt;
    return value.extract<T>();
}

} // namespace

Result<Poco::JSON::Object::Ptr> parse_object(std::string_view text) {
    const Error malformed{ErrorKind::invalid, "not a well-formed JSON object"};
    if (!is_valid_utf8(text) || text.find('\0') != std::string_view::npos)
        return malformed;
    try {
        Poco::JSON::Parser parser(new StrictHandler);
        parser.setDepth(k_max_depth);
        parser.setAllowNullByte(false); // a reader in C would take what stands before it for the whole
        const Poco::Dynamic::Var value = parser.parse(std::string(text));
        if (value.type() != typeid(Poco::JSON::Object::Ptr))
            return malformed;
        return value.extract<Poco::JSON::Object::Ptr>();
    } catch (const std::exception&) {
        return malformed; // Poco's text would quote what may be a secret
    }
}

std::optional<std::string> get_string(const Poco::JSON::Object& object, const std::string& name) {
    return get_exactly<std::string>(object, name);
}

std::optional<std::int64_t> get_integer(const Poco::JSON::Object& object, const std::string& name) {
    const Poco::Dynamic::Var value = object.get(name);
    if (value.isEmpty() || !value.isInteger() || value.isBoolean())
        return std::nullopt;
    try {
        return value.convert<std::int64_t>();
    } catch (const std::exception&) {
        return std::nullopt; // beyond 64 bits
    }
}

std::optional<bool> get_bool(const Poco::JSON::Object& object, const std::string& name) {
    return get_exactly<bool>(object, name);
}

Poco::JSON::Object::Ptr get_object(const Poco::JSON::Object& object, const std::string& name) {
    return get_exactly<Poco::JSON::Object::Ptr>(object, name).value_or(nullptr);
}

Poco::JSON::Array::Ptr get_array(const Poco::JSON::Object& object, const std::string& name) {
    return get_exactly<Poco::JSON::Array::Ptr>(object, name).value_or(nullptr);
}

std::optional<std::vector<std::string>> get_strings(const Poco::JSON::Object& object, const std::string& name) {
    const Poco::JSON::Array::Ptr array = get_array(object, name);
    if (array.isNull())
        return std::nullopt;
    std::vector<std::string> strings;
    for (const Poco::Dynamic::Var& element : *array) {
        if (element.type() != typeid(std::string))
            return std::nullopt;
        strings.push_back(element.extract<std::string>());
    }
    return strings;
}

std::string to_text(const Poco::JSON::Object& object) {
    std::ostringstream stream;
    object.stringify(stream);
    return stream.str();
}

} // namespace keyfob::platform::json
