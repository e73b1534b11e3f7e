// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <cstring>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "train/comm/communicator.hpp"
#include "train/engine.hpp"
#include "train/gpu/buckets.hpp"
#include "train/gpu/collective_log.hpp"
#include "train/gpu/collectives.hpp"
#include "train/gpu/device.hpp"
#include "train/gpu/kernels/gather.hpp"
#include "train/gpu/kernels/loss.hpp"
#include "train/gpu/kernels/order.hpp"
#include "train/gpu/kernels/update.hpp"
#include "train/gpu/network.hpp"
#include "train/gpu/shards.hpp"
#include "train/models/architecture.hpp"
#include "train/optim/optimizer.hpp"

namespace hpo::train::gpu {

/// What an engine is made from.
struct Setup {
  models::Architecture architecture;
  OptimizerConfig optimizer;
  Task task = Task::classification;
  std::int64_t outputs = 0;
  std::uint64_t seed = 0;
  std::int64_t rows = 0;  ///< the largest share of a batch that a rank may get
  Products products = Products::exact;
  GpuConfig gpu{};
  Link link{};  ///< what a collective costs, for the bucket plan
};

/// The engine on a device. A step is one list of operations of fixed shapes and places: the batch's share and
/// the host's orders are copied ahead on a stream of their own into one of two slots, and the list is
/// replayed from a graph, one for each slot. The gradient is added up over the ranks bucket by bucket on a
/// second stream while the backward pass goes on:
///
///   copies       [batch k+1]
///   compute      [forward][loss][backward ............][decide][update][statistics]
///   collectives             [sums][bucket 0][bucket 1]...[last]
///
/// With gpu.shard_optimizer each rank gets the sum of its part of each bucket only, updates that, and the
/// parameters are gathered (ZeRO-1: Rajbhandari et al., SC 2020).
template <class Device, class Numbers>
class GpuEngine : public Engine {
 public:
  using T = typename Numbers::Activation;
  using Master = typename Numbers::Master;
  using Stream = typename Device::Stream;

  /// The references must outlive it; `collectives` is used by this engine alone, on one stream.
  GpuEngine(const Setup& setup, Device& device, CollectiveLog<Device>& collectives);
  ~GpuEngine() override;

  [[nodiscard]] std::int64_t parameter_count() const override { return tables().parameters.element_count(); }
  void keep(const SampleTable& samples) override;
  [[nodiscard]] bool has_samples() const override { return samples_.has_value(); }
  void begin_step(const StepInput& input) override;
  [[nodiscard]] StepReport end_step() override;
  [[nodiscard]] int steps_ahead() const override { return kSlots; }
  BatchSums evaluate(const Batch& batch) override;
  [[nodiscard]] std::vector<StateView> state() override;
  void state_changed() override;
  [[nodiscard]] std::string describe() const override;

  /// The gradient of the last step, this rank's own share, in double, laid out as the parameters; for tests.
  [[nodiscard]] std::vector<double> gradient();

 private:
  static constexpr int kSlots = 2;
  /// A batch on its way: pinned host memory, its copy on the device, and what came of it.
  struct Slot {
    Array<Device, std::byte> device;
    std::optional<typename Device::Memory> host;
    std::optional<typename Device::Memory> outcome;  ///< pinned: a StepOutcome and two stamps
    std::optional<typename Device::Graph> graph;
    std::vector<ListedCollective> collectives;  ///< of the graph
    std::optional<typename Device::Event> copied, done;
    std::int64_t filled = 0;  ///< rows that hold samples
    double clip_norm = 0;
    bool has_run = false;
  };
  /// Where the parts of a slot lie, in bytes.
  struct Places {
    std::size_t inputs = 0, targets = 0, ids = 0, rows = 0, order = 0, end = 0;
  };

