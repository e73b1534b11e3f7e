// SPDX-License-Identifier: Apache-2.0
#include "support/host_device.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <new>
#include <utility>

#include "base/error.hpp"
#include "support/host_products.hpp"
#include "train/gpu/product.hpp"

namespace hpo::train::gpu {

struct HostDevice::State {
  HostMemory memory;
  HostSchedule schedule;

  explicit State(const HostDeviceOptions& options)
      : memory(options.guarded), schedule(options.seed, [this](bool within) { memory.reach(within); }) {}
};

HostDevice::Memory::~Memory() {
  if (data_ == nullptr) return;
  try {
    state_->schedule.drain();
  } catch (...) {  // NOLINT: the device keeps its failure and says it again to whoever asks
  }
  if (pinned_)
    ::operator delete (data_, std::align_val_t{HostMemory::kFence});
  else
    state_->memory.free(data_);
}

HostDevice::HostDevice(const HostDeviceOptions& options)
    : options_(options), state_(std::make_shared<State>(options)) {}

HostDevice::Memory HostDevice::memory(std::size_t bytes, bool pinned) {
  state_->schedule.require_no_capture("memory is allocated");
  Memory memory;
  memory.state_ = state_;
  memory.size_ = bytes;
  memory.pinned_ = pinned;
  if (pinned) {
    memory.data_ = static_cast<std::byte*>(::operator new (bytes, std::align_val_t{HostMemory::kFence}));
    std::memset(memory.data_, 0, bytes);
  } else {
    memory.data_ = state_->memory.allocate(bytes);
  }
  return memory;
}

HostDevice::Stream HostDevice::make_stream(Priority /*priority*/) {
  return Stream(state_->schedule.add_stream());
}

HostDevice::Event HostDevice::make_event() {
  return Event(state_->schedule.add_event());
}

void HostDevice::enqueue(const Stream& stream, std::function<void()> work) {
  state_->schedule.add(stream.id_, [work = std::move(work)] {
    work();
    return true;
  });
}

void HostDevice::enqueue_until(const Stream& stream, std::function<bool()> work) {
  state_->schedule.add(stream.id_, std::move(work));
}

void HostDevice::check_grid(const Grid& grid) {
  HPO_CHECK(grid.blocks >= 1 && grid.blocks <= 0x7FFFFFFF, "a launch has 1 to 2^31 - 1 blocks");
  HPO_CHECK(
      grid.threads >= 32 && grid.threads <= 1024 && std::has_single_bit(static_cast<unsigned>(grid.threads)),
      "a block has 32 to 1024 threads, a power of two");
}

void HostDevice::copy(const Stream& stream, void* to, const void* from, std::size_t bytes) {
  if (bytes == 0) return;
  enqueue(stream, [=] { std::memmove(to, from, bytes); });
}

void HostDevice::zero(const Stream& stream, void* to, std::size_t bytes) {
  if (bytes == 0) return;
  enqueue(stream, [=] { std::memset(to, 0, bytes); });
}

void HostDevice::record(const Event& event, const Stream& stream) {
  state_->schedule.record(event.id_, stream.id_);
}

void HostDevice::wait(const Stream& stream, const Event& event) {
  state_->schedule.wait(stream.id_, event.id_);
}

bool HostDevice::is_done(const Event& event) {
  return state_->schedule.is_done(event.id_);
}

void HostDevice::synchronize(const Stream& stream) {
  state_->schedule.synchronize(stream.id_);
  if (!state_->memory.is_intact())
    throw Error(ExitCode::try_again, "host device", "an operation wrote behind its memory", "");
}

HostDevice::Graph HostDevice::capture(const Stream& stream, const std::function<void()>& f) {
  Graph graph;
  graph.graph_ = state_->schedule.capture(stream.id_, f);
  return graph;
}

void HostDevice::replay(const Stream& stream, const Graph& graph) {
  HPO_CHECK(graph.graph_ != nullptr, "a graph that was never captured");
  state_->schedule.replay(stream.id_, graph.graph_);
}

std::optional<HostDevice::Product> HostDevice::make_product(const ProductSpec& spec) {
  state_->schedule.require_no_capture("a product is made");
  check(spec);
  if (std::ranges::find(options_.without, spec.epilogue) != options_.without.end()) return std::nullopt;
  return Product{spec};
}

void HostDevice::run(const Stream& stream, const Product& product, const ProductCall& call) {
  check(product.spec, call);
  enqueue(stream, [spec = product.spec, call] { multiply_on_host(spec, call); });
}

HostDevice::Convolution HostDevice::make_convolution(const ConvolutionSpec& spec) {
  state_->schedule.require_no_capture("a convolution is made");
  return Convolution{spec};
}

void HostDevice::run(const Stream& stream, const Convolution& convolution, ConvolutionPass pass,
                     const ConvolutionCall& call) {
  enqueue(stream, [spec = convolution.spec, pass, call] { convolve_on_host(spec, pass, call); });
}

}  // namespace hpo::train::gpu
