// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <hdf5.h>

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// The little of libhdf5 that the study needs. Files live in memory only (core driver): the library never
/// opens, reads or writes a file of ours. Every call is checked, closes included.
namespace hpo::study::h5 {

/// libhdf5 refused, or a file is not as it should be. Internal to this room: decode() turns it into an Error.
class Fault : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Throws Fault "cannot WHAT: <libhdf5's innermost reason>" when `result` is negative; else returns it.
template <class Result>
Result check(Result result, std::string_view what);
[[noreturn]] void fail(std::string_view what);

/// An open object of the library. close() throws; the destructor closes silently, for the way out of an
/// exception.
class Handle {
 public:
  using Close = herr_t (*)(hid_t);
  Handle(hid_t id, Close how, std::string_view what);
  Handle(Handle&& other) noexcept;
  Handle& operator=(Handle&&) = delete;
  ~Handle();
  void close();
  [[nodiscard]] hid_t get() const { return id_; }

 private:
  hid_t id_;
  Close close_;
};

/// An empty file in memory whose image will follow `user_block` bytes of somebody else's. Old format bounds:
/// HDF5 1.8 and everything since reads it. `expected_size`: a guess, so that the memory need not grow in
/// small steps.
[[nodiscard]] Handle create_file(std::uint64_t user_block, std::uint64_t expected_size);
/// `user_block` zero bytes and the file's image behind them. Closes the file.
[[nodiscard]] std::string take_image(Handle file, std::uint64_t user_block);
/// Opens a whole file (user block included) from memory; `bytes` may go away afterwards.
[[nodiscard]] Handle open_file(std::string_view bytes);

/// Object creation without times of day, so that equal studies are equal bytes.
[[nodiscard]] Handle timeless(hid_t property_class);
[[nodiscard]] Handle text_type();
[[nodiscard]] Handle create_group(hid_t parent, const std::string& name);

using AttributeValue = std::variant<double, std::int64_t, std::string, std::vector<std::int8_t>>;
using Attributes = std::vector<std::pair<std::string, AttributeValue>>;
void write_attributes(hid_t object, const Attributes& attributes);
[[nodiscard]] std::string read_text_attribute(hid_t object, const std::string& name);
[[nodiscard]] double read_number_attribute(hid_t object, const std::string& name);

/// A scalar UTF-8 text.
void write_text(hid_t parent, const std::string& name, const std::string& text);
[[nodiscard]] std::string read_text(hid_t parent, const std::string& name);

/// A group or dataset that is part of this very file: no soft or external link leads to it.
[[nodiscard]] bool has(hid_t parent, const std::string& name);
[[nodiscard]] Handle open_group(hid_t parent, const std::string& name);
/// A dataset whose values stand in this file as they are: not external, not virtual, not filtered.
[[nodiscard]] Handle open_dataset(hid_t parent, const std::string& name);

template <class Result>
Result check(Result result, std::string_view what) {
  if (result < 0) fail(what);
  return result;
}

}  // namespace hpo::study::h5
