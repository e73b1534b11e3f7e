// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace hpo::config {

/// The offset where a TOML text first nests brackets or dotted keys so deeply that a recursive parser could
/// exhaust its stack; nothing when it nowhere does. Looks at brackets, dots, quotes and comments only:
/// malformed text is the parser's to refuse.
[[nodiscard]] std::optional<std::size_t> find_deep_nesting(std::string_view text);

}  // namespace hpo::config
