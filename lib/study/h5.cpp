// SPDX-License-Identifier: Apache-2.0
#include "study/h5.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace hpo::study::h5 {
namespace {

// Before the first call: no plug-in code from HDF5_PLUGIN_PATH, no error stacks on stderr.
void prepare() {
  static const bool done = [] {
    H5open();
    H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
    H5PLset_loading_state(0);
    return true;
  }();
  (void)done;
}

herr_t keep_first(unsigned depth, const H5E_error2_t* error, void* text) {
  if (depth == 0 && error->desc != nullptr) *static_cast<std::string*>(text) = error->desc;
  return 0;
}

Handle memory_access(std::size_t increment) {
  Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose, "prepare a file");
  check(H5Pset_fapl_core(access.get(), increment, 0), "choose memory as storage");
  check(H5Pset_libver_bounds(access.get(), H5F_LIBVER_EARLIEST, H5F_LIBVER_V18), "choose the format");
  check(H5Pset_fclose_degree(access.get(), H5F_CLOSE_SEMI), "prepare a file");
  return access;
}

// The value of a scalar text as the library hands it out, given back to it in any case.
template <class Read>
std::string scalar_text(hid_t space, Read read) {
  if (H5Sget_simple_extent_npoints(space) != 1) throw Fault("a text is not a single one");
  const Handle type = text_type();
  char* text = nullptr;
  check(read(type.get(), &text), "read a text");
  std::string result = text == nullptr ? "" : text;
  check(H5Dvlen_reclaim(type.get(), space, H5P_DEFAULT, &text), "release a text");
  return result;
}

void require_text(hid_t type, const std::string& name) {
  if (H5Tis_variable_str(type) <= 0) throw Fault(fmt::format("'{}' is not a text", name));
}

struct AttributeWriter {
  hid_t object;
  const std::string& name;

  void operator()(double value) const { write(H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, nullptr, &value); }
  void operator()(std::int64_t value) const { write(H5T_STD_I64LE, H5T_NATIVE_INT64, nullptr, &value); }
  void operator()(const std::string& value) const {
    const Handle type = text_type();
    const char* text = value.c_str();
    write(type.get(), type.get(), nullptr, &text);
  }
  void operator()(const std::vector<std::int8_t>& values) const {
    const hsize_t size = values.size();
    write(H5T_STD_I8LE, H5T_NATIVE_INT8, &size, values.data());
  }
  void write(hid_t file_type, hid_t type, const hsize_t* size, const void* data) const {
    Handle space(size == nullptr ? H5Screate(H5S_SCALAR) : H5Screate_simple(1, size, nullptr), H5Sclose,
                 "shape an attribute");
    Handle attribute(H5Acreate2(object, name.c_str(), file_type, space.get(), H5P_DEFAULT, H5P_DEFAULT),
                     H5Aclose, "create an attribute");
    check(H5Awrite(attribute.get(), type, data), "write an attribute");
    attribute.close();
    space.close();
  }
};

Handle open_attribute(hid_t object, const std::string& name) {
  return {H5Aopen(object, name.c_str(), H5P_DEFAULT), H5Aclose, fmt::format("find the attribute '{}'", name)};
}

}  // namespace

void fail(std::string_view what) {
  std::string reason;
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, keep_first, &reason);
  throw Fault(fmt::format("cannot {}{}{}", what, reason.empty() ? "" : ": ", reason));
}

Handle::Handle(hid_t id, Close how, std::string_view what) : id_(check(id, what)), close_(how) {}
Handle::Handle(Handle&& other) noexcept
    : id_(std::exchange(other.id_, H5I_INVALID_HID)), close_(other.close_) {}
Handle::~Handle() {
  if (id_ >= 0) close_(id_);
}
void Handle::close() {
  check(close_(std::exchange(id_, H5I_INVALID_HID)), "close an object");
}

Handle create_file(std::uint64_t user_block, std::uint64_t expected_size) {
  prepare();
  const Handle access =
      memory_access(static_cast<std::size_t>(std::max<std::uint64_t>(expected_size / 8, 1U << 16U)));
  const Handle create(H5Pcreate(H5P_FILE_CREATE), H5Pclose, "prepare a file");
  check(H5Pset_userblock(create.get(), user_block), "leave room for the first lines");
  check(H5Pset_obj_track_times(create.get(), false), "leave out times");
  return {H5Fcreate("study", H5F_ACC_TRUNC, create.get(), access.get()), H5Fclose, "create a file in memory"};
}

std::string take_image(Handle file, std::uint64_t user_block) {
  check(H5Fflush(file.get(), H5F_SCOPE_GLOBAL), "complete the file");
  const auto size =
      static_cast<std::size_t>(check(H5Fget_file_image(file.get(), nullptr, 0), "measure the file"));
  std::string image(user_block + size, '\0');
  // The library leaves the user block out of the image.
  check(H5Fget_file_image(file.get(), image.data() + user_block, size), "take the file's image");
  file.close();
  return image;
}

