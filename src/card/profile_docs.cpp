#include "card/profile_docs.hpp"

#include <fmt/format.h>

#include "card/profile_checker.hpp"

namespace jeton::card {

using vocabulary::Form;
using vocabulary::Kind;
using vocabulary::Shape;
using vocabulary::Term;

namespace {

std::string definition(const Shape& shape, Extent extent) {
    return std::string(shape.name) + (extent == Extent::part ? ".part" : "");
}

Json reference(const std::string& name) {
    return {{"$ref", fmt::format("#/$defs/{}", name)}};
}

Json any_of(Json first, Json second) {
    return {{"anyOf", Json::array({std::move(first), std::move(second)})}};
}

Json kind_schema(const Term& term, Extent extent) {
    switch (term.kind) {
        case Kind::boolean:
            return {{"type", "boolean"}};
        case Kind::integer:
            return {{"type", "integer"}, {"minimum", term.min}, {"maximum", term.max}};
        case Kind::text:
            return {{"type", "string"},
                    {"minLength", term.min},
                    {"maxLength", term.max},
                    {"pattern", term.text->pattern}};
        case Kind::hex:
            return {{"type", "string"},
                    {"pattern", fmt::format("^ *([0-9A-Fa-f]{{2}} *){{{},{}}}$", term.min, term.max)}};
        case Kind::choice:
            return {{"enum", term.values}};
        case Kind::object:
            return reference(definition(*term.shape, term.partial ? Extent::part : extent));
    }
    return {};
}

Json value_schema(const Term& term, Extent extent) {
    Json schema = kind_schema(term, extent);
    if (term.kind == Kind::integer && !term.values.empty()) {
        schema = any_of(std::move(schema), {{"enum", term.values}});
    }
    if (term.kind != Kind::object && term.shape != nullptr) {
        schema = any_of(std::move(schema), reference(definition(*term.shape, extent)));
    }
    if (term.or_boolean) {
        schema = any_of(std::move(schema), {{"type", "boolean"}});
    }
    if (term.or_false) {
        schema = any_of(std::move(schema), {{"const", false}});
    }
    return term.nullable ? any_of(std::move(schema), {{"type", "null"}}) : schema;
}

Json list_schema(const Term& term, Extent extent) {
    Json items = value_schema(term, extent);
    if (extent == Extent::part && term.shape != nullptr && term.shape->find("id") != nullptr) {
        items = reference(definition(*term.shape, extent) + ".element");
    }
    Json schema{{"type", "array"}, {"items", std::move(items)}, {"minItems", term.least}};
    if (term.most != 0) {
        schema["maxItems"] = term.most;
    }
    return schema;
}

Json map_schema(const Term& term, Extent extent) {
    Json value = value_schema(term, extent);
    if (extent == Extent::part) {
        value = any_of(std::move(value), {{"type", "null"}});
    }
    Json names =
        term.names == nullptr ? Json{{"enum", term.known_names}} : Json{{"pattern", term.names->pattern}};
    return {
        {"type", "object"}, {"propertyNames", std::move(names)}, {"additionalProperties", std::move(value)}};
}

Json form_schema(const Term& term, Extent extent) {
    switch (term.form) {
        case Form::one:
            return value_schema(term, extent);
        case Form::list:
            return list_schema(term, extent);
        case Form::one_or_list:
            return any_of(value_schema(term, extent), list_schema(term, extent));
        case Form::map:
            return map_schema(term, extent);
    }
    return {};
}

Json term_schema(const Term& term, Extent extent) {
    Json schema = form_schema(term, extent);
    if (extent == Extent::part && term.appends) {
        const Json replace{{"type", "object"},
                           {"properties", {{"$replace", schema}}},
                           {"required", {"$replace"}},
                           {"additionalProperties", false}};
        schema = any_of(std::move(schema), replace);
    }
    if (extent == Extent::part && !term.identity) {
        schema = any_of(std::move(schema), {{"type", "null"}});
    }
    schema["description"] = term.meaning;
    return schema;
}

/// |element|: of a list that a patch changes, where $delete is allowed.
Json shape_schema(const Shape& shape, Extent extent, bool element) {
    Json properties = Json::object();
    Json required = Json::array();
    for (const Term& term : shape.terms) {
        properties[std::string(term.key)] = term_schema(term, extent);
        if (extent == Extent::whole ? term.required : term.required && term.identity) {
            required.push_back(term.key);
        }
    }
    if (element) {
        properties["$delete"] = {{"const", true}, {"description", "Remove the element with this id."}};
    }
    return {{"type", "object"},
            {"properties", std::move(properties)},
            {"required", std::move(required)},
            {"patternProperties", {{"^x-", Json::object()}}},
            {"additionalProperties", false}};
}

Json has(const char* key) {
    return {{"required", {key}}};
}

/// What stands in the column "Value"; a bar would end the column.
std::string value_column(const Term& term) {
    if (term.kind == Kind::object) {
        return fmt::format("{}: {}", term.form == Form::list ? "array" : "object", term.shape->place);
    }
    std::string text;
    for (const char c : vocabulary::term_text(term)) {
        if (c == '|') {
            text += '\\';
        }
        text += c;
    }
    return text;
}

void table(const Shape& shape, std::string& out) {
    out += fmt::format("\n### {}\n\n| Key | Value | Meaning |\n|---|---|---|\n", shape.place);
    for (const Term& term : shape.terms) {
        out += fmt::format("| `{}`{} | {} | {} |\n", term.key, term.required ? " \\*" : "",
                           value_column(term), term.meaning);
    }
}

}  // namespace

Json profile_schema() {
    Json definitions = Json::object();
    for (const Shape* shape : vocabulary::shapes()) {
        definitions[definition(*shape, Extent::whole)] = shape_schema(*shape, Extent::whole, false);
        definitions[definition(*shape, Extent::part)] = shape_schema(*shape, Extent::part, false);
        if (shape->find("id") != nullptr && shape != &vocabulary::profile_shape) {
            definitions[definition(*shape, Extent::part) + ".element"] =
                shape_schema(*shape, Extent::part, true);
        }
    }
    Json both = Json{{"required", {"extends", "patch"}}};
    return {{"$schema", "https://json-schema.org/draft/2020-12/schema"},
            {"title", "Card profile of jeton"},
            {"description", "Made from the table in src/card/profile_vocabulary.cpp."},
            {"if", any_of(has("extends"), has("patch"))},
            {"then", reference(definition(vocabulary::profile_shape, Extent::part))},
            {"else", reference(definition(vocabulary::profile_shape, Extent::whole))},
            {"oneOf", Json::array({has("id"), has("patch")})},
            {"not", std::move(both)},
            {"$defs", std::move(definitions)}};
}

std::string profile_reference() {
    std::string out = "Keys with \\* are required in a profile that neither extends nor patches another.\n";
    for (const Shape* shape : vocabulary::shapes()) {
        if (shape->told) {
            table(*shape, out);
        }
    }
    return out;
}

}  // namespace jeton::card
