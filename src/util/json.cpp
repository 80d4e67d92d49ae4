#include "util/json.hpp"

#include <cstdint>
#include <set>
#include <vector>

namespace jeton {

namespace {

struct Bounds {
    std::size_t document, levels, text, elements;
};

constexpr Bounds strict_bounds{1 << 20, 16, 4096, 512};
constexpr Bounds large_bounds{16 << 20, 16, 1 << 16, SIZE_MAX};

/// Builds the document from nlohmann's SAX events and stops at the first broken rule.
class Builder final : public nlohmann::json_sax<Json> {
  public:
    explicit Builder(const Bounds& bounds) : m_bounds(bounds) {}

    bool null() override { return add(nullptr); }
    bool boolean(bool value) override { return add(value); }
    bool number_integer(number_integer_t value) override { return add(value); }
    bool number_unsigned(number_unsigned_t value) override { return add(value); }
    bool number_float(number_float_t value, const string_t&) override { return add(value); }
    bool binary(binary_t&) override { return refuse("JSON text", "binary data"); }
    bool string(string_t& value) override {
        if (value.size() > m_bounds.text) {
            return refuse("a string of at most " + std::to_string(m_bounds.text) + " bytes",
                          std::to_string(value.size()) + " bytes");
        }
        return add(value);
    }
    bool start_object(std::size_t) override { return open(Json::object()); }
    bool start_array(std::size_t) override { return open(Json::array()); }
    bool end_object() override { return close(); }
    bool end_array() override { return close(); }
    bool key(string_t& name) override {
        Level& level = m_levels.back();
        if (!level.keys.insert(name).second) {
            return refuse("an object with unique keys", "key \"" + name.substr(0, 64) + "\" twice");
        }
        level.key = name;
        return true;
    }
    bool parse_error(std::size_t position, const std::string&,
                     const nlohmann::detail::exception& error) override {
        m_error = JsonError{pointer(), "JSON", "byte " + std::to_string(position) + ": " + error.what()};
        return false;
    }

    Json& root() { return m_root; }
    const JsonError& error() const { return m_error; }

  private:
    struct Level {
        Json* container;
        std::set<std::string> keys;
        std::string key;
    };

    bool refuse(std::string expected, std::string found) {
        m_error = JsonError{pointer(), std::move(expected), std::move(found)};
        return false;
    }

    std::string pointer() const {
        Json::json_pointer path;
        for (const Level& level : m_levels) {
            if (level.container->is_array()) {
                // An open level is an element of its parent already; what comes next in the innermost one is
                // not.
                path /= level.container->size() - (&level == &m_levels.back() ? 0 : 1);
            } else if (!level.key.empty()) {
                path /= level.key;
            }
        }
        return path.to_string();
    }

    Json* place(Json value) {
        if (m_levels.empty()) {
            m_root = std::move(value);
            return &m_root;
        }
        Level& level = m_levels.back();
        if (level.container->is_object()) {
            Json& member = (*level.container)[level.key];
            member = std::move(value);
            return &member;
        }
        level.container->push_back(std::move(value));
        return &level.container->back();
    }

    bool add(Json value) {
        if (!m_levels.empty() && m_levels.back().container->size() >= m_bounds.elements) {
            return refuse("at most " + std::to_string(m_bounds.elements) + " elements", "more");
        }
        place(std::move(value));
        return true;
    }

    bool open(Json container) {
        if (m_levels.size() == m_bounds.levels) {
            return refuse("at most " + std::to_string(m_bounds.levels) + " levels", "more");
        }
        if (!m_levels.empty() && m_levels.back().container->size() >= m_bounds.elements) {
            return refuse("at most " + std::to_string(m_bounds.elements) + " elements", "more");
        }
        m_levels.push_back({place(std::move(container)), {}, {}});
        return true;
    }

    bool close() {
        m_levels.pop_back();
        return true;
    }

    const Bounds& m_bounds;
    Json m_root;
    std::vector<Level> m_levels;
    JsonError m_error;
};

}  // namespace

std::variant<Json, JsonError> parse_json(View text, JsonLimits limits) {
    const Bounds& bounds = limits == JsonLimits::strict ? strict_bounds : large_bounds;
    if (text.size() > bounds.document) {
        return JsonError{"", "at most " + std::to_string(bounds.document) + " bytes",
                         std::to_string(text.size()) + " bytes"};
    }
    Builder builder(bounds);
    if (!Json::sax_parse(text.begin(), text.end(), &builder)) {
        return builder.error();
    }
    return std::move(builder.root());
}

}  // namespace jeton
