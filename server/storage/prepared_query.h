#pragma once

#include "server/storage/database.h"

#include <initializer_list>
#include <optional>
#include <string>

struct sqlite3;
struct sqlite3_stmt;

namespace keyfob::server::storage {

/// One SELECT that is compiled once and run often: for the check of every request, where to compile it anew, as Connection::query() does, would
/// take most of the time (docs/performance.md). One thread at a time.
class PreparedQuery {
public:
    /// `connection` must outlive it. Throws Poco::Exception.
    PreparedQuery(Connection& connection, const std::string& sql);
    PreparedQuery(const PreparedQuery&) = delete;
    PreparedQuery& operator=(const PreparedQuery&) = delete;
    ~PreparedQuery();

    /// The first row. Throws Poco::Exception.
    [[nodiscard]] std::optional<Row> first(std::initializer_list<Value> values);

private:
    void bind(int place, const Value& value);
    [[noreturn]] void fail() const;

    sqlite3* m_database;
    sqlite3_stmt* m_statement = nullptr;
};

} // namespace keyfob::server::storage
