// SPDX-License-Identifier: Apache-2.0
#include "train/trainer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <memory>
#include <utility>

#include "base/error.hpp"
#include "base/text.hpp"
#include "base/version.hpp"
#include "train/agreement.hpp"
#include "train/checkpoint.hpp"
#include "train/comm/together.hpp"
#include "train/comm/watchdog.hpp"
#include "train/data.hpp"
#include "train/engine.hpp"
#include "train/evaluation.hpp"
#include "train/keeper.hpp"
#include "train/progress.hpp"
#include "train/sampler.hpp"
#include "train/schedule.hpp"
#include "train/telemetry.hpp"

namespace hpo::train {
namespace {

constexpr std::int64_t kNonFiniteLimit = 10;  // steps in a row without an update, then the run is given up
constexpr std::int64_t kNonFiniteEvents = 5;  // an epoch: enough to see who and where

/// One run on one rank. Everything here is called by all ranks together.
class Run {
 public:
  Run(const Config& config, const Assignment& assignment, comm::Communicator& world,
      const std::function<bool()>& stop, const Hooks& hooks)
      : config_(config),
        assignment_(assignment),
        world_(world),
        hooks_(hooks),
        data_(load(config, world)),
        sampler_(assignment.seed, data_->size(Part::training), config.batch),
        council_(assignment, stop, world),
        keeper_(assignment, run_identity(config, assignment.seed, data_->size(Part::training)), world,
                hooks) {
    check_same_everywhere(fmt::format("{} {} {}", kVersion, settings(), config_to_json(config).dump()),
                          world);
    Config fitting = config;  // no batch is larger than the data
    fitting.batch = std::min(config.batch, data_->size(Part::training));
    engine_ = make_engine(fitting, data_->shape(), data_->outputs(), assignment.seed, world);
    engine_->keep(data_->table());
    progress_ = keeper_.resume(*engine_);
    tell(describe());
  }

  Result train() {
    while (progress_.samples < target()) {
      if (under_way_.empty()) start_stretch();
      while (may_begin()) begin_step();
      end_step();
      if (!fault_.empty()) return result(End::diverged, fault_);
      if (progress_.samples >= target()) break;
      if (sampler_.at_epoch_boundary(progress_.samples)) report();
      if (!fault_.empty()) return result(End::diverged, fault_);
      if (!agreed_.any() || !under_way_.empty()) continue;
      save();
      if (agreed_.stop) return result(End::stopped, "asked to stop");
      if (agreed_.out_of_time) return result(End::stopped, "out of time");
      agreed_ = {};
    }
    // A report comes before the checkpoint that says it was made: killed between the two, the run makes it
    // again.
    report();
    if (!fault_.empty()) return result(End::diverged, fault_);
    save();
    return result(End::finished, "");
  }

 private:
  static std::unique_ptr<const Data> load(const Config& config, comm::Communicator& world) {
    std::unique_ptr<const Data> data;
    comm::together(world, [&] { data = std::make_unique<const Data>(config.data); });
    return data;
  }

  /// Nothing is under way: an epoch begins, or a run that was resumed or has saved goes on.
  void start_stretch() {
    if (sampler_.at_epoch_boundary(progress_.samples)) {
      progress_.epoch = {};
      clock_.reset();
    }
    clock_.start();
  }

  /// The device is kept busy with steps ahead, but none is begun behind an epoch's end, where the model is
  /// looked at, nor when the ranks have agreed on something to do first.
  [[nodiscard]] bool may_begin() const {
    if (static_cast<int>(under_way_.size()) >= engine_->steps_ahead() || agreed_.any()) return false;
    const std::int64_t position = begun();
    return position < target() && (under_way_.empty() || !sampler_.at_epoch_boundary(position));
  }

  [[nodiscard]] std::int64_t begun() const {
    std::int64_t samples = progress_.samples;
    for (const UnderWay& step : under_way_) samples += step.count;
    return samples;
  }

  /// One global batch: every rank takes its share, the sums meet, every rank makes the same update.
  void begin_step() {
    comm::enter(world_, comm::Phase::step, ++steps_begun_);
    const std::int64_t first = begun();
    const Share share = sampler_.share(first, world_.rank(), world_.size());
    // In the middle of the step, so that the curve's integral does not depend on the batch size.
    const double position = static_cast<double>(first) + 0.5 * static_cast<double>(share.global_count);
    const double lr = config_.optimizer.lr * schedule_factor(config_.schedule, position, horizon());
    engine_->begin_step({.batch = engine_->has_samples()
                                      ? data_->rows(Part::training, share.ids, share.epoch, memory_)
                                      : data_->batch(Part::training, share.ids, share.epoch, memory_),
                         .lr = lr,
                         .clip_norm = config_.clip_norm,
                         .votes = council_.votes()});
    under_way_.push_back({share.global_count, lr});
  }

  void end_step() {
    const UnderWay step = under_way_.front();
    const StepReport report = engine_->end_step();
    under_way_.pop_front();
    clock_.end_step(step.count, report.own_ms);
    HPO_CHECK(report.sums.samples == step.count, "the ranks' shares do not add up to the batch");
    progress_.add(report.sums, report, step.lr);
    const Agreement now = Council::count(report.votes);
    agreed_ = {agreed_.stop || now.stop, agreed_.out_of_time || now.out_of_time, agreed_.save || now.save};
    if (report.non_finite == 0) announce_first_step();
    look_for_faults(report);
  }

