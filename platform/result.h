#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>

namespace keyfob::platform {

/// What a caller can do differently about a failure; everything else about it is text for people.
enum class ErrorKind {
    failed,      ///< nothing to be done but report it
    invalid,     ///< the input was malformed or broke a rule
    not_found,   ///< the thing does not exist
    denied,      ///< it exists, but this caller may not have it
    locked,      ///< it is there, behind a lock that a person can open
    unreachable, ///< the other side did not answer at all
    timed_out,   ///< the deadline passed
    cancelled,   ///< somebody asked to stop
};

/// A failure as a value. `code` is a stable machine word (an OAuth error code, "session_ended", …) and may be empty;
/// `message` says what happened, `hint` what to do about it (may be empty). None of them may hold a secret.
struct Error {
    ErrorKind kind = ErrorKind::failed;
    std::string message;
    std::string hint = {};
    std::string code = {};
    std::chrono::seconds retry_after{0}; ///< the other side asked not to come again before that
};

/// A value or an Error. Not thread-safe; cheap to move.
template <typename T> class [[nodiscard]] Result {
public:
    Result(T value) : m_state(std::in_place_index<0>, std::move(value)) {}     // NOLINT(google-explicit-constructor)
    Result(Error error) : m_state(std::in_place_index<1>, std::move(error)) {} // NOLINT(google-explicit-constructor)

    [[nodiscard]] bool has_value() const { return m_state.index() == 0; }
    explicit operator bool() const { return has_value(); }

    /// Precondition: has_value(). Throws std::bad_variant_access otherwise (a bug, never an expected failure).
    T& value() & { return std::get<0>(m_state); }
    const T& value() const& { return std::get<0>(m_state); }
    T&& value() && { return std::get<0>(std::move(m_state)); }
    T& operator*() & { return value(); }
    const T& operator*() const& { return value(); }
    T&& operator*() && { return std::move(*this).value(); }
    T* operator->() { return &value(); }
    const T* operator->() const { return &value(); }

    /// Precondition: !has_value().
    Error& error() & { return std::get<1>(m_state); }
    const Error& error() const& { return std::get<1>(m_state); }
    Error&& error() && { return std::get<1>(std::move(m_state)); }

private:
    std::variant<T, Error> m_state;
};

template <> class [[nodiscard]] Result<void> {
public:
    Result() = default;
    Result(Error error) : m_error(std::move(error)) {} // NOLINT(google-explicit-constructor)

    [[nodiscard]] bool has_value() const { return !m_error; }
    explicit operator bool() const { return has_value(); }
    Error& error() & { return m_error.value(); }
    const Error& error() const& { return m_error.value(); }
    Error&& error() && { return std::move(m_error).value(); }

private:
    std::optional<Error> m_error;
};

} // namespace keyfob::platform

#define KEYFOB_CONCAT_INNER(a, b) a##b
#define KEYFOB_CONCAT(a, b) KEYFOB_CONCAT_INNER(a, b)

/// Returns the error of `expression` from the enclosing function, if it is one.
#define KEYFOB_TRY(expression)                                                                                         \
    do {                                                                                                               \
        if (auto keyfob_result = (expression); !keyfob_result)                                                         \
            return std::move(keyfob_result).error();                                                                   \
    } while (false)

/// Declares `declaration` (for example `auto key`) from the value of `expression`, or returns its error.
#define KEYFOB_TRY_ASSIGN(declaration, expression)                                                                     \
    KEYFOB_TRY_ASSIGN_INNER(KEYFOB_CONCAT(keyfob_result_, __LINE__), declaration, expression)
#define KEYFOB_TRY_ASSIGN_INNER(result, declaration, expression)                                                       \
    auto result = (expression);                                                                                        \
    if (!result)                                                                                                       \
        return std::move(result).error();                                                                              \
    declaration = std::move(result).value()
