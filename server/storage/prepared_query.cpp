#include "server/storage/prepared_query.h"

#include <Poco/Data/DataException.h>

#include <vector>

#include <sqlite3.h>

namespace keyfob::server::storage {
namespace {

/// Ends the read transaction of a statement, whatever came of it.
class Run {
public:
    explicit Run(sqlite3_stmt* statement) : m_statement(statement) {}
    Run(const Run&) = delete;
    Run& operator=(const Run&) = delete;
    ~Run() {
        ::sqlite3_reset(m_statement);
        ::sqlite3_clear_bindings(m_statement);
    }

private:
    sqlite3_stmt* m_statement;
};

Value column_of(sqlite3_stmt* statement, int column) {
    if (::sqlite3_column_type(statement, column) == SQLITE_INTEGER)
        return std::int64_t{::sqlite3_column_int64(statement, column)};
    // As octets, for a text would be copied once more to get its NUL.
    const void* text = ::sqlite3_column_blob(statement, column);
    const auto length = static_cast<std::size_t>(::sqlite3_column_bytes(statement, column));
    return text == nullptr ? std::string() : std::string(static_cast<const char*>(text), length);
}

} // namespace

PreparedQuery::PreparedQuery(Connection& connection, const std::string& sql) : m_database(connection.handle()) {
    if (::sqlite3_prepare_v3(m_database, sql.c_str(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT,
                             &m_statement, nullptr) != SQLITE_OK)
        fail();
}

PreparedQuery::~PreparedQuery() {
    ::sqlite3_finalize(m_statement);
}

void PreparedQuery::fail() const {
    throw Poco::Data::DataException(::sqlite3_errmsg(m_database));
}

void PreparedQuery::bind(int place, const Value& value) {
    const auto* text = std::get_if<std::string>(&value);
    const int bound = text == nullptr
                          ? ::sqlite3_bind_int64(m_statement, place, std::get<std::int64_t>(value))
                          : ::sqlite3_bind_text(m_statement, place, text->data(), static_cast<int>(text->size()),
                                                SQLITE_STATIC); // it outlives the Run, which unbinds it
    if (bound != SQLITE_OK)
        fail();
}

std::optional<Row> PreparedQuery::first(std::initializer_list<Value> values) {
    const Run run(m_statement);
    int place = 0;
    for (const Value& value : values)
        bind(++place, value);
    const int outcome = ::sqlite3_step(m_statement);
    if (outcome == SQLITE_DONE)
        return std::nullopt;
    if (outcome != SQLITE_ROW)
        fail();
    std::vector<Value> columns;
    const int count = ::sqlite3_column_count(m_statement);
    columns.reserve(static_cast<std::size_t>(count));
    for (int column = 0; column < count; ++column)
        columns.push_back(column_of(m_statement, column));
    return Row(std::move(columns));
}

} // namespace keyfob::server::storage
