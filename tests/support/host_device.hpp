// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "support/host_memory.hpp"
#include "support/host_schedule.hpp"
#include "train/gpu/device.hpp"

namespace hpo::train::gpu {

struct HostDeviceOptions {
  /// Operations are queued and run late, in an order that the seed decides (host_schedule.hpp); nothing: at
  /// once, in the program's order.
  std::optional<std::uint64_t> seed = {};
  /// make_product has no algorithm for these.
  std::vector<Epilogue> without = {};
  /// Device memory is out of the program's reach except while operations run (host_memory.hpp).
  bool guarded = true;
  std::size_t free_memory = std::size_t{1} << 30;
};

/// A device that is played on the CPU: what every other device is compared with. One thread at a time.
class HostDevice {
  struct State;

 public:
  class Stream {
   public:
    Stream(Stream&&) = default;
    Stream& operator=(Stream&&) = default;

   private:
    friend class HostDevice;
    explicit Stream(std::size_t id) : id_(id) {}
    std::size_t id_;
  };
  class Event {
   public:
    Event(Event&&) = default;
    Event& operator=(Event&&) = default;

   private:
    friend class HostDevice;
    explicit Event(std::size_t id) : id_(id) {}
    std::size_t id_;
  };
  class Graph {
   public:
    Graph() = default;
    Graph(Graph&&) = default;
    Graph& operator=(Graph&&) = default;

   private:
    friend class HostDevice;
    std::shared_ptr<const HostSchedule::Graph> graph_;
  };
  /// Freed when all work is done, as cudaFree has it.
  class Memory {
   public:
    Memory() = default;
    Memory(Memory&& other) noexcept { swap(other); }
    Memory& operator=(Memory&& other) noexcept {
      Memory old(std::move(other));
      swap(old);
      return *this;
    }
    ~Memory();
    [[nodiscard]] std::byte* data() const { return data_; }
    [[nodiscard]] std::size_t size() const { return size_; }

   private:
    friend class HostDevice;
    void swap(Memory& other) noexcept {
      std::swap(state_, other.state_);
      std::swap(data_, other.data_);
      std::swap(size_, other.size_);
      std::swap(pinned_, other.pinned_);
    }
    std::shared_ptr<State> state_;
    std::byte* data_ = nullptr;
    std::size_t size_ = 0;
    bool pinned_ = false;
  };
  struct Product {
    ProductSpec spec;
  };
  struct Convolution {
    ConvolutionSpec spec;
  };

  explicit HostDevice(const HostDeviceOptions& options = {});

  [[nodiscard]] Memory allocate(std::size_t bytes) { return memory(bytes, false); }
  [[nodiscard]] Memory pinned(std::size_t bytes) { return memory(bytes, true); }
  [[nodiscard]] std::size_t free_memory() const { return options_.free_memory; }
  [[nodiscard]] Stream make_stream(Priority priority = Priority::normal);
  [[nodiscard]] Event make_event();
  void copy(const Stream& stream, void* to, const void* from, std::size_t bytes);
  void zero(const Stream& stream, void* to, std::size_t bytes);
  template <class Kernel>
  void launch(const Stream& stream, const Grid& grid, const Kernel& kernel) {
    check_grid(grid);
    enqueue(stream, [grid, kernel] { run_on_host(grid, kernel); });
  }
  void record(const Event& event, const Stream& stream);
  void wait(const Stream& stream, const Event& event);
  [[nodiscard]] bool is_done(const Event& event);
  void synchronize(const Stream& stream);
  [[nodiscard]] Graph capture(const Stream& stream, const std::function<void()>& f);
  void replay(const Stream& stream, const Graph& graph);
  [[nodiscard]] std::optional<Product> make_product(const ProductSpec& spec);
  void run(const Stream& stream, const Product& product, const ProductCall& call);
  [[nodiscard]] Convolution make_convolution(const ConvolutionSpec& spec);
  void run(const Stream& stream, const Convolution& convolution, ConvolutionPass pass,
           const ConvolutionCall& call);
  [[nodiscard]] std::string describe() const { return "host"; }

  /// Any operation, for collectives among devices that are played.
  void enqueue(const Stream& stream, std::function<void()> work);
  /// One that is asked again until it says true: what waits for another rank.
  void enqueue_until(const Stream& stream, std::function<bool()> work);

 private:
  [[nodiscard]] Memory memory(std::size_t bytes, bool pinned);
  static void check_grid(const Grid& grid);

  HostDeviceOptions options_;
  std::shared_ptr<State> state_;
};

}  // namespace hpo::train::gpu
