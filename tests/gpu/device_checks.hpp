// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/format.h>

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "base/random.hpp"
#include "train/gpu/device.hpp"
#include "train/gpu/element.hpp"
#include "train/gpu/kernels/activation.hpp"
#include "train/gpu/product.hpp"

/// What every device must do, as functions of a device: they run on HostDevice always, and on CudaDevice
/// where there is a GPU. A check returns what is wrong, a line each.
namespace hpo::train::gpu::checks {

using Failures = std::vector<std::string>;

/// How exact a device is asked to be. An element of a product may be off by `product` times the sum of the
/// absolute values that it is the sum of, and by `rounding` times its own value.
///
///   float32   product 2e-6 (sums of up to 700 terms in any order), rounding 2^-22
///   tf32      product 2^-9 (two inputs rounded to 10 bits of mantissa, or cut to them)
///   bfloat16  product 2e-6 (the inputs' products are exact), rounding 2^-7 (to 8 bits, or cut)
struct Precision {
  const char* name;
  Type type;
  Products products;
  double product, rounding;
};
inline constexpr Precision kPrecisions[] = {
    {"float32", Type::float32, Products::exact, 2e-6, 0x1p-22},
    {"tf32", Type::float32, Products::tf32, 0x1p-9, 0x1p-22},
    {"bfloat16", Type::bfloat16, Products::exact, 2e-6, 0x1p-7},
};

/// Noise as the type can hold it.
[[nodiscard]] inline std::vector<double> noise(Type type, std::int64_t size, std::uint64_t index) {
  hpo::Stream stream(11, Purpose::test, index);
  std::vector<double> values(static_cast<std::size_t>(size));
  for (double& value : values) {
    const auto rounded = static_cast<float>(stream.normal());
    value = type == Type::bfloat16 ? static_cast<float>(Bfloat16(rounded)) : rounded;
  }
  return values;
}

/// The first element that is further from `want` than `bound`, in words.
[[nodiscard]] inline Failures compare(const std::string& what, const std::vector<double>& got,
                                      const std::vector<double>& want, const std::vector<double>& bound) {
  for (std::size_t i = 0; i < got.size(); ++i)
    if (!(std::abs(got[i] - want[i]) <= bound[i]))
      return {fmt::format("{}: element {} of {} is {}, not {} +- {}", what, i, got.size(), got[i], want[i],
                          bound[i])};
  return {};
}

inline void append(Failures& all, const Failures& more) {
  all.insert(all.end(), more.begin(), more.end());
}

/// Memory of a device with values of one type, written and read by the host.
template <class Device>
class Values {
 public:
  using Stream = typename Device::Stream;

  Values(Device& device, const Stream& stream, Type type, std::int64_t size)
      : device_(device),
        stream_(stream),
        type_(type),
        size_(static_cast<std::size_t>(size)),
        memory_(device.allocate(size_ * bytes_of(type))) {}
  Values(Device& device, const Stream& stream, Type type, const std::vector<double>& values)
      : Values(device, stream, type, static_cast<std::int64_t>(values.size())) {
    write(values);
  }

  void write(const std::vector<double>& values) {
    if (type_ == Type::bfloat16)
      write_as<Bfloat16>(values);
    else
      write_as<float>(values);
  }
  [[nodiscard]] std::vector<double> read() const {
    return type_ == Type::bfloat16 ? read_as<Bfloat16>() : read_as<float>();
  }
  [[nodiscard]] void* data() const { return memory_.data(); }
  template <class T>
  [[nodiscard]] T* as() const {
    return reinterpret_cast<T*>(memory_.data());
  }

 private:
  template <class T>
  void write_as(const std::vector<double>& values) {
    std::vector<T> elements;
    for (const double value : values) elements.push_back(T(static_cast<float>(value)));
    device_.copy(stream_, memory_.data(), elements.data(), elements.size() * sizeof(T));
    device_.synchronize(stream_);
  }
  template <class T>
  [[nodiscard]] std::vector<double> read_as() const {
    std::vector<T> elements(size_);
    device_.copy(stream_, elements.data(), memory_.data(), size_ * sizeof(T));
    device_.synchronize(stream_);
    std::vector<double> values;
    for (const T& element : elements) values.push_back(static_cast<float>(element));
    return values;
  }