Handle open_file(std::string_view bytes) {
  prepare();
  const Handle access = memory_access(1U << 16U);
  // The library copies the image; its interface only forgot the const.
  check(H5Pset_file_image(access.get(), const_cast<char*>(bytes.data()), bytes.size()), "hand over the file");
  return {H5Fopen("study", H5F_ACC_RDONLY, access.get()), H5Fclose, "open the file"};
}

Handle timeless(hid_t property_class) {
  Handle properties(H5Pcreate(property_class), H5Pclose, "prepare an object");
  check(H5Pset_obj_track_times(properties.get(), false), "leave out times");
  return properties;
}

Handle text_type() {
  Handle type(H5Tcopy(H5T_C_S1), H5Tclose, "make the type of texts");
  check(H5Tset_size(type.get(), H5T_VARIABLE), "make the type of texts");
  check(H5Tset_cset(type.get(), H5T_CSET_UTF8), "make the type of texts");
  return type;
}

Handle create_group(hid_t parent, const std::string& name) {
  const Handle properties = timeless(H5P_GROUP_CREATE);
  return {H5Gcreate2(parent, name.c_str(), H5P_DEFAULT, properties.get(), H5P_DEFAULT), H5Gclose,
          fmt::format("create the group '{}'", name)};
}

void write_attributes(hid_t object, const Attributes& attributes) {
  for (const auto& [name, value] : attributes) std::visit(AttributeWriter{object, name}, value);
}

std::string read_text_attribute(hid_t object, const std::string& name) {
  const Handle attribute = open_attribute(object, name);
  const Handle type(H5Aget_type(attribute.get()), H5Tclose, "look at an attribute");
  require_text(type.get(), name);
  const Handle space(H5Aget_space(attribute.get()), H5Sclose, "look at an attribute");
  return scalar_text(space.get(),
                     [&](hid_t memory, void* to) { return H5Aread(attribute.get(), memory, to); });
}

double read_number_attribute(hid_t object, const std::string& name) {
  const Handle attribute = open_attribute(object, name);
  const Handle type(H5Aget_type(attribute.get()), H5Tclose, "look at an attribute");
  const Handle space(H5Aget_space(attribute.get()), H5Sclose, "look at an attribute");
  const H5T_class_t kind = H5Tget_class(type.get());
  if ((kind != H5T_FLOAT && kind != H5T_INTEGER) || H5Sget_simple_extent_npoints(space.get()) != 1)
    throw Fault(fmt::format("the attribute '{}' is not a number", name));
  double value = 0;
  check(H5Aread(attribute.get(), H5T_NATIVE_DOUBLE, &value), "read an attribute");
  return value;
}

void write_text(hid_t parent, const std::string& name, const std::string& text) {
  const Handle type = text_type();
  const Handle properties = timeless(H5P_DATASET_CREATE);
  Handle space(H5Screate(H5S_SCALAR), H5Sclose, "shape a text");
  Handle dataset(
      H5Dcreate2(parent, name.c_str(), type.get(), space.get(), H5P_DEFAULT, properties.get(), H5P_DEFAULT),
      H5Dclose, fmt::format("create '{}'", name));
  const char* content = text.c_str();
  check(H5Dwrite(dataset.get(), type.get(), H5S_ALL, H5S_ALL, H5P_DEFAULT, &content), "write a text");
  dataset.close();
  space.close();
}

std::string read_text(hid_t parent, const std::string& name) {
  const Handle dataset = open_dataset(parent, name);
  const Handle type(H5Dget_type(dataset.get()), H5Tclose, "look at a text");
  require_text(type.get(), name);
  const Handle space(H5Dget_space(dataset.get()), H5Sclose, "look at a text");
  return scalar_text(space.get(), [&](hid_t memory, void* to) {
    return H5Dread(dataset.get(), memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, to);
  });
}

bool has(hid_t parent, const std::string& name) {
  H5L_info_t info{};
  return H5Lexists(parent, name.c_str(), H5P_DEFAULT) > 0 &&
         H5Lget_info(parent, name.c_str(), &info, H5P_DEFAULT) >= 0 && info.type == H5L_TYPE_HARD;
}

Handle open_group(hid_t parent, const std::string& name) {
  if (!has(parent, name)) throw Fault(fmt::format("the group '{}' is missing", name));
  return {H5Gopen2(parent, name.c_str(), H5P_DEFAULT), H5Gclose, fmt::format("open the group '{}'", name)};
}

Handle open_dataset(hid_t parent, const std::string& name) {
  if (!has(parent, name)) throw Fault(fmt::format("the column '{}' is missing", name));
  Handle dataset(H5Dopen2(parent, name.c_str(), H5P_DEFAULT), H5Dclose,
                 fmt::format("open the column '{}'", name));
  const Handle properties(H5Dget_create_plist(dataset.get()), H5Pclose, "look at a column");
  if (H5Pget_layout(properties.get()) == H5D_VIRTUAL || H5Pget_external_count(properties.get()) != 0 ||
      H5Pget_nfilters(properties.get()) != 0)
    throw Fault(fmt::format("the column '{}' is not stored plainly", name));
  return dataset;
}

}  // namespace hpo::study::h5
