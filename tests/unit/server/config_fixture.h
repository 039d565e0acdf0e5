#pragma once

#include "server/config.h"

#include "tests/support/must.h"
#include "tests/support/temporary_directory.h"

#include <catch2/catch.hpp>

#include <fstream>
#include <string>

#include <sys/stat.h>

namespace keyfob::server::tests {

using keyfob::tests::must;

inline const std::string k_head = "external_url = \"http://127.0.0.1:8420\"\n";        // line 1
inline const std::string k_database = "[database]\nurl = \"sqlite:/tmp/keyfob.db\"\n"; // the folder must be there
inline const std::string k_provider =
    "[[provider]]\nid = \"company\"\nissuer = \"https://login.example.com\"\nclient_id = \"keyfob\"\n";
inline const std::string k_good = k_head + k_database + k_provider;

struct Folder {
    keyfob::tests::TemporaryDirectory directory;
    const std::string file = directory.file("keyfob.toml");

    platform::Result<Config> load(const std::string& text) const {
        std::ofstream(file) << text;
        return load_config(file);
    }
    /// What is wrong with the text, with the file's name taken out; empty when nothing is.
    std::string problems(const std::string& text) const {
        const auto config = load(text);
        if (config)
            return {};
        CHECK(config.error().kind == platform::ErrorKind::invalid);
        std::string message = config.error().message;
        for (std::size_t at = 0; (at = message.find(file + ":")) != std::string::npos;)
            message.erase(at, file.size() + 1);
        return message;
    }
    std::string write_secret(const std::string& name, const std::string& text, mode_t mode = 0600) const {
        std::ofstream(directory.file(name)) << text;
        REQUIRE(::chmod(directory.file(name).c_str(), mode) == 0);
        return directory.file(name);
    }
};

inline std::string problems(const std::string& text) {
    return Folder().problems(text);
}

} // namespace keyfob::server::tests