  Device& device_;
  const Stream& stream_;
  Type type_;
  std::size_t size_;
  typename Device::Memory memory_;
};

[[nodiscard]] inline Failures expect(bool holds, const char* what) {
  return holds ? Failures{} : Failures{what};
}

template <class Device>
Failures memory_comes_zeroed_and_copies_arrive(Device& device) {
  const auto stream = device.make_stream();
  Values<Device> a(device, stream, Type::float32, 1000), b(device, stream, Type::float32, 1000);
  Failures all = expect(a.read() == std::vector<double>(1000), "new memory is not zero");
  const auto values = noise(Type::float32, 1000, 0);
  a.write(values);
  device.copy(stream, b.data(), a.data(), 4000);
  append(all, expect(b.read() == values, "a copy within the device changes values"));
  device.zero(stream, b.data(), 2000);
  const auto half = b.read();
  append(all, expect(half[499] == 0 && half[500] == values[500], "zero() does not end where it should"));
  append(all, expect(reinterpret_cast<std::uintptr_t>(a.data()) % 256 == 0, "memory is not aligned"));

  auto pinned = device.pinned(4000);
  device.copy(stream, pinned.data(), a.data(), 4000);
  device.synchronize(stream);
  const auto* numbers = reinterpret_cast<const float*>(pinned.data());
  append(all, expect(numbers[7] == static_cast<float>(values[7]), "a copy to pinned memory did not arrive"));
  return all;
}

template <class Device>
Failures kernels_run_on_their_stream(Device& device) {
  const auto stream = device.make_stream();
  const auto values = noise(Type::bfloat16, 1000, 1);
  const Values<Device> from(device, stream, Type::float32, values), to(device, stream, Type::bfloat16, 1000);
  const Convert<float, Bfloat16> kernel{1000, from.template as<float>(), to.template as<Bfloat16>()};
  device.launch(stream, kernel.grid(), kernel);
  return expect(to.read() == values, "a kernel's results did not arrive");
}

/// Some work that takes a GPU a while.
template <class Device>
void work(Device& device, const typename Device::Stream& stream, const Values<Device>& memory,
          std::int64_t size) {
  const Convert<float, float> kernel{size, memory.template as<float>(), memory.template as<float>()};
  for (int i = 0; i < 20; ++i) device.launch(stream, kernel.grid(), kernel);
}

template <class Device>
Failures events_order_streams(Device& device) {
  constexpr std::int64_t kSize = 1 << 16;
  const auto writer = device.make_stream(Priority::normal), reader = device.make_stream(Priority::high);
  const auto event = device.make_event();
  Values<Device> a(device, writer, Type::float32, noise(Type::float32, kSize, 2));
  const Values<Device> b(device, reader, Type::float32, kSize), busy(device, writer, Type::float32, kSize);
  Failures all = expect(device.is_done(event), "an event that was never recorded is not done");
  for (std::uint64_t round = 0; round < 5; ++round) {
    const auto values = noise(Type::float32, kSize, 3 + round);
    const Values<Device> next(device, writer, Type::float32, values);
    work(device, writer, busy, kSize);
    device.copy(writer, a.data(), next.data(), kSize * sizeof(float));
    device.record(event, writer);
    device.wait(reader, event);
    device.copy(reader, b.data(), a.data(), kSize * sizeof(float));
    append(all, expect(b.read() == values, "a stream did not wait for the event"));
    append(all, expect(device.is_done(event), "an event whose work was waited for is not done"));
  }
  device.synchronize(writer);
  return all;
}

template <class Device>
Failures graphs_read_memory_when_they_run(Device& device) {
  const auto stream = device.make_stream(), side = device.make_stream(Priority::high);
  const auto fork = device.make_event(), join = device.make_event();
  Values<Device> from(device, stream, Type::float32, 1000);
  const Values<Device> middle(device, stream, Type::float32, 1000), to(device, stream, Type::float32, 1000);
  const auto graph = device.capture(stream, [&] {
    const Convert<float, float> first{1000, from.template as<float>(), middle.template as<float>()};
    const Convert<float, float> second{1000, middle.template as<float>(), to.template as<float>()};
    device.record(fork, stream);
    device.wait(side, fork);
    device.launch(side, first.grid(), first);
    device.record(join, side);
    device.wait(stream, join);
    device.launch(stream, second.grid(), second);
  });
  Failures all = expect(to.read() == std::vector<double>(1000), "a capture ran what it captured");
  for (std::uint64_t round = 0; round < 3; ++round) {
    const auto values = noise(Type::float32, 1000, 20 + round);
    from.write(values);
    device.replay(stream, graph);
    append(all, expect(to.read() == values, "a replay did not read what lay in memory"));
  }
  return all;
}

template <class Device>
Failures a_capture_that_fails_leaves_the_stream_usable(Device& device) {
  const auto stream = device.make_stream();
  const Values<Device> memory(device, stream, Type::float32, 10);
  bool thrown = false;
  try {
    static_cast<void>(device.capture(stream, [&] {
      device.zero(stream, memory.data(), 40);
      throw std::string("stop");
    }));
  } catch (const std::string&) {
    thrown = true;
  }
  Failures all = expect(thrown, "what f threw did not come through");
  append(all,
         expect(memory.read() == std::vector<double>(10), "the stream is of no use after a capture failed"));
  return all;
}

}  // namespace hpo::train::gpu::checks
