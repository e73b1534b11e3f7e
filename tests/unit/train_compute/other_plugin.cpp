// SPDX-License-Identifier: Apache-2.0
// A GPU half from a build that this one cannot know.
extern "C" {
int hpo_cuda_abi();
void hpo_cuda_probe();
void hpo_cuda_make_engine();
}

int hpo_cuda_abi() {
  return 999;
}
void hpo_cuda_probe() {}
void hpo_cuda_make_engine() {}
