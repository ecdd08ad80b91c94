// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/run/examples.h"

#include "core/base/error.h"
#include "core/base/options.h"
#include "core/run/resource_texts.h"

namespace quantarium {

namespace {

constexpr const char* kFormat = "quantarium-example/1";

/// The keys beside "format" and "runs", with their types.
const std::vector<OptionSpec>& headSchema() {
    static const std::vector<OptionSpec> schema = [] {
        OptionSpec common;
        common.name = "common";
        common.type = OptionType::Object;
        common.defaultValue = Json::object();
        return std::vector<OptionSpec>{
            OptionSpec::text("id", "", "", ""), OptionSpec::text("title", "", "", ""),
            OptionSpec::text("shows", "", "", ""), OptionSpec::real("minutes", "", 0, 0, 1e6, ""), common};
    }();
    return schema;
}

} // namespace

Example exampleFromJson(const Json& document, const std::string& source) {
    const std::string prefix = source.empty() ? "" : source + ": ";
    if (!document.is_object() || document.value("format", Json()) != kFormat)
        throw Error(ErrorKind::Config, "this is not an example experiment", source,
                    std::string("Write \"format\": \"") + kFormat + "\".");
    Json head = document;
    head.erase("format");
    head.erase("runs");
    const auto options = Options::validated(headSchema(), head, source);
    const auto runs = document.find("runs");
    if (runs == document.end() || !runs->is_array() || runs->empty())
        throw Error(ErrorKind::Config, "there is no list of runs", prefix + "runs",
                    "Write \"runs\": [{…}, …] with at least one run configuration.");
    Example example{
        options.text("id"), options.text("title"), options.text("shows"), options.real("minutes"), {}};
    for (std::size_t i = 0; i < runs->size(); ++i) {
        Json run = options.json().at("common");
        run.merge_patch((*runs)[i]);
        run["format"] = "quantarium-run/1";
        example.runs.push_back(RunConfig::fromJson(run, prefix + "runs[" + std::to_string(i) + "]"));
    }
    return example;
}

std::int64_t Example::runCount() const {
    std::int64_t count = 0;
    for (const auto& run : runs)
        count += run.training.repeats;
    return count;
}

const std::vector<Example>& builtinExamples() {
    static const std::vector<Example> examples = [] {
        std::vector<Example> list;
        for (const auto& [file, text] : exampleTexts())
            list.push_back(exampleFromJson(parseJson(text, std::string(file)), std::string(file)));
        return list;
    }();
    return examples;
}

} // namespace quantarium
