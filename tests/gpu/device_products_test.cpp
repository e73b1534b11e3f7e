// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <string>

#include "gpu/device_products.hpp"
#include "gpu/played_device.hpp"

// The CUDA device's products, with CUDA's runtime and cuBLASLt played on the CPU (played_*.cpp): what they
// ask of cuBLASLt must be, by its documentation, what the engine asks of them.
namespace hpo::train::gpu::checks {
namespace {

using cuda::CudaStream;

}  // namespace

TEST_CASE("cuBLASLt is asked for the products that are meant") {
  Played device;
  CHECK(products_are_right_however_their_sides_lie(device, kShapes) == Failures{});
}

TEST_CASE(
    "cuBLASLt is asked for the epilogues that are meant; a bias of another type than D's is left to "
    "kernels") {
  Played device;
  Failures notes;
  CHECK(epilogues_do_what_they_say(device, kShapes, notes) == Failures{});
  CHECK_FALSE(notes.empty());
  for (const std::string& note : notes) {
    CHECK(note.find("bfloat16 ") == 0);
    CHECK(note.find("with float32 sums") != std::string::npos);
  }
}

TEST_CASE("of the algorithms that cuBLASLt names, one that runs is taken, measured or not") {
  for (const bool measure : {false, true}) {
    Played device({.measure = measure});
    const auto product = device.make_product({.m = 8, .n = 8, .k = 8});
    REQUIRE(product);
    CHECK(product->choice().find("number 3 of 3") != std::string::npos);
  }
}

TEST_CASE("activations may be left to kernels, the bias is not") {
  Played device({.fuse_activations = false});
  for (const auto epilogue : {Epilogue::relu_bias, Epilogue::gelu_bias, Epilogue::gelu_gradient})
    CHECK_FALSE(device.make_product({.m = 8, .n = 8, .k = 8, .epilogue = epilogue}));
  CHECK(device.make_product({.m = 8, .n = 8, .k = 8, .epilogue = Epilogue::bias}));
}

TEST_CASE("what cuBLASLt does not know is a plain no") {
  Played device;
  CHECK_FALSE(
      device.make_product({.m = 8, .n = 8, .k = 8, .inputs = Type::float64, .output = Type::float64}));
  CHECK_FALSE(device.make_product({.m = 8,
                                   .n = 8,
                                   .k = 8,
                                   .inputs = Type::bfloat16,
                                   .output = Type::float32,
                                   .epilogue = Epilogue::bias}));
}

TEST_CASE("a product may be captured on a stream that has not run any, and reads memory at each replay") {
  Played device;
  const CudaStream stream;
  const auto product = device.make_product({.m = 1, .n = 1, .k = 1});
  REQUIRE(product);
  Values<Played> a(device, stream, Type::float32, 1),
      b(device, stream, Type::float32, std::vector<double>{2});
  const Values<Played> d(device, stream, Type::float32, 1);
  const cuda::CudaGraph graph(
      stream, [&] { device.run(stream, *product, {.a = a.data(), .b = b.data(), .d = d.data()}); });
  for (const double value : {3.0, 4.0}) {
    a.write({value});
    graph.launch(stream);
    CHECK(d.read() == std::vector<double>{2 * value});
  }
}

}  // namespace hpo::train::gpu::checks