  void look_for_faults(const StepReport& report) {
    std::string blame;
    if (report.non_finite > 0 && (progress_.epoch.non_finite <= kNonFiniteEvents || given_up())) {
      blame = blame_non_finite(report, world_);
      tell(fmt::format("gradient not finite at epoch {}, no update made: {}", rounded(epoch(), 6), blame));
    }
    if (!std::isfinite(report.sums.loss))
      fault_ =
          fmt::format("the training loss is {} at epoch {}", shortest(report.sums.loss), rounded(epoch(), 6));
    else if (given_up())
      fault_ = fmt::format("the gradient was not finite in {} steps running, up to epoch {}; {}",
                           kNonFiniteLimit, rounded(epoch(), 6), blame);
  }

  [[nodiscard]] bool given_up() const { return progress_.non_finite_streak >= kNonFiniteLimit; }

  void report() {
    comm::enter(world_, comm::Phase::evaluation, steps_begun_);
    const BatchSums validation = evaluate(*engine_, *data_, config_.batch, world_);
    if (!std::isfinite(validation.loss)) {
      fault_ = fmt::format("the validation loss is {} at epoch {}", shortest(validation.loss),
                           rounded(epoch(), 6));
      return;
    }
    const EpochReport report{epoch(), epoch_metrics(progress_.epoch, validation, *data_, clock_, world_)};
    on_rank_0([&] {
      if (hooks_.on_epoch) hooks_.on_epoch(report);
    });
  }

  void save() {
    comm::enter(world_, comm::Phase::checkpoint, steps_begun_);
    council_.saved(keeper_.save(*engine_, progress_, epoch()));
  }

  void announce_first_step() {
    if (std::exchange(has_stepped_, true)) return;
    on_rank_0([&] {
      if (hooks_.on_first_step) hooks_.on_first_step();
    });
  }

  void tell(const std::string& line) {
    on_rank_0([&] {
      if (hooks_.on_event) hooks_.on_event(line);
    });
  }

  /// When it throws there, all ranks throw.
  void on_rank_0(const std::function<void()>& call) {
    comm::together(world_, [&] {
      if (world_.rank() == 0) call();
    });
  }

  [[nodiscard]] double epoch_size() const { return static_cast<double>(data_->size(Part::training)); }
  [[nodiscard]] double horizon() const { return assignment_.horizon * epoch_size(); }
  /// A budget is reached by the first whole batch at or past it: the batches of a run that goes on from there
  /// are the same as if it had never stopped.
  [[nodiscard]] std::int64_t target() const {
    return static_cast<std::int64_t>(std::ceil(assignment_.budget * epoch_size() - 1e-6));
  }
  /// What was trained up to, as reports call it: the budget itself when that was just reached.
  [[nodiscard]] double epoch() const {
    const std::int64_t over = progress_.samples - target();
    if (over >= 0 && over < config_.batch) return assignment_.budget;
    return static_cast<double>(progress_.samples) / epoch_size();
  }

  [[nodiscard]] Result result(End end, std::string message) {
    comm::enter(world_, comm::Phase::end, steps_begun_);
    return {end, epoch(), std::move(message)};
  }

  [[nodiscard]] std::string settings() const {
    return fmt::format("budget {} horizon {} seed {}", assignment_.budget, assignment_.horizon,
                       assignment_.seed);
  }

  [[nodiscard]] std::string describe() const {
    return fmt::format(
        "start at epoch {}: {}; {} ranks ({}); {}; {} parameters; {} training, {} validation samples; {}",
        rounded(static_cast<double>(progress_.samples) / epoch_size(), 6), settings(), world_.size(),
        world_.name(), engine_->describe(), engine_->parameter_count(), data_->size(Part::training),
        data_->size(Part::validation), config_to_json(config_).dump());
  }

  /// A step that has begun and not ended.
  struct UnderWay {
    std::int64_t count = 0;  ///< samples of all ranks
    double lr = 0;
  };

  const Config& config_;
  const Assignment& assignment_;
  comm::Communicator& world_;
  const Hooks& hooks_;
  std::unique_ptr<const Data> data_;
  Sampler sampler_;
  Council council_;
  Keeper keeper_;
  std::unique_ptr<Engine> engine_;
  Progress progress_;  ///< of the steps that have ended
  std::deque<UnderWay> under_way_;
  Agreement agreed_;
  StepClock clock_;
  BatchMemory memory_;
  bool has_stepped_ = false;
  std::int64_t steps_begun_ = 0;
  std::string fault_;  ///< why the run has diverged
};

}  // namespace

Result train(const Config& config, const Assignment& assignment, comm::Communicator& world,
             const std::function<bool()>& stop, const Hooks& hooks) {
  HPO_CHECK(assignment.budget > 0 && assignment.horizon > 0, "a run without a budget or a horizon");
  if (comm::Watchdog* watchdog = world.watchdog()) watchdog->set_timeout(config.comm_timeout_s);
  return Run(config, assignment, world, stop, hooks).train();
}

}  // namespace hpo::train