  /// The samples of a run, on the device, and the batch that is picked out of them.
  struct Samples {
    SampleTable table;  ///< its pointers are the host's
    Array<Device, std::byte> inputs, targets;
    Array<Device, float> batch_inputs;
    Array<Device, std::byte> batch_targets;
  };

  [[nodiscard]] const layers::Tables& tables() const { return setup_.architecture.tables(); }
  [[nodiscard]] bool is_sharded() const { return setup_.gpu.shard_optimizer && ranks() > 1; }
  [[nodiscard]] int ranks() const { return collectives_.size(); }
  /// Over all ranks, when there are several; laid out as the parameters.
  [[nodiscard]] const Master* sum_of_gradients() const {
    return ranks() > 1 ? reduced_.data() : gradients_.data();
  }
  [[nodiscard]] static const T* weights_of(const Master* parameters) {
    if constexpr (std::is_same_v<T, Master>)
      return parameters;
    else
      return nullptr;
  }
  [[nodiscard]] std::int64_t features() const { return element_count(setup_.architecture.layers()[0].input); }

  void make_slots();
  void load(Slot& slot, const Batch& batch, const StepOrder& order);
  void begin_operations(Slot& slot);
  void enqueue_gather(const Slot& slot);
  [[nodiscard]] std::size_t target_bytes() const {
    return setup_.task == Task::classification ? sizeof(std::int32_t)
                                               : static_cast<std::size_t>(setup_.outputs) * sizeof(float);
  }
  /// Where the targets of the slot's batch lie when its operations run.
  [[nodiscard]] const std::byte* targets_of(const Slot& slot) const {
    return samples_ ? samples_->batch_targets.data() : slot.device.data() + places_.targets;
  }
  void enqueue(Slot& slot);
  void enqueue_loss(Slot& slot, bool training);
  void enqueue_bucket(std::size_t index);
  void enqueue_update();
  void update_range(std::int64_t offset, std::int64_t size, const Master* gradients,
                    std::int64_t state_offset);
  void sum_over_ranks(double* sums, std::int64_t size);
  /// `later` goes on when `earlier` has come as far as it is now.
  void order(Stream& earlier, Stream& later);
  template <class Kernel>
  void launch(Stream& stream, const Kernel& kernel) {
    ++launches_;
    device_.launch(stream, kernel.grid(), kernel);
  }
  void upload(Master* to, std::span<const float> from);
  void download(std::span<float> to, const Master* from);

  Setup setup_;
  Device& device_;
  CollectiveLog<Device>& collectives_;
  const optim::Optimizer& optimizer_;
  BucketPlan plan_;
  ShardPlan shards_;
  Stream compute_, copies_, collective_stream_;
  Array<Device, Master> parameters_, gradients_, reduced_, statistics_;
  Array<Device, T> copy_;  ///< parameters as the products read them, where that is another type
  std::vector<Array<Device, Master>> optimizer_state_;
  Array<Device, std::uint8_t> decay_;
  Array<Device, double> loss_parts_, check_parts_, shard_parts_;
  Array<Device, StepOrder> order_;
  Array<Device, StepScalars> scalars_;
  Array<Device, StepOutcome> outcome_;
  Array<Device, std::uint64_t> stamps_;
  std::unique_ptr<Network<Device, Numbers>> network_;
  Places places_;
  std::optional<Samples> samples_;
  std::array<Slot, kSlots> slots_;
  std::deque<Slot*> under_way_;
  std::vector<std::unique_ptr<typename Device::Event>> events_;
  std::size_t next_event_ = 0, next_slot_ = 0, next_bucket_ = 0;
  int launches_ = 0;  ///< of a step, once it has been enqueued

  // The state on the host, as state() shows it.
  AlignedBuffer host_parameters_, host_statistics_;
  std::vector<AlignedBuffer> host_optimizer_state_;
  std::array<float, 2> step_parts_{};
};

}  // namespace hpo::train::gpu

#include "train/gpu/engine_state.hpp"
#include "train/gpu/engine_steps.hpp"
